"""Imitation: cross entropy of the demonstrated action over the available ones (arXiv 2408.16032)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from shoprl.policies.learned import LearnedPolicy
from shoprl.training.loop import LoopConfig, Loss, identity_of, train
from shoprl.trajectories.examples import Example, shown_by


@dataclass(frozen=True)
class ImitationConfig(LoopConfig):
    """Settings of imitation; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        label_smoothing: share of the target spread over all candidates.
    """

    updates: int = 1_000
    batch_size: int = 16
    learning_rate: float = 1e-3
    label_smoothing: float = 0.0


def imitation_loss(logits: torch.Tensor, chosen: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Cross entropy of the chosen candidates.

    Args:
        logits: shape (decisions, candidates), minus infinity where there is no candidate.
        chosen: shape (decisions,).
        label_smoothing: share of the target spread evenly over the real candidates.

    Returns:
        One loss a decision, shape (decisions,).
    """
    logs = functional.log_softmax(logits, dim=-1)
    loss = -logs.gather(1, chosen[:, None]).squeeze(1)
    if label_smoothing == 0.0:
        return loss
    real = torch.isfinite(logits)
    spread = -logs.masked_fill(~real, 0.0).sum(dim=-1) / real.sum(dim=-1)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def train_imitation(
    policy: LearnedPolicy, data: Sequence[Example], config: ImitationConfig, folder: Path, what: str = "imitation"
) -> list[dict[str, Any]]:
    """Train a policy in place on demonstrated decisions, resuming from ``folder`` where it holds a checkpoint.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm`` and ``accuracy`` (share of decisions whose
        most likely candidate is the demonstrated one, while training with dropout).
    """
    targets = torch.tensor([example.chosen for example in data])

    def loss_of(batch: torch.Tensor) -> Loss:
        logits = policy.logits([data[i].state for i in batch.tolist()])
        chosen = targets[batch]
        accuracy = (logits.detach().argmax(dim=-1) == chosen).float().mean()
        return Loss(imitation_loss(logits, chosen, config.label_smoothing).mean(), {"accuracy": float(accuracy)})

    policy.prepare(example.state for example in data)
    identity = identity_of(policy.model, [shown_by(example) for example in data])
    return train(policy.model, loss_of, len(data), config, folder, what, {"method": "imitation", **identity})
