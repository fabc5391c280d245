"""The embedded data: frozen facts about each, scikit-learn's loaders as the oracle, and idx files good and bad."""

import gzip
import hashlib
import html
import re
import struct
import tracemalloc
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from jaxml.datasets import real

SCIKIT_LEARNS = ["iris", "wine", "breast_cancer", "digits", "diabetes"]
NAMES = [*SCIKIT_LEARNS, "diamonds"]
EVERY_NAME = [*NAMES, "fashion_mnist", "sms_spam"]
FILES = files("jaxml.datasets") / "files"


def load(name, **options):
    return getattr(real, f"load_{name}")(**options)


# name, options, shape, Σx, Σy, columns 0 to 4 of row 100, the last name of a feature, the names of the target
FROZEN = [
    ("iris", {}, (150, 4), 2078.7, 150, [6.3, 3.3, 6.0, 2.5], "petal width (cm)", ("setosa", "versicolor", "virginica")),
    ("wine", {}, (178, 13), 159975.295999, 167, [12.08, 2.08, 1.7, 17.5, 97.0], "proline", ("class_0", "class_1", "class_2")),
    (
        "breast_cancer",
        {},
        (569, 30),
        1056474.4596356,
        357,
        [13.61, 24.98, 88.05, 582.7, 0.09488],
        "worst fractal dimension",
        ("malignant", "benign"),
    ),
    ("digits", {}, (1797, 64), 561718, 8070, [0, 0, 0, 2, 13], "pixel_7_7", tuple("0123456789")),
    ("diabetes", {"scaled": False}, (442, 10), 276404.2336, 67243, [53, 1, 28, 88, 233], "s6", ("disease progression",)),
    ("diamonds", {}, (53940, 9), 7787310.52, 212135217, [0.75, 2, 6, 2, 63.2], "z", ("price in US dollars",)),
]


@pytest.mark.parametrize(("name", "options", "shape", "sum_x", "sum_y", "row", "last_feature", "target_names"), FROZEN)
def test_frozen(name, options, shape, sum_x, sum_y, row, last_feature, target_names):
    table = load(name, **options)
    assert table.x.shape == shape
    assert table.y.shape == shape[:1]
    assert table.x.dtype == np.float64
    assert table.y.dtype == (np.float64 if name in ("diabetes", "diamonds") else np.int32)
    assert table.x.sum() == pytest.approx(sum_x, rel=1e-13)
    assert table.y.sum() == sum_y
    assert table.x[100, :5].tolist() == row
    assert len(table.feature_names) == shape[1]
    assert table.feature_names[-1] == last_feature
    assert table.target_names == target_names


def test_iris_is_fishers_table_not_ucis():
    x = load("iris").x
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_diabetes_is_scaled_unless_told():
    x = load("diabetes").x
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose((x**2).sum(axis=0), 1, rtol=1e-14)
    assert x[0, :3].tolist() == pytest.approx([0.038075906433423026, 0.05068011873981862, 0.061696206518683294], rel=1e-14)


def test_diamonds_are_ggplot2s():
    """The ranges in ggplot2's documentation of the table, and the members of each grade as R counts them, the worst first."""
    table = load("diamonds")
    column = dict(zip(table.feature_names, table.x.T, strict=True))
    limits = {"carat": (0.2, 5.01), "x": (0, 10.74), "y": (0, 58.9), "z": (0, 31.8), "depth": (43, 79), "table": (43, 95)}
    for name, (low, high) in limits.items():
        assert (column[name].min(), column[name].max()) == (low, high), name
    assert (table.y.min(), table.y.max()) == (326, 18823)
    grades = {
        "cut": [1610, 4906, 12082, 13791, 21551],
        "color": [2808, 5422, 8304, 11292, 9542, 9797, 6775],
        "clarity": [741, 9194, 13065, 12258, 8171, 5066, 3655, 1790],
    }
    for name, counts in grades.items():
        assert np.bincount(column[name].astype(int)).tolist() == counts, name
    assert table.x[:2].tolist() == [[0.23, 4, 5, 1, 61.5, 55, 3.95, 3.98, 2.43], [0.21, 3, 5, 2, 59.8, 61, 3.89, 3.84, 2.31]]


def test_diamonds_measure_what_they_say():
    """depth is 200 z / (x + y); better cuts of the same stone cost more, once weight is taken out."""
    table = load("diamonds")
    carat, cut, _, _, depth, _, x, y, z = table.x.T
    whole = (table.x[:, 6:] > 0).all(axis=1)
    assert (~whole).sum() == 20
    assert np.median(np.abs(depth - 200 * z / np.where(whole, x + y, np.nan))[whole]) < 0.05  # rounded to 0.1 in the source
    for grade in (cut, *table.x.T[2:4]):
        weight = np.c_[np.ones(len(carat)), np.log(carat), grade]
        assert np.linalg.lstsq(weight, np.log(table.y), rcond=None)[0][2] > 0.02


def test_digits_below_n_class():
    table = load("digits", n_class=3)
    assert table.x.shape == (537, 64)
    assert set(table.y.tolist()) == {0, 1, 2}
    assert table.target_names == ("0", "1", "2")


BAD_N_CLASS = [
    (0, ValueError),
    (11, ValueError),
    (-1, ValueError),
    (2.5, TypeError),
    (True, TypeError),
    ("3", TypeError),
    (None, TypeError),
]


@pytest.mark.parametrize(("n_class", "error"), BAD_N_CLASS)
def test_digits_refuses_n_class(n_class, error):
    with pytest.raises(error, match=r"load_digits: argument 'n_class'"):
        load("digits", n_class=n_class)


def test_diabetes_refuses_scaled():
    with pytest.raises(TypeError, match=r"load_diabetes: argument 'scaled'.*'False'"):
        load("diabetes", scaled="False")


@pytest.mark.parametrize("name", NAMES)
def test_each_call_gives_arrays_of_ones_own(name):
    first = load(name)
    first.x[:], first.y[:] = -1, -1
    second = load(name)
    assert (second.x[0] != -1).any()
    assert second.y.max() > 0
    assert second.x.flags.c_contiguous


def same(ours, theirs, name):
    """Equal; of diabetes, to the last bit or two: scikit-learn 1.6 read the decimals of its text file otherwise than 1.9."""
    return np.allclose(ours, theirs, rtol=4e-16, atol=1e-16) if name == "diabetes" else np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", SCIKIT_LEARNS)
def test_equals_scikit_learn(name):
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs, ours = getattr(sklearn_datasets, f"load_{name}")(), load(name)
    assert same(ours.x, theirs.data, name)
    assert np.array_equal(ours.y, theirs.target)
    assert ours.feature_names == tuple(theirs.feature_names)
    if name != "diabetes":
        assert ours.target_names == tuple(str(t) for t in theirs.target_names)


@pytest.mark.parametrize(("name", "options"), [("diabetes", {"scaled": False}), ("digits", {"n_class": 4})])
def test_equals_scikit_learn_with_options(name, options):
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs, ours = getattr(sklearn_datasets, f"load_{name}")(**options), load(name, **options)
    assert same(ours.x, theirs.data, name)
    assert np.array_equal(ours.y, theirs.target)


# ---------------------------------------------------------------- clothes


def digest(values):
    return hashlib.sha256(values if isinstance(values, bytes) else values.tobytes()).hexdigest()[:16]


def test_fashion_mnist_is_zalandos():
    """The digests are of the original's bytes, taken when they were cut."""
    images = load("fashion_mnist")
    parts = {"x": ((5000, 28, 28, 1), 500), "x_test": ((1000, 28, 28, 1), 100)}
    for key, (shape, n_each) in parts.items():
        x, y = getattr(images, key), getattr(images, key.replace("x", "y"))
        assert (x.shape, x.dtype, y.shape, y.dtype) == (shape, np.float32, shape[:1], np.int32)
        assert (x.min(), x.max()) == (0, 1)
        assert np.bincount(y).tolist() == [n_each] * 10
        assert y[:20].tolist() == [*range(10), *range(10)]
    levels = [np.rint(x * 255).astype(np.uint8) for x in (images.x, images.x_test)]
    np.testing.assert_array_equal(levels[0] / np.float32(255), images.x)
    assert [digest(a) for a in levels] == ["1c09648a17b2acf8", "e9f89eb06e8c2328"]
    assert [int(a.sum()) for a in levels] == [287231516, 56973981]
    assert images.target_names == ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def test_fashion_mnist_is_as_grey_as_the_whole():
    """The mean and deviation by which everyone scales the 60,000: 0.2860 and 0.3530."""
    x = load("fashion_mnist").x.astype(np.float64)
    # were the pixels of an image all alike, the mean over 5000 images would stray by 0.353 / √5000 = 0.005; they are not
    assert x.mean() == pytest.approx(0.2860, abs=0.005)
    assert x.std() == pytest.approx(0.3530, abs=0.005)


def test_fashion_mnist_has_no_image_twice():
    images = load("fashion_mnist")
    assert len({image.tobytes() for image in np.concatenate([images.x, images.x_test])}) == 6000


def test_fashion_mnist_looks_like_clothes():
    """A boot is higher than a sneaker, trousers leave a gap between the legs, a T-shirt's arms end before a pullover's."""
    images = load("fashion_mnist")
    mean = {name: images.x[images.y == label, :, :, 0].mean(axis=0) for label, name in enumerate(images.target_names)}
    assert mean["Ankle boot"][:10].mean() > 3 * mean["Sneaker"][:10].mean()
    assert mean["Trouser"][-6:, 13:15].mean() < 0.5 * mean["Trouser"][-6:, 9:12].mean()
    assert mean["Pullover"][15:, 3:6].mean() > 3 * mean["T-shirt/top"][15:, 3:6].mean()


def idx_bytes(array):
    return struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


FILE_NAMES = {part: (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte") for part in ("train", "t10k")}
PIXELS = {part: np.random.RandomState(n).randint(0, 256, (n, 28, 28)).astype(np.uint8) for part, n in (("train", 12), ("t10k", 3))}
KINDS = {part: (np.arange(len(x)) % 10).astype(np.uint8) for part, x in PIXELS.items()}


@pytest.fixture
def folder(tmp_path):
    """The four files, of 12 and 3 images; the test images and the training labels packed."""
    for part, (images, labels) in FILE_NAMES.items():
        for name, array in ((images, PIXELS[part]), (labels, KINDS[part])):
            packed = name in ("t10k-images-idx3-ubyte", "train-labels-idx1-ubyte")
            (tmp_path / (name + ".gz" * packed)).write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    return tmp_path


@pytest.mark.parametrize("kind", [str, lambda folder: folder])
def test_fashion_mnist_from_a_folder(folder, kind):
    images = load("fashion_mnist", folder=kind(folder))
    np.testing.assert_array_equal(images.x, (PIXELS["train"] / np.float32(255))[..., None])
    np.testing.assert_array_equal(images.x_test, (PIXELS["t10k"] / np.float32(255))[..., None])
    assert images.y.tolist() == KINDS["train"].tolist()
    assert images.y_test.tolist() == [0, 1, 2]
    assert {array.dtype for array in images[:4]} == {np.dtype(np.float32), np.dtype(np.int32)}
    assert images.target_names == load("fashion_mnist").target_names


IMAGES, PACKED, LABELS, LABELS_PACKED = (
    "train-images-idx3-ubyte",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte",
    "train-labels-idx1-ubyte.gz",
)
HEAD = struct.pack(">4I", 0x803, 3, 28, 28)
BAD_FILES = {
    "cut short": (IMAGES, lambda whole: whole[:-1], "has another length than its header says; got 9407 of 9408 bytes after the header"),
    "longer": (IMAGES, lambda whole: whole + b"1", "has another length than its header says; got more than 9408 bytes after the header"),
    "empty": (IMAGES, lambda whole: b"", "does not begin as Fashion-MNIST's does; got the bytes ;"),
    "half a header": (LABELS, lambda whole: whole[:6], "does not begin as Fashion-MNIST's does; got the bytes 00000801 0000"),
    "labels for images": (IMAGES, lambda whole: idx_bytes(KINDS["train"]), "does not begin as Fashion-MNIST's does"),
    "signed bytes": (IMAGES, lambda whole: b"\0\0\x09" + whole[3:], "does not begin as Fashion-MNIST's does; got the bytes 00000903"),
    "text": (IMAGES, lambda whole: b"<!DOCTYPE html><html>", "does not begin as Fashion-MNIST's does; got the bytes 3c21444f"),
    "other size": (IMAGES, lambda whole: idx_bytes(PIXELS["train"][:, :27]), "does not begin as Fashion-MNIST's does"),
    "no images": (IMAGES, lambda whole: idx_bytes(PIXELS["train"][:0]), "does not begin as Fashion-MNIST's does"),
    "too many": (IMAGES, lambda whole: struct.pack(">4I", 0x803, 60001, 28, 28) + whole[16:], "does not begin as Fashion-MNIST's does"),
    "four billion": (IMAGES, lambda whole: struct.pack(">4I", 0x803, 2**32 - 1, 28, 28), "does not begin as Fashion-MNIST's does"),
    "one image more": (
        IMAGES,
        lambda whole: idx_bytes(np.zeros((13, 28, 28), np.uint8)),
        "train-labels-idx1-ubyte does not match the images; got 12 labels for 13 images",
    ),
    "a kind too many": (LABELS, lambda whole: whole[:-1] + b"\n", "has a label past the last kind; got 10 at row 2"),
    "not packed": (PACKED, lambda whole: gzip.decompress(whole), "cannot be unpacked; got Not a gzipped file"),
    "packed, cut": (PACKED, lambda whole: whole[:-9], "cannot be unpacked; got Compressed file ended"),
    "packed, broken": (PACKED, lambda whole: whole[:12] + bytes(60) + whole[72:], "cannot be unpacked; got "),
    "packed, wrong sum": (PACKED, lambda whole: whole[:-8] + bytes(8), "cannot be unpacked; got CRC check failed"),
    "packed, longer": (
        PACKED,
        lambda whole: gzip.compress(HEAD + bytes(10**6)),
        "has another length than its header says; got more than 2352",
    ),
    "packed labels, cut": (
        LABELS_PACKED,
        lambda whole: gzip.compress(idx_bytes(KINDS["train"])[:-2]),
        "has another length than its header",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_fashion_mnist_refuses_a_file(folder, case):
    name, spoil, message = BAD_FILES[case]
    (folder / name).write_bytes(spoil((folder / name).read_bytes()))
    with pytest.raises(ValueError) as caught:
        load("fashion_mnist", folder=folder)
    words = str(caught.value)
    assert words.startswith("load_fashion_mnist: argument 'folder' has a file that will not do: ")
    assert (message if case == "one image more" else f"{name} {message}") in words
    assert words.endswith("each as it is or with .gz")


def test_fashion_mnist_unpacks_no_more_than_the_header_promises(folder):
    """16 MB of zeros packed in 16 kB: the memory that reading takes stays below 4 MB."""
    (folder / PACKED).write_bytes(gzip.compress(HEAD + bytes(2**24)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 2352 bytes"):
        real._idx_file(folder, "t10k-images-idx3-ubyte", (10000, 28, 28))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("name", [IMAGES, PACKED, LABELS, LABELS_PACKED])
def test_fashion_mnist_refuses_a_folder_without_a_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"has a file that will not do: {name.removesuffix('.gz')} is missing; got '.*'; pass the folder"
    ):
        load("fashion_mnist", folder=folder)


def test_fashion_mnist_refuses_a_folder_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte is missing; got '.*nowhere'"):
        load("fashion_mnist", folder=tmp_path / "nowhere")
    with pytest.raises(TypeError, match=r"^load_fashion_mnist: argument 'folder' is not a path; got int 3; pass the folder"):
        load("fashion_mnist", folder=3)


# ---------------------------------------------------------------- text messages


def test_sms_spam_is_the_collection():
    """5574 messages, 747 of them spam, and 5171 different, as its authors and its users count them."""
    messages = load("sms_spam")
    assert type(messages.texts) is tuple
    assert {type(text) for text in messages.texts} == {str}
    assert (len(messages.texts), messages.y.shape, messages.y.dtype) == (5574, (5574,), np.int32)
    assert np.bincount(messages.y).tolist() == [4827, 747]
    assert messages.target_names == ("ham", "spam")
    assert len(set(messages.texts)) == 5171
    assert messages.texts[0].startswith("Go until jurong point, crazy..")
    assert messages.texts[-1] == "Rofl. Its true to its name"
    assert messages.texts[2].startswith("Free entry in 2 a wkly comp") and messages.y[2] == 1
    assert digest("\n".join(messages.texts).encode()) == "a8634eb9880ab451"
    assert digest(messages.y.astype(np.uint8)) == "c6d02867131cbad1"


def test_sms_spam_has_no_swallowed_messages():
    """Its source had 737 messages inside eight others, labels, tabs and all."""
    messages = load("sms_spam")
    assert not any(c in text for text in messages.texts for c in "\n\t\r")
    assert (min(map(len, messages.texts)), max(map(len, messages.texts))) == (2, 910)
    assert sum(text.startswith('"') and text.count('"') % 2 == 0 for text in messages.texts) > 8
    swallowed = messages.texts.index("Nokia phone is lovly..")  # the first after "Response" is one of d powerful weapon
    assert messages.texts[swallowed - 1].startswith('"Response" is one of d powerful weapon')
    assert messages.y[swallowed : swallowed + 3].tolist() == [0, 1, 1]


def test_sms_spam_is_as_dirty_as_its_section_says():
    messages = load("sms_spam")
    told = (FILES / "LICENSES.md").read_text(encoding="utf-8").split("\n## sms_spam\n")[1].split("\n## ")[0]
    again = [i for i, text in enumerate(messages.texts) if text in messages.texts[:i]]
    escaped = [re.findall("&(?:lt|gt|amp);", text) for text in messages.texts]
    counts = {
        "messages repeat an earlier one": len(again),
        "ham,": sum(messages.y[again] == 0),
        "spam);": sum(messages.y[again] == 1),
        "are different": len(set(messages.texts)),
        "messages have `&lt;`": sum(map(bool, escaped)),
        "times);": sum(map(len, escaped)),
        "messages have characters from U+0091 to U+0096": sum(bool(re.search("[\x91-\x96]", text)) for text in messages.texts),
        "messages begin or end with white space": sum(text != text.strip() for text in messages.texts),
    }
    for words, count in counts.items():
        assert f"{count} {words}" in told, words
    assert not any(re.search("[\x80-\x90\x97-\x9f]", text) for text in messages.texts)
    assert {html.unescape(name) for names in escaped for name in names} == {"<", ">", "&"}


def test_sms_spam_has_no_text_with_two_labels():
    messages = load("sms_spam")
    once = dict(zip(messages.texts, messages.y.tolist(), strict=True))
    assert all(once[text] == label for text, label in zip(messages.texts, messages.y.tolist(), strict=True))
    assert Counter(once.values()) == {0: 4518, 1: 653}


# ---------------------------------------------------------------- the files


@pytest.mark.parametrize("name", ["fashion_mnist", "sms_spam"])
def test_each_call_gives_labels_and_images_of_ones_own(name):
    for array in load(name)[:4]:
        if isinstance(array, np.ndarray):
            array[:] = -1
    assert all(array.min() >= 0 for array in load(name)[:4] if isinstance(array, np.ndarray))


def test_files_are_small_and_hold_no_pickles():
    sizes = [len((FILES / f"{name}.npz").read_bytes()) for name in EVERY_NAME]
    assert sum(sizes) < 3_500_000
    assert sum(1 for file in FILES.iterdir() if file.name.endswith(".npz")) == len(EVERY_NAME)
    for name in EVERY_NAME:
        with (FILES / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as npz:
            assert all(npz[key].dtype.kind in "fiuU" for key in npz.files)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_licences_tell_of_every_table(name):
    text = (FILES / "LICENSES.md").read_text(encoding="utf-8")
    assert f"`{name}.npz`" in text
    assert f"\n## {name}\n" in text


def test_the_recipe_in_the_licences_makes_the_files(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    recipe = re.search(r"```python\n(.*?)```", (FILES / "LICENSES.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
    monkeypatch.chdir(tmp_path)
    exec(recipe, {})
    for name in SCIKIT_LEARNS:
        with np.load(tmp_path / f"{name}.npz") as made, (FILES / f"{name}.npz").open("rb") as file, np.load(file) as shipped:
            assert made.files == shipped.files
            for key in made.files:
                assert made[key].dtype == shipped[key].dtype
                assert same(made[key], shipped[key], name) if made[key].dtype.kind == "f" else np.array_equal(made[key], shipped[key])
