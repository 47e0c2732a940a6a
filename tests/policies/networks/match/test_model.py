from dataclasses import replace

import numpy as np
import pytest
import torch

from shoprl.policies.networks.match.model import MatchConfig, MatchModel
from shoprl.tasks.base import Evidence, Observation
from shoprl.tasks.shop.evidence import COUNT, SOURCES
from tests.support.matching import match_policy, shown
from tests.support.tiny_bert import toy_states


def both(state: Observation) -> tuple[torch.Tensor, torch.Tensor]:
    logits, fits = match_policy().logits_and_fits([state])
    return logits[0], fits[0]


def shuffled(state: Observation, candidates: np.ndarray, others: np.ndarray) -> Observation:  # type: ignore[type-arg]
    """The same with candidates, and the products seen, in other orders."""
    own = state.evidence
    assert own is not None
    order = [*candidates.tolist(), *(others + len(candidates)).tolist()]
    evidence = Evidence(
        tuple(own.texts[i] for i in order),
        tuple(own.terms[i] for i in order),
        own.features[order],
        tuple(own.names[i] for i in order),
    )
    return replace(state, texts=tuple(state.texts[i] for i in candidates), evidence=evidence)


def test_the_defaults_are_those_of_the_shop() -> None:
    config = MatchConfig()
    assert (config.features, config.sources) == (COUNT, len(SOURCES))


@torch.inference_mode()
def test_the_order_of_rows_carries_nothing() -> None:
    state = max(toy_states(), key=lambda each: len(each.evidence.texts) if each.evidence else 0)
    assert state.evidence is not None
    rng = np.random.default_rng(0)
    count = len(state.texts)
    candidates, others = rng.permutation(count), rng.permutation(len(state.evidence.texts) - count)
    logits, fits = both(state)
    moved, moved_fits = both(shuffled(state, candidates, others))
    torch.testing.assert_close(moved, logits[candidates], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved_fits[:count], fits[candidates], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved_fits[count:], fits[count:][others], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_decision_does_not_depend_on_its_batch() -> None:
    policy, states = match_policy(), [*toy_states(), shown("", "red mug", ""), shown("red mug", "", "")]
    logits, fits = policy.model.logits_and_fits(policy.batch(states))
    values = policy.model.logits_and_values(policy.batch(states))[1]
    for place, state in enumerate(states):
        own, own_fits = policy.model.logits_and_fits(policy.batch([state]))
        assert torch.isfinite(own).all()
        assert torch.isneginf(logits[place, own.shape[1] :]).all()
        torch.testing.assert_close(logits[place, : own.shape[1]], own[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(fits[place, : own_fits.shape[1]], own_fits[0], atol=1e-5, rtol=0)
        value = policy.model.logits_and_values(policy.batch([state]))[1]
        torch.testing.assert_close(values[place], value[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_texts_that_are_shared_are_compared_as_if_they_were_not() -> None:
    policy = match_policy()
    states = [
        shown("red mug", "a red mug", "plate"),
        shown("red mug", "", "a red mug", "blue cup", seen=("plate",), terms=("", "red")),
        shown("red mug", "a red mug", seen=("a red mug",)),
    ]
    shared = policy.batch(states)
    assert shared.places is not None
    for place, state in enumerate(states):
        own = policy.batch([state])
        assert own.places is None
        outputs = policy.model.logits_and_values(shared) + policy.model.logits_and_fits(shared)
        alone = policy.model.logits_and_values(own) + policy.model.logits_and_fits(own)
        for together, single in zip(outputs, alone, strict=True):
            expected = single[0]
            found = together[place, : len(expected)] if expected.dim() else together[place]
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_texts_are_shared_where_nothing_is_learned() -> None:
    states = [shown("red mug", "a red mug"), shown("red mug", "plate")]
    assert match_policy().batch(states).places is None


@torch.inference_mode()
@pytest.mark.parametrize("change", ["request", "text", "read", "number", "neighbour"])
def test_what_is_shown_reaches_logits_and_fits(change: str) -> None:
    state = shown("red cotton mug", "a red mug", "plate", seen=("blue cup",), terms=("cotton",))
    assert state.evidence is not None
    numbers = state.evidence.features + np.eye(3, COUNT, dtype=np.float32)
    other = {
        "request": replace(state, request="blue cup"),
        "text": shown("red cotton mug", "a red jug", "plate", seen=("blue cup",), terms=("cotton",)),
        "read": shown("red cotton mug", "a red mug", "plate", seen=("blue cup",)),
        "number": replace(state, evidence=replace(state.evidence, features=numbers)),
        "neighbour": shown("red cotton mug", "a mug red", "plate", seen=("blue cup",), terms=("cotton",)),
    }[change]
    for before, after in zip(both(state), both(other), strict=True):
        assert (before - after).abs().max() > 1e-6


@torch.inference_mode()
def test_rows_do_not_read_their_neighbours_words() -> None:
    first, second = shown("red mug", "plate", "red mug"), shown("red mug", "plate", "mug red")
    policy = match_policy()
    batches = [policy.batch([state]) for state in (first, second)]
    found = [policy.model.compared(b.request, b.request_terms, b.words, b.terms)[1] for b in batches]
    assert torch.equal(found[0][0, 0], found[1][0, 0])  # "plate" stands before "red" and before "mug"


def test_every_weight_gets_a_gradient() -> None:
    policy = match_policy(dropout=0.0)
    policy.model.train()
    batch = policy.batch([shown("red mug", "a red mug", "plate", terms=("red",)), shown("tea", "green tea", "mug")])
    logits, values = policy.model.logits_and_values(batch)
    _, fits = policy.model.logits_and_fits(batch)
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum() + fits.sum()).backward()
    for name, weight in policy.model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_words_are_left_out_in_training_alone() -> None:
    policy = match_policy(dropout=0.0, words_dropped=0.5)
    batch = policy.batch([shown("red mug", "a red mug of stoneware for green tea", "plate", "tea pot with a lid")])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert torch.equal(policy.model(batch), policy.model(batch))
        policy.model.train()
        assert not torch.equal(policy.model(batch), policy.model(batch))


def test_nothing_to_compare_gives_finite_outputs_and_gradients() -> None:
    policy = match_policy()
    policy.model.train()
    logits, values = policy.logits_and_values([shown("", "", ""), shown("the of", "a mug", "")])
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum()).backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(weight.grad).all() for weight in policy.model.parameters() if weight.grad is not None)


def test_a_model_keeps_pytorchs_initialisation() -> None:
    config = MatchConfig(backbone_width=8, width=8, match=8, hidden=16, heads=2, layers=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert float(MatchModel(config).sharpness.detach()) == 8.0


@torch.inference_mode()
def test_patience_is_added_to_what_looks_on() -> None:
    state = max(toy_states(), key=lambda each: len(each.texts))
    assert state.evidence is not None
    weights = tuple(float(place % 3 - 1) for place in range(len(state.texts)))
    told = replace(state, evidence=replace(state.evidence, looking=weights))
    plain = replace(state, evidence=replace(state.evidence, looking=None))
    policy = match_policy()
    before = policy.logits([plain])
    assert torch.equal(policy.logits([told]), before)
    policy.model.config = replace(policy.model.config, patience=0.5)
    torch.testing.assert_close(policy.logits([told])[0], before[0] + 0.5 * torch.tensor(weights))
    small = shown("red mug", "red mug", "blue mug")
    mixed = policy.logits([told, plain, small])
    torch.testing.assert_close(mixed[0], policy.logits([told])[0])
    torch.testing.assert_close(mixed[1], before[0])


@pytest.mark.parametrize("shape", [(0, 48), (1, 48), (3, 7, 48), (1, 4096), (2, 4097)])
def test_activations_of_rounded_sizes_are_those_of_any_size(shape: tuple[int, ...]) -> None:
    given = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected, model = torch.nn.functional.gelu(given), MatchModel(MatchConfig())
    with torch.no_grad():
        for answered in (model.answer(given), model.compare[1](given), model.answer(given.mT.contiguous()).mT):
            assert answered.shape == given.shape
            assert torch.equal(answered, expected)
    given.requires_grad_()
    model.answer(given).sum().backward()
    assert given.grad is not None
