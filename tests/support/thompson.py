"""Thompson sampling over arms with planted rates of success."""

from collections.abc import Sequence

import numpy as np

from shoprl.evaluation.thompson.rounds import Round
from shoprl.evaluation.thompson.sampling import (
    Allocation,
    Objective,
    ThompsonConfig,
    ThompsonResult,
    ThompsonRun,
)
from shoprl.rollouts.records import Episode

ARMS = ("poor", "planted", "middling")
RATES = (0.1, 0.7, 0.3)


def episodes(asked: Round, rates: Sequence[float] = RATES) -> list[Episode]:
    """Arms that succeed at these rates and otherwise earn 0.2."""
    return [
        Episode(goal, (), 1.0 if np.random.default_rng(seed).random() < rates[arm] else 0.2, done=True)
        for arm, goal, seed in zip(asked.arms, asked.goals, asked.seeds, strict=True)
    ]


def play(run: ThompsonRun, rates: Sequence[float] = RATES) -> ThompsonResult:
    while not run.over:
        asked = run.next_round()
        run.learn(asked, episodes(asked, rates))
    return run.result()


def run(
    seed: int = 0,
    objective: Objective = "success",
    rollouts: int = 400,
    batch: int = 16,
    number: int = 0,
    allocation: Allocation = "thompson",
) -> ThompsonResult:
    config = ThompsonConfig(objective, allocation, rollouts=rollouts, batch=batch, seed=seed)
    return play(ThompsonRun(ARMS, range(100, 150), config, number))


def one_arm(rates: Sequence[float], rollouts: int) -> ThompsonResult:
    config = ThompsonConfig("success", rollouts=rollouts, batch=rollouts)
    return play(ThompsonRun([f"arm {i}" for i in range(len(rates))], [1], config), rates)
