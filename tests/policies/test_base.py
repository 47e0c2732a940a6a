from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.policies.base import Judging, distinct, pick
from shoprl.policies.simple import RulePolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from tests.support.judging import JudgingRule
from tests.support.toyshop import EVERYTHING


def test_greedy_takes_the_most_likely() -> None:
    rng = np.random.default_rng(0)
    assert pick(np.array([0.2, 0.5, 0.3]), rng, "greedy") == (1, 1.0)
    assert rng.random() == np.random.default_rng(0).random()  # nothing was drawn


def test_samples_come_as_often_as_their_probability() -> None:
    rng = np.random.default_rng(0)
    probabilities = np.array([0.0, 0.1, 0.6, 0.0, 0.3])
    drawn = [pick(probabilities, rng, "sample") for _ in range(4_000)]
    counts = Counter(index for index, _ in drawn)
    assert counts[0] == counts[3] == 0
    for index in (1, 2, 4):
        assert counts[index] / 4_000 == pytest.approx(probabilities[index], abs=0.03)
    assert all(chance == probabilities[index] for index, chance in drawn)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda p: sum(p) > 1e-6), st.integers(0, 2**32))
def test_a_draw_is_never_impossible(weights: list[float], seed: int) -> None:
    probabilities = np.array(weights) / sum(weights)
    index, chance = pick(probabilities, np.random.default_rng(seed), "sample")
    assert probabilities[index] > 0
    assert chance == probabilities[index]


def test_who_can_judge_is_told_apart() -> None:
    assert isinstance(JudgingRule(), Judging)
    assert not isinstance(RulePolicy(), Judging)


def test_equal_states_are_found_once(toy: ShopData) -> None:
    task = ShopTask(toy.shop)
    first, second, third = (task.start("a red mug") for _ in range(3))
    third.step(third.state.candidates[0].action)
    later = task.start("a red mug")
    for _ in range(2):
        later.step(f"search[{EVERYTHING}]")
    states = [each.state for each in (first, third, second, later, third)]
    different, places = distinct(states)
    assert (different, places) == ([states[0], states[1], states[3]], [0, 1, 0, 2, 1])
    assert distinct([]) == ([], [])
