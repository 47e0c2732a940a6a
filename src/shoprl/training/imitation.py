"""Imitation: cross entropy of the demonstrated action among the available ones (arXiv 2408.16032)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch.nn import functional

from shoprl.errors import TrajectoryError
from shoprl.policies.learned import LearnedPolicy
from shoprl.settings import Count, NotNegative, Range, Size
from shoprl.training.loop import LogRow, LoopConfig, Rate, Training, weights_digest
from shoprl.trajectories.examples import Example, identity_of_examples


@dataclass(frozen=True)
class ImitationConfig(LoopConfig):
    """Settings of imitation; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        label_smoothing: share of the target distribution spread over all candidates.
        fit_weight: of the estimated rewards' cross entropy, for a policy that estimates them and demonstrations that
            hold them.
    """

    updates: Count = 1_000
    batch_size: Size = 16
    learning_rate: Rate = 1e-3
    label_smoothing: Annotated[float, Range(0, 1, below=True)] = 0.0
    fit_weight: NotNegative = 1.0


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


def fit_loss(logits: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross entropy of estimated rewards, a mean over each state's products.

    Args:
        logits: of the estimates, shape (decisions, rows).
        examples: hold the rewards.

    Returns:
        The loss of each decision, shape (decisions,); 0 where no reward is known.
    """
    target = torch.full(logits.shape, -1.0)
    for row, example in zip(target, examples, strict=True):
        if example.fits is not None:
            row[: len(example.fits)] = torch.from_numpy(example.fits)
    known = target >= 0
    logits = logits.masked_fill(~known, 0.0)  # of padding it is minus infinity
    each = functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0), reduction="none") * known
    return each.sum(dim=-1) / known.sum(dim=-1).clamp(min=1)


def decision_losses(
    policy: LearnedPolicy, part: Sequence[Example], fit_weight: float, label_smoothing: float = 0.0
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of each demonstrated decision, that of estimated rewards included, and what is logged of it.

    What is logged is the same for every part, whatever it holds.

    Args:
        policy: whose decisions.
        part: the demonstrated ones.
        fit_weight: see :class:`ImitationConfig`; 0 where no reward is known.
        label_smoothing: see :class:`ImitationConfig`.

    Returns:
        The losses, shape (decisions,), and ``accuracy`` and perhaps ``fit_loss`` of each.
    """
    states, chosen = [example.state for example in part], torch.tensor([example.chosen for example in part])
    estimates = getattr(policy, "logits_and_fits", None) if fit_weight else None
    if estimates is None:
        logits = policy.logits(states)
        loss, metrics = imitation_loss(logits, chosen, label_smoothing), {}
    else:
        logits, fits = estimates(states)
        fit = fit_loss(fits, part)
        loss = imitation_loss(logits, chosen, label_smoothing) + fit_weight * fit
        metrics = {"fit_loss": fit.detach()}
    return loss, {**metrics, "accuracy": (logits.detach().argmax(dim=-1) == chosen).float()}


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
        most likely candidate is the demonstrated one, with dropout), and ``fit_loss`` where rewards are estimated.

    Raises:
        TrajectoryError: there is no decision.
    """
    if not data:
        raise TrajectoryError("There is no decision to imitate. Give demonstrations.")
    policy.prepare(example.state for example in data)
    weight = config.fit_weight if any(example.fits is not None for example in data) else 0.0
    identity = {"method": "imitation", "start": weights_digest(policy.model), "data": identity_of_examples(data)}
    with Training(policy.model, config, folder, label, identity, policy.encodings) as training:
        while not training.finished:
            batch = training.batch(len(data))
            part = [data[i] for i in batch.tolist()]
            loss, metrics = decision_losses(policy, part, weight, config.label_smoothing)
            training.step(loss.mean(), {name: float(each.mean()) for name, each in metrics.items()})
    return training.log
