"""Texts as word numbers: Keras' saved answers, Keras itself in a process of its own, properties, and every refusal."""

import importlib.util
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxml.preprocessing import text
from jaxml.preprocessing.text import Vocabulary, fit_on_texts, pad_sequences, sequences_to_texts, texts_to_sequences

DOCS = ["The cat sat on the mat.", "The dog ate the cat!", "", "Dogs & cats: living together...", "don't STOP-me now"]

# ---------------------------------------------------------------- by hand


def test_words_are_numbered_by_falling_count_and_then_by_first_appearance():
    vocabulary = fit_on_texts(["b a", "a c b", "d"])
    assert vocabulary.word_index == {"b": 1, "a": 2, "c": 3, "d": 4}
    assert list(vocabulary.word_index) == ["b", "a", "c", "d"]
    assert vocabulary.word_counts == {"b": 2, "a": 2, "c": 1, "d": 1}
    assert vocabulary.size == 5


def test_what_a_word_is():
    vocabulary = fit_on_texts(DOCS)
    words = ["the", "cat", "sat", "on", "mat", "dog", "ate", "dogs", "cats", "living", "together", "don't", "stop", "me", "now"]
    assert vocabulary.word_index == {word: i for i, word in enumerate(words, start=1)}
    assert texts_to_sequences(vocabulary, ["unseen zebra cat", "THE mat mat", "", "?!"]) == [[2], [1, 5, 5], [], []]


def test_what_divides_words_and_what_does_not():
    """A tab and a line feed divide; a carriage return, a fixed space and an apostrophe do not.  Lower case is not case-folded."""
    assert list(fit_on_texts(["Straße\u00a0a\rb\tc\nd it's  e"]).word_index) == ["straße\u00a0a\rb", "c", "d", "it's", "e"]
    assert list(fit_on_texts([text.FILTERS.join("abc")]).word_index) == ["a", "b", "c"]
    assert list(fit_on_texts(["a::b c,::d"], split="::", filters=",").word_index) == ["a", "b c", "d"]
    assert list(fit_on_texts(["a, b."], filters="").word_index) == ["a,", "b."]
    assert list(fit_on_texts(["Ab, b"], filters=",", lower=False, char_level=True).word_index) == ["b", "A", ",", " "]


def test_num_words_keeps_the_ids_below_it():
    vocabulary = fit_on_texts(DOCS, num_words=3)
    assert len(vocabulary.word_index) == 15
    assert vocabulary.size == 3
    assert texts_to_sequences(vocabulary, DOCS[:2]) == [[1, 2, 1], [1, 1, 2]]


def test_oov_token_is_number_one():
    vocabulary = fit_on_texts(DOCS, num_words=4, oov_token="<OOV>")
    assert list(vocabulary.word_index)[:3] == ["<OOV>", "the", "cat"]
    assert texts_to_sequences(vocabulary, ["the zebra sat on the cat"]) == [[2, 1, 1, 1, 2, 3]]
    assert sequences_to_texts(vocabulary, [[0, 2, 3, 4, 99]]) == ["<OOV> the cat <OOV> <OOV>"]
    assert "<OOV>" not in vocabulary.word_counts


def test_without_oov_token_an_id_without_a_word_is_dropped():
    assert sequences_to_texts(fit_on_texts(DOCS, num_words=3), [[0, 1, 2, 3, 99], []]) == ["the cat", ""]


def test_oov_token_that_is_a_word_has_that_words_number():
    """Keras gives 1 to nobody then, and an embedding of len(word_index) + 1 rows would lack the last word's."""
    vocabulary = fit_on_texts(["the cat the", "a cat"], oov_token="cat")
    assert vocabulary.word_index == {"cat": 3, "the": 2, "a": 4}
    assert texts_to_sequences(vocabulary, ["the zebra", "a"]) == [[2, 3], [4]]
    assert vocabulary.size == 5


@pytest.mark.parametrize(("num_words", "oov_token", "size"), [(1, None, 1), (1, "x", 2), (2, None, 2), (99, None, 4), (2, "c", 5)])
def test_size_is_one_more_than_the_largest_id(num_words, oov_token, size):
    vocabulary = fit_on_texts(["a b c"], num_words=num_words, oov_token=oov_token)
    assert vocabulary.size == size
    assert max([0, *texts_to_sequences(vocabulary, ["a b c zebra"])[0]]) + 1 == size


PADDED = [
    ({}, [[0, 0, 1], [2, 3, 4], [0, 0, 0]]),
    ({"maxlen": 2}, [[0, 1], [3, 4], [0, 0]]),
    ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [0, 0]]),
    ({"maxlen": 4, "padding": "post", "value": -1}, [[1, -1, -1, -1], [2, 3, 4, -1], [-1, -1, -1, -1]]),
]


@pytest.mark.parametrize(("options", "rows"), PADDED)
def test_pad_sequences_by_hand(options, rows):
    padded = pad_sequences([[1], (2, 3, 4), np.array([])], **options)
    assert padded.tolist() == rows
    assert padded.dtype == np.int32


def test_what_came_stays_as_it_was():
    texts, rows = list(DOCS), [[1, 2], [3]]
    vocabulary = fit_on_texts(texts)
    before = (dict(vocabulary.word_index), dict(vocabulary.word_counts))
    texts_to_sequences(vocabulary, ["a new word"])
    pad_sequences(rows, maxlen=1)[:] = 7
    assert (texts, rows) == (DOCS, [[1, 2], [3]])
    assert (vocabulary.word_index, vocabulary.word_counts) == before
    with pytest.raises(AttributeError):
        vocabulary.num_words = 3


def test_any_list_of_strings_will_do():
    pandas = pytest.importorskip("pandas")
    expected = fit_on_texts(DOCS)
    for texts in (tuple(DOCS), np.array(DOCS), np.array(DOCS, dtype=object), pandas.Series(DOCS), (t for t in DOCS)):
        assert fit_on_texts(texts) == expected
    assert texts_to_sequences(expected, np.array(DOCS)) == texts_to_sequences(expected, DOCS)
    assert all(type(word) is str for word in fit_on_texts(np.array(DOCS), lower=False, char_level=True).word_index)


# ---------------------------------------------------------------- Keras: saved answers


@pytest.fixture(scope="module")
def saved(shared):
    return json.loads((shared / "known_answers" / "keras" / "text_preprocessing.json").read_text())


@pytest.mark.parametrize("name", ["plain", "num_words5", "oov", "oov_num_words5", "nolower", "char"])
def test_equals_keras_saved_vocabularies(saved, name):
    case = saved["tokenizer"][name]
    vocabulary = fit_on_texts(saved["docs"], **case["kwargs"])
    assert list(vocabulary.word_index.items()) == list(case["word_index"].items())
    assert texts_to_sequences(vocabulary, saved["docs"] + saved["extra"]) == case["sequences"]


@pytest.mark.parametrize("number", range(6))
def test_equals_keras_saved_paddings(saved, number):
    case = saved["pad_sequences"][number]
    assert len(saved["pad_sequences"]) == 6
    assert pad_sequences(saved["pad_input"], **case["kwargs"]).tolist() == case["out"]


# ---------------------------------------------------------------- Keras: live, on drawn texts

KERAS = """
import json, sys
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

answers = []
for case in json.load(sys.stdin):
    tokenizer = Tokenizer(**case["options"])
    tokenizer.fit_on_texts(case["texts"])
    sequences = tokenizer.texts_to_sequences(case["texts"] + case["unseen"])
    answers.append({
        "word_index": list(tokenizer.word_index.items()),
        "word_counts": list(tokenizer.word_counts.items()),
        "sequences": sequences,
        "back": tokenizer.sequences_to_texts(sequences + case["ids"]),
        "padded": pad_sequences(sequences, **case["padding"]).tolist(),
    })
print(json.dumps(answers))
"""
LETTERS = ["a", "b", "B", "c", "é", "İ", "ß", "'", " ", "  ", ",", ".", "\t", "\n", "\r", "\u00a0", "--", "&lt;", "😀", "0"]
WORDS = ["the", "The", "cat", "don't", "E-mail", "STRASSE", "straße", "x", "::", "a::b", "<OOV>"]


def drawn_text(rng):
    if rng.random() < 0.5:
        return "".join(rng.choices(LETTERS, k=rng.randint(0, 25)))
    return rng.choice([" ", ", ", "::"]).join(rng.choices(WORDS, k=rng.randint(0, 9)))


def drawn_case(seed):
    rng = random.Random(seed)
    options = {
        "num_words": rng.choice([None, None, 1, 2, 3, 5, 8, 100]),
        "oov_token": rng.choice([None, None, "<OOV>", "the", "a", "", " ", "UNK"]),
        "lower": rng.random() < 0.6,
        "char_level": rng.random() < 0.2,
    }
    if rng.random() < 0.3:
        options["filters"] = rng.choice(["", ",.", "abé", "::", " ", "t"])
    if rng.random() < 0.3:
        options["split"] = rng.choice(["::", ",", "a", "  ", "\n", "tt"])
    padding = {
        "maxlen": rng.choice([1, 2, 3, 7, 30]),
        "padding": rng.choice(["pre", "post"]),
        "truncating": rng.choice(["pre", "post"]),
        "value": rng.choice([0, 0, -1, 9]),
    }
    return {
        "options": options,
        "texts": [drawn_text(rng) for _ in range(rng.randint(1, 6))] + ["zz"],
        "unseen": [drawn_text(rng) for _ in range(3)],
        "ids": [[rng.randint(-1, 30) for _ in range(6)]],
        "padding": padding,
    }


N_CASES = 600


@pytest.fixture(scope="module")
def keras_answers(tmp_path_factory):
    """Each drawn case with what Keras makes of it; a process of its own, for its settings and its warnings."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed")
    cases = [drawn_case(seed) for seed in range(N_CASES)]
    environment = os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path_factory.mktemp("keras"))}
    child = subprocess.run(
        [sys.executable, "-c", KERAS], input=json.dumps(cases), capture_output=True, text=True, env=environment, timeout=300
    )
    assert child.returncode == 0, child.stderr
    return list(zip(cases, json.loads(child.stdout.splitlines()[-1]), strict=True))


def test_equals_keras_on_drawn_texts(keras_answers):
    n_texts = 0
    for case, theirs in keras_answers:
        vocabulary = fit_on_texts(case["texts"], **case["options"])
        sequences = texts_to_sequences(vocabulary, case["texts"] + case["unseen"])
        ours = {
            "word_index": [list(pair) for pair in vocabulary.word_index.items()],
            "word_counts": [list(pair) for pair in vocabulary.word_counts.items()],
            "sequences": sequences,
            "back": sequences_to_texts(vocabulary, sequences + case["ids"]),
            "padded": pad_sequences(sequences, **case["padding"]).tolist(),
        }
        assert ours == theirs, case
        n_texts += len(sequences)
    assert n_texts >= 500


def test_the_drawn_texts_are_worth_drawing(keras_answers):
    """Each branch of the rules is met: words dropped, words unknown, rows cut, rows filled, an oov_token among the words."""
    cases = [(case["options"], case["padding"], theirs) for case, theirs in keras_answers]
    assert sum(options["oov_token"] in dict(theirs["word_counts"]) for options, _, theirs in cases) > 20
    assert sum((options["num_words"] or 999) < len(theirs["word_index"]) for options, _, theirs in cases) > 100
    assert sum(any(len(row) > padding["maxlen"] for row in theirs["sequences"]) for _, padding, theirs in cases) > 100
    assert sum(any(0 < len(row) < padding["maxlen"] for row in theirs["sequences"]) for _, padding, theirs in cases) > 100


# ---------------------------------------------------------------- properties

texts_of_words = st.lists(st.text(alphabet="abcde AB,.'", max_size=20), max_size=8).map(lambda texts: [*texts, "word"])


@settings(derandomize=True, deadline=None)
@given(texts_of_words, st.one_of(st.none(), st.integers(1, 9)), st.sampled_from([None, "<OOV>", "a"]))
def test_ids_fit_the_embedding_and_every_position_is_kept_with_an_oov_token(texts, num_words, oov_token):
    vocabulary = fit_on_texts(texts, num_words=num_words, oov_token=oov_token)
    sequences = texts_to_sequences(vocabulary, texts)
    assert all(1 <= i < vocabulary.size for row in sequences for i in row)
    if oov_token is not None:
        assert sum(map(len, sequences)) == sum(vocabulary.word_counts.values())


@settings(derandomize=True, deadline=None)
@given(texts_of_words)
def test_there_and_back(texts):
    """Without num_words the words come back, and number again as before."""
    vocabulary = fit_on_texts(texts)
    sequences = texts_to_sequences(vocabulary, texts)
    back = sequences_to_texts(vocabulary, sequences)
    assert texts_to_sequences(vocabulary, back) == sequences
    assert fit_on_texts(back) == vocabulary


@settings(derandomize=True, deadline=None)
@given(texts_of_words, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_moves_only_equal_counts(texts, rng):
    mixed = rng.sample(texts, len(texts))
    first, second = fit_on_texts(texts), fit_on_texts(mixed)
    assert first.word_counts == second.word_counts
    counts = first.word_counts
    assert [counts[word] for word in first.word_index] == [counts[word] for word in second.word_index]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=6), min_size=1, max_size=6), st.integers(1, 8))
def test_padding_to_the_other_side_is_the_mirror(sequences, maxlen):
    mirrored = pad_sequences([row[::-1] for row in sequences], maxlen, padding="post", truncating="post")
    np.testing.assert_array_equal(pad_sequences(sequences, maxlen), mirrored[:, ::-1])


# ---------------------------------------------------------------- refusals

VOCABULARY = fit_on_texts(DOCS)
NOT_LISTS = ["one text", b"bytes", None, 3, {"a": "text"}, np.array("one text")]


@pytest.mark.parametrize("texts", NOT_LISTS)
def test_refuses_what_is_no_list_of_texts(texts):
    wanted = r"argument 'texts' is not a list; got .*; pass a list of strings; \[text\] for one"
    with pytest.raises(TypeError, match="^fit_on_texts: " + wanted):
        fit_on_texts(texts)
    with pytest.raises(TypeError, match="^texts_to_sequences: " + wanted):
        texts_to_sequences(VOCABULARY, texts)


def test_refuses_a_data_frame():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match="argument 'texts' is not a list; got DataFrame"):
        fit_on_texts(pandas.DataFrame({"text": DOCS}))


@pytest.mark.parametrize(
    ("entry", "got"), [(None, "NoneType None"), (3, "int 3"), (float("nan"), "float nan"), (["a", "b"], "list"), (b"a", "bytes")]
)
def test_refuses_an_entry_that_is_no_string(entry, got):
    wanted = rf"argument 'texts' has an entry that is not a string; got {got}.* at index 1; pass strings"
    with pytest.raises(TypeError, match="^fit_on_texts: " + wanted):
        fit_on_texts(["a", entry])
    with pytest.raises(TypeError, match="^texts_to_sequences: " + wanted):
        texts_to_sequences(VOCABULARY, ["a", entry])


@pytest.mark.parametrize("texts", [[], [""], ["", "?!"]])
def test_refuses_texts_without_a_word(texts):
    with pytest.raises(ValueError, match=r"^fit_on_texts: argument 'texts' has no words; got list .*; pass at least one text"):
        fit_on_texts(texts)


BAD_SETTINGS = [
    ("num_words", 0, ValueError, r"is out of range; got 0; pass an int >= 1"),
    ("num_words", -5, ValueError, r"is out of range; got -5"),
    ("num_words", 2.5, TypeError, r"is not a whole number; got float 2.5"),
    ("num_words", True, TypeError, r"is not a whole number; got bool True"),
    ("oov_token", 1, TypeError, r"is not a string; got int 1; pass a string"),
    ("filters", None, TypeError, r"is not a string; got NoneType None"),
    ("split", None, TypeError, r"is not a string; got NoneType None"),
    ("split", "", ValueError, r"is empty; got ''; pass what divides two words, or char_level=True"),
    ("lower", "False", TypeError, r"is neither True nor False"),
    ("char_level", 1, TypeError, r"is neither True nor False"),
]


@pytest.mark.parametrize(("name", "value", "error", "message"), BAD_SETTINGS)
def test_refuses_settings(name, value, error, message):
    with pytest.raises(error, match=rf"^fit_on_texts: argument '{name}' {message}"):
        fit_on_texts(DOCS, **{name: value})


@pytest.mark.parametrize("vocabulary", [None, Vocabulary, {"the": 1}, VOCABULARY.word_index, tuple(VOCABULARY)])
def test_refuses_what_is_no_vocabulary(vocabulary):
    message = r"argument 'vocabulary' is not a Vocabulary; got .*; pass what fit_on_texts returned"
    with pytest.raises(TypeError, match="^texts_to_sequences: " + message):
        texts_to_sequences(vocabulary, ["the"])
    with pytest.raises(TypeError, match="^sequences_to_texts: " + message):
        sequences_to_texts(vocabulary, [[1]])


BAD_SEQUENCES = [
    ([], ValueError, r"is empty; got list \[\]; pass at least one sequence"),
    ([[], []], ValueError, r"has no ids; got list \[\[\], \[\]\]; pass at least one id, or maxlen"),
    ("abc", TypeError, r"is not a list; got str 'abc'; pass a list of lists of ids"),
    (None, TypeError, r"is not a list; got NoneType None"),
    ({1: [2]}, TypeError, r"is not a list; got dict"),
    (np.array(3), TypeError, r"is not a list; got int64 of shape \(\)"),
    ([1, 2], TypeError, r"has an entry that is not a list; got int 1 at index 0; pass a list of lists of ids; \[ids\] for one"),
    ([[1], None], TypeError, r"has an entry that is not a list; got NoneType None at index 1"),
    ([[1], "ab"], TypeError, r"has an entry that is not a list; got str 'ab' at index 1"),
    ([[1], [[2, 3], [4, 5]]], ValueError, r"has an entry that is not flat; got list .* at index 1; pass a list of ints for each text"),
    ([[1], [[2], [3, 4]]], ValueError, r"has an entry that is not flat"),
    ([{1, 2}], ValueError, r"has an entry that is not flat"),
    ([[1, 1.7]], ValueError, r"has an id that is not an int; got 1.7 at index 0; pass ids from texts_to_sequences"),
    ([np.array([0.5], np.float32)], ValueError, r"has an id that is not an int; got np.float32\(0.5\) at index 0"),
    ([[2**63, -1]], ValueError, r"has an id beyond int32; got 9"),
    ([[1], [2.0]], ValueError, r"has an id that is not an int; got 2.0 at index 1"),
    ([[float("nan")]], ValueError, r"has an id that is not an int; got nan"),
    ([[1, None]], TypeError, r"has an id that is not an int; got None at index 0"),
    ([["the"]], TypeError, r"has an id that is not an int; got 'the' at index 0"),
    ([[True, False]], TypeError, r"has an id that is not an int; got True"),
    ([[1], [2**31]], ValueError, r"has an id beyond int32; got 2147483648 at index 1; pass ids from texts_to_sequences"),
    ([[-(2**31) - 1]], ValueError, r"has an id beyond int32; got -2147483649 at index 0"),
    ([[1, 2**70]], ValueError, r"has an id beyond int32; got 1180591620717411303424"),
]


@pytest.mark.parametrize(("sequences", "error", "message"), BAD_SEQUENCES)
def test_refuses_sequences(sequences, error, message):
    with pytest.raises(error, match=rf"^pad_sequences: argument 'sequences' (?:{message})"):
        pad_sequences(sequences)


def test_refuses_no_sequences_with_maxlen_too():
    with pytest.raises(ValueError, match=r"^pad_sequences: argument 'sequences' is empty; got list \[\]; pass at least one sequence"):
        pad_sequences([], maxlen=3)


def test_sequences_to_texts_refuses_as_pad_sequences_does():
    with pytest.raises(ValueError, match=r"^sequences_to_texts: argument 'sequences' has an id that is not an int; got 1.5 at index 0"):
        sequences_to_texts(VOCABULARY, [[1.5]])


BAD_PADDING = [
    ("maxlen", 0, ValueError, r"is out of range; got 0; pass an int >= 1"),
    ("maxlen", -1, ValueError, r"is out of range; got -1"),
    ("maxlen", 2.5, TypeError, r"is not a whole number; got float 2.5"),
    ("padding", "left", ValueError, r"is unknown; got str 'left'; pass 'pre' or 'post'"),
    ("padding", None, ValueError, r"is unknown; got NoneType None"),
    ("truncating", "Pre", ValueError, r"is unknown; got str 'Pre'; pass 'pre' or 'post'"),
    ("value", 0.5, TypeError, r"is not a whole number; got float 0.5"),
    ("value", 2**31, ValueError, r"is out of range; got 2147483648"),
]


@pytest.mark.parametrize(("name", "value", "error", "message"), BAD_PADDING)
def test_refuses_options_of_padding(name, value, error, message):
    with pytest.raises(error, match=rf"^pad_sequences: argument '{name}' {message}"):
        pad_sequences([[1], [2, 3]], **{name: value})


def test_ids_at_the_ends_of_int32_are_kept():
    assert pad_sequences([[2**31 - 1], [-(2**31), 5]], value=-(2**31)).tolist() == [[-(2**31), 2**31 - 1], [-(2**31), 5]]


def test_the_room_has_the_module():
    from jaxml import preprocessing

    assert preprocessing.text is text
