from dataclasses import replace
from pathlib import Path

import torch

from shoprl.policies.networks.rnn import RNNPolicy, new_rnn
from shoprl.policies.networks.token_batch import candidates_of
from shoprl.shop.data import ShopData
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example
from tests.support.tiny_bert import tiny_rnn, toy_states
from tests.support.training import expert_examples


@torch.inference_mode()
def test_shapes_and_masks() -> None:
    policy, batch = tiny_rnn(), list(toy_states()[:12])
    logits, values = policy.logits_and_values(batch)
    assert logits.shape == (12, max(len(state.texts) for state in batch))
    assert values.shape == (12,)
    for row, state in zip(logits, batch, strict=True):
        assert torch.isfinite(row[: len(state.texts)]).all()
        assert torch.isneginf(row[len(state.texts) :]).all()
    assert torch.equal(policy.logits(batch), logits)


@torch.inference_mode()
def test_a_decision_does_not_depend_on_its_batch() -> None:
    policy, batch = tiny_rnn(), list(toy_states()[:24])
    together, values = policy.logits_and_values(batch)
    for row, value, state in zip(together, values, batch, strict=True):
        alone, own = policy.logits_and_values([state])
        torch.testing.assert_close(row[: len(state.texts)], alone[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(value, own[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_page_and_wish_reach_logits_and_values() -> None:
    policy, one = tiny_rnn(), toy_states()[2]
    value = policy.logits_and_values([one])
    for other in (replace(one, page="color"), replace(one, request="color"), replace(one, request="")):
        found = policy.logits_and_values([other])
        assert all((a - b).abs().max() > 1e-6 for a, b in zip(value, found, strict=True))


@torch.inference_mode()
def test_long_pages_lose_their_beginning() -> None:
    policy, one = tiny_rnn(page_tokens=16), toy_states()[2]
    start, end = replace(one, page="red " + one.page), replace(one, page=one.page + " red")
    same, longer, changed = (policy.logits([each]) for each in (one, start, end))
    assert torch.equal(same, longer)
    assert not torch.equal(same, changed)


def test_every_weight_gets_a_gradient() -> None:
    policy = tiny_rnn()
    policy.model.train()
    logits, values = policy.logits_and_values(list(toy_states()[:4]))
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum()).backward()
    for name, weight in policy.model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_new_models_come_from_their_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = (tiny_rnn(seed).model.state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def results_pages(toy: ShopData, trips: int) -> list[Example]:
    """Which product to open, the decisions that turn on the titles alone."""
    return [e for e in expert_examples(toy, trips) if candidates_of(e.state, "product")]


def trained(data: list[Example], folder: Path, updates: int) -> RNNPolicy:
    states = [example.state for example in data]
    policy = new_rnn(states, torch.Generator().manual_seed(0), hidden=24, embedding=24, page_tokens=16)
    config = ImitationConfig(updates=updates, batch_size=8, learning_rate=1.5e-2, warmup=10)
    train_imitation(policy, data, config, folder)
    return policy


def test_it_learns_which_product_to_open(toy: ShopData, tmp_path: Path) -> None:
    data = results_pages(toy, 24)
    policy = trained(data, tmp_path, 40)
    with torch.inference_mode():
        found = policy.logits([example.state for example in data]).argmax(dim=-1)
    assert (found == torch.tensor([example.chosen for example in data])).float().mean() >= 0.95


def test_one_seed_one_result(toy: ShopData, tmp_path: Path) -> None:
    data = results_pages(toy, 6)
    first, second = (trained(data, tmp_path / name, 4).model.state_dict() for name in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
    fresh = new_rnn([e.state for e in data], torch.Generator().manual_seed(0), hidden=24, embedding=24)
    assert not torch.equal(first["words.weight"], fresh.model.state_dict()["words.weight"])
