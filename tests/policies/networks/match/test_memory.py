from dataclasses import replace

import numpy as np
import pytest
import torch

from shoprl.policies.base import Remembering
from shoprl.policies.networks.match import memory as module
from shoprl.policies.networks.match.memory import RequestMemory
from shoprl.shop.data import ShopData
from shoprl.tasks.base import Observation
from shoprl.tasks.shop.state import ShopState
from tests.support.fakes import fake_policy, random_walk
from tests.support.matching import match_policy, shown


def states_of(toy: ShopData, goals: int = 3) -> list[ShopState]:
    """Several walks for each of some requests, mixed."""
    walks = [random_walk(toy.shop, toy.goals[goal], seed).states for seed in range(3) for goal in range(goals)]
    return [state for walk in walks for state in walk]


@torch.no_grad()
def test_what_is_remembered_is_what_is_computed(toy: ShopData) -> None:
    states = states_of(toy)
    policy = match_policy(patience=0.5)
    observed = [state.observe() for state in states]
    remembering = policy.remembering()
    for start in (0, 5, 10, 0):  # batches that share texts with earlier ones, and one that was there before
        part, seen = states[start : start + 12], observed[start : start + 12]
        for own, other in zip(remembering.probabilities(part), policy.probabilities(part), strict=True):
            np.testing.assert_allclose(own, other, atol=1e-5)
        for own, fits in zip(remembering.fits(part), policy.fits(part), strict=True):
            assert own.keys() == fits.keys()
            assert all(abs(own[asin] - fits[asin]) < 1e-5 for asin in fits)
        torch.testing.assert_close(remembering.logits_and_values(seen), policy.logits_and_values(seen))
        found, fits = remembering.logits_and_fits(seen)
        expected, expected_fits = policy.logits_and_fits(seen)
        torch.testing.assert_close(found, expected)
        for place, state in enumerate(seen):
            assert state.evidence is not None
            rows = len(state.evidence.texts)
            torch.testing.assert_close(fits[place, :rows], expected_fits[place, :rows], atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("request_", ["red mug", "the of", ""])
def test_nothing_to_compare_is_remembered_too(request_: str) -> None:
    policy = match_policy()
    remembering = policy.remembering()
    states = [shown(request_, "", "a red mug"), shown(request_, "red mug", seen=("", "plate"), terms=("", "red"))]
    torch.testing.assert_close(remembering.logits_and_values(states), policy.logits_and_values(states))
    torch.testing.assert_close(remembering.logits(states[:1]), policy.logits(states[:1]))


@torch.no_grad()
def test_what_was_read_tells_rows_with_one_text_apart() -> None:
    policy = match_policy()
    remembering = policy.remembering()
    for state in (shown("red mug", "cup", "mug"), shown("red mug", "cup", "mug", terms=("red",))):
        torch.testing.assert_close(remembering.logits([state]), policy.logits([state]))


@torch.no_grad()
def test_each_text_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = match_policy()
    memory = RequestMemory(policy.model, policy.words, "")
    compared: list[str] = []
    original = RequestMemory._compare

    def counted(self: RequestMemory, texts: list[str]) -> None:
        compared.extend(texts)
        original(self, texts)

    monkeypatch.setattr(RequestMemory, "_compare", counted)
    remembering = policy.remembering()
    for _ in range(3):
        remembering.logits([shown("red mug", "cup", "mug"), shown("red mug", "mug", "plate", terms=("red",))])
    assert sorted(compared) == ["", "cup", "mug", "plate"]
    assert len(memory) == 1


@torch.no_grad()
def test_a_memory_that_is_full_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 20)
    policy = match_policy()
    policy.words.add(["red mug", *map(str, range(200))])
    memory = RequestMemory(policy.model, policy.words, "red mug")
    for start in range(0, 200, 10):
        state = shown("red mug", *map(str, range(start, start + 10)))
        memory.mixed(memory.rows([state]))
        assert len(memory) <= 21
        torch.testing.assert_close(
            policy.model.logits_of(
                memory.mixed(memory.rows([state])), torch.ones(1, 10, dtype=torch.bool), torch.zeros(1, 10)
            ),
            policy.logits([state]),
        )


@torch.no_grad()
def test_weights_that_change_are_noticed() -> None:
    policy, state = match_policy(), shown("red mug", "cup", "mug")
    assert isinstance(policy, Remembering)
    assert not isinstance(fake_policy(), Remembering)
    remembering = policy.remembering()
    before = remembering.logits([state])
    assert torch.equal(remembering.logits([state]), before)
    for weight in policy.model.parameters():
        weight += 0.05
    for changed in (remembering.logits([state]), policy.remembering().logits([state])):
        torch.testing.assert_close(changed, policy.logits([state]))
        assert (changed - before).abs().max() > 1e-4


def test_learning_takes_the_usual_way() -> None:
    policy, states = match_policy(), [shown("red mug", "cup", "mug"), shown("red mug", "plate")]
    remembering = policy.remembering()
    assert torch.equal(remembering.logits(states), policy.logits(states))
    assert remembering.logits(states).requires_grad


def test_states_of_several_requests_come_back_in_their_order() -> None:
    policy = match_policy()
    states: list[Observation] = [
        shown(request, *texts) for texts in (["cup"], ["mug", "plate"]) for request in ("a", "red mug")
    ]
    states.append(replace(states[0], request="cup"))
    with torch.no_grad():
        torch.testing.assert_close(policy.remembering().logits(states), policy.logits(states))
