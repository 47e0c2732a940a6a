"""Changes to an index on disk: documents that are gone, documents that came, and what both do to all scores.

BM25 weighs a term by how many of all documents hold it, and a document by the average length of all, so that one change
moves every score a little. An index with changes has two parts. The documents that came have postings of their own,
with scores of the present. Those that stayed keep theirs, and their scores are computed anew for the few documents that
can be among the best (:class:`shoprl.search.segment.Correction`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.records import load_array, save_array
from shoprl.errors import CatalogError
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.search.arrays import IndexArrays, Vocabulary, load_arrays, save_arrays
from shoprl.search.bm25 import average_length, factors_of, quantized_length
from shoprl.search.merging import BLOCK, Elsewhere, Shard, count_terms, merge
from shoprl.search.segment import Correction

FORMAT = "shoprl-search-changes-1"
_META = "changes.json"
_ADDED = "added"  # the folder of the documents that came
_ARRAYS = {"dead": "i", "codes": "u", "levels": "i", "factors": "f", "touched": "i", "lost": "i", "holding": "i"}
_COUNTS = ("tokens", "searchable", "base_tokens", "base_searchable", "dead_tokens", "dead_searchable")
_REMEDY = "Run `shoprl catalog build` again."


class Touched(NamedTuple):
    """A product that was added, changed or removed.

    Attributes:
        asin: which.
        base: the text that the index holds of it, or None where it holds none.
        now: its text, or None where it was removed.
    """

    asin: str
    base: str | None
    now: str | None


@dataclass(frozen=True)
class Changes:
    """Changes to an index, opened.

    Attributes:
        correction: of the index's scores.
        arrays: of the documents that came; None where none did.
        tokens: of all documents that there are now.
        levels: the quantised lengths that the codes of the correction stand for.
        lost: how many documents that are gone held each touched term.
        counts: name -> number, for the next update.
    """

    correction: Correction
    arrays: IndexArrays | None
    tokens: int
    levels: NDArray[np.int32]
    lost: NDArray[np.int32]
    counts: Mapping[str, int]


def load_changes(folder: Path, base: IndexArrays) -> Changes:
    """Open what :func:`update_index` wrote.

    Raises:
        CatalogError: the folder holds no changes, or a file is missing, damaged or belongs to another index.
    """
    row = read_json(folder / _META, CatalogError) if (folder / _META).is_file() else None
    counts = row.get("counts") if isinstance(row, dict) and row.get("format") == FORMAT else None
    if not isinstance(counts, dict) or any(type(counts.get(name)) is not int for name in _COUNTS):
        raise CatalogError(f"{folder / _META}: is missing or not the description of changes. {_REMEDY}")
    found = {name: load_array(folder / f"{name}.npy", kinds) for name, kinds in _ARRAYS.items()}
    fit = (
        len(found["codes"]) == len(base.asins)
        and len(found["levels"]) == len(found["factors"])
        and len(found["touched"]) == len(found["lost"]) == len(found["holding"])
        and all(
            _within(found[name], most) for name, most in (("dead", len(base.asins)), ("touched", len(base.weights)))
        )
    )
    if not fit:
        raise CatalogError(f"{folder}: the changes do not belong to their index. {_REMEDY}")
    then = average_length(counts["base_tokens"], counts["base_searchable"])
    now = average_length(counts["tokens"], counts["searchable"])
    correction = Correction(
        dead=found["dead"],
        codes=found["codes"],
        factors=np.array(found["factors"]),
        searchable=counts["searchable"],
        touched=found["touched"],
        holding=found["holding"],
        stretch=float(now) / float(then),
    )
    added = load_arrays(folder / _ADDED)[0] if (folder / _ADDED).is_dir() else None
    return Changes(correction, added, counts["tokens"], found["levels"], found["lost"], counts)


def _within(numbers: NDArray[np.integer], count: int) -> bool:
    return not len(numbers) or (int(numbers[0]) >= 0 and int(numbers[-1]) < count)


@dataclass
class _Gone:
    """The documents of an index that are gone, and what went with them.

    Attributes:
        dead: their numbers.
        lost: term -> how many of them held it.
        tokens, searchable: their tokens, and how many had any.
    """

    dead: set[int] = field(default_factory=set)
    lost: dict[int, int] = field(default_factory=dict)
    tokens: int = 0
    searchable: int = 0

    def count(self, vocabulary: Vocabulary, texts: Sequence[str], sign: int) -> None:
        """Add (1) or take back (-1) the texts of documents."""
        shard = count_terms(["" for _ in texts], texts)
        holding = np.diff(shard.offsets).tolist()
        for term, documents in zip(Vocabulary(shard.letters, shard.starts).terms(), holding, strict=True):
            number = vocabulary.find(term.decode())
            if number is None:
                raise CatalogError(f"The index holds no {term.decode()!r}, which a product had. {_REMEDY}")
            self.lost[number] = self.lost.get(number, 0) + sign * documents
        self.tokens += sign * int(shard.lengths.sum())
        self.searchable += sign * int((shard.lengths > 0).sum())


def update_index(base: Path, before: Path | None, folder: Path, touched: Iterable[Touched]) -> None:
    """Write the changes to an index.

    Args:
        base: the index's folder.
        before: the folder of its changes so far, if there are any; all but those to products that are touched now go
            over to the new ones.
        folder: where to; made here.
        touched: the products that are touched now, none of them twice.

    Raises:
        CatalogError: the index or its changes are damaged.
        StorageError: a file cannot be written.
    """
    arrays, tokens = load_arrays(base)
    old = None if before is None else load_changes(before, arrays)
    vocabulary = Vocabulary(arrays.term_letters, arrays.term_starts)
    gone, levels, codes, counts = _state(arrays, tokens, old)
    died: list[str] = []
    back: list[str] = []
    new: dict[str, str] = {}
    asins = set()
    for product in touched:
        asins.add(product.asin)
        lives = product.base is not None and product.base == product.now
        if product.base is not None:
            document = arrays.document_of(product.asin)
            if document is None:
                raise CatalogError(f"{base}: holds no product {product.asin!r}, which was indexed. {_REMEDY}")
            if lives and document in gone.dead:
                gone.dead.remove(document)
                back.append(product.base)
            elif not lives and document not in gone.dead:
                gone.dead.add(document)
                died.append(product.base)
        if product.now is not None and not lives:
            new[product.asin] = product.now
    gone.count(vocabulary, died, 1)
    gone.count(vocabulary, back, -1)
    shards = [] if old is None or old.arrays is None else [_kept(old.arrays, asins)]
    shards = [shard for shard in (*shards, count_terms(list(new), new.values())) if len(shard.lengths)]
    _write(folder, arrays, vocabulary, gone, shards, levels, codes, counts)


def _state(
    arrays: IndexArrays, tokens: int, old: Changes | None
) -> tuple[_Gone, NDArray[np.int32], NDArray[np.uint8], dict[str, int]]:
    """What is gone so far, the documents' lengths, and the counts of the index itself."""
    if old is not None:
        known, counts = old.correction, dict(old.counts)
        lost = dict(zip(known.touched.tolist(), old.lost.tolist(), strict=True))
        gone = _Gone(set(known.dead.tolist()), lost, counts["dead_tokens"], counts["dead_searchable"])
        return gone, old.levels, known.codes, counts
    lengths = _lengths(arrays)
    different, places = np.unique(lengths, return_inverse=True)
    quantised, codes = np.unique([quantized_length(length) for length in different.tolist()], return_inverse=True)
    counts = {"base_tokens": tokens, "base_searchable": int((lengths > 0).sum())}
    return _Gone(), quantised.astype(np.int32), codes.astype(np.uint8)[places], counts  # a length fits in a byte


def _lengths(arrays: IndexArrays) -> NDArray[np.int64]:
    """The tokens of each document, which an index keeps only in part."""
    lengths = np.zeros(len(arrays.asins), dtype=np.int64)
    for start in range(0, len(arrays.documents), BLOCK):
        part = slice(start, start + BLOCK)
        tokens = np.bincount(arrays.documents[part], weights=arrays.frequencies[part], minlength=len(lengths))
        lengths += tokens.astype(np.int64)
    return lengths


def _kept(arrays: IndexArrays, without: set[str]) -> Shard:
    """The documents of an index but for some, as they were counted."""
    every = arrays.asins_of(np.arange(len(arrays.asins)))
    kept = np.array([asin not in without for asin in every], dtype=bool)
    numbers = np.cumsum(kept, dtype=np.int32) - 1
    lengths = _lengths(arrays).astype(np.int32)[kept]
    postings = kept[arrays.documents]
    holding = np.add.reduceat(postings, arrays.offsets[:-1], dtype=np.int64) if len(postings) else np.zeros(0, np.int64)
    terms = Vocabulary(arrays.term_letters, arrays.term_starts).terms()
    left = Vocabulary.of([term for term, count in zip(terms, holding.tolist(), strict=True) if count])
    keys = Vocabulary.of([a.encode(errors="surrogatepass") for a, k in zip(every, kept.tolist(), strict=True) if k])
    return Shard(
        asin_letters=keys.letters,
        asin_starts=keys.starts,
        lengths=lengths,
        letters=left.letters,
        starts=left.starts,
        offsets=np.concatenate(([0], np.cumsum(holding[holding > 0]))).astype(np.int64),
        documents=numbers[arrays.documents[postings]],
        frequencies=arrays.frequencies[postings].astype(np.int32),
    )


def _write(
    folder: Path,
    arrays: IndexArrays,
    vocabulary: Vocabulary,
    gone: _Gone,
    shards: Sequence[Shard],
    levels: NDArray[np.int32],
    codes: NDArray[np.uint8],
    counts: dict[str, int],
) -> None:
    counts |= {"dead_tokens": gone.tokens, "dead_searchable": gone.searchable}
    left_tokens = counts["base_tokens"] - gone.tokens
    left_searchable = counts["base_searchable"] - gone.searchable

    def holding(terms: Vocabulary) -> NDArray[np.int64]:
        """How many documents that stayed hold each of some terms."""
        numbers = [vocabulary.find(term.decode()) for term in terms.terms()]
        return np.array([0 if n is None else _left(arrays, gone, n) for n in numbers], dtype=np.int64)

    came: dict[int, int] = {}
    counts |= {"tokens": left_tokens, "searchable": left_searchable}
    if shards:
        added, own_tokens = merge(shards, elsewhere=Elsewhere(left_searchable, left_tokens, holding))
        save_arrays(folder / _ADDED, added, own_tokens)
        counts["tokens"] += own_tokens
        counts["searchable"] += sum(int((shard.lengths > 0).sum()) for shard in shards)
        own = Vocabulary(added.term_letters, added.term_starts).terms()
        for term, documents in zip(own, np.diff(added.offsets).tolist(), strict=True):
            number = vocabulary.find(term.decode())
            if number is not None:
                came[number] = documents
    touched = sorted({*came, *(number for number, lost in gone.lost.items() if lost)})
    average = average_length(counts["tokens"], counts["searchable"])
    stored: dict[str, Any] = {
        "dead": np.array(sorted(gone.dead), dtype=np.int32),
        "codes": np.asarray(codes),
        "levels": np.asarray(levels),
        "factors": factors_of(levels.astype(np.float32), average),
        "touched": np.array(touched, dtype=np.int32),
        "lost": np.array([gone.lost.get(number, 0) for number in touched], dtype=np.int32),
        "holding": np.array([_left(arrays, gone, n) + came.get(n, 0) for n in touched], dtype=np.int32),
    }
    for name, values in stored.items():
        save_array(folder / f"{name}.npy", values)
    write_json(folder / _META, {"format": FORMAT, "counts": counts})


def _left(arrays: IndexArrays, gone: _Gone, number: int) -> int:
    """How many of the documents that stayed hold a term."""
    start, end = arrays.offsets[number : number + 2].tolist()
    return int(end - start - gone.lost.get(number, 0))
