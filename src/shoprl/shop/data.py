"""Everything a shop needs, from one data folder: catalogue, goals, splits, search."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import get_args

import numpy as np

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.webshop import read_catalog
from shoprl.errors import GoalError
from shoprl.search.index import SearchIndex
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.shop.making import make_goals
from shoprl.shop.session import Session, Shop
from shoprl.shop.splits import Split, SplitName, disjoint_split, read_split, webshop_split
from shoprl.shop.tagger import Tagger, TextBlobTagger

GOAL_SEED = 233  # WebShop's seed for the order of goals; here also that of goals and splits made at first sight


class IndexSearch:
    """The shop's search over a BM25 index; remembers recent queries."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self.find = lru_cache(maxsize=20_000)(self._find)

    def __reduce__(self) -> tuple[type["IndexSearch"], tuple[SearchIndex]]:
        return IndexSearch, (self._index,)  # a process of its own remembers its own queries

    def _find(self, query: str) -> tuple[str, ...]:
        return tuple(hit.asin for hit in self._index.search(query))


@dataclass(frozen=True)
class ShopData:
    """A catalogue with its goals and splits.

    Attributes:
        catalog: the products.
        goals: the goal list; its order is part of the data.
        split: the standard split of ``goals``.
        disjoint: a split of the same goals in which no product is in two parts; None for very small goal lists.
    """

    catalog: Catalog
    goals: Sequence[Goal]
    split: Split
    disjoint: Split | None
    tagger: Tagger

    @cached_property
    def shop(self) -> Shop:
        """The shop, its search index built at first use."""
        return _open_shop(self.catalog, self.tagger)

    def session(self, goal_index: int, name: str = "shoprl") -> Session:
        """A new session for one goal."""
        return Session(self.shop, self.goals[goal_index], name)

    def __deepcopy__(self, memo: object) -> "ShopData":
        return self  # read-only; Gymnasium copies the arguments of every environment it makes

    @cached_property
    def _hashes(self) -> dict[str, str]:
        found = {"catalog": self.catalog.content_hash, "goals": goals_hash(self.goals)}
        found["split"] = self.split.to_json()["split_sha256"]
        if self.disjoint is not None:
            found["disjoint_split"] = self.disjoint.to_json()["split_sha256"]
        return found

    def hashes(self) -> dict[str, str]:
        """Content hashes of the catalogue, the goals and the splits; computed once."""
        return dict(self._hashes)


def _open_shop(catalog: Catalog, tagger: Tagger) -> Shop:
    return Shop(catalog, IndexSearch(SearchIndex.build(catalog.products)), tagger)


def _goals_file(folder: Path) -> Path | None:
    found = [path for path in (folder / "goals.jsonl", folder / "goals.jsonl.gz") if path.is_file()]
    if len(found) > 1:
        raise GoalError(f"{folder}: holds both goals.jsonl and goals.jsonl.gz. Keep the one you mean.")
    return found[0] if found else None


def _disjoint_or_none(goals: Sequence[Goal]) -> Split | None:
    try:
        return disjoint_split(goals, np.random.default_rng(GOAL_SEED))
    except GoalError:
        return None


def shop_data(catalog: Catalog, goals: Sequence[Goal], tagger: Tagger | None = None) -> ShopData:
    """Join a catalogue and its goals, with splits made by rule."""
    return ShopData(catalog, goals, webshop_split(goals), _disjoint_or_none(goals), tagger or TextBlobTagger())


def read_shop(folder: Path, strict: bool = False, tagger: Tagger | None = None) -> Shop:
    """The shop of a data folder, without its goals: enough to recommend, or to meet goals from elsewhere.

    Raises:
        CatalogError: a file is missing or malformed.
    """
    return _open_shop(read_catalog(folder, strict), tagger or TextBlobTagger())


def read_catalog_and_goals(folder: Path, strict: bool = False) -> tuple[Catalog, Sequence[Goal]]:
    """The catalogue and goals of a data folder, without its splits; see :func:`read_data`."""
    catalog = read_catalog(folder, strict)
    path = _goals_file(folder)
    goals = read_goals(path, catalog) if path else make_goals(catalog, np.random.default_rng(GOAL_SEED))
    return catalog, goals


def _stored_disjoint(path: Path, goals: Sequence[Goal]) -> Split:
    split = read_split(path, goals)
    asked = [{goals[index].asin for index in split.part(name)} for name in get_args(SplitName)]
    if any(first & second for first, second in itertools.combinations(asked, 2)):
        raise GoalError(f"{path}: a product is in two parts. Write it with `shoprl catalog split --kind disjoint`.")
    return split


def read_data(folder: Path, strict: bool = False, tagger: Tagger | None = None) -> ShopData:
    """Read a data folder.

    Beside the catalogue's files (:func:`shoprl.catalog.webshop.read_catalog`) it may hold ``goals.jsonl`` (or ``.gz``),
    ``split.json`` and ``split_disjoint.json``. What is not there is made by rule, the same in every process.

    Raises:
        CatalogError, GoalError: a file is missing, malformed or does not fit the others.
    """
    catalog, goals = read_catalog_and_goals(folder, strict)
    stored, apart = folder / "split.json", folder / "split_disjoint.json"
    return ShopData(
        catalog=catalog,
        goals=goals,
        split=read_split(stored, goals) if stored.is_file() else webshop_split(goals),
        disjoint=_stored_disjoint(apart, goals) if apart.is_file() else _disjoint_or_none(goals),
        tagger=tagger or TextBlobTagger(),
    )
