"""How a shop searches: as WebShop does, or by all fields and meaning where the encoder of queries is handed in."""

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from shoprl.catalog.catalog import Catalog
from shoprl.errors import CatalogError, ConfigError
from shoprl.files import content_hash
from shoprl.search.encoder import Encoder, EncoderIdentity
from shoprl.search.engine import RESULTS, EngineSearch, SearchEngine
from shoprl.search.hybrid import HybridSearch, TermSearch
from shoprl.search.hybrid_folder import FOLDER, Opened, about_hybrid, open_hybrid
from shoprl.search.index import SearchIndex
from shoprl.shop.cached import shop_of
from shoprl.shop.session import Search

log = logging.getLogger(__name__)

SearchKind = Literal["bm25", "hybrid"]


class IndexSearch:
    """The shop's search over a BM25 index, with a cache of recent queries."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self.find = lru_cache(maxsize=4_000)(self._find)

    def __reduce__(self) -> tuple[type["IndexSearch"], tuple[SearchIndex]]:
        return IndexSearch, (self._index,)  # another process has a cache of its own

    def find_many(self, queries: Sequence[str]) -> list[tuple[str, ...]]:
        """The best products of each query; see :class:`shoprl.search.engine.SearchEngine`."""
        return [self.find(query) for query in queries]

    def find_more(self, query: str, count: int) -> tuple[str, ...]:
        """As ``find``, but at most ``count`` products; the answer is not cached."""
        return tuple(hit.asin for hit in self._index.search(query, count))

    def _find(self, query: str) -> tuple[str, ...]:
        return self.find_more(query, RESULTS)


def vectors_of(data: Path) -> EncoderIdentity | None:
    """The encoder that the vectors of a data folder's store were made with; None where there are none.

    Raises:
        CatalogError: the store is older than its files, or the vectors are damaged.
    """
    store = shop_of(data)
    return about_hybrid(store / FOLDER) if store is not None and (store / FOLDER).exists() else None


def best_search(data: Path, asked: SearchKind | None = None) -> SearchKind:
    """The search that is asked for; where none is, ``hybrid`` of a shop with vectors, else ``bm25``.

    Raises:
        CatalogError: see :func:`vectors_of`.
    """
    return asked or ("bm25" if vectors_of(data) is None else "hybrid")


def search_hash(store: Path | None, kind: SearchKind, encoder: Encoder | None) -> str | None:
    """What decides a shop's results beside its catalogue, as a hash; None of WebShop's own search."""
    folder = store / FOLDER if store is not None else None
    if kind == "bm25" or folder is None or not folder.exists():
        return None
    made = open_hybrid(folder).made
    return content_hash([made, encoder is not None])


def shop_search(
    catalog: Catalog, store: Path | None, index: Callable[[], SearchIndex], kind: SearchKind, encoder: Encoder | None
) -> Search:
    """The search of a shop.

    Args:
        catalog: what it sells.
        store: its store, in which the vectors of ``hybrid`` lie; None where it has none.
        index: opens or builds WebShop's index.
        kind: how to search.
        encoder: of the queries of ``hybrid``; without one it searches by BM25, and says so.

    Raises:
        CatalogError: there are no vectors, or they are damaged.
        ConfigError: they were made with another encoder.
    """
    if kind == "bm25":
        return IndexSearch(index())
    folder = store / FOLDER if store is not None else None
    if encoder is None:
        log.warning("Hybrid search has no encoder here: it searches by BM25 alone. Install it: `shoprl[train]`.")
        if folder is None or not folder.exists():
            return IndexSearch(index())
        return EngineSearch(TermSearch(open_hybrid(folder).index), catalog)
    if folder is None:
        raise CatalogError(
            "Hybrid search needs a store, and this shop has none. Run `shoprl catalog build`, "
            "then `shoprl catalog vectors`, each with the same --data."
        )
    return EngineSearch(_hybrid(open_hybrid(folder), catalog, index, encoder), catalog)


def _hybrid(opened: Opened, catalog: Catalog, index: Callable[[], SearchIndex], encoder: Encoder) -> SearchEngine:
    own = encoder.identity
    if (opened.encoder.sha256, opened.encoder.width) != (own.sha256, own.width):
        raise ConfigError(
            f"The shop's vectors were made with {opened.encoder.name!r}, which is another encoder than {own.name!r}. "
            "Open the shop with that one, or make the vectors again with `shoprl catalog vectors`."
        )
    newer = None
    if opened.catalog != catalog.content_hash:
        sold, vectors = frozenset(catalog.asins()), frozenset(opened.index.asins_of())
        added = sold - vectors
        log.warning(
            "The shop was changed after its vectors were made: %d products have none and are found by BM25 alone, %d "
            "that are gone are left out. `shoprl catalog vectors` brings them up to date.",
            len(added),
            len(vectors - sold),
        )
        newer = (index(), added) if added else None
    return HybridSearch(opened.index, opened.neighbours, encoder, newer)
