import numpy as np
import pytest
import torch

from shoprl.shop.data import ShopData
from shoprl.tasks.base import index_of
from shoprl.tasks.shop.state import ShopState
from tests.support.fakes import fake_policy, random_walk


@pytest.fixture
def states(toy: ShopData) -> list[ShopState]:
    return [state for seed in range(8) for state in random_walk(toy.shop, toy.goals[seed], seed).states]


def test_acting_keeps_to_the_rule_and_the_distribution(states: list[ShopState]) -> None:
    policy = fake_policy()
    before = torch.get_rng_state()
    rngs = [np.random.default_rng(i) for i in range(len(states))]
    own = policy.probabilities(states)
    for decode in ("greedy", "sample"):
        for state, probabilities, choice in zip(states, own, policy.act(states, rngs, decode), strict=True):
            assert probabilities.shape == (len(state.candidates),)
            assert probabilities.sum() == pytest.approx(1.0)
            index = index_of(state, choice.action)
            assert index is not None
            assert state.allowed()[index]
            assert choice.policy_probability == pytest.approx(probabilities[index], abs=1e-6)
            ruled = np.where(state.allowed(), probabilities, 0)
            expected = 1.0 if decode == "greedy" else ruled[index] / ruled.sum()
            assert choice.probability == pytest.approx(expected, abs=1e-6)
            if decode == "greedy":
                assert ruled[index] == ruled.max()
    assert torch.equal(torch.get_rng_state(), before)


def test_acting_is_repeatable(states: list[ShopState]) -> None:
    policy = fake_policy()
    runs = [policy.act(states, [np.random.default_rng(i) for i in range(len(states))], "sample") for _ in range(2)]
    assert runs[0] == runs[1]
    assert len({choice.action for choice in runs[0]}) > 5


def test_a_temperature_sharpens_and_flattens_what_is_drawn(states: list[ShopState]) -> None:
    policy = fake_policy()
    own = policy.probabilities(states)
    policy.temperature = 0.5
    for plain, sharp in zip(own, policy.probabilities(states), strict=True):
        assert sharp == pytest.approx(plain**2 / (plain**2).sum(), abs=1e-6)


def test_one_candidate_alone_is_not_weighed(states: list[ShopState], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fake_policy()
    alone = [state for state in states if len(state.candidates) == 1]
    others = [state for state in states if len(state.candidates) > 1]
    assert alone
    assert others
    weighed: list[int] = []
    logits = policy.logits
    monkeypatch.setattr(policy, "logits", lambda given: weighed.append(len(given)) or logits(given))
    own = policy.probabilities(states)
    assert sum(weighed) == len(others)
    for state, probabilities in zip(states, own, strict=True):
        assert len(probabilities) == len(state.candidates)
    assert all(each.tolist() == [1.0] for each in policy.probabilities(alone))
    assert sum(weighed) == len(others)
    together = [each for state, each in zip(states, own, strict=True) if len(state.candidates) > 1]
    for left, right in zip(together, policy.probabilities(others), strict=True):
        assert left.tolist() == right.tolist()
