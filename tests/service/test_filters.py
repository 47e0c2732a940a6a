from dataclasses import replace

import pytest

from shoprl.catalog.product import Product, Variant
from shoprl.errors import ConfigError
from shoprl.service.filters import Facets, Filters
from tests.support.toyshop import PRODUCTS


def left(*products: Product, **fields: object) -> list[str]:
    hidden = Facets(products or PRODUCTS).hidden(Filters(**fields))  # type: ignore[arg-type]
    return [product.asin for product in products or PRODUCTS if product.asin not in hidden]


def test_no_filter_hides_nothing() -> None:
    assert not Filters()
    assert len(left()) == len(PRODUCTS)


def test_prices_are_bounds() -> None:
    assert left(price_max=8.0) == ["B0TEA00002", "B0TEA00003"]
    assert left(price_min=100, price_max=200.0) == ["B0SHOE0003"]
    unknown = replace(PRODUCTS[0], price=None)
    assert left(unknown, price_max=1e9) == left(unknown, price_min=0.0) == []
    assert left(unknown) == [unknown.asin]


@pytest.mark.parametrize("name", ["garden", "Table Lamps", "LIGHTING", " lighting "])
def test_categories_are_departments_types_and_parts_of_the_path(name: str) -> None:
    assert left(categories=(name,)) == ["B0LAMP0001", "B0LAMP0002", "B0LAMP0003"]


def test_one_of_several_categories_is_enough() -> None:
    assert len(left(categories=("grocery", "lighting"))) == 6
    assert left(categories=("nothing",)) == []


def test_brands_in_any_case() -> None:
    own = replace(PRODUCTS[3], brand="Aurora")
    assert left(own, PRODUCTS[4], brands=("AURORA ",)) == [own.asin]


def test_what_is_out_of_stock_is_left_out_on_demand() -> None:
    gone = replace(PRODUCTS[0], availability="out of stock")
    some = replace(gone, asin="B1", variants=(Variant("1", {}, availability="out of stock"), Variant("2", {})))
    none = replace(gone, asin="B2", availability="", variants=(Variant("1", {}, availability="out of stock"),))
    assert left(gone, PRODUCTS[1], some, none, in_stock=True) == ["B0SHOE0002", "B1"]
    assert len(left(gone, PRODUCTS[1], some, none)) == 4


def test_excluded_products_and_all_filters_together() -> None:
    assert left(price_max=8.0, exclude=("B0TEA00002",)) == ["B0TEA00003"]
    assert left(price_max=8.0, categories=("garden",)) == []


def test_bounds_are_checked() -> None:
    with pytest.raises(ConfigError, match="price_max"):
        Filters(price_max=-1.0)


@pytest.mark.parametrize("filters", [Filters(), Filters(price_max=20.0), Filters(categories=("fashion",))])
def test_a_product_alone_is_admitted_as_among_others(filters: Filters) -> None:
    hidden = Facets(PRODUCTS).hidden(filters)
    assert [each.asin for each in PRODUCTS if not filters.admits(each)] == [
        x.asin for x in PRODUCTS if x.asin in hidden
    ]
