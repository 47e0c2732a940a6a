"""Whole feeds: what becomes of the rows that shops export."""

import json
import random
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.ids import id_of
from shoprl.catalog.product import Product
from shoprl.errors import CatalogError
from shoprl.feeds.mapping import FeedMapping, PriceSettings
from shoprl.feeds.reader import Feed
from shoprl.feeds.rows import Fault
from tests.support import feed_samples as samples
from tests.support.feed_rows import FakeRows, catalogue, check_account, only, opened, read
from tests.support.strategies import JSON

SAMPLES = (
    samples.google, samples.google_xml, samples.shopify, samples.shopify_new, samples.shopify_json, samples.openai,
    samples.json_ld, samples.json_ld_graph, samples.algolia, samples.woocommerce, samples.wands, samples.flipkart,
    samples.amazon,
)  # fmt: skip


def by_id(products: list[Product]) -> dict[str, Product]:
    return {id_of(product.asin): product for product in products}


def prices(product: Product) -> dict[str, float | None]:
    return {variant.id: variant.price for variant in product.variants}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample.__name__))
def test_every_sample_is_read_without_a_mapping_and_alike_twice(sample: Any) -> None:
    feed, products = read(sample())
    assert products
    assert set(feed.summary.rejected) <= {"not a product"}
    assert read(sample())[1] == products
    assert all(feed.mapping.why[name] for name in feed.mapping.used if not name.endswith("*"))
    for product in products:
        assert Product.from_json(json.loads(json.dumps(product.to_json()))) == product
        assert all("@" not in text and "[" not in text for text in product.attributes)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample.__name__))
def test_every_value_can_be_clicked_and_chooses_its_variant(sample: Any) -> None:
    _, products = read(sample())
    for product in products:
        for variant in product.variants:
            session = opened(products, product)
            for value in variant.options.values():
                session.step(f"click[{value.upper()}]")
            assert session.page.options == variant.options
            assert variant in product.fitting(session.page.options)
            assert product.fitting(session.page.options) == [variant]
            assert product.price_with(session.page.options) == variant.price


@pytest.mark.parametrize("sample", [samples.google, samples.google_xml])
def test_google_merchant(sample: Any) -> None:
    feed, products = read(sample())
    shirt, mug = products
    assert (shirt.asin, shirt.title, shirt.brand) == ("TS", "Organic Cotton T-Shirt", "Greenwear")
    assert shirt.description == "A soft shirt & more."
    assert shirt.options == {"color": ("red", "blue"), "size": ("s", "m")}
    assert prices(shirt) == {"TS-R-S": 19.99, "TS-B-S": 15.99, "TS-B-M": 21.99}
    assert (shirt.price, shirt.price_tag, shirt.currency) == (15.99, "$15.99 to $21.99", "USD")
    assert shirt.price_tag_with({"color": "red"}) == "$19.99"
    assert shirt.product_category == "Home › Men › T-Shirts"
    assert {"fabric: Cotton", "fit: Regular", "gender: male", "age group: adult", "material: Cotton"} <= {
        *shirt.bullets
    }
    assert shirt.image == "https://cdn.example/ts.jpg"
    assert shirt.images == ("https://cdn.example/ts-2.jpg", "https://cdn.example/ts-3.jpg")
    assert [variant.availability for variant in shirt.variants] == ["in stock", "in stock", "out of stock"]
    assert (mug.price, mug.availability, mug.options) == (1299.0, "out of stock", {})
    assert feed.summary.used == 4
    assert feed.summary.products == 2
    assert feed.summary.variants == 3
    assert not any("no currency" in warning for warning in feed.summary.warnings)


def test_googles_category_stands_in_where_the_shop_has_none() -> None:
    rows = samples.google()
    del rows[1]["product_type"]
    rows[1]["google_product_category"] = "Home & Garden > Kitchen & Dining > Mugs, Cups & Glasses > Mugs"
    mug = by_id(read(rows)[1])["MUG"]
    assert mug.product_category == "Home & Garden › Kitchen & Dining › Mugs, Cups & Glasses › Mugs"
    rows[1]["google_product_category"] = "212"
    assert by_id(read(rows)[1])["MUG"].product_category == ""


def test_shopifys_table() -> None:
    feed, (tee, box) = read(samples.shopify())
    assert (tee.asin, tee.title, tee.brand, tee.query) == ("classic-tee", "Classic Tee", "Acme", "shirts")
    assert tee.description == "Our classic tee."
    assert tee.bullets[:2] == ("100% cotton", "Pre-shrunk")
    assert tee.options == {"color": ("black", "white (new)"), "size": ("s", "m | l")}
    assert prices(tee) == {"CT-BK-S": 19.0, "CT-BK-M": 19.0, "CT-WH-S": 21.5}
    assert len(tee.images) == 2
    assert "tee-back" in tee.images[1]
    assert [bool(variant.image) for variant in tee.variants] == [True, False, False]  # a row's picture is the product's
    assert [variant.availability for variant in tee.variants] == ["in stock", "out of stock", "out of stock"]
    assert "summer" in tee.attributes
    assert (box.asin, box.options, box.variants, box.price) == ("gift-box", {}, (), 0.0)
    assert feed.summary.rows == feed.summary.used == 5
    assert not {"Variant Grams", "SEO Title", "Cost per item", "Price / United States", "Status"} & {*feed.mapping.used}


def test_shopifys_table_of_today() -> None:
    feed, (socks, hat) = read(samples.shopify_new())
    assert socks.options == {"size": ("small", "large")}
    assert prices(socks) == {"WS-1": 9.95, "WS-2": 10.95}
    assert [variant.image for variant in socks.variants] == ["https://cdn.example/s.png", "https://cdn.example/l.png"]
    assert (hat.asin, hat.price, hat.image, hat.options) == ("felt-hat", 45.0, "https://cdn.example/h.png", {})
    assert [variant.id for variant in hat.variants] == ["FH"]
    assert not {"Inventory tracker", "Fulfillment service", "Weight unit for display"} & {*feed.mapping.used}


def test_shopifys_objects() -> None:
    apron, mitt = read(samples.shopify_json())[1]
    assert (apron.asin, apron.description, apron.options) == ("8106", "For cooks", {"color": ("grey", "blue")})
    assert [(v.id, v.options, v.price, v.availability) for v in apron.variants] == [
        ("AP-G", {"color": "grey"}, 39.0, "in stock"),
        ("AP-B", {"color": "blue"}, 42.0, "out of stock"),
    ]
    assert apron.variants[1].image == "https://cdn.example/blue.jpg"
    assert (mitt.price, mitt.options) == (12.5, {})


def test_openais_feed() -> None:
    jacket, cap = read(samples.openai())[1]
    assert (jacket.asin, jacket.options) == ("RJ", {"color": ("black", "yellow")})
    assert prices(jacket) == {"RJ-1": 79.99, "RJ-2": 89.99}
    assert (jacket.rating, jacket.rating_count) == (4.6, 25)
    assert jacket.images == ("https://cdn.example/j2.jpg", "https://cdn.example/j3.jpg")
    assert not any("Peak Store" in bullet or "variant dict" in bullet for bullet in jacket.bullets)
    assert (cap.asin, [variant.id for variant in cap.variants]) == ("C", ["CAP"])


def test_schema_org() -> None:
    feed, products = read(samples.json_ld())
    anvil, tongs, bellows, coat = products
    assert (anvil.asin, anvil.brand, anvil.price_tag, anvil.currency) == ("0446310786", "ACME", "€119.99", "EUR")
    assert (anvil.rating, anvil.rating_count, anvil.availability) == (4.4, 89, "in stock")
    assert anvil.bullets == ("weight class: Heavy", "forged")
    assert anvil.attributes == ("heavy", "forged")
    assert anvil.product_category == "Tools › Anvils"
    assert (tongs.brand, tongs.price, tongs.price_tag) == ("ACME", 9.5, "€9.50 to €14.00")
    assert tongs.image == "https://x.example/t.jpg"
    assert bellows.price_tag == "€28.00 to €30.00"
    assert (coat.asin, coat.brand, coat.currency) == ("44E01", "Good", "EUR")
    assert prices(coat) == {"44E01-M": 39.99, "44E01-L": 49.99}
    assert coat.options == {"size": ("small", "large")}
    assert feed.summary.rejected == {"not a product": 1}


def test_schema_orgs_graph() -> None:
    feed, products = read(samples.json_ld_graph())
    assert [product.title for product in products] == ["Executive Anvil", "Tongs", "Bellows"]
    assert feed.summary.rejected == {"not a product": 1}


def test_algolia() -> None:
    camera = read(samples.algolia())[1][0]
    assert (camera.asin, camera.price, camera.brand) == ("1696302", 39.99, "Canon")
    assert (camera.product_category, camera.query) == ("Cameras › Digital Cameras", "digital cameras")


def test_woocommerce() -> None:
    shirt, belt = read(samples.woocommerce())[1]
    assert (shirt.asin, shirt.title, shirt.price_tag) == ("woo-vneck", "V-Neck T-Shirt", "$18.50 to $20.00")
    assert prices(shirt) == {"woo-vneck-blue": 20.0, "woo-vneck-green": 18.5}
    assert shirt.options == {"color": ("blue", "green"), "size": ("large", "small")}
    assert (belt.asin, belt.price, belt.availability) == ("woo-belt", 55.0, "out of stock")
    rows = samples.woocommerce()
    del rows[0]["SKU"]  # its variations then name it by its number
    for row in rows[2:]:
        row["Parent"] = "id:44"
    shirt, belt = read(rows)[1]
    assert len(shirt.variants) == 2
    assert shirt.title == "V-Neck T-Shirt"


def test_wayfairs_products_without_prices() -> None:
    feed, (bed, cooker, shelf) = read(samples.wands())
    assert bed.product_category == "Furniture › Bedroom Furniture › Beds & Headboards › Beds"
    assert {"material: solid wood", "material: metal", "assemblyrequired"} <= {*bed.bullets}
    assert (bed.rating, bed.rating_count, bed.price, bed.price_tag) == (4.5, 15, None, "")
    assert cooker.query == "slow cookers"
    assert shelf.title == "plain shelf"
    assert "100% of the products have no price" in feed.summary.warnings


def test_flipkart() -> None:
    shorts, sofa = read(samples.flipkart())[1]
    assert (shorts.price, sofa.price) == (379.0, 22646.0)  # whole rupees
    assert shorts.product_category == "Clothing › Women's Clothing › Lingerie › Shorts"
    assert {"fabric: Cotton Lycra", "number of contents in sales package: Pack of 3"} == {*shorts.bullets}
    assert shorts.images == ("http://img5a.flixcart.com/b.jpeg",)
    assert (shorts.rating, sofa.rating) == (None, 4.2)


def test_amazons_dumps() -> None:
    balm, tomato = read(samples.amazon())[1]
    assert (balm.asin, balm.brand, balm.description) == (
        "B01CUPMQZE", "Howard Products", "First paragraph. Second paragraph."
    )  # fmt: skip
    assert {"Protects and restores", "Beeswax & aloe", "material: Beeswax"} <= {*balm.bullets}
    assert (balm.image, balm.images) == ("https://m.example/h.jpg", ("https://m.example/l2.jpg",))
    assert (balm.rating_count, tomato.price, tomato.product_category) == (10, None, "All Beauty")


def test_icecat() -> None:
    rows = catalogue("catalogues/icecat/products.jsonl.gz")[:1_000]
    feed, products = read(rows)
    assert (len(products), products[0].price, products[0].brand) == (1_000, 49.95, "Xerox")
    assert feed.rules.minor_units
    assert "printing colours: Black" in products[0].bullets
    assert "black" in products[0].attributes
    assert read(rows[:50])[1] == products[:50]  # as `--first 50` reads them


def test_best_buy() -> None:
    rows = catalogue("catalogues/bestbuy/products.json.gz")[:800]
    feed, products = read(rows)
    assert len(products) == 800
    assert products[0].product_category == "Cell Phones › Prepaid Phones › All Prepaid Phones"
    assert all(product.price for product in products)
    assert not feed.rules.minor_units
    assert any("no field is an id" in warning for warning in feed.summary.warnings)


def test_webshops_own_file() -> None:
    feed, products = read(catalogue("webshop-small/items_shuffle_1000.json"))
    assert len(products) == 999
    assert feed.summary.rejected == {"no title": 1}
    first = by_id(products)["B06Y3VLDFB"]
    assert (first.price, first.query, first.image) == (
        877.8, "console tables", "https://m.media-amazon.com/images/I/51Y1zY1ZdZL.jpg"
    )  # fmt: skip
    assert "Material:SOLID WOOD" in first.bullets
    assert sum(product.price is None for product in products) > 50  # which WebShop sells for $100


CSV = {"id": "1", "title": "Mug", "price": "5.00"}


def test_equal_rows_merge_and_different_ones_are_rejects() -> None:
    feed, products = read([CSV, dict(reversed(CSV.items())), CSV | {"price": "6.00"}])
    assert len(products) == 1
    assert feed.summary.merged == 1
    assert feed.rejects == [
        Fault("feed", 3, "id occurs twice", "id '1' stands in feed, line 1 too, with another content")
    ]


def test_rejects_say_where_and_why(tmp_path: Path) -> None:
    rows = [
        CSV,
        Fault("feed", 2, "row is cut off", "the last cell has no end"),
        {"id": "3", "title": "No price", "price": "soon"},
        {"id": "4", "price": "7.00"},
        {"title": "No id", "price": "8.00"},
        {"id": "6" * 1_001, "title": "Long", "price": "9.00"},
        {"id": "7", "title": "t" * 2_001, "price": "9.00"},
        {"id": " ", "title": "", "price": None},
    ]
    feed, _products = read(rows)
    assert [(reject.line, reject.reason) for reject in feed.rejects] == [
        (2, "row is cut off"), (3, "price is not a price"), (4, "no title"), (5, "no id"), (6, "id is too long"),
        (7, "title is too long"), (8, "empty row"),
    ]  # fmt: skip
    assert "'price': 'soon'" in feed.rejects[1].detail
    feed.write_rejects(tmp_path / "rejects.jsonl")
    written = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert written[0] == {"source": "feed", "line": 2, "reason": "row is cut off", "detail": "the last cell has no end"}
    feed.check(strict=False)
    with pytest.raises(CatalogError, match=r"feed: line 2: row is cut off: .* 7 of 8 rows cannot be read"):
        feed.check(strict=True)


def test_a_feed_of_which_nothing_is_left_is_an_error() -> None:
    feed, products = read([{"id": "1", "title": "A", "price": "-5"}])
    assert not products
    with pytest.raises(CatalogError, match="price is negative"):
        feed.check(strict=False)
    with pytest.raises(CatalogError, match="a header alone"):
        read([])
    with pytest.raises(CatalogError, match=r"cut off \(1\)\. The first is in feed, line 9"):
        read([Fault("feed", 9, "cut off", "")])


def test_a_mapping_says_what_is_what() -> None:
    mapping = FeedMapping({"title": ("B",), "id": ("A",), "price": ("P",)}, prices=PriceSettings("EUR", ",", None))
    product = only([{"A": "x", "B": "Mug", "title": "not this", "P": "1.234,5"}], mapping=(mapping, Path("m.toml")))
    assert (product.asin, product.title, product.price_tag) == ("x", "Mug", "€1234.50")
    cents = FeedMapping({"title": ("B",), "price": ("P",)}, prices=PriceSettings(minor_units=True))
    assert only([{"B": "Mug", "P": 499}], mapping=(cents, Path("m.toml"))).price == 4.99
    with pytest.raises(CatalogError, match=r"m\.toml: the feed has no field 'P'"):
        read([{"B": "Mug"}], mapping=(cents, Path("m.toml")))


def test_ids_that_differ_in_case_or_are_buttons_are_all_kept() -> None:
    names = ["SKU-a", "sku-A", "sku-a", "search", "Buy Now", "a/b", "商品", "a\ud83d", "a\ud83e", "x[1]", "1.0"]
    _feed, products = read([{"id": name, "title": f"Product {n}"} for n, name in enumerate(names)])
    assert [id_of(product.asin) for product in products] == names
    for product in products:
        opened(products, product)


def test_numbers_as_ids_lose_nothing() -> None:
    _, products = read([{"id": value, "title": "T"} for value in (17, 18.0, 123456789012345678901234567890, 1234567.0)])
    assert [product.asin for product in products] == ["17", "18", "123456789012345678901234567890", "1234567"]


def test_hostile_values_are_read_or_named() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    rows = [
        {"id": float("inf"), "title": "A", "price": float("inf")},
        {"id": "2", "title": ["B"], "price": 10**4_000},
        {"id": "3", "title": "C", "price": {"amount": "5.00", "currency": "EUR"}},
        {"id": "4", "title": deep, "price": [], "tags": deep, "categories": deep, "images": deep, "features": deep},
        {"id": "5", "title": "<b>\x00E\u202e</b>", "price": float("nan"), "variants": [1, None, {"price": {"x": 1}}]},
        {"id": "6", "title": "F", "options": [{"name": []}, {"name": {}, "values": {}}], "features": "a:b:c:d|:|x"},
        {"id": True, "title": "G", "rating": "1e999", "rating_count": "9" * 500, "availability": "9" * 500},
    ]
    feed, products = read(rows)
    assert by_id(products)["3"].price_tag == "€5.00"
    assert by_id(products)["5"].title == "E"
    assert [product.title for product in products] == ["C", "x", "E", "F", "G"]
    assert feed.summary.rejected == {"price is too large": 2}


def test_half_pairs_of_surrogates_do_not_reach_texts() -> None:
    product = only([{"id": "1", "title": "a\ud83d b", "tags": ["c\udc00d"], "image": "https://x/\ud83d"}])
    json.dumps(product.to_json(), ensure_ascii=False).encode()


def test_variants_of_a_group_whose_leader_is_rejected_are_kept() -> None:
    rows = [
        {"id": f"{n}", "item_group_id": "G", "title": "Shirt", "size": size, "price": price}
        for n, (size, price) in enumerate([("S", "soon"), ("M", "5.00"), ("L", "6.00")])
    ]
    feed, (product,) = read(rows)
    assert product.options == {"size": ("m", "l")}
    assert feed.summary.rejected == {"price is not a price": 1}


CELL = st.one_of(
    st.sampled_from(
        ["", "1", "2", "A", "a", "search", "5.00", "5,00", "USD", "Red", "red", "x|y", "null", "{}", "[1]"]
    ),
    st.text(max_size=8),
    JSON,
)
NAMES = ("id", "title", "price", "sale_price", "item_group_id", "color", "size", "brand", "tags", "options", "variants",
         "image_link", "category", "@type", "features", "rating", "availability", "Option1 Name", "Option1 Value",
         "Parent",          "SKU")  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), CELL, max_size=8), max_size=8))
def test_no_row_is_lost_whatever_it_holds(rows: list[dict[str, Any]]) -> None:
    titled = [{"title": f"First {number}", "id": f"first {number}"} for number in range(len(rows) + 1)]
    everything = [*titled, *rows]  # most titles are none of flags, dates and addresses, else no field is one
    _, products = read(everything)
    assert products == read(everything)[1]
    for product in products:
        opened(products, product)
        values = [value for values in product.options.values() for value in values]
        assert len({*values}) == len(values)


def test_many_rows_of_random_tables(tmp_path: Path) -> None:
    draw = random.Random(5)
    rows = [
        {draw.choice(("id", "title", "price", "item_group_id", "size", "brand")): "".join(
            draw.choices(string.printable, k=draw.randint(1, 5))) for _ in range(6)}
        for _ in range(2_000)
    ]  # fmt: skip
    feed = Feed(FakeRows([{"title": "x", "id": "y"}, *rows]), tmp_path)
    check_account(feed, list(feed.products()))
    assert feed.summary.rejected.total() > 100
    assert feed.summary.products > 100
