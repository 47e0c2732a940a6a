"""Learning from lists: what people chose of them moves the scores by which lists are made.

A list is drawn item by item from the softmax of scores over a temperature (R. L. Plackett, "The Analysis of
Permutations", 1975). A score is the item's estimated fit and a rest that does not depend on the weights, so that the
list is a policy which can be differentiated through the fits. Three losses: DPO on its log-ratio (arXiv 2305.18290),
the cross entropy of what was chosen among what was seen, and REINFORCE with clipped importance weights from the logged
propensities (R. J. Williams, 1992).

Only the part of the network that knows what people like is trained
(:class:`shoprl.policies.networks.match.model.Taste`): what the agent does in the shop stays what it was, and a penalty
keeps the fits where the feedback says nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from shoprl.errors import TrajectoryError
from shoprl.files import list_hash
from shoprl.policies.networks.match.batch import evidence_of
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.progress import bar
from shoprl.settings import Count, NotNegative, Positive, Range, Size
from shoprl.tasks.base import Observation
from shoprl.training.loop import LogRow, LoopConfig, Rate, Training, weights_digest

ListLearner = Literal["dpo", "imitation", "policy-gradient"]
Floats = NDArray[np.float64]
TOGETHER = 8  # lists whose states are judged at once
LEAST = 1e-12  # of a share


@dataclass(frozen=True)
class ListConfig(LoopConfig):
    """Settings of learning from lists; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        batch_size: lists per update.
        learner: the loss.
        beta: of DPO: strength of the regularisation towards the parent.
        temperature: of the list policy that DPO and imitation train, whatever the lists were drawn with: how much
            of a difference in scores people notice.
        most_weight: of the policy gradient: the most that an importance weight counts.
        keep: weight of the mean square of what is added to the logits of fits.
        width: of the part that learns, where the network has none yet.
    """

    updates: Count = 800
    batch_size: Size = 32
    learning_rate: Rate = 1e-2
    learner: ListLearner = "dpo"
    beta: Positive = 0.3
    temperature: Positive = 0.1
    most_weight: Positive = 5.0
    keep: NotNegative = 0.3
    width: Annotated[int, Range(1, 1_000)] = 32


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list that somebody reacted to.

    Attributes:
        states: in which its items were judged.
        rows: of each item the state, by its place, and the row in it; None for an item that no state shows, whose fit
            stays what it was.
        fits: that the list was made by, shape (items,).
        rest: what else its items' scores were made of, up to a constant of the list, shape (items,).
        others: the sum over what is not listed of the exponential of scores over the temperature, on the scale of
            ``rest``; see :func:`scale_of`.
        temperature: of the draw; None of a list that was ranked.
        propensities: of each item at its place, given those above it, shape (items,).
        seen: which items were seen, shape (items,).
        rewards: what they earned, from 0 to 1, shape (items,).
        pairs: places of the chosen and of the rejected item.
        weights: of the pairs; see :func:`order_weight`.
    """

    states: tuple[Observation, ...]
    rows: tuple[tuple[int, int] | None, ...]
    fits: Floats
    rest: Floats
    others: float
    temperature: float | None
    propensities: Floats
    seen: NDArray[np.bool_]
    rewards: Floats
    pairs: tuple[tuple[int, int], ...]
    weights: tuple[float, ...]


def scale_of(propensities: Floats, fits: Floats, temperature: float) -> tuple[Floats, float]:
    """What a log of propensities tells of scores: they are known up to one constant.

    The first item's propensity is its share of all; the second's is its share of what the first leaves, and so on.

    Args:
        propensities: of each item at its place, given those above it, shape (items,).
        fits: that they were drawn by, shape (items,).
        temperature: of the draw.

    Returns:
        :attr:`ShownList.rest` and :attr:`ShownList.others`, for scores whose exponentials over the temperature sum to 1
        over all that could have been listed.
    """
    left = np.concatenate([[1.0], np.cumprod(1 - propensities)])
    shares = np.clip(propensities * left[:-1], LEAST, 1.0)
    return temperature * np.log(shares) - fits, float(max(left[-1], LEAST))


def order_weight(above: float, below: float, temperature: float) -> float:
    """The weight of a pair that is known because the rejected item stood above the chosen one.

    Better scores stand above, and whoever looks from the top passes over what is there: counted alike, such pairs say
    that all scores are the wrong way round, whatever people like. Each counts by the chance of the other order instead,
    so that both orders of two items count the same over many draws (overlap weights: F. Li, K. L. Morgan, A. M.
    Zaslavsky, "Balancing Covariates via Propensity Score Weighting", 2018).

    Args:
        above: score of the item that stood above.
        below: of the other.
        temperature: of the draw.
    """
    return 1 / (1 + math.exp(max(-50.0, min(50.0, (above - below) / temperature))))


def swapped(data: Sequence[ShownList], rng: np.random.Generator) -> list[ShownList]:
    """The control: the same lists, chosen and rejected swapped at random, rewards dealt anew among what was seen."""
    made = []
    for each in data:
        turned = rng.random(len(each.pairs)) < 0.5
        pairs = tuple(pair[::-1] if turn else pair for pair, turn in zip(each.pairs, turned, strict=True))
        rewards = each.rewards.copy()
        rewards[each.seen] = rng.permutation(rewards[each.seen])
        made.append(replace(each, pairs=pairs, rewards=rewards))
    return made


@torch.inference_mode()
def fit_logits(policy: MatchPolicy, data: Sequence[ShownList], label: str = "") -> list[Floats]:
    """The logit of each item's estimated fit, shape (items,) each; of an item that no state shows, the logged one."""
    policy.model.eval()
    result: list[Floats] = []
    with bar(len(data), label, "list", hidden=not label) as progress:
        for start in range(0, len(data), TOGETHER):
            part = data[start : start + TOGETHER]
            states = [each.states[place] for each in part for place in _needed(each)]
            fits = policy.logits_and_fits(states)[1].double().numpy() if states else np.zeros((0, 0))
            for each in part:
                at = {place: number for number, place in enumerate(_needed(each))}
                own = np.clip(each.fits, 1e-4, 1 - 1e-4)
                known = np.log(own / (1 - own))
                pairs = zip(each.rows, known.tolist(), strict=True)
                result.append(np.array([fits[at[row[0]], row[1]] if row else logged for row, logged in pairs]))
                fits = fits[len(at) :]
            progress.update(len(part))
    return result


def _needed(each: ShownList) -> list[int]:
    """Places of the states that show an item."""
    return sorted({row[0] for row in each.rows if row is not None})


@dataclass(frozen=True, slots=True)
class _Items:
    """What is computed once of a list: its items' texts, numbers, and fits without what is learned.

    Attributes:
        texts, features: of the items that a state shows.
        shown: which ones those are, shape (items,).
        base: logits of the fits without taste, shape (items,).
        reference: the parent's fits, shape (items,).
    """

    texts: list[str]
    features: NDArray[np.float32]
    shown: torch.Tensor
    base: torch.Tensor
    reference: torch.Tensor


@torch.no_grad()
def _items(policy: MatchPolicy, data: Sequence[ShownList]) -> list[_Items]:
    made = []
    for each, logits in zip(data, fit_logits(policy, data, "judging lists"), strict=True):
        shown = [(evidence_of(each.states[row[0]]), row[1]) for row in each.rows if row is not None]
        texts = [evidence.texts[row] for evidence, row in shown]
        features = np.array([evidence.features[row] for evidence, row in shown], dtype=np.float32)
        mask = torch.tensor([row is not None for row in each.rows])
        base = torch.tensor(logits, dtype=torch.float32)
        reference = torch.sigmoid(base)
        if texts:
            base[mask] -= policy.tastes(texts, features)
        made.append(_Items(texts, features, mask, base, reference))
    return made


def _fits(policy: MatchPolicy, part: Sequence[_Items]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The fits of some lists' items, and what is added to the logits of all of them."""
    features = np.concatenate([each.features for each in part if each.texts])
    liked = policy.tastes([text for each in part for text in each.texts], features)
    fits = []
    for each, own in zip(part, torch.split(liked, [len(each.texts) for each in part]), strict=True):
        fits.append(torch.sigmoid(each.base.index_add(0, torch.nonzero(each.shown).squeeze(-1), own)))
    return fits, liked


def _dpo_loss(each: ShownList, fits: torch.Tensor, reference: torch.Tensor, config: ListConfig) -> torch.Tensor:
    """Weighted sum over pairs of ``-log sigmoid(beta h)``: the rest of a score is in both margins, and cancels"""
    high, low = torch.tensor(each.pairs).T
    margin = (fits[high] - fits[low] - reference[high] + reference[low]) / config.temperature
    weights = torch.tensor(each.weights)
    return (-functional.logsigmoid(config.beta * margin) * weights).sum()


def _imitation_loss(each: ShownList, fits: torch.Tensor, config: ListConfig) -> torch.Tensor:
    """Cross entropy of the chosen items, each as likely as the others, among those that were seen."""
    seen = torch.from_numpy(each.seen)
    scores = (fits + torch.tensor(each.rest, dtype=fits.dtype)) / config.temperature
    logs = functional.log_softmax(scores.masked_fill(~seen, -torch.inf), dim=0)
    return -logs[sorted({high for high, _ in each.pairs})].mean()


def _gradient_loss(each: ShownList, fits: torch.Tensor, config: ListConfig) -> torch.Tensor:
    """REINFORCE over the places that were seen; the baseline is the mean reward of what was seen of the list."""
    logs = torch.log(chances(each, fits, config.temperature))[torch.from_numpy(each.seen)]
    given = torch.tensor(each.propensities[each.seen], dtype=fits.dtype)
    weights = (logs.detach().exp() / given).clamp(max=config.most_weight)
    rewards = torch.tensor(each.rewards[each.seen], dtype=fits.dtype)
    return -(weights * (rewards - rewards.mean()) * logs).mean()


def chances(each: ShownList, fits: torch.Tensor, temperature: float) -> torch.Tensor:
    """The probability of each item at its place, given those above it, where the items have these fits; shape (items,).

    What is not listed keeps the scores that it had.
    """
    scores = (fits + torch.tensor(each.rest, dtype=fits.dtype)) / (each.temperature or temperature)
    others = torch.log(torch.tensor([each.others], dtype=fits.dtype))
    below = torch.logcumsumexp(torch.cat([others, scores.flip(0)]), dim=0)[1:].flip(0)  # of an item and all below it
    return torch.exp(scores - below)


def list_loss(each: ShownList, fits: torch.Tensor, reference: torch.Tensor, config: ListConfig) -> torch.Tensor:
    """The loss of a list.

    Args:
        each: the list.
        fits: the policy's, shape (items,).
        reference: the parent's, shape (items,).
        config: which loss.
    """
    if config.learner == "dpo":
        return _dpo_loss(each, fits, reference, config)
    return (_imitation_loss if config.learner == "imitation" else _gradient_loss)(each, fits, config)


def usable(data: Sequence[ShownList], learner: ListLearner) -> list[ShownList]:
    """The lists that a learner learns from: those with a pair; of the policy gradient, drawn and unequally rewarded."""
    shown = [each for each in data if any(row is not None for row in each.rows)]
    if learner == "policy-gradient":
        return [each for each in shown if each.temperature and each.seen.any() and np.ptp(each.rewards[each.seen]) > 0]
    return [each for each in shown if each.pairs]


def train_lists(
    policy: MatchPolicy, data: Sequence[ShownList], config: ListConfig, folder: Path, label: str = "lists"
) -> list[LogRow]:
    """Train what a policy knows of people's taste, in place, resuming from a checkpoint in ``folder`` if there is one.

    Args:
        policy: the parent, which is the reference too.
        data: the lists; those that nothing can be learned from (:func:`usable`) are left out.
        config: settings.
        folder: for the checkpoint and the log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm``, ``list_loss``, ``shift`` (root mean square
        of what is added to the logits of fits) and ``accuracy``: share of the pairs that the fits order rightly.

    Raises:
        TrajectoryError: there is nothing to learn from.
    """
    data = usable(data, config.learner)
    if not data:
        raise TrajectoryError("There is no list to learn from: nobody preferred anything, or no list was drawn.")
    policy.learn_taste(config.width, torch.Generator().manual_seed(config.seed))
    policy.prepare([state for each in data for state in each.states])
    items = _items(policy, data)
    scale = sum(sum(each.weights) for each in data) / len(data) if config.learner == "dpo" else 1.0
    identity = {"method": f"lists-{config.learner}", "start": weights_digest(policy.model), "data": identity_of(data)}
    learning = {id(weight) for weight in policy.model.taste.parameters()}
    for weight in policy.model.parameters():
        weight.requires_grad_(id(weight) in learning)
    with Training(policy.model, config, folder, label, identity, policy.encodings) as training:
        while not training.finished:
            part = training.batch(len(data)).tolist()
            fits, liked = _fits(policy, [items[i] for i in part])
            losses = [list_loss(data[i], own, items[i].reference, config) for i, own in zip(part, fits, strict=True)]
            loss, square = torch.stack(losses).mean() / max(scale, LEAST), liked.square().mean()
            right = [float(own[i] > own[j]) for n, own in zip(part, fits, strict=True) for i, j in data[n].pairs]
            metrics = {"list_loss": float(loss.detach()), "shift": float(square.detach().sqrt())}
            training.step(loss + config.keep * square, metrics | {"accuracy": sum(right) / max(1, len(right))})
    for weight in policy.model.parameters():
        weight.requires_grad_(True)
    return training.log


def identity_of(data: Sequence[ShownList]) -> str:
    """Hex digest of the lists' content."""
    return list_hash(
        [
            [[state.request, *evidence_of(state).texts] for state in each.states],
            [each.rows, each.pairs, each.weights, each.temperature, each.others],
            [own.tolist() for own in (each.fits, each.rest, each.propensities, each.seen, each.rewards)],
        ]
        for each in data
    )
