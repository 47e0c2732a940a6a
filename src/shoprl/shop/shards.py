"""Shards of a store that is being built: what of its products is merged once all are read."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

from shoprl.catalog.catalog import Listing
from shoprl.catalog.product import Product
from shoprl.catalog.records import REMEDY, load_array, save_array
from shoprl.catalog.store import write_lookups
from shoprl.errors import CatalogError
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.search.arrays import on_disk, save_arrays
from shoprl.search.index import indexed_text
from shoprl.search.merging import Shard, count_terms, merge

SHARD = 50_000  # products


def save_shard(part: Path, number: int, products: Sequence[Product]) -> None:
    """Count the terms of a shard's products and write what is merged.

    Raises:
        StorageError: a file cannot be written.
    """
    folder = part / "shards" / str(number)
    shard = count_terms([product.asin for product in products], map(indexed_text, products))
    for item in fields(shard):
        save_array(folder / f"{item.name}.npy", getattr(shard, item.name))
    write_json(folder / "listings.json", [[product.query, product.category] for product in products])


def open_shard(part: Path, number: int) -> Shard:
    """Open what :func:`save_shard` wrote.

    Raises:
        CatalogError: a file is missing or damaged.
    """
    folder = part / "shards" / str(number)
    return Shard(*(load_array(folder / f"{item.name}.npy", "iu") for item in fields(Shard)))


def shard_listings(part: Path, number: int) -> list[list[str]]:
    """The product type and the department of each product of a shard.

    Raises:
        CatalogError: the file is missing or damaged.
    """
    path = part / "shards" / str(number) / "listings.json"
    rows: list[list[str]] = read_json(path, CatalogError)
    if not isinstance(rows, list):
        raise CatalogError(f"{path}: is not what was written. {REMEDY}")
    return rows


def shard_asins(part: Path, count: int) -> list[str]:
    """The ASINs of the products of all shards, in their order."""
    return [asin for number in range(count) for asin in open_shard(part, number).asins()]


def merge_shards(part: Path, count: int) -> None:
    """Write the search index of all shards' products."""
    index = part / "index"
    save_arrays(index, *merge([open_shard(part, number) for number in range(count)], partial(on_disk, index)))


def write_shard_lookups(part: Path, count: int) -> None:
    """Write what finds all shards' products among the records."""
    rows = [row for number in range(count) for row in shard_listings(part, number)]
    listings: dict[Listing, list[str]] = {"query": [row[0] for row in rows], "category": [row[1] for row in rows]}
    write_lookups(part / "products", shard_asins(part, count), listings)
