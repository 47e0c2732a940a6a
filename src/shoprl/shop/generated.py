"""A generated shop: its data folder, or the same held in memory."""

import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.generator import write_catalog
from shoprl.catalog.phrasing import phrase_price
from shoprl.catalog.webshop import read_catalog
from shoprl.errors import StorageError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import Goal, write_goals
from shoprl.shop.making import make_goals
from shoprl.shop.splits import disjoint_split, webshop_split, write_split

PRODUCTS = 2_000


def _goals(catalog: Catalog, seed: int) -> list[Goal]:
    """Requests in many natural forms, with price ceilings in as many."""
    return make_goals(catalog, np.random.default_rng([seed, 1]), "human", phrase_price)


def write_generated(folder: Path, products: int = PRODUCTS, seed: int = 0) -> None:
    """Write a data folder: the catalogue's files, ``goals.jsonl.gz``, ``split.json`` and ``split_disjoint.json``.

    The same seed gives the same bytes. The folder appears whole or not at all.

    Raises:
        GoalError: so few products have too few requests to split.
        StorageError: it cannot be written.
    """
    folder = folder.resolve()
    temporary = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        _write_parts(temporary, products, seed)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, folder)  # an empty folder of that name is replaced
    except (OSError, StorageError) as error:
        raise StorageError(f"{folder}: cannot be written. {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_parts(folder: Path, products: int, seed: int) -> None:
    write_catalog(folder, products, seed)
    goals = _goals(read_catalog(folder, strict=True), seed)
    write_goals(folder / "goals.jsonl.gz", goals)
    write_split(folder / "split.json", webshop_split(goals))
    write_split(folder / "split_disjoint.json", disjoint_split(goals, np.random.default_rng([seed, 2])))


@lru_cache(maxsize=4)
def generated_data(products: int = 200, seed: int = 0) -> ShopData:
    """A small generated shop, made once a process."""
    with tempfile.TemporaryDirectory() as folder:
        _write_parts(Path(folder), products, seed)
        return read_data(Path(folder), strict=True)
