"""BM25 search over the products of a catalogue."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError, ConfigError
from shoprl.search.analysis import iter_terms
from shoprl.search.arrays import IndexArrays, load_arrays, save_arrays
from shoprl.search.changes import Changes, load_changes
from shoprl.search.merging import count_terms, merge
from shoprl.search.segment import Hit, Segment

MAX_QUERY_TERMS = 1000  # further terms of a query are ignored


def indexed_text(product: Product) -> str:
    """The text that a product is indexed by: title, description, first bullet point and options, in lower case."""
    options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in product.options.items())
    first_bullet = product.bullets[0] if product.bullets else ""
    return " ".join((product.title, product.description, first_bullet, options)).lower()


class SearchIndex:
    """An inverted index of products; read-only, and cheap to open in many processes at once.

    Scores, order and ties equal those of the Lucene index that WebShop builds with Anserini. Made by
    `SearchIndex.build` or `SearchIndex.load`.

    Attributes:
        token_count: tokens of all products together, stop words left out.
    """

    def __init__(self, arrays: IndexArrays, token_count: int, changes: Changes | None = None) -> None:
        self.token_count = token_count if changes is None else changes.tokens
        self._arrays = arrays
        if changes is None:
            self._segments = [Segment(arrays)]
        else:
            added = [] if changes.arrays is None else [Segment(changes.arrays)]
            self._segments = [Segment(arrays, changes.correction), *added]
        self._folder: Path | None = None
        self._changes: Path | None = None

    @classmethod
    def build(cls, products: Sequence[Product]) -> "SearchIndex":
        """Index products.

        Args:
            products: at least one; their order makes no difference.

        Raises:
            CatalogError: there is no product.
        """
        if not products:
            raise CatalogError("There is no product to index: the catalogue needs at least one.")
        shard = count_terms([product.asin for product in products], map(indexed_text, products))
        return cls(*merge([shard]))

    @classmethod
    def load(cls, folder: Path, changes: Path | None = None) -> "SearchIndex":
        """Open a saved index; its arrays stay on disk and are shared by all processes that open them.

        Args:
            folder: what `save` was given.
            changes: what :func:`shoprl.search.changes.update_index` wrote, where products have changed since.

        Raises:
            CatalogError: the folder holds no index, or a damaged one.
        """
        arrays, tokens = load_arrays(folder)
        index = cls(arrays, tokens, None if changes is None else load_changes(changes, arrays))
        index._folder, index._changes = folder, changes
        return index

    def __reduce__(self) -> tuple[Any, ...]:
        if self._folder is not None:
            return SearchIndex.load, (self._folder, self._changes)  # another process opens it itself
        return SearchIndex, (self._arrays, self.token_count)

    def save(self, folder: Path) -> None:
        """Write the index as ``.npy`` files and a description in JSON.

        Args:
            folder: where to; made where it is missing.

        Raises:
            ConfigError: the index is one with changes, which are written on their own.
            StorageError: a file cannot be written.
        """
        if self._changes is not None:
            raise ConfigError(f"{self._changes}: changes to an index cannot be saved as one. Build it of the products.")
        save_arrays(folder, self._arrays, self.token_count)

    def __len__(self) -> int:
        return sum(map(len, self._segments))

    def search(self, query: str, k: int = 50) -> list[Hit]:
        """The products that fit a query best.

        Args:
            query: any text; terms beyond the first `MAX_QUERY_TERMS` are ignored.
            k: how many products at most.

        Returns:
            Those that hold at least one of its terms, by descending score, equal scores by ascending ASIN.

        Raises:
            ConfigError: ``k`` is less than 1.
            CatalogError: the index on disk is damaged.
        """
        if k < 1:
            raise ConfigError(f"k is {k}, but a search returns at least one product. Give a k of 1 or more.")
        return self._found(query, k)

    def _found(self, query: str, k: int) -> list[Hit]:
        try:
            return self._search(query, k)
        except (IndexError, ValueError) as error:  # numbers that no index holds
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> Exception:
        if self._folder is None:
            return error
        return CatalogError(f"{self._folder}: the index is damaged ({error}). Build it again.")

    def best(self, query: str, k: int) -> NDArray[np.integer]:
        """The products of :meth:`search` of an index without changes, by their places in the order of ASINs."""
        try:
            return self._segments[0].numbers(_counted(query), k)
        except (IndexError, ValueError) as error:
            raise self._damaged(error) from error

    def asins_of(self, numbers: NDArray[np.integer] | None = None) -> list[str]:
        """The ASINs at some places in their order; of all when left out."""
        every = np.arange(len(self._arrays.asins)) if numbers is None else numbers
        return self._arrays.asins_of(every)

    def _search(self, query: str, k: int) -> list[Hit]:
        counts = _counted(query)
        hits = [hit for segment in self._segments for hit in segment.best(counts, k)]
        if len(self._segments) > 1:
            hits.sort(key=lambda hit: (-hit.score, hit.asin))
        return hits[:k]


def _counted(query: str) -> Counter[str]:
    """The terms of a query, and how often it holds each."""
    return Counter(islice(iter_terms(query), MAX_QUERY_TERMS))
