"""Policy gradient: WebShop's choice-IL-RL, an advantage actor-critic (arXiv 2207.01206, section 4.3; arXiv 1602.01783).

The loss has WebShop's four terms: policy gradient, value, imitation of demonstrations, and entropy. WebShop updates
every eight steps of running episodes; here an update uses whole episodes, so that it depends only on its number and the
weights. In distributed training each process runs its share of an update's goals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from shoprl.policies.learned import LearnedPolicy
from shoprl.tasks.base import Task
from shoprl.training.loop import LogRow, Training
from shoprl.training.rl_math import entropy_of, masked_log_probabilities, returns
from shoprl.training.rollout import RLConfig, collect_for, demonstrated_loss, identity_of_rl
from shoprl.trajectories.examples import Example

G = TypeVar("G")


@dataclass(frozen=True)
class PolicyGradientConfig(RLConfig):
    """Settings of policy gradient; see :class:`shoprl.training.rollout.RLConfig`."""

    @property
    def episodes(self) -> int:
        """Number of episodes run in training: one rollout per update."""
        return self.updates * self.batch_size


def train_policy_gradient(
    policy: LearnedPolicy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    data: Sequence[Example],
    config: PolicyGradientConfig,
    folder: Path,
    label: str = "policy gradient",
) -> list[LogRow]:
    """Train a policy in place on its own episodes, resuming from a checkpoint in ``folder`` if there is one.

    Args:
        policy: the initial policy.
        task: the task.
        goals: (index in its goal list, goal); training goals only.
        data: demonstrated decisions for the imitation loss; may be empty.
        config: settings.
        folder: for the checkpoint and the log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm``, ``policy_loss``, ``value_loss``,
        ``imitation_loss``, ``entropy``, and of the update's sampled episodes ``score``, ``success`` and ``steps``.
    """
    policy.prepare(example.state for example in data)
    identity = {"method": "policy_gradient", **identity_of_rl(policy, task, goals, data)}
    with Training(policy.model, config, folder, label, identity, policy.encodings) as training:
        while not training.finished:
            rollout = collect_for(training, policy, task, goals, training.update)  # no dropout from here on
            steps = rollout.flat()
            discounted = np.concatenate(
                [
                    returns(len(own), config.earned(episode), config.discount)
                    for episode, own in zip(rollout.episodes, rollout.steps, strict=True)
                ]
            )
            logits, values = policy.logits_and_values([step.state for step in steps])
            logs = masked_log_probabilities(logits, [step.allowed for step in steps])
            taken = logs.gather(1, torch.tensor([[step.action] for step in steps])).squeeze(1)
            target = torch.tensor(discounted, dtype=values.dtype)
            advantage = target - values.detach()
            if config.normalize:
                advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)
            policy_loss = -(taken * advantage).mean()
            value_loss = (target - values).square().mean()
            imitation_loss = demonstrated_loss(training, policy, data, config)
            entropy = entropy_of(logs).mean()
            loss = (
                config.policy_weight * policy_loss
                + config.value_weight * value_loss
                + config.imitation_weight * imitation_loss
                - config.entropy_weight * entropy
            )
            metrics = {
                "policy_loss": float(policy_loss.detach()),
                "value_loss": float(value_loss.detach()),
                "imitation_loss": float(imitation_loss.detach()),
                "entropy": float(entropy.detach()),
            }
            training.step(loss, metrics | rollout.metrics())
    return training.log
