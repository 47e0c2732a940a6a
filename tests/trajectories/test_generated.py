from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import TrajectoryError
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.generated import generate_trajectories, prune_loops
from tests.support.fakes import fake_policy


def walked(data: ShopData, goal_index: int, actions: list[str]) -> Episode:
    recording = Recording(ShopTask(data.shop).start(data.goals[goal_index]), goal_index)
    for action in actions:
        recording.take(action)
    return recording.episode()


def actions_of(episode: Episode) -> list[str]:
    return [decision.action for decision in episode.decisions]


def test_loops_are_cut(toy: ShopData) -> None:
    goal = toy.goals[0]
    asin = goal.asin.lower()
    search, item = f"search[{goal.name.lower()}]", f"click[{asin}]"
    long = [search, item, "click[description]", "click[< prev]", "click[< prev]", item, "click[buy now]"]
    pruned = prune_loops(ShopTask(toy.shop), goal, walked(toy, 0, long))
    assert actions_of(pruned) == [search, item, "click[buy now]"]
    again = [search, "click[back to search]", "search[something else]", "click[back to search]", *long]
    assert actions_of(prune_loops(ShopTask(toy.shop), goal, walked(toy, 0, again))) == [search, item, "click[buy now]"]


def test_options_make_another_page_state(toy: ShopData) -> None:
    index = next(i for i, goal in enumerate(toy.goals) if goal.options)
    goal = toy.goals[index]
    product = toy.catalog[goal.asin]
    values = next(values for values in product.options.values() if len(values) > 1)
    search, item = f"search[{goal.name.lower()}]", f"click[{goal.asin.lower()}]"
    straight = [search, item, f"click[{values[0]}]", "click[buy now]"]
    assert actions_of(prune_loops(ShopTask(toy.shop), goal, walked(toy, index, straight))) == straight
    twice = [search, item, f"click[{values[0]}]", f"click[{values[1]}]", f"click[{values[0]}]", "click[buy now]"]
    assert actions_of(prune_loops(ShopTask(toy.shop), goal, walked(toy, index, twice))) == straight


def test_random_walks_earn_the_same_without_their_loops(toy: ShopData) -> None:
    draw = np.random.default_rng(0)
    shorter = 0
    for _ in range(200):
        goal_index = int(draw.integers(len(toy.goals)))
        recording = Recording(ShopTask(toy.shop, 50).start(toy.goals[goal_index]), goal_index)
        session = recording.live.session
        for _ in range(40):
            clickables = [c for c in session.page.clickables if c != "search"]
            search = not clickables or draw.random() < 0.15
            recording.take(f"search[{toy.goals[goal_index].query}]" if search else f"click[{draw.choice(clickables)}]")
            if recording.over:
                break
        episode = recording.episode()
        pruned = prune_loops(ShopTask(toy.shop), toy.goals[goal_index], episode)  # raises where it earns another reward
        keys = []
        again = ShopTask(toy.shop).start(toy.goals[goal_index])
        for decision in pruned.decisions:
            keys.append(again.state.key)
            again.step(decision.action)
        assert len(set(keys)) == len(keys)
        assert again.page._replace(visited=frozenset()) == session.page._replace(visited=frozenset())
        shorter += len(pruned.decisions) < len(episode.decisions)
    assert shorter > 50


def test_a_trajectory_of_another_reward_is_refused(toy: ShopData) -> None:
    goal = toy.goals[0]
    episode = walked(toy, 0, [f"search[{goal.name.lower()}]", f"click[{goal.asin.lower()}]", "click[buy now]"])
    with pytest.raises(TrajectoryError, match="does not earn the same"):
        prune_loops(ShopTask(toy.shop), goal, replace(episode, reward=0.123))


def test_what_is_generated_earns_enough(toy: ShopData) -> None:
    goals = [(index, toy.goals[index]) for index in toy.split.train]
    found = generate_trajectories(fake_policy(), ShopTask(toy.shop), goals, seed=1, wanted=12, at_least=0.3, most=2000)
    assert len(found.episodes) == 12
    assert all(episode.reward >= 0.3 for episode in found.episodes)
    assert all(episode.goal_index in toy.split.train for episode in found.episodes)
    assert found.refused == 0
    again = generate_trajectories(fake_policy(), ShopTask(toy.shop), goals, seed=1, wanted=12, at_least=0.3, most=2000)
    assert again == found


def test_too_few_right_ones_are_an_error(toy: ShopData) -> None:
    goals = [(index, toy.goals[index]) for index in toy.split.train]
    with pytest.raises(TrajectoryError, match="Start from a better policy"):
        generate_trajectories(fake_policy(), ShopTask(toy.shop), goals, seed=1, wanted=50, at_least=1.0, most=64)
