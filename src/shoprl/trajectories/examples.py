"""Training examples of demonstrated decisions, from replaying trajectories in their task."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

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
        state: the observation.
        chosen: index of the demonstrated candidate.
        episode: number of its trajectory.
        step: position in its trajectory, from 0.
        fits: reward that each row of the state's evidence would earn, shape (rows,); -1 for rows that are no products.
            None where it is not known.
    """

    state: Observation
    chosen: int
    episode: int = 0
    step: int = 0
    fits: NDArray[np.float32] | None = None


def identity_of_examples(data: Sequence[Example]) -> str:
    """Hex digest of the examples' content."""
    return list_hash(
        [
            example.state.request,
            example.state.page,
            example.state.picture,
            example.state.texts,
            example.state.actions,
            hashlib.sha256(example.state.features.tobytes()).hexdigest(),
            example.chosen,
            *_evidence(example),
        ]
        for example in data
    )


def _evidence(example: Example) -> list[str]:
    """Digests of an example's evidence and of the rewards of its rows; none where they are not known."""
    shown = example.state.evidence
    if example.fits is None or shown is None:
        return []
    parts = (shown.features.tobytes(), example.fits.tobytes(), repr((shown.texts, shown.names)).encode())
    terms = repr([[sorted(source) for source in sources] for sources in shown.terms])
    return [hashlib.sha256(part).hexdigest() for part in (*parts, terms.encode())]


def replay(task: Task[G], goal: G, episode: Episode, queries: Queries = WISH) -> list[tuple[State, int | None]]:
    """Execute a trajectory's actions.

    Args:
        task: the task it was recorded in.
        goal: its goal.
        episode: the trajectory.
        queries: a policy's ``queries``, which decide the available searches.

    Returns:
        (state, index of the action taken) per step; None for an action that is not among the state's candidates.

    Raises:
        TrajectoryError: its reward differs from the recorded one, so it was recorded in another task.
    """
    live, steps = task.start(goal, queries), []
    for decision in episode.decisions:
        steps.append((live.state, index_of(live.state, decision.action)))
        live.step(decision.action)
    reward = live.outcome().reward
    if reward != episode.reward:
        raise TrajectoryError(
            f"The trajectory on goal {episode.goal_index} earns {_reward(reward)} here and was recorded with "
            f"{_reward(episode.reward)}: it was recorded in another shop. Use the catalogue it was recorded on."
        )
    return steps


def _reward(reward: float | None) -> str:
    return "no reward" if reward is None else f"{reward:.4f}"


def examples(task: Task[G], goals: Sequence[G], episodes: Sequence[Episode], queries: Queries = WISH) -> list[Example]:
    """Examples of trajectories' decisions, without slips, forced moves and actions that are not candidates.

    Args:
        task: the task they were recorded in.
        goals: the goal list that their goal indices point into.
        episodes: the trajectories.
        queries: a policy's ``queries``, which decide the available searches.

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
