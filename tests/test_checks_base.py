"""What all checks share: 64 bits in a scope, names of coordinates, the text of a report."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxml import cnn, linear
from jaxml.checks import _problem, _report


class Layer(NamedTuple):
    kernel: np.ndarray
    bias: np.ndarray


def read(loss, params, *data, **hyper):
    return _problem.read("audit", loss, params, data, hyper)


def total(params, x):
    return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params)) + jnp.sum(x)


def test_the_width_is_64_bits_inside_and_as_before_outside():
    with _problem.x64():
        problem = read(linear.loss, linear.Params(np.zeros(2, np.float32), np.float32(0)), np.ones((3, 2), np.float32), [1.0, 2.0, 3.0])
        assert problem.theta.dtype == problem.data[0].dtype == problem.value(problem.theta).dtype == np.float64
    assert not jax.config.read("jax_enable_x64") and jnp.ones(1).dtype == np.float32


@pytest.mark.parametrize(
    ("params", "names"),
    [
        (np.zeros(2), ["params[0]", "params[1]"]),
        (3.0, ["params"]),
        (linear.Params(np.zeros(2), 0.0), ["w[0]", "w[1]", "b"]),
        ((np.zeros((1, 2)), 0.0), ["[0][0, 0]", "[0][0, 1]", "[1]"]),
        ({"dense": Layer(np.zeros((2, 1)), np.zeros(1))}, ["dense.kernel[0, 0]", "dense.kernel[1, 0]", "dense.bias[0]"]),
        ({"a": [np.zeros(1), np.zeros(1)]}, ["a[0][0]", "a[1][0]"]),
    ],
)
def test_every_coordinate_has_a_name(params, names):
    with _problem.x64():
        problem = read(total, params, 1.0)
        assert [problem.coordinate(i) for i in range(len(problem.theta))] == names
        assert jax.tree.structure(problem.params_of(problem.theta)) == jax.tree.structure(params)


def test_names_of_a_net():
    with _problem.x64():
        problem = read(cnn.loss, cnn.init(jax.random.key(0)), np.zeros((1, 28, 28, 1)), np.array([3]))
    assert problem.coordinate(93_321) == "dense_1.bias[9]" and problem.coordinate(0) == "conv2d.kernel[0, 0, 0, 0]"


@pytest.mark.parametrize(
    ("loss", "params", "kind", "words"),
    [
        (None, np.zeros(1), TypeError, r"audit: argument 'loss' is not a function; got NoneType None; pass loss\(params"),
        (total, {}, ValueError, r"audit: argument 'params' has no arrays; got dict \{\}; pass the start"),
        (total, np.array([np.nan]), ValueError, r"audit: argument 'params' contains NaN; got nan at row 0"),
        (lambda p, x: p * x, np.zeros(2), TypeError, r"audit: argument 'loss' does not return one number; got float64 of shape \(2,\)"),
        (lambda p, x: jnp.sum(np.asarray(p)), np.zeros(2), TypeError, r"audit: argument 'loss' cannot be differentiated by JAX; got"),
        (lambda p, x: p if p > 0 else -p, 0.0, TypeError, r"audit: argument 'loss' cannot be differentiated by JAX; got .*jnp.where"),
    ],
)  # fmt: skip
def test_what_is_refused(loss, params, kind, words):
    with _problem.x64(), pytest.raises(kind, match=words):
        read(loss, params, 1.0)


@pytest.mark.parametrize("columns", [20, 40, 80, 300])
def test_a_report_fits_its_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    said = _report.text("A finding of one sentence. " * 5, [("a name", "a number " * 20)], ["a note " * 30])
    widths = [len(line) for line in said.splitlines()]
    assert max(widths) <= max(40, min(columns, 100)) and said == said.rstrip()
    assert " ".join(said.split()).count("a number") == 20


def test_a_report_takes_no_text_for_markup():
    assert _report.text("w[0] is [bold]", [("[red]", "params[1]")]) == "w[0] is [bold]\n  [red]  params[1]"
