"""Demonstrated decisions as training examples, got by replaying trajectories in their task."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shoprl.errors import TrajectoryError
from shoprl.files import list_hash
from shoprl.progress import track
from shoprl.rollouts.records import Episode
from shoprl.tasks.base import Observation, State, Task, index_of
from shoprl.tasks.instruction import WISH, Queries

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Example:
    """A state and the action demonstrated in it.

    Attributes:
        state: what the policy saw.
        chosen: index of the demonstrated candidate.
        episode: number of the trajectory that it is from.
        step: its place in that trajectory, from 0.
    """

    state: Observation
    chosen: int
    episode: int = 0
    step: int = 0


def identity_of_examples(data: Sequence[Example]) -> str:
    """Hex digest of what the examples show; two trainings on the same ones have the same."""
    return list_hash(
        [
            example.state.request,
            example.state.page,
            example.state.picture,
            example.state.texts,
            example.state.actions,
            hashlib.sha256(example.state.features.tobytes()).hexdigest(),
            example.chosen,
        ]
        for example in data
    )


def replay(task: Task[G], goal: G, episode: Episode, queries: Queries = WISH) -> list[tuple[State, int | None]]:
    """Take a trajectory's actions again.

    Args:
        task: where.
        goal: what was wanted.
        episode: the trajectory.
        queries: the searches that are available, a policy's ``queries``.

    Returns:
        (state, index of the action taken) a step; None for an action that is not among the state's candidates.

    Raises:
        TrajectoryError: it does not end with the recorded reward, so it was recorded in another task.
    """
    live, steps = task.start(goal, queries), []
    for decision in episode.decisions:
        steps.append((live.state, index_of(live.state, decision.action)))
        live.step(decision.action)
    reward = live.outcome().reward
    if reward != episode.reward:
        raise TrajectoryError(
            f"The trajectory on goal {episode.goal_index} earns {_reward(reward)} here and was recorded with "
            f"{_reward(episode.reward)}: it was made in another shop. Use the catalogue it was made on."
        )
    return steps


def _reward(reward: float | None) -> str:
    return "no reward" if reward is None else f"{reward:.4f}"


def examples(task: Task[G], goals: Sequence[G], episodes: Sequence[Episode], queries: Queries = WISH) -> list[Example]:
    """The decisions to learn from: those with a choice to make, without slips and actions a policy cannot take.

    Args:
        task: where the trajectories were recorded.
        goals: the goal list that they point into.
        episodes: the trajectories.
        queries: the searches that are available, a policy's ``queries``.

    Raises:
        TrajectoryError: a trajectory does not fit the task or the goals, or there is no decision to learn from.
    """
    data = []
    for number, episode in enumerate(track(episodes, "replaying demonstrations", unit="episode")):
        if not 0 <= episode.goal_index < len(goals):
            raise TrajectoryError(f"A trajectory is of goal {episode.goal_index}; there are {len(goals)} goals.")
        slips = set(episode.slips)
        for position, (state, chosen) in enumerate(replay(task, goals[episode.goal_index], episode, queries)):
            if chosen is not None and position not in slips and len(state.candidates) > 1:
                data.append(Example(state.observe(), chosen, number, position))
    if not data:
        raise TrajectoryError("The demonstrations hold no decision to learn from.")
    return data
