from dataclasses import replace

import pytest

from shoprl.catalog.product import Variant
from shoprl.service.assistants import ucp
from tests.support.toyshop import toy_data

TOY = {product.asin: product for product in toy_data().shop.catalog}
LAMP = TOY["B0LAMP0001"]
PLAIN = replace(LAMP, options={}, variants=())
SHIRT = replace(
    LAMP,
    options={"color": ("red", "blue"), "size": ("s", "m")},
    price=12.5,
    variants=(
        Variant("a", {"color": "red", "size": "s"}, 12.5, "in stock"),
        Variant("b", {"color": "red", "size": "m"}, 14.0, "out of stock"),
        Variant("c", {"color": "blue", "size": "m"}, None, ""),
    ),
)


def test_the_id_of_a_form_says_which_it_is():
    form = ucp.Form(LAMP, {"color": "antique brass & more", "size?": "1=2"})
    own, options = ucp.split_id(form.id)
    assert (own, options) == ("B0LAMP0001", form.options)
    assert ucp.split_id("B0LAMP0001") == ("B0LAMP0001", {})
    assert ucp.Form(PLAIN, {}).id == "B0LAMP0001"


@pytest.mark.parametrize(("currency", "amount"), [("USD", 1999), ("JPY", 20), ("KWD", 19990)])
def test_amounts_are_in_the_smallest_unit(currency, amount):
    assert ucp.smallest(19.99, currency) == amount


def test_an_unknown_price_is_left_out():
    row = ucp.product(replace(PLAIN, price=None), [ucp.Form(replace(PLAIN, price=None), {})])
    assert "price_range" not in row
    assert "price" not in row["variants"][0]


def test_a_product_names_its_range_of_prices_and_its_forms():
    row = ucp.product(SHIRT, ucp.fitting(SHIRT, {}))
    assert row["price_range"] == {
        "min": {"amount": 1250, "currency": "USD"},
        "max": {"amount": 1400, "currency": "USD"},
    }
    assert [each["availability"]["available"] for each in row["variants"]] == [True, False, True]
    assert row["variants"][0]["selected_options"] == [
        {"name": "color", "label": "red"},
        {"name": "size", "label": "s"},
    ]
    assert row["options"][0] == {"name": "color", "values": [{"label": "red"}, {"label": "blue"}]}


def test_options_that_do_not_go_together_are_dropped_from_the_least_preferred():
    wanted = {"color": "blue", "size": "s"}
    assert ucp.selection(SHIRT, wanted) == {"color": "blue"}
    assert ucp.selection(SHIRT, wanted, ["size", "color"]) == {"size": "s"}
    assert ucp.selection(SHIRT, {"color": "green"}) == {}
    assert ucp.selection(LAMP, {"fabric": "silk"}) == {}


def test_a_detail_says_which_values_could_be_chosen():
    row = ucp.detail(SHIRT, {"color": "red"})
    assert row["selected"] == [{"name": "color", "label": "red"}]
    assert [each["id"] for each in row["variants"]] == [ucp.Form(SHIRT, v.options).id for v in SHIRT.variants[:2]]
    sizes = {value["label"]: (value["exists"], value["available"]) for value in row["options"][1]["values"]}
    assert sizes == {"s": (True, True), "m": (True, False)}
    blue = ucp.detail(SHIRT, {"color": "blue"})["options"][1]["values"][0]
    assert (blue["label"], blue["exists"], blue["available"]) == ("s", False, False)


def test_a_product_with_very_many_forms_is_answered_at_once():
    many = replace(LAMP, variants=(), options={f"o{n}": tuple(map(str, range(100))) for n in range(10)} | {"empty": ()})
    found = ucp.fitting(many, {"o9": "99"})
    assert len(found) == ucp.MOST_FORMS
    assert all(each.options["o9"] == "99" for each in found)
    assert len(ucp.detail(many, {"o9": "99"})["variants"]) == ucp.MOST_FORMS


def test_what_is_in_stock_stands_for_a_product():
    sold_out = replace(SHIRT, variants=(SHIRT.variants[1], SHIRT.variants[0]))
    assert ucp.featured(sold_out).options == {"color": "red", "size": "s"}
