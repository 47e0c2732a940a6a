"""Measures an update of a store, and what it does to the searches after it."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shoprl.bench.env import instructions
from shoprl.bench.figures import Figures
from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product
from shoprl.errors import ConfigError
from shoprl.search.index import SearchIndex
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.store import store_of
from shoprl.shop.updating import update_store

KINDS = 4  # of rows: new, with another text, with another price, removed


@dataclass(frozen=True)
class UpdateFigures(Figures):
    """An update of a store, a quarter each of new, reworded, repriced and removed products.

    Attributes:
        products, rows: of the store, and of the update.
        update_seconds: the first update.
        next_update_seconds: another one of as many rows, which takes over the changes of the first.
        changes_mb: what both add to the store.
        open_ms_before, open_ms_after: from opening the store to the first search's answer.
        search_median_ms_before, search_p99_ms_before: of searches in the store as it was.
        search_median_ms_after, search_p99_ms_after: of the same searches after both updates, each beside the other.
    """

    products: int
    rows: int
    update_seconds: float
    next_update_seconds: float
    changes_mb: float
    open_ms_before: float
    open_ms_after: float
    search_median_ms_before: float
    search_p99_ms_before: float
    search_median_ms_after: float
    search_p99_ms_after: float


def drawn_rows(catalog: Catalog, rows: int, rng: np.random.Generator, name: str) -> tuple[list[Product], list[str]]:
    """Products to give to an update and ASINs to remove, drawn of a catalogue.

    Args:
        catalog: at least as many products as rows.
        rows: how many.
        rng: draws them.
        name: begins the ASINs of new products.
    """
    drawn = [catalog.products[number] for number in rng.choice(len(catalog), size=rows, replace=False).tolist()]
    new, reworded, repriced, removed = (drawn[kind::KINDS] for kind in range(KINDS))
    words = [product.title.split()[-1:] for product in drawn]
    given = [replace(each, asin=f"{name}{number}", requests=()) for number, each in enumerate(new)]
    given += [replace(each, title=" ".join([each.title, *word])) for each, word in zip(reworded, words, strict=False)]
    given += [replace(each, price=(each.price or 1.0) + 0.01, availability="in stock") for each in repriced]
    return given, [each.asin for each in removed]


def _opened(folder: Path, query: str) -> tuple[ShopData, float]:
    """A store's data, and the milliseconds until it answered a query."""
    start = time.perf_counter()
    data = read_data(folder)
    data.index.search(query)
    return data, 1e3 * (time.perf_counter() - start)


def _update(folder: Path, rows: int, rng: np.random.Generator, name: str) -> float:
    given, removed = drawn_rows(read_data(folder).catalog, rows, rng, name)
    start = time.perf_counter()
    update_store(folder, given, removed)
    return time.perf_counter() - start


def _size(folder: Path, names: Sequence[str]) -> int:
    return sum(path.stat().st_size for name in names for path in folder.glob(f"{name}/**/*") if path.is_file())


def _search_both(
    first: SearchIndex, second: SearchIndex, queries: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of each query in two indices, one after the other, so that what else the machine does slows both."""
    indices, spent = (first, second), np.zeros((2, len(queries)))
    for index in indices:
        for query in queries:
            index.search(query)  # not timed: reads from disk
    for number, query in enumerate(queries):
        for which in (number % 2, 1 - number % 2):
            start = time.perf_counter()
            indices[which].search(query)
            spent[which, number] = time.perf_counter() - start
    return spent[0], spent[1]


def _milliseconds(spent: NDArray[np.float64], share: float) -> float:
    return round(1e3 * float(np.percentile(spent, share)), 4)


def bench_update(data: Path, rows: int, seed: int) -> UpdateFigures:
    """Update a copy of a store twice, and search before and after.

    The copy lies beside the store and shares its files, which no update writes to.

    Args:
        data: a store, or a data folder with one.
        rows: of each update.
        seed: of what is drawn.

    Raises:
        ConfigError: there is no store, or it has fewer products than rows.
    """
    store = store_of(data)
    if store is None:
        raise ConfigError(f"{data}: holds no store. Build it with `shoprl catalog build --data {data}`.")
    with tempfile.TemporaryDirectory(dir=store.parent) as place:
        copy = Path(shutil.copytree(store, Path(place) / "shop", copy_function=_link))
        shop = read_data(copy)  # checked whole, once
        if len(shop.catalog) < 2 * rows:
            raise ConfigError(f"rows {rows}: must be at most half of the {len(shop.catalog)} products.")
        rng = np.random.default_rng(seed)
        queries = instructions(shop, rng)
        shop, open_before = _opened(copy, queries[0])
        first, second = (_update(copy, rows, rng, name) for name in ("NEW-A-", "NEW-B-"))
        updated, open_after = _opened(copy, queries[0])
        before, after = _search_both(shop.index, updated.index, queries)
        return UpdateFigures(
            products=len(shop.catalog),
            rows=rows,
            update_seconds=round(first, 2),
            next_update_seconds=round(second, 2),
            changes_mb=round(_size(copy, ["changes-2"]) / 1e6, 1),
            open_ms_before=round(open_before, 1),
            open_ms_after=round(open_after, 1),
            search_median_ms_before=_milliseconds(before, 50),
            search_p99_ms_before=_milliseconds(before, 99),
            search_median_ms_after=_milliseconds(after, 50),
            search_p99_ms_after=_milliseconds(after, 99),
        )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # of a disk without links
        shutil.copy2(source, target)
