"""Texts as rows of word numbers, by the rules of Keras' Tokenizer and pad_sequences.

A text is put in lower case, its filtered characters become `split`, and what stands between splits is a word.
The words are numbered from 1 by falling count, equal counts by first appearance; 0 is left for padding.
"""

from __future__ import annotations

import numbers
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from typing import Any, NamedTuple

import numpy as np

from jaxml._arguments import INT32_MAX, describe, flag, integer, refuse

FILTERS = string.punctuation.replace("'", "") + "\t\n"  # the apostrophe belongs to its word


class Vocabulary(NamedTuple):
    """What `fit_on_texts` learned, and the settings by which it reads a text."""

    word_index: dict[str, int]  # every word and its id, the commonest first
    word_counts: dict[str, int]  # every word and how often it came, in order of first appearance
    num_words: int | None
    oov_token: str | None
    filters: str
    lower: bool
    split: str
    char_level: bool

    @property
    def size(self) -> int:
        """The largest id that a sequence can have, plus one for the padding: the vocabulary size of an embedding.

        That is len(word_index) + 1, or num_words where that is less.
        """
        ids, unknown = _ids(self)
        return max([0, unknown or 0, *ids.values()]) + 1


def fit_on_texts(
    texts: Iterable[str],
    *,
    num_words: int | None = None,
    oov_token: str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    char_level: bool = False,
) -> Vocabulary:
    """Numbers the words of the texts.

    `num_words`: sequences keep the ids below it, num_words − 1 words; `word_index` holds all.
    `oov_token`: the word that stands for every word without an id of its own; it gets id 1.  Without it such words are dropped.
    `filters`: characters that divide words as `split` does.  `char_level`: the words are the characters, none filtered.
    Raises TypeError for one bare string and for an entry that is not a string, ValueError for texts without a word.

    >>> vocabulary = fit_on_texts(["The cat sat.", "The dog!"])
    >>> texts_to_sequences(vocabulary, ["the dog sat down", ""])
    [[1, 4, 3], []]
    """
    settings = Vocabulary(
        word_index={},
        word_counts={},
        num_words=None if num_words is None else integer("fit_on_texts", "num_words", num_words, low=1),
        oov_token=None if oov_token is None else _string("oov_token", oov_token),
        filters=_string("filters", filters),
        lower=flag("fit_on_texts", "lower", lower),
        split=_string("split", split),
        char_level=flag("fit_on_texts", "char_level", char_level),
    )
    if not settings.split:
        refuse("fit_on_texts", "split", "is empty", "''", "pass what divides two words, or char_level=True")
    counts = Counter(word for text in _texts("fit_on_texts", texts) for word in _words(settings, text))
    if not counts:
        refuse("fit_on_texts", "texts", "has no words", describe(texts), "pass at least one text with a word that `filters` leaves")
    words = [word for word, _ in counts.most_common()]  # equal counts in order of first appearance
    # subtle: an oov_token that is also a word of the texts has that word's id, and 1 is nobody's; as in Keras
    numbered = enumerate(words if oov_token is None else [oov_token, *words], start=1)
    return settings._replace(word_index={word: i for i, word in numbered}, word_counts=dict(counts))


def texts_to_sequences(vocabulary: Vocabulary, texts: Iterable[str]) -> list[list[int]]:
    """The ids of each text's words; a text without known words gives [].

    Raises TypeError for one bare string and for an entry that is not a string.
    """
    ids, unknown = _ids(_fitted("texts_to_sequences", vocabulary))
    rows = (_words(vocabulary, text) for text in _texts("texts_to_sequences", texts))
    return [[i for word in row if (i := ids.get(word, unknown)) is not None] for row in rows]


def sequences_to_texts(vocabulary: Vocabulary, sequences: Any) -> list[str]:
    """The words of each sequence with a space between; an id without a word, 0 among them, is `oov_token` or nothing."""
    ids, _ = _ids(_fitted("sequences_to_texts", vocabulary))
    words = {i: word for word, i in ids.items()}
    rows = [[words.get(i, vocabulary.oov_token) for i in row.tolist()] for row in _rows("sequences_to_texts", sequences)]
    return [" ".join(word for word in row if word is not None) for row in rows]


def pad_sequences(
    sequences: Any, maxlen: int | None = None, *, padding: str = "pre", truncating: str = "pre", value: int = 0
) -> np.ndarray:
    """Sequences of one length: n lists of ints -> (n, maxlen) int32.

    `maxlen` is the length of the longest unless given.  A shorter sequence is filled with `value`, a longer one cut:
    at its start ("pre") or its end ("post").  Raises ValueError for numbers that are not whole or beyond int32.

    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2).tolist()
    [[0, 1], [3, 4]]
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if not (isinstance(side, str) and side in ("pre", "post")):
            refuse("pad_sequences", name, "is unknown", describe(side), "pass 'pre' or 'post'")
    value = integer("pad_sequences", "value", value, low=-INT32_MAX - 1, high=INT32_MAX)
    rows = _rows("pad_sequences", sequences)
    if not rows:
        refuse("pad_sequences", "sequences", "is empty", describe(sequences), "pass at least one sequence")
    if maxlen is None:
        maxlen = max(map(len, rows))
        if maxlen == 0:
            refuse("pad_sequences", "sequences", "has no ids", describe(sequences), "pass at least one id, or maxlen")
    maxlen = integer("pad_sequences", "maxlen", maxlen, low=1)
    padded = np.full((len(rows), maxlen), value, np.int32)
    for line, row in zip(padded, rows, strict=True):
        kept = row[-maxlen:] if truncating == "pre" else row[:maxlen]
        start = maxlen - len(kept) if padding == "pre" else 0
        line[start : start + len(kept)] = kept
    return padded


def _words(settings: Vocabulary, text: str) -> list[str]:
    text = text.lower() if settings.lower else text
    if settings.char_level:
        return list(text)
    divides = dict.fromkeys(map(ord, settings.filters), settings.split)
    return [word for word in text.translate(divides).split(settings.split) if word]


def _ids(vocabulary: Vocabulary) -> tuple[dict[str, int], int | None]:
    """The words that have an id of their own in a sequence, and the id of all others, None where they are dropped."""
    end = np.inf if vocabulary.num_words is None else vocabulary.num_words
    ids = {word: i for word, i in vocabulary.word_index.items() if i < end}
    return ids, None if vocabulary.oov_token is None else vocabulary.word_index[vocabulary.oov_token]


# ---------------------------------------------------------------- arguments


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        refuse("fit_on_texts", name, "is not a string", describe(value), "pass a string", TypeError)
    return value


def _fitted(function: str, vocabulary: Any) -> Vocabulary:
    if not isinstance(vocabulary, Vocabulary):
        refuse(function, "vocabulary", "is not a Vocabulary", describe(vocabulary), "pass what fit_on_texts returned", TypeError)
    return vocabulary


def _several(function: str, name: str, value: Any, wanted: str) -> list[Any]:
    """What can be gone through entry by entry; the names in a dict or a DataFrame are not its entries."""
    names = isinstance(value, Mapping) or hasattr(value, "columns")
    if names or isinstance(value, (str, bytes)) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        refuse(function, name, "is not a list", describe(value), wanted, TypeError)
    return list(value)


def _texts(function: str, texts: Any) -> list[str]:
    entries = _several(function, "texts", texts, "pass a list of strings; [text] for one")
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            got = f"{describe(entry)} at index {index}"
            refuse(function, "texts", "has an entry that is not a string", got, "pass strings; '' for a missing text", TypeError)
    return entries


def _rows(function: str, sequences: Any) -> list[np.ndarray]:
    """The sequences as arrays of integers within int32, each (t,)."""
    entries = _several(function, "sequences", sequences, "pass a list of lists of ids, as texts_to_sequences gives it")
    rows = [_row(function, entry, f"at index {index}") for index, entry in enumerate(entries)]
    low, high = -INT32_MAX - 1, INT32_MAX
    ids = np.concatenate([np.zeros(1, np.int32), *rows])  # one look at all: one at each row would take longer than the padding
    if ids.min() < low or ids.max() > high:
        got = next(f"{i} at index {index}" for index, row in enumerate(rows) for i in row.tolist() if not low <= i <= high)
        refuse(function, "sequences", "has an id beyond int32", got, "pass ids from texts_to_sequences")
    return rows


def _row(function: str, entry: Any, where: str) -> np.ndarray:
    """One sequence as an array of integers (t,); an empty one may be of any kind."""
    if isinstance(entry, (str, bytes, Mapping)) or not isinstance(entry, Sized):
        wanted = "pass a list of lists of ids; [ids] for one"
        refuse(function, "sequences", "has an entry that is not a list", f"{describe(entry)} {where}", wanted, TypeError)
    try:
        row = np.asarray(entry)
    except ValueError:  # NumPy's word for lists of several lengths inside
        row = np.empty((0, 0))
    if row.ndim != 1:
        refuse(function, "sequences", "has an entry that is not flat", f"{describe(entry)} {where}", "pass a list of ints for each text")
    if row.size and row.dtype.kind not in "iu":
        _only_ints(function, entry, where)  # the list, for in the array [1, 1.7] the 1 is a float too
    return row


def _only_ints(function: str, entry: Any, where: str) -> None:
    strange = [v for v in entry if isinstance(v, bool) or not isinstance(v, numbers.Integral)]
    if strange:
        error = ValueError if isinstance(strange[0], numbers.Real) and not isinstance(strange[0], bool) else TypeError
        refuse(function, "sequences", "has an id that is not an int", f"{strange[0]!r} {where}", "pass ids from texts_to_sequences", error)
