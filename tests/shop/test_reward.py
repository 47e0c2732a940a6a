from collections.abc import Mapping
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.product import Product, Variant
from shoprl.shop.data import ShopData
from shoprl.shop.goal import NO_CEILING, Goal
from shoprl.shop.reward import Reward, kind_rewards, reward, same_kind
from tests.support.toyshop import PRODUCTS, toy_goals


class WordTagger:
    """Every word is a noun."""

    def nouns(self, text: str) -> tuple[str, ...]:
        return tuple(text.lower().split())


def product(**changes: Any) -> Product:
    plain: dict[str, Any] = {
        "asin": "B1",
        "title": "wool hat",
        "description": "Keeps you Warm.",
        "bullets": ("Hand wash", "only"),
        "category": "fashion",
        "query": "hats",
        "product_category": "Clothing › Hats › Wool",
        "price": 20.0,
        "price_tag": "$20.0",
        "attributes": ("soft touch",),
    }
    return Product(**plain | changes)


def goal(**changes: Any) -> Goal:
    plain: dict[str, Any] = {
        "asin": "B1",
        "category": "fashion",
        "query": "hats",
        "name": "wool hat",
        "product_category": "Clothing › Hats › Wool",
        "instruction": "",
        "attributes": ("soft touch",),
        "options": {},
        "price_upper": 30.0,
    }
    return Goal(**plain | changes)


def score(bought: Product, wanted: Goal, options: Mapping[str, str] | None = None) -> Reward:
    return reward(bought, options or {}, wanted, WordTagger())


def test_a_perfect_purchase() -> None:
    assert score(product(), goal(options=("red",)), {"color": "red"}) == Reward(
        total=1.0,
        r_type=1.0,
        r_att=1.0,
        w_att=1 / 3,
        query_match=True,
        category_match=True,
        title_score=1.0,
        r_option=1.0,
        w_option=1 / 3,
        r_price=True,
        w_price=1 / 3,
    )


def test_a_purchase_worked_out_by_hand() -> None:
    wanted = goal(
        attributes=("soft touch", "waterproof", "hand wash"),
        options=("red", "xl"),
        price_upper=19.99,
        query="caps",
        product_category="Clothing › Caps",
        name="wool cap in four more different colours now yes",  # one noun of nine in common: 0.5
    )
    got = score(product(), wanted, {"color": "red", "size": "small"})
    assert got.components() == {
        "r_type": 0.5,
        "r_att": 2 / 3,
        "w_att": 3 / 6,
        "query_match": False,
        "category_match": False,
        "title_score": 1 / 9,
        "r_option": 1 / 2,
        "w_option": 2 / 6,
        "r_price": False,
        "w_price": 1 / 6,
    }
    assert got.total == (2 + 1 + 0) / 6 * 0.5


def test_components_leave_out_options_that_nobody_asked_for() -> None:
    got = score(product(), goal(), {"color": "red"})
    assert (got.r_option, got.w_option, got.w_att, got.w_price) == (None, None, 1 / 2, 1 / 2)
    assert set(got.components()) == {field.name for field in fields(Reward)} - {"total", "r_option", "w_option"}


# Type


@pytest.mark.parametrize(
    ("shared", "nouns", "matching", "expected"),
    [
        (0, 3, False, 0.0),
        (0, 3, True, 0.0),
        (1, 11, False, 0.1),
        (1, 11, True, 0.1),
        (1, 10, False, 0.5),
        (1, 10, True, 1.0),
        (1, 5, False, 0.5),
        (1, 5, True, 1.0),
        (2, 9, False, 1.0),
        (3, 3, False, 1.0),
    ],
)
def test_type_by_title_score(shared: int, nouns: int, matching: bool, expected: float) -> None:
    common = [f"common{n}" for n in range(shared)]
    name = " ".join(common + [f"wanted{n}" for n in range(nouns - shared)])
    bought = product(title=" ".join([*common, "own"]))
    got = score(bought, goal(name=name, query="hats" if matching else "caps", product_category="Other"))
    assert got.title_score == pytest.approx(shared / nouns)
    assert got.r_type == expected
    assert got.total == expected


def test_repeated_nouns_count_in_the_wanted_title_only() -> None:
    assert score(product(title="hat hat hat"), goal(name="hat hat wool wool")).title_score == 1 / 4


@pytest.mark.parametrize(("query", "expected"), [("hats", 1.0), ("caps", 0.5)])
def test_a_wanted_title_without_nouns(query: str, expected: float) -> None:
    got = score(product(), goal(name="", query=query, product_category=""))
    assert (got.title_score, got.r_type) == (0.2, expected)


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("Clothing › Hats › Wool", True),
        ("Wool› Hats ", True),
        ("Clothing › Caps", False),
        ("Hats › Hats", False),
        ("clothing › hats", False),
        ("Clothing, Hats", False),
        ("", False),
    ],
)
def test_two_parts_of_the_path_make_a_category_match(path: str, matches: bool) -> None:
    assert score(product(), goal(product_category=path)).category_match is matches


def test_query_match_is_exact() -> None:
    assert score(product(), goal(query="hats")).query_match
    assert not score(product(), goal(query="hat")).query_match


# Attributes


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ("soft touch", True),  # the product's own
        ("touch soft", True),  # order of words does not matter
        ("soft", True),  # nor do further words
        ("soft-touch!", True),
        ("soft tuch", True),  # 94
        ("loft touch", True),  # 90
        ("rough touch", False),
        ("wool", True),  # in the title
        ("ool h", True),  # even part of a word
        ("warm", True),  # in the description, whatever its case
        ("hand wash", True),  # in a bullet point
        ("wash only", True),  # across two
        ("machine wash", False),
    ],
)
def test_an_attribute_is_the_products_own_or_mentioned(attribute: str, found: bool) -> None:
    assert score(product(), goal(attributes=(attribute,))).r_att == found


@pytest.mark.parametrize(
    ("own", "wanted", "alike"),
    [
        ("abcdefghijklmnopqrst", "abcdefghijklmnopqxyz", False),  # a ratio of 85.0
        ("abcdefg", "abcdefx", True),  # 85.7
        ("x-large", "large", True),
        ("xlarge", "large", True),  # 90.9
        ("12 oz", "16 oz", False),
        ("café", "caf", True),  # letters from 128 to 255 are dropped
        ("ééé", "ééé", False),  # which leaves nothing to compare
        ("", "", False),
    ],
)
def test_fuzzy_matches(own: str, wanted: str, alike: bool) -> None:
    assert score(product(attributes=(own,)), goal(attributes=(wanted or "q",))).r_att == alike
    assert score(product(), goal(options=(wanted,)), {"size": own}).r_option == alike


# Options


@pytest.mark.parametrize(
    ("chosen", "wanted", "matched"),
    [
        ("red", "red", True),
        ("apple red", "red", True),
        ("red", "wine red", True),
        ("wine", "wine red", False),  # "red" comes before "wine"
        ("dark red", "red", False),
        ("red", "blue", False),
        ("10 | 10.5", "10", True),
        ("x-large", "large", True),
        ("small", "large", False),
    ],
)
def test_options_wanted_as_a_list_are_compared_by_colour_then_by_words(chosen: str, wanted: str, matched: bool) -> None:
    assert score(product(), goal(options=(wanted,)), {"any": chosen}).r_option == matched


@pytest.mark.parametrize(
    ("chosen", "name", "wanted", "matched"),
    [
        ("red", "color", "red", True),
        ("apple red", "color", "red", True),
        ("small", "red", "small", False),  # the option's name is a colour, and stands for the pair
        ("red", "red", "small", True),
        ("wine red", "color", "wine red", True),  # chosen "red", wanted "color wine red"
        ("wine", "color", "wine red", True),  # unlike in a list: here it is a word of the pair
        ("blue", "color", "wine red", False),
        ("large", "size", "x-large", True),
        ("size", "size", "large", True),  # the name is a word of the pair too
        ("small", "size", "large", False),
    ],
)
def test_options_wanted_by_name_are_compared_as_pairs(chosen: str, name: str, wanted: str, matched: bool) -> None:
    assert score(product(), goal(options={name: wanted}), {"any": chosen}).r_option == matched


def test_every_wanted_option_counts_once() -> None:
    wanted = goal(options=("red", "xl", "tall"))
    assert score(product(), wanted, {}).r_option == 0
    assert score(product(), wanted, {"color": "red"}).r_option == 1 / 3
    assert score(product(), wanted, {"color": "red", "size": "xl", "more": "red"}).r_option == 2 / 3
    assert score(product(), goal(options=("red", "red")), {"color": "red"}).r_option == 1.0


# Price


@pytest.mark.parametrize(("price", "ceiling", "paid"), [(20.0, 20.0, True), (20.01, 20.0, False), (0.0, 10.0, True)])
def test_the_price_may_reach_the_ceiling(price: float, ceiling: float, paid: bool) -> None:
    got = score(product(price=price), goal(price_upper=ceiling))
    assert got.r_price is paid
    assert got.total == (2 if paid else 1) / 2


# All


def test_buying_the_wanted_product_with_its_options_is_perfect(toy: ShopData) -> None:
    for wanted in toy.goals:
        assert isinstance(wanted.options, Mapping)
        assert reward(toy.catalog[wanted.asin], wanted.options, wanted, toy.tagger).total == 1.0


def test_no_other_product_is_perfect(toy: ShopData) -> None:
    for wanted in toy.goals:
        assert isinstance(wanted.options, Mapping)
        others = (each for each in toy.catalog if each.asin != wanted.asin)
        assert all(reward(each, wanted.options, wanted, toy.tagger).total < 1.0 for each in others)


@given(bought=st.sampled_from(PRODUCTS), wanted=st.sampled_from(toy_goals() + toy_goals("human")), draw=st.randoms())
def test_the_total_is_the_weighted_sum_times_the_type(bought: Product, wanted: Goal, draw: Random) -> None:
    options = {name: draw.choice(values) for name, values in bought.options.items() if draw.random() < 0.8}
    got = score(bought, wanted, options)
    parts = got.r_att * got.w_att + (got.r_option or 0) * (got.w_option or 0) + got.r_price * got.w_price
    assert got.total == pytest.approx(parts * got.r_type)
    assert 0 <= got.total <= 1
    assert got.w_att + (got.w_option or 0) + got.w_price == pytest.approx(1)


def test_an_unknown_price_fulfils_no_ceiling() -> None:
    unknown = product(price=None, price_tag="")
    assert not score(unknown, goal(price_upper=30.0)).r_price
    assert score(unknown, goal(price_upper=NO_CEILING)).r_price


def test_the_price_is_that_of_the_variant_bought() -> None:
    sizes = product(variants=(Variant("1", {"size": "s"}, 20.0), Variant("2", {"size": "l"}, 40.0)))
    assert score(sizes, goal(), {"size": "s"}).r_price
    assert not score(sizes, goal(), {"size": "l"}).r_price


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "felt hat", "query": "caps"},
        {"title": "felt hat", "query": "caps", "product_category": "Clothing › Caps"},
        {"title": "cap of felt", "query": "hats"},
        {"title": "a b c d e f g h i hat of z wool y x w v u", "query": "caps", "product_category": "Toys"},
        {"title": "teapot", "query": "pots", "product_category": "Kitchen"},
    ],
)
def test_the_reward_for_the_kind_is_that_of_a_goal_for_the_wanted_product(changes: Mapping[str, Any]) -> None:
    wanted, bought = product(), product(**changes)
    compared = kind_rewards({"bought": bought, "wanted": wanted}, WordTagger())
    expected = reward(bought, {}, goal(), WordTagger()).r_type
    assert compared("bought", "wanted") == (expected, same_kind(bought, wanted))


def test_products_without_a_kind_are_not_of_one_kind() -> None:
    plain = {"query": "", "product_category": ""}
    assert not same_kind(product(**plain), product(**plain))
    assert same_kind(product(), product(query="caps"))
    assert same_kind(product(product_category=""), product())
    assert not same_kind(product(**plain), product())
    assert kind_rewards({"plain": product(**plain)}, WordTagger())("plain", "plain") == (1.0, False)
