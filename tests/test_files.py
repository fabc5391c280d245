"""save and load: round trips, and files that were killed, cut, flipped or made elsewhere."""

import hashlib
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import jaxml
from jaxml import files, forest, linear, svm

KEY = jax.random.key(0)


class Cell(NamedTuple):
    w: object
    b: object


def assert_same(a, b):
    """Equal in structure, dtype and every bit."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype and np.shape(one) == np.shape(other)
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


# ---------------------------------------------------------------- round trips


def test_names_are_places_in_the_tree(path):
    tree = {"lstm": Cell(np.ones((2, 3), np.float32), jnp.zeros(3)), "stack": [Cell(np.ones(1), ()), ()], "flag": True}
    jaxml.save(path, tree)
    assert sorted(safetensors.numpy.load_file(path)) == ["flag", "lstm/b", "lstm/w", "stack/0/w"]  # another reader's words
    assert_same(jaxml.load(path, like=tree), jax.tree.map(np.asarray, tree))
    loaded = jaxml.load(path)
    assert isinstance(loaded["lstm"]["w"], np.ndarray) and loaded["stack"]["0"]["w"].dtype == np.float64 and loaded["flag"].dtype == bool


def test_leaves_are_as_those_of_like(path):
    jaxml.save(path, {"here": np.ones(2), "there": jnp.ones(2), "number": 3})
    end = jaxml.load(path, like={"here": np.zeros(2), "there": jax.ShapeDtypeStruct((2,), jnp.zeros(2).dtype), "number": 0})
    assert isinstance(end["here"], np.ndarray) and isinstance(end["there"], jax.Array) and end["number"] == 3
    end["here"][0] = 5  # one's own, to write on


@pytest.mark.parametrize("tree", [np.arange(3.0), np.float32(2), 7, (), {}, [(), {"a": ()}], jnp.ones((0, 3)), {"": {"": np.ones(1)}}])
def test_trees_of_no_or_one_leaf(tree, path):
    jaxml.save(path, tree)
    assert_same(jaxml.load(path, like=tree), tree)
    if not isinstance(tree, (tuple, dict, list)):
        assert_same(jaxml.load(path), np.asarray(tree))


NAMES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
ARRAYS = st.sampled_from(NAMES).flatmap(
    lambda name: st_numpy.arrays(name, st_numpy.array_shapes(min_dims=0, min_side=0, max_side=3)).filter(lambda a: (a == a).all())
)
TREES = st.recursive(
    ARRAYS,
    lambda t: (
        st.lists(t, max_size=3) | st.tuples(t, t).map(lambda p: Cell(*p)) | st.dictionaries(st.text("ab.é ", min_size=1), t, max_size=3)
    ),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(TREES)
def test_every_tree_comes_back(tmp_path_factory, tree):
    path = tmp_path_factory.getbasetemp() / "drawn.safetensors"
    jaxml.save(path, tree)
    assert_same(jaxml.load(path, like=tree), tree)
    assert_same(jax.tree.leaves(jaxml.load(path, like=jax.tree.map(np.zeros_like, tree))), jax.tree.leaves(tree))
    plain = jaxml.load(path)
    jaxml.save(path, plain)
    assert_same(jaxml.load(path), plain)


@pytest.mark.parametrize("kind", [jnp.bfloat16, jnp.float16])
def test_half_precision(kind, path):
    tree = {"w": jax.random.normal(KEY, (4, 3)).astype(kind)}
    jaxml.save(path, tree)
    assert_same(jaxml.load(path, like=tree), tree)
    assert_same(jaxml.load(path), jax.tree.map(np.asarray, tree))


def test_random_keys(path):
    tree = {"typed": jax.random.split(KEY), "raw": jax.random.PRNGKey(1)}
    jaxml.save(path, tree)
    end = jaxml.load(path, like=tree)
    np.testing.assert_array_equal(jax.random.key_data(end["typed"]), jax.random.key_data(tree["typed"]))
    np.testing.assert_array_equal(jax.random.normal(end["typed"][1]), jax.random.normal(tree["typed"][1]))


def test_models_predict_the_same(path):
    r = np.random.RandomState(0)
    x = r.randn(30, 3)
    y = (x[:, 0] > 0).astype(int)
    for model, params in (
        (linear, linear.solve(x, x[:, 0])),
        (svm, svm.solve(x, y)),
        (forest, forest.grow(KEY, x, y, n_classes=2, n_trees=3)),
    ):
        jaxml.save(path, params)
        np.testing.assert_array_equal(model.predict(jaxml.load(path, like=params), x), model.predict(params, x))


def test_big_endian_strided_and_read_only_arrays(path):
    swapped = np.arange(6.0).reshape(2, 3).astype(">f8")[:, ::2]
    swapped.flags.writeable = False
    jaxml.save(path, {"a": swapped, "t": np.arange(6).reshape(2, 3).T})
    end = jaxml.load(path)
    np.testing.assert_array_equal(end["a"], [[0, 2], [3, 5]])
    np.testing.assert_array_equal(end["t"], [[0, 3], [1, 4], [2, 5]])


def test_same_params_same_bytes(path, tmp_path):
    jaxml.save(path, {"w": np.ones(3), "b": np.zeros((2, 2), np.float32)}, classes=["a", "b"])
    code = f"import jaxml, numpy as np; jaxml.save({str(tmp_path / 'other')!r}, {{'b': np.zeros((2, 2), np.float32), 'w': np.ones(3)}}"
    subprocess.run([sys.executable, "-c", code + ", classes=['a', 'b'])"], check=True)
    assert (tmp_path / "other").read_bytes() == path.read_bytes()


def test_the_checksum_is_what_the_module_says(path):
    jaxml.save(path, {"w": np.ones(3)})
    data = path.read_bytes()
    digest = re.search(rb"sha256[^0-9a-f]+([0-9a-f]{64})", data)[1]
    assert hashlib.sha256(data.replace(digest, b"0" * 64)).hexdigest().encode() == digest


# ---------------------------------------------------------------- what is said about them


def test_about(path):
    said = {"classes": ["cat", "dog"], "accuracy": 0.97, "n": 3, "nested": {"a": [None, True, "ü\0"]}}
    jaxml.save(path, {"w": np.ones(1)}, **said)
    assert files.about(path) == {"jaxml": {"version": jaxml.__version__, "format": 1}, **said}


@pytest.mark.parametrize("value", [np.ones(2), np.float32(1), float("nan"), {1: "a"}, (1, 2), {"f": len}, b"x", {1, 2}])
def test_about_is_json(value, path):
    with pytest.raises(TypeError, match=r"^save: argument 'classes' is not what JSON holds; got .*; pass None, True, False, finite"):
        jaxml.save(path, {"w": np.ones(1)}, classes=value)
    assert not path.exists()


def test_about_has_limits(path):
    with pytest.raises(ValueError, match=r"save: argument 'about' is too long; got 10001\d\d bytes; keep it below 1000000"):
        jaxml.save(path, (), text="a" * 1_000_000)
    with pytest.raises(ValueError, match="save: argument 'jaxml' is the library's own entry; got int 1; use another name"):
        jaxml.save(path, (), jaxml=1)


# ---------------------------------------------------------------- made elsewhere


def test_a_file_made_elsewhere(path):
    tensors = {"fc.weight": np.ones((2, 3), np.float32), "fc.bias": np.zeros(2, np.float16)}
    safetensors.numpy.save_file(tensors, path, metadata={"format": "pt"})
    assert_same(jaxml.load(path), tensors)
    assert_same(jaxml.load(path, like=tensors), tensors)
    assert files.about(path) == {"format": "pt"}
    safetensors.numpy.save_file(tensors, path)
    assert files.about(path) == {}
    safetensors.numpy.save_file({"a/b": np.ones(1), "a/c/d": np.ones(2)}, path)
    assert_same(jaxml.load(path), {"a": {"b": np.ones(1), "c": {"d": np.ones(2)}}})


def test_names_that_no_dict_holds(path):
    for names in (("a", "a/b"), ("a/b/c", "a/b"), ("a", "a/b/c")):
        safetensors.numpy.save_file({name: np.ones(1) for name in names}, path)
        with pytest.raises(ValueError, match=r"load: argument 'path' has an array where others have a dict; got 'a/.*' in .*; pass like="):
            jaxml.load(path)
    for tree, wrong in (({"a/b": 1, "a": {"b": 2}}, "two leaves of one name; got 'a/b'"), ({"__metadata__": 1}, "a leaf whose name")):
        with pytest.raises(ValueError, match=f"save: argument 'params' has {wrong}"):
            jaxml.save(path, tree)


def test_numbers_of_an_unknown_kind(path):
    safetensors.numpy.save_file({"w": np.zeros(2, jnp.float8_e5m2)}, path)
    with pytest.raises(
        ValueError, match=r"argument 'path' holds numbers of an unknown kind; got F8_E5M2 at 'w' in .*; known are BOOL, BF16, U8"
    ):
        jaxml.load(path)
    with pytest.raises(TypeError, match=r"save: argument 'params' holds what is no array; got float8_e5m2 of shape \(2,\) at 'w'"):
        jaxml.save(path, {"w": np.zeros(2, jnp.float8_e5m2)})


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ({"l": Cell(np.ones((3, 2), np.float32), 0)}, r"at 'l/w'; got float32 of shape \(2, 3\) .*; wanted float32 of shape \(3, 2\)"),
        ({"l": Cell(np.ones((2, 3)), 0)}, r"at 'l/w'; got float32 of shape \(2, 3\) in the file; wanted float64 of shape \(2, 3\)"),
        ({"l": Cell(np.ones((2, 3), np.float32), ())}, r"at 'l/b'; got int64 of shape \(\) in the file; wanted nothing"),
        ({"l": Cell(np.ones((2, 3), np.float32), 0), "m": 1.0}, r"at 'm'; got nothing in the file; wanted float64 of shape \(\)"),
        ((), r"at 'l/b'; got int64 of shape \(\) in the file; wanted nothing"),
    ],
)
def test_another_model_is_named_by_its_first_leaf(like, message, path):
    jaxml.save(path, {"l": Cell(np.ones((2, 3), np.float32), 0)})
    with pytest.raises(ValueError, match=rf"^load: argument 'like' differs from {path} {message}"):
        jaxml.load(path, like=like)


def test_no_digit_is_lost(path, in_width):
    """1/3 in float64 does not become float32 on the way."""
    with in_width("float64"):
        params = linear.Params(jnp.array([1 / 3]), jnp.array(2 / 3))
        jaxml.save(path, params)
        assert_same(jaxml.load(path, like=params), params)
    with in_width("float32"):
        assert jaxml.load(path)["w"] == 1 / 3
        for like in (params, linear.Params(jax.ShapeDtypeStruct((1,), np.float64), params.b)):
            with pytest.raises(ValueError, match=r"load: argument 'like' asks JAX for more digits than it keeps; got float64; turn x64 on"):
                jaxml.load(path, like=like)
        with pytest.raises(ValueError, match=r"at 'w'; got float64 of shape \(1,\) in the file; wanted float32 of shape \(1,\)"):
            jaxml.load(path, like=linear.init(1))
        assert jaxml.load(path, like=linear.Params(np.zeros(1), np.zeros(()))).w == 1 / 3


def test_nan_is_refused_on_both_ways(path):
    for bad in (np.array([[0, 1], [np.nan, 0]]), jnp.array([[0, 0], [jnp.nan, 0]], jnp.bfloat16)):
        with pytest.raises(ValueError, match=r"save: argument 'params' holds NaN; got nan in 'cell/w' at \(1, 0\); look where"):
            jaxml.save(path, {"cell": Cell(bad, 0)})
    assert not path.exists()
    safetensors.numpy.save_file({"w": np.array([np.nan])}, path)
    with pytest.raises(ValueError, match=r"load: argument 'path' holds NaN; got nan in 'w' at \(0,\)"):
        jaxml.load(path)
    jaxml.save(path, {"w": np.array([np.inf])})  # a threshold may be infinite
    assert jaxml.load(path)["w"] == np.inf


def test_what_is_no_array(path):
    for leaf, got in (
        ("text", "str 'text'"),
        (2**70, "int 1180591620717411303424"),
        (np.array([None]), "object"),
        (len, "builtin_function"),
    ):
        with pytest.raises(TypeError, match=rf"^save: argument 'params' holds what is no array; got {got}.* at 'a/0'; pass arrays of"):
            jaxml.save(path, {"a": [leaf]})
    with pytest.raises(TypeError, match=r"^save: argument 'params' has no values inside jit; got float32.* at 'w'; call it outside"):
        jax.jit(lambda w: jaxml.save(path, {"w": w}))(1.0)


# ---------------------------------------------------------------- paths


def test_paths(path, tmp_path):
    jaxml.save(str(path), {"w": np.ones(1)})
    with pytest.raises(
        FileNotFoundError, match=rf"^load: argument 'path' cannot be read; got {path}x \(No such file or directory\); pass a"
    ):
        jaxml.load(f"{path}x")
    with pytest.raises(FileNotFoundError, match=rf"^files.about: argument 'path' cannot be read; got {path}x"):
        files.about(f"{path}x")
    with pytest.raises(FileNotFoundError, match=rf"^save: argument 'path' cannot be written; got {tmp_path}/no/x \(No such file.*; pass a"):
        jaxml.save(tmp_path / "no" / "x", ())
    with pytest.raises(NotADirectoryError, match=rf"^save: argument 'path' cannot be written; got {path}/x \(Not a directory\)") as caught:
        jaxml.save(path / "x", ())
    assert caught.value.errno == 20
    with pytest.raises(NotADirectoryError, match=rf"^load: argument 'path' cannot be read; got {path}/x \(Not a directory\)"):
        jaxml.load(path / "x")
    with pytest.raises(IsADirectoryError, match=rf"^save: argument 'path' cannot be written; got {tmp_path} \(Is a directory\)"):
        jaxml.save(tmp_path, ())
    with pytest.raises(ValueError, match=rf"^load: argument 'path' is not a file; got {tmp_path}; pass a safetensors file"):
        jaxml.load(tmp_path)
    for call in (lambda p: jaxml.save(p, ()), jaxml.load):
        for strange in (3, None, b"net", object()):
            with pytest.raises(TypeError, match=r"(save|load): argument 'path' is not a path; got .*; pass the name of a file"):
                call(strange)
        for strange in ("", "a\0b"):
            with pytest.raises(ValueError, match=r"(save|load): argument 'path' is no name of a file; got .*; pass the name of a file"):
                call(strange)
    assert os.listdir(tmp_path) == [path.name] and jaxml.load(path)["w"] == 1


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="load: argument 'path' is not a file"):
        jaxml.load(tmp_path / "pipe")


def test_a_link_stays_a_link(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    jaxml.save(tmp_path / "link", {"w": np.ones(1)})
    assert (tmp_path / "link").is_symlink() and jaxml.load(path)["w"] == 1


def test_the_usual_permissions(path, tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    jaxml.save(path, ())
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


# ---------------------------------------------------------------- damage

DAMAGED = r"^load: argument 'path' is damaged, or no safetensors file; got .*net.safetensors \(.*\); take another copy"


def test_each_flipped_bit_is_found(path):
    """200 anywhere, and each bit of the header: its own names and lengths are covered too."""
    jaxml.save(path, {"conv2d": Cell(np.random.RandomState(0).randn(3, 3, 8), np.ones(8))}, classes=["a"])
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    drawn = np.random.RandomState(1).randint(0, 8 * len(data), 200).tolist()
    for bit in drawn + list(range(0, 8 * header)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=DAMAGED):
            jaxml.load(path)


def test_each_cut_is_found(path):
    jaxml.save(path, {"w": np.random.RandomState(0).randn(200)})
    data = path.read_bytes()
    for length in [0, 1, 7, 8, 9, len(data) - 1, *np.random.RandomState(1).randint(0, len(data), 200).tolist()]:
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=DAMAGED):
            jaxml.load(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(ValueError, match=DAMAGED):
        jaxml.load(path)


def test_files_of_another_kind(path, tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones(3))
    header = lambda text: len(text).to_bytes(8, "little") + text
    entry = json.dumps({"__metadata__": {"jaxml": "{}"}}).encode()
    for data in (
        b"",
        b"hello, world",
        pickle.dumps({"w": np.ones(3)}),
        (tmp_path / "a.npz").read_bytes(),
        (2**63).to_bytes(8, "little") + b"{}",
        header(b"[" * 100_000),
        header(b"[]"),
        header(b"null"),
        header(b'{"__metadata__": {"a": 1}}'),
        header(b'{"w": {"dtype": "F64", "shape": [10000000000], "data_offsets": [0, 80000000000]}}'),
        header(b'{"w": {"dtype": "F64", "shape": [4611686018427387904, 4], "data_offsets": [0, 0]}}'),
        header(entry),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=DAMAGED):
            jaxml.load(path)


def test_a_later_format(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(files, "FORMAT", 2)
        jaxml.save(path, ())
    with pytest.raises(ValueError, match=r"load: argument 'path' was written by a later version; got .*'format': 2.*; update the library"):
        jaxml.load(path)


def test_a_huge_header_is_not_read(path):
    """A sparse file of 16 GiB whose header claims all of it."""
    with open(path, "wb") as file:
        file.write((2**34 - 8).to_bytes(8, "little"))
        file.truncate(2**34)
    with pytest.raises(ValueError, match=r"\(17179869184 bytes, of which its header claims 17179869176\)"):
        jaxml.load(path)


def test_no_file_of_this_library_runs_code():
    """No pickle, in whatever spelling, anywhere in the package."""
    package = Path(jaxml.__file__).parent
    for source in package.rglob("*.py"):
        text = re.sub(r'"""[\s\S]*?"""|#.*', "", source.read_text())
        assert not re.search(r"\b(c?pickle|joblib|marshal|shelve|dill)\b|allow_pickle=True|\b(eval|exec)\(", text), source


# ---------------------------------------------------------------- writers that are killed, or have no room

# forks writers that are killed at random moments, and loads what they leave; `save` needs no device, so that a fork is safe
KILLS = """
import os, random, signal, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import jaxml
path, kills, folder = sys.argv[1], int(sys.argv[2]), os.path.dirname(sys.argv[1])
random.seed(0)
for _ in range(3):
    began = time.perf_counter()
    jaxml.save(path, {"w": np.full(100_000, 0.0)}, n=0)
took = time.perf_counter() - began
lost, moved, midway, last = 0, 0, 0, 0
for _ in range(kills):
    pid = os.fork()
    if pid == 0:
        n = last
        while True:
            n += 1
            jaxml.save(path, {"w": np.full(100_000, float(n))}, n=n)
    time.sleep(random.uniform(0, 6 * took))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    midway += any(f".{pid}." in name for name in os.listdir(folder))
    try:
        w, n = jaxml.load(path)["w"], jaxml.files.about(path)["n"]
        lost += not ((w == n).all() and n >= last)
        moved, last = moved + (n > last), n
    except Exception:
        lost += 1
jaxml.save(path, {"w": np.ones(1)})
print(lost, moved, midway, len(os.listdir(folder)) - 1)
"""


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_writer_loses_nothing(kills, path):
    """After each kill -9 the file is whole, one that was saved, and no older than the last seen; then what lies around is removed."""
    run = subprocess.run([sys.executable, "-c", KILLS, path, str(kills)], capture_output=True, text=True, check=True)
    lost, moved, midway, left = map(int, run.stdout.split())
    print(f"{kills} kills: {midway} in the middle of a save, {moved} after one or more")
    assert lost == 0 and left == 0
    assert moved + midway >= kills // 5 and midway > kills // 50  # the kills fell among saves


def test_only_dead_writers_temporaries_are_removed(path, tmp_path):
    import platform

    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    start = f".{path.name}.{platform.node()[:32]}."
    name = lambda pid: tmp_path / f"{start}{pid}.00000000.tmp"
    kept = [name(child.pid), name("x"), tmp_path / f".{path.name}.elsewhere.{dead.pid}.0.tmp", tmp_path / f".y{start}{dead.pid}.0.tmp"]
    gone = [name(dead.pid), name(os.getpid())]  # the second: of a process that had this one's number
    for file in kept + gone:
        file.write_bytes(b"")
    jaxml.save(path, ())
    child.communicate(b"\n")
    assert all(file.exists() for file in kept) and not any(file.exists() for file in gone)


def test_many_writers_and_readers(path):
    """Four threads of one process: each load sees one whole save."""
    jaxml.save(path, {"w": np.zeros(50_000)})
    errors = []

    def work(i):
        try:
            for n in range(15):
                jaxml.save(path, {"w": np.full(50_000, 100.0 * i + n)})
                w = jaxml.load(path)["w"]
                assert (w == w[0]).all()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and os.listdir(path.parent) == [path.name]


def test_no_room(path):
    """A limit on the size of files stands for a full disk: the previous file stays, and no other."""
    code = f"""
import os, resource, signal, numpy as np, jaxml
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = {str(path)!r}
jaxml.save(path, {{"w": np.ones(10)}})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
for size in (20_000, 1_000_000):
    try:
        jaxml.save(path, {{"w": np.zeros(size)}})
    except OSError as error:
        print(error, "|", error.errno, os.listdir(os.path.dirname(path)), jaxml.load(path)["w"].sum())
jaxml.save(path, {{"w": np.full(10, 2.0)}})
print(jaxml.load(path)["w"].sum())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message = f"save: argument 'path' cannot be written; got {path} (File too large); pass a file in a folder that exists and has room"
    assert run.stdout.splitlines() == [f"{message} | 27 ['{path.name}'] 10.0"] * 2 + ["20.0"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE) != (100_000, resource.RLIM_INFINITY)  # the child's alone


def test_an_interrupted_save_cleans_up(path, monkeypatch):
    jaxml.save(path, {"w": np.ones(1)})

    def interrupt(*_):
        raise KeyboardInterrupt

    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                jaxml.save(path, {"w": np.zeros(1)})
        assert os.listdir(path.parent) == [path.name] and jaxml.load(path)["w"] == 1


def test_it_is_on_disk_before_it_takes_the_name(path, monkeypatch):
    """The order that a crash of the machine needs: file, name, folder."""
    calls = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append(os.path.realpath(f"/proc/self/fd/{fd}")), real_fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), real_replace(a, b))[1])
    jaxml.save(path, ())
    assert len(calls) == 3 and calls[0].endswith(".tmp") and calls[1:] == ["replace", str(path.parent)]


def test_signals_are_left_alone(path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    jaxml.save(path, ())
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
