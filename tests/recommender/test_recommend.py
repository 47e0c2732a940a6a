import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.policies.base import Choice, Decode
from shoprl.policies.simple import RulePolicy
from shoprl.recommender.recommend import MAX_RUNS, Recommendation, recommend
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.tasks.instruction import Instruction
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask
from tests.support.fakes import fake_policy
from tests.support.toyshop import EVERYTHING


class Scripted(RulePolicy):
    """Opens the product of a rank drawn from weights, takes the first value of the first option, buys."""

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights = weights

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        return (EVERYTHING,)

    def act(self, states: Sequence[ShopState], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        return [self._choose(state, rng) for state, rng in zip(states, rngs, strict=True)]

    def _choose(self, state: ShopState, rng: np.random.Generator) -> Choice:
        if state.page != "results":
            option = next((c for c in state.candidates if c.kind == "option"), None)
            action = option.action if option and not state.options_chosen else self._action(state)
            return Choice(action, 0.5, 0.5)
        rank = int(rng.choice(len(self.weights), p=self.weights))
        action = next(c.action for c in state.candidates if c.kind == "product" and c.rank == rank)
        return Choice(action, self.weights[rank], self.weights[rank])


def test_products_are_ranked_by_how_often_they_are_bought(toy: ShopData) -> None:
    found = recommend(Scripted((0.2, 0.5, 0.0, 0.3)), ShopTask(toy.shop), "anything", runs=200)
    shown = toy.shop.find([EVERYTHING])
    assert [r.asin for r in found] == [shown[1].asin, shown[3].asin, shown[0].asin]
    assert sum(r.bought for r in found) == 200
    for r, weight in zip(found, (0.5, 0.3, 0.2), strict=True):
        product = toy.catalog[r.asin]
        assert r.share == r.bought / 200 == pytest.approx(weight, abs=0.12)
        assert (r.title, r.price) == (product.title, product.price_tag)
        first = {name: values[0] for name, values in list(product.options.items())[:1]}
        assert r.options == first
        assert r.probability == pytest.approx(weight * 0.5 ** (3 if first else 2))


def test_ties_go_by_probability_then_asin(toy: ShopData) -> None:
    found = recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=40)
    keys = [(-r.bought, -r.shown_probability, r.asin) for r in found]
    assert keys == sorted(keys)
    assert len(found) > 2
    assert len({r.asin for r in found}) == len(found)
    assert all(0 < r.probability <= 1 for r in found)


def test_what_varies_with_threads_is_not_shown() -> None:
    product = {"asin": "B1", "title": "a mug", "price": "$5.00", "options": {}, "bought": 2, "share": 0.5}
    chances = (0.27560912744240973, 0.27560849725132286)  # of one request with one and with two threads
    first, second = (Recommendation(**product, probability=chance).to_json() for chance in chances)  # type: ignore[arg-type]
    assert first == second == {**product, "probability": 0.276}
    assert Recommendation(**product, probability=1.23456e-7).shown_probability == 1.23e-7  # type: ignore[arg-type]


def test_top_cuts_the_list_and_one_run_gives_one(toy: ShopData) -> None:
    whole = recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=30, top=50)
    assert recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=30, top=2) == whole[:2]
    (only,) = recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=1)
    assert (only.bought, only.share) == (1, 1.0)


def test_one_seed_one_list(toy: ShopData) -> None:
    lists = [
        recommend(fake_policy(), ShopTask(toy.shop), "red shoes under $90", runs=20, seed=seed) for seed in (4, 4, 5)
    ]
    assert lists[0] == lists[1]
    assert lists[0] != lists[2]


@pytest.mark.parametrize("runs", [0, -1, MAX_RUNS + 1])
def test_runs_are_bounded(toy: ShopData, runs: int) -> None:
    with pytest.raises(ConfigError, match="runs"):
        recommend(RulePolicy(), ShopTask(toy.shop), "tea", runs=runs)


@pytest.mark.parametrize("top", [0, -3])
def test_top_is_bounded(toy: ShopData, top: int) -> None:
    with pytest.raises(ConfigError, match="top"):
        recommend(RulePolicy(), ShopTask(toy.shop), "tea", top=top)


@pytest.mark.parametrize("request_", ["", "   ", "\n\t", "\u2003"])
def test_an_empty_request_is_an_error(toy: ShopData, request_: str) -> None:
    with pytest.raises(ConfigError, match="empty"):
        recommend(RulePolicy(), ShopTask(toy.shop), request_)


def test_a_long_request_is_an_error(toy: ShopData) -> None:
    assert recommend(RulePolicy(), ShopTask(toy.shop), "x" * MAX_INSTRUCTION, runs=1) == []
    with pytest.raises(ConfigError, match="longer"):
        recommend(RulePolicy(), ShopTask(toy.shop), "x" * (MAX_INSTRUCTION + 1))


@pytest.mark.parametrize(
    "request_",
    ["crème caramel früchte tisane № 5", "紅茶 tea 🍵", "tea [with] {braces} $5 \\ \"q\" 'a'", "...", "[", "<q> tea"],
)
def test_any_text_is_a_request(toy: ShopData, request_: str) -> None:
    found = recommend(fake_policy(), ShopTask(toy.shop), request_, runs=5)
    assert all(r.asin in toy.catalog for r in found)
    json.dumps([r.to_json() for r in found], allow_nan=False)


def test_spaces_do_not_matter(toy: ShopData) -> None:
    assert recommend(RulePolicy(), ShopTask(toy.shop), "  herbal \n tea ", runs=2) == recommend(
        RulePolicy(), ShopTask(toy.shop), "herbal tea", runs=2
    )


def test_nothing_found_is_an_empty_list(toy: ShopData) -> None:
    assert recommend(fake_policy(), ShopTask(toy.shop), "xyzzy", runs=3) == []


def test_the_hidden_part_of_a_goal_plays_no_role(toy: ShopData) -> None:
    """A recommendation knows the words alone, so changing prices inside their range changes nothing."""
    from shoprl.catalog.catalog import Catalog
    from shoprl.shop.session import Shop
    from tests.support.toyshop import hidden_changed

    other = Shop(Catalog([hidden_changed(p) for p in toy.catalog]), toy.shop.search, toy.tagger)
    assert recommend(fake_policy(), ShopTask(other), "red shoes", runs=10) == recommend(
        fake_policy(), ShopTask(toy.shop), "red shoes", runs=10
    )


def test_the_chance_is_that_of_the_decoding(toy: ShopData) -> None:
    policy = fake_policy()
    found = recommend(policy, ShopTask(toy.shop), EVERYTHING, runs=1)
    assert math.isfinite(found[0].probability)
    assert found[0] == replace(found[0])
    assert set(found[0].to_json()) == set(Recommendation.__slots__)


def test_rule_is_allowed_to_recommend(toy: ShopData) -> None:
    (best,) = recommend(RulePolicy(), ShopTask(toy.shop), "mint leaves", runs=3)
    assert (best.asin, best.bought, best.probability) == ("B0TEA00002", 3, 1.0)
