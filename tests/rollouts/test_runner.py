from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.policies.base import Choice, Decode
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts import runner
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask


class Careful(RandomPolicy):
    """Random picks under the agent's rule; notes how many decisions it was asked for at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def act(self, states: Sequence[ShopState], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        self.sizes.append(len(states))
        picked = [
            state.candidates[int(rng.choice(np.flatnonzero(state.allowed())))].action
            for state, rng in zip(states, rngs, strict=True)
        ]
        return [Choice(action, 0.5, 0.5) for action in picked]


def test_order_of_goals_is_kept(toy: ShopData) -> None:
    goals = [(index, toy.goals[index]) for index in (9, 2, 30, 2, 0)]
    episodes = run_episodes(RulePolicy(), ShopTask(toy.shop), goals, 0)
    assert [episode.goal_index for episode in episodes] == [9, 2, 30, 2, 0]
    for (_, goal), episode in zip(goals, episodes, strict=True):
        assert episode.decisions[0].action == f"search[{goal.instruction}]"


def test_same_seed_same_episodes(toy: ShopData) -> None:
    goals = list(enumerate(toy.goals))
    first, second, other = (run_episodes(Careful(), ShopTask(toy.shop), goals, seed, "sample") for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_each_episode_may_have_a_seed_of_its_own(toy: ShopData) -> None:
    goals = [(index, toy.goals[index]) for index in (4, 9, 4)]
    seeds = [(1, 2, 3), (4, 5, 6), (1, 2, 3)]
    first, second, third = run_episodes(Careful(), ShopTask(toy.shop), goals, seeds, "sample")
    assert first == third
    assert run_episodes(Careful(), ShopTask(toy.shop), [goals[1]], [seeds[1]], "sample") == [second]
    with pytest.raises(ConfigError, match="needs its seed"):
        run_episodes(Careful(), ShopTask(toy.shop), goals, seeds[:2])


def test_a_goal_asked_for_twice_is_drawn_twice(toy: ShopData) -> None:
    episodes = run_episodes(Careful(), ShopTask(toy.shop), [(0, toy.goals[0])] * 12, 0, "sample")
    assert len({episode.decisions for episode in episodes}) > 3


@pytest.mark.parametrize("policy", [RulePolicy(), RandomPolicy(), Careful()])
@pytest.mark.parametrize("decode", ["greedy", "sample"])
def test_how_many_run_at_once_changes_nothing(
    toy: ShopData, monkeypatch: pytest.MonkeyPatch, policy: RandomPolicy, decode: Decode
) -> None:
    goals = list(enumerate(toy.goals)) * 2
    found = []
    for parallel in (1, 3, 64):
        monkeypatch.setattr(runner, "PARALLEL", parallel)
        found.append(run_episodes(policy, ShopTask(toy.shop), goals, 3, decode))
    assert found[0] == found[1] == found[2]


def test_no_more_run_at_once_than_allowed(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PARALLEL", 5)
    policy = Careful()
    run_episodes(policy, ShopTask(toy.shop), list(enumerate(toy.goals)), 0)
    assert max(policy.sizes) == 5
    assert policy.sizes[:3] == [5, 5, 5]


@pytest.mark.parametrize("max_steps", [1, 2, 3])
def test_truncation(toy: ShopData, max_steps: int) -> None:
    (episode,) = run_episodes(RulePolicy(), ShopTask(toy.shop, max_steps), [(0, toy.goals[0])], 0)
    assert len(episode.decisions) == max_steps
    assert episode.done == (max_steps == 3)
    if max_steps < 3:
        assert (episode.reward, episode.asin, episode.options, episode.components) == (0.0, None, {}, {})


def test_what_was_bought_is_recorded(toy: ShopData) -> None:
    for episode in run_episodes(Careful(), ShopTask(toy.shop), list(enumerate(toy.goals)), 0):
        assert episode.done
        assert episode.asin is not None
        product = toy.catalog[episode.asin]
        assert all(value in product.options[name] for name, value in episode.options.items())
        assert episode.components
        session = toy.session(episode.goal_index)
        rewards = [session.step(decision.action) for decision in episode.decisions]
        assert rewards[-1] == episode.reward
        assert session.page.kind == "done"
        assert [decision.probability for decision in episode.decisions] == [0.5] * len(episode.decisions)


def test_a_search_that_finds_nothing_ends_at_the_limit(toy: ShopData) -> None:
    goal = replace(toy.goals[0], instruction="xyzzy")
    (episode,) = run_episodes(RulePolicy(), ShopTask(toy.shop, 6), [(0, goal)], 0)
    assert [d.page for d in episode.decisions] == ["search", "results"] * 3
    assert (episode.done, episode.reward) == (False, 0.0)


def test_no_goals_no_episodes(toy: ShopData) -> None:
    assert run_episodes(RulePolicy(), ShopTask(toy.shop), [], 0) == []


def test_no_steps_is_an_error(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="max_steps 0"):
        run_episodes(RulePolicy(), ShopTask(toy.shop, 0), [(0, toy.goals[0])], 0)


def test_a_negative_seed_is_an_error(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="seed"):
        run_episodes(RulePolicy(), ShopTask(toy.shop), [(0, toy.goals[0])], -1)
