"""Add a learner: REINFORCE, written as the textbook writes it, with checkpoints, log and exact resuming for free.

One file; a line in experiments/methods.py and one in cli/main.py make it a command.
Run it: python examples/add_learner.py
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from add_network import PerceptronPolicy

import shoprl
from shoprl.errors import ConfigError
from shoprl.experiments.methods import METHODS, Inputs, Learned, Method
from shoprl.policies.learned import LearnedPolicy
from shoprl.tasks.base import Task
from shoprl.training.loop import LoopConfig, Training, weights_digest
from shoprl.training.rl_math import masked_log_probabilities, returns
from shoprl.training.rollout import collect_for

G = TypeVar("G")


@dataclass(frozen=True)
class ReinforceConfig(LoopConfig):
    """Settings of REINFORCE; ``batch_size`` episodes an update.

    Attributes:
        discount: gamma.
    """

    updates: int = 100
    batch_size: int = 16
    learning_rate: float = 1e-2
    discount: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.discount <= 1:
            raise ConfigError(f"discount {self.discount}: must be above 0 and at most 1.")


def train_reinforce(
    policy: LearnedPolicy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    config: ReinforceConfig,
    folder: Path,
    label: str = "reinforce",
) -> list[dict[str, Any]]:
    """Train a policy in place on episodes it runs itself (Williams, 1992); resumes from ``folder``.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm``, ``score``, ``success`` and ``steps``.
    """
    identity = {"start": weights_digest(policy.model), "goals": [task.describe(goal) for _, goal in goals]}
    with Training(policy.model, config, folder, label, identity, policy.store) as training:
        while not training.finished:
            rollout = collect_for(training, policy, task, goals, training.update)
            steps = rollout.flat()
            gains = [
                returns(len(own), episode.earned, config.discount)
                for episode, own in zip(rollout.episodes, rollout.steps, strict=True)
            ]
            logits = policy.logits([step.state for step in steps])
            logs = masked_log_probabilities(logits, [step.allowed for step in steps])
            taken = logs.gather(1, torch.tensor([[step.action] for step in steps])).squeeze(1)
            gain = torch.tensor(np.concatenate(gains), dtype=torch.float32)
            training.step(-(taken * (gain - gain.mean())).mean(), rollout.metrics())
    return training.log


def _reinforce(
    policy: LearnedPolicy, config: ReinforceConfig, inputs: Inputs[Any], folder: Path, label: str
) -> Learned:
    return Learned(train_reinforce(policy, inputs.task, inputs.training_goals(), config, folder, label))


def main(products: int = 60, updates: int = 60) -> tuple[float, float]:
    """Learn from rewards alone; the mean score of drawn actions before and after."""
    METHODS["reinforce"] = Method(ReinforceConfig, _reinforce, "REINFORCE on training goals.", demonstrations="none")
    data = shoprl.generated_data(products, seed=0)
    task, goals = shoprl.ShopTask(data.shop), data.goals_of("train", first=40)
    policy = PerceptronPolicy.new(torch.Generator().manual_seed(0))
    before = shoprl.evaluate(policy, task, goals, decode="sample").summary.score.value
    inputs = Inputs(task, data.goals, [index for index, _ in goals], [], np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        METHODS["reinforce"].learn(policy, ReinforceConfig(updates=updates), inputs, Path(folder), "reinforce")
    return before, shoprl.evaluate(policy, task, goals, decode="sample").summary.score.value


if __name__ == "__main__":
    first, last = main()
    print(f"score before {first:.1f}, after {last:.1f}")
