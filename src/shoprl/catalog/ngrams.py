"""Counts words and word pairs of texts, department by department, in bounded memory.

Words are those of scikit-learn's vectorizers (two characters or more, stop words left out). A word is a number here,
and an n-gram of a department one 64-bit key, which NumPy counts by sorting.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.stop_words import ENGLISH
from shoprl.errors import StorageError

STOP, OTHER = 0, 1  # numbers of words: one that is skipped, and one that ends a pair and is not counted
_FIRST = 2
_WORD_BITS, _DEPARTMENT_BITS = 22, 20
MAX_DEPARTMENTS = 1 << _DEPARTMENT_BITS  # those beyond share the last one
BLOCK = 1_000_000  # words looked at together

Texts = Iterable[tuple[str, str, str]]  # department, text, and words (a brand) that are not counted in this text
_words = re.compile(r"(?u)\b\w\w+\b").findall
_words_and_signs = re.compile(r"\w+|[,.;:!?()\[\]|/•]").findall
_STOPS = dict.fromkeys([*ENGLISH, *map(str, range(1_000))], STOP)
_ENDS = dict.fromkeys(ENGLISH, OTHER)

_UNIT_NAMES = (
    "mm cm dm km ml cl dl mg kg gr lb lbs oz fl inch inches ft yd mb gb tb ghz mhz khz hz kw kwh wh mah ah va dpi "
    "ppm rpm db px mp nm nits pcs pc qty cd ms sec min hr hrs btu psi"
)
_UNITS = frozenset(_UNIT_NAMES.split())


def is_readable(word: str) -> bool:
    """Whether a person would name the word: no number, no model number, no unit alone."""
    return len(word) > 1 and word not in _UNITS and not any(map(str.isdigit, word)) and "_" not in word


@dataclass(frozen=True, slots=True)
class Limits:
    """How many different things a count holds before the rarest are dropped (lossy counting).

    Attributes:
        words: different words, at most three million.
        keys: different n-grams of one length.
        block: words looked at together.
    """

    words: int = 1_500_000
    keys: int = 8_000_000
    block: int = BLOCK


@dataclass(frozen=True, slots=True)
class Block:
    """Some texts in a row.

    Attributes:
        departments: of each text.
        words: numbers of all their words, without stop words.
        texts: of each word, the place of its text in ``departments``.
    """

    departments: NDArray[np.int64]
    words: NDArray[np.int64]
    texts: NDArray[np.int64]

    def keys(self, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The n-grams of ``length`` 1 or 2 in order, and the text that each is of."""
        last = self.words[length - 1 :]
        first = self.words[: len(last)] if length == 2 else np.zeros_like(last)
        texts = self.texts[length - 1 :]
        known = last > OTHER
        if length == 2:
            known &= (first > OTHER) & (self.texts[: len(last)] == texts)
        return make_key(self.departments[texts], first, last)[known], texts[known]


def make_key(department: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The keys of n-grams; ``first`` is 0 for single words."""
    # Departments above the sign bit come out negative, which changes the order of keys and nothing else.
    return (department << (2 * _WORD_BITS)) | (first << _WORD_BITS) | last


def split_key(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Department, first and last word of keys; see :func:`make_key`."""
    word = (1 << _WORD_BITS) - 1
    return (keys >> (2 * _WORD_BITS)) & (MAX_DEPARTMENTS - 1), (keys >> _WORD_BITS) & word, keys & word


class Numbers(dict[str, int]):
    """Numbers of words, given as they are met.

    Args:
        readable: count only words that :func:`is_readable`; stop words and signs end a pair, so that pairs are phrases.
    """

    def __init__(self, readable: bool) -> None:
        super().__init__(_ENDS if readable else _STOPS)
        self.readable, self.next = readable, _FIRST

    def __missing__(self, word: str) -> int:
        if self.readable and not is_readable(word):
            return OTHER
        self[word] = number = self.next
        self.next += 1
        return number


class _Counts:
    """Keys in order, with how often each was met."""

    def __init__(self) -> None:
        self.keys = np.empty(0, dtype=np.int64)
        self.counts = np.empty(0, dtype=np.int64)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self.waits = 0

    def add(self, keys: NDArray[np.int64]) -> None:
        pair: tuple[NDArray[np.int64], NDArray[np.int64]] = np.unique(keys, return_counts=True)
        self._waiting.append(pair)
        self.waits += len(pair[0])
        if 2 * self.waits > len(self.keys):  # each merge costs a pass over all
            self.merge()

    def merge(self) -> None:
        parts = [(self.keys, self.counts), *self._waiting]
        self._waiting, self.waits = [], 0
        keys, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(keys, kind="stable")  # merges runs that are sorted
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else order
        self.keys = keys[starts]
        self.counts = np.add.reduceat(counts, starts) if len(starts) else counts

    def keep(self, kept: NDArray[np.bool_]) -> None:
        self.keys, self.counts = self.keys[kept], self.counts[kept]

    def prune(self, most: int) -> None:
        """Drop the rarest until at most half of ``most`` are left, where there are more than ``most``."""
        if len(self.keys) > most:
            self.keep(self.counts > _rarest(self.counts, most // 2))


def _rarest(counts: NDArray[np.int64], most: int) -> int:
    """The lowest count above which at most ``most`` of ``counts`` lie."""
    return int(np.partition(counts, len(counts) - most - 1)[len(counts) - most - 1])


class Vocabulary:
    """All n-grams of texts, each with how often it occurs in its department.

    Exact while the different words and n-grams stay within ``limits``; beyond, rare ones are dropped and begin at
    nought when they are met again, as in lossy counting (Manku and Motwani, 2002).

    The texts are kept in a temporary file, four bytes a word, so that they are gone through once.

    Args:
        readable: as :class:`Numbers`.
        limits: what is held at most.
    """

    def __init__(self, readable: bool = False, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.numbers = Numbers(readable)
        self.departments: dict[str, int] = {}
        self._counts = {1: _Counts(), 2: _Counts()}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as this is)
        self._blocks = [0]  # how many were written before words were numbered anew for the first, second ... time
        self._renumbered: list[NDArray[np.int32]] = []

    def count(self, texts: Texts) -> None:
        """Count the n-grams of texts.

        Raises:
            StorageError: the temporary file cannot be written.
        """
        for block in _blocks(texts, self.numbers, self.departments, self.limits.block):
            for length, counts in self._counts.items():
                counts.add(block.keys(length)[0])
                if len(counts.keys) + counts.waits > self.limits.keys:
                    counts.merge()
                    counts.prune(self.limits.keys)
            self._write(block)
            if self.numbers.next - _FIRST > self.limits.words:
                self._forget()

    def _write(self, block: Block) -> None:
        try:
            for part in (block.departments, block.words, block.texts):
                np.save(self._file, part.astype(np.int32))
        except OSError as error:
            raise StorageError(
                f"{tempfile.gettempdir()}: cannot be written ({error}). Free some space there."
            ) from error
        self._blocks[-1] += 1

    def blocks(self) -> Iterator[Block]:
        """Yield what was counted again, in words' present numbers; a word that was dropped is :data:`OTHER`."""
        self._file.seek(0)
        for age, count in enumerate(self._blocks):
            for _ in range(count):
                departments, words, texts = (np.load(self._file) for _ in range(3))
                for numbers in self._renumbered[age:]:
                    words = numbers[words]
                yield Block(departments.astype(np.int64), words.astype(np.int64), texts.astype(np.int64))

    def counted(self, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The keys of n-grams in order, and how often each occurs."""
        counts = self._counts[length]
        counts.merge()
        return counts.keys, counts.counts

    def _forget(self) -> None:
        """Drop the rarest words, with their pairs, and number the others anew."""
        totals = np.zeros(self.numbers.next, dtype=np.int64)
        keys, counts = self.counted(1)
        np.add.at(totals, split_key(keys)[2], counts)
        kept = totals > _rarest(totals[_FIRST:], min(self.limits.words // 2, self.numbers.next - _FIRST - 1))
        kept[:_FIRST] = False
        new = np.zeros(len(totals), dtype=np.int64)
        new[kept] = np.arange(_FIRST, _FIRST + int(kept.sum()))
        words = [(word, int(new[number])) for word, number in self.numbers.items() if number >= _FIRST and kept[number]]
        self.numbers.clear()
        self.numbers.update((_ENDS if self.numbers.readable else _STOPS) | dict(words))
        self.numbers.next = _FIRST + len(words)
        self._renumbered.append(np.where(kept, new, OTHER).astype(np.int32))
        self._blocks.append(0)
        for length in self._counts:
            self.counted(length)
            held = self._counts[length]
            department, first, last = split_key(held.keys)
            held.keep(kept[last] & (kept[first] if length == 2 else True))
            department, first, last = split_key(held.keys)
            held.keys = make_key(department, new[first] if length == 2 else first, new[last])  # in order still


def _blocks(texts: Texts, numbers: Numbers, departments: dict[str, int], size: int) -> Iterator[Block]:
    words: list[int] = []
    lengths: list[int] = []
    members: list[int] = []
    number, split = numbers.__getitem__, _words_and_signs if numbers.readable else _words
    for department, text, unwanted in texts:
        found = split(text.lower())
        left_out = _set_of(unwanted)
        before = len(words)
        if left_out.isdisjoint(found):
            words.extend(map(number, found))
        else:
            words.extend(OTHER if word in left_out else number(word) for word in found)
        lengths.append(len(words) - before)
        members.append(min(departments.setdefault(department, len(departments)), MAX_DEPARTMENTS - 1))
        if len(words) >= size or len(lengths) >= size:
            yield _block(words, lengths, members)
            words, lengths, members = [], [], []
    if lengths:
        yield _block(words, lengths, members)


@lru_cache(maxsize=10_000)
def _set_of(text: str) -> frozenset[str]:
    return frozenset(_words(text.lower()))


def _block(words: list[int], lengths: list[int], departments: list[int]) -> Block:
    numbers = np.array(words, dtype=np.int64)
    texts = np.repeat(np.arange(len(lengths)), lengths)
    kept = numbers != STOP
    return Block(np.array(departments, dtype=np.int64), numbers[kept], texts[kept])
