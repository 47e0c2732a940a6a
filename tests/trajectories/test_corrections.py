from collections.abc import Sequence

import numpy as np
import pytest

from shoprl.policies.base import Choice, Decode
from shoprl.policies.learned import LearnedPolicy
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.corrections import corrected_episodes
from shoprl.trajectories.examples import examples, replay
from shoprl.trajectories.shoppers import EXPERT, demonstrations
from tests.support.fakes import fake_policy


@pytest.fixture(scope="module")
def data() -> ShopData:
    return generated_data(60, 0)


@pytest.fixture(scope="module")
def untrained() -> LearnedPolicy:
    return fake_policy()


def goals_of(data: ShopData, count: int = 40) -> list[tuple[int, Goal]]:
    return [(index, data.goals[index]) for index in data.split.train[:count]]


def test_an_expert_brings_a_bad_agent_to_the_goal(data: ShopData, untrained: LearnedPolicy) -> None:
    trips = corrected_episodes(untrained, ShopTask(data.shop), goals_of(data), np.random.default_rng(0))
    assert len(trips) >= 35  # an agent that knows nothing is nearly always wrong
    assert sum(trip.success for trip in trips) / len(trips) >= 0.85
    assert any(trip.slips for trip in trips)
    assert all(trip.done for trip in trips)


def test_slips_are_steps_an_expert_would_not_take_and_are_not_learned(data: ShopData, untrained: LearnedPolicy) -> None:
    trips = [
        t
        for t in corrected_episodes(untrained, ShopTask(data.shop), goals_of(data), np.random.default_rng(0))
        if t.slips
    ]
    for trip in trips:
        pages = [decision.page for decision in trip.decisions]
        assert all(pages[slip] != "item" for slip in trip.slips)
    shown = examples(ShopTask(data.shop), data.goals, trips)
    learned = {(example.episode, example.step) for example in shown}
    assert not learned & {(number, slip) for number, trip in enumerate(trips) for slip in trip.slips}
    assert all(
        len(replay(ShopTask(data.shop), data.goals[trip.goal_index], trip)) == len(trip.decisions) for trip in trips
    )


class Remembering:
    """A policy that does what was done on given trips."""

    def __init__(self, data: ShopData, trips: Sequence[Episode]) -> None:
        self.queries, self.offer = fake_policy().queries, None
        self.known = {
            (data.goals[trip.goal_index].instruction, step): decision.action
            for trip in trips
            for step, decision in enumerate(trip.decisions)
        }

    def act(self, states: Sequence[ShopState], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        actions = [self.known[state.instruction.text, MAX_STEPS - state.steps_left] for state in states]
        return [Choice(action, 1.0, 1.0) for action in actions]


def test_an_agent_that_is_right_is_not_corrected(data: ShopData) -> None:
    indices = list(data.split.train[:30])
    shown = demonstrations(ShopTask(data.shop), data.goals, indices, 30, EXPERT, np.random.default_rng(0))
    agent, goals = Remembering(data, shown), goals_of(data, 30)
    assert corrected_episodes(agent, ShopTask(data.shop), goals, np.random.default_rng(0)) == []  # type: ignore[arg-type]


def test_corrections_come_from_the_generator_alone(data: ShopData, untrained: LearnedPolicy) -> None:
    def made(seed: int) -> object:
        return corrected_episodes(untrained, ShopTask(data.shop), goals_of(data, 10), np.random.default_rng(seed))

    assert made(3) == made(3)
    assert made(3) != made(4)
