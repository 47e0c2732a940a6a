import math

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")

import torch

from shoprl.bench import learn
from shoprl.bench.learn import TINY, Learner, bench_bi_attention, bench_encoding, bench_learn
from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.training.processes import Team
from tests.support.fakes import FakeBackbone

HERE = Team(torch.device("cpu"))


@pytest.mark.parametrize(("learner", "updates", "episodes"), [("policy-gradient", 2, 2), ("ppo", 16, 4)])
def test_bi_attention_learns_from_its_own_episodes(
    toy: ShopData, learner: Learner, updates: int, episodes: int
) -> None:
    figures = bench_bi_attention(toy, updates, 0, HERE, TINY, learner).to_json()
    assert (figures["updates"], figures["episodes"], figures["device"]) == (updates, episodes, "cpu")
    assert figures["seconds_per_update"] == pytest.approx(figures["seconds"] / updates, abs=0.01)
    assert 30_000 * 16 < figures["parameters"] < 2 * 30_000 * 16


def test_bi_attention_learns_from_preferences(toy: ShopData) -> None:
    figures = bench_bi_attention(toy, 2, 0, HERE, TINY).to_json()
    assert (figures["updates"], figures["episodes"]) == (2, 2)
    assert figures["pairs"] >= 2
    assert figures["reference_seconds"] >= 0


def test_tiny_sizes_hold_for_the_choice_network(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.bench.learn.load_backbone", FakeBackbone)
    figures = bench_learn(toy, 16, 0, HERE, TINY)
    assert (figures.updates, figures.batch_size) == (16, TINY.batch)
    assert set(figures.seconds_per_update) == {"imitation", "dpo", "policy_gradient", "ppo"}


def test_titles_are_encoded_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.bench.learn.CHUNK", 7)
    figures = bench_encoding(20, 0, HERE)
    assert (figures.titles, figures.device, figures.precision) == (20, "cpu", "float32")
    assert math.isclose(figures.titles_per_second, 20 / figures.seconds, rel_tol=0.1)
    with pytest.raises(ConfigError, match="at least one product"):
        bench_encoding(0, 0, HERE)


def test_the_network_of_berts_size_depends_on_the_seed_alone() -> None:
    state = torch.get_rng_state()
    first, second, other = (learn._untrained(seed, TINY).model.state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_same_goals_are_shown_each_time(toy: ShopData) -> None:
    first, again = (learn._case(toy, 12, np.random.default_rng(0)).decisions for _ in range(2))
    assert {each.episode for each in first} == set(range(12))
    assert [each.chosen for each in again] == [each.chosen for each in first]
