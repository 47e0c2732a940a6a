from collections.abc import Sequence
from dataclasses import replace

import pytest

from shoprl.bench.lists import Agent, Place, bench_lists, searched
from shoprl.errors import ConfigError
from shoprl.policies.simple import RuleOptionsPolicy
from shoprl.shop.data import ShopData
from shoprl.shop.reward import reward
from shoprl.tasks.shop.task import ShopTask


class Engine:
    def __init__(self, asins: Sequence[str]) -> None:
        self.asins, self.asked = asins, list[str]()

    def find_many(self, queries: Sequence[str]) -> list[Sequence[str]]:
        self.asked += queries
        return [self.asins for _ in queries]


def test_the_figures_are_those_worked_out_by_hand(toy: ShopData) -> None:
    goal = next(each for each in toy.goals if each.asin == "B0TEA00002")
    other = next(each for each in toy.goals if each.asin == "B0TEA00003")
    places = [Place("B0LAMP0001", {}), Place("B0TEA00002", {}), Place("B0TEA00001", {"size": "20 count"})]
    figures = bench_lists(lambda requests: [places, []], toy.shop, [goal, other])
    earned = [reward(toy.catalog[asin], options, goal, toy.tagger) for asin, options in places]
    assert [each.r_type == 1 for each in earned] == [False, True, False]  # the last has no word of the name
    assert (figures.hit1, figures.mrr, figures.length, figures.goals) == (0, 0.25, 1.5, 2)
    assert figures.type5 == pytest.approx(1 / 5 / 2)  # an empty place counts 0
    assert figures.reward5 == pytest.approx(sum(each.total for each in earned) / 5 / 2, abs=1e-4)
    assert figures.mrr_interval == (0, 0.5)


def test_what_comes_after_ten_places_does_not_count(toy: ShopData) -> None:
    goal = next(each for each in toy.goals if each.asin == "B0TEA00002")
    long = [Place(product.asin, {}) for product in toy.catalog if product.asin != goal.asin][:10]
    figures = bench_lists(lambda requests: [[*long, Place(goal.asin, {})]], toy.shop, [goal])
    assert (figures.mrr, figures.length) == (0, 10)


def test_a_search_lists_what_it_finds_for_the_wish(toy: ShopData) -> None:
    engine = Engine(["B0GONE", "B0LAMP0002", "B0LAMP0002", "B0LAMP0001"])
    request = "A tall lamp in Antique Brass, and price lower than 50.00 dollars"
    assert searched(engine, toy.shop)([request]) == [[Place("B0LAMP0002", {}), Place("B0LAMP0001", {})]]
    ((first, _),) = searched(engine, toy.shop, named=True)([request])
    assert first.options == {"color": "antique brass", "style": "tall"}
    assert engine.asked == ["a tall lamp in antique brass"] * 2


def test_an_agent_knows_the_instruction_alone(toy: ShopData) -> None:
    agent = Agent(RuleOptionsPolicy(), ShopTask(toy.shop), 1, 0)
    goals = toy.goals[:4]
    hidden = [replace(goal, asin="B0LAMP0001", options={}, attributes=("x",), price_upper=1.0) for goal in goals]
    lists = agent.lists([goal.instruction for goal in goals])
    assert lists == agent.lists([goal.instruction for goal in hidden])
    assert [[place.asin for place in each] for each in lists] == agent.find_many([g.instruction for g in goals])
    assert bench_lists(agent.lists, toy.shop, goals).goals == 4


def test_each_goal_needs_a_list(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="found 1 of 2"):
        bench_lists(lambda requests: [[]], toy.shop, toy.goals[:2])
    with pytest.raises(ConfigError, match="found 0 of 0"):
        bench_lists(lambda requests: [], toy.shop, [])
