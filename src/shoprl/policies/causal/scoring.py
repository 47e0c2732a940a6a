"""Log-probabilities of continuations under a causal language model, with what it computes of a prompt kept for all.

A prompt of a page has a thousand tokens and more, an action about ten, and a page offers dozens of actions: the prompt
is computed once, and each action continues from its cached keys and values.
"""

import copy
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from transformers.cache_utils import Cache

T = TypeVar("T")
# What Transformers 5 computes otherwise than one text at a time: several tokens after a cache, and padded texts.
NOT_CONTINUED, ALONE = frozenset({"jamba"}), frozenset({"rwkv", "recurrent_gemma"})


@dataclass(frozen=True, slots=True)
class Continuations:
    """A prompt and what may follow it, as vocabulary ids.

    Attributes:
        prompt: at least one id.
        ends: the continuations, each of at least one id.
    """

    prompt: tuple[int, ...]
    ends: tuple[tuple[int, ...], ...]


@torch.inference_mode()
def log_probabilities(
    model: Any, given: Sequence[Continuations], batch_size: int, cached: bool = True
) -> list[list[float]]:
    """The sum of the log-probabilities of each continuation's tokens.

    Args:
        model: a causal language model of Transformers.
        given: prompts with their continuations.
        batch_size: texts in one forward pass; it changes the results by rounding alone, and is 1 for :data:`ALONE`.
        cached: compute each prompt once. Otherwise, for models that keep no such cache and :data:`NOT_CONTINUED`, each
            continuation is computed with its whole prompt, with the same result up to rounding.

    Returns:
        For each prompt, a number for each of its continuations.
    """
    batch_size = 1 if model.config.model_type in ALONE else batch_size
    cached = cached and model.config.model_type not in NOT_CONTINUED
    found: list[list[float]] = [[] for _ in given]
    longest_first = sorted(range(len(given)), key=lambda place: -len(given[place].prompt))
    for places in _parts(longest_first, batch_size):
        part = [given[place] for place in places]
        scores = _continued(model, part, batch_size) if cached else None
        for place, own in zip(places, _whole(model, part, batch_size) if scores is None else scores, strict=True):
            found[place] = own
    return found


def _continued(model: Any, part: Sequence[Continuations], batch_size: int) -> list[list[float]] | None:
    """The numbers of some prompts, each computed once; None for a model without a cache that rows are taken from."""
    ids, mask = _padded([each.prompt for each in part], model.device, left=True)
    start = _forward(model, ids, mask, keep=1, use_cache=True)
    known = getattr(start, "past_key_values", None)
    if not isinstance(known, Cache):
        return None
    first = torch.log_softmax(start.logits[:, -1].float(), dim=-1)
    found: list[list[float]] = [[] for _ in part]
    rows = [(row, end) for row, each in enumerate(part) for end in each.ends]
    for some in _parts(rows, batch_size):
        of = torch.tensor([row for row, _ in some], device=model.device)
        ends, own = _padded([end for _, end in some], model.device)
        scores = first[of].gather(1, ends[:, :1])[:, 0]
        if ends.shape[1] > 1:
            cache = copy.deepcopy(known)  # a forward pass adds to it
            cache.reorder_cache(of)  # type: ignore[arg-type]
            seen = torch.cat([mask[of], own[:, :-1]], dim=1)
            after = _forward(model, ends[:, :-1], seen, past_key_values=cache, use_cache=True)
            scores = scores + _summed(after.logits, ends[:, 1:], own[:, 1:])
        for (row, _), score in zip(some, scores.tolist(), strict=True):
            found[row].append(score)
    return found


def _whole(model: Any, part: Sequence[Continuations], batch_size: int) -> list[list[float]]:
    """The same numbers, each continuation computed with its whole prompt."""
    found: list[list[float]] = [[] for _ in part]
    rows = [(row, each.prompt, end) for row, each in enumerate(part) for end in each.ends]
    for some in _parts(rows, batch_size):
        ids, mask = _padded([(*prompt, *end) for _, prompt, end in some], model.device, left=True)
        longest = max(len(end) for _, _, end in some)
        logits = _forward(model, ids, mask, keep=longest + 1, use_cache=False).logits[:, -longest - 1 : -1]
        own = torch.tensor([[place >= longest - len(end) for place in range(longest)] for _, _, end in some])
        scores = _summed(logits, ids[:, -longest:], own.to(model.device))
        for (row, _, _), score in zip(some, scores.tolist(), strict=True):
            found[row].append(score)
    return found


def _summed(logits: torch.Tensor, ids: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Sums of the ids' log-probabilities where ``own`` is true, shape (rows,)."""
    each = torch.log_softmax(logits.float(), dim=-1).gather(2, ids.unsqueeze(-1)).squeeze(-1)
    return each.masked_fill(own == 0, 0.0).sum(dim=1)


def _forward(model: Any, ids: torch.Tensor, mask: torch.Tensor, keep: int = 0, **settings: Any) -> Any:
    """A forward pass; ``mask`` also covers what is cached, and the last ``keep`` logits are enough (0: all)."""
    known = inspect.signature(model.forward).parameters
    if "position_ids" in known:
        settings["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    if keep and "logits_to_keep" in known:  # those of a whole prompt would take a vocabulary for each of its tokens
        settings["logits_to_keep"] = keep
    return model(input_ids=ids, attention_mask=mask, **settings)


def _padded(
    rows: Sequence[tuple[int, ...]], device: torch.device, left: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, both of shape (rows, the longest row's ids)."""
    side = "left" if left else "right"
    ids = [torch.tensor(row) for row in rows]
    padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_side=side)
    ones = [torch.ones_like(row) for row in ids]
    mask = torch.nn.utils.rnn.pad_sequence(ones, batch_first=True, padding_side=side)
    return padded.to(device), mask.to(device)


def _parts(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
