"""Imitation: cross entropy of the demonstrated action among the available ones (arXiv 2408.16032)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch.nn import functional

from shoprl.errors import TrajectoryError
from shoprl.policies.learned import LearnedPolicy
from shoprl.settings import Count, Range, Size
from shoprl.training.loop import LogRow, LoopConfig, Rate, Training, weights_digest
from shoprl.trajectories.examples import Example, identity_of_examples


@dataclass(frozen=True)
class ImitationConfig(LoopConfig):
    """Settings of imitation; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        label_smoothing: share of the target distribution spread over all candidates.
    """

    updates: Count = 1_000
    batch_size: Size = 16
    learning_rate: Rate = 1e-3
    label_smoothing: Annotated[float, Range(0, 1, below=True)] = 0.0


def imitation_loss(logits: torch.Tensor, chosen: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Cross entropy of the chosen candidates.

    Args:
        logits: shape (decisions, candidates), minus infinity where there is no candidate.
        chosen: shape (decisions,).
        label_smoothing: share of the target spread evenly over the real candidates.

    Returns:
        The loss of each decision, shape (decisions,).
    """
    logs = functional.log_softmax(logits, dim=-1)
    loss = -logs.gather(1, chosen[:, None]).squeeze(1)
    if label_smoothing == 0.0:
        return loss
    real = torch.isfinite(logits)
    spread = -logs.masked_fill(~real, 0.0).sum(dim=-1) / real.sum(dim=-1)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def train_imitation(
    policy: LearnedPolicy, data: Sequence[Example], config: ImitationConfig, folder: Path, label: str = "imitation"
) -> list[LogRow]:
    """Train a policy in place on demonstrated decisions, resuming from a checkpoint in ``folder`` if there is one.

    Args:
        policy: the initial policy.
        data: demonstrated decisions.
        config: settings.
        folder: for the checkpoint and the log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm`` and ``accuracy`` (share of decisions whose
        most likely candidate is the demonstrated one, with dropout).

    Raises:
        TrajectoryError: there is no decision.
    """
    if not data:
        raise TrajectoryError("There is no decision to imitate. Give demonstrations.")
    policy.prepare(example.state for example in data)
    targets = torch.tensor([example.chosen for example in data])
    identity = {"method": "imitation", "start": weights_digest(policy.model), "data": identity_of_examples(data)}
    with Training(policy.model, config, folder, label, identity, policy.store) as training:
        while not training.finished:
            batch = training.batch(len(data))
            logits = policy.logits([data[i].state for i in batch.tolist()])
            loss = imitation_loss(logits, targets[batch], config.label_smoothing).mean()
            accuracy = (logits.detach().argmax(dim=-1) == targets[batch]).float().mean()
            training.step(loss, {"accuracy": float(accuracy)})
    return training.log
