"""Runs many episodes of a policy at once, with one forward pass for all that are in progress."""

import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TypeVar

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Decode, Policy
from shoprl.progress import bar
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.tasks.base import LiveEpisode, Task

PARALLEL = 64  # episodes in progress at once
Seeds = int | Sequence[Sequence[int]]
G = TypeVar("G")


def run_episodes(
    policy: Policy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    seed: Seeds,
    decode: Decode = "greedy",
    label: str | None = None,
) -> list[Episode]:
    """Run one episode of a policy per goal.

    Args:
        policy: chooses the actions.
        task: the task.
        goals: (index in its goal list, goal or request); a goal may occur several times.
        seed: each episode has its own generator, seeded by (seed, goal index, position), or by the numbers that a
            sequence holds for it.
        decode: greedy or sampled actions.
        label: of the progress bar; the policy's name by default, no bar if empty.

    Returns:
        One episode per goal, in the order of ``goals``.

    Raises:
        ConfigError: the seed is negative, or a sequence does not hold one per goal.
    """
    if isinstance(seed, int) and seed < 0:
        raise ConfigError(f"seed {seed}: must be at least 0.")
    if not isinstance(seed, int) and len(seed) != len(goals):
        raise ConfigError(f"Each episode needs its seed: found {len(goals)} goals and {len(seed)} seeds.")

    def started(position: int) -> tuple[int, Recording[LiveEpisode], np.random.Generator]:
        index, goal = goals[position]
        rng = np.random.default_rng([seed, index, position] if isinstance(seed, int) else list(seed[position]))
        return position, Recording(task.start(goal, policy.queries), index), rng

    episodes: dict[int, Episode] = {}
    waiting = map(started, range(len(goals)))
    running: list[tuple[int, Recording[LiveEpisode], np.random.Generator]] = []
    label = f"episodes of {policy.name}" if label is None else label
    with bar(len(goals), label, "episode") if label else nullcontext() as progress:
        while len(episodes) < len(goals):
            running += itertools.islice(waiting, PARALLEL - len(running))
            choices = policy.act([each.state for _, each, _ in running], [rng for _, _, rng in running], decode)
            for (position, recording, _), choice in zip(running, choices, strict=True):
                recording.take(choice.action, choice.probability)
                if recording.over:
                    episodes[position] = recording.episode()
                    if progress is not None:
                        progress.update()
            running = [each for each in running if not each[1].over]
    return [episodes[position] for position in range(len(goals))]
