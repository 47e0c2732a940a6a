import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shoprl.policies.networks import choice
from shoprl.policies.networks.choice import collate, new_model
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from shoprl.shop.data import ShopData
from shoprl.tasks.base import Observation
from shoprl.tasks.shop.features import COUNT
from shoprl.tasks.shop.state import ShopState
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example
from tests.support.fakes import SMALL, fake_policy, fake_store, random_walk


@pytest.fixture
def states(toy: ShopData) -> list[ShopState]:
    return [state for seed in range(8) for state in random_walk(toy.shop, toy.goals[seed], seed).states]


def encoded(instruction: str, *texts: str) -> Observation:
    rng = np.random.default_rng(len(texts))
    return Observation(instruction, texts, rng.random((len(texts), COUNT)).astype(np.float32))


def test_collate_pads_with_marks() -> None:
    batch = collate([encoded("a b c", "x y", "", "z"), encoded("d", "w")], fake_store())
    assert batch.request.shape[:2] == batch.request_ids.shape == (2, 3)
    assert batch.tokens.shape[:2] == batch.token_ids.shape == batch.owner.shape == (2, 3)
    assert batch.features.shape == (2, 3, COUNT)
    assert batch.mask.tolist() == [[True, True, True], [True, False, False]]
    assert batch.owner[0].tolist() == [0, 0, 2]
    assert (batch.request_ids[1] == -1).tolist() == [False, True, True]
    assert (batch.token_ids[1] == -2).tolist() == [False, True, True]


@torch.inference_mode()
def test_a_decision_does_not_depend_on_its_batch(states: list[ShopState]) -> None:
    policy = fake_policy()
    batch = [state.observe() for state in states]
    batch += [encoded("one", "a"), encoded("", "a b", ""), encoded("x y", "", ""), encoded("w " * 60, "v " * 60, "u")]
    together = policy.model(collate(batch, policy.store))
    assert together.shape == (len(batch), max(len(each.texts) for each in batch))
    for row, each in zip(together, batch, strict=True):
        alone = policy.model(collate([each], policy.store))[0]
        assert torch.isfinite(alone).all()
        assert torch.isneginf(row[len(alone) :]).all()
        torch.testing.assert_close(row[: len(alone)], alone, atol=1e-5, rtol=0)


def test_large_pages_are_taken_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fake_policy()
    pages = [encoded("w w", *(f"{i} {'v ' * 63}" for i in range(count))) for count in (3, 40, 2, 2, 5)]
    seen: list[tuple[int, ...]] = []
    model = policy.model.forward
    monkeypatch.setattr(policy.model, "forward", lambda batch: seen.append(batch.tokens.shape[:2]) or model(batch))
    with torch.no_grad():
        whole = policy.logits(pages)
        values = policy.logits_and_values(pages)[1]
        monkeypatch.setattr(choice, "ACT_TOKENS", 64 * 10)
        parts = policy.logits(pages)
        assert seen == [(5, 40 * 64), (1, 3 * 64), (1, 40 * 64), (2, 2 * 64), (1, 5 * 64)]
        torch.testing.assert_close(parts, whole, atol=1e-5, rtol=0)
        torch.testing.assert_close(policy.logits_and_values(pages)[1], values, atol=1e-5, rtol=0)
    policy.logits(pages)  # an update's batch is one, since its gradient is
    assert seen[-1] == (5, 40 * 64)


def test_ordinary_pages_are_taken_together(states: list[ShopState]) -> None:
    policy, batch = fake_policy(), [state.observe() for state in states][:32]
    assert policy.passes(batch) == [batch]
    long = encoded("w", *["v " * 64] * 32)  # no shop's ordinary page is longer
    assert policy.passes([long] * 32) == [[long] * 32]


@torch.no_grad()
def test_passes_encode_texts_as_a_batch_does(states: list[ShopState]) -> None:
    batch = [state.observe() for state in states][:32]
    first, second, third = fake_policy(), fake_policy(), fake_policy()
    first.logits(batch)
    collate(batch, second.store)
    third.encode_states(batch)
    assert first.store.batches == second.store.batches == third.store.batches


# learned sharpness is low.
@torch.inference_mode()
def test_padding_of_the_wish_weighs_nothing() -> None:
    policy = fake_policy()
    policy.model.sharpness.fill_(1.0)
    short, long = encoded("red", "red mug", "plate"), encoded("w " * 60, "v", "u")
    alone = policy.model(collate([short], policy.store))[0]
    together = policy.model(collate([short, long], policy.store))[0]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_the_order_of_candidates_carries_nothing(states: list[ShopState]) -> None:
    policy = fake_policy()
    one = max((state.observe() for state in states), key=lambda each: len(each.texts))
    order = np.random.default_rng(0).permutation(len(one.texts))
    shuffled = Observation(one.request, tuple(one.texts[i] for i in order), one.features[order])
    logits = [policy.model(collate([each], policy.store))[0] for each in (one, shuffled)]
    torch.testing.assert_close(logits[1], logits[0][torch.from_numpy(order)], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_words_of_the_wish_reach_the_logits() -> None:
    policy = fake_policy()
    one = encoded("red mug", "a mug", "a plate")
    other = Observation("plate", one.texts, one.features)
    first, second = (policy.model(collate([each], policy.store))[0] for each in (one, other))
    assert (first - second).abs().max() > 1e-4


def test_every_weight_gets_a_gradient() -> None:
    policy = fake_policy()
    batch = collate([encoded("red mug", "a red mug", "plate"), encoded("tea", "green tea", "mug", "x")], policy.store)
    policy.model.train()
    logits, values = policy.model.logits_and_values(batch)
    (torch.log_softmax(logits, dim=-1)[:, 0].sum() + values.sum()).backward()
    for name, weight in policy.model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_values_are_of_states_alone() -> None:
    policy = fake_policy()
    states = [encoded("red mug", "a red mug", "plate"), encoded("tea", "green tea", "mug", "x")]
    with torch.no_grad():
        logits, values = policy.logits_and_values(states)
        assert values.shape == (2,)
        assert torch.equal(logits, policy.logits(states))
        alone = torch.cat([policy.logits_and_values([state])[1] for state in states])
    assert torch.allclose(values, alone, atol=1e-5)  # padding counts for nothing


def test_new_models_come_from_their_generator_alone() -> None:
    store = fake_store()
    before = torch.get_rng_state()
    first, second, other = (
        new_model(store, torch.Generator().manual_seed(seed), **SMALL).state_dict() for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


PICTURES = {
    f"{side}{i}": (1 if side == "L" else -1) * torch.linspace(-1, 1, PICTURE) + torch.linspace(0, 0.1 * i, PICTURE)
    for side in "LR"
    for i in range(6)
}


def sides(numbers: range) -> list[Example]:
    """Pages alike but for their picture, which alone tells what to click."""
    page = encoded("a mug for either hand", "left mug", "right mug")
    return [Example(replace(page, picture=f"{side}{i}"), "LR".index(side)) for i in numbers for side in "LR"]


def right_sides(folder: Path, **sizes: Any) -> float:
    policy = fake_policy(**sizes)
    policy.pictures = PICTURES
    config = ImitationConfig(updates=60, batch_size=8, learning_rate=5e-3, warmup=5, checkpoint_every=60)
    train_imitation(policy, sides(range(4)), config, folder)
    test = sides(range(4, 6))
    with torch.inference_mode():
        found = policy.logits([example.state for example in test]).argmax(dim=-1)
    return float((found == torch.tensor([example.chosen for example in test])).float().mean())


def test_what_a_picture_alone_tells_is_learned(tmp_path: Path) -> None:
    assert right_sides(tmp_path / "blind") == 0.5  # equal pages, so one answer to all
    assert right_sides(tmp_path / "seeing", image=True) == 1.0


@torch.inference_mode()
def test_pictures_of_item_pages_are_looked_at() -> None:
    policy, page = fake_policy(image=True), encoded("red mug", "a red mug", "plate", "x")
    first, second, absent = (replace(page, picture=asin) for asin in ("L0", "R0", "L9"))
    blind, blind_value = policy.logits_and_values([first])
    policy.pictures = PICTURES
    logits, values = policy.logits_and_values([first, second, absent, page])
    assert (logits[0] - logits[1]).abs().max() > 1e-4  # of one title
    assert (values[0] - values[1]).abs() > 1e-4
    torch.testing.assert_close(logits[2], logits[3])  # rows of one batch may differ in the last bits
    torch.testing.assert_close(logits[2], blind[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(values[2], blind_value[0], atol=1e-5, rtol=0)
    more = encoded("tea", *"abcdefgh")
    together = policy.logits([more, first])
    torch.testing.assert_close(together[1, :3], logits[0], atol=1e-5, rtol=0)
    assert torch.isneginf(together[1, 3:]).all()


def asked_sides(numbers: range) -> list[Example]:
    """Pages on which the answer is whether the picture shows the side that is asked for."""
    found = []
    for i in numbers:
        for side, asked in itertools.product("LR", ("left", "right")):
            page = replace(encoded(f"a mug for the {asked} hand", "yes", "no"), picture=f"{side}{i}")
            found.append(Example(page, int(asked[0].upper() != side)))
    return found


def test_whether_a_picture_is_what_was_asked_for_is_learned(tmp_path: Path) -> None:
    policy = fake_policy(image=True)
    policy.pictures = PICTURES
    config = ImitationConfig(updates=100, batch_size=8, learning_rate=5e-3, warmup=5, checkpoint_every=100)
    train_imitation(policy, asked_sides(range(4)), config, tmp_path)
    test = asked_sides(range(4, 6))
    with torch.inference_mode():
        found = policy.logits([example.state for example in test]).argmax(dim=-1)
    assert found.tolist() == [example.chosen for example in test]


def test_every_weight_gets_a_gradient_with_pictures() -> None:
    policy = fake_policy(image=True)
    policy.pictures = PICTURES
    policy.logits([replace(encoded("red mug", "a red mug", "plate"), picture="L1")])[0, 0].backward()
    model = policy.model
    for part in (model.picture, model.fit.word, model.fit.look, model.fit.join):
        assert part.weight.grad.abs().max() > 0


@torch.inference_mode()
def test_without_a_picture_no_word_fits_or_misfits() -> None:
    policy, page = fake_policy(image=True), encoded("red mug", "a red mug", "plate")
    assert not policy.model.fit(policy.batch([page])).any()
    policy.pictures = PICTURES
    shown = replace(page, picture="L1")
    alone = policy.model.fit(policy.batch([shown]))[0]
    assert alone.abs().max() > 1e-3
    longer = replace(encoded("a big blue mug for tea", "mug"), picture="R1")
    torch.testing.assert_close(policy.model.fit(policy.batch([shown, longer]))[0], alone)


def test_without_pictures_nothing_changes() -> None:
    plain, other = fake_policy(3).model.state_dict(), fake_policy(3, image=True).model.state_dict()
    fit = {f"fit.{name}.weight" for name in ("word", "look", "join")}
    assert set(other) - set(plain) == {"picture.weight", "picture.bias"} | fit
    assert all(torch.equal(plain[name], other[name]) for name in plain)
    assert "image" not in fake_policy().model.config.to_dict()
