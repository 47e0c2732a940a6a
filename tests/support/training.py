"""What trainings learn from, and what they have come to."""

import numpy as np
import torch

from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations
from tests.support.fakequery import foreign_goals


def expert_examples(data: ShopData, trips: int = 60) -> list[Example]:
    rng = np.random.default_rng(0)
    made = demonstrations(ShopTask(data.shop), data.goals, data.split.train, trips, EXPERT, rng, 0.1)
    return examples(ShopTask(data.shop), data.goals, made)


def same(first: ChoicePolicy, second: ChoicePolicy) -> bool:
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def training_goals(data: ShopData) -> list[tuple[int, Goal]]:
    return [(index, data.goals[index]) for index in data.split.train]


def mean_reward(policy: ChoicePolicy, data: ShopData) -> float:
    episodes = run_episodes(policy, ShopTask(data.shop), training_goals(data), 0, "sample", label="")
    return sum(episode.reward for episode in episodes) / len(episodes)


def shopped(policy: ChoicePolicy, data: ShopData) -> tuple[float, float]:
    """Of the goals in foreign words: share with the product bought, share with the right query first."""
    goals = foreign_goals(data)[0]
    episodes = run_episodes(policy, ShopTask(data.shop), goals, 0, label="")
    titles = [data.shop.catalog[goal.asin].title for _, goal in goals]
    right = [e.decisions[0].action.endswith(f" {title}]") for e, title in zip(episodes, titles, strict=True)]
    return sum(e.success for e in episodes) / len(goals), sum(right) / len(goals)
