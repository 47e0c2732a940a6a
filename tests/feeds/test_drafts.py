from typing import Any

import pytest

from shoprl.feeds.drafts import Drafter, currency_of, forms_of, price_of
from shoprl.feeds.mapping import FeedMapping, PriceSettings
from shoprl.feeds.prices import Price, PriceRules
from shoprl.feeds.values import RowError


def drafter(prices: PriceSettings | None = None, **fields: str) -> Drafter:
    mapping = FeedMapping({target: tuple(names.split()) for target, names in fields.items()},
                          prices=prices or PriceSettings())  # fmt: skip
    return Drafter(mapping, PriceRules("."), ["attr_a"])


def test_the_sale_price_goes_first_unless_it_is_nothing() -> None:
    reads = drafter(price="p old", sale_price="s", currency="c")
    assert reads.price({"p": "9.00", "s": "7.00", "c": "eur"}) == Price((7.0,), "EUR")
    assert reads.price({"p": "9.00", "s": "0.00"}) == Price((9.0,))
    assert reads.price({"p": "9.00", "s": "11.00"}) == Price((9.0,))
    assert reads.raised == 1
    assert reads.price({"p": "0.00", "s": "11.00"}) == Price((11.0,))
    assert reads.price({"p": "9.00", "s": "11.00 USD"}) == Price((11.0,), "USD")  # the two cannot be compared
    assert reads.price({"p": "n/a", "old": "9.50"}) == Price((9.5,))
    assert reads.price({"p": ["3.00", "1.00", 2]}) == Price((1.0, 3.0))
    assert reads.price({}) == Price(())
    with pytest.raises(RowError, match="field 's': 'soon'") as raised:
        reads.price({"p": "9.00", "s": "soon"})
    assert raised.value.reason == "price is not a price"


def test_a_file_that_names_no_currency_may_be_said_to_have_one() -> None:
    assert drafter(PriceSettings("SEK"), price="p").price({"p": "9 kr"}) == Price((9.0,), "SEK")
    reads = drafter(price="p")
    reads.price({"p": "9.00"})
    assert reads.unnamed == 1


def test_a_price_and_its_sale_are_one_price_without_a_currency() -> None:
    reads = drafter(price="p", sale_price="s")
    reads.price({"p": "9.00", "s": "7.00"})
    assert reads.unnamed == 1


def test_ends_of_lines_that_woocommerce_writes_out() -> None:
    reads = drafter(title="t", description="d")
    assert reads.draft({"t": "Mug", "d": "Long\\n\\ndescription"}).description == "Long description"
    assert reads.draft({"t": "Mug", "d": "In C:\\new\nof two lines"}).description == "In C:\\new of two lines"


@pytest.mark.parametrize(
    ("value", "code"),
    [("usd", "USD"), ("€", "EUR"), ("US$", "USD"), ("?", ""), ("", ""), (None, ""), (5, ""), ("kr", "")],
)
def test_currencies(value: object, code: str) -> None:
    assert currency_of(value) == code


def test_prices_of_nested_variants() -> None:
    assert price_of({"price": "5"}, "EUR") == ("5", "EUR")
    assert price_of({"price": {"amount": "5.0", "currencyCode": "CAD"}}) == ("5.0", "CAD")
    assert price_of({"offers": [{"price": 5, "priceCurrency": "GBP"}]}) == (5, "GBP")
    assert price_of({}) == (None, "")


def test_nested_variants() -> None:
    reads = drafter(variants="v", options="o")
    row: dict[str, Any] = {
        "o": [{"name": "Color", "values": ["Red"]}],
        "v": {"1": {"sku": "A", "option1": "Red", "price": {"amount": "5.00", "currencyCode": "EUR"},
                    "available": False},
              "2": {"id": 7, "selectedOptions": [{"name": "Color", "value": "Blue"}], "price": "6.00",
                    "featuredImage": {"url": "https://x.example/b.jpg"}}},
    }  # fmt: skip
    first, second = reads.draft(row).forms
    assert (first.id, first.options, first.price, first.availability) == (
        "A", {"color": "Red"}, Price((5.0,), "EUR"), "out of stock"
    )  # fmt: skip
    assert (second.id, second.options, second.image) == ("7", {"color": "Blue"}, "https://x.example/b.jpg")
    assert forms_of(reads.mapping, {"v": '[{"price": 1}, 5]'}) == [{"price": 1}]
    with pytest.raises(RowError) as raised:
        reads.draft({"v": [{"price": {"amount": "soon"}}]})
    assert raised.value.reason == "price is not a price"
    with pytest.raises(RowError, match="1001 variants"):
        reads.draft({"v": [{}] * 1_001})


@pytest.mark.parametrize(
    ("written", "rating"),
    [
        ("4.5", 4.5),
        ("4,5", 4.5),
        ("4.5 out of 5 stars", 4.5),
        ("4/5", 4.0),
        ("9", None),
        ("0", None),
        ("good", None),
        (4, 4.0),
    ],
)
def test_ratings(written: object, rating: float | None) -> None:
    assert drafter(rating="r").draft({"r": written}).rating == rating


@pytest.mark.parametrize(("written", "count"), [("1,234", 1234), ("15.0", 15), (25, 25), ("many", None), ("-1", None)])
def test_counts_of_ratings(written: object, count: int | None) -> None:
    assert drafter(rating_count="c").draft({"c": written}).rating_count == count


def test_descriptions_are_joined_the_short_one_first() -> None:
    reads = drafter(description="long short")
    assert reads.draft({"long": "<p>Long text.</p>", "short": "Short."}).description == "Short. Long text."
    assert reads.draft({"long": "Short. And long.", "short": "Short."}).description == "Short. And long."
    assert reads.draft({"long": ["One.", "Two."]}).description == "One. Two."
    listed = reads.draft({"long": "<ul><li>a</li></ul>"})
    assert (listed.description, listed.bullets) == ("a", ("a",))


def test_options_by_number_take_their_name_from_the_row_or_an_earlier_one() -> None:
    mapping = FeedMapping(options={"{Option1 Name}": "Option1 Value"})
    reads = Drafter(mapping, PriceRules(), [])
    assert reads.draft({"Option1 Name": "Size", "Option1 Value": "S"}).options == {"size": ("S",)}
    assert reads.draft({"Option1 Value": "S"}, {"Option1 Name": "Size"}).options == {"size": ("S",)}
    assert reads.draft({"Option1 Name": "Title", "Option1 Value": "Default Title"}).options == {}


def test_a_variants_picture_is_its_own_where_the_feed_has_such_a_field() -> None:
    row = {"i": "https://x.example/1.jpg", "w": "https://x.example/2.jpg"}
    assert drafter(image="i").draft(row).own_image == "https://x.example/1.jpg"
    assert drafter(image="i", variant_image="w").draft(row).own_image == "https://x.example/2.jpg"
    assert drafter(image="i", variant_image="w").draft({"i": row["i"]}).own_image == ""


def test_a_parent_is_its_own_group() -> None:
    reads = drafter(group="Parent", id="SKU ID")
    assert [reads.group(row) for row in ({"Parent": "p"}, {"SKU": "p", "ID": "1"}, {"ID": "1"})] == ["p", "p", "id:1"]
    assert drafter(group="item_group_id", id="id").group({"id": "1"}) == ""


def test_all_fields_of_a_prefix_are_features() -> None:
    reads = drafter(features="attr_*")
    assert reads.draft({"attr_a": True, "attr_unknown": "x"}).features == (("a", "yes"),)
