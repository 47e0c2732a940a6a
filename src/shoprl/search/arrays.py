"""The arrays of an index, and how they lie on disk: one ``.npy`` file each, with a JSON file that describes them."""

import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shoprl.catalog.records import save_array
from shoprl.errors import CatalogError, StorageError
from shoprl.files import write_json
from shoprl.reading import read_json

FORMAT = "shoprl-search-index-2"
WIDEST = 40  # characters of an ASIN that is kept as fixed-width text
_LONG = "\0"  # before the number of a longer one
_META = "index.json"
_REMEDY = "Build the index again: SearchIndex.build(products).save(folder)."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Texts on disk; those in ascending order, as the terms of an index, are found by bisection.

    Attributes:
        letters: the UTF-8 bytes of all terms, one after the other; unsigned 8-bit.
        starts: where each term starts in them, and where the last one ends; 64-bit, shape ``(terms + 1,)``.
    """

    letters: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, terms: list[bytes]) -> "Vocabulary":
        """The vocabulary of terms in UTF-8, in ascending order where they are to be found."""
        starts = np.zeros(len(terms) + 1, dtype=np.int64)
        np.cumsum([len(term) for term in terms], out=starts[1:])
        return cls(np.frombuffer(b"".join(terms), dtype=np.uint8), starts)

    def terms(self) -> list[bytes]:
        """All terms in UTF-8, in their order."""
        letters, starts = self.letters.tobytes(), self.starts.tolist()
        return [letters[start:end] for start, end in pairwise(starts)]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def find(self, term: str) -> int | None:
        """The number of a term, or None where no document holds it."""
        letters, starts = self.letters.data, self.starts.data  # twice as fast as the arrays themselves
        wanted = term.encode()

        def at(number: int) -> bytes:
            return bytes(letters[starts[number] : starts[number + 1]])

        number = bisect_left(range(len(self)), wanted, key=at)
        return number if number < len(self) and at(number) == wanted else None


@dataclass(frozen=True, slots=True)
class IndexArrays:
    """All that an index is made of, documents in ascending order of ASIN.

    Attributes:
        asins: of each document, as fixed-width text; of one longer than `WIDEST` its number among the long ones.
        length_factors: `bm25.length_factors` of each document.
        term_letters: `Vocabulary.letters`.
        term_starts: `Vocabulary.starts`.
        weights: `bm25.idf` of each term.
        peaks: the greatest of each term's `impacts`.
        offsets: where each term's postings start in the three arrays below, and where the last ones end; 64-bit.
        documents: the number of the document of each posting, ascending within a term; 32-bit.
        frequencies: how often that document holds the term; unsigned, as wide as the greatest needs.
        impacts: what that adds to the score when the query holds the term once.
        long_letters, long_starts: the ASINs longer than `WIDEST`, as in `Vocabulary`; no files where there are none.
    """

    asins: NDArray[np.str_]
    length_factors: NDArray[np.float32]
    term_letters: NDArray[np.uint8]
    term_starts: NDArray[np.int64]
    weights: NDArray[np.float32]
    peaks: NDArray[np.float32]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    frequencies: NDArray[np.unsignedinteger]
    impacts: NDArray[np.float32]
    long_letters: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    long_starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))

    def asin(self, document: int) -> str:
        """The ASIN of a document."""
        text = str(self.asins[document])
        if not text.startswith(_LONG):
            return text
        start, end = self.long_starts[int(text[1:]) :][:2].tolist()
        return bytes(self.long_letters[start:end]).decode(errors="surrogatepass")

    def asins_of(self, documents: NDArray[np.integer]) -> list[str]:
        """The ASINs of some documents."""
        if len(self.long_starts) > 1:
            return [self.asin(document) for document in documents.tolist()]
        asins: list[str] = self.asins[documents].tolist()
        return asins

    def document_of(self, asin: str) -> int | None:
        """The number of the document of an ASIN, or None."""
        place = bisect_left(range(len(self.asins)), asin, key=self.asin)
        return place if place < len(self.asins) and self.asin(place) == asin else None


def fixed_width(asins: Sequence[str]) -> tuple[NDArray[np.str_], Vocabulary]:
    """Texts as `IndexArrays.asins` holds them, and the long ones among them; a single long one widens no other."""
    long: list[bytes] = []
    short = []
    for asin in asins:
        if len(asin) > WIDEST or "\0" in asin:  # NumPy takes no NUL at an end
            short.append(f"{_LONG}{len(long)}")
            long.append(asin.encode(errors="surrogatepass"))
        else:
            short.append(asin)
    return np.array(short, dtype=np.str_), Vocabulary.of(long)


def save_arrays(folder: Path, arrays: IndexArrays, token_count: int) -> None:
    """Write an index; its description is written last, so that an unfinished index is recognised.

    Args:
        folder: made where it is missing.
        arrays: what to write; those that `on_disk` allocated are there already.
        token_count: tokens of all documents together.

    Raises:
        StorageError: a file cannot be written.
    """
    write_json(folder / _META, {"format": "unfinished"})
    described = {}
    for item in _stored_fields(len(arrays.long_starts) > 1):
        array: NDArray[Any] = getattr(arrays, item.name)
        path = folder / f"{item.name}.npy"
        if isinstance(array, np.memmap) and array.mode != "r":
            array.flush()
        else:
            save_array(path, array)
        described[item.name] = {"dtype": array.dtype.str, "shape": list(array.shape)}
    write_json(folder / _META, {"format": FORMAT, "tokens": token_count, "arrays": described})


def _stored_fields(with_long: bool) -> list["Field[Any]"]:
    return [item for item in fields(IndexArrays) if with_long or not item.name.startswith("long_")]


def on_disk(folder: Path, name: str, dtype: DTypeLike, size: int) -> NDArray[Any]:
    """Allocate a file in an index's folder for one of its arrays, which `save_arrays` then describes.

    Raises:
        StorageError: there is no space.
    """
    write_json(folder / _META, {"format": "unfinished"})
    if size == 0:  # nothing can be mapped
        return np.empty(0, dtype=dtype)
    path = folder / f"{name}.npy"
    try:
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(size,))
        if hasattr(os, "posix_fallocate"):  # else a disk that fills up ends the process instead of raising
            with path.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror}). Free some space.") from error
    return array


def load_arrays(folder: Path) -> tuple[IndexArrays, int]:
    """Open what `save_arrays` wrote.

    Args:
        folder: where it was written to.

    Returns:
        The arrays, which stay on disk and are read-only, and the number of tokens.

    Raises:
        CatalogError: the folder is no index, or a file is missing, truncated or does not fit the others.
    """
    if not (folder / _META).is_file():
        raise CatalogError(f"{folder}: no search index here ({_META} is missing). {_REMEDY}")
    facts = read_json(folder / _META, CatalogError)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or not isinstance(facts.get("tokens"), int):
        raise CatalogError(f"{folder / _META}: not the description of an index of format {FORMAT}. {_REMEDY}")
    with_long = isinstance(facts.get("arrays"), dict) and "long_starts" in facts["arrays"]
    stored = (_open(folder / f"{item.name}.npy", facts) for item in _stored_fields(with_long))
    arrays = IndexArrays(*stored)
    fit = (  # the arrays' lengths agree with each other and with the ends that the offsets name
        arrays.asins.shape == arrays.length_factors.shape
        and arrays.term_starts.shape == arrays.offsets.shape == (arrays.weights.size + 1,)
        and arrays.peaks.shape == arrays.weights.shape
        and arrays.documents.shape == arrays.frequencies.shape == arrays.impacts.shape
        and arrays.term_starts[-1:].tolist() == [arrays.term_letters.size]
        and arrays.offsets[-1:].tolist() == [arrays.documents.size]
        and arrays.long_starts[-1:].tolist() == [arrays.long_letters.size]
    )
    if not fit:
        raise CatalogError(f"{folder}: the index's files do not belong together. {_REMEDY}")
    return arrays, facts["tokens"]


def _open(path: Path, facts: dict[str, Any]) -> NDArray[Any]:
    """One array, memory-mapped, as the description has it."""
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        described = facts["arrays"][path.stem]
        if array.dtype.str == described["dtype"] and list(array.shape) == described["shape"]:
            return array
        reason = "is of another type or shape than index.json says"
    except FileNotFoundError:
        reason = "is missing"
    except Exception as error:  # NumPy evaluates the header's text, which may end in any exception
        reason = f"cannot be read ({str(error)[:200]})"
    raise CatalogError(f"{path}: {reason}. {_REMEDY}")
