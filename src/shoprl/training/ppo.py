"""PPO (arXiv 1707.06347): the policy gradient's loss with the clipped objective, equation 7, as its policy part.

A rollout of ``batch_size`` episodes is used for ``epochs`` passes in ``minibatches`` parts; the log-probabilities of
the actions when they were taken are kept with them. Of several processes each plays its share of a rollout's goals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoprl.errors import ConfigError
from shoprl.policies.learned import LearnedPolicy
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.training.collecting import Step, advantages, collect, entropy_of, masked_log_probabilities
from shoprl.training.loop import Loss, batch_of, run_updates
from shoprl.training.policy_gradient import RLConfig, demonstrated_loss, metrics_of, rl_identity, total_loss
from shoprl.training.processes import team_on
from shoprl.trajectories.examples import Example


@dataclass(frozen=True)
class PPOConfig(RLConfig):
    """Settings of PPO; see :class:`shoprl.training.policy_gradient.RLConfig`.

    Attributes:
        clip_range: epsilon: how far the ratio of new to old probability counts.
        epochs: passes over a rollout.
        minibatches: parts of a pass, an update each.
        trace: lambda of the generalised advantage estimate (arXiv 1506.02438); 1 gives return less value.
    """

    updates: int = 320
    checkpoint_every: int = 160
    log_every: int = 16
    clip_range: float = 0.2
    epochs: int = 4
    minibatches: int = 4
    trace: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip_range <= 0 or self.epochs < 1 or self.minibatches < 1 or not 0 <= self.trace <= 1:
            raise ConfigError("clip_range must be above 0, epochs and minibatches at least 1, trace from 0 to 1.")
        rollout = self.epochs * self.minibatches
        if self.checkpoint_every % rollout:
            raise ConfigError(
                f"checkpoint_every {self.checkpoint_every}: must be a multiple of epochs x minibatches ({rollout}), "
                "so that a resumed run goes on with a whole rollout."
            )


@dataclass(frozen=True)
class _Rollout:
    """Decisions of a rollout with their advantages and the returns that values are fitted to."""

    steps: list[Step]
    advantages: torch.Tensor
    targets: torch.Tensor
    metrics: dict[str, float]


def clipped_objective(
    logs: torch.Tensor, old_logs: torch.Tensor, gained: torch.Tensor, clip_range: float
) -> torch.Tensor:
    """PPO's objective of each decision, to be made larger: ``min(r A, clip(r, 1 - eps, 1 + eps) A)``.

    Args:
        logs: log-probabilities of the actions now, shape (steps,).
        old_logs: when they were taken, shape (steps,).
        gained: advantages, shape (steps,).
        clip_range: eps.

    Returns:
        Shape (steps,).
    """
    ratio = (logs - old_logs).exp()
    return torch.minimum(ratio * gained, ratio.clamp(1 - clip_range, 1 + clip_range) * gained)


def _roll(
    policy: LearnedPolicy, shop: Shop, goals: Sequence[tuple[int, Goal]], number: int, config: PPOConfig
) -> _Rollout:
    team = team_on(policy.model.device)
    drawn = team.share(batch_of(number, config.batch_size, len(goals), config.seed)).tolist()
    seed = config.seed * 1_000_003 + number
    trips = collect(policy, shop, [goals[i] for i in drawn], seed=seed, max_steps=config.max_steps)
    gains = [advantages([s.value for s in own], e.reward, config.discount, config.trace) for e, own in trips]
    steps = [step for _, own in trips for step in own]
    gained = np.concatenate(gains)
    targets = gained + np.array([step.value for step in steps])
    if config.normalize:
        gained = (gained - gained.mean()) / (gained.std() + 1e-8)
    return _Rollout(steps, _tensor(gained), _tensor(targets), metrics_of(trips))


def _tensor(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


def train_ppo(
    policy: LearnedPolicy,
    shop: Shop,
    goals: Sequence[tuple[int, Goal]],
    data: Sequence[Example],
    config: PPOConfig,
    folder: Path,
    what: str = "ppo",
) -> list[dict[str, Any]]:
    """Train a policy in place on episodes it runs itself, resuming from ``folder`` where it holds a checkpoint.

    Args:
        policy: the start.
        shop: where it shops.
        goals: (index in its goal list, goal); training goals alone.
        data: demonstrated decisions for the imitation part; may be empty.
        config: settings.
        folder: for checkpoint and log.
        what: label of the progress bar.

    Returns:
        Log rows: those of :func:`shoprl.training.policy_gradient.train_policy_gradient`, ``clip_fraction`` (share of
        decisions whose ratio is outside the range) and ``kl`` (approximate: mean of ``r - 1 - log r``).
    """
    a_rollout = config.epochs * config.minibatches
    current: dict[int, _Rollout] = {}

    def loss_at(update: int) -> Loss:
        number = update // a_rollout
        if number not in current:
            current.clear()
            current[number] = _roll(policy, shop, goals, number, config)
        policy.model.eval()  # the ratio compares probabilities without dropout
        rolled = current[number]
        picked = _minibatch(update, len(rolled.steps), config)
        steps = [rolled.steps[i] for i in picked.tolist()]
        logits, values = policy.logits_and_values([step.state for step in steps])
        logs = masked_log_probabilities(logits, steps)
        taken = logs.gather(1, torch.tensor([[step.action] for step in steps], device=logs.device)).squeeze(1)
        old = _tensor([step.log_probability for step in steps]).to(logs.device)
        gained, targets = rolled.advantages[picked].to(logs.device), rolled.targets[picked].to(logs.device)
        parts = {
            "policy_loss": -clipped_objective(taken, old, gained, config.clip_range).mean(),
            "value_loss": (targets - values).square().mean(),
            "imitation_loss": demonstrated_loss(policy, data, update, config),
            "entropy": entropy_of(logs).mean(),
        }
        ratio = (taken - old).detach().exp()
        met = {name: float(part.detach()) for name, part in parts.items()}
        met["clip_fraction"] = float(((ratio - 1).abs() > config.clip_range).float().mean())
        met["kl"] = float((ratio - 1 - ratio.log()).mean())
        return Loss(total_loss(parts, config), met | rolled.metrics)

    policy.prepare(example.state for example in data)
    identity = {"method": "ppo", **rl_identity(policy, goals, data)}
    return run_updates(policy.model, loss_at, config, folder, what, identity)


def _minibatch(update: int, count: int, config: PPOConfig) -> torch.Tensor:
    """The decisions of an update: one of ``minibatches`` parts of a rollout, in an order drawn for each pass."""
    a_pass, part = divmod(update, config.minibatches)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(config.seed * 1_000_003 + a_pass))
    return order[part :: config.minibatches] if count > part else order[:1]
