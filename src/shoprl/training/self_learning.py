"""Self-learning (arXiv 2408.16032): DPO on preferences from the policy's own trajectories, in rounds.

A round samples trajectories of the policy on training goals, keeps those with reward 1, prunes their loops, samples a
rejected action for each decision from the policy itself, and trains by DPO from the same weights. After DPO on
demonstrations this is the paper's stacked agent; each further round starts from the policy of the round before.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from shoprl.policies.learned import LearnedPolicy
from shoprl.settings import Count, Settings
from shoprl.tasks.base import Task
from shoprl.training.dpo import DPOConfig, preference_pairs, train_dpo
from shoprl.training.loop import LogRow
from shoprl.training.processes import team_on
from shoprl.trajectories.examples import examples
from shoprl.trajectories.generated import generate_trajectories

P = TypeVar("P", bound=LearnedPolicy)
G = TypeVar("G")


@dataclass(frozen=True)
class SelfLearningConfig(Settings):
    """Settings of self-learning.

    Attributes:
        trajectories: generated trajectories per round.
        rounds: number of rounds; each starts from the policy of the one before.
        dpo: settings of each round's DPO.
    """

    trajectories: Count = 100
    rounds: Count = 1
    dpo: DPOConfig = field(default_factory=DPOConfig)

    @property
    def all_updates(self) -> int:
        """Number of updates of the whole training."""
        return self.rounds * self.dpo.updates

    @property
    def episodes(self) -> int:
        """Number of episodes known in advance: none, since it depends on the policy's success rate."""
        return 0

    @property
    def generated(self) -> int:
        """Number of trajectories generated in training."""
        return self.rounds * self.trajectories

    def seeded(self, seed: int) -> Self:
        """A copy with another seed."""
        return replace(self, dpo=self.dpo.seeded(seed))


def self_learn(
    policy: LearnedPolicy,
    task: Task[G],
    goals: Sequence[G],
    indices: Sequence[int],
    config: SelfLearningConfig,
    folder: Path,
    label: str = "self-learning",
) -> list[LogRow]:
    """Train a policy in place on preferences that it generates itself, resuming from ``folder``.

    In distributed training the first process generates, and all train.

    Args:
        policy: the initial policy.
        task: the task.
        goals: the goal list.
        indices: training goals.
        config: settings.
        folder: for each round's checkpoint and log.
        label: of the progress bars.

    Returns:
        A row per round: ``round``, ``sampled`` (number of episodes run), ``actions_pruned``, ``pairs``, ``skipped``
        (decisions for which no other action was sampled), and the last row of its DPO's log.

    Raises:
        TrajectoryError: too few trajectories earn reward 1, or no decision has another action.
    """
    rows = []
    seed, team = config.dpo.seed, team_on(policy.device)
    for number in range(config.rounds):
        order = np.random.default_rng([seed, number]).permutation(indices)
        drawn = [(int(index), goals[index]) for index in order]
        first, wanted = seed * 1_000 + number * 100, config.trajectories
        made = team.from_first(partial(generate_trajectories, policy, task, drawn, seed=first, wanted=wanted))
        data = examples(task, goals, made.episodes, policy.queries)
        rng = np.random.default_rng([seed, number, 1])
        pairs, skipped = preference_pairs(policy, data, config.dpo, rng)
        log = train_dpo(policy, pairs, replace(config.dpo, seed=seed + number), folder / f"round-{number + 1}", label)
        about = {"sampled": made.sampled, "actions_pruned": made.pruned, "pairs": len(pairs), "skipped": skipped}
        rows.append({"round": number + 1, **about, **log[-1]})
    return rows


def copy_of(policy: P, name: str) -> P:
    """A policy with a copy of the weights; everything else is shared."""
    other = copy.copy(policy)
    other.model, other.name = copy.deepcopy(policy.model), name
    return other
