"""minimize, fit and newton: against plain loops, on classical minima, and when they diverge."""

import logging
import os
import pty
import subprocess
import sys
import warnings
from functools import partial

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
