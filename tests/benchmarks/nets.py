"""How long one Adam step of the two nets takes, warm, float32, beside the peers that are installed: a process each, asked in turn.

python tests/benchmarks/nets.py          the five rows of ROWS: about ten minutes on 2 cores
python tests/benchmarks/nets.py 1 3      these rows only

Run it on a quiet machine: PyTorch's threads wait for each other spinning, and lose most where others compute beside them.
"""

import os
import subprocess
import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table

ROWS = {  # net, batch; of the LSTM also steps, vocabulary, numbers in an embedding, units
    1: ("cnn", 32),
    2: ("cnn", 128),
    3: ("lstm", 32, 10, 100, 16, 32),
    4: ("lstm", 32, 200, 10_000, 16, 32),
    5: ("lstm", 128, 100, 10_000, 128, 128),
}
SECONDS, ROUNDS = 0.25, 25  # each is asked for about so many seconds of steps, so often


def batch(net, n, *sizes):
    """Noise in the net's shape: what the numbers are does not change how long a step takes."""
    random = np.random.RandomState(0)
    if net == "cnn":
        return random.rand(n, 28, 28, 1).astype(np.float32), random.randint(0, 10, n).astype(np.int32)
    steps, vocabulary, *_ = sizes
    return random.randint(0, vocabulary, (n, steps)).astype(np.int32), random.randint(0, 2, n).astype(np.float32)


def jaxml(row):
    import jax
    import optax

    from jaxml import cnn, nn, text_lstm

    net, _, *sizes = ROWS[row]
    x, y = (jax.numpy.asarray(a) for a in batch(*ROWS[row]))
    if net == "cnn":
        params, loss = cnn.init(jax.random.key(0)), cnn.loss
    else:
        _, vocabulary, dim, units = sizes
        layers = nn.sequential(nn.embedding(vocabulary, dim), nn.lstm(units), nn.dense(24, activation="relu"), nn.dense(1))
        params, loss = layers.init(jax.random.key(0), (1,))[0], lambda *a: text_lstm.loss(*a, net=layers)
    optimizer = optax.adam(1e-3)
    state = [params, optimizer.init(params)]

    def step(params, moments, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), moments, value

    compiled = jax.jit(step, donate_argnums=(0, 1))

    def run(n):
        for _ in range(n):
            *state[:], value = compiled(*state, x, y)
        return value.block_until_ready()

    return run


def keras_jax(row):
    import jax

    model = _keras(row, "jax")
    x, y = (jax.numpy.asarray(a) for a in batch(*ROWS[row]))
    model.optimizer.build(model.trainable_variables)

    def step(state, x, y):
        trainable, fixed, moments = state

        def loss(trainable):
            z, rest = model.stateless_call(trainable, fixed, x, training=True)
            return model.loss(y, z.reshape(y.shape) if ROWS[row][0] == "lstm" else z), rest

        (value, fixed), grads = jax.value_and_grad(loss, has_aux=True)(trainable)
        trainable, moments = model.optimizer.stateless_apply(moments, grads, trainable)
        return (trainable, fixed, moments), value

    compiled = jax.jit(step, donate_argnums=0)
    state = [tuple([v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables))]

    def run(n):
        for _ in range(n):
            state[0], value = compiled(state[0], x, y)
        return value.block_until_ready()

    return run


def keras_tensorflow(row, xla=False):
    import tensorflow as tf

    model = _keras(row, "tensorflow")
    x, y = (tf.constant(a) for a in batch(*ROWS[row]))

    @tf.function(jit_compile=xla)
    def step(x, y):
        with tf.GradientTape() as tape:
            z = model(x, training=True)
            value = model.loss(y, tf.reshape(z, y.shape) if ROWS[row][0] == "lstm" else z)
        model.optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    def run(n):
        for _ in range(n):
            value = step(x, y)
        return value.numpy()

    return run


def keras_tensorflow_xla(row):
    return keras_tensorflow(row, xla=True)


def _keras(row, backend):
    os.environ["KERAS_BACKEND"] = backend
    import keras
    from keras import layers

    net, _, *sizes = ROWS[row]
    if net == "cnn":
        body = [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        steps, vocabulary, dim, units = sizes
        body = [
            keras.Input((steps,), dtype="int32"),
            layers.Embedding(vocabulary, dim),
            layers.LSTM(units),
            layers.Dense(24, activation="relu"),
            layers.Dense(1),
        ]
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = keras.Sequential(body)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.loss = loss
    return model


def pytorch(row):
    import torch
    from torch import nn

    net, _, *sizes = ROWS[row]
    x, y = (torch.from_numpy(a) for a in batch(*ROWS[row]))
    if net == "cnn":
        x, y = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last), y.long()
        body = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
        body += [nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)]
        model, measure = nn.Sequential(*body).to(memory_format=torch.channels_last), nn.CrossEntropyLoss()
    else:
        _, vocabulary, dim, units = sizes
        embed, lstm = nn.Embedding(vocabulary, dim), nn.LSTM(dim, units, batch_first=True)
        head = nn.Sequential(nn.Linear(units, 24), nn.ReLU(), nn.Linear(24, 1))
        parts, measure = nn.ModuleList([embed, lstm, head]), nn.BCEWithLogitsLoss()

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.parts = parts

            def forward(self, x):
                return head(lstm(embed(x))[0][:, -1])[:, 0]

        model = Net()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def run(n):
        for _ in range(n):
            optimizer.zero_grad()
            value = measure(model(x), y)
            value.backward()
            optimizer.step()
        return value.item()

    return run


CONTENDERS = {
    "jaxml": jaxml,
    "Keras on JAX": keras_jax,
    "Keras on TensorFlow": keras_tensorflow,
    "Keras on TensorFlow, XLA": keras_tensorflow_xla,
    "PyTorch, channels_last": pytorch,
}


def answer(name, row):
    """The child: takes as many steps as a line of stdin says, and prints the seconds that one of them took."""
    run = CONTENDERS[name](row)
    run(3)
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        run(int(line))
        print((time.perf_counter() - began) / int(line), flush=True)


def ask(child, n):
    print(n, file=child.stdin, flush=True)
    return float(child.stdout.readline())


def start(name, row):
    command = [sys.executable, __file__, "--answer", name, str(row)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=quiet)


def measure(row):
    """Seconds a step: a row for each round, a column for each contender that answers."""
    children = {name: start(name, row) for name in CONTENDERS}
    children = {name: child for name, child in children.items() if child.stdout.readline().strip() == "ready"}
    often = {name: max(1, int(SECONDS / ask(child, 3))) for name, child in children.items()}
    times = [[ask(child, often[name]) for name, child in children.items()] for _ in range(ROUNDS)]
    for child in children.values():
        child.communicate()
    return list(children), np.array(times)


def report(rows):
    table = Table("row", "jaxml, ms", *list(CONTENDERS)[1:], "ratio to the fastest", title="one Adam step, warm, medians in turn")
    for row in rows:
        names, times = measure(row)
        ms = dict(zip(names, 1e3 * np.median(times, axis=0), strict=True))
        words = [f"{ms[name]:.2f}" if name in ms else "not installed" for name in CONTENDERS]
        peers = [name for name in names if name != "jaxml"]
        ratio = np.median(times[:, 0] / times[:, names.index(min(peers, key=ms.get))]) if peers else np.nan
        table.add_row(f"{row}: {' '.join(map(str, ROWS[row]))}", *words, f"{ratio:.2f}")
    return table


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        answer(sys.argv[2], int(sys.argv[3]))
    else:
        Console().print(report([int(row) for row in sys.argv[1:]] or ROWS))
