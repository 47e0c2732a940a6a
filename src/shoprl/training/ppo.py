"""PPO (arXiv 1707.06347): the loss of policy gradient with the clipped objective, equation 7, as its policy term.

A rollout of ``batch_size`` episodes is used for ``epochs`` passes of ``minibatches`` updates; the actions' old
log-probabilities are stored with it. In distributed training each process runs its share of a rollout's goals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from shoprl.errors import ConfigError
from shoprl.policies.learned import LearnedPolicy
from shoprl.settings import Count, Positive, Share
from shoprl.tasks.base import Task
from shoprl.training.loop import LogRow, Training
from shoprl.training.rl_math import advantages, entropy_of, masked_log_probabilities
from shoprl.training.rollout import RLConfig, collect_for, demonstrated_loss, identity_of_rl
from shoprl.trajectories.examples import Example

G = TypeVar("G")


@dataclass(frozen=True)
class PPOConfig(RLConfig):
    """Settings of PPO; see :class:`shoprl.training.rollout.RLConfig`.

    Attributes:
        clip_range: epsilon, by which the ratio of new to old probability is clipped around 1.
        epochs: passes over a rollout.
        minibatches: updates per pass.
        trace: lambda of the generalised advantage estimate (arXiv 1506.02438); 1 gives return less value.
    """

    updates: Count = 320
    checkpoint_every: Count = 160
    log_every: Count = 16
    clip_range: Positive = 0.2
    epochs: Count = 4
    minibatches: Count = 4
    trace: Share = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.checkpoint_every % self.updates_per_rollout:
            raise ConfigError(
                f"checkpoint_every {self.checkpoint_every}: must be a multiple of epochs x minibatches "
                f"({self.updates_per_rollout}), so that a resumed run starts with a new rollout."
            )

    @property
    def updates_per_rollout(self) -> int:
        """Number of updates per rollout."""
        return self.epochs * self.minibatches

    @property
    def episodes(self) -> int:
        """Number of episodes run in training; the last rollout may be used for fewer updates."""
        return -(-self.updates // self.updates_per_rollout) * self.batch_size


def clipped_objective(
    logs: torch.Tensor, old_logs: torch.Tensor, advantage: torch.Tensor, clip_range: float
) -> torch.Tensor:
    """PPO's objective of each step, to be maximised: ``min(r A, clip(r, 1 - eps, 1 + eps) A)``.

    Args:
        logs: current log-probabilities of the actions, shape (steps,).
        old_logs: their log-probabilities in the rollout, shape (steps,).
        advantage: shape (steps,).
        clip_range: eps.

    Returns:
        Shape (steps,).
    """
    ratio = (logs - old_logs).exp()
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip_range, 1 + clip_range) * advantage)


def train_ppo(
    policy: LearnedPolicy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    data: Sequence[Example],
    config: PPOConfig,
    folder: Path,
    label: str = "ppo",
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
        Log rows: those of :func:`shoprl.training.policy_gradient.train_policy_gradient`, ``clip_fraction`` (share of
        steps whose ratio is clipped) and ``kl`` (approximate: mean of ``r - 1 - log r``).
    """
    policy.prepare(example.state for example in data)
    identity = {"method": "ppo", **identity_of_rl(policy, task, goals, data)}
    with Training(policy.model, config, folder, label, identity, policy.encodings) as training:
        while not training.finished:
            number = training.update // config.updates_per_rollout
            rollout = collect_for(training, policy, task, goals, number)
            steps = rollout.flat()
            advantage = np.concatenate(
                [
                    advantages([step.value for step in own], config.earned(episode), config.discount, config.trace)
                    for episode, own in zip(rollout.episodes, rollout.steps, strict=True)
                ]
            )
            targets = torch.tensor(advantage + np.array([step.value for step in steps]), dtype=torch.float32)
            if config.normalize:
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            gained = torch.tensor(advantage, dtype=torch.float32)
            old = torch.tensor([step.log_probability for step in steps], dtype=torch.float32)
            actions = torch.tensor([step.action for step in steps])

            for epoch in range(config.epochs):
                seed = config.seed * 1_000_003 + number * config.epochs + epoch
                order = torch.randperm(len(steps), generator=torch.Generator().manual_seed(seed))
                for minibatch in range(config.minibatches):
                    if training.finished:
                        break
                    policy.model.eval()  # the ratio compares probabilities without dropout
                    picked = order[minibatch :: config.minibatches] if len(steps) > minibatch else order[:1]
                    part = [steps[i] for i in picked.tolist()]
                    logits, values = policy.logits_and_values([step.state for step in part])
                    logs = masked_log_probabilities(logits, [step.allowed for step in part])
                    taken = logs.gather(1, actions[picked][:, None]).squeeze(1)
                    policy_loss = -clipped_objective(taken, old[picked], gained[picked], config.clip_range).mean()
                    value_loss = (targets[picked] - values).square().mean()
                    imitation_loss = demonstrated_loss(training, policy, data, config)
                    entropy = entropy_of(logs).mean()
                    loss = (
                        config.policy_weight * policy_loss
                        + config.value_weight * value_loss
                        + config.imitation_weight * imitation_loss
                        - config.entropy_weight * entropy
                    )
                    ratio = (taken - old[picked]).detach().exp()
                    metrics = {
                        "policy_loss": float(policy_loss.detach()),
                        "value_loss": float(value_loss.detach()),
                        "imitation_loss": float(imitation_loss.detach()),
                        "entropy": float(entropy.detach()),
                        "clip_fraction": float(((ratio - 1).abs() > config.clip_range).float().mean()),
                        "kl": float((ratio - 1 - ratio.log()).mean()),
                    }
                    training.step(loss, metrics | rollout.metrics())
    return training.log
