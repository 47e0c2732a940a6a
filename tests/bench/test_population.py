from collections import Counter
from typing import Any

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import Goal

pytest.importorskip("sqlalchemy", reason="needs the extra service")
from shoprl.bench.population import FAMILY, LIKED_SHARE, THRIFTY, Habits, Population, bought, brand_of

ALWAYS = Habits(patience=1, click=1, declines=1, refuses=1, likes=1)
NEVER = Habits(patience=1, click=0, declines=0, refuses=0, likes=0)


def people_of(data: ShopData, taste: Any, habits: Habits | None = None, seed: int = 0) -> Population:
    return Population(data.shop, data.goals, taste, np.random.default_rng(seed), habits)


def listed(*names: str) -> list[dict[str, Any]]:
    return [{"id": name, "price": 9.5} for name in names]


def told(people: Population, goal: Goal, *names: str, seed: int = 0) -> list[tuple[str, str]]:
    happened = people.visit(goal, listed(*names), np.random.default_rng(seed))
    return [(each.item_id, each.type) for each in happened]


def sorted_out(people: Population, goal: Goal) -> tuple[str, str, str]:
    """A product that a shopper buys, one that only suits the request, and one that does not."""
    products = list(people.shop.catalog)
    buys = next(each.asin for each in products if people.buys(each, goal))
    suits = next(each.asin for each in products if people.suits(each, goal) and not people.likes(each, goal))
    other = next(each.asin for each in products if not people.suits(each, goal))
    return buys, suits, other


@pytest.fixture(scope="module")
def thrifty() -> tuple[Population, Goal]:
    data = generated_data()
    people = people_of(data, "price", ALWAYS)
    goal = next(
        goal
        for goal in data.goals
        if people.could_buy(goal)
        and any(people.suits(each, goal) and not people.likes(each, goal) for each in data.catalog)
    )
    return people, goal


def test_a_shopper_buys_the_first_that_suits_request_and_taste(thrifty: tuple[Population, Goal]) -> None:
    people, goal = thrifty
    buys, suits, other = sorted_out(people, goal)
    assert told(people, goal, other, suits, buys, other) == [
        *((other, what) for what in ("impression", "declined")),
        *((suits, what) for what in ("impression", "click", "declined")),
        *((buys, what) for what in ("impression", "click", "purchase", "like")),
    ]
    happened = people.visit(goal, listed(buys), np.random.default_rng(0))
    assert bought(happened)
    assert [each.value for each in happened if each.type == "purchase"] == [9.5]
    assert not bought(people.visit(goal, listed(other, suits), np.random.default_rng(0)))
    assert people.visit(goal, [], np.random.default_rng(0)) == []


def test_habits_decide_what_else_happens(thrifty: tuple[Population, Goal]) -> None:
    people, goal = thrifty
    buys, suits, other = sorted_out(people, goal)
    quiet = people_of(generated_data(), "price", NEVER)
    assert told(quiet, goal, other, suits, buys) == [
        *((name, "impression") for name in (other, suits, buys)),
        *((buys, what) for what in ("click", "purchase")),
    ]
    short = people_of(generated_data(), "price", Habits(patience=0))
    assert {name for name, _ in told(short, goal, other, buys)} == {other}
    half = people_of(generated_data(), "price", Habits(patience=0.5))
    looked = Counter(
        sum(what == "impression" for _, what in told(half, goal, other, other, other, seed=seed)) for seed in range(400)
    )
    assert [looked[count] / 400 for count in (1, 2, 3)] == pytest.approx([0.5, 0.25, 0.25], abs=0.08)


def test_two_lists_are_seen_alike(thrifty: tuple[Population, Goal]) -> None:
    people, goal = thrifty
    _, suits, other = sorted_out(people, goal)
    half = people_of(generated_data(), "price", Habits(patience=0.5))
    for seed in range(20):  # patience does not depend on what is listed
        counts = {len({n for n, _ in told(half, goal, *(f"{x}" for x in names), seed=seed)}) for names in (
            (other, suits), (suits, other)
        )}  # fmt: skip
        assert len(counts) == 1


def test_the_thrifty_buy_far_below_the_ceiling() -> None:
    data = generated_data()
    people, goal = people_of(data, "price"), data.goals[0]
    for product in data.catalog:
        cheap = product.price is not None and product.price <= THRIFTY * goal.price_upper
        assert people.likes(product, goal) == cheap


@pytest.mark.parametrize(("taste", "letters"), [("brand", None), ("family", FAMILY)])
def test_brands_are_drawn_and_hold_their_share(taste: str, letters: int | None) -> None:
    data = generated_data(400)
    people, goal = people_of(data, taste), data.goals[0]
    asked = {word for each in data.goals for word in each.instruction.lower().split()}
    counts = Counter(brand_of(product) for product in data.catalog)
    brands = {name for name, count in counts.items() if count > 1 and name.isalpha() and name not in asked}
    liked = {brand_of(product) for product in data.catalog if people.likes(product, goal)}
    share = sum(counts[name] for name in liked & brands) / sum(counts[name] for name in brands)
    assert LIKED_SHARE <= share < LIKED_SHARE + 0.1
    assert all(people.likes(each, goal) == (brand_of(each) in liked) for each in data.catalog)
    beginnings = {name[:letters] for name in liked & brands}
    assert liked == {name for name in counts if name[:letters] in beginnings}
    other = people_of(data, taste, seed=1)
    assert liked != {brand_of(product) for product in data.catalog if other.likes(product, goal)}


def test_what_no_page_shows_is_drawn_product_by_product(toy: ShopData) -> None:
    data = generated_data(400)
    people, goal = people_of(data, "unseen"), data.goals[0]
    assert sum(people.likes(each, goal) for each in data.catalog) / 400 == pytest.approx(LIKED_SHARE, abs=0.08)


def test_an_unknown_taste_is_named(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="taste 'colour': must be one of family, price, brand, unseen"):
        people_of(toy, "colour")
