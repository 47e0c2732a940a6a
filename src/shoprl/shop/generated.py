"""A generated shop: its data folder, or the same held in memory."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from shoprl.catalog.generator import DEFAULT, write_catalog
from shoprl.catalog.phrasing import phrase_price
from shoprl.catalog.product import Product
from shoprl.catalog.style import Style
from shoprl.catalog.webshop import ProductReader, stored_mapping
from shoprl.claims import claimed
from shoprl.errors import RunError, StorageError
from shoprl.files import ListHash, real_path
from shoprl.progress import track
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import write_goals
from shoprl.shop.making import make_goals
from shoprl.shop.splits import disjoint_split, webshop_split, write_split

PRODUCTS = 2_000
ASKED_FOR = 20_000  # products that goals are made of, at most


@dataclass(frozen=True)
class Written:
    """What a generated data folder holds.

    Attributes:
        products, goals: how many.
        hashes: content hashes of the catalogue, the goals and the splits.
    """

    products: int
    goals: int
    hashes: dict[str, str]


def _asked_for(folder: Path, seed: int) -> tuple[list[Product], str]:
    """The products that goals are made of (of a large shop :data:`ASKED_FOR`, drawn evenly), and the shop's hash."""
    extras = folder / ".extras"
    reader = ProductReader(folder, True, partial(stored_mapping, extras))
    draw = np.random.default_rng([seed, 3])
    drawn: list[Product] = []
    content = ListHash()
    for number, product in enumerate(track(reader.read(set()), "goals", unit="product")):
        content.add(product.to_json())
        if number < ASKED_FOR:
            drawn.append(product)
        elif (place := int(draw.integers(number + 1))) < ASKED_FOR:  # reservoir sampling
            drawn[place] = product
    shutil.rmtree(extras)
    return drawn, content.hexdigest()


def write_generated(folder: Path, products: int = PRODUCTS, seed: int = 0, style: Style = DEFAULT) -> Written:
    """Write a data folder: the catalogue's files, ``goals.jsonl.gz``, ``split.json`` and ``split_disjoint.json``.

    Memory does not grow with ``products``: of a large shop, goals ask for :data:`ASKED_FOR` products. The same seed
    and style give the same bytes. The folder appears only once it is complete.

    Returns:
        What the folder holds.

    Raises:
        GoalError: so few products have too few requests to split.
        RunError: the folder is not empty, or another process is writing it.
        StorageError: it cannot be written.
    """
    folder = real_path(folder)
    temporary = folder.with_name(f".{folder.name}.part")
    with claimed(folder, replaced=True):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(f"{folder}: not an empty folder. Choose another one with `out`.")
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            written = _write_parts(temporary, products, seed, style)
            os.replace(temporary, folder)  # an empty folder of that name is replaced
        except (OSError, StorageError) as error:
            raise StorageError(f"{folder}: cannot be written. {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return written


def _write_parts(folder: Path, products: int, seed: int, style: Style) -> Written:
    write_catalog(folder, products, seed, style)
    asked_for, content = _asked_for(folder, seed)
    goals = make_goals(asked_for, np.random.default_rng([seed, 1]), "human", phrase_price)
    write_goals(folder / "goals.jsonl.gz", goals)
    split, disjoint = webshop_split(goals), disjoint_split(goals, np.random.default_rng([seed, 2]))
    write_split(folder / "split.json", split)
    write_split(folder / "split_disjoint.json", disjoint)
    hashes = {"catalog": content, "goals": split.goals_sha256}
    hashes |= {"split": split.content_hash, "disjoint_split": disjoint.content_hash}
    return Written(products, len(goals), hashes)


@lru_cache(maxsize=4)
def generated_data(products: int = 200, seed: int = 0, style: Style = DEFAULT) -> ShopData:
    """A small generated shop, generated once a process."""
    with tempfile.TemporaryDirectory() as folder:
        _write_parts(Path(folder), products, seed, style)
        return read_data(Path(folder), strict=True)
