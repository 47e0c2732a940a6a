import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ConfigError
from shoprl.policies.base import Choice, Decode
from shoprl.policies.simple import RulePolicy
from shoprl.recommender.recommend import MAX_RUNS, WELL, Recommendation, Recommendations, recommend
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.shop.session import Shop
from shoprl.tasks.instruction import Instruction
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask
from tests.support.fakes import fake_policy
from tests.support.judging import JudgingRule
from tests.support.toyshop import EVERYTHING, hidden_changed


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
    found = recommend(Scripted((0.2, 0.5, 0.0, 0.3)), ShopTask(toy.shop), "anything", runs=200, top=3)
    shown = toy.shop.find([EVERYTHING])
    assert [r.asin for r in found] == [shown[1].asin, shown[3].asin, shown[0].asin]
    assert sum(r.bought_in_runs for r in found) == 200
    for r, weight in zip(found, (0.5, 0.3, 0.2), strict=True):
        product = toy.catalog[r.asin]
        assert r.share == r.bought_in_runs / 200 == pytest.approx(weight, abs=0.12)
        assert (r.title, r.price) == (product.title, product.price_tag)
        assert r.options == {name: values[0] for name, values in list(product.options.items())[:1]}
        assert (r.fit, r.propensity) == (None, 1.0)


def test_the_list_is_filled_with_what_is_bought_once_that_is_out_of_reach(toy: ShopData) -> None:
    found = recommend(Scripted((0.5, 0.5)), ShopTask(toy.shop), EVERYTHING, runs=10, top=6)
    assert len(found) == 6
    assert {r.asin for r in found} == {product.asin for product in toy.shop.find([EVERYTHING])[:6]}
    assert [sum(r.bought_in_runs for r in found[start : start + 2]) for start in (0, 2, 4)] == [10, 10, 10]


def test_a_judge_ranks_all_that_it_saw(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.recommender.ranking.KIND_WEIGHT", 0.0)
    request = f"{EVERYTHING} wherever whenever"  # words that no product has, as a brief request is the search's
    known = {product.asin: 0.3 for product in toy.catalog} | {"B0TEA00003": 0.9, "B0LAMP0002": 0.8, "B0SHOE0003": 0.04}
    policy = JudgingRule(known)
    found = recommend(policy, ShopTask(toy.shop), request, runs=4, top=20)
    first = toy.shop.find([EVERYTHING])[0].asin
    assert [r.asin for r in found[:3]] == ["B0TEA00003", "B0LAMP0002", first]  # the last for being bought
    assert [(r.fit, r.bought_in_runs, r.share) for r in found[:3]] == [(0.9, 0, 0.0), (0.8, 0, 0.0), (0.3, 4, 1.0)]
    order = [product.asin for product in toy.shop.find([EVERYTHING])]
    rest = [r.asin for r in found[3:]]
    assert rest == sorted(rest, key=order.index)  # equal ones in the search's order
    assert "B0SHOE0003" not in {r.asin for r in found}
    assert (len(found), found.unfit, found.too_dear) == (11, 1, 0)
    assert len(recommend(policy, ShopTask(toy.shop), request, runs=4, top=20, min_fit=0.05)) == 12


def test_after_the_best_come_products_of_its_kind(toy: ShopData) -> None:
    known = {product.asin: 0.35 for product in toy.catalog} | {"B0TEA00003": 0.9, "B0LAMP0002": 0.45, "B0LAMP0003": 0.2}
    found = recommend(JudgingRule(known), ShopTask(toy.shop), f"{EVERYTHING} wherever whenever", top=4)
    assert found[0].asin == "B0TEA00003"
    assert {r.asin for r in found[1:3]} == {"B0TEA00001", "B0TEA00002"}


def test_for_a_brief_request_the_search_decides(toy: ShopData) -> None:
    policy = JudgingRule({product.asin: place / 100 + 0.2 for place, product in enumerate(toy.catalog)})
    found = recommend(policy, ShopTask(toy.shop), EVERYTHING, top=3)
    assert [r.asin for r in found] == [product.asin for product in toy.shop.find([EVERYTHING])[:3]]


@pytest.mark.parametrize(("best", "length"), [(WELL, 3), (WELL - 0.01, 2)])
def test_where_one_fits_well_others_need_not_fit_as_much(toy: ShopData, best: float, length: int) -> None:
    known = {product.asin: 0.01 for product in toy.catalog} | {
        "B0TEA00003": best,
        "B0TEA00001": 0.06,
        "B0LAMP0001": 0.2,
    }
    found = recommend(JudgingRule(known), ShopTask(toy.shop), EVERYTHING)
    assert (len(found), found.unfit) == (length, 12 - length)


def test_what_nothing_fits_gets_an_empty_list(toy: ShopData) -> None:
    none = recommend(JudgingRule({p.asin: 0.01 for p in toy.catalog}), ShopTask(toy.shop), EVERYTHING)
    assert (list(none), none.unfit, none.too_dear) == ([], 12, 0)


@pytest.mark.parametrize("judging", [True, False])
def test_what_costs_more_than_asked_is_never_listed(toy: ShopData, judging: bool) -> None:
    policy = JudgingRule({p.asin: 0.5 for p in toy.catalog}) if judging else RulePolicy()
    found = recommend(policy, ShopTask(toy.shop), f"{EVERYTHING} for less than $10", top=12, runs=2)
    assert {r.asin for r in found} == {"B0LAMP0003", "B0TEA00001", "B0TEA00002", "B0TEA00003"}
    assert {r.why.price for r in found} == {"kept"}
    assert found.too_dear == 8
    free = Catalog([replace(p, price=None, price_tag="") if p.asin == "B0SHOE0001" else p for p in toy.catalog])
    shop = Shop(free, toy.shop.search, toy.tagger)
    unknown = recommend(policy, ShopTask(shop), f"{EVERYTHING} for less than $10", top=12, runs=2)
    assert [(r.asin, r.price) for r in unknown if r.why.price == "unknown"] == [("B0SHOE0001", "unknown")]


def test_a_drawn_list_has_the_propensities_of_its_places(toy: ShopData) -> None:
    policy = JudgingRule()
    about = (policy, ShopTask(toy.shop), EVERYTHING, 2, 5)
    lists = [recommend(*about, seed=seed, temperature=0.2, min_fit=0.0) for seed in range(6)]
    assert len({tuple(r.asin for r in each) for each in lists}) > 1
    assert all(0 < r.propensity < 1 for each in lists for r in each)
    assert recommend(*about, seed=3, temperature=0.2, min_fit=0.0) == lists[3]
    assert [r.asin for r in recommend(*about, temperature=1e-6)] == [r.asin for r in recommend(*about)]


def test_top_cuts_the_list_and_one_run_is_enough(toy: ShopData) -> None:
    whole = recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=3, top=12)
    assert len(whole) == len({r.asin for r in whole}) == 12
    assert recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=3, top=2).items == whole[:2]
    (only,) = recommend(fake_policy(), ShopTask(toy.shop), EVERYTHING, runs=1, top=1)
    assert (only.bought_in_runs, only.share) == (1, 1.0)


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
    assert not recommend(RulePolicy(), ShopTask(toy.shop), "x" * MAX_INSTRUCTION, runs=1)
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
    assert recommend(fake_policy(), ShopTask(toy.shop), "xyzzy", runs=3) == Recommendations(())
    assert recommend(JudgingRule(), ShopTask(toy.shop), "xyzzy", runs=3) == Recommendations(())


def test_the_hidden_part_of_a_product_plays_no_role(toy: ShopData) -> None:
    """What only sections show is in ``why``; changing prices inside their range and attributes changes no order."""
    other = Shop(Catalog([hidden_changed(p) for p in toy.catalog]), toy.shop.search, toy.tagger)
    lists = [recommend(fake_policy(), ShopTask(shop), "red shoes", runs=10) for shop in (other, toy.shop)]
    plain = [[replace(r, why=lists[1][0].why) for r in each] for each in lists]
    assert plain[0] == plain[1]


def test_a_line_is_json(toy: ShopData) -> None:
    (first, *_) = recommend(JudgingRule(), ShopTask(toy.shop), "navy sneakers under $80", runs=1, min_fit=0.0)
    row = json.loads(json.dumps(first.to_json(), allow_nan=False))
    assert set(row) == set(Recommendation.__slots__)
    assert row["why"].keys() == {"met", "missing", "price"}


@pytest.mark.parametrize(("name", "value"), [("temperature", -0.1), ("temperature", math.nan), ("min_fit", 1.5)])
def test_numbers_are_checked(toy: ShopData, name: str, value: float) -> None:
    numbers: dict[str, float] = {name: value}
    with pytest.raises(ConfigError, match=name):
        recommend(RulePolicy(), ShopTask(toy.shop), "tea", **numbers)  # type: ignore[arg-type]


def test_rule_is_allowed_to_recommend(toy: ShopData) -> None:
    (best,) = recommend(RulePolicy(), ShopTask(toy.shop), "mint leaves", runs=3, top=1)
    assert (best.asin, best.bought_in_runs, best.propensity) == ("B0TEA00002", 3, 1.0)
