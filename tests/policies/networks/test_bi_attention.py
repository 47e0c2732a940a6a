from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import BackboneError, ConfigError, PolicyError
from shoprl.policies.networks.backbone import read_encoder
from shoprl.policies.networks.bi_attention import BiAttentionPolicy, new_bi_attention, read_tokenizer, with_buttons
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from shoprl.policies.networks.token_batch import BUTTONS, candidates_of
from shoprl.shop.data import ShopData
from shoprl.tasks.base import Observation, index_of
from shoprl.tasks.shop.state import ShopState
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example
from tests.support.fakes import random_walk
from tests.support.tiny_bert import WIDTH, tiny_bert, tiny_policy, toy_states
from tests.support.training import expert_examples


@pytest.fixture
def states(toy: ShopData) -> list[ShopState]:
    return [state for seed in range(8) for state in random_walk(toy.shop, toy.goals[seed], seed).states]


def item_page() -> Observation:
    return next(state for state in toy_states() if candidates_of(state, "buy"))


@torch.inference_mode()
def test_shapes_and_masks() -> None:
    policy, batch = tiny_policy(), list(toy_states()[:12])
    logits, values = policy.logits_and_values(batch)
    assert logits.shape == (12, max(len(state.texts) for state in batch))
    assert values.shape == (12,)
    assert logits.dtype == values.dtype == torch.float32
    for row, state in zip(logits, batch, strict=True):
        assert torch.isfinite(row[: len(state.texts)]).all()
        assert torch.isneginf(row[len(state.texts) :]).all()
    assert torch.equal(policy.logits(batch), logits)


@torch.inference_mode()
def test_a_decision_does_not_depend_on_its_batch() -> None:
    policy, batch = tiny_policy(), list(toy_states())
    together, values = policy.logits_and_values(batch)
    for row, value, state in zip(together, values, batch, strict=True):
        alone, own = policy.logits_and_values([state])
        torch.testing.assert_close(row[: len(state.texts)], alone[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(value, own[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_the_order_of_candidates_carries_nothing() -> None:
    policy, one = tiny_policy(), max(toy_states(), key=lambda state: len(state.texts))
    order = np.random.default_rng(0).permutation(len(one.texts))
    texts, actions, kinds = (tuple(each[i] for i in order) for each in (one.texts, one.actions, one.kinds))
    other = replace(one, texts=texts, actions=actions, kinds=kinds, features=one.features[order])
    first, second = policy.logits([one])[0], policy.logits([other])[0]
    torch.testing.assert_close(second, first[torch.from_numpy(order)], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_the_page_reaches_logits_and_values() -> None:
    policy, one = tiny_policy(), item_page()
    (first, value), (second, other) = (
        policy.logits_and_values([each]) for each in (one, replace(one, page=one.page.replace("Find me", "color")))
    )
    assert (first - second).abs().max() > 1e-5
    assert (value - other).abs().max() > 1e-5


@torch.inference_mode()
def test_long_pages_lose_their_beginning() -> None:
    policy, one = tiny_policy(page_tokens=16), item_page()
    batch = policy.batch([one])
    ids = batch.pages.passes[0][0][0].tolist()
    whole = policy.tokenizer(one.page.lower())["input_ids"]
    assert ids == [whole[0], *whole[-15:]]
    start, end = replace(one, page="red " + one.page), replace(one, page=one.page + " red")
    same, longer, changed = (policy.logits([each]) for each in (one, start, end))
    assert torch.equal(same, longer)
    assert not torch.equal(same, changed)
    assert policy.model.config.page_tokens == 16
    assert tiny_policy().model.config.page_tokens == 256  # no more than the encoder has places for


def test_button_marks_are_tokens_of_their_own() -> None:
    policy = tiny_policy()
    encoder, given = read_encoder(str(tiny_bert()))
    ids = policy.tokenizer(" ".join(("color", *BUTTONS, "[SEP]")))["input_ids"]
    assert ids[2:6] == list(range(len(given), len(given) + 4))
    assert ids[1] == given("color")["input_ids"][1]
    assert ids[6] == ids[7]
    weights, own = encoder.get_input_embeddings().weight, policy.model.encoder.get_input_embeddings().weight
    assert own.shape == (len(given) + 4, WIDTH)
    assert torch.equal(own[: len(given)], weights)
    last = "encoder.layer.1.output.dense.weight"
    assert torch.equal(policy.model.encoder.state_dict()[last], encoder.state_dict()[last])
    assert len(given) == encoder.config.vocab_size  # what was given is not changed


@torch.inference_mode()
def test_pictures_of_item_pages_are_looked_at() -> None:
    policy, one = tiny_policy(image=True), item_page()
    results = next(state for state in toy_states() if candidates_of(state, "product"))
    blind = [policy.logits_and_values([state]) for state in (one, results)]
    policy.pictures = {one.picture: torch.linspace(-40, 50, PICTURE)}
    seen = [policy.logits_and_values([state]) for state in (one, results)]
    assert (blind[0][0] - seen[0][0]).abs().max() > 1e-5
    assert torch.equal(blind[0][1], seen[0][1])  # the value is read from the text
    assert torch.equal(blind[1][0], seen[1][0])
    together = policy.logits([results, one])
    torch.testing.assert_close(together[1, : len(one.texts)], seen[0][0][0], atol=1e-5, rtol=0)
    twin = replace(one, picture="ANOTHER")  # of the same title
    assert torch.equal(policy.logits([twin]), blind[0][0])
    policy.pictures = {one.picture: torch.zeros(PICTURE)}
    assert torch.equal(policy.logits([one]), blind[0][0])


def reached(policy: BiAttentionPolicy) -> set[str]:
    policy.model.train()
    logits, values = policy.logits_and_values(list(toy_states()[:6]))
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum()).backward()
    found = set()
    for name, weight in policy.model.named_parameters():
        if weight.grad is not None:
            assert torch.isfinite(weight.grad).all()
            found.add(name)
    return found


@pytest.mark.parametrize("tuned", [-1, 0, 1, 2])
def test_gradients_reach_what_is_tuned_and_nothing_else(tuned: int) -> None:
    policy = tiny_policy(tuned_layers=tuned, image=True)
    names = {name for name, _ in policy.model.named_parameters()}
    assert not any("pooler" in name for name in names)
    last = tuple(f"encoder.encoder.layer.{i}." for i in range(2 - tuned, 2))
    expected = {name for name in names if not name.startswith("encoder.") or tuned < 0 or name.startswith(last)}
    assert reached(policy) == expected
    assert {name for name, weight in policy.model.named_parameters() if weight.requires_grad} == expected


@pytest.mark.parametrize(("tuned", "same"), [(-1, False), (0, True), (1, False)])
def test_only_what_is_tuned_drops_out(tuned: int, same: bool) -> None:
    policy, batch = tiny_policy(tuned_layers=tuned), list(toy_states()[:4])
    with torch.random.fork_rng(devices=[]):
        policy.model.train()
        trained = policy.logits(batch)
    assert policy.model.encoder.encoder.layer[0].training == (tuned < 0)
    policy.model.eval()
    assert torch.equal(trained, policy.logits(batch)) == same


def test_more_layers_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigError, match="has 2 layers"):
        tiny_policy(tuned_layers=3)


def test_new_models_come_from_their_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = (tiny_policy(seed).model.state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="nowhere"):
        new_bi_attention(torch.Generator(), str(tmp_path / "nowhere"))
    with pytest.raises(BackboneError, match="fast tokenizer"):
        with_buttons(object())
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(PolicyError, match=r"tokenizer\.json"):
        read_tokenizer(tmp_path / "tokenizer.json")


@torch.inference_mode()
def test_half_precision_stays_close() -> None:
    policy, batch = tiny_policy(), list(toy_states()[:12])
    whole = policy.logits(batch)
    with torch.autocast("cpu", torch.bfloat16):
        half = policy.logits(batch)
    real = torch.isfinite(whole)
    assert torch.equal(torch.isfinite(half), real)
    torch.testing.assert_close(half[real], whole[real], atol=0.03, rtol=0)


def test_acting_keeps_to_the_rule(states: list[ShopState]) -> None:
    policy, before = tiny_policy(), torch.get_rng_state()
    choices = policy.act(states, [np.random.default_rng(i) for i in range(len(states))], "sample")
    for state, choice in zip(states, choices, strict=True):
        index = index_of(state, choice.action)
        assert index is not None
        assert state.allowed()[index]
    assert torch.equal(torch.get_rng_state(), before)


def trained(data: list[Example], folder: Path, updates: int) -> BiAttentionPolicy:
    policy = tiny_policy()
    config = ImitationConfig(updates=updates, batch_size=8, learning_rate=3e-3, warmup=10)
    train_imitation(policy, data, config, folder)
    return policy


def test_it_learns_what_was_demonstrated(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 6)
    policy = trained(data, tmp_path, 50)
    with torch.inference_mode():
        found = policy.logits([example.state for example in data]).argmax(dim=-1)
    assert (found == torch.tensor([example.chosen for example in data])).float().mean() >= 0.85


def test_one_seed_one_result(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 3)
    before = torch.get_rng_state()
    first, second = (trained(data, tmp_path / name, 6).model.state_dict() for name in "ab")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    fresh = tiny_policy().model.state_dict()
    assert not torch.equal(first["join.weight"], fresh["join.weight"])
    assert not torch.equal(
        first["encoder.embeddings.word_embeddings.weight"], fresh["encoder.embeddings.word_embeddings.weight"]
    )
