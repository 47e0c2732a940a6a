"""DPO from trajectories with generated rejected actions (arXiv 2305.18290, equation 7; arXiv 2408.16032).

For each decision the chosen action is the trajectory's and the rejected one is drawn from the frozen reference policy
in the same state. The reference's log-probabilities are computed once, before the first update. The trajectories are
demonstrations, or the policy's own (:mod:`shoprl.trajectories.generated`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from shoprl.errors import ConfigError, TrajectoryError
from shoprl.files import content_hash, write_atomic
from shoprl.policies.learned import ACT_BATCH, LearnedPolicy
from shoprl.progress import bar
from shoprl.training.imitation import imitation_loss
from shoprl.training.loop import LoopConfig, Training, weights_digest
from shoprl.training.processes import team_on
from shoprl.trajectories.examples import Example, identity_of_examples

Variant = Literal["dpo", "ipo", "simpo"]
LogProbabilities = NDArray[np.float64]  # of a state's candidates, shape (candidates,)


@dataclass(frozen=True)
class DPOConfig(LoopConfig):
    """Settings of DPO; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        variant: the loss: ``dpo`` (arXiv 2305.18290), ``ipo`` (arXiv 2310.12036) or ``simpo`` (arXiv 2405.14734).
        beta: how strongly the policy is held to the reference.
        label_smoothing: the chance that a preference is the wrong way round, for ``dpo`` (arXiv 2305.18290, cDPO).
        target_margin: SimPO's gamma.
        by_episode: an update takes the pairs of ``batch_size`` whole episodes; the paper's takes those of one.
        imitation_weight: weight of an added cross entropy of the chosen action.
        draws: a rejected action equal to the chosen one is drawn again, at most so often in all; then skipped.
    """

    updates: int = 300
    batch_size: int = 16
    learning_rate: float = 3e-5
    variant: Variant = "dpo"
    beta: float = 0.3
    label_smoothing: float = 0.0
    target_margin: float = 0.5
    by_episode: bool = False
    imitation_weight: float = 0.1
    draws: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beta <= 0 or self.draws < 1 or self.imitation_weight < 0:
            raise ConfigError("beta must be above 0, draws at least 1, imitation_weight at least 0.")
        if self.variant not in get_args(Variant) or not 0 <= self.label_smoothing < 0.5:
            raise ConfigError(f"variant must be one of {get_args(Variant)}, label_smoothing from 0 to below 0.5.")
        if self.label_smoothing and self.variant != "dpo":
            raise ConfigError(f"label_smoothing goes with variant dpo only, not with {self.variant}.")


@dataclass(frozen=True, slots=True)
class Pair:
    """A preference in one state.

    Attributes:
        example: the state and the chosen candidate.
        rejected: index of the rejected candidate.
        reference_chosen, reference_rejected: log-probabilities under the reference policy.
    """

    example: Example
    rejected: int
    reference_chosen: float
    reference_rejected: float


@torch.inference_mode()
def log_probabilities(policy: LearnedPolicy, data: Sequence[Example]) -> list[LogProbabilities]:
    """The policy's log-probability of every candidate of each example, without dropout."""
    found = []
    policy.model.eval()
    with bar(len(data), "reference log-probabilities", "decision") as progress:
        for start in range(0, len(data), ACT_BATCH):
            part = data[start : start + ACT_BATCH]
            logits = policy.logits([example.state for example in part])
            rows = functional.log_softmax(logits.double(), dim=-1).numpy()
            found += [row[: len(example.state.texts)] for row, example in zip(rows, part, strict=True)]
            progress.update(len(part))
    return found


def reference_log_probabilities(
    reference: LearnedPolicy, data: Sequence[Example], cache: Path | None = None
) -> list[LogProbabilities]:
    """:func:`log_probabilities` of the frozen reference, computed once for these examples and these weights.

    Of several processes the first computes them, so that all draw the same pairs.

    Args:
        reference: the policy.
        data: the examples.
        cache: a folder to keep them in, under a hash of both; None keeps nothing.

    Raises:
        StorageError: they cannot be written.
    """
    return team_on(reference.model.device).from_first(lambda: _computed_once(reference, data, cache))


def _computed_once(reference: LearnedPolicy, data: Sequence[Example], cache: Path | None) -> list[LogProbabilities]:
    if cache is None:
        return log_probabilities(reference, data)
    key = content_hash([weights_digest(reference.model), identity_of_examples(data)])
    path = cache / f"reference-{key[:24]}.npy"
    if not path.is_file():
        logs = np.concatenate(log_probabilities(reference, data))
        write_atomic(path, partial(np.save, arr=logs, allow_pickle=False))
    ends = np.cumsum([len(example.state.texts) for example in data])
    return np.split(np.load(path, allow_pickle=False), ends[:-1])


def _draw_other(probabilities: np.ndarray[Any, Any], chosen: int, draws: int, rng: np.random.Generator) -> int | None:
    """An index other than ``chosen``, or None if so many draws gave none."""
    drawn = rng.choice(len(probabilities), size=draws, p=probabilities / probabilities.sum())
    return next((int(index) for index in drawn if index != chosen), None)


def preference_pairs(
    reference: LearnedPolicy,
    data: Sequence[Example],
    config: DPOConfig,
    rng: np.random.Generator,
    cache: Path | None = None,
) -> tuple[list[Pair], int]:
    """Draw a rejected action for each demonstrated decision.

    Args:
        reference: the frozen policy that rejected actions are drawn from, at its temperature.
        data: the decisions.
        config: how often to draw.
        rng: of the draws.
        cache: see :func:`reference_log_probabilities`.

    Returns:
        The pairs, and how many decisions were skipped because every draw was the chosen action.

    Raises:
        TrajectoryError: every decision was skipped.
    """
    pairs, skipped = [], 0
    for example, logs in zip(data, reference_log_probabilities(reference, data, cache), strict=True):
        rejected = _draw_other(np.exp(logs / reference.temperature), example.chosen, config.draws, rng)
        if rejected is None:
            skipped += 1
        else:
            pairs.append(Pair(example, rejected, float(logs[example.chosen]), float(logs[rejected])))
    if not pairs:
        raise TrajectoryError(
            "The reference policy draws the demonstrated action every time: there is nothing to prefer."
        )
    return pairs, skipped


def given_pairs(
    reference: LearnedPolicy, given: Sequence[tuple[Example, int]], cache: Path | None = None
) -> list[Pair]:
    """Pairs whose rejected actions are given, as a preference file has them.

    Args:
        reference: the frozen policy that the loss compares with.
        given: each state with its chosen candidate, and the index of the rejected one.
        cache: see :func:`reference_log_probabilities`.
    """
    logs = reference_log_probabilities(reference, [example for example, _ in given], cache)
    return [
        Pair(example, rejected, float(row[example.chosen]), float(row[rejected]))
        for (example, rejected), row in zip(given, logs, strict=True)
    ]


def preference_loss(
    chosen: torch.Tensor, rejected: torch.Tensor, reference_margin: torch.Tensor, config: DPOConfig
) -> torch.Tensor:
    """The loss of each pair.

    With ``h = (chosen - rejected) - reference_margin``: DPO ``-log sigmoid(beta h)``, of which label smoothing takes a
    share the other way round; IPO ``(h - 1 / (2 beta))**2``; SimPO, which has no reference and here no lengths,
    ``-log sigmoid(beta (chosen - rejected) - target_margin)``.

    Args:
        chosen: the policy's log-probabilities of the chosen actions, shape (pairs,).
        rejected: those of the rejected ones, shape (pairs,).
        reference_margin: the reference's log-probability of chosen less that of rejected, shape (pairs,).
        config: variant and its numbers.

    Returns:
        Shape (pairs,).
    """
    if config.variant == "simpo":
        return -functional.logsigmoid(config.beta * (chosen - rejected) - config.target_margin)
    margin = chosen - rejected - reference_margin
    if config.variant == "ipo":
        return (margin - 1 / (2 * config.beta)) ** 2
    right, wrong = functional.logsigmoid(config.beta * margin), functional.logsigmoid(-config.beta * margin)
    return -(1 - config.label_smoothing) * right - config.label_smoothing * wrong


def train_dpo(
    policy: LearnedPolicy, pairs: Sequence[Pair], config: DPOConfig, folder: Path, label: str = "dpo"
) -> list[dict[str, Any]]:
    """Train a policy in place on preference pairs, resuming from ``folder`` where it holds a checkpoint.

    Args:
        policy: the start, with the weights of the reference.
        pairs: see :func:`preference_pairs`.
        config: settings.
        folder: for checkpoint and log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm``, ``margin`` (mean of beta times the margin
        over the reference) and ``accuracy`` (share of pairs with a positive margin).
    """
    policy.prepare(pair.example.state for pair in pairs)
    chosen = torch.tensor([pair.example.chosen for pair in pairs])
    rejected = torch.tensor([pair.rejected for pair in pairs])
    reference = torch.tensor([pair.reference_chosen - pair.reference_rejected for pair in pairs], dtype=torch.float32)
    groups: dict[int, list[int]] = {}  # pairs that always come together: those of an episode, or each by itself
    for number, pair in enumerate(pairs):
        groups.setdefault(pair.example.episode if config.by_episode else number, []).append(number)
    grouped = [torch.tensor(numbers) for numbers in groups.values()]
    identity = {
        "method": "dpo",
        "start": weights_digest(policy.model),
        "data": identity_of_examples([pair.example for pair in pairs]),
        "rejected": rejected.tolist(),
        "reference": reference.tolist(),
    }
    with Training(policy.model, config, folder, label, identity) as training:
        while not training.finished:
            batch = torch.cat([grouped[i] for i in training.batch(len(grouped)).tolist()])
            logits = policy.logits([pairs[i].example.state for i in batch.tolist()])
            logs = functional.log_softmax(logits, dim=-1)
            up = logs.gather(1, chosen[batch][:, None]).squeeze(1)
            down = logs.gather(1, rejected[batch][:, None]).squeeze(1)
            loss = preference_loss(up, down, reference[batch], config).mean()
            loss = loss + config.imitation_weight * imitation_loss(logits, chosen[batch]).mean()
            margin = config.beta * (up - down - reference[batch]).detach()
            metrics = {"margin": float(margin.mean()), "accuracy": float((margin > 0).float().mean())}
            training.step(loss, metrics, len(batch))
    return training.log
