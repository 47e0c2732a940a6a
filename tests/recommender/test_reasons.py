from dataclasses import replace

import pytest

from shoprl.catalog.product import Variant
from shoprl.recommender.reasons import price_of, why
from shoprl.tasks.instruction import parse_instruction
from tests.support.toyshop import PRODUCTS

SHOE, LANTERN = PRODUCTS[0], PRODUCTS[5]


def test_words_are_met_by_any_of_the_products_pages() -> None:
    asked = parse_instruction("I'm looking for a red men's trainer, rubber soles, size 9 wide, under 60 dollars")
    found = why(SHOE, {"color": "red"}, asked)
    assert found.met == ("red", "men's", "trainer", "rubber", "soles", "size", "9", "wide")
    assert (found.missing, found.price) == ((), "kept")
    other = why(
        SHOE, {"color": "black", "size": "9 wide"}, parse_instruction("please find me a waterproof red trainer")
    )
    assert (other.met, other.missing, other.price) == (("trainer",), ("waterproof", "red"), "no ceiling")
    assert other.to_json() == {"met": ["trainer"], "missing": ["waterproof", "red"], "price": "no ceiling"}


@pytest.mark.parametrize(
    ("tag", "ceiling", "verdict"),
    [
        ("$49.99", 49.99, "kept"),
        ("$49.99", 49.98, "exceeded"),
        ("$12.5 to $9.99", 10, "kept"),  # of a range the lowest
        ("$12.5 to $9.99", 9, "exceeded"),
        ("", 5, "unknown"),
        ("$49.99", None, "no ceiling"),
    ],
)
def test_the_price_shown_is_held_against_the_ceiling(tag: str, ceiling: float | None, verdict: str) -> None:
    request = "a lantern" if ceiling is None else f"a lantern under {ceiling} dollars"
    assert price_of(replace(LANTERN, price_tag=tag), {}, parse_instruction(request)) == verdict


def test_a_chosen_variant_is_held_against_it_alone() -> None:
    variants = (Variant("1", {"color": "white"}, 5.0), Variant("2", {"color": "red"}, 15.0))
    lantern = replace(LANTERN, variants=variants, price_tag="$5.00 to $15.00")
    asked = parse_instruction("a lantern under 10 dollars")
    assert price_of(lantern, {}, asked) == price_of(lantern, {"color": "white"}, asked) == "kept"
    assert price_of(lantern, {"color": "red"}, asked) == "exceeded"


def test_a_ceiling_in_another_currency_is_not_compared() -> None:
    asked = parse_instruction("a lantern under 10 euros")
    assert price_of(LANTERN, {}, asked) == "unknown"
    assert price_of(replace(LANTERN, currency="EUR"), {}, asked) == "kept"
    assert price_of(replace(LANTERN, currency="EUR", price_tag="€10.50"), {}, asked) == "exceeded"
