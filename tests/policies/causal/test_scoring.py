"""What a model computes once of a prompt gives each continuation the probability that computing all of it gives."""

from typing import Any

import numpy as np
import pytest
import torch

from shoprl.policies.causal.scoring import Continuations, log_probabilities
from tests.support.tiny_lm import SIZES, tiny_model

CLOSE = 1e-3  # of sums of log-probabilities around -60


def some(count: int = 5, longest: int = 60) -> list[Continuations]:
    rng = np.random.default_rng(0)

    def ids(length: int) -> tuple[int, ...]:
        return tuple(int(each) for each in rng.integers(3, 500, size=length))

    return [
        Continuations(ids(int(rng.integers(1, longest))), tuple(ids(int(rng.integers(1, 9))) for _ in range(1 + place)))
        for place in range(count)
    ]


def by_hand(model: Any, each: Continuations, end: tuple[int, ...]) -> float:
    """One text after the other, without padding."""
    ids = torch.tensor([[*each.prompt, *end]])
    with torch.inference_mode():
        logs = torch.log_softmax(model(input_ids=ids).logits[0].double(), dim=-1)
    return sum(float(logs[len(each.prompt) + place - 1, token]) for place, token in enumerate(end))


@pytest.mark.parametrize("cached", [True, False], ids=["cached", "whole"])
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_scores_are_sums_of_log_probabilities(kind: str, cached: bool) -> None:
    model, given = tiny_model(kind), some()
    found = log_probabilities(model, given, batch_size=3, cached=cached)
    for each, scores in zip(given, found, strict=True):
        assert scores == pytest.approx([by_hand(model, each, end) for end in each.ends], abs=CLOSE)
    assert np.std([score for scores in found for score in scores]) > 1


@pytest.mark.parametrize("cached", [True, False], ids=["cached", "whole"])
def test_batch_sizes_change_rounding_alone(cached: bool) -> None:
    model, given = tiny_model(), some()
    one, *others = (log_probabilities(model, given, size, cached) for size in (1, 2, 7, 100))
    for other in others:
        for scores, again in zip(one, other, strict=True):
            assert again == pytest.approx(scores, abs=CLOSE)


def test_a_prompt_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = tiny_model(), some(2)
    inner, widths = model.model.forward, []

    def forward(*args: Any, **settings: Any) -> Any:
        widths.append(settings["input_ids"].shape)
        return inner(*args, **settings)

    monkeypatch.setattr(model.model, "forward", forward)
    log_probabilities(model, given, batch_size=1)
    prompts = [shape for shape in widths if shape[1] >= min(len(each.prompt) for each in given)]
    assert len(prompts) == len(given)
    assert len(widths) <= len(given) + sum(len(each.ends) for each in given)


def test_a_model_without_a_cache_is_asked_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = tiny_model(), some(2)
    wanted = log_probabilities(model, given, batch_size=4)
    inner = model.forward

    def forward(**settings: Any) -> Any:
        found = inner(**settings)
        found.past_key_values = None
        return found

    monkeypatch.setattr(model, "forward", forward)
    for scores, again in zip(wanted, log_probabilities(model, given, batch_size=4), strict=True):
        assert again == pytest.approx(scores, abs=CLOSE)
