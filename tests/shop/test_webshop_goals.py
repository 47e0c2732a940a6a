import itertools
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import overload

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product, Request
from shoprl.errors import GoalError
from shoprl.shop import webshop_goals
from shoprl.shop.goal import Goal, goals_hash
from shoprl.shop.making import NO_CEILING, GoalKind
from shoprl.shop.webshop_goals import TooManyGoalsError, WebShopGoals, ceiling_of, webshop_order
from tests.support.toyshop import PRODUCTS


def product(asin: str = "B1", price: float | None = 25.0, **fields: object) -> Product:
    asked = (Request("Find me warm hats", ("warm",)),)
    plain = Product(asin, "Hat", "", (), "fashion", "hats", "Clothing › Hats", price, "$25.0", requests=asked)
    return replace(plain, **fields)  # type: ignore[arg-type]


def made(products: Sequence[Product], kind: GoalKind) -> WebShopGoals:
    return WebShopGoals(Catalog(products), kind)


def in_webshops_order(unordered: list[str]) -> list[str]:
    """What WebShop's SimServer does with the goals it made, on the process's own generator."""
    state = random.getstate()
    try:
        random.seed(233)
        random.shuffle(unordered)
    finally:
        random.setstate(state)
    return unordered


def without_price(instruction: str) -> str:
    return instruction.partition(", and price lower than ")[0]


def test_every_combination_of_options_stands_in_webshops_order() -> None:
    hats = product(options={"size": ("s", "m"), "color": ("red", "sky blue", "red")})
    mugs = product("B2", requests=(Request("Find me mugs", ("blue", "warm")),))
    expected = [  # names in the alphabet, the last one changing first, values as listed, doubles included
        f"Find me warm hats with color: {color}, and size: {size}"
        for color in ("red", "sky blue", "red")
        for size in ("s", "m")
    ] + ["Find me mugs"]
    goals = made([hats, mugs], "synthetic")
    assert len(goals) == 7
    assert [without_price(goal.instruction) for goal in goals] == in_webshops_order(expected)


def test_human_goals_stand_in_webshops_order() -> None:
    def asked(*texts: str) -> tuple[Request, ...]:
        return (Request("synthetic", ("x",)), *(Request(text, ("x",), ("red",)) for text in texts))

    products = [product(f"B{n}", requests=asked(f"wish {n}a.", f"wish {n}b..")) for n in range(20)]
    expected = [f"wish {n}{letter}" for n in range(20) for letter in "ab"]  # without dots at the end
    goals = made(products, "human")
    assert [without_price(goal.instruction) for goal in goals] == in_webshops_order(expected)
    assert {goal.options for goal in goals} == {("red",)}
    assert {goal.weight for goal in goals} == {1.0}


def test_a_synthetic_goals_weight_is_the_mean_inverse_frequency_of_its_attributes() -> None:
    hats = product(options={"size": ("s", "m", "l")})  # three goals with "warm", one more below
    mugs = product("B2", requests=(Request("Find me mugs", ("blue", "warm")),))
    weights = {goal.asin: goal.weight for goal in made([hats, mugs], "synthetic")}
    assert weights == {"B1": 1 / 4, "B2": (1 / 1 + 1 / 4) / 2}


def test_an_option_without_values_leaves_no_goal() -> None:
    empty = product("B0", options={"size": (), "color": ("red",)})
    assert [goal.asin for goal in made([empty, product(), replace(empty, asin="B3")], "synthetic")] == ["B1"]
    with pytest.raises(GoalError, match="no synthetic instructions"):
        made([empty], "synthetic")


@pytest.mark.parametrize(("kind", "file"), [("synthetic", "items_ins_v2"), ("human", "items_human_ins")])
def test_a_catalogue_without_requests_names_the_file_that_holds_them(kind: GoalKind, file: str) -> None:
    with pytest.raises(GoalError, match=file):
        made([product(requests=())], kind)


def test_ceilings_are_the_higher_of_two_of_the_next_four_multiples_of_ten() -> None:
    found = {ceiling_of(product(f"B{n}", 25.0), 0) for n in range(200)}
    assert found == {40.0, 50.0, 60.0}
    assert {ceiling_of(product(f"B{n}", 975.0), 0) for n in range(20)} == {990.0}  # 980 and 990 alone are left
    for price in (985.0, 2_000.0, None):
        assert ceiling_of(product(price=price), 0) == NO_CEILING
        (goal,) = made([product(price=price)], "synthetic")
        assert (goal.instruction, goal.price_upper) == ("Find me warm hats", NO_CEILING)


def test_a_ceiling_is_the_same_in_another_catalogue() -> None:
    alone = {goal.asin: goal.price_upper for goal in made(PRODUCTS[3:4], "synthetic")}
    among = {goal.asin: goal.price_upper for goal in made(PRODUCTS, "synthetic")}
    assert alone.items() < among.items()


def test_a_request_has_one_ceiling_and_another_request_its_own() -> None:
    asked = tuple(Request(f"wish {n}", ("x",), ()) for n in range(40))
    assert len({goal.price_upper for goal in made([product(requests=asked)], "human")}) == 3
    sizes = product(options={"size": tuple(map(str, range(40)))})
    assert len({goal.price_upper for goal in made([sizes], "synthetic")}) == 1


def test_goals_are_a_sequence_that_survives_pickling() -> None:
    goals = made(PRODUCTS, "synthetic")
    every = list(goals)
    assert (goals[3], goals[-1], goals[30:40], goals[::-9]) == (every[3], every[-1], every[30:40], every[::-9])
    assert list(pickle.loads(pickle.dumps(goals))) == every
    assert goals_hash(goals) == goals_hash(every)
    assert list(goals.asins()) == [goal.asin for goal in every]
    with pytest.raises(IndexError):
        goals[len(goals)]


def test_the_process_keeps_its_random_state() -> None:
    before = random.getstate()
    list(made(PRODUCTS, "synthetic"))
    assert random.getstate() == before


class OncePassed(Sequence[Product]):
    """Products of which it is counted how many are asked for by number."""

    def __init__(self) -> None:
        values = tuple(f"value {n}" for n in range(100))
        self.made = product(options={"a": values, "b": values, "c": values})
        self.looked_up = 0

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Product]:
        return iter([self.made])

    @overload
    def __getitem__(self, number: int) -> Product: ...
    @overload
    def __getitem__(self, number: slice) -> list[Product]: ...
    def __getitem__(self, number: int | slice) -> Product | list[Product]:
        self.looked_up += 1
        return self.made


def test_a_million_combinations_are_made_one_by_one() -> None:
    products = OncePassed()
    catalog = Catalog([products.made])
    catalog.products = products
    goals = WebShopGoals(catalog, "synthetic")
    assert len(goals) == 10**6
    first = [goals[number] for number in range(5)]
    assert products.looked_up == 5
    combinations = list(itertools.product(*(products.made.options[name] for name in "abc")))
    random.Random(233).shuffle(combinations)
    assert [tuple(goal.option_values) for goal in first] == combinations[:5]


def test_more_goals_than_can_be_ordered_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    values = tuple(f"value {n}" for n in range(250))
    with pytest.raises(TooManyGoalsError, match=r"100,000,000 combinations.*synthetic-numpy"):
        made([product(options=dict.fromkeys("abcdefgh", values))], "synthetic")
    monkeypatch.setattr(webshop_goals, "MOST_GOALS", 3)
    assert sorted(webshop_order(3)) == [0, 1, 2]
    with pytest.raises(TooManyGoalsError):
        webshop_order(4)


def test_goals_carry_their_products_fields() -> None:
    (goal,) = made([product()], "synthetic")
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
