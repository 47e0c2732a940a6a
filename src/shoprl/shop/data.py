"""A shop's data from one folder: catalogue, goals, splits and search index."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import get_args

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.webshop import folder_and_products, read_catalog
from shoprl.errors import ConfigError
from shoprl.search.encoder import Encoder
from shoprl.search.index import SearchIndex
from shoprl.settings import check_value
from shoprl.shop.cached import shop_of
from shoprl.shop.goal import Goal, goals_hash
from shoprl.shop.goal_choice import chosen_goals, goals_of_folder, made_goals
from shoprl.shop.making import MadeGoals
from shoprl.shop.searching import IndexSearch as IndexSearch
from shoprl.shop.searching import SearchKind, search_hash, shop_search
from shoprl.shop.session import Session, Shop
from shoprl.shop.splits import Split, SplitName, disjoint_or_none, splits_of, webshop_split
from shoprl.shop.store import goals_of_store, open_store, read_unchanged
from shoprl.shop.tagger import Tagger, TextBlobTagger


@dataclass(frozen=True)
class ShopData:
    """A catalogue with its goals and splits.

    Attributes:
        catalog: the products.
        goals: the goal list; its order is part of the data.
        split: the standard split of ``goals``.
        disjoint: a split of the same goals in which no product is in two parts; None for very small goal lists.
        tagger: tags the nouns of titles for the reward.
        index_folder: the folder of the search index; None to build one in memory.
        index_changes: the folder of the changes to it, if there are any.
        store: the store that all this lies in, if it does.
        search: how the shop searches; ``bm25`` as WebShop does.
        encoder: of the queries of ``hybrid``.
    """

    catalog: Catalog
    goals: Sequence[Goal]
    split: Split
    disjoint: Split | None
    tagger: Tagger
    index_folder: Path | None = None
    index_changes: Path | None = None
    store: Path | None = None
    search: SearchKind = "bm25"
    encoder: Encoder | None = None

    @cached_property
    def index(self) -> SearchIndex:
        """WebShop's search index, built or opened at first use."""
        if self.index_folder is None:
            return SearchIndex.build(self.catalog.products)
        return SearchIndex.load(self.index_folder, self.index_changes)

    @cached_property
    def shop(self) -> Shop:
        """The shop, on :attr:`index` or on hybrid search."""
        search = shop_search(self.catalog, self.store, lambda: self.index, self.search, self.encoder)
        return Shop(self.catalog, search, self.tagger)

    def goals_of(self, split: SplitName, first: int | None = None) -> list[tuple[int, Goal]]:
        """The goals of one part of :attr:`split`, each with its index in :attr:`goals`.

        Args:
            split: ``train``, ``eval`` or ``test``.
            first: how many at most, from the part's start; None for all.

        Raises:
            ConfigError: there is no such part, or ``first`` is below one.
        """
        if split not in get_args(SplitName):
            raise ConfigError(f"split {split!r}: use one of {get_args(SplitName)}.")
        if first is not None and first < 1:
            raise ConfigError(f"first {first}: must be at least 1, or None for all.")
        return [(index, self.goals[index]) for index in self.split.part(split)[:first]]

    def session(self, goal_index: int, name: str = "shoprl") -> Session:
        """A new session for one goal."""
        return Session(self.shop, self.goals[goal_index], name)

    def __deepcopy__(self, memo: object) -> "ShopData":
        return self  # read-only; Gymnasium copies the arguments of every environment it makes

    @cached_property
    def _hashes(self) -> dict[str, str]:
        hashes = {"catalog": self.catalog.content_hash, "goals": goals_hash(self.goals)}
        hashes["split"] = self.split.content_hash
        if self.disjoint is not None:
            hashes["disjoint_split"] = self.disjoint.content_hash
        searched = search_hash(self.store, self.search, self.encoder)
        if searched is not None:
            hashes["search"] = searched
        return hashes

    def hashes(self) -> dict[str, str]:
        """Content hashes of the catalogue, the goals and the splits; computed once."""
        return dict(self._hashes)


def shop_data(catalog: Catalog, goals: Sequence[Goal], tagger: Tagger | None = None) -> ShopData:
    """The data of a catalogue and its goals, with splits derived by rule."""
    return ShopData(catalog, goals, webshop_split(goals), disjoint_or_none(goals), tagger or TextBlobTagger())


def read_products(folder: Path, strict: bool = False) -> Catalog:
    """The catalogue of a data folder or of its store, without anything else.

    Raises:
        CatalogError: a file is missing or malformed.
    """
    store = shop_of(folder, strict)
    return read_catalog(folder, strict) if store is None else open_store(store).catalog


def read_shop(
    folder: Path,
    strict: bool = False,
    tagger: Tagger | None = None,
    search: SearchKind = "bm25",
    encoder: Encoder | None = None,
) -> Shop:
    """The shop of a data folder, without its goals: enough to recommend, or for goals from another file.

    Raises:
        CatalogError: a file is missing or malformed, or ``search`` needs vectors that were not made.
        ConfigError: the vectors were made with another encoder.
    """
    check_value("search", search, SearchKind)
    folder = Path(folder)
    store = shop_of(folder, strict)
    if store is not None:
        return _read_store(store, tagger, search, encoder).shop
    catalog = read_catalog(folder, strict)

    def index() -> SearchIndex:
        return SearchIndex.build(catalog.products)

    return Shop(catalog, shop_search(catalog, None, index, search, encoder), tagger or TextBlobTagger())


def read_catalog_and_goals(
    folder: Path, strict: bool = False, goals: MadeGoals | Path | str | None = None
) -> tuple[Catalog, Sequence[Goal]]:
    """The catalogue and goals of a data folder, without its splits; see :func:`read_data`."""
    store, wanted = shop_of(folder, strict), chosen_goals(goals)
    if store is not None:
        opened = open_store(store)
        return opened.catalog, goals_of_store(store, opened, wanted)
    catalog = read_catalog(folder, strict)
    folder, _ = folder_and_products(folder)
    return catalog, goals_of_folder(folder, catalog, wanted, partial(made_goals, catalog)).goals


def _read_store(
    folder: Path,
    tagger: Tagger | None,
    search: SearchKind,
    encoder: Encoder | None,
    wanted: MadeGoals | Path | None = None,
) -> ShopData:
    def read(folder: Path) -> ShopData:
        opened = open_store(folder)
        catalog, goals, split, disjoint, index, changes = opened
        chosen = goals_of_store(folder, opened, wanted)
        if chosen is not goals:
            split, disjoint = webshop_split(chosen), disjoint_or_none(chosen)
        used = tagger or TextBlobTagger()
        data = ShopData(catalog, chosen, split, disjoint, used, index, changes, folder, search, encoder)
        len(data.index)  # opened now, as updates remove the files that earlier ones wrote
        return data

    return read_unchanged(folder, read)


def read_data(
    folder: Path | str,
    strict: bool = False,
    tagger: Tagger | None = None,
    search: SearchKind = "bm25",
    encoder: Encoder | None = None,
    goals: MadeGoals | Path | str | None = None,
    human_goals: bool | int | None = None,
) -> ShopData:
    """Read a data folder, or open its store where :func:`shoprl.shop.store.build_store` built one.

    Beside the catalogue's files (:func:`shoprl.catalog.webshop.read_catalog`) it may hold ``goals.jsonl`` (or ``.gz``),
    ``split.json`` and ``split_disjoint.json``. What is missing is derived by rule, equal in every process.

    Args:
        folder: the data folder, a store or a product feed; one ``items_shuffle*.json`` of a folder with several.
        strict: a product that cannot be used is an error.
        tagger: tags the nouns of titles for the reward; TextBlob's when left out.
        search: ``bm25``, as WebShop searches, or ``hybrid`` of all fields and of meaning, which needs a store with
            vectors (:func:`shoprl.search.hybrid_folder.build_hybrid`).
        encoder: of the queries of ``hybrid``; without one it searches by BM25, and says so.
        goals: ``synthetic`` or ``human``: WebShop's goals of that kind, in its order; ``synthetic-numpy`` or
            ``human-numpy``: in the order of earlier versions; or a goals file. The shop's own when left out: those of
            its ``goals.jsonl``, else synthetic ones, else human ones.
        human_goals: WebShop's name for ``human`` (true) and ``synthetic`` (false).

    Raises:
        CatalogError, GoalError: a file is missing, malformed or does not fit the others.
        ConfigError: the vectors were made with another encoder, or both ``goals`` and ``human_goals`` are given.
    """
    check_value("search", search, SearchKind)
    folder, wanted = Path(folder), chosen_goals(goals, human_goals)
    store = shop_of(folder, strict)
    if store is not None:
        return _read_store(store, tagger, search, encoder, wanted)
    catalog, found = read_catalog_and_goals(folder, strict, wanted)
    split, disjoint = splits_of(folder_and_products(folder)[0], found, own=wanted is None)
    return ShopData(
        catalog=catalog,
        goals=found,
        split=split,
        disjoint=disjoint,
        tagger=tagger or TextBlobTagger(),
        search=search,
        encoder=encoder,
    )
