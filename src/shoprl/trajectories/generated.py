"""Trajectories that a policy generates itself (arXiv 2408.16032): sampled, filtered by reward, pruned of loops."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from shoprl.errors import TrajectoryError
from shoprl.policies.base import Policy
from shoprl.progress import bar
from shoprl.rollouts.records import Decision, Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.tasks.base import Task
from shoprl.tasks.instruction import WISH

G = TypeVar("G")
BATCH = 64  # episodes sampled at a time


@dataclass(frozen=True, slots=True)
class Generation:
    """The result of sampling.

    Attributes:
        episodes: the episodes kept, pruned.
        sampled: number of episodes run.
        pruned: number of actions pruned from the episodes kept.
        refused: number of episodes kept unpruned, since pruning changed their reward.
    """

    episodes: tuple[Episode, ...]
    sampled: int
    pruned: int
    refused: int


def prune_loops(task: Task[G], goal: G, episode: Episode) -> Episode:
    """Remove every part of a trajectory that returns to an earlier state.

    The remaining actions should lead to the same end and reward, which is checked by executing them.

    Raises:
        TrajectoryError: the reward of the pruned trajectory differs.
    """
    live = task.start(goal, WISH)
    kept: list[tuple[Hashable, Decision]] = []  # the state each decision was taken in
    for decision in episode.decisions:
        here = live.state.key
        earlier = next((i for i, (key, _) in enumerate(kept) if key == here), None)
        if earlier is not None:
            del kept[earlier:]
        kept.append((here, decision))
        live.step(decision.action)
    pruned = replace(episode, decisions=tuple(decision for _, decision in kept), slips=())
    again = task.start(goal, WISH)
    for decision in pruned.decisions:
        again.step(decision.action)
    if not pruned.decisions or again.outcome().reward != episode.reward:
        raise TrajectoryError(f"The trajectory on goal {episode.goal_index} does not earn the same without its loops.")
    return pruned


def generate_trajectories(
    policy: Policy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    seed: int,
    wanted: int = 100,
    at_least: float = 1.0,
    most: int | None = None,
) -> Generation:
    """Sample trajectories until enough have a high reward, and prune their loops.

    Args:
        policy: chooses the actions.
        task: the task.
        goals: (index in its goal list, goal), training goals only; used in this order, repeatedly.
        seed: of the sampled actions.
        wanted: number of trajectories to keep.
        at_least: minimum reward of a kept trajectory.
        most: maximum number of episodes to run; by default 20 times ``wanted``.

    Raises:
        TrajectoryError: fewer than ``wanted`` trajectories earn ``at_least``.
    """
    kept: list[Episode] = []
    sampled = pruned = refused = 0
    most = 20 * wanted if most is None else most
    with bar(wanted, "generated trajectories", "trajectory") as progress:
        while len(kept) < wanted and sampled < most:
            size = min(BATCH, most - sampled)
            batch = [goals[(sampled + i) % len(goals)] for i in range(size)]
            for episode, (_, goal) in zip(
                run_episodes(policy, task, batch, seed + sampled, "sample", label=""), batch, strict=True
            ):
                if episode.earned < at_least or len(kept) == wanted:
                    continue
                try:
                    shorter = prune_loops(task, goal, episode)
                except TrajectoryError:
                    shorter, refused = episode, refused + 1
                pruned += len(episode.decisions) - len(shorter.decisions)
                kept.append(shorter)
                progress.update()
            sampled += size
    if len(kept) < wanted:
        raise TrajectoryError(
            f"Of {sampled} sampled trajectories {len(kept)} earn {at_least:g}, {wanted} are wanted. "
            "Start from a better policy, or ask for fewer."
        )
    return Generation(tuple(kept), sampled, pruned, refused)
