"""Files of trajectories on goals of their own."""

from pathlib import Path

import numpy as np

from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goals_hash, write_goals
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.files import goals_beside, write_trajectories
from shoprl.trajectories.shoppers import demonstrations


def written(path: Path, data: ShopData, goals: list[Goal]) -> Path:
    """A file of an expert's episodes on goals, with them beside it."""
    rng = np.random.default_rng(0)
    episodes = demonstrations(ShopTask(data.shop, 30), goals, range(len(goals)), len(goals), 1.0, rng)
    write_trajectories(path, list(episodes), goals_hash(goals))
    write_goals(goals_beside(path), goals)
    return path
