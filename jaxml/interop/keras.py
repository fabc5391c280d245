"""Weights from Keras and back.  A layer's Params stand in the order of Keras' get_weights, so a flat list of arrays says it all.

    params = from_file(net, "net.keras")                    # what Keras saved; Keras itself is not needed
    params = from_weights(net, keras_net.get_weights())
    keras_net.set_weights(to_weights(net, params))

`net` is the layers, nn.sequential(...) or one of them, in Keras' order.  Files are data here: nothing in them is run or unpickled.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

from jaxml._arguments import describe, floats, refuse
from jaxml.files import checked_path
from jaxml.nn.layer import Layer, check_params
from jaxml.nn.sequential import check_names, unique_names

Named = list[tuple[str, Layer]]  # layers and where they are: conv2d_1, or sequential/dense

TAKES_IN = ("Conv2D", "Dense", "LSTM")  # the letter in their shapes, c or d, is the size of the last axis of what comes
PASSES_ON = ("Activation", "AveragePooling2D", "Dropout", "GlobalAveragePooling2D", "MaxPooling2D")  # and these leave it as it is
NO_WEIGHTS_NO_MATTER = ("Dropout", "InputLayer")  # a net predicts the same without them
# what Keras' layers can be and the layers here cannot
ALWAYS = {
    "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "keepdims": False, "recurrent_activation": "sigmoid",
    "return_state": False, "stateful": False, "use_bias": True,
}  # fmt: skip
EXPANSION = 100  # how many times larger than in its file an array may be: what Keras writes is hardly packed


class _AnotherNet(Exception):
    """The file is sound, and of other layers."""


def from_weights(layer: Layer, weights: Iterable[Any]) -> Any:
    """The params of a layer from what Keras' model.get_weights() returns.

    Raises ValueError, TypeError, with the layer's name, where an array is missing, left over, of another shape, or not finite.
    Two arrays of one shape cannot be told apart: their order is taken as it comes.
    """
    named = _named("keras.from_weights", layer)
    if isinstance(weights, (str, bytes, dict)) or not isinstance(weights, Iterable) or hasattr(weights, "shape"):
        refuse("keras.from_weights", "weights", "is not a list of arrays", describe(weights), "pass model.get_weights()", TypeError)
    return _params(layer, named, list(weights), "weights", "")


def to_weights(layer: Layer, params: Any) -> list[np.ndarray]:
    """What Keras' model.set_weights(weights) takes, from the params of a layer.  Raises ValueError, TypeError."""
    _named("keras.to_weights", layer)
    return _leaves("" if layer.layers else layer.name, layer, params)


def from_file(layer: Layer, path: str | os.PathLike[str]) -> Any:
    """The params of a layer from a file of Keras: a model.keras, a model.weights.h5, or an older model.h5.

    A .keras file and an older .h5 say which layers they are of, and these must be the layers here, class by class; a .weights.h5
    says so too, without their order.  Layers of dropout may be on either side.  Not compared, as the file of one net may well serve
    another: strides, padding, pool sizes, activations, masks.  A .keras file has checksums, an .h5 has none.
    Needs h5py: pip install 'jaxml-learn[keras]'.
    Raises ValueError for a file that is damaged, not Keras', or of another net, OSError for one that cannot be read, and ImportError.
    """
    named = _named("keras.from_file", layer)
    path = checked_path("keras.from_file", "path", path)
    if path.exists() and not path.is_file():
        refuse("keras.from_file", "path", "is not a file", str(path), "pass a file that Keras saved")
    h5py = _h5py()
    try:
        file = path.open("rb")
    except OSError as cause:
        error = type(cause)(f"keras.from_file: argument 'path' cannot be read; got {path} ({cause.strerror}); pass a file that Keras saved")
        error.errno = cause.errno
        raise error from cause
    with file:
        try:
            weights = _weights(h5py, file, layer, named)
        except _AnotherNet as what:
            wanted = f"the layers here are {', '.join(part.kind for _, part in named)}"
            refuse("keras.from_file", "path", "is of another net", f"{what} in {path}", wanted)
        except Exception as what:  # all that a damaged file makes zipfile, json and h5py raise
            got = f"{path} ({(str(what) or type(what).__name__).splitlines()[0][:100]})"
            refuse("keras.from_file", "path", "is damaged, or no file of Keras", got, "take another copy, or save it again")
    return _params(layer, named, weights, "path", f" in {path}")


# ---------------------------------------------------------------- a list of arrays as params


def _named(function: str, layer: Any) -> Named:
    if not isinstance(layer, Layer):
        refuse(function, "layer", "is not a layer", describe(layer), "pass the sequential that the weights are for", TypeError)
    return list(_walk(layer, ""))


def _walk(layer: Layer, outer: str) -> Iterator[tuple[str, Layer]]:
    """A layer alone counts as a net of one layer."""
    parts = layer.layers or (layer,)
    for name, part in zip(unique_names(parts), parts, strict=True):
        if part.layers:
            yield from _walk(part, f"{outer}{name}/")
        else:
            yield outer + name, part


def _params(layer: Layer, named: Named, arrays: list[Any], argument: str, where: str) -> Any:
    """The arrays in the form of the params, each of the shape that its layer wants after the layers before it."""
    i, params, width = 0, [], None  # width: the size of the last axis, None where only the input's shape would tell
    n_wanted = sum(len(part.expects) for _, part in named)
    for name, part in named:
        sizes: dict[Any, int] = {"c": width, "d": width} if width is not None and part.kind in TAKES_IN else {}
        leaves: list[Any] = []
        for field, shape in zip(getattr(part.expects, "_fields", ()), part.expects, strict=True):
            if i == len(arrays):
                refuse(name, argument, f"ends before its {field}", f"{i} arrays{where}", f"these layers have {n_wanted}")
            array = _array(name, argument, field, arrays[i], f" at position {i}{where}")
            wanted = tuple(sizes.get(n, n) for n in shape)
            sizes |= {n: got for n, got in zip(wanted, array.shape, strict=False) if isinstance(n, str)}
            if array.shape != tuple(sizes.get(n, n) for n in wanted):
                wrong, text = f"has another shape where its {field} should be", ", ".join(map(str, wanted)) + "," * (len(wanted) == 1)
                refuse(name, argument, wrong, f"{array.shape} at position {i}{where}", f"wanted ({text})")
            leaves.append(array)
            i += 1
        width = _width(part, leaves, width)
        params.append(type(part.expects)._make(leaves) if leaves else ())
    if i < len(arrays):
        got = f"{len(arrays)}{where}, the first too many of shape {np.shape(arrays[i])}"
        refuse(named[-1][0], argument, "goes on after the last layer", got, f"these layers have {n_wanted}")
    return _tree(layer, iter(params))


def _array(name: str, argument: str, field: str, value: Any, where: str) -> Any:
    if getattr(value, "dtype", None) in (np.float32, np.float64) and not np.isfinite(value).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        wanted = "look where the training left the finite numbers"
        refuse(name, argument, f"has a number that is not finite in its {field}", f"{value[place]} at {place}{where}", wanted)
    return jnp.asarray(np.array(floats(name, argument, value, canonical=True)))  # a copy: Keras may go on training in its own


def _width(part: Layer, leaves: list[Any], width: int | None) -> int | None:
    if part.kind == "LSTM":
        return leaves[1].shape[0]
    if part.kind in ("Conv2D", "Dense", "Embedding"):
        return leaves[0].shape[-1]
    return width if part.kind in PASSES_ON else None


def _tree(layer: Layer, params: Iterator[Any]) -> Any:
    if not layer.layers:
        return next(params)
    trees = {name: _tree(part, params) for name, part in zip(unique_names(layer.layers), layer.layers, strict=True)}
    return {name: tree for name, tree in trees.items() if tree != ()}


def _leaves(name: str, layer: Layer, params: Any) -> list[np.ndarray]:
    """The arrays of the params, layer by layer: the keys of a dict have another order."""
    if not layer.layers:
        params = jax.tree.map(np.array, params)  # in NumPy the look for NaN compiles nothing
        check_params(name, layer.expects, params)
        return list(params)
    named = list(zip(unique_names(layer.layers), layer.layers, strict=True))
    check_names(named, params)
    outer = f"{name}/" if name else ""
    return [leaf for inner, part in named for leaf in _leaves(outer + inner, part, params.get(inner, ()))]


# ---------------------------------------------------------------- Keras' files


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError("keras.from_file: needs h5py, which reads Keras' files; pip install 'jaxml-learn[keras]'") from error
    return h5py


def _weights(h5py: Any, file: BinaryIO, layer: Layer, named: Named) -> list[np.ndarray]:
    """The arrays of a file in the order of get_weights.  Raises _AnotherNet, or anything where the file is damaged."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            paths = _compared(json.loads(_member(archive, "config.json")), named)
            weights = io.BytesIO(_member(archive, "model.weights.h5"))
        with h5py.File(weights, "r") as h5:
            return [array for path in paths for array in _variables(_at(h5, path))]
    with h5py.File(file, "r") as h5:
        if "layers" in h5:
            return list(_of_layers(h5, layer))
        if "model_config" in h5.attrs:
            _compared(json.loads(h5.attrs["model_config"]), named)
        group = _at(h5, "model_weights") if "model_weights" in h5 else h5
        layers = [_at(group, name) for name in _texts(group, "layer_names")]
        return [_dataset(each, name) for each in layers for name in _texts(each, "weight_names")]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > EXPANSION * info.compress_size or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} has {info.compress_size} bytes that claim to be {info.file_size}")
    return archive.read(info)  # to its end, where zipfile looks at the checksum


def _compared(config: dict[str, Any], named: Named) -> list[str]:
    """Where the layers of a Keras model are in its file, in order.  Raises _AnotherNet unless they are the layers here, class by class."""
    names = {part.kind: part.name for _, part in named}
    layers = [(path, kind) for path, kind in _configured(config, names, "") if kind not in NO_WEIGHTS_NO_MATTER]
    if [kind for _, kind in layers] != [part.kind for _, part in named if part.kind not in NO_WEIGHTS_NO_MATTER]:
        raise _AnotherNet(", ".join(kind for _, kind in layers))
    return [path for path, _ in layers]


def _configured(config: dict[str, Any], names: dict[str, str], outer: str) -> Iterator[tuple[str, str]]:
    kind, layers = config["class_name"], config["config"].get("layers")
    if layers is None:
        raise _AnotherNet(f"a model of class {kind}, which is no chain of layers,")
    if kind != "Sequential":
        _check_chain(layers)
    seen: Counter[str] = Counter()
    for each in layers:
        kind = each["class_name"]
        path = f"{outer}layers/{names.get(kind, kind.lower())}" + (f"_{seen[kind]}" if seen[kind] else "")
        seen[kind] += 1
        if "layers" in each["config"]:
            yield from _configured(each, names, f"{path}/")
        else:
            _check_settings(kind, each["config"])
            yield path, kind


def _check_chain(layers: list[dict[str, Any]]) -> None:
    for before, each in pairwise(layers):
        # a node names its sources as ["conv2d", 0, 0], in the depths of lists and dicts that differ between versions
        sources = re.findall(r'\["([^"]*)", \d+, \d+', json.dumps(each["inbound_nodes"]))
        if sources != [before["name"]]:
            raise _AnotherNet(f"a net where {each['name']} does not follow on {before['name']} alone")


def _check_settings(kind: str, settings: dict[str, Any]) -> None:
    for setting, here in (ALWAYS | ({"activation": "tanh"} if kind == "LSTM" else {})).items():
        if settings.get(setting, here) != here:
            raise _AnotherNet(f"{kind} with {setting} {settings[setting]!r}, which here is {here!r},")


def _of_layers(group: Any, layer: Layer) -> Iterator[np.ndarray]:
    """The arrays of a .weights.h5, which goes by the names that the layers here have too; the order is theirs."""
    parts = layer.layers or (layer,)
    named = list(zip(unique_names(parts), parts, strict=True))
    plain = lambda names: sorted(n for n in names if not re.fullmatch(r"(dropout|input_layer)(_\d+)?", n))
    group = _at(group, "layers")
    if plain(group) != plain(name for name, _ in named):
        raise _AnotherNet(", ".join(plain(group)))
    for name, part in named:
        if part.layers:
            yield from _of_layers(_at(group, name), part)
        elif part.expects != ():
            yield from _variables(_at(group, name))


def _variables(group: Any) -> Iterator[np.ndarray]:
    """The arrays of one layer; an LSTM has them in its cell, and the state of a random generator is in neither."""
    for each in (group, _at(group, "cell")) if "cell" in group else (group,):
        variables = _at(each, "vars")
        for i in range(len(variables)):
            yield _dataset(variables, str(i))


def _texts(group: Any, name: str) -> list[str]:
    return [text.decode() if isinstance(text, bytes) else str(text) for text in group.attrs[name]]


def _at(group: Any, path: str) -> Any:
    """What is there in this file: a link may lead to another one."""
    for name in path.split("/"):
        if type(group.get(name, getlink=True)).__name__ != "HardLink":
            raise ValueError(f"{name} is missing, or kept elsewhere")
        group = group[name]
    return group


def _dataset(group: Any, path: str) -> np.ndarray:
    data = _at(group, path)
    if data.dtype.kind != "f" or data.external or data.is_virtual:
        raise ValueError(f"{path} is {data.dtype}, or kept elsewhere")
    stored = data.id.get_storage_size()
    if data.nbytes > EXPANSION * stored:
        raise ValueError(f"{path} has {stored} bytes that claim to be {data.nbytes}")
    return data[()]
