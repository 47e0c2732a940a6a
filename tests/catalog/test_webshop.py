import json
import logging
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog import webshop
from shoprl.catalog.product import Product, Request
from shoprl.catalog.rules import Rules, write_rules
from shoprl.catalog.webshop import parse_pricing, products_file, read_catalog
from shoprl.errors import CatalogError
from tests.support.toyshop import PRODUCTS, item_row, toy_catalog, write_toy_folder

ITEMS, WORDINGS, HUMAN, PRICES = "items_shuffle_2.json", "items_ins_v2_2.json", "items_human_ins.json", "prices.json"


def row(asin: str = "B000000001", **fields: Any) -> dict[str, Any]:
    return {"asin": asin, "name": "Wool Hat", "pricing": "$10.50", **fields}


def write(folder: Path, rows: Any, **files: Any) -> Path:
    names = {"wordings": WORDINGS, "human": HUMAN, "prices": PRICES}
    for name, content in {ITEMS: rows, **{names[key]: value for key, value in files.items()}}.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def read_one(folder: Path, fields: dict[str, Any], **files: Any) -> Product:
    (product,) = read_catalog(write(folder, [row(**fields)], **files), strict=True)
    return product


def test_the_toy_shop_survives_its_files(toy_folder: Path) -> None:
    catalog = read_catalog(toy_folder, strict=True)
    assert catalog.products == PRODUCTS
    assert catalog.content_hash == toy_catalog().content_hash
    assert catalog.skipped == {}


def test_a_product_of_three_fields_gets_defaults(tmp_path: Path) -> None:
    assert read_one(tmp_path, {}) == Product(
        "B000000001",
        "Wool Hat",
        description="",
        bullets=("",),
        category="",
        query="",
        product_category="",
        price=10.5,
        price_tag="$10.5",
    )


def test_fields_are_cleaned_as_in_webshop(tmp_path: Path) -> None:
    product = read_one(
        tmp_path,
        {
            "asin": " B000000001 ",
            "query": " Wool Hats ",
            "name": " Hat ",
            "full_description": None,
            "small_description": "one",
            "images": ["a", "b"],
        },
    )
    assert (product.asin, product.query, product.title) == ("B000000001", "wool hats", " Hat ")
    assert (product.description, product.bullets, product.image) == ("", ("one",), "a")


@pytest.mark.parametrize("images", [None, [], [None], "a", {"a": 1}])
def test_a_product_without_a_usable_picture_has_none(images: Any, tmp_path: Path) -> None:
    assert read_one(tmp_path, {"images": images}).image == ""


# Files


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="nowhere: no such f"):
        read_catalog(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text("[]")
    with pytest.raises(CatalogError, match="catalog import"):
        read_catalog(tmp_path / "products.json")


def test_of_several_products_files_one_is_named(tmp_path: Path) -> None:
    """As WebShop's ``setup.sh -d all`` leaves its folder beside ``-d small``."""
    write(tmp_path, [row("B1")], wordings={"B1": {"attributes": ["soft"]}})
    assert [each.asin for each in read_catalog(tmp_path / ITEMS)] == ["B1"]  # the only one
    (tmp_path / "items_shuffle.json").write_text(json.dumps([row("B1"), row("B2")]))
    (tmp_path / "items_ins_v2.json").write_text(json.dumps({"B2": {"attributes": ["warm"]}}))
    with pytest.raises(CatalogError, match=r"more than one items_shuffle.*name the products file"):
        read_catalog(tmp_path)
    found = {name: read_catalog(tmp_path / name) for name in (ITEMS, "items_shuffle.json")}
    assert [(each.asin, each.attributes) for each in found[ITEMS]] == [("B1", ("soft",))]
    assert [(each.asin, each.attributes) for each in found["items_shuffle.json"]] == [("B1", ()), ("B2", ("warm",))]
    (tmp_path / WORDINGS).unlink()
    assert read_catalog(tmp_path / ITEMS)["B1"].attributes == ()  # those of all products serve as well
    with pytest.raises(CatalogError, match="A store is built of a folder"):
        products_file(tmp_path / ITEMS)
    (tmp_path / "items_ins_v2.json").rename(tmp_path / "items_ins_v2_7.json")
    with pytest.raises(CatalogError, match=rf"holds no {WORDINGS}, which goes with {ITEMS}"):
        read_catalog(tmp_path / ITEMS)


def test_a_folder_without_items_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"holds no items_shuffle\*\.json"):
        read_catalog(tmp_path)


@pytest.mark.parametrize("stem", ["items_shuffle", "items_ins_v2"])
def test_two_files_of_a_kind_are_named(stem: str, tmp_path: Path) -> None:
    write(tmp_path, [row()], wordings={})
    (tmp_path / f"{stem}_1000.json").write_text("[]")
    with pytest.raises(CatalogError, match=rf"more than one {stem}\*\.json \({stem}_1000\.json, {stem}_2\.json\)"):
        read_catalog(tmp_path)


@pytest.mark.parametrize("name", [ITEMS, WORDINGS, HUMAN, PRICES])
def test_truncated_json_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    write(tmp_path, [row()])
    (tmp_path / name).write_text('{\n "B1": [1, 2')
    with pytest.raises(CatalogError, match=rf"{name}: line 2, column \d+: not valid JSON"):
        read_catalog(tmp_path)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / ITEMS).write_bytes(b'[{"name": "caf\xe9"}]')
    with pytest.raises(CatalogError, match=rf"{ITEMS}: not UTF-8 text"):
        read_catalog(tmp_path)


@pytest.mark.parametrize("content", [{"a": 1}, "7", "null", '"text"'])
def test_products_that_are_no_list(content: Any, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="expected a list of products"):
        read_catalog(write(tmp_path, content))


@pytest.mark.parametrize("file", ["wordings", "human", "prices"])
def test_other_files_that_are_no_object(file: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="expected an object from ASIN to values, found list"):
        read_catalog(write(tmp_path, [row()], **{file: []}))


def test_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no usable product: the list is empty"):
        read_catalog(write(tmp_path, []))


def test_not_one_product_with_an_asin(tmp_path: Path) -> None:
    rows = [row(asin=""), row(asin="nan"), {"name": "Hat"}]
    with pytest.raises(CatalogError, match=r"holds no usable product: 'asin' is missing \(3\)"):
        read_catalog(write(tmp_path, rows))


# Products

BAD_FIELDS = [
    ("asin", None, "is not text"),
    ("asin", 7, "is not text"),
    ("asin", " ", "is missing"),
    ("asin", "nan", "is missing"),
    ("asin", "B0000000012", "is longer than 10 characters"),
    ("name", None, "is not text"),
    ("name", ["Hat"], "is not text"),
    ("name", "x" * 2_001, "is longer than 2000 characters"),
    ("full_description", 7, "is not text"),
    ("full_description", "x" * 100_001, "is longer than 100000 characters"),
    ("category", 7, "is not text"),
    ("category", "x" * 2_001, "is longer than 2000 characters"),
    ("query", {}, "is not text"),
    ("query", "x" * 2_001, "is longer than 2000 characters"),
    ("product_category", False, "is not text"),
    ("product_category", "x" * 2_001, "is longer than 2000 characters"),
    ("small_description", 7, "is not a text or a list of texts"),
    ("small_description", ["a", None], "is not a text or a list of texts"),
    ("small_description", ["x" * 60_000, "x" * 60_000], "is longer than 100000 characters"),
    ("pricing", True, "is not a price"),
    ("pricing", ["$1"], "is not a price"),
    ("pricing", "$", "is not a price"),
    ("pricing", "call us", "is not a price"),
    ("pricing", "$1.2.3", "is not a price"),
    ("pricing", "$5 - $", "is not a price"),
    ("customization_options", "red", "is not an object from name to values"),
    ("customization_options", ["red"], "is not an object from name to values"),
    ("customization_options", {"Color": "red"}, "holds something other than a list of values"),
    ("customization_options", {"x" * 501: []}, "holds something other than a list of values"),
    ("customization_options", {"Color": [7]}, "holds a value that is not text"),
    ("customization_options", {"Color": [{"asin": "B1"}]}, "holds a value that is not text"),
    ("customization_options", {"Color": [{"value": "x" * 501}]}, "holds a value longer than 500 characters"),
    ("customization_options", {"Color": ["x"] * 600, "Size": ["y"] * 600}, "holds more than 1000 values"),
]


@pytest.mark.parametrize(("field", "value", "what"), BAD_FIELDS)
def test_a_bad_field_is_named_when_strict(field: str, value: Any, what: str, tmp_path: Path) -> None:
    write(tmp_path, [row("B000000002"), row() | {field: value}])
    with pytest.raises(CatalogError, match=rf"{ITEMS}: product 2: field '{field}' {what}"):
        read_catalog(tmp_path, strict=True)


@pytest.mark.parametrize(("field", "value", "what"), BAD_FIELDS)
def test_a_bad_field_is_counted_otherwise(
    field: str, value: Any, what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "shoprl"):
        catalog = read_catalog(write(tmp_path, [row("B000000002"), row() | {field: value}]))
    assert [product.asin for product in catalog] == ["B000000002"]
    ((kind, count),) = catalog.skipped.items()
    assert count == 1
    assert kind.startswith(f"'{field}' {what}")
    (message,) = caplog.messages
    assert message == f"{ITEMS}: 1 products skipped: {kind} (strict names the first)"


def test_equal_faults_make_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [row(), row("B000000002", name=7), row("B000000003", name=[]), row("B000000004", pricing="free"), 7]
    catalog = read_catalog(write(tmp_path, rows))
    assert sorted(catalog.skipped.values()) == [1, 1, 2]
    assert len(caplog.messages) == 3


@pytest.mark.parametrize("bad", [None, 7, "Hat", ["Hat"]])
def test_a_product_that_is_no_object(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="product 1: field 'product' is not an object"):
        read_catalog(write(tmp_path, [bad]), strict=True)


@pytest.mark.parametrize("field", ["asin", "name"])
def test_a_missing_field_is_named(field: str, tmp_path: Path) -> None:
    incomplete = {name: value for name, value in row().items() if name != field}
    with pytest.raises(CatalogError, match=f"field '{field}' is missing"):
        read_catalog(write(tmp_path, [incomplete]), strict=True)


def test_texts_at_their_bounds_are_kept(tmp_path: Path) -> None:
    options = {"x" * 500: ["y" * 500] * 1_000}
    product = read_one(
        tmp_path,
        {
            "name": "x" * 2_000,
            "full_description": "x" * 100_000,
            "small_description": ["x" * 50_000] * 2,
            "customization_options": options,
        },
    )
    assert len(product.options["x" * 500]) == webshop.MAX_OPTIONS
    assert sum(map(len, product.bullets)) == len(product.description) == webshop.MAX_TEXT


def test_of_two_products_with_one_asin_the_first_is_kept(tmp_path: Path) -> None:
    write(tmp_path, [row(name="First"), row(name="Second")])
    catalog = read_catalog(tmp_path)
    assert [product.title for product in catalog] == ["First"]
    assert catalog.skipped == {"'asin' occurs twice": 1}
    with pytest.raises(CatalogError, match="product 2: field 'asin' occurs twice"):
        read_catalog(tmp_path, strict=True)


# Prices


class TestRules:
    """What ``shop.json`` changes."""

    UNKNOWN = Rules(missing_price="unknown")
    STRICT = Rules(prices="strict")

    @pytest.mark.parametrize("pricing", [None, ""])
    def test_a_missing_price_is_unknown_whatever_prices_says(self, pricing: str | None, tmp_path: Path) -> None:
        write_rules(tmp_path, self.UNKNOWN)
        product = read_one(tmp_path, {"pricing": pricing}, prices={"B000000001": 7.0})
        assert (product.price, product.price_tag) == (None, "")

    def test_a_price_stays_a_price(self, tmp_path: Path) -> None:
        write_rules(tmp_path, self.UNKNOWN)
        product = read_one(tmp_path, {"pricing": "$5.00 - $9.00"}, prices={"B000000001": 7.0})
        assert (product.price, product.price_tag) == (7.0, "$5.0 to $9.0")

    def test_a_decimal_comma_is_read_webshops_way_unless_refused(self, tmp_path: Path) -> None:
        assert read_one(tmp_path, {"pricing": "41,75"}).price == 4175.0
        write_rules(tmp_path, self.STRICT)
        with pytest.raises(CatalogError, match="field 'pricing' is not a price such as"):
            read_one(tmp_path, {"pricing": "41,75"})

    def test_a_fault_in_the_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "shop.json").write_text('{"missing_price": "free"}')
        with pytest.raises(CatalogError, match=r"shop\.json: field 'missing_price' must be 'webshop' or 'unknown'"):
            read_one(tmp_path, {})


@pytest.mark.parametrize(
    ("pricing", "price", "tag"),
    [
        ("$19.99", 19.99, "$19.99"),
        ("19.99", 19.99, "$19.99"),
        ("$1,299.00", 1299.0, "$1299.0"),
        (" $ 7 ", 7.0, "$7.0"),
        (12, 12.0, "$12.0"),
        (12.5, 12.5, "$12.5"),
        (None, 100.0, "$100.0"),
        ("", 100.0, "$100.0"),
        ("$20.00 - $20.00", 20.0, "$20.0 to $20.0"),
    ],
)
def test_price_and_tag(pricing: Any, price: float, tag: str, tmp_path: Path) -> None:
    product = read_one(tmp_path, {"pricing": pricing})
    assert (product.price, product.price_tag) == (price, tag)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", (100.0,)),
        ("$5", (5.0,)),
        ("$5 - $9.50", (5.0, 9.5)),
        ("$44.99 to $33.98", (44.99, 33.98)),
        ("$1 $2 $3", (1.0, 2.0)),
    ],
)
def test_pricing_texts(text: str, ends: tuple[float, ...]) -> None:
    assert parse_pricing(text) == ends


@given(st.text(st.sampled_from("$0159.,- to٣²e+")) | st.text(max_size=40))
def test_any_pricing_text_gives_prices_or_a_fault(text: str) -> None:
    try:
        prices = parse_pricing(text)
    except ValueError:
        return
    assert 1 <= len(prices) <= 2
    assert all(math.isfinite(price) and price >= 0 for price in prices)


@pytest.mark.parametrize(("pricing", "tag"), [("$10 - $30", "$10.0 to $30.0"), ("$30 - $10", "$30.0 to $10.0")])
def test_a_range_becomes_a_price_inside_it(pricing: str, tag: str, tmp_path: Path) -> None:
    rows = [row(f"B{number:09d}", pricing=pricing) for number in range(50)]
    products = read_catalog(write(tmp_path, rows)).products
    prices = [product.price for product in products]
    assert all(10 <= price <= 30 for price in prices)
    assert len(set(prices)) == 50
    assert max(prices) - min(prices) > 10
    assert {product.price_tag for product in products} == {tag}


def test_the_price_in_a_range_depends_on_the_asin_alone(tmp_path: Path) -> None:
    def prices(rows: list[dict[str, Any]]) -> dict[str, float]:
        return {product.asin: product.price for product in read_catalog(write(tmp_path, rows))}

    rows = [row(f"B{number:09d}", pricing="$10 - $30") for number in range(5)]
    renamed = [{**each, "name": "Another", "query": "hats"} for each in rows[2:]]
    assert prices(rows) == prices(rows[::-1])
    assert prices(renamed) == dict(list(prices(rows).items())[2:])


def test_the_price_in_a_range_is_the_same_in_every_release(tmp_path: Path) -> None:
    price = read_one(tmp_path, {"pricing": "$10 - $30"}).price
    assert price == pytest.approx(22.50008679607242, abs=1e-12)


def test_prices_json_sets_the_price_and_leaves_the_tag(tmp_path: Path) -> None:
    product = read_one(tmp_path, {"pricing": "$10 - $30"}, prices={"B000000001": 17, "B999999999": 3})
    assert (product.price, product.price_tag) == (17.0, "$10.0 to $30.0")
    assert isinstance(product.price, float)


@pytest.mark.parametrize("price", [True, "17", [17], {}])
def test_a_price_in_prices_json_that_is_no_number(price: Any, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"field 'price in prices\.json' is not a number"):
        read_one(tmp_path, {}, prices={"B000000001": price})


# Options


@pytest.mark.parametrize("empty", ["", None, {}, []])
def test_a_product_may_have_no_options(empty: Any, tmp_path: Path) -> None:
    assert read_one(tmp_path, {"customization_options": empty}).options == {}


def test_options_are_lower_case_and_keep_their_order(tmp_path: Path) -> None:
    field = {
        "Size": [{"value": " 10/10.5 "}, {"value": "XL"}],
        "Style": None,
        "Color": ["Rosé/Gold/Red", {"value": "BLACK", "asin": "B1", "image": None}],
        "Fit": [],
    }
    options = read_one(tmp_path, {"customization_options": field}).options
    assert list(options.items()) == [
        ("size", ("10 | 10.5", "xl")),
        ("color", ("rosé | gold | red", "black")),
        ("fit", ()),
    ]


# Attributes and requests


def test_attributes_and_the_synthetic_instruction(tmp_path: Path) -> None:
    wording = {"attributes": ["soft", "warm"], "instruction": "Find me hats", "instruction_attributes": ["warm"]}
    product = read_one(tmp_path, {}, wordings={"B000000001": wording})
    assert product.attributes == ("soft", "warm")
    assert product.requests == (Request("Find me hats", ("warm",), None),)


def test_human_requests_follow_the_synthetic_one(tmp_path: Path) -> None:
    wording = {"attributes": [], "instruction": "Find me hats", "instruction_attributes": ["warm"]}
    human = [
        {"instruction": "a warm hat.", "instruction_attributes": ["warm"], "instruction_options": ["red", "xl"]},
        {"instruction": "any hat", "instruction_attributes": [], "instruction_options": []},  # WebShop drops it
        {"instruction": "a soft hat", "instruction_attributes": ["soft"], "instruction_options": []},
    ]
    product = read_one(tmp_path, {}, wordings={"B000000001": wording}, human={"B000000001": human})
    assert product.requests == (
        Request("Find me hats", ("warm",), None),
        Request("a warm hat.", ("warm",), ("red", "xl")),
        Request("a soft hat", ("soft",), ()),
    )


HUMAN_ROW = {"instruction": "hat", "instruction_attributes": ["warm"], "instruction_options": []}


@pytest.mark.parametrize(
    ("files", "field"),
    [
        ({"wordings": []}, "instructions of this ASIN"),
        ({"wordings": {"attributes": "soft"}}, "attributes"),
        ({"wordings": {"attributes": [1]}}, "attributes"),
        ({"wordings": {"instruction": 7, "instruction_attributes": ["a"]}}, "instruction"),
        ({"wordings": {"instruction": "x" * 2_001, "instruction_attributes": ["a"]}}, "instruction"),
        ({"wordings": {"instruction": "hats"}}, "instructions of this ASIN"),
        ({"human": {}}, "instructions of this ASIN"),
        ({"human": [HUMAN_ROW | {"instruction": 7}]}, "instruction"),
        ({"human": [HUMAN_ROW | {"instruction": "x" * 2_001}]}, "instruction"),
        ({"human": [HUMAN_ROW | {"instruction_attributes": "warm"}]}, "instruction_attributes"),
        ({"human": [HUMAN_ROW | {"instruction_options": None}]}, "instruction_options"),
        ({"human": [{"instruction": "hat", "instruction_attributes": ["warm"]}]}, "instructions of this ASIN"),
    ],
)
def test_a_bad_wording_is_named(files: dict[str, Any], field: str, tmp_path: Path) -> None:
    by_asin = {file: {"B000000001": content} for file, content in files.items()}
    with pytest.raises(CatalogError, match=f"product 1: field '{field}' "):
        read_one(tmp_path, {}, **by_asin)


# The catalogue


CHANGES: dict[str, Any] = {
    "name": "Other",
    "full_description": "Other",
    "small_description": ["Other"],
    "category": "other",
    "query": "other",
    "product_category": "Other",
    "pricing": "$3",
    "customization_options": {"Color": ["other"]},
    "images": ["other"],
}


@pytest.mark.parametrize("field", CHANGES)
def test_the_content_hash_sees_every_field(field: str, tmp_path: Path) -> None:
    before = read_catalog(write(tmp_path, [item_row(PRODUCTS[0])])).content_hash
    assert read_catalog(write(tmp_path, [item_row(PRODUCTS[0])])).content_hash == before
    after = read_catalog(write(tmp_path, [item_row(PRODUCTS[0]) | {field: CHANGES[field]}])).content_hash
    assert after != before


@pytest.mark.parametrize("price", [math.nan, math.inf, -4, 10**400, True, "9"], ids=lambda value: repr(value)[:8])
def test_a_frozen_price_that_is_no_amount_is_a_fault(tmp_path: Path, price: object) -> None:
    write_toy_folder(tmp_path)
    prices = json.loads((tmp_path / "prices.json").read_text())
    asin = next(iter(prices))
    (tmp_path / "prices.json").write_text(json.dumps(prices | {asin: price}))
    assert asin not in read_catalog(tmp_path)
    with pytest.raises(CatalogError, match=r"prices\.json"):
        read_catalog(tmp_path, strict=True)


def test_half_a_surrogate_pair_becomes_a_question_mark(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    path = next(tmp_path.glob("items_shuffle*.json"))
    rows = json.loads(path.read_text())
    rows[0]["name"] = "half \ud800 a pair"
    path.write_text(json.dumps(rows))
    catalog = read_catalog(tmp_path)
    assert catalog.products[0].title == "half ? a pair"
    assert len(catalog.content_hash) == 64


def test_all_fields_that_a_wording_lacks_are_named_with_the_asin(tmp_path: Path) -> None:
    said = "lack 'instruction_attributes' and 'instruction_options' (ASIN B000000001)"
    with pytest.raises(CatalogError, match=re.escape(said)):
        read_one(tmp_path, {}, human={"B000000001": [{"instruction": "hat"}]})


def test_goals_that_are_missing_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    human = {"B2": [{"instruction": "a hat", "instruction_attributes": ["soft"], "instruction_options": []}]}
    rows = [row("B1"), row("B2", full_description="x" * 100_001), row("nan"), row("B4", full_description=1)]
    read_catalog(write(tmp_path, rows, human=human))
    assert [each for each in caplog.messages if "WebShop's indices" in each] == [
        f"{ITEMS}: 1 of them have instructions, so goals made of this folder do not stand at WebShop's indices"
    ]
