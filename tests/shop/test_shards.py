from pathlib import Path

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.records import RecordWriter
from shoprl.catalog.store import StoredCatalog, product_record
from shoprl.errors import CatalogError
from shoprl.search import SearchIndex
from shoprl.shop.shards import merge_shards, open_shard, save_shard, shard_asins, shard_listings, write_shard_lookups
from tests.support.toyshop import EVERYTHING, PRODUCTS


def test_shards_make_the_index_and_the_look_up_tables(tmp_path: Path) -> None:
    with RecordWriter(tmp_path / "products") as records:
        for number, first in enumerate(range(0, 12, 5)):
            save_shard(tmp_path, number, PRODUCTS[first : first + 5])
        for product in PRODUCTS:
            records.append(product_record(product))
        records.finish()
    merge_shards(tmp_path, 3)
    write_shard_lookups(tmp_path, 3)
    assert shard_asins(tmp_path, 3) == [product.asin for product in PRODUCTS]
    stored, catalog = StoredCatalog(tmp_path / "products", "", {}), Catalog(PRODUCTS)
    assert list(stored) == list(catalog)
    assert stored.asins_by("category", "garden") == catalog.asins_by("category", "garden")
    built = SearchIndex.build(PRODUCTS)
    assert SearchIndex.load(tmp_path / "index").search(EVERYTHING) == built.search(EVERYTHING)


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    save_shard(tmp_path, 0, PRODUCTS[:2])
    assert shard_listings(tmp_path, 0) == [["running shoes", "fashion"]] * 2
    (tmp_path / "shards" / "0" / "listings.json").write_text("5")
    with pytest.raises(CatalogError, match=r"listings\.json"):
        shard_listings(tmp_path, 0)
    (tmp_path / "shards" / "0" / "letters.npy").write_bytes(b"")
    with pytest.raises(CatalogError, match=r"letters\.npy"):
        open_shard(tmp_path, 0)
