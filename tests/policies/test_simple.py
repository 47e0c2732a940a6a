from dataclasses import replace

import numpy as np
import pytest

from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction, queries_for
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.view import UNSEEN, ShopCandidate

THREE = ShopState(
    "results",
    parse_instruction("a mug"),
    (
        ShopCandidate("click[back to search]", "back"),
        ShopCandidate("click[a]", "product"),
        ShopCandidate("click[b]", "product"),
    ),
    *(1, "", (), 15, 0, UNSEEN),
)


def test_random_is_uniform_and_draws_from_its_own_generator() -> None:
    policy = RandomPolicy()
    rng = np.random.default_rng(0)
    choices = [policy.act([THREE], [rng], "sample")[0] for _ in range(3_000)]
    for candidate in THREE.candidates:
        assert sum(c.action == candidate.action for c in choices) / 3_000 == pytest.approx(1 / 3, abs=0.03)
    assert {(c.probability, c.policy_probability) for c in choices} == {(1 / 3, 1 / 3)}
    alone = policy.act([THREE], [np.random.default_rng(7)], "sample")
    among = policy.act([THREE, THREE], [np.random.default_rng(1), np.random.default_rng(7)], "sample")
    assert among[1] == alone[0]


def test_rule_opens_the_first_product() -> None:
    assert RulePolicy().act([THREE], [np.random.default_rng(0)], "greedy")[0].action == "click[a]"


def test_rule_turns_back_from_an_empty_page() -> None:
    empty = replace(THREE, candidates=THREE.candidates[:1])
    assert RulePolicy().act([empty], [np.random.default_rng(0)], "greedy")[0].action == "click[back to search]"


def test_rule_searches_opens_and_buys(toy: ShopData) -> None:
    goals = list(enumerate(toy.goals))
    for (_, goal), episode in zip(goals, run_episodes(RulePolicy(), ShopTask(toy.shop), goals, 0), strict=True):
        first = toy.shop.find(goal.instruction.lower().split(" "))[0].asin
        assert [d.page for d in episode.decisions] == ["search", "results", "item"]
        assert [d.action for d in episode.decisions] == [
            f"search[{goal.instruction}]",
            f"click[{first.lower()}]",
            "click[buy now]",
        ]
        assert episode.asin == first


def test_rule_can_search_for_an_instruction_with_brackets(toy: ShopData) -> None:
    goal = replace(toy.goals[0], instruction="shoes [for men] with rubber sole")
    assert run_episodes(RulePolicy(), ShopTask(toy.shop), [(0, goal)], 0)[0].done


def test_strategies() -> None:
    instruction = parse_instruction("a [red] mug under $20")
    assert queries_for("wish", instruction) == ("a (red) mug",)
    assert queries_for("instruction", instruction) == ("a (red) mug under $20",)
