"""Parameters on disk: safetensors files, each there as a whole or not at all.

A file holds every array of a tree under its place in it, as "lstm/bias" or "0/w", and some words about them.  Other libraries
read it too, and reading it runs no code.  The words carry the SHA-256 of the file, taken with its own 64 digits as zeros.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
from pathlib import Path
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from jaxml._arguments import describe, is_traced, is_typed_key, refuse

FORMAT = 1
NAME = "jaxml"  # of our entry in the metadata
OPENING = '{"sha256": "'  # how it begins: a flipped bit may spoil that or NAME, not both
ZEROS = "0" * 64
LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
LONGEST_ABOUT = 1_000_000
KINDS = {"BOOL": "bool", "BF16": jnp.bfloat16}  # the format's names
KINDS |= {f"{letter}{bits}": f"{kind}{bits}" for letter, kind in (("U", "uint"), ("I", "int")) for bits in (8, 16, 32, 64)}
KINDS |= {f"F{bits}": f"float{bits}" for bits in (16, 32, 64)}
DTYPES = {name: np.dtype(kind) for name, kind in KINDS.items()}
_being_written: set[Path] = set()


def save(path: str | os.PathLike[str], params: Any, **about: Any) -> None:
    """Writes params, any tree of arrays, to a safetensors file, and beside them what is said `about` them: text, numbers, lists, dicts.

    A file of that name is replaced in one step: whenever the machine stops, the old one or the new one is there, whole.
    Raises ValueError on NaN, TypeError on what is no array, OSError where nothing can be written.
    """
    tensors = named("save", "params", params)
    for name, array in tensors.items():
        _refuse_nan("save", "params", name, array)
    write("save", "path", path, tensors, about)


def load(path: str | os.PathLike[str], like: Any = None) -> Any:
    """The parameters in a safetensors file: as a tree like `like`, which may be one of jax.ShapeDtypeStruct.

    Its leaves are JAX arrays where those of `like` are.  Without `like`, NumPy arrays in dicts of dicts, one for each "/" in their
    names.  Raises ValueError on a file that is damaged, or not like `like`, and FileNotFoundError.
    """
    tensors, _ = read("load", "path", path)
    for name, array in tensors.items():
        _refuse_nan("load", "path", name, array)
    return nested(path, tensors) if like is None else as_tree("load", "like", path, tensors, like)


def about(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What was said about the parameters when they were saved, and under "jaxml" the version of the library and of the format.

    Of a file made elsewhere, its metadata.  Raises ValueError on a file that is damaged, and FileNotFoundError.
    """
    return read("files.about", "path", path)[1]


# ---------------------------------------------------------------- trees as named arrays


def named(function: str, argument: str, tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree as NumPy arrays, each under its place."""
    tensors: dict[str, np.ndarray] = {}
    for name, leaf in _leaves(tree):
        if name in tensors or name == "__metadata__":
            wrong = "has two leaves of one name" if name in tensors else "has a leaf whose name the format keeps for itself"
            refuse(function, argument, wrong, repr(name), "use other keys in the dict")
        tensors[name] = _array(function, argument, name, leaf)
    return tensors


def _leaves(tree: Any) -> list[tuple[str, Any]]:
    named = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(jax.tree_util.keystr(path, simple=True, separator="/"), leaf) for path, leaf in named]


def _array(function: str, argument: str, name: str, leaf: Any) -> np.ndarray:
    if is_traced(leaf):
        refuse(function, argument, "has no values inside jit", f"{describe(leaf)} at '{name}'", "call it outside", TypeError)
    array = np.asarray(jax.random.key_data(leaf) if is_typed_key(leaf) else leaf, order="C")
    if array.dtype.newbyteorder("=") not in DTYPES.values():
        wanted = "pass arrays of booleans, integers or floats"
        refuse(function, argument, "holds what is no array", f"{describe(leaf)} at '{name}'", wanted, TypeError)
    return array


def _refuse_nan(function: str, argument: str, name: str, array: np.ndarray) -> None:
    if (array != array).any():  # the one number that is not itself
        place = tuple(int(i) for i in np.argwhere(array != array)[0])
        refuse(function, argument, "holds NaN", f"nan in '{name}' at {place}", "look where the training left the finite numbers")


def nested(path: Any, tensors: dict[str, np.ndarray]) -> Any:
    """Dicts of dicts, one for each "/" in a name.  The array itself, where it is the only one and has no name."""
    if list(tensors) == [""]:
        return tensors[""]
    tree: dict[str, Any] = {}
    for name in sorted(tensors):  # "a" before "a/b"
        *outer, last = name.split("/")
        branch: Any = tree
        for part in outer:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                refuse("load", "path", "has an array where others have a dict", f"'{name}' in {path}", "pass like=, a tree of this form")
        branch[last] = tensors[name]
    return tree


def as_tree(function: str, argument: str, path: Any, tensors: dict[str, np.ndarray], like: Any) -> Any:
    """The arrays in the form of `like`; refuses with the name of the first that is missing, strange, or of another shape or dtype."""

    def differs(name: str, found: str, wanted: str) -> NoReturn:
        refuse(function, argument, f"differs from {path} at '{name}'", f"{found} in the file", f"wanted {wanted}")

    wanted = _leaves(like)
    for name, leaf in wanted:
        plain = _plain(leaf)
        if name not in tensors:
            differs(name, "nothing", describe(plain))
        if describe(tensors[name]) != describe(plain):
            differs(name, describe(tensors[name]), describe(plain))
    for name in sorted(tensors.keys() - dict(wanted).keys()):
        differs(name, describe(tensors[name]), "nothing")
    return jax.tree.unflatten(jax.tree.structure(like), [_as_leaf(function, argument, tensors[name], leaf) for name, leaf in wanted])


def _plain(leaf: Any) -> Any:
    """What stands in a file for a leaf, by shape and dtype."""
    if is_typed_key(leaf):
        return jax.eval_shape(jax.random.key_data, leaf)
    return leaf if hasattr(leaf, "shape") and hasattr(leaf, "dtype") else np.asarray(leaf)


def _as_leaf(function: str, argument: str, array: np.ndarray, leaf: Any) -> Any:
    if is_typed_key(leaf):
        impl = jax.random.key_impl(leaf) if isinstance(leaf, jax.Array) else None
        return jax.random.wrap_key_data(jnp.asarray(array), impl=impl)
    if not isinstance(leaf, (jax.Array, jax.ShapeDtypeStruct)):
        return array
    if jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
        refuse(function, argument, "asks JAX for more digits than it keeps", f"{array.dtype}", "turn x64 on, or pass like= of NumPy arrays")
    return jnp.asarray(array)


# ---------------------------------------------------------------- bytes


def write(function: str, argument: str, path: Any, tensors: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    """Replaces the file at `path` in one step."""
    from jaxml import __version__

    for name, value in about.items():
        _refuse_unless_json(function, name, value)
    entry = OPENING + ZEROS + '", ' + json.dumps({NAME: {"version": __version__, "format": FORMAT}, "about": about})[1:]
    if len(entry) > LONGEST_ABOUT:
        refuse(function, "about", "is too long", f"{len(entry)} bytes", f"keep it below {LONGEST_ABOUT}")
    data = safetensors.numpy.save(tensors, {NAME: entry})
    head, body = _split(data)
    # the metadata come first, so these are the right zeros
    head = head.replace(ZEROS.encode(), hashlib.sha256(data).hexdigest().encode(), 1)
    path = checked_path(function, argument, path)
    try:
        _replace(Path(os.path.realpath(path)), head, body)
    except OSError as error:
        _refuse_file(function, argument, path, "cannot be written", "pass a file in a folder that exists and has room", error)


def _refuse_unless_json(function: str, name: str, value: Any) -> None:
    if name == NAME:
        refuse(function, name, "is the library's own entry", describe(value), "use another name")
    try:
        same = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        wanted = "pass None, True, False, finite Python numbers, text, and lists and dicts (keys are text) of them"
        refuse(function, name, "is not what JSON holds", describe(value), wanted, TypeError)


def _replace(path: Path, *parts: bytes | memoryview) -> None:
    """The atomic writer: a temporary file beside the old one, on disk before it takes the name."""
    ours = f".{path.name}.{platform.node()[:32]}."  # process numbers mean something on this machine only
    _sweep(path.parent, ours)
    temporary = path.parent / f"{ours}{os.getpid()}.{secrets.token_hex(4)}.tmp"
    _being_written.add(temporary)
    try:
        with open(temporary, "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        _being_written.discard(temporary)
        with contextlib.suppress(OSError):  # after a success, it is gone
            temporary.unlink()
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(folder)
        os.close(folder)


def _sweep(folder: Path, ours: str) -> None:
    """Removes what writers to this file left behind when they were killed."""
    for temporary in folder.iterdir():
        name = temporary.name
        if name.startswith(ours) and name.endswith(".tmp") and not _is_alive(temporary, name[len(ours) :].split(".")[0]):
            temporary.unlink(missing_ok=True)


def _is_alive(temporary: Path, process: str) -> bool:
    """Whether a temporary file is still being written."""
    if process == str(os.getpid()):  # subtle: in a container, the killed writer often had the same number
        return temporary in _being_written
    if os.name != "posix" or not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def read(function: str, argument: str, path: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in a file and what it says about them, after a look at its SHA-256; a file made elsewhere has none."""
    path = checked_path(function, argument, path)
    if path.exists() and not path.is_file():
        refuse(function, argument, "is not a file", str(path), "pass a safetensors file")
    try:
        head, body = _bytes(path)
        metadata = json.loads(head[8:]).get("__metadata__") or {}
        arrays = dict(safetensors.deserialize(head + body))
        words = _unsealed(head, body, metadata)
    except OSError as error:
        _refuse_file(function, argument, path, "cannot be read", "pass a safetensors file", error)
    except (SafetensorError, ValueError, AttributeError, KeyError, RecursionError) as error:
        got = f"{path} ({str(error).splitlines()[0][:100]})"
        refuse(function, argument, "is damaged, or no safetensors file", got, "take another copy")
    strange = next((f"{a['dtype']} at '{name}'" for name, a in arrays.items() if a["dtype"] not in DTYPES), None)
    if strange:
        refuse(function, argument, "holds numbers of an unknown kind", f"{strange} in {path}", f"known are {', '.join(DTYPES)}")
    if words is not None and words[NAME]["format"] > FORMAT:
        refuse(function, argument, "was written by a later version", f"{words[NAME]} in {path}", "update the library")
    as_array = lambda a: np.frombuffer(a["data"], DTYPES[a["dtype"]]).reshape(a["shape"])
    return {name: as_array(a) for name, a in arrays.items()}, metadata if words is None else words


def _bytes(path: Path) -> tuple[bytes, bytes]:
    """A file's header, with its length before it, and the rest.  What it claims is checked before anything of that size is read."""
    with open(path, "rb") as file:
        head, size = file.read(8), os.fstat(file.fileno()).st_size
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(size - 8, LONGEST_HEADER):
            raise ValueError(f"{size} bytes, of which its header claims {length}")
        return head + file.read(length), file.read()


def _unsealed(head: bytes, body: bytes, metadata: dict[str, str]) -> dict[str, Any] | None:
    """What the file says about its arrays, once its SHA-256 agrees; None for a file made elsewhere."""
    entry = next((text for name, text in metadata.items() if name == NAME or text.startswith(OPENING)), None)
    if entry is None:
        return None
    digest = entry[len(OPENING) :][:64]
    sha256 = hashlib.sha256(head.replace(digest.encode(), ZEROS.encode(), 1))
    sha256.update(body)
    if sha256.hexdigest() != digest:
        raise ValueError("its SHA-256 is another")
    words = json.loads(entry)
    return {NAME: words[NAME], **words["about"]}


def _split(data: bytes) -> tuple[bytes, memoryview]:
    """The header of a safetensors file, and its arrays."""
    end = 8 + int.from_bytes(data[:8], "little")
    return data[:end], memoryview(data)[end:]


def checked_path(function: str, argument: str, path: Any) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        refuse(function, argument, "is not a path", describe(path), "pass the name of a file", TypeError)
    if not os.fspath(path) or "\0" in os.fspath(path):
        refuse(function, argument, "is no name of a file", repr(path), "pass the name of a file")
    return Path(path)


def _refuse_file(function: str, argument: str, path: Path, wrong: str, wanted: str, cause: OSError) -> NoReturn:
    """The same kind of OSError, in one sentence."""
    error = type(cause)(f"{function}: argument '{argument}' {wrong}; got {path} ({cause.strerror}); {wanted}")
    error.errno = cause.errno
    raise error from cause
