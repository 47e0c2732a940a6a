from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from shoprl.errors import ConfigError, RunError
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.query.policy import QueryOffer, QueryPolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.training import ppo
from shoprl.training.loop import read_log
from shoprl.training.ppo import PPOConfig, clipped_objective, train_ppo
from shoprl.training.rollout import Rollout, collect_for
from tests.support.fakequery import fake_extractive, foreign_goals
from tests.support.fakes import fake_policy
from tests.support.training import mean_reward, same, shopped, training_goals

CONFIG = PPOConfig(
    updates=8,
    batch_size=4,
    learning_rate=1e-3,
    warmup=2,
    checkpoint_every=4,
    log_every=1,
    epochs=2,
    minibatches=2,
    imitation_weight=0.0,
)


def trained(data: ShopData, folder: Path, config: PPOConfig = CONFIG, offer: QueryOffer | None = None) -> ChoicePolicy:
    policy = fake_policy()
    policy.offer = offer
    train_ppo(policy, ShopTask(data.shop), training_goals(data), [], config, folder)
    return policy


def test_the_clipped_objective_and_its_gradient_by_hand() -> None:
    ratios = torch.tensor([1.5, 1.5, 0.5, 0.5, 1.1, 0.9], dtype=torch.float64)
    gained = torch.tensor([2.0, -2.0, 2.0, -2.0, 2.0, -2.0], dtype=torch.float64)
    logs = ratios.log().requires_grad_()
    found = clipped_objective(logs, torch.zeros(6, dtype=torch.float64), gained, 0.2)
    # clipped where the ratio has gone too far the right way, on both sides; never where it went the wrong way
    assert found.tolist() == pytest.approx([1.2 * 2, -1.5 * 2, 0.5 * 2, -0.8 * 2, 1.1 * 2, -0.9 * 2])
    found.sum().backward()
    assert logs.grad is not None
    assert logs.grad.tolist() == pytest.approx([0.0, -3.0, 1.0, 0.0, 2.2, -1.8])  # ratio x advantage, or nothing


@pytest.mark.parametrize("change", [{"clip_range": 0.0}, {"epochs": 0}, {"trace": 1.5}, {"checkpoint_every": 6}])
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("episodes", [1, 4])
def test_a_pass_takes_every_decision_once(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, episodes: int
) -> None:
    rollouts, batches = [], []

    def collected(*arguments: Any) -> Rollout:
        rollouts.append(collect_for(*arguments))
        batches.append([])
        return rollouts[-1]

    def seen(policy: ChoicePolicy, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        if torch.is_grad_enabled():  # an update, not an episode
            batches[-1].append([id(state) for state in states])
        return ChoicePolicy.__mro__[1].logits_and_values(policy, states)

    monkeypatch.setattr(ppo, "collect_for", collected)
    monkeypatch.setattr(ChoicePolicy, "logits_and_values", seen, raising=False)
    trained(toy, tmp_path, replace(CONFIG, updates=16, batch_size=episodes, minibatches=4, checkpoint_every=8))
    assert [len(own) for own in batches] == [8, 8]
    for rollout, own in zip(rollouts, batches, strict=True):
        all_of = sorted(id(step.state) for step in rollout.flat())
        first, second = own[:4], own[4:]
        if len(all_of) >= 4:
            assert sorted(chain(*first)) == sorted(chain(*second)) == all_of
            assert first != second  # in an order of its own
        assert all(own)  # a part is never empty


def test_it_learns_from_rewards_alone(toy: ShopData, tmp_path: Path) -> None:
    before = mean_reward(fake_policy(), toy)
    config = replace(
        CONFIG, updates=160, batch_size=16, learning_rate=3e-3, epochs=4, checkpoint_every=160, entropy_weight=0.003
    )
    policy = trained(toy, tmp_path, config)
    assert mean_reward(policy, toy) > before + 0.2


def test_two_trainings_agree(toy: ShopData, tmp_path: Path) -> None:
    assert same(trained(toy, tmp_path / "one"), trained(toy, tmp_path / "two"))


@contextmanager
def stopped_at_the_second_rollout(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    real, calls = ppo.collect_for, iter(range(100))

    def stop_at_the_second(*args: object, **kwargs: object) -> object:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ppo, "collect_for", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        yield
    monkeypatch.undo()


def test_a_resumed_training_equals_an_uninterrupted_one(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(toy, tmp_path / "whole")
    with stopped_at_the_second_rollout(monkeypatch):
        trained(toy, tmp_path / "cut")
    assert same(trained(toy, tmp_path / "cut"), whole)
    assert read_log(tmp_path / "cut") == read_log(tmp_path / "whole")


def test_the_first_update_of_a_rollout_is_on_policy(toy: ShopData, tmp_path: Path) -> None:
    trained(toy, tmp_path, replace(CONFIG, minibatches=1, epochs=4, updates=4))
    rows = read_log(tmp_path)
    assert rows[0]["clip_fraction"] == 0.0
    assert rows[0]["kl"] == pytest.approx(0.0, abs=1e-6)
    assert any(row["kl"] > 1e-6 for row in rows[1:])


def test_it_learns_which_query_leads_to_the_goal(toy: ShopData, tmp_path: Path) -> None:
    policy = fake_policy()
    goals, offer = foreign_goals(toy)
    for _, goal in goals:
        (own,) = policy.queries(parse_instruction(goal.instruction))
        assert not toy.shop.search.find(own)
    assert shopped(policy, toy) == (0.0, 0.0)
    policy.offer = offer
    assert max(shopped(policy, toy)) < 0.3
    config = replace(CONFIG, updates=160, batch_size=16, learning_rate=1e-2, epochs=4, checkpoint_every=160)
    train_ppo(policy, ShopTask(toy.shop), goals, [], config, tmp_path)
    assert min(shopped(policy, toy)) > 0.9


def extractive_offer(n: int, seed: int = 0) -> QueryOffer:
    return QueryOffer(QueryPolicy(fake_extractive(seed)), n)


def test_two_trainings_with_queries_agree_and_resume(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(toy, tmp_path / "whole", offer=extractive_offer(3))
    assert not same(whole, trained(toy, tmp_path / "alone"))
    with stopped_at_the_second_rollout(monkeypatch):
        trained(toy, tmp_path / "cut", offer=extractive_offer(3))
    for other in (None, extractive_offer(2), extractive_offer(3, seed=1)):
        with pytest.raises(RunError, match="other settings or data"):
            trained(toy, tmp_path / "cut", offer=other)
    assert same(trained(toy, tmp_path / "cut", offer=extractive_offer(3)), whole)
    assert read_log(tmp_path / "cut") == read_log(tmp_path / "whole")
