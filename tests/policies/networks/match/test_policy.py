import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import shoprl
from shoprl.catalog.catalog import Catalog
from shoprl.errors import PolicyError
from shoprl.files import sha256_of
from shoprl.policies.base import Judging
from shoprl.policies.networks.match import policy as module
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.policies.saving import NETWORKS, load_learned, network_of, save_policy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.shop.session import Shop
from shoprl.tasks.base import Observation
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.examples import Example
from tests.support.fakes import SMALL, WIDTH, fake_policy, fake_store, random_walk
from tests.support.matching import match_policy, shown
from tests.support.tiny_bert import toy_states
from tests.support.toyshop import hidden_changed
from tests.support.training import expert_examples, mean_reward


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_policy(match_policy(5), tmp_path / "policy")
    return tmp_path / "policy"


def test_a_saved_policy_comes_back_to_the_bit(folder: Path, toy: ShopData) -> None:
    before, policy = torch.get_rng_state(), match_policy(5)
    assert torch.equal(torch.get_rng_state(), before)
    loaded = load_learned(folder, fake_store())
    assert isinstance(loaded, MatchPolicy)
    assert (loaded.name, loaded.strategy, loaded.model.training) == ("match", "wish", False)
    states = random_walk(toy.shop, toy.goals[0], 0).states
    assert all(map(np.array_equal, policy.probabilities(states), loaded.probabilities(states)))
    assert policy.fits(states) == loaded.fits(states)
    observed = [state.observe() for state in states]
    assert torch.equal(policy.logits_and_values(observed)[1], loaded.logits_and_values(observed)[1])
    loaded.common = policy.common = frozenset({"red", "mug"})  # words that were met since are no part of it
    for own, name in ((policy, "again"), (loaded, "and again")):
        save_policy(own, folder.parent / name)
    save_policy(load_learned(folder, fake_store()), folder.parent / "unused")
    for first, second in (("again", "and again"), (folder.name, "unused")):
        for path in (folder.parent / first).iterdir():
            assert (folder.parent / second / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("sources", -1), ("sources", 65), ("words_dropped", 1.0), ("heads", 0), ("heads", 3), ("match", 7)],
)
def test_a_configuration_out_of_bounds_is_refused(folder: Path, field: str, value: float) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {field: value}))
    resign(folder)
    with pytest.raises(PolicyError):
        load_learned(folder, fake_store())


def test_weights_that_do_not_fit_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(weights | {"rotation": torch.zeros(2, 2)}, folder / "model.safetensors", {"format": "pt"})
    resign(folder)
    with pytest.raises(PolicyError, match="rotation"):
        load_learned(folder, fake_store())


def test_a_backbone_of_another_width_is_refused(folder: Path) -> None:
    store = fake_store()
    store.backbone.width = WIDTH + 1
    with pytest.raises(PolicyError, match="backbone_width"):
        load_learned(folder, store)


def resign(folder: Path) -> None:
    manifest = json.loads((folder / "policy.json").read_text())
    manifest["sha256"] = {name: sha256_of(folder / name) for name in manifest["sha256"]}
    (folder / "policy.json").write_text(json.dumps(manifest))


def test_new_policies_come_from_their_generator_alone() -> None:
    first, second, other = (match_policy(seed).model.state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert network_of("match") is MatchPolicy
    assert all(network_of(kind).kind == kind for kind in NETWORKS)


def test_a_new_one_needs_a_state_and_takes_no_more_directions_than_there_are() -> None:
    with pytest.raises(PolicyError, match="demonstrations"):
        MatchPolicy.new(torch.Generator(), [], fake_store())
    assert match_policy().model.config.width == WIDTH
    assert match_policy(width=4).model.rotation.shape == (WIDTH, 4)


def test_states_of_another_task_are_named() -> None:
    state = shown("red mug", "a red mug")
    assert state.evidence is not None
    for evidence in (
        replace(state.evidence, features=np.zeros((1, 7), dtype=np.float32)),
        replace(state.evidence, terms=((frozenset({"red"}),) * 4,)),
    ):
        with pytest.raises(PolicyError, match="made for another task"):
            match_policy().logits([replace(state, evidence=evidence)])


def test_products_are_judged_by_name(toy: ShopData) -> None:
    policy = match_policy()
    states = [state for seed in range(3) for state in random_walk(toy.shop, toy.goals[seed], seed).states]
    assert isinstance(policy, Judging)
    assert not isinstance(fake_policy(), Judging)
    judged = policy.fits(states)
    for state, fits in zip(states, judged, strict=True):
        assert fits.keys() == {each.asin for each in state.seen}
        assert all(0 <= fit <= 1 for fit in fits.values())
    alone = [policy.fits([state])[0] for state in states]
    for fits, own in zip(judged, alone, strict=True):
        assert all(abs(fits[asin] - own[asin]) < 1e-5 for asin in own)
    assert policy.fits([]) == []


@torch.no_grad()
def test_parts_of_a_batch_come_back_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, states = match_policy(), list(toy_states())[:40]
    whole, values = policy.logits_and_values(states)
    monkeypatch.setattr(module, "TOGETHER", 3)
    parts, part_values = policy.logits_and_values(states)
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(part_values, values, atol=1e-5, rtol=0)
    torch.testing.assert_close(policy.logits(states), whole, atol=1e-5, rtol=0)


def test_the_gradient_of_a_batch_is_that_of_its_decisions(toy: ShopData) -> None:
    data = expert_examples(toy, 10)[:8]

    def gradient(batches: list[list[Example]]) -> torch.Tensor:
        policy = match_policy(dropout=0.0, words_dropped=0.0)
        for batch in batches:
            logs = torch.log_softmax(policy.logits([each.state for each in batch]), dim=-1)
            (-sum(row[each.chosen] for row, each in zip(logs, batch, strict=True)) / len(data)).backward()
        return torch.cat([weight.grad.flatten() for weight in policy.model.parameters() if weight.grad is not None])

    torch.testing.assert_close(gradient([data]), gradient([[each] for each in data]), atol=1e-5, rtol=1e-4)


def test_it_learns_to_shop(toy: ShopData, tmp_path: Path) -> None:
    policy = match_policy()
    before = mean_reward(policy, toy)
    config = ImitationConfig(updates=80, batch_size=8, learning_rate=5e-3, warmup=10)
    train_imitation(policy, expert_examples(toy, 40), config, tmp_path)
    assert mean_reward(policy, toy) > max(0.7, before + 0.2)


def test_a_copy_is_trained_by_itself(toy: ShopData, tmp_path: Path) -> None:
    policy, states = match_policy(), list(toy_states())[:4]
    before = policy.logits(states).detach()
    other = copy_of(policy, "other")
    config = ImitationConfig(updates=2, batch_size=4, warmup=1, checkpoint_every=2, log_every=1)
    train_imitation(other, expert_examples(toy, 4), config, tmp_path)
    assert torch.equal(policy.logits(states).detach(), before)
    assert not torch.equal(other.logits(states).detach(), before)
    assert other.words is policy.words  # encoded once for both


def test_unopened_products_hide_what_they_would_show(toy: ShopData) -> None:
    policy, goal = match_policy(), toy.goals[0]
    walk = random_walk(toy.shop, goal, 3)
    opened = {each.asin for state in walk.states for each in state.seen if each.opened}
    assert opened
    products = [product if product.asin in opened else hidden_changed(product) for product in toy.catalog]
    other = ShopTask(Shop(Catalog(products), toy.shop.search, toy.shop.tagger)).start(goal)
    for state, action in zip(walk.states, walk.actions, strict=True):
        first, second = policy.probabilities([state])[0], policy.probabilities([other.state])[0]
        assert np.array_equal(first, second)
        assert policy.fits([state]) == policy.fits([other.state])
        other.step(action)


def test_it_acts_in_words_that_it_never_met(toy: ShopData) -> None:
    goal = replace(toy.goals[0], instruction="i am looking for a zyxwv 🙂 ⅷ under 10 dollars")
    policy = match_policy()
    episode = run_episodes(policy, ShopTask(toy.shop), [(0, goal), (1, replace(goal, instruction="."))], 0, label="")
    assert len(episode) == 2


@pytest.fixture
def corridor(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    folder = Path(__file__).resolve().parents[4] / "examples"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("add_task_for_match", folder / "add_task.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "add_task_for_match", found)
    spec.loader.exec_module(found)
    return found


def test_a_task_of_numbers_is_learned(corridor: ModuleType, tmp_path: Path) -> None:
    task, targets = corridor.Corridor(), list(range(corridor.LENGTH))
    goals = list(enumerate(targets))
    shown_ = [corridor.demonstrated(task, target, index) for index, target in goals]
    data = shoprl.examples(task, targets, shown_)
    states: list[Observation] = [example.state for example in data]
    small = {**SMALL, "features": 4, "sources": 0, "dropout": 0.0}
    policy = MatchPolicy.new(torch.Generator().manual_seed(0), states, fake_store(), **small)
    config = ImitationConfig(updates=60, batch_size=8, learning_rate=1e-2, warmup=2, checkpoint_every=60)
    train_imitation(policy, data, config, tmp_path)
    assert shoprl.evaluate(policy, task, goals).summary.success_rate.value >= 0.85
    assert policy.fits([task.start(0).state]) == [{}]


def test_a_part_for_taste_changes_nothing_until_it_is_trained(folder: Path, toy: ShopData) -> None:
    policy = match_policy(5)
    states = random_walk(toy.shop, toy.goals[0], 0).states
    before = policy.fits(states)
    policy.learn_taste(8, torch.Generator().manual_seed(1))
    part = policy.model.taste
    policy.learn_taste(16, torch.Generator().manual_seed(2))
    assert policy.model.taste is part
    assert policy.fits(states) == before
    assert "taste" not in json.loads((folder / "config.json").read_text())


def test_a_taste_is_saved_and_is_of_fits_alone(tmp_path: Path) -> None:
    policy, plain = match_policy(5), match_policy(5)
    policy.learn_taste(8, torch.Generator().manual_seed(1))
    with torch.no_grad():
        for weight in policy.model.taste.parameters():
            weight.normal_(generator=torch.Generator().manual_seed(3))
    state, other = shown("a mug", "red mug", "", seen=["blue mug"]), shown("a mug", "red mug")
    for each in (policy, plain):
        each.prepare([state, other])
    logits, fits = policy.logits_and_fits([state, other])
    before, old = plain.logits_and_fits([state, other])
    assert torch.equal(logits, before)
    liked = policy.tastes(["red mug", "", "blue mug"], state.evidence.features)
    assert torch.allclose((fits - old)[0], liked, atol=1e-6)
    assert liked.abs().min() > 0
    save_policy(policy, tmp_path / "policy")
    loaded = load_learned(tmp_path / "policy", fake_store())
    loaded.prepare([state, other])
    assert torch.equal(loaded.logits_and_fits([state, other])[1], fits)
