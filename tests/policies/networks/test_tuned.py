import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import PolicyError
from shoprl.policies.networks import tuned
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.tuned import run_layers
from shoprl.policies.saving import load_learned, save_policy
from shoprl.shop.data import ShopData
from shoprl.training import loop
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.examples import Example
from tests.support.fakes import fake_policy, random_walk
from tests.support.tiny_bert import WIDTH, tiny_bert, tiny_store, toy_states, tuned_policy
from tests.support.training import expert_examples

CONFIG = ImitationConfig(updates=8, batch_size=4, warmup=2, checkpoint_every=3, log_every=1)
SCALE = -2  # among the tuned weights: the last normalisation's
TEXTS = ["running shoes", "", "a", "herbal tea in a large box", "running shoes", "red " * 100]


def live(policy: ChoicePolicy) -> torch.Tensor:
    """Logits computed from the layers' weights as they are."""
    policy.model.eval()
    with torch.enable_grad():
        return policy.logits(toy_states()[:6]).detach()


@torch.no_grad()
def cached(policy: ChoicePolicy) -> torch.Tensor:
    policy.model.eval()
    return policy.logits(toy_states()[:6])


def change(policy: ChoicePolicy) -> None:
    with torch.no_grad():
        policy.model.tuned_parameters()[SCALE].copy_(torch.linspace(-1, 2, WIDTH))


def is_right(policy: ChoicePolicy, before: torch.Tensor) -> None:
    """The cache gives what the layers give now, which is not what they gave."""
    found = cached(policy)
    real = torch.isfinite(before)
    assert (found - before)[real].abs().max() > 1e-4
    torch.testing.assert_close(found, live(policy), atol=1e-5, rtol=0)


@pytest.mark.parametrize("count", [1, 2])
def test_untouched_layers_give_the_backbones_states(count: int) -> None:
    policy, whole = tuned_policy(tuned=count), tiny_store(0)
    states, ids, counts = run_layers(policy.model.tuned, policy.store, TEXTS).gather(TEXTS)
    expected = whole.gather(TEXTS)
    assert torch.equal(ids, expected[1])
    assert counts.tolist() == expected[2].tolist() == [2, 0, 1, 6, 2, 64]
    torch.testing.assert_close(states, expected[0], atol=5e-3, rtol=0)


def test_untouched_layers_of_the_default_backbone() -> None:
    backbone = load_backbone()
    policy = fake_policy(store=TokenStore(backbone, tuned_layers=2))
    texts = ["a red mug", "many different words on one mug"]
    found = run_layers(policy.model.tuned, policy.store, texts).gather(texts)
    expected = TokenStore(backbone).gather(texts)
    torch.testing.assert_close(found[0], expected[0], atol=5e-3, rtol=0)
    assert expected[0].abs().max() > 0.3
    assert torch.equal(found[1], expected[1])
    assert len(policy.model.tuned_parameters()) == 2 * 16


def test_without_tuned_layers_nothing_changes(tmp_path: Path) -> None:
    plain, other = tuned_policy(3, tuned=0), tuned_policy(3, tuned=1)
    weights, more = plain.model.state_dict(), other.model.state_dict()
    assert {name for name in more if not name.startswith("tuned.")} == set(weights)
    assert all(torch.equal(weights[name], more[name]) for name in weights)
    assert plain.model.tuned_parameters() == []
    save_policy(plain, tmp_path)
    assert not {"tuned_layers", "encoder"} & set(json.loads((tmp_path / "config.json").read_text()))
    real = torch.isfinite(cached(plain))
    torch.testing.assert_close(cached(plain)[real], cached(other)[real], atol=5e-3, rtol=0)
    assert not torch.equal(cached(plain), cached(other))  # the layers' input is rounded, not their output


def test_each_text_goes_through_once_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, batch, seen = tuned_policy(), list(toy_states()), 0

    def count(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        nonlocal seen
        seen += len(arguments[0])

    policy.model.tuned[0].register_forward_pre_hook(count)
    policy.logits(batch)
    texts = {text for state in batch for text in (state.request, *state.texts)} - {""}
    assert seen == len(texts) > 20


@pytest.mark.parametrize("count", [1, 2])
def test_a_decision_does_not_depend_on_its_batch(count: int) -> None:
    policy, batch = tuned_policy(tuned=count), list(toy_states()[:20])
    together = policy.logits(batch)
    for row, state in zip(together, batch, strict=True):
        torch.testing.assert_close(row[: len(state.texts)], policy.logits([state])[0], atol=1e-5, rtol=0)


def test_gradients_reach_every_weight() -> None:
    policy = tuned_policy(tuned=2)
    policy.model.train()
    logits, values = policy.logits_and_values(toy_states()[:6])
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum()).backward()
    for name, weight in policy.model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
    assert policy.model.tuned_parameters()[SCALE].grad.abs().max() > 1e-5  # type: ignore[union-attr]
    assert not any(weight.requires_grad for weight in policy.store.backbone.model.parameters())


def test_only_training_drops_out() -> None:
    policy = tuned_policy(dropout=0.0)
    calm = live(policy)
    with torch.random.fork_rng(devices=[]):
        policy.model.train()
        trained = policy.logits(toy_states()[:6])
    real = torch.isfinite(calm)
    assert (trained - calm)[real].abs().max() > 1e-4
    assert torch.equal(live(policy), calm)


def test_acting_again_runs_no_layer(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, states = tuned_policy(), random_walk(toy.shop, toy.goals[0], 0).states
    first = policy.probabilities(states)

    def never(*arguments: object) -> None:
        raise AssertionError("a layer ran")

    monkeypatch.setattr(tuned, "_apply", never)
    for again, own in zip(policy.probabilities(states), first, strict=True):
        assert np.array_equal(again, own)
    change(policy)
    with pytest.raises(AssertionError, match="a layer ran"):
        policy.probabilities(states)


def test_cached_equals_live() -> None:
    policy = tuned_policy(tuned=2)
    torch.testing.assert_close(cached(policy), cached(policy), atol=0, rtol=0)
    torch.testing.assert_close(cached(policy), live(policy), atol=1e-5, rtol=0)


def step(fused: bool) -> Callable[[ChoicePolicy], None]:
    """An optimizer's step on gradients that were not computed through the policy."""

    def change(policy: ChoicePolicy) -> None:
        optimizer = torch.optim.AdamW(policy.model.parameters(), lr=0.01, fused=fused)
        for weight in policy.model.parameters():
            weight.grad = torch.ones_like(weight)
        optimizer.step()

    return change


def load(policy: ChoicePolicy) -> None:
    policy.model.load_state_dict({name: 0.9 * value for name, value in policy.model.state_dict().items()})


def by_data(policy: ChoicePolicy) -> None:
    policy.model.tuned_parameters()[SCALE].data.copy_(torch.linspace(-1, 2, WIDTH))


def replaced(policy: ChoicePolicy) -> None:
    policy.model = tuned_policy(1).model
    change(policy)


def in_inference_mode(policy: ChoicePolicy) -> None:
    with torch.inference_mode():
        change(policy)


@pytest.mark.parametrize("changed", [step(False), step(True), load, by_data, replaced, in_inference_mode])
def test_states_of_other_weights_are_forgotten(changed: Callable[[ChoicePolicy], None]) -> None:
    policy = tuned_policy()
    before = cached(policy)
    changed(policy)
    is_right(policy, before)


def test_states_are_forgotten_by_a_training(toy: ShopData, tmp_path: Path) -> None:
    policy = tuned_policy()
    before = cached(policy)
    train_imitation(policy, expert_examples(toy, 3), CONFIG, tmp_path)
    is_right(policy, before)


def test_copies_do_not_share_states() -> None:
    policy = tuned_policy()
    before = cached(policy)
    other = copy_of(policy, "other")
    change(other)
    is_right(other, before)
    torch.testing.assert_close(cached(policy), before, atol=1e-5, rtol=0)
    assert policy._finished is not other._finished  # each keeps its own while they act in turn
    deep = copy.deepcopy(policy)
    change(deep)
    is_right(deep, before)


def test_weights_made_in_inference_mode_are_fine() -> None:
    with torch.inference_mode():
        policy = tuned_policy()
        first, again = cached(policy), cached(policy)
    assert torch.equal(first, again)


def test_the_store_must_leave_out_the_models_layers() -> None:
    with pytest.raises(PolicyError, match="tuned_layers=1"):
        ChoicePolicy(tuned_policy().model, tiny_store(0))


def test_round_trip(tmp_path: Path) -> None:
    policy = tuned_policy(5)
    change(policy)
    save_policy(policy, tmp_path / "policy")
    before = torch.get_rng_state()
    for store in (policy.store, None, tiny_store(0), tiny_store(2)):
        loaded = load_learned(tmp_path / "policy", store, str(tiny_bert()))
        assert (loaded.store is store) == (store is policy.store)
        assert loaded.store.tuned_layers == loaded.model.config.tuned_layers == 1
        torch.testing.assert_close(cached(loaded), cached(policy), atol=1e-5, rtol=0)
    assert torch.equal(torch.get_rng_state(), before)
    config = json.loads((tmp_path / "policy" / "config.json").read_text())
    assert (config["tuned_layers"], config["encoder"]["hidden_size"]) == (1, WIDTH)
    save_policy(loaded, tmp_path / "again")
    for path in (tmp_path / "policy").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def accuracy(policy: ChoicePolicy, data: list[Example]) -> float:
    with torch.inference_mode():
        found = policy.logits([example.state for example in data]).argmax(dim=-1)
    return float((found == torch.tensor([example.chosen for example in data])).float().mean())


def test_it_learns_what_was_demonstrated(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 12)
    policy, start = tuned_policy(hidden=32), tuned_policy(hidden=32)
    config = ImitationConfig(updates=100, batch_size=8, learning_rate=5e-3, warmup=10, checkpoint_every=100)
    train_imitation(policy, data, config, tmp_path)
    assert accuracy(policy, data) >= 0.85 > accuracy(start, data) + 0.2
    pairs = zip(policy.model.tuned_parameters(), start.model.tuned_parameters(), strict=True)
    moved = sorted(float((new - old).detach().abs().mean()) for new, old in pairs)
    assert moved[1] > 1e-4  # the bias of the keys alone changes nothing, so it stays


def same(first: ChoicePolicy, second: ChoicePolicy) -> bool:
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_one_seed_one_result(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 5)
    before = torch.get_rng_state()
    policies = [tuned_policy() for _ in range(3)]
    for policy, name in zip(policies, "abc", strict=True):
        train_imitation(policy, data, replace(CONFIG, encoder_rate=0.5 if name == "c" else 0.1), tmp_path / name)
    assert same(policies[0], policies[1])
    assert not same(policies[0], policies[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_cut_off_and_resumed_equals_uninterrupted(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, whole = expert_examples(toy, 5), tuned_policy()
    train_imitation(whole, data, CONFIG, tmp_path / "whole")
    batch_of = loop.batch_of

    def interrupted(update: int, size: int, count: int, seed: int) -> torch.Tensor:
        if update == 4:
            raise KeyboardInterrupt
        return batch_of(update, size, count, seed)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "batch_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_imitation(tuned_policy(), data, CONFIG, tmp_path / "cut")
    resumed = tuned_policy()
    train_imitation(resumed, data, CONFIG, tmp_path / "cut")
    assert same(resumed, whole)
