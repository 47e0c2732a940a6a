import os
import pickle
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from shoprl.catalog import store
from shoprl.catalog.catalog import Catalog, Listing
from shoprl.catalog.product import Product
from shoprl.catalog.records import RecordWriter
from shoprl.catalog.store import StoredCatalog, product_record, write_lookups
from shoprl.errors import CatalogError
from shoprl.shop.generated import generated_data
from tests.support.toyshop import toy_catalog


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def put(folder: Path, catalog: Catalog) -> StoredCatalog:
    with RecordWriter(folder) as records:
        for product in catalog:
            records.append(product_record(product))
        records.finish()
    listings: dict[Listing, list[str]] = {
        name: [getattr(product, name) for product in catalog] for name in get_args(Listing)
    }
    write_lookups(folder, [product.asin for product in catalog], listings)
    return StoredCatalog(folder, catalog.content_hash, {"'name' is missing": 3})


def odd_catalog() -> Catalog:
    """ASINs of many lengths and letters, products that share everything else or nothing."""
    asins = ["B2", "B10", "Bä", "№ 5", "B", "b", "?", "B1234567890"[:10], "ÄÖÜäöüßéàx", "🙂"]
    names = ["", "tea", "Tea", "thé", "tea ", "", "tea", "🙂", "tea", "a › b"]
    return Catalog(
        [
            Product(asin, f"{asin} title", "", (), name, name.lower(), "", 1.5, "$1.5", {"ä": ("ö", "")}, ("x",))
            for asin, name in zip(asins, names, strict=True)
        ]
    )


CATALOGS = {"toy": toy_catalog, "generated": lambda: generated_data(200, 0).catalog, "odd": odd_catalog}


@pytest.fixture(params=CATALOGS)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Catalog, StoredCatalog]:
    catalog = CATALOGS[request.param]()
    return catalog, put(tmp_path / "products", catalog)


def test_a_stored_catalog_holds_the_same_products(both: tuple[Catalog, StoredCatalog]) -> None:
    catalog, stored = both
    assert len(stored) == len(catalog)
    assert list(stored) == list(stored.products) == list(catalog)
    assert [stored.products[i] for i in (0, -1)] == [catalog.products[0], catalog.products[-1]]
    assert list(stored.products[2:5]) == list(catalog.products[2:5])
    with pytest.raises(IndexError):
        stored.products[len(catalog)]
    assert [stored[product.asin] for product in catalog] == list(catalog)
    assert stored.skipped == {"'name' is missing": 3}


def test_what_is_not_in_the_catalog_is_not_found(both: tuple[Catalog, StoredCatalog]) -> None:
    catalog, stored = both
    asins = [product.asin for product in catalog]
    others = [asin + "x" for asin in asins] + [asin[:-1] for asin in asins] + [asin.lower() for asin in asins]
    others += ["", "B0", " ", "B" * 100_000, "\ud800", "B\x00", *(asin + "\x00" for asin in asins)]
    for asin in (*asins, *others):
        assert (asin in stored) == (asin in catalog)
        if asin not in catalog:
            with pytest.raises(KeyError):
                stored[asin]
    for other in (None, 7, asins[0].encode(), (asins[0],)):
        assert other not in stored


def test_the_content_hash_is_that_of_the_products(both: tuple[Catalog, StoredCatalog]) -> None:
    catalog, stored = both
    assert stored.content_hash == catalog.content_hash == Catalog(list(stored)).content_hash


@pytest.mark.parametrize("listing", get_args(Listing))
def test_listings_name_the_same_products(both: tuple[Catalog, StoredCatalog], listing: Listing) -> None:
    catalog, stored = both
    names = {getattr(product, listing) for product in catalog}
    assert len(names) > 1
    for name in names:
        assert list(stored.asins_by(listing, name)) == list(catalog.asins_by(listing, name))
    for name in {"no such", "", " ", "TEA", "\ud800", "te", next(iter(names)) + "x"}:
        assert list(stored.asins_by(listing, name)) == list(catalog.asins_by(listing, name))


def test_products_at_hand_are_few(both: tuple[Catalog, StoredCatalog], monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, stored = both
    monkeypatch.setattr(store, "REMEMBERED", 2)
    again = StoredCatalog(stored.folder, "", {})
    for product in (*catalog, *reversed(catalog.products)):
        assert again[product.asin] == product
    assert (
        again["B0TEA00002" if "B0TEA00002" in catalog else catalog.products[0].asin]
        == catalog["B0TEA00002" if "B0TEA00002" in catalog else catalog.products[0].asin]
    )
    first = catalog.products[0].asin
    assert again[first] is again[first]


def test_a_pickle_opens_the_folder_again(both: tuple[Catalog, StoredCatalog]) -> None:
    catalog, stored = both
    list(stored), stored[catalog.products[0].asin], stored.asins_by("query", "tea"), stored.content_hash
    pickled = pickle.dumps(stored)
    assert len(pickled) < 1_000
    again = pickle.loads(pickled)
    assert isinstance(again, StoredCatalog)
    assert list(again) == list(catalog)
    assert (again.content_hash, again.skipped) == (stored.content_hash, stored.skipped)
    shutil.rmtree(stored.folder)
    with pytest.raises(CatalogError, match="cannot be read"):
        pickle.loads(pickled)


FILES = ["records.bin", "offsets.npy", "keys.npy", "order.npy"]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_damaged_file_is_named(name: str, tmp_path: Path) -> None:
    stored = put(tmp_path, toy_catalog())
    content = (tmp_path / name).read_bytes()
    for damaged in (content[:-1], b"", None):
        (tmp_path / name).unlink()
        if damaged is not None:
            (tmp_path / name).write_bytes(damaged)
        with pytest.raises(CatalogError, match=rf"{name}: .*Run `shoprl catalog build` again"):
            StoredCatalog(tmp_path, stored.content_hash, {})


@pytest.mark.parametrize("name", ["names.json", "query.npy"])
def test_a_missing_or_damaged_listing_is_named(name: str, tmp_path: Path) -> None:
    stored = put(tmp_path, toy_catalog())
    content = (tmp_path / name).read_bytes()
    for damaged in (content[:-3], b"", None):
        (tmp_path / name).unlink()
        if damaged is not None:
            (tmp_path / name).write_bytes(damaged)
        again = StoredCatalog(tmp_path, stored.content_hash, {})
        assert again.products[0] == stored.products[0]
        with pytest.raises(CatalogError, match=name):
            again.asins_by("query", "herbal tea")


@pytest.mark.parametrize("name", ["keys.npy", "order.npy"])
def test_files_of_another_catalog_are_noticed(name: str, tmp_path: Path) -> None:
    put(tmp_path / "toy", toy_catalog())
    put(tmp_path / "odd", odd_catalog())
    shutil.copy(tmp_path / "odd" / name, tmp_path / "toy" / name)
    with pytest.raises(CatalogError, match="its files do not belong together"):
        StoredCatalog(tmp_path / "toy", "", {})


def test_a_catalog_without_products_is_refused(tmp_path: Path) -> None:
    with RecordWriter(tmp_path) as records:
        records.finish()
    write_lookups(tmp_path, [], {"query": [], "category": []})
    with pytest.raises(CatalogError, match="do not belong together"):
        StoredCatalog(tmp_path, "", {})


def test_what_was_opened_stays_when_the_files_go(tmp_path: Path) -> None:
    stored = put(tmp_path, toy_catalog())
    shutil.rmtree(tmp_path)
    assert list(stored) == list(toy_catalog())
    assert isinstance(stored._keys.keys.base, np.memmap)
