import time
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import CatalogError
from shoprl.feeds.columns import Columns, flatten
from shoprl.feeds.mapping import FeedMapping
from shoprl.feeds.recognise import NAMES, check_mapping, recognise


def mapping_of(*rows: dict[str, Any]) -> FeedMapping:
    columns = Columns()
    for row in rows:
        columns.add(flatten(row))
    return recognise(columns, len(rows))


@pytest.mark.parametrize(
    "names",
    [
        ("Item ID", "PRODUCT-TITLE", "Sale Price!", "Vendor", "Category Path"),
        ("item_id", "product_title", "salePrice", "vendor", "categoryPath"),
        ("g:item_id", "product.title", "sale.price", "VENDOR ", "category/path"),
    ],
)
def test_names_are_recognised_blind_to_case_and_punctuation(names: tuple[str, ...]) -> None:
    mapping = mapping_of(dict(zip(names, ("1", "Mug", "5.00", "Acme", "Home > Mugs"), strict=True)))
    found = [mapping.of(target) for target in ("id", "title", "sale_price", "brand", "category")]  # type: ignore[arg-type]
    assert found == [(name.strip(),) for name in names]
    assert all(mapping.why[name.strip()] for name in names)


@pytest.mark.parametrize("value", ["https://x.example/brand", "2024-01-05", "true", True, "no"])
@pytest.mark.parametrize("name", ["title", "brand", "category", "type"])
def test_addresses_dates_and_flags_are_no_texts(name: str, value: object) -> None:
    mapping = mapping_of({"product_name": "Mug", "id": "1", name: value})
    assert mapping.of("title") == ("product_name",)
    assert not mapping.of("brand")
    assert not mapping.of("category")
    assert not mapping.of("type")


def test_what_is_named_first_is_taken_unless_it_is_hardly_there() -> None:
    rows = [{"title": "A", "sku": f"{n}", "brand": "x"} for n in range(9)]
    mapping = mapping_of({"id": "only one", "vendor": "v", "title": "B"}, *rows)
    assert mapping.of("id") == ("sku",)
    assert mapping.of("brand") == ("brand", "vendor")  # the second stands in where the first is empty


def test_facets_become_features_and_bookkeeping_is_ignored() -> None:
    row = {"title": "Mug", "finish": "matt", "Glaze": "blue", "created_at": "2024-01-05", "SEO Title": "Buy mugs",
           "shipping_weight": "1 kg", "tax_code": "P1", "Unnamed: 0": "4", "is_deleted": "0"}  # fmt: skip
    mapping = mapping_of(row, row | {"Glaze": "red", "finish": "gloss"})
    assert mapping.features == {"glaze": "Glaze"}
    assert mapping.options == {"finish": "finish"}
    assert set(mapping.ignored) == set(row) - {"title", "finish", "Glaze"}


def test_words_by_which_a_shop_sorts_its_articles_are_no_type() -> None:
    assert mapping_of({"title": "A", "type": "Shirts"}).of("category") == ("type",)
    mapping = mapping_of({"title": "A", "type": "simple"}, {"title": "B", "type": "variable"})
    assert not mapping.of("type")
    assert not mapping.of("category")
    assert "type" in mapping.ignored


def test_numbers_above_five_are_no_ratings() -> None:
    assert mapping_of({"title": "A", "rating": "4.5 out of 5"}).of("rating") == ("rating",)
    assert not mapping_of({"title": "A", "rating": "87"}, {"title": "B", "rating": "4"}).of("rating")


def test_prices_in_cents_by_name() -> None:
    assert mapping_of({"title": "A", "price_cents": 499}).prices.minor_units
    assert mapping_of({"title": "A", "price": 499}).prices.minor_units is None


def test_a_handle_is_an_id_where_nothing_else_is() -> None:
    assert mapping_of({"title": "A", "handle": "a"}).of("id") == ("handle",)
    assert mapping_of({"title": "A", "Handle": "a", "Variant SKU": "1"}).of("group") == ("Handle",)


def test_a_feed_without_a_title_has_a_way_out() -> None:
    with pytest.raises(CatalogError, match=r"Is it 'Titlle'\? The fields are: Titlle, sku.*\[fields\] title = .*--map"):
        mapping_of({"Titlle": "Mug", "sku": "1"})


def test_ten_thousand_columns_take_no_time() -> None:
    row = {f"attr_{n}": "x" for n in range(10_000)}
    started = time.process_time()
    assert mapping_of(row | {"title": "A"}).of("features") == ("attr_*",)
    with pytest.raises(CatalogError, match="no field is named like a title"):
        mapping_of({f"column {n}": "x" for n in range(10_000)})
    assert time.process_time() - started < 5


def test_a_mapping_is_checked_against_the_feed() -> None:
    columns = Columns()
    columns.add({"Product": "Mug", "attr_x": "1"})
    path = str(Path("m.toml"))
    check_mapping(FeedMapping({"title": ("Product",), "features": ("attr_*",)}), columns, path)
    with pytest.raises(CatalogError, match=r"m\.toml: the feed has no field 'Prodct'\. Did you mean 'Product'\?"):
        check_mapping(FeedMapping({"title": ("Prodct",)}), columns, path)
    with pytest.raises(CatalogError, match=r"no field 'spec_\*'"):
        check_mapping(FeedMapping({"title": ("Product",), "features": ("spec_*",)}), columns, path)
    with pytest.raises(CatalogError, match="names no title"):
        check_mapping(FeedMapping({"id": ("Product",)}), columns, path)


def test_each_name_stands_for_one_target() -> None:
    names = [name for target in ("title", "price", "sale_price", "brand", "rating", "url") for name in NAMES[target]]  # type: ignore[index]
    assert len(names) == len({*names})


def test_what_sorts_articles_for_their_shop_is_no_category() -> None:
    magento = {"name": "Bag", "product_type": "simple", "categories": "Gear/Bags"}
    assert mapping_of(magento, magento | {"product_type": "configurable"}).of("category") == ("categories",)
    assert mapping_of({"Product Name": "Mug", "Product Type": "P", "Category": "Mugs"}).of("category") == ("Category",)
    both = mapping_of(magento | {"product_type": "Bag"}, magento)
    assert both.of("category") == ("product_type",)


def test_files_name_their_ids_and_titles_each_in_its_own_way() -> None:
    columns = Columns()
    columns.add({"id": "1", "title": "Mug", "ean": "5"}, "a")
    columns.add({"sku": "2", "name": "Lamp", "gtin": "6"}, "b")
    columns.add({"id": "3", "title": "Jug", "name": "J3"}, "c")
    mapping = recognise(columns, 3)
    assert mapping.of("id") == ("id", "sku")
    assert mapping.of("title") == ("title",)  # a name stands beside it in one of them
    assert mapping_of({"id": "1", "title": "Mug"}, {"sku": "2", "title": "Jug"}).of("id") == ("id",)


def test_headers_in_other_languages() -> None:
    german = ["Artikelnummer", "Bezeichnung", "Beschreibung", "Preis", "Marke", "Kategorie", "Bestand"]
    french = ["Référence", "Désignation", "Description", "Prix TTC", "Marque", "Catégorie", "Quantité"]
    values = ("A1", "Tasse", "Schön", "4,50", "Müller", "Küche > Tee", "3")
    for names in (german, french):
        mapping = mapping_of(dict(zip(names, values, strict=True)))
        targets = ("id", "title", "description", "price", "brand", "category", "availability")
        assert [mapping.of(target) for target in targets] == [(name,) for name in names]  # type: ignore[arg-type]


def test_pictures_and_options_by_number_or_with_name_behind() -> None:
    row = {"TITLE": "Mug", "IMAGE1": "https://x.example/1.jpg", "Product Image File - 1": "https://x.example/2.jpg",
           "image3": "5", "color_name": "red", "VARIATION 1 NAME": "Glaze", "VARIATION 1 VALUES": "a,b"}  # fmt: skip
    mapping = mapping_of(row)
    assert mapping.of("image") == ("IMAGE1", "Product Image File - 1")
    assert mapping.options == {"{VARIATION 1 NAME}": "VARIATION 1 VALUES", "color": "color_name"}


def test_a_field_whose_name_ends_in_price_is_one_where_it_is_the_only_one() -> None:
    row = {"title": "Mug", "wholesale_price": "4.50", "cost_price": "2.00", "best price": "soon"}
    assert mapping_of(row).of("price") == ("wholesale_price",)
    assert mapping_of(row | {"shop price": "5.00"}).of("price") == ()
    assert mapping_of(row | {"price": "5.00"}).of("price") == ("price",)
    assert mapping_of({"Name": "Mug", "Price (tax excl.)": "4,50", "Price (tax incl.)": "5,40"}).of("price") == (
        "Price (tax incl.)",
    )
