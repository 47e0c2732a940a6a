from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product, Request
from shoprl.errors import GoalError
from shoprl.shop.goal import Goal
from shoprl.shop.making import MAX_COMBINATIONS, NO_CEILING, GoalKind, make_goals
from tests.support.toyshop import PRODUCTS, toy_catalog, toy_goals


def product(price: float = 25.0, **fields: object) -> Product:
    asked = (Request("Find me warm hats", ("warm",)),)
    plain = Product("B1", "Hat", "", (), "fashion", "hats", "Clothing › Hats", price, "$25.0", requests=asked)
    return replace(plain, **fields)  # type: ignore[arg-type]


def make(*products: Product, kind: GoalKind = "synthetic", seed: int = 0) -> list[Goal]:
    return make_goals(Catalog(products), np.random.default_rng(seed), kind)


def test_a_goal_is_made_for_every_combination_of_options_in_webshops_words() -> None:
    goals = make(product(options={"size": ("s", "m"), "color": ("red", "sky blue")}))
    ceiling = goals[0].price_upper
    assert sorted(goal.instruction for goal in goals) == [
        f"Find me warm hats with color: {color}, and size: {size}, and price lower than {ceiling:.2f} dollars"
        for color in ("red", "sky blue")
        for size in ("m", "s")
    ]
    assert all(list(goal.options) == ["color", "size"] for goal in goals)  # WebShop sorts the names


def test_the_goal_carries_its_products_fields() -> None:
    (goal,) = make(product())
    assert goal == Goal(
        asin="B1",
        category="fashion",
        query="hats",
        name="Hat",
        product_category="Clothing › Hats",
        instruction=f"Find me warm hats, and price lower than {goal.price_upper:.2f} dollars",
        attributes=("warm",),
        options={},
        price_upper=goal.price_upper,
        weight=1.0,
    )


def test_an_option_without_values_leaves_no_goal() -> None:
    with pytest.raises(GoalError, match="no synthetic instructions"):
        make(product(options={"size": ()}))


@given(price=st.floats(0, 1_200, allow_nan=False), seed=st.integers(0, 2**32))
def test_ceilings_are_one_of_the_next_multiples_of_ten(price: float, seed: int) -> None:
    (goal,) = make(product(price), seed=seed)
    following = [ceiling for ceiling in range(10, 1000, 10) if ceiling > price][:4]
    if len(following) < 2:
        assert goal.price_upper == NO_CEILING
        assert "price" not in goal.instruction
    else:
        assert goal.price_upper in following[1:]  # the higher of two different ones


def test_every_possible_ceiling_is_drawn() -> None:
    assert {make(product(20.0), seed=seed)[0].price_upper for seed in range(60)} == {40.0, 50.0, 60.0}


def test_the_goals_of_a_request_share_a_ceiling() -> None:
    assert len({goal.price_upper for goal in make(product(options={"size": ("s", "m", "l", "xl")}))}) == 1


@pytest.mark.parametrize("kind", ["synthetic", "human"])
def test_equal_seeds_make_equal_goals(kind: GoalKind) -> None:
    def made(seed: int) -> list[Goal]:
        return make_goals(toy_catalog(), np.random.default_rng(seed), kind)

    assert made(5) == made(5)
    assert made(5) != made(6)
    assert sorted(goal.asin for goal in made(5)) == sorted(goal.asin for goal in made(6))


def test_goals_are_shuffled() -> None:
    asins = [goal.asin for goal in toy_goals()]
    in_order = [each.asin for each in PRODUCTS for asin in asins if asin == each.asin]
    assert sorted(asins) == sorted(in_order)
    assert asins != in_order


def options_of(goal: Goal) -> dict[str, str]:
    assert isinstance(goal.options, Mapping)
    return dict(goal.options)


def many(*counts: int) -> Product:
    return product(options={f"option {n}": tuple(f"v{n}-{i}" for i in range(c)) for n, c in enumerate(counts)})


def test_up_to_200_combinations_all_become_goals() -> None:
    goals = make(many(20, 10))
    assert len({tuple(options_of(goal).items()) for goal in goals}) == len(goals) == MAX_COMBINATIONS == 200


@pytest.mark.parametrize("counts", [(201,), (3, 67), (40,) * 13])  # the last has more than 2 ** 64
def test_of_more_than_200_combinations_200_are_drawn(counts: tuple[int, ...]) -> None:
    item = many(*counts)
    goals = make(item)
    assert len(goals) == 200
    for goal in goals:
        assert all(value in item.options[name] for name, value in options_of(goal).items())
        assert len(goal.options) == len(counts)
    assert len({tuple(options_of(goal).items()) for goal in goals}) > 100


def test_human_goals_keep_their_words_and_options() -> None:
    asked = (
        Request("Find me warm hats", ("warm",)),
        Request("a warm hat, red...", ("warm", "soft"), ("red", "xl")),
        Request("any soft hat", ("soft",), ()),
    )
    goals = sorted(make(product(requests=asked), kind="human"), key=lambda goal: goal.instruction)
    assert [goal.instruction.split(", and price lower than ")[0] for goal in goals] == [
        "a warm hat, red",
        "any soft hat",
    ]
    assert [goal.options for goal in goals] == [("red", "xl"), ()]
    assert [goal.attributes for goal in goals] == [("warm", "soft"), ("soft",)]
    assert [goal.weight for goal in goals] == [1.0, 1.0]
    assert all(goal.instruction.endswith(f" lower than {goal.price_upper:.2f} dollars") for goal in goals)


def test_human_goals_of_dear_products_name_no_price() -> None:
    dear = product(995.0, requests=(Request("a hat.", ("warm",), ()),))
    (goal,) = make(dear, kind="human")
    assert (goal.instruction, goal.price_upper) == ("a hat", NO_CEILING)


def test_weights_are_mean_inverse_frequencies_of_attributes() -> None:
    one = product(requests=(Request("Find me hats", ("warm", "soft")),), options={"size": ("s", "m")})
    two = product(asin="B2", requests=(Request("Find me caps", ("warm",)),))
    weights = {goal.asin: goal.weight for goal in make(one, two)}
    assert weights == {"B1": pytest.approx((1 / 3 + 1 / 2) / 2), "B2": pytest.approx(1 / 3)}


@pytest.mark.parametrize("kind", ["synthetic", "human"])
def test_a_catalogue_without_requests_says_so(kind: GoalKind) -> None:
    with pytest.raises(GoalError, match=f"no {kind} instructions"):
        make(product(requests=()), kind=kind)


def test_price_words_can_be_replaced() -> None:
    def words(rng: np.random.Generator, ceiling: float) -> str:
        return f" for under {ceiling:.0f} bucks"

    (goal,) = make_goals(Catalog([product()]), np.random.default_rng(0), "synthetic", words)
    assert goal.instruction == f"Find me warm hats for under {goal.price_upper:.0f} bucks"
