import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import RunError
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.task import ShopTask
from shoprl.training import loop
from shoprl.training.imitation import ImitationConfig, fit_loss, imitation_loss, train_imitation
from shoprl.trajectories.coaching import Coaching, coached
from shoprl.trajectories.examples import Example
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy
from tests.support.training import expert_examples, same

CONFIG = ImitationConfig(updates=8, batch_size=4, warmup=2, checkpoint_every=3, log_every=1)


def test_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0), -math.inf], [1.0, 1.0, 1.0]], requires_grad=True)
    loss = imitation_loss(logits, torch.tensor([0, 2]))
    assert loss.tolist() == pytest.approx([math.log(4), math.log(3)])
    loss.sum().backward()
    assert logits.grad is not None
    expected = [0.25 - 1, 0.75, 0.0, 1 / 3, 1 / 3, 1 / 3 - 1]  # probabilities less the target
    assert logits.grad.flatten().tolist() == pytest.approx(expected)


def test_smoothed_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0), -math.inf]], requires_grad=True)
    loss = imitation_loss(logits, torch.tensor([0]), 0.2)
    spread = (math.log(4) + math.log(4 / 3)) / 2  # over the two real candidates
    assert loss.item() == pytest.approx(0.8 * math.log(4) + 0.2 * spread)
    loss.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([0.25 - 0.9, 0.75 - 0.1, 0.0])


def success_on_training_goals(policy: ChoicePolicy, data: ShopData) -> float:
    goals = [(index, data.goals[index]) for index in data.split.train]
    episodes = run_episodes(policy, ShopTask(data.shop), goals, 0, label="")
    return sum(episode.success for episode in episodes) / len(episodes)


def test_it_learns_to_shop(toy: ShopData, tmp_path: Path) -> None:
    policy = fake_policy(hidden=32)
    before = success_on_training_goals(policy, toy)
    config = ImitationConfig(updates=150, batch_size=8, learning_rate=5e-3, warmup=10)
    rows = train_imitation(policy, expert_examples(toy), config, tmp_path)
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]
    assert rows[-1]["accuracy"] > 0.8
    after = success_on_training_goals(policy, toy)
    assert after >= 0.6
    assert after > before + 0.3


def test_one_seed_one_result(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 10)
    before = torch.get_rng_state()
    policies = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        policy = fake_policy()
        train_imitation(policy, data, replace(CONFIG, seed=seed), tmp_path / name)
        policies.append(policy)
    assert same(policies[0], policies[1])
    assert not same(policies[0], policies[2])
    assert not same(policies[0], fake_policy())  # it was trained at all
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_cut_off_and_resumed_equals_uninterrupted(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    data = expert_examples(toy, 10)
    whole = fake_policy()
    train_imitation(whole, data, CONFIG, tmp_path / "whole")

    def interrupted(update: int, size: int, count: int, seed: int) -> torch.Tensor:
        if update == stop:
            raise KeyboardInterrupt
        return batch_of(update, size, count, seed)

    batch_of = loop.batch_of
    with monkeypatch.context() as patch:
        patch.setattr(loop, "batch_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_imitation(fake_policy(), data, CONFIG, tmp_path / "cut")
    resumed = fake_policy()
    rows = train_imitation(resumed, data, CONFIG, tmp_path / "cut")
    assert same(resumed, whole)
    assert rows == loop.read_log(tmp_path / "whole")


def test_a_checkpoint_of_another_training_is_refused(toy: ShopData, tmp_path: Path) -> None:
    data = expert_examples(toy, 10)
    train_imitation(fake_policy(), data, CONFIG, tmp_path)
    others: Sequence[tuple[ChoicePolicy, Sequence[Example], ImitationConfig]] = (
        (fake_policy(seed=1), data, CONFIG),
        (fake_policy(), [replace(data[0], chosen=1 - min(data[0].chosen, 1)), *data[1:]], CONFIG),
        (fake_policy(), data, replace(CONFIG, label_smoothing=0.1)),
    )
    for policy, shown, config in others:
        with pytest.raises(RunError, match="other settings"):
            train_imitation(policy, shown, config, tmp_path)


def judged(data: ShopData) -> list[Example]:
    """Expert examples with the reward of what was seen."""
    goals = [ShopGoal(0, data.goals[index]) for index in data.split.train]
    return list(coached(ManyShops((data.shop,)), goals, np.random.default_rng(0), Coaching(reading=0.0), label=""))


def test_loss_of_estimated_rewards_by_hand(toy: ShopData) -> None:
    state = expert_examples(toy, 1)[0].state
    logits = torch.tensor([[0.0, math.log(3.0), 5.0, -math.inf], [1.0, 1.0, 1.0, -math.inf]], requires_grad=True)
    shown = [Example(state, 0, fits=np.array([1.0, 0.5, -1.0], dtype=np.float32)), Example(state, 0)]
    loss = fit_loss(logits, shown)
    expected = (math.log(2) - 0.5 * math.log(0.75) - 0.5 * math.log(0.25)) / 2
    assert loss.tolist() == pytest.approx([expected, 0.0])
    loss.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([-0.25, 0.125, 0.0, 0.0])
    assert not logits.grad[1].any()


def test_rewards_are_learned_beside_actions(toy: ShopData, tmp_path: Path) -> None:
    policy, data = match_policy(dropout=0.0), judged(toy)
    config = ImitationConfig(updates=60, batch_size=8, learning_rate=5e-3, warmup=5, checkpoint_every=60)
    log = train_imitation(policy, data, config, tmp_path)
    assert log[-1]["fit_loss"] < log[0]["fit_loss"] - 0.1
    assert log[-1]["accuracy"] > 0.7
    with torch.no_grad():
        _, fits = policy.logits_and_fits([example.state for example in data])
    found: dict[bool, list[float]] = {True: [], False: []}
    for row, example in zip(torch.sigmoid(fits).tolist(), data, strict=True):
        assert example.fits is not None
        for fit, wanted in zip(row, example.fits.tolist(), strict=False):
            if wanted == 1.0 or 0 <= wanted < 0.3:
                found[wanted == 1.0].append(fit)
    assert np.mean(found[True]) > np.mean(found[False]) + 0.3


def test_rewards_are_learned_only_where_they_are_known_and_wanted(toy: ShopData, tmp_path: Path) -> None:
    rewards = judged(toy)
    plain = [replace(each, fits=None) for each in rewards]
    runs = {"without": (plain, 1.0), "weightless": (rewards, 0.0), "with": (rewards, 1.0)}
    weights, logs = {}, {}
    for name, (data, weight) in runs.items():
        policy = match_policy()
        logs[name] = train_imitation(policy, data, replace(CONFIG, fit_weight=weight), tmp_path / name)
        weights[name] = policy.model.state_dict()
    assert all(torch.equal(each, weights["weightless"][name]) for name, each in weights["without"].items())
    assert any(not torch.equal(each, weights["with"][name]) for name, each in weights["without"].items())
    assert ["fit_loss" in logs[name][0] for name in runs] == [False, False, True]
    data = [replace(each, fits=np.ones(1, dtype=np.float32)) for each in expert_examples(toy, 10)]
    assert "fit_loss" not in train_imitation(fake_policy(), data, CONFIG, tmp_path / "fake")[0]  # which estimates none


def test_batches_may_hold_no_reward(toy: ShopData, tmp_path: Path) -> None:
    data = [*judged(toy)[:2], *expert_examples(toy, 20)]
    log = train_imitation(
        match_policy(), data, replace(CONFIG, batch_size=1, log_every=2, checkpoint_every=4), tmp_path
    )
    assert all("fit_loss" in row for row in log)
