"""Preference pairs of the toy shop."""

import numpy as np

from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import replay
from shoprl.trajectories.preferences import Preference, preference
from shoprl.trajectories.shoppers import demonstrations

HASH = "a" * 64


def some_preferences(data: ShopData, trips: int = 6) -> list[Preference]:
    """Each demonstrated choice before the candidate beside it."""
    found = []
    for trip in demonstrations(ShopTask(data.shop), data.goals, data.split.train, trips, 0.6, np.random.default_rng(0)):
        actions = [decision.action for decision in trip.decisions]
        for position, (state, chosen) in enumerate(replay(ShopTask(data.shop), data.goals[trip.goal_index], trip)):
            if chosen is None or len(state.candidates) == 1:
                continue
            rejected = state.candidates[chosen - 1].action
            goal, about = data.goals[trip.goal_index], {"margin": 0.25 * position}
            found.append(
                preference(
                    ShopTask(data.shop), trip.goal_index, goal, actions[:position], actions[position], rejected, about
                )
            )
    return found
