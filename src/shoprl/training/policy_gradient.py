"""Policy gradient: WebShop's choice-IL-RL, an advantage actor-critic (arXiv 2207.01206, section 4.3; arXiv 1602.01783).

The loss has four parts, as WebShop's: policy gradient, value, imitation of demonstrations, and entropy. Where WebShop
updates every eight steps of running episodes, an update here is made of whole episodes, so that it depends on nothing
but its number and the weights. Of several processes each plays its share of an update's goals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoprl.errors import ConfigError
from shoprl.files import content_hash
from shoprl.policies.learned import LearnedPolicy
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Shop
from shoprl.training.collecting import collect, entropy_of, masked_log_probabilities, returns
from shoprl.training.imitation import imitation_loss
from shoprl.training.loop import LoopConfig, Loss, batch_of, identity_of, run_updates, weights_digest
from shoprl.training.processes import team_on
from shoprl.trajectories.examples import Example, shown_by


@dataclass(frozen=True)
class RLConfig(LoopConfig):
    """What policy gradient and PPO share; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        batch_size: episodes a rollout, run side by side.
        discount: gamma.
        policy_weight: of the policy-gradient part.
        value_weight: of the squared error of the value.
        imitation_weight: of the cross entropy of demonstrated actions, where there are demonstrations.
        entropy_weight: of the entropy, which is made larger.
        normalize: advantages of a rollout are shifted and scaled to mean 0 and deviation 1 (WebShop does not).
        demonstrated: demonstrated decisions an update.
        max_steps: an episode is cut after so many steps.
    """

    updates: int = 300
    batch_size: int = 16
    learning_rate: float = 3e-5
    discount: float = 0.9
    policy_weight: float = 1.0
    value_weight: float = 1.0
    imitation_weight: float = 0.5
    entropy_weight: float = 0.01
    normalize: bool = True
    demonstrated: int = 16
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.discount <= 1 or self.max_steps < 1 or self.demonstrated < 1:
            raise ConfigError("discount must be above 0 and at most 1, max_steps and demonstrated at least 1.")
        for name in ("policy_weight", "value_weight", "imitation_weight", "entropy_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} {getattr(self, name)}: must be at least 0.")


@dataclass(frozen=True)
class PolicyGradientConfig(RLConfig):
    """Settings of policy gradient; see :class:`RLConfig`."""


def demonstrated_loss(policy: LearnedPolicy, data: Sequence[Example], update: int, config: RLConfig) -> torch.Tensor:
    """Cross entropy of an update's demonstrated actions; zero where there are none to imitate."""
    if not data or config.imitation_weight == 0:
        return torch.zeros(())
    drawn = batch_of(update, config.demonstrated, len(data), config.seed)
    picked = [data[i] for i in team_on(policy.model.device).share(drawn, "demonstrated").tolist()]
    logits = policy.logits([example.state for example in picked])
    return imitation_loss(logits, torch.tensor([example.chosen for example in picked])).mean()


def total_loss(parts: Mapping[str, torch.Tensor], config: RLConfig) -> torch.Tensor:
    """The weighted sum of ``policy_loss``, ``value_loss``, ``imitation_loss`` and, taken off, ``entropy``."""
    return (
        config.policy_weight * parts["policy_loss"]
        + config.value_weight * parts["value_loss"]
        + config.imitation_weight * parts["imitation_loss"]
        - config.entropy_weight * parts["entropy"]
    )


def _gained(advantage: torch.Tensor, config: RLConfig) -> torch.Tensor:
    """Advantages as the loss takes them."""
    if not config.normalize:
        return advantage
    return (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)


def train_policy_gradient(
    policy: LearnedPolicy,
    shop: Shop,
    goals: Sequence[tuple[int, Goal]],
    data: Sequence[Example],
    config: PolicyGradientConfig,
    folder: Path,
    what: str = "policy gradient",
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
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm``, ``policy_loss``, ``value_loss``,
        ``imitation_loss``, ``entropy``, and of the update's sampled episodes ``score``, ``success`` and ``steps``.
    """

    team = team_on(policy.model.device)

    def loss_at(update: int) -> Loss:
        drawn = team.share(batch_of(update, config.batch_size, len(goals), config.seed)).tolist()
        seed = config.seed * 1_000_003 + update
        trips = collect(policy, shop, [goals[i] for i in drawn], seed=seed, max_steps=config.max_steps)
        steps = [step for _, own in trips for step in own]
        gained = np.concatenate([returns(len(own), episode.reward, config.discount) for episode, own in trips])
        logits, values = policy.logits_and_values([step.state for step in steps])
        logs = masked_log_probabilities(logits, steps)
        target = torch.tensor(gained, dtype=values.dtype, device=values.device)
        taken = logs.gather(1, torch.tensor([[step.action] for step in steps], device=logs.device)).squeeze(1)
        parts = {
            "policy_loss": -(taken * _gained(target - values.detach(), config)).mean(),
            "value_loss": (target - values).square().mean(),
            "imitation_loss": demonstrated_loss(policy, data, update, config),
            "entropy": entropy_of(logs).mean(),
        }
        met = {name: float(part.detach()) for name, part in parts.items()}
        return Loss(total_loss(parts, config), met | metrics_of(trips))

    policy.prepare(example.state for example in data)
    identity = {"method": "policy_gradient", **rl_identity(policy, goals, data)}
    return run_updates(policy.model, loss_at, config, folder, what, identity)


def metrics_of(trips: Sequence[tuple[Any, Sequence[Any]]]) -> dict[str, float]:
    """Score, success rate and length of a rollout's episodes."""
    return {
        "score": 100 * float(np.mean([episode.reward for episode, _ in trips])),
        "success": float(np.mean([episode.success for episode, _ in trips])),
        "steps": float(np.mean([len(own) for _, own in trips])),
    }


def rl_identity(policy: LearnedPolicy, goals: Sequence[tuple[int, Goal]], data: Sequence[Example]) -> dict[str, str]:
    """What an RL training is of: start, goals, demonstrations and, where there is one, the query policy."""
    shown = [shown_by(example) for example in data]
    found = {**identity_of(policy.model, shown), "goals": content_hash([[i, goal.to_json()] for i, goal in goals])}
    if policy.offer is not None:
        found["offer"] = f"{policy.offer.n} of {weights_digest(policy.offer.policy.writer.model)}"
    return found
