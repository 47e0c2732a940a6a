from typing import get_args

import pytest

from shoprl.catalog.catalog import Catalog, Listing
from shoprl.errors import CatalogError
from tests.support.toyshop import PRODUCTS, toy_catalog


def test_a_catalogue_finds_products_by_asin() -> None:
    catalog = toy_catalog()
    assert len(catalog) == 12
    assert tuple(catalog) == PRODUCTS
    assert catalog["B0TEA00002"].title == "Mint Meadow Leaves"
    assert "B0TEA00002" in catalog
    assert "b0tea00002" not in catalog


def test_a_catalogue_needs_products_with_different_asins() -> None:
    with pytest.raises(CatalogError, match="empty"):
        Catalog([])
    with pytest.raises(CatalogError, match="same ASIN twice"):
        Catalog([PRODUCTS[0], PRODUCTS[1], PRODUCTS[0]])


def test_the_content_hash_sees_the_order() -> None:
    assert Catalog(PRODUCTS).content_hash != Catalog(PRODUCTS[::-1]).content_hash


def test_a_catalogue_lists_product_types_and_departments() -> None:
    catalog = toy_catalog()
    for listing in get_args(Listing):
        names = {getattr(product, listing) for product in catalog}
        listed = [asin for name in names for asin in catalog.asins_by(listing, name)]
        assert sorted(listed) == sorted(product.asin for product in catalog)
    assert catalog.asins_by("query", "herbal tea") == ["B0TEA00001", "B0TEA00002", "B0TEA00003"]
    assert catalog.asins_by("query", "no such") == []
