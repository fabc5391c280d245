"""minimize, fit and newton: against plain loops, on classical minima, when they diverge, and when they are killed."""

import logging
import os
import pty
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxml
from jaxml import DivergedError, linear, logistic, softmax
from jaxml.exceptions import ConvergenceWarning

X5, Y5 = np.array([[1.0], [2], [3], [4], [5]]), np.array([2.0, 4, 5, 4, 5])  # the guide's five points
KEY = jax.random.key(0)


def half_mse(params, x, y):
    return linear.loss(params, x, y) / 2


def table(n=100, d=4, seed=0):
    r = np.random.RandomState(seed)
    x = r.randn(n, d)
    return x, x @ np.arange(1.0, d + 1) + 0.1 * r.randn(n)


# ---------------------------------------------------------------- minimize


def test_the_guides_gradient_descent(width):
    """The guide's class, rate 0.01, 1000 steps: 0.6963550 and 1.8521279 (its own printout)."""
    end = jaxml.minimize(half_mse, linear.init(1), X5, Y5, optimizer=optax.sgd(0.01), steps=1000)
    tolerance = 1e-5 if width == "float32" else 1e-12
    np.testing.assert_allclose(end.params.w[0], 0.6963550004885218, rtol=tolerance)
    np.testing.assert_allclose(end.params.b, 1.8521278749603411, rtol=tolerance)
    assert end.n_steps == 1000 and end.losses.shape == (1000,) and not end.converged


def test_losses_are_those_of_a_plain_loop(x64):
    x, y = table()
    w, b, losses = np.zeros(4), 0.0, []
    for _ in range(30):
        r = x @ w + b - y
        losses.append(np.mean(r**2))
        w, b = w - 0.1 * 2 * x.T @ r / 100, b - 0.1 * 2 * r.mean()
    end = jaxml.minimize(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.1), steps=30)
    np.testing.assert_allclose(end.losses, losses, rtol=1e-12)
    np.testing.assert_allclose(end.params.w, w, rtol=1e-12)


def parabola(p):
    return jnp.sum((p - jnp.array([1.0, -1.0, 0.5])) ** 2)


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


@pytest.mark.parametrize(
    ("optimizer", "steps"),
    [
        (optax.sgd(0.1), 200),
        (optax.sgd(0.05, momentum=0.9), 400),
        (optax.adam(0.1), 600),
        (optax.adamw(0.1, weight_decay=0), 600),
        (optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)), 300),
        (optax.sgd(optax.cosine_decay_schedule(0.2, 300)), 300),
        (optax.lbfgs(), 30),
    ],
    ids=["sgd", "momentum", "adam", "adamw", "clipped", "schedule", "lbfgs"],
)
def test_any_optax_optimizer_finds_the_parabolas_minimum(optimizer, steps):
    end = jaxml.minimize(parabola, np.zeros(3), optimizer=optimizer, steps=steps)
    np.testing.assert_allclose(end.params, [1, -1, 0.5], atol=1e-3)


def test_lbfgs_on_rosenbrock(x64):
    end = jaxml.minimize(rosenbrock, np.array([-1.2, 1.0]), optimizer=optax.lbfgs(), steps=100, tol=1e-8)
    np.testing.assert_allclose(end.params, [1, 1], rtol=1e-7)
    assert end.converged and end.n_steps < 100 and end.gradient_norm <= 1e-8


def test_tol_stops_early_and_says_when_it_cannot(width):
    x, y = table()
    end = jaxml.minimize(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.1), steps=1000, tol=1e-4)
    assert end.converged and end.n_steps < 1000 and end.gradient_norm <= 1e-4 and len(end.losses) == end.n_steps
    with pytest.warns(ConvergenceWarning, match=r"minimize: not converged after 5 steps: the gradient's norm is .*, tol is 1\.0e-04"):
        jaxml.minimize(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.1), steps=5, tol=1e-4)


def test_hyperparameters_reach_the_loss(x64):
    x, y = table()
    weights = np.random.RandomState(1).uniform(0.5, 2, 100)
    end = jaxml.minimize(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.1), steps=500, weights=weights, l2=0.3)
    exact = linear.solve(x, y, weights=weights, l2=0.3)
    np.testing.assert_allclose(end.params.w, exact.w, rtol=1e-8)


def test_params_of_any_form(width):
    loss = lambda p, x, y: jnp.mean((x @ p["w"] + p["b"] - y) ** 2)
    end = jaxml.minimize(loss, {"w": np.zeros(4, np.int64), "b": 0}, *table(), optimizer=optax.sgd(0.1), steps=10)
    assert end.params["w"].dtype == width and end.params["b"].dtype == width


# ---------------------------------------------------------------- divergence


def stable_rate(loss, params, *data):
    flat, unravel = jax.flatten_util.ravel_pytree(params)
    return 2 / float(jnp.linalg.eigvalsh(jax.hessian(lambda t: loss(unravel(t), *data))(flat))[-1])


@pytest.mark.parametrize("times", [1.01, 2, 10])
@pytest.mark.parametrize("data", ["five points", "table"])
def test_divergence_is_caught(times, data, width):
    """At 1.01 times the limit the loss grows for ever without a NaN: 1.02² a step."""
    x, y = (X5, Y5) if data == "five points" else table()
    limit = stable_rate(linear.loss, linear.init(x.shape[1]), x, y)
    with pytest.raises(DivergedError, match=r"minimize: diverged at step \d+: the loss went from") as caught:
        jaxml.minimize(linear.loss, linear.init(x.shape[1]), x, y, optimizer=optax.sgd(times * limit), steps=3000)
    error = caught.value
    np.testing.assert_allclose(error.rate, times * limit, rtol=1e-3)
    np.testing.assert_allclose(error.largest_stable_rate, limit, rtol=1e-3)
    assert "; checks.autopsy, called as minimize was, says why. The last finite Fit is in .fit" in str(error)
    assert error.step == error.fit.n_steps == len(error.fit.losses) > 0 and not error.fit.converged
    assert all(np.isfinite(leaf).all() for leaf in error.fit.params) and np.isfinite(error.fit.losses).all()


@pytest.mark.parametrize("times", [0.5, 0.99])
def test_no_false_alarm_below_the_limit(times):
    limit = stable_rate(linear.loss, linear.init(1), X5, Y5)
    end = jaxml.minimize(linear.loss, linear.init(1), X5, Y5, optimizer=optax.sgd(times * limit), steps=3000)
    assert end.n_steps == 3000 and end.losses[-1] < end.losses[0]


def test_a_nan_gradient_of_a_finite_loss_is_caught():
    """The slope of a norm at 0 is 0/0; one step of length 1 from 1 lands there."""
    with pytest.raises(DivergedError) as caught:
        jaxml.minimize(jnp.linalg.norm, np.array([1.0]), optimizer=optax.sgd(1.0), steps=5)
    assert caught.value.step == 0 and caught.value.fit.params == 1


@pytest.mark.parametrize("times", [2, 10])
def test_fit_catches_divergence(times):
    x, y = table()
    limit = stable_rate(linear.loss, linear.init(4), x, y)
    with pytest.raises(DivergedError, match="fit: diverged at step") as caught:
        jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(times * limit), key=KEY, epochs=60, progress=False)
    assert all(np.isfinite(leaf).all() for leaf in caught.value.fit.params)
    np.testing.assert_allclose(caught.value.rate, times * limit, rtol=1e-3)
    assert "autopsy" not in str(caught.value)  # which runs minimize again


@pytest.mark.parametrize("descend", [partial(jaxml.minimize, steps=60), partial(jaxml.fit, key=KEY, epochs=60, progress=False)])
def test_the_limit_is_that_of_the_weighted_loss(descend):
    x, y = table()
    weights = np.arange(1.0, len(x) + 1)
    with_one = np.c_[x, np.ones(len(x))]
    curvature = np.linalg.eigvalsh(2 * with_one.T @ (weights[:, None] * with_one) / weights.sum())[-1]
    with pytest.raises(DivergedError) as caught:
        descend(linear.loss, linear.init(4), x, y, weights=weights, optimizer=optax.sgd(20 / curvature))
    np.testing.assert_allclose(caught.value.largest_stable_rate, 2 / curvature, rtol=1e-5)


def test_fit_catches_a_loss_that_grows_without_a_nan():
    x, y = table()
    limit = stable_rate(linear.loss, linear.init(4), x, y)
    with pytest.raises(DivergedError, match="averages over 1e3 times its start"):
        jaxml.fit(
            linear.loss, linear.init(4), x, y, optimizer=optax.sgd(1.01 * limit), key=KEY, epochs=1500, batch_size=100, progress=False
        )


# ---------------------------------------------------------------- fit


def test_fit_is_a_plain_loop_over_its_permutation(x64):
    """The order of the rows is permutation(fold_in(key, epoch)), and nothing else is random."""
    x, y = table(n=50)
    end = jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.05), key=KEY, epochs=3, batch_size=16, progress=False)
    w, b, losses = np.zeros(4), 0.0, []
    for epoch in range(3):
        order = np.asarray(jax.random.permutation(jax.random.fold_in(KEY, epoch), 50))
        for i in range(0, 50, 16):
            rows = order[i : i + 16]
            r = x[rows] @ w + b - y[rows]
            losses.append(np.mean(r**2))
            w, b = w - 0.05 * 2 * x[rows].T @ r / len(rows), b - 0.05 * 2 * r.mean()
    np.testing.assert_allclose(end.losses, losses, rtol=1e-12)
    np.testing.assert_allclose(end.params.w, w, rtol=1e-12)
    assert end.n_steps == 12


def test_same_key_same_bits_another_key_others():
    x, y = table()
    run = lambda seed: jaxml.fit(
        linear.loss, linear.init(4), x, y, optimizer=optax.adam(0.01), key=jax.random.key(seed), epochs=3, progress=False
    )
    first, again, other = run(0), run(0), run(1)
    np.testing.assert_array_equal(first.params.w, again.params.w)
    np.testing.assert_array_equal(first.losses, again.losses)
    assert not np.array_equal(first.params.w, other.params.w)


def test_one_program_per_run(caplog):
    """Six full batches and a ragged one, three epochs: the training loop is compiled once."""
    x, y = table(n=200)
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.011), key=KEY, epochs=3, progress=False)
        fits = [r for r in caplog.messages if r.startswith("Compiling jit(_run)") or r.startswith("Compiling _run")]
        jaxml.minimize(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.011), steps=7)
        minimizes = [r for r in caplog.messages if r.startswith("Compiling jit(_descend)") or r.startswith("Compiling _descend")]
    assert len(fits) == 1
    assert len(minimizes) == 1


def test_a_second_run_compiles_nothing():
    x, y = table()
    traces = []

    def loss(params, x, y):
        traces.append(1)
        return linear.loss(params, x, y)

    optimizer = optax.sgd(0.01)
    for _ in range(2):
        jaxml.minimize(loss, linear.init(4), x, y, optimizer=optimizer, steps=5)
        jaxml.fit(loss, linear.init(4), x, y, optimizer=optimizer, key=KEY, epochs=2, progress=False)
        traces.append("run")
    assert traces[-1] == traces[-2] == "run"


def test_weights_are_cut_with_the_rows(x64):
    x, y = table()
    weights = np.random.RandomState(1).uniform(0.5, 2, 100)
    settings = {"optimizer": optax.sgd(0.05), "key": KEY, "epochs": 2, "batch_size": 30, "progress": False}
    by_name = jaxml.fit(linear.loss, linear.init(4), x, y, weights=weights, **settings)
    by_row = jaxml.fit(lambda p, x, y, w: linear.loss(p, x, y, weights=w), linear.init(4), x, y, weights, **settings)
    np.testing.assert_array_equal(by_name.params.w, by_row.params.w)


def test_validation_after_each_epoch():
    x, y = table()
    end = jaxml.fit(
        linear.loss,
        linear.init(4),
        x[:80],
        y[:80],
        optimizer=optax.sgd(0.05),
        key=KEY,
        epochs=4,
        validation=(x[80:], y[80:]),
        progress=False,
    )
    assert end.validation_losses.shape == (4,)
    np.testing.assert_allclose(end.validation_losses[-1], linear.loss(end.params, x[80:], y[80:]), rtol=1e-5)


def test_iterable_of_batches_equals_arrays(x64):
    x, y = table(n=50)
    order = [np.asarray(jax.random.permutation(jax.random.fold_in(KEY, e), 50)) for e in range(2)]

    class Loader:
        epoch = -1

        def __iter__(self):
            self.epoch += 1
            rows = order[self.epoch]
            return ((x[rows[i : i + 16]], y[rows[i : i + 16]]) for i in range(0, 50, 16))

    settings = {"optimizer": optax.adam(0.05), "key": KEY, "epochs": 2, "progress": False}
    there = jaxml.fit(linear.loss, linear.init(4), x, y, batch_size=16, **settings)
    here = jaxml.fit(linear.loss, linear.init(4), Loader(), **settings)
    np.testing.assert_allclose(here.params.w, there.params.w, rtol=1e-12)
    np.testing.assert_allclose(here.losses, there.losses, rtol=1e-12)


def test_a_spent_generator_is_named():
    x, y = table()
    batches = ((x[i : i + 10], y[i : i + 10]) for i in range(0, 100, 10))
    with pytest.raises(
        ValueError, match=r"fit: argument 'data' gave no batch in epoch 1; .*; pass something that can be gone through again"
    ):
        jaxml.fit(linear.loss, linear.init(4), batches, optimizer=optax.sgd(0.01), key=KEY, epochs=2, progress=False)


def test_a_bad_label_deep_in_the_data_is_named():
    x, y = np.random.RandomState(0).randn(100, 2), np.arange(100) % 3
    y[77] = 3
    message = r"argument 'y' makes the loss at the start not finite, first in row 77; got x = .*, y = (3|-1)"
    for call in (
        lambda: jaxml.fit(softmax.loss, softmax.init(2, 3), x, y, optimizer=optax.sgd(0.1), key=KEY, epochs=1, progress=False),
        lambda: jaxml.minimize(softmax.loss, softmax.init(2, 3), x, y, optimizer=optax.sgd(0.1), steps=1),
        lambda: jaxml.newton(softmax.loss, softmax.init(2, 3), x, y),
        lambda: jaxml.minimize(logistic.loss, logistic.init(2), x, np.where(y == 3, -1, y % 2), optimizer=optax.sgd(0.1), steps=1),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_line_elsewhere_a_bar_on_a_terminal(capfd):
    x, y = table()
    jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.01), key=KEY, epochs=2)
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("fit: 2 epochs, 8 steps, loss ")

    code = (
        "import jax, numpy as np, optax; from jaxml import fit, linear; x = np.random.randn(100, 4)\n"
        "fit(linear.loss, linear.init(4), x, x[:, 0], optimizer=optax.sgd(.01), key=jax.random.key(0), epochs=3)"
    )
    main, terminal = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", code], stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"})
    os.close(terminal)
    shown = b""
    while True:
        try:
            chunk = os.read(main, 4096)
        except OSError:  # the child closed its end
            break
        if not chunk:
            break
        shown += chunk
    os.close(main)
    assert child.wait() == 0
    assert "epoch 3/3" in shown.decode() and "━" in shown.decode() and "loss" in shown.decode()


# ---------------------------------------------------------------- random losses


def draw(params, x, *, key=None):
    """A loss that is its own random number, and 0 without a key."""
    return 0 * jnp.sum(params) + (0.0 if key is None else jax.random.uniform(key, minval=1, maxval=2)) + 0 * jnp.sum(x)


def test_a_loss_with_a_key_gets_another_in_each_step():
    settings = {"optimizer": optax.sgd(0.1), "key": KEY, "epochs": 3, "progress": False}
    end = jaxml.fit(draw, np.ones(1), np.arange(10.0), batch_size=4, validation=(np.arange(3.0),), **settings)
    noise = jax.random.fold_in(KEY, 2**32 - 1)
    keys = [jax.random.fold_in(jax.random.fold_in(noise, epoch), step) for epoch in range(3) for step in range(3)]
    np.testing.assert_array_equal(end.losses, [draw(np.ones(1), np.ones(1), key=key) for key in keys])
    np.testing.assert_array_equal(end.validation_losses, 0)  # no key: dropout is off
    of_batches = jaxml.fit(draw, np.ones(1), [(np.ones(4),)] * 3, **settings)
    np.testing.assert_array_equal(of_batches.losses, end.losses)


def test_no_step_meets_a_key_that_shuffles():
    """Nor one that comes of splitting it: fold_in(key, i) is split(key)[i]."""
    data = lambda key: tuple(jax.random.key_data(key).tolist())
    shuffles = [jax.random.fold_in(KEY, epoch) for epoch in range(50)]
    seen = [KEY, *shuffles, *(k for s in shuffles for k in jax.random.split(s, 3)), *jax.random.split(KEY, 50)]
    noise = jax.random.fold_in(KEY, 2**32 - 1)
    steps = {data(jax.random.fold_in(jax.random.fold_in(noise, epoch), step)) for epoch in range(50) for step in range(20)}
    assert len(steps) == 1000 and not steps & {data(key) for key in seen}


def test_a_loss_that_settles_its_own_key_keeps_it():
    """Only an argument key=None asks for one."""
    fixed = partial(draw, key=jax.random.key(7))
    end = jaxml.fit(fixed, np.ones(1), np.arange(8.0), optimizer=optax.sgd(0.1), key=KEY, epochs=1, batch_size=4, progress=False)
    assert len(set(end.losses.tolist())) == 1


def test_one_program_per_run_with_a_key(caplog):
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        jaxml.fit(draw, np.ones(1), np.arange(10.0), optimizer=optax.sgd(0.1), key=KEY, epochs=3, batch_size=4, progress=False)
    assert len([r for r in caplog.messages if r.startswith(("Compiling jit(_run)", "Compiling _run"))]) == 1


# ---------------------------------------------------------------- patience


@pytest.mark.parametrize("patience", [1, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_patience_is_keras_early_stopping(patience, seed):
    """By its definition, from runs of 1, 2, … epochs without it; the validation data want half of the weights, on the way."""
    x, y = table(n=40, seed=seed)
    held_out = x[:20], y[:20] / 2
    run = partial(jaxml.fit, linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.02), key=jax.random.key(seed), batch_size=8)
    run = partial(run, validation=held_out, progress=False)
    every = [run(epochs=n) for n in range(1, 16)]
    best, best_epoch, wait = np.inf, 0, 0
    for epoch, score in enumerate(every[-1].validation_losses):
        wait = 0 if score < best else wait + 1
        best, best_epoch = (score, epoch) if wait == 0 else (best, best_epoch)
        if wait >= patience:
            break
    assert epoch < 14 and 0 < best_epoch < epoch  # it fell first, and stopped early
    end = run(epochs=15, patience=patience)
    np.testing.assert_array_equal(end.params.w, every[best_epoch].params.w)
    assert end.gradient_norm == every[best_epoch].gradient_norm and end.n_steps == 5 * (epoch + 1) == len(end.losses)
    np.testing.assert_array_equal(end.validation_losses, every[epoch].validation_losses)
    np.testing.assert_allclose(linear.loss(end.params, *held_out), min(end.validation_losses), rtol=1e-6)
    unstopped = run(epochs=best_epoch + 2, patience=patience + 1)  # the epochs run out first: still the best
    np.testing.assert_array_equal(unstopped.params.w, end.params.w)


def test_an_equal_score_is_no_better():
    """A validation loss that stays 0: the first epoch is the best, and the third in a row after it the last."""
    settings = {"optimizer": optax.sgd(0.1), "key": KEY, "batch_size": 2, "progress": False, "validation": (np.ones(2),)}
    loss = lambda p, x, *, key=None: draw(p, x, key=key) + (0.0 if key is None else jnp.sum(p**2))
    end = jaxml.fit(loss, np.ones(1), np.arange(4.0), epochs=9, patience=3, **settings)
    np.testing.assert_array_equal(end.validation_losses, np.zeros(4))
    np.testing.assert_array_equal(end.params, jaxml.fit(loss, np.ones(1), np.arange(4.0), epochs=1, **settings).params)


def test_patience_needs_validation():
    run = partial(jaxml.fit, linear.loss, linear.init(4), *table(), optimizer=optax.sgd(0.1), key=KEY, epochs=1, progress=False)
    with pytest.raises(
        ValueError, match=r"fit: argument 'patience' comes without validation data; got 2; pass validation=\(x_test, y_test\)"
    ):
        run(patience=2)
    for wrong, kind in ((0, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)):
        with pytest.raises(kind, match=r"fit: argument 'patience' is .*; pass an int >= 1"):
            run(patience=wrong, validation=table())


# ---------------------------------------------------------------- checkpoints


def noisy(params, x, y, *, weights=None, l2=0.0, key=None):
    """A regression on rows that are blurred in training."""
    x = x if key is None else x + 0.1 * jax.random.normal(key, x.shape, x.dtype)
    return linear.loss(params, x, y, weights=weights, l2=l2)


def same_fit(a, b):
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(one, other)


OPTIMIZERS = {
    "sgd": optax.sgd(0.05),
    "schedule": optax.adam(optax.cosine_decay_schedule(0.1, 28)),
    "noise": optax.chain(optax.add_noise(0.1, 0.5, 3), optax.sgd(0.05, momentum=0.9)),
    "plateau": optax.chain(optax.sgd(0.05), optax.contrib.reduce_on_plateau(patience=2)),
    "lbfgs": optax.lbfgs(),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_in_pieces_is_the_run_in_one_go(name, tmp_path):
    """Every bit of it: the rows' order, the schedule, the optimizer's own random numbers, the losses."""
    x, y = table(n=50)
    settings = {"optimizer": OPTIMIZERS[name], "key": KEY, "batch_size": 16, "weights": np.arange(50.0), "l2": 0.1, "progress": False}
    run = partial(jaxml.fit, noisy, linear.init(4), x, y, validation=(x[:9], y[:9]), **settings)
    path = tmp_path / "run"
    pieces = [run(epochs=n, checkpoint=path) for n in (1, 2, 5, 7)]
    same_fit(pieces[-1], run(epochs=7))
    same_fit(pieces[1], run(epochs=2))
    before = path.stat().st_mtime_ns
    same_fit(run(epochs=7, checkpoint=path), pieces[-1])
    assert path.stat().st_mtime_ns == before and len(os.listdir(tmp_path)) == 1
    same_fit(linear.Params(**jaxml.load(path)["state"]["params"]), pieces[-1].params)


def test_a_checkpoint_keeps_every_digit(tmp_path, x64):
    run = partial(jaxml.fit, linear.loss, linear.init(4), *table(), optimizer=optax.sgd(0.05), key=KEY, progress=False)
    for epochs in (1, 3):
        end = run(epochs=epochs, checkpoint=tmp_path / "run")
    same_fit(end, run(epochs=3))
    assert end.params.w.dtype == end.losses.dtype == np.float64


def test_a_schedule_reaches_the_optimizer(x64):
    """The rate of step t is the schedule's at t: plain descent by hand."""
    x, y = table(n=20)
    rate = optax.cosine_decay_schedule(0.1, 6)
    end = jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optax.sgd(rate), key=KEY, epochs=6, batch_size=20, progress=False)
    params = linear.init(4)
    for t in range(6):
        params = jax.tree.map(lambda p, g, t=t: p - rate(t) * g, params, jax.grad(linear.loss)(params, x, y))
    np.testing.assert_allclose(end.params.w, params.w, rtol=1e-12)


def test_patience_across_a_checkpoint(tmp_path):
    x, y = table(n=40)
    run = partial(jaxml.fit, linear.loss, linear.init(4), x, y, optimizer=optax.sgd(0.02), key=KEY, batch_size=8, progress=False)
    run = partial(run, validation=(x[:20], y[:20] / 2), patience=3)
    whole = run(epochs=30)
    n = len(whole.validation_losses)
    assert n < 30
    for epochs in (n - 2, 30, 30, 40):  # the best epoch lies before the first piece's end
        end = run(epochs=epochs, checkpoint=tmp_path / "run")
    same_fit(end, whole)


def test_batches_across_a_checkpoint(tmp_path):
    x, y = table(n=40)
    batches = [(x[i : i + 15], y[i : i + 15]) for i in range(0, 40, 15)]
    run = partial(jaxml.fit, noisy, linear.init(4), batches, optimizer=optax.sgd(0.05), key=KEY, progress=False)
    for epochs in (2, 5):
        end = run(epochs=epochs, checkpoint=tmp_path / "run")
    same_fit(end, run(epochs=5))


def test_another_runs_checkpoint_is_refused(tmp_path):
    x, y = table(n=40)
    path = tmp_path / "run"
    same = {"optimizer": optax.adam(0.05), "key": KEY, "batch_size": 8, "epochs": 2, "l2": 0.1, "progress": False, "checkpoint": path}

    def run(loss=linear.loss, params=None, data=(x, y), **other):
        return jaxml.fit(loss, linear.init(4) if params is None else params, *data, **(same | other))

    run()
    of, ask = r"fit: argument 'checkpoint' is of a run with another", "use another checkpoint, or call fit as then"
    for other, message in {
        f'{of} loss; got "jaxml.models.linear.loss" in {path}; now it is "jaxml.models.logistic.loss": {ask}': {
            "loss": logistic.loss,
            "data": (x, (y > 0) * 1.0),
        },
        rf"{of} data; got \[.float32 of shape \(40, 4\).*; now it is \[.float32 of shape \(39, 4\)": {"data": (x[1:], y[1:])},
        rf"{of} batch_size; got 8 in .*; now it is 16": {"batch_size": 16},
        rf"{of} key; got \[0, 0\] in .*; now it is \[0, 1\]": {"key": jax.random.key(1)},
        rf"{of} l2; got \[0.1.*; now it is \[0.2": {"l2": 0.2},
        rf"{of} weights; got \[\] in .*; now it is \[.float32 of shape \(40,\)": {"weights": np.ones(40)},
        rf"{of} validation; got \[\]": {"validation": (x, y)},
        rf"{of} validation; got": {"validation": (x, y), "patience": 2},
        r"differs from .*/run at 'state/optimizer/0/count'; got int32 of shape \(\) in the file; wanted nothing": {
            "optimizer": optax.sgd(0.1)
        },
        r"differs from .*/run at 'state/params/w'; got float32 of shape \(4,\) .*; wanted float32 of shape \(4, 1\)": {
            "params": linear.Params(np.zeros((4, 1)), np.zeros(()))
        },
        rf"is of a longer run; got 2 epochs in {path}; ask for 2 epochs or more": {"epochs": 1},
    }.items():
        with pytest.raises(ValueError, match=other):
            run(**message)
    same_fit(run(epochs=3), run(epochs=3, checkpoint=None))  # it is whole still
    no_numbers = {"optimizer": optax.sgd(0.1), "checkpoint": tmp_path / "plain"}
    run(**no_numbers)
    with pytest.raises(ValueError, match=rf"{of} optimizer; got .*EmptyState"):
        run(**no_numbers | {"optimizer": optax.chain(optax.clip(1.0), optax.sgd(0.1))})


def test_what_is_no_checkpoint(tmp_path):
    run = partial(jaxml.fit, linear.loss, linear.init(4), *table(), optimizer=optax.sgd(0.1), key=KEY, epochs=1, progress=False)
    jaxml.save(tmp_path / "net", linear.init(4), run="a")
    with pytest.raises(ValueError, match=rf"fit: argument 'checkpoint' is no checkpoint of fit; got {tmp_path}/net; pass the name of one"):
        run(checkpoint=tmp_path / "net")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match=r"fit: argument 'checkpoint' is damaged, or no safetensors file; got .*/text"):
        run(checkpoint=tmp_path / "text")
    with pytest.raises(FileNotFoundError, match=r"fit: argument 'checkpoint' lies in no folder; got .*/no/run; make the folder first"):
        run(checkpoint=tmp_path / "no" / "run")
    with pytest.raises(ValueError, match="fit: argument 'checkpoint' is not a file"):
        run(checkpoint=tmp_path)
    for strange in (3, True, b"run"):
        with pytest.raises(TypeError, match="fit: argument 'checkpoint' is not a path"):
            run(checkpoint=strange)


def test_divergence_leaves_the_last_good_epoch(tmp_path):
    x, y = table()
    run = partial(jaxml.fit, linear.loss, linear.init(4), x, y, key=KEY, epochs=60, progress=False, checkpoint=tmp_path / "run")
    steps = []
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            run(optimizer=optax.sgd(2.0))
        steps.append((caught.value.step, caught.value.fit.losses.tolist()))
    assert steps[0] == steps[1]  # gone on with, it ends in the same place


TRAINING = """
import hashlib, sys, jax, numpy as np, optax
from jaxml import fit, linear
def loss(params, x, y, *, key=None):
    return linear.loss(params, x if key is None else x + 0.1 * jax.random.normal(key, x.shape), y)
r = np.random.RandomState(0)
x = r.randn(400, 5)
y = x @ np.arange(5.0) + r.randn(400)
settings = {"optimizer": optax.adam(optax.cosine_decay_schedule(0.1, 2000)), "key": jax.random.key(1), "epochs": 150}
end = fit(loss, linear.init(5), x[50:], y[50:], validation=(x[:50], y[:50]), checkpoint=sys.argv[1], progress=False, **settings)
leaves = (*end.params, end.losses, end.validation_losses, np.array(end.gradient_norm))
print(hashlib.sha256(b"".join(np.asarray(leaf).tobytes() for leaf in leaves)).hexdigest(), end.n_steps)
"""


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_training_ends_in_the_same_bits(kills, tmp_path):
    """kill -9 at random moments after the first new epoch of each attempt; the first kill is at once, so that it is in the middle."""
    start = lambda name: subprocess.Popen([sys.executable, "-c", TRAINING, tmp_path / name], stdout=subprocess.PIPE, text=True)
    whole = start("whole")
    r, path, killed = random.Random(0), tmp_path / "killed", []
    changed = lambda: path.stat().st_mtime_ns if path.exists() else 0
    for _ in range(kills):
        before, child = changed(), start("killed")
        while changed() == before and child.poll() is None:
            time.sleep(0.001)
        time.sleep(r.uniform(0, 0.6 / kills) if killed else 0)
        child.kill()
        child.communicate()
        killed.append(len(jaxml.load(path)["steps"]))
    print(f"killed after {killed} of 150 epochs")
    words = start("killed").communicate()[0]
    assert words == whole.communicate()[0] and words.split()[1] == str(150 * 11)
    assert killed == sorted(killed) and 0 < killed[0] < 150  # in the middle of it


# ---------------------------------------------------------------- constants


class Model(NamedTuple):
    """As a net's layers are: names and functions."""

    name: str
    apply: Callable
    inside: tuple = ()


def by_model(params, x, y, *, model, also=None):
    return linear.loss(model.apply(params), x, y) + sum(f(params) for f in model.inside)


def test_a_tuple_of_functions_is_a_constant(tmp_path, x64):
    x, y = table()
    ridge = Model("ridge", lambda p: p, (lambda p: 0.05 * jnp.sum(p.w**2),))
    exact = linear.solve(x, y, l2=0.1).w
    settings = {"model": ridge, "also": ()}
    newton = jaxml.newton(by_model, linear.init(4), x, y, **settings)
    minimize = jaxml.minimize(by_model, linear.init(4), x, y, optimizer=optax.sgd(0.2), steps=200, **settings)
    fit = {"optimizer": optax.sgd(0.2), "key": KEY, "batch_size": 100, "progress": False, "validation": (x, y)}
    fit = [jaxml.fit(by_model, linear.init(4), x, y, epochs=n, checkpoint=tmp_path / "run", **fit, **settings) for n in (99, 200)][1]
    for end in (newton, minimize, fit):
        np.testing.assert_allclose(end.params.w, exact, rtol=1e-6)


def test_a_tuple_of_numbers_is_data(x64):
    loss = lambda p, *, target: (p - target[0]) ** 2 + target[1]["c"]
    end = jaxml.newton(loss, 0.0, target=(3.0, {"c": 1}))
    np.testing.assert_allclose(end.params, 3)


@pytest.mark.parametrize("value", [["a", "b"], {"f": len}, [], [len]])
def test_what_is_neither_data_nor_a_constant(value):
    with pytest.raises(TypeError, match=r"newton: argument 'names' is neither numbers nor a constant; got .*; pass numbers, or something"):
        jaxml.newton(lambda p, *, names: p**2, 1.0, names=value)


# ---------------------------------------------------------------- newton


def test_newton_needs_one_step_on_a_quadratic(width):
    x, y = table()
    end = jaxml.newton(linear.loss, linear.init(4), x, y, l2=0.1)
    exact = linear.solve(x, y, l2=0.1)
    np.testing.assert_allclose(end.params.w, exact.w, rtol=1e-5 if width == "float32" else 1e-12)
    assert end.converged and end.n_steps <= 3


def test_newton_on_rosenbrock(x64):
    end = jaxml.newton(rosenbrock, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(end.params, [1, 1], rtol=1e-10)
    assert end.converged and (np.diff(end.losses) <= 0).all()


def test_newton_leaves_flat_directions_alone(x64):
    end = jaxml.newton(lambda p: (p[0] + p[1] - 1) ** 2, np.array([3.0, 1.0]))
    np.testing.assert_allclose(end.params, [1.5, -0.5], rtol=1e-12)  # the nearest point of the line of minima


def test_newton_goes_downhill_from_a_maximum(x64):
    end = jaxml.newton(lambda p: jnp.sum(p**4 - 2 * p**2), np.array([0.1, -0.2]))
    np.testing.assert_allclose(np.abs(end.params), 1, rtol=1e-10)


def test_newton_by_conjugate_gradients(x64):
    """400 parameters: no Hessian is made."""
    r = np.random.RandomState(0)
    x, y = r.randn(600, 400), r.randn(600)
    end = jaxml.newton(linear.loss, linear.init(400), x, y, l2=0.1)
    np.testing.assert_allclose(end.params.w, linear.solve(x, y, l2=0.1).w, atol=1e-8)


def test_newton_says_when_it_does_not_get_there():
    with pytest.warns(ConvergenceWarning, match=r"newton: not converged after 3 steps: the gradient's norm is"):
        jaxml.newton(rosenbrock, np.array([-1.2, 1.0]), steps=3)


def test_fit_repr_is_short():
    end = jaxml.minimize(half_mse, linear.init(1), X5, Y5, optimizer=optax.sgd(0.01), steps=1000)
    assert len(repr(end)) < 300 and "n_steps=1000" in repr(end)


def test_no_warning_in_an_ordinary_run():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        jaxml.minimize(linear.loss, linear.init(4), *table(), optimizer=optax.sgd(0.1), steps=3)
    assert not caught


def test_a_partial_and_a_lambda_are_losses_too(x64):
    x, y = table()
    ridge = partial(linear.loss, l2=0.1)
    one = jaxml.minimize(ridge, linear.init(4), x, y, optimizer=optax.sgd(0.1), steps=300)
    two = jaxml.minimize(lambda p: ridge(p, x, y), linear.init(4), optimizer=optax.sgd(0.1), steps=300)
    np.testing.assert_allclose(one.params.w, two.params.w, rtol=1e-12)


# ---------------------------------------------------------------- what an outside reader broke


def test_rows_of_zero_weight_are_left_out(x64):
    x, y = table(n=101)
    weights = np.r_[np.zeros(80), np.ones(21)]
    settings = {"optimizer": optax.sgd(0.05), "key": KEY, "epochs": 2, "batch_size": 10, "progress": False}
    some = jaxml.fit(linear.loss, linear.init(4), x, y, weights=weights, **settings)
    only = jaxml.fit(linear.loss, linear.init(4), x[80:], y[80:], **settings)
    np.testing.assert_allclose(some.params.w, only.params.w, rtol=1e-12)
    few = jaxml.fit(linear.loss, linear.init(4), x, y, weights=np.arange(101) < 6, **settings)  # fewer than a batch
    assert few.n_steps == 2
    with pytest.raises(ValueError, match="fit: argument 'weights' comes beside an iterable of batches"):
        jaxml.fit(linear.loss, linear.init(4), [(x, y)], weights=weights, **settings)


def test_a_warm_start_is_no_divergence():
    """Adam's first step leads away from the exact minimum by its rate, whatever the gradient."""
    x, _ = table()
    y = x @ np.arange(1.0, 5)
    exact = linear.solve(x, y)
    adam = optax.adam(0.01)
    ends = (
        jaxml.minimize(linear.loss, exact, x, y, optimizer=adam, steps=50),
        jaxml.fit(linear.loss, exact, x, y, optimizer=adam, key=KEY, epochs=3, progress=False),
    )
    for end in ends:
        np.testing.assert_allclose(end.params.w, exact.w, atol=0.05)  # some steps of 0.01 around it


def test_fit_runs_optimizers_that_look_at_the_loss():
    x, y = table()
    for optimizer in (optax.lbfgs(), optax.polyak_sgd(1.0)):
        end = jaxml.fit(linear.loss, linear.init(4), x, y, optimizer=optimizer, key=KEY, epochs=2, batch_size=100, progress=False)
        assert end.losses[-1] < end.losses[0]


def test_batches_as_dicts_and_lists():
    x, y = table(n=40)
    settings = {"optimizer": optax.sgd(0.05), "key": KEY, "epochs": 2, "progress": False}
    cut = [slice(i, i + 10) for i in range(0, 40, 10)]
    pairs = jaxml.fit(linear.loss, linear.init(4), [(x[s], y[s]) for s in cut], **settings)
    lists = jaxml.fit(linear.loss, linear.init(4), [[x[s], y[s]] for s in cut], **settings)
    named = jaxml.fit(lambda p, b: linear.loss(p, b["x"], b["y"]), linear.init(4), [{"x": x[s], "y": y[s]} for s in cut], **settings)
    np.testing.assert_array_equal(pairs.params.w, lists.params.w)
    np.testing.assert_array_equal(pairs.params.w, named.params.w)


def test_bad_validation_is_named():
    x, y = np.random.RandomState(0).randn(60, 2), np.arange(60) % 3
    run = partial(jaxml.fit, softmax.loss, softmax.init(2, 3), x, y, optimizer=optax.sgd(0.1), key=KEY, epochs=1, progress=False)
    with pytest.raises(ValueError, match=r"fit: argument 'validation: y' makes the loss .* row 4; got .*, validation: y = 3"):
        run(validation=(x[:6], np.array([0, 1, 2, 0, 3, 1])))
    with pytest.raises(TypeError, match=r"fit: argument 'validation' is not a tuple"):
        run(validation=x)


@pytest.mark.parametrize("start", [0.0, 0.1])
def test_newton_does_not_call_a_saddle_a_minimum(start):
    saddle = lambda p: p[0] ** 2 - p[1] ** 2 + p[1] ** 4
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        end = jaxml.newton(saddle, np.array([1.0, start]))
    assert end.converged == (start != 0) and bool(caught) == (start == 0)


def test_a_loss_that_is_no_number_is_refused():
    for loss, got in ((lambda p, x: x @ p, r"float32 of shape \(3,\)"), (lambda p, x: (jnp.sum(x @ p), 1), "tuple")):
        for run in (partial(jaxml.minimize, optimizer=optax.sgd(0.1), steps=1), jaxml.newton):
            with pytest.raises(TypeError, match=rf"argument 'loss' does not return one number; got {got}; return a scalar"):
                run(loss, np.ones(2), np.ones((3, 2)))


@pytest.mark.parametrize("run", ["minimize", "newton", "fit"])
def test_negative_weights_and_penalties_are_refused(run):
    x, y = table()
    settings = {"minimize": {"steps": 1}, "fit": {"key": KEY, "epochs": 1}}.get(run, {})
    settings |= {"optimizer": optax.sgd(0.1)} if settings else {}
    call = partial(getattr(jaxml, run), linear.loss, linear.init(4), x, y, **settings)
    with pytest.raises(ValueError, match=rf"{run}: argument 'weights' has a negative entry"):
        call(weights=np.r_[-1.0, np.ones(99)])
    with pytest.raises(ValueError, match=rf"{run}: argument 'l2' is out of range"):
        call(l2=-1.0)


@pytest.mark.slow
def test_sharded_rows_give_the_same_answers():
    """Two simulated devices, in a child process; the mesh has explicit axes where that is JAX's default."""
    code = """
import jax, numpy as np, optax
from jaxml import fit, linear, logistic, minimize, newton, softmax
rows = jax.sharding.NamedSharding(jax.make_mesh((2,), ("rows",)), jax.sharding.PartitionSpec("rows"))
r = np.random.RandomState(0)
x = r.randn(64, 3).astype(np.float32)
y, t = x @ np.arange(1, 4, dtype=np.float32), (x[:, 0] + r.randn(64) > 0).astype(np.int32)
sgd = optax.sgd(0.1)
for f in (
    lambda x, y, t: linear.solve(x, y),
    lambda x, y, t: logistic.solve(x, t, l2=0.1),
    lambda x, y, t: softmax.solve(x, t, l2=0.1),
    lambda x, y, t: minimize(linear.loss, linear.init(3), x, y, optimizer=sgd, steps=9).params,
    lambda x, y, t: newton(linear.loss, linear.init(3), x, y).params,
    lambda x, y, t: fit(linear.loss, linear.init(3), x, y, optimizer=sgd, key=jax.random.key(0), epochs=2, progress=False).params,
):
    there, here = f(*(jax.device_put(a, rows) for a in (x, y, t))), f(x, y, t)
    for a, b in zip(there, here):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
"""
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, check=True, timeout=300)
