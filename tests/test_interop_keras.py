"""Keras' weights, files, outputs and tables against ours; and what is refused: other nets, damaged and malicious files."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxml import cnn, nn, text_lstm
from jaxml.interop.keras import from_file, from_weights, to_weights

ROOT = Path(__file__).parent.parent
FORMATS = ["keras", "weights.h5", "h5"]
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="needs Keras")
CHAIN = nn.sequential(nn.conv2d(2, 3), *(nn.dense(2) for _ in range(11)), nn.flatten(), nn.dense(1))
TEXT = nn.sequential(nn.embedding(9, 4), nn.lstm(3, return_sequences=True), nn.dropout(0.5), nn.lstm(2), nn.dense(1))
NESTED = nn.sequential(nn.sequential(nn.conv2d(2, 3), nn.flatten()), nn.sequential(nn.dense(2), nn.dense(3)))


def beside_us(folder, n):
    env = {**os.environ, "KERAS_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tests/keras_beside_us.py", folder, str(n)]
    run = subprocess.run(command, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Keras' files."""
    if find_spec("keras") is None:
        pytest.skip("needs Keras")
    return beside_us(tmp_path_factory.mktemp("keras"), 0)


def weights_of(folder, name):
    with np.load(folder / "others.npz") as arrays:
        return [arrays[f"{name}_{i}"] for i in range(sum(key.startswith(f"{name}_") for key in arrays))]


def random_params(net, input_shape):
    r = np.random.RandomState(0)
    return jax.tree.map(lambda leaf: jnp.asarray(r.standard_normal(leaf.shape), leaf.dtype), net.init(jax.random.key(0), input_shape)[0])


# ---------------------------------------------------------------- beside Keras


def check_nets(folder):
    rows = json.loads((folder / "nets.json").read_text())
    for row in rows:
        for entry in ("shapes", "counts", "names"):
            assert all(each == row[entry][0] for each in row[entry]), row
        assert row["same_weights"] and row["same_file"] and row["finite"], row
        # float32 in two orders of summation: some roundings of 6e-8 in each layer, of the largest output
        assert row["error"] <= 5e-6, row
    return rows


@needs_keras
def test_20_nets_are_keras(tmp_path):
    """Outputs, shapes, counts, names, weights there and back, files; images and texts in turn."""
    assert len(check_nets(beside_us(tmp_path, 20))) == 20


@pytest.mark.slow
@needs_keras
def test_100_nets_are_keras(tmp_path):
    rows = check_nets(beside_us(tmp_path, 100))
    assert len(rows) == 100
    drawn = " ".join(row["net"] for row in rows)
    for name in ("conv2d", "max_pooling2d", "average_pooling2d", "global_average_pooling", "activation", "dropout", "mask_zero': True"):
        assert name in drawn


def test_the_guides_nets_predict_as_keras_without_it(folder):
    code = """
import sys
sys.modules["keras"] = None  # an import of it fails
import numpy as np
from jaxml import cnn, text_lstm
from jaxml.interop.keras import from_file
k = np.load("guide.npz")
for kind in ("keras", "weights.h5", "h5"):
    print(abs(cnn.predict_proba(from_file(cnn.model, "cnn." + kind), k["cnn_x"]) - k["cnn_y"]).max())
    print(abs(text_lstm.predict_proba(from_file(text_lstm.model(9), "lstm." + kind), k["lstm_x"]) - k["lstm_y"][:, 0]).max())
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    errors = [float(error) for error in run.stdout.split()]
    assert len(errors) == 6 and max(errors) <= 1e-6  # probabilities: some roundings of 6e-8


@pytest.mark.parametrize(("name", "net", "input_shape"), [("cnn", cnn.model, (28, 28, 1)), ("lstm", text_lstm.model(9), (12,))])
def test_the_table_is_keras(folder, name, net, input_shape):
    theirs, ours = json.loads((folder / "tables.json").read_text())[name].strip(), nn.summary(net, input_shape)
    rows = lambda table: [[cell.strip() for cell in re.split("[│┃]", line)[1:4]] for line in table.splitlines() if line[:1] in "│┃"]
    assert rows(ours) == rows(theirs) and len(rows(ours)) == len(net.layers) + 1
    plain = lambda table: [line.rstrip() for line in table.splitlines() if line[:1] in " M"]
    assert plain(ours) == plain(theirs) and len(plain(ours)) == 4


@pytest.mark.parametrize(
    ("name", "net", "kinds"),
    [
        ("chain", CHAIN, FORMATS),
        ("nested", NESTED, FORMATS),
        ("mixed", NESTED, ["keras", "h5"]),
        ("dropped", nn.sequential(nn.conv2d(2, 3), nn.flatten(), nn.dense(2)), FORMATS),
        ("dropped", nn.sequential(nn.conv2d(2, 3), nn.dropout(0.1), nn.flatten(), nn.dropout(0.1), nn.dense(2)), FORMATS),
    ],
)
def test_files_are_read_in_the_order_of_the_layers(folder, name, net, kinds):
    for kind in kinds:
        chex.assert_trees_all_equal(to_weights(net, from_file(net, folder / f"{name}.{kind}")), weights_of(folder, name))


@pytest.mark.parametrize(
    ("file", "net", "message"),
    [
        ("cnn.keras", TEXT, "is of another net; got Conv2D, MaxPooling2D, Conv2D, .*; the layers here are Embedding, LSTM, Dropout, LSTM"),
        ("cnn.weights.h5", TEXT, "is of another net; got conv2d, conv2d_1, conv2d_2, dense, dense_1, flatten, max_pooling2d"),
        ("cnn.h5", TEXT, "is of another net; got Conv2D, "),
        ("dropped.keras", nn.sequential(nn.conv2d(2, 3), nn.dense(2), nn.flatten()), "Flatten, Dense in .* Dense, Flatten"),
        ("normalised.keras", nn.sequential(nn.dense(2)), "got Dense, BatchNormalization in"),
        ("normalised.weights.h5", nn.sequential(nn.dense(2)), "got batch_normalization, dense in"),
        ("forked.keras", nn.sequential(*[nn.dense(2)] * 3), "got a net where dense_.* does not follow on dense_.* alone in"),
        ("forked.h5", nn.sequential(*[nn.dense(2)] * 3), "got a net where dense_.* does not follow on dense_.* alone in"),
        ("twice.keras", nn.sequential(nn.dense(2), nn.dense(2)), "does not follow on"),
        ("dilated.keras", nn.sequential(nn.conv2d(2, 2), nn.dense(1)), r"dilation_rate \[2, 2\], which here is \[1, 1\], in"),
        ("grouped.keras", nn.sequential(nn.conv2d(2, 2), nn.dense(1)), "got Conv2D with groups 2, which here is 1, in"),
        ("bare.h5", nn.sequential(nn.conv2d(2, 2), nn.dense(1)), "got Conv2D with use_bias False, which here is True, in"),
        ("bare.weights.h5", nn.sequential(nn.conv2d(2, 2), nn.dense(1)), "^conv2d: argument 'path' has another shape where its bias"),
        ("relu_lstm.keras", nn.sequential(nn.lstm(2)), "got LSTM with activation 'relu', which here is 'tanh', in"),
        ("chain.keras", nn.sequential(nn.conv2d(2, 2), *CHAIN.layers[1:]), r"^conv2d: .* got \(3, 3, 2, 2\) .*; wanted \(2, 2, c, 2\)"),
    ],
)  # fmt: skip
def test_a_file_of_another_net_is_refused(folder, file, net, message):
    with pytest.raises(ValueError, match=message) as error:
        from_file(net, folder / file)
    assert file in str(error.value)


# ---------------------------------------------------------------- lists of arrays


@pytest.mark.parametrize(
    ("net", "input_shape"),
    [
        (CHAIN, (4, 4, 2)),
        (TEXT, (5,)),
        (NESTED, (4, 4, 2)),
        (nn.dense(3), (2,)),
        (nn.sequential(nn.sequential(nn.flatten()), nn.dense(1)), (2, 2)),
    ],
)
def test_there_and_back(net, input_shape, width):
    params = random_params(net, input_shape)
    weights = to_weights(net, params)
    assert all(type(w) is np.ndarray and w.dtype == width for w in weights)
    chex.assert_trees_all_equal(from_weights(net, weights), params)
    assert jax.tree.structure(from_weights(net, weights)) == jax.tree.structure(params)


def test_the_order_is_that_of_the_layers_not_of_their_names():
    """A dict of conv2d, dense, dense_1, dense_10, dense_11, dense_2, … by name; the layers by position."""
    params = random_params(CHAIN, (4, 4, 2))
    weights = to_weights(CHAIN, params)
    np.testing.assert_array_equal(weights[2 + 2 * 10], params["dense_10"].kernel)
    np.testing.assert_array_equal(weights[-1], params["dense_11"].bias)


def test_float64_follows_jax(x64):
    weights = to_weights(TEXT, random_params(TEXT, (5,)))
    assert weights[0].dtype == np.float64
    with jax.enable_x64(False) if hasattr(jax, "enable_x64") else jax.experimental.disable_x64():
        params = from_weights(TEXT, weights)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype(np.float32)}
    chex.assert_trees_all_equal(to_weights(TEXT, params), [w.astype(np.float32) for w in weights])


def aligned(shape):
    """Ones at an address from where some versions of JAX would take an array without a copy."""
    size = int(np.prod(shape))
    buffer = np.ones(size + 16, np.float32)
    start = -buffer.ctypes.data // 4 % 16
    return buffer[start : start + size].reshape(shape)


def test_what_is_returned_is_a_copy():
    weights = [aligned((2, 3)), aligned((3,))]
    params = from_weights(nn.dense(3), weights)
    weights[0][:], weights[1][:] = 7, 7
    back = to_weights(nn.dense(3), params)
    back[1][:] = 7
    assert (params.kernel == 1).all() and (params.bias == 1).all()


def test_flatten_hides_a_size_and_pooling_does_not():
    weights = lambda d: [np.zeros((3, 3, 1, 4)), np.zeros(4), np.zeros((d, 2)), np.zeros(2)]
    assert from_weights(nn.sequential(nn.conv2d(4, 3), nn.flatten(), nn.dense(2)), weights(100))["dense"].kernel.shape == (100, 2)
    pooled = nn.sequential(nn.conv2d(4, 3), nn.max_pooling2d(2), nn.dropout(0.5), nn.global_average_pooling(), nn.dense(2))
    assert from_weights(pooled, weights(4))["dense"].kernel.shape == (4, 2)
    with pytest.raises(ValueError, match=r"^dense: argument 'weights' has another shape where its kernel should be; got \(5, 2\)"):
        from_weights(pooled, weights(5))


def test_letters_of_a_layer_of_your_own_are_its_own():
    own = nn.Layer("own", None, None, "Own", TEXT.layers[1].expects)  # d is not known to be the size of what comes in
    weights = [np.zeros(shape) for shape in [(2, 3), (3,), (7, 12), (3, 12), (12,), (5, 1), (1,)]]
    params = from_weights(nn.sequential(nn.dense(3), own, nn.dense(1)), weights)
    assert params["own"].kernel.shape == (7, 12) and params["dense_1"].kernel.shape == (5, 1)


def spoiled(**changes):
    """TEXT's weights, some of them others: embedding 0; lstm 1 2 3; lstm_1 4 5 6; dense 7 8."""
    shapes = [(9, 4), (4, 12), (3, 12), (12,), (3, 8), (2, 8), (8,), (2, 1), (1,)]
    weights = [np.zeros(shape, np.float32) for shape in shapes]
    for i, value in changes.items():
        weights[int(i[1:])] = value
    return weights


NAN, INFINITE = np.zeros((2, 8)), np.zeros(8, np.float32)
NAN[1, 2], INFINITE[3] = np.nan, np.inf


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (spoiled()[:-1], ValueError, r"^dense: argument 'weights' ends before its bias; got 8 arrays; these layers have 9$"),
        ([], ValueError, r"^embedding: argument 'weights' ends before its embeddings; got 0 arrays; these layers have 9$"),
        ([*spoiled(), np.zeros(2)], ValueError, r"^dense: .* goes on after the last layer; got 10, .* shape \(2,\); these layers have 9$"),
        (spoiled()[::-1], ValueError, r"^embedding: .* another shape .* embeddings .*; got \(1,\) at position 0; wanted \(9, 4\)$"),
        (spoiled(_1=np.zeros((5, 12))), ValueError, r"^lstm: .* its kernel should be; got \(5, 12\) at position 1; wanted \(4, 12\)$"),
        (spoiled(_4=np.zeros((4, 8))), ValueError, r"^lstm_1: .* its kernel should be; got \(4, 8\) at position 4; wanted \(3, 8\)$"),
        (spoiled(_7=np.zeros((3, 1))), ValueError, r"^dense: .* its kernel should be; got \(3, 1\) at position 7; wanted \(2, 1\)$"),
        (spoiled(_6=np.zeros((2, 4))), ValueError, r"^lstm_1: .* its bias should be; got \(2, 4\) at position 6; wanted \(8,\)$"),
        (spoiled(_5=NAN), ValueError, r"^lstm_1: .* not finite in its recurrent_kernel; got nan at \(1, 2\) at position 5; look where"),
        (spoiled(_6=INFINITE), ValueError, r"^lstm_1: .* not finite in its bias; got inf at \(3,\) at position 6; look where"),
        (spoiled(_8=np.array([1e39])), ValueError, r"^dense: argument 'weights' contains infinity after conversion to float32; got 1e\+39"),
        (spoiled(_8=np.array(["a"])), TypeError, r"^dense: argument 'weights' is not"),
        (spoiled(_8=None), TypeError, r"^dense: argument 'weights' is not"),
        (np.zeros(3), TypeError, r"^keras.from_weights: .* not a list of arrays; got float64 of shape \(3,\); pass model.get_weights\(\)$"),
        ({"kernel": 1}, TypeError, r"^keras.from_weights: argument 'weights' is not a list of arrays"),
        (None, TypeError, r"^keras.from_weights: argument 'weights' is not a list of arrays"),
    ],
)  # fmt: skip
def test_wrong_weights_are_refused(weights, error, message):
    with pytest.raises(error, match=message):
        from_weights(TEXT, weights)


def test_wrong_params_and_layers_are_refused():
    params = random_params(TEXT, (5,))
    with pytest.raises(
        ValueError, match=r"^lstm: argument 'params.kernel' has not this layer's shape; got shape \(4, 8\); pass \(d, 12\)$"
    ):
        to_weights(TEXT, {**params, "lstm": params["lstm_1"]._replace(kernel=np.zeros((4, 8)))})
    with pytest.raises(ValueError, match=r"^dense: argument 'params.bias' contains NaN"):
        to_weights(TEXT, {**params, "dense": params["dense"]._replace(bias=[np.nan])})
    nested = random_params(NESTED, (4, 4, 2))
    nested["sequential_1"]["dense_1"] = nested["sequential_1"]["dense_1"]._replace(bias=np.zeros(4))
    with pytest.raises(ValueError, match=r"^sequential_1/dense_1: argument 'params.bias' has not this layer's shape"):
        to_weights(NESTED, nested)
    with pytest.raises(ValueError, match=r"^sequential_1/dense_1: argument 'weights' has another shape where its bias should be"):
        from_weights(NESTED, [*to_weights(NESTED, random_params(NESTED, (4, 4, 2)))[:-1], np.zeros(4)])
    with pytest.raises(TypeError, match=r"^sequential: argument 'params' is not of these layers"):
        to_weights(TEXT, {"lstm": params["lstm"]})
    for function, given in ((from_weights, []), (to_weights, {}), (from_file, "net.keras")):
        with pytest.raises(TypeError, match=rf"^keras.{function.__name__}: argument 'layer' is not a layer; got str 'net'; pass the seq"):
            function("net", given)


# ---------------------------------------------------------------- damaged and malicious files


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of a file that may be spoiled."""
    return lambda name: Path(shutil.copy(folder / name, tmp_path / name))


DROPPED = nn.sequential(nn.conv2d(2, 3), nn.flatten(), nn.dense(2))
DAMAGED = r"^keras.from_file: argument 'path' is damaged, or no file of Keras; got .*{}.* \(.*\); take another copy, or save it again$"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_short_is_refused(copy, kind):
    file = copy(f"dropped.{kind}")
    data = file.read_bytes()
    for length in [*range(0, len(data), len(data) // 60), len(data) - 1]:
        file.write_bytes(data[:length])
        with pytest.raises(ValueError, match=DAMAGED.format(file.name)):
            from_file(DROPPED, file)


def test_a_flipped_bit_in_a_keras_file_changes_no_weight(copy):
    """400 files with one bit flipped: each is refused, or read as if it were whole, where the bit is in a date or the like."""
    file, r, refused = copy("dropped.keras"), np.random.RandomState(0), 0
    whole, data = to_weights(DROPPED, from_file(DROPPED, file)), file.read_bytes()
    for place in r.randint(len(data), size=400):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1 << r.randint(8)]) + data[place + 1 :])
        try:
            chex.assert_trees_all_equal(to_weights(DROPPED, from_file(DROPPED, file)), whole)
        except ValueError as error:
            refused += 1
            assert re.search(DAMAGED.format(file.name), str(error)), error
    assert refused > 350


def with_members(file, method=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(file) as archive:
        all_members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in (all_members | {name.replace("_", ".", name.count("_")): data for name, data in members.items()}).items():
            if data is not None:
                archive.writestr(name, data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_weights_h5": bytes(30_000_000)}, "model.weights.h5 has .* bytes that claim to be 30000000"),
        ({"config_json": b" " * 30_000_000}, "config.json has .* bytes that claim to be 30000000"),
        ({"model_weights_h5": None}, "no item named 'model.weights.h5'"),
        ({"config_json": None}, "no item named 'config.json'"),
        ({"config_json": b"{}"}, "'class_name'"),
        ({"config_json": b"[" * 100_000, "method": zipfile.ZIP_STORED}, "(recursion|overflow)"),
        ({"model_weights_h5": b"no such file"}, "file signature not found"),
        ({"method": zipfile.ZIP_BZIP2}, "config.json has"),
    ],
)
def test_archives_that_are_traps_are_refused(copy, changes, message):
    file = copy("dropped.keras")
    with_members(file, **changes)
    with pytest.raises(ValueError, match=rf"dropped.keras \(.*{message}"):
        from_file(DROPPED, file)


def test_a_packed_archive_is_read(copy):
    file = copy("dropped.keras")
    whole = from_file(DROPPED, file)
    with_members(file)
    chex.assert_trees_all_equal(from_file(DROPPED, file), whole)


def huge(h5py, group, file):
    group.create_dataset("0", (3, 3, 500, 2000), "f4", chunks=(1, 1, 100, 100))


def linked(h5py, group, file):
    shutil.copy(file, file.with_suffix(".other"))
    group["0"] = h5py.ExternalLink(str(file.with_suffix(".other")), "/layers/conv2d/vars/0")


def softly_linked(h5py, group, file):
    group["0"] = h5py.SoftLink("/layers/dense/vars/0")


def raw(h5py, group, file):
    group.create_dataset("0", (3, 3, 1, 2), "f4", external=[("/etc/passwd", 0, 72)])


def virtual(h5py, group, file):
    layout = h5py.VirtualLayout((3, 3, 1, 2), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3, 3, 1, 2))
    group.create_virtual_dataset("0", layout)


def words(h5py, group, file):
    group.create_dataset("0", data=np.full((3, 3, 1, 2), "word", object), dtype=h5py.string_dtype())


def a_group(h5py, group, file):
    group.create_group("0")


def nothing(h5py, group, file):
    pass


@pytest.mark.parametrize("trap", [huge, linked, softly_linked, raw, virtual, words, a_group])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_arrays_that_are_traps_are_refused(copy, trap):
    h5py, file = pytest.importorskip("h5py"), copy("dropped.weights.h5")
    with h5py.File(file, "a") as h5:
        del h5["layers/conv2d/vars/0"]
        trap(h5py, h5["layers/conv2d/vars"], file)
    with pytest.raises(ValueError, match=DAMAGED.format("dropped.weights.h5")):
        from_file(DROPPED, file)


def test_nan_in_a_file_and_a_missing_array_are_refused(copy):
    h5py, file = pytest.importorskip("h5py"), copy("dropped.weights.h5")
    with h5py.File(file, "a") as h5:
        h5["layers/dense/vars/0"][1, 1] = np.nan
    message = r"^dense: argument 'path' has a number that is not finite in its kernel; got nan at \(1, 1\) at position 2 in .*h5; look"
    with pytest.raises(ValueError, match=message):
        from_file(DROPPED, file)
    with h5py.File(file, "a") as h5:
        h5["layers/dense/vars/0"][1, 1] = 0
        del h5["layers/dense/vars/1"]
    with pytest.raises(ValueError, match=r"^dense: argument 'path' ends before its bias; got 3 arrays in .*h5; these layers have 4$"):
        from_file(DROPPED, file)


def test_the_state_of_a_random_generator_is_passed_over(copy):
    h5py, file = pytest.importorskip("h5py"), copy("dropped.weights.h5")
    whole = from_file(DROPPED, file)
    with h5py.File(file, "a") as h5:  # as some versions of Keras write it
        h5["layers/dropout"].create_group("seed_generator/vars")["0"] = np.zeros(2, np.uint32)
    chex.assert_trees_all_equal(from_file(DROPPED, file), whole)


def test_files_of_no_kind(tmp_path):
    pytest.importorskip("h5py")
    with pytest.raises(FileNotFoundError, match=r"^keras.from_file: argument 'path' cannot be read; got .*none.keras \(No such file"):
        from_file(DROPPED, tmp_path / "none.keras")
    with pytest.raises(ValueError, match=r"^keras.from_file: argument 'path' is not a file; got "):
        from_file(DROPPED, tmp_path)
    with pytest.raises(TypeError, match=r"^keras.from_file: argument 'path' is not a path; got int 3"):
        from_file(DROPPED, 3)
    for data in (b"", b"\x93NUMPY", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", os.urandom(3000)):
        (tmp_path / "net.h5").write_bytes(data)
        with pytest.raises(ValueError, match=DAMAGED.format("net.h5")):
            from_file(DROPPED, tmp_path / "net.h5")
    np.savez(tmp_path / "net.npz", np.zeros(3))  # an archive too
    with pytest.raises(ValueError, match=DAMAGED.format("net.npz")):
        from_file(DROPPED, tmp_path / "net.npz")


def test_without_h5py(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"^keras.from_file: needs h5py, which reads Keras' files; pip install 'jaxml-learn\[keras\]'$"):
        from_file(DROPPED, "net.keras")
    assert from_weights(nn.dense(1), [[[2.0]], [1.0]]).kernel == 2


def test_neither_is_imported_before_a_file_is_read():
    code = "import sys, jaxml.interop; print([m for m in ('keras', 'h5py') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


# ---------------------------------------------------------------- what Keras' dropout does too


def test_dropout_keeps_the_mean_and_drops_its_share():
    n = 200_000
    for rate in (0.0, 0.25, 0.5, 0.9):
        y = np.asarray(nn.dropout(rate).apply((), jnp.ones((n, 1)), key=jax.random.key(3)))
        kept = (y != 0).mean()
        # five standard errors of a share
        assert abs(kept - (1 - rate)) <= 5 * np.sqrt(rate * (1 - rate) / n)
        np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=2e-7)
    np.testing.assert_array_equal(nn.dropout(0.5).apply((), jnp.ones((3, 1))), 1)
