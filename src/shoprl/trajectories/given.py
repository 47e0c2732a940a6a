"""Trajectories that somebody gives to learn from: on a shop's goals, or on goals of their own beside the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import ConfigError
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.trajectories.files import goals_beside, read_trajectories
from shoprl.trajectories.imported import held_out, held_out_goals, plain_wish
from shoprl.trajectories.lines import stored_hash


@dataclass(frozen=True)
class GivenGoals:
    """The goals that a file is on.

    Attributes:
        goals: the list that ``goal_index`` points into.
        sha256: its hash.
        own: whether they are the shop's; else they lie beside the file (:func:`goals_beside`).
    """

    goals: Sequence[Goal]
    sha256: str
    own: bool


def given_goals(path: Path, data: ShopData) -> GivenGoals:
    """The goals of a file of trajectories or preferences.

    Raises:
        TrajectoryError, GoalError: a file is missing or malformed.
        ConfigError: a goal beside the file is one that the shop is tested on.
    """
    own, beside = data.hashes()["goals"], goals_beside(path)
    if stored_hash(path) == own or not beside.is_file():
        return GivenGoals(data.goals, own, True)
    goals = read_goals(beside, data.catalog)
    held = {plain_wish(goal.instruction) for goal in held_out_goals(data)}
    for number, goal in enumerate(goals, start=1):
        if plain_wish(goal.instruction) in held:
            raise ConfigError(f"{beside}: line {number}: a test or eval goal, which are never trained on.")
    return GivenGoals(goals, goals_hash(goals), False)


def check_learnable(path: Path, data: ShopData, given: GivenGoals, indices: Sequence[int]) -> None:
    """Nothing of a file may be on a goal that the shop is tested on.

    Raises:
        ConfigError: something is.
    """
    if given.own and not held_out(data).isdisjoint(indices):
        raise ConfigError(f"{path}: holds trajectories on test or eval goals, which are never trained on.")


def given_trajectories(path: Path, data: ShopData) -> tuple[GivenGoals, list[Episode]]:
    """The episodes of a file, and the goals that they are on.

    Args:
        path: the file.
        data: the shop.

    Raises:
        TrajectoryError, GoalError: a file is missing, malformed or empty, or is of another goal list.
        ConfigError: an episode is on a test or eval goal.
    """
    given = given_goals(path, data)
    episodes = read_trajectories(path, given.sha256)
    check_learnable(path, data, given, [episode.goal_index for episode in episodes])
    return given, episodes
