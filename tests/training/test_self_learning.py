from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.training import self_learning
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.self_learning import SelfLearningConfig, copy_of, self_learn
from tests.support.fakequery import foreign_goals
from tests.support.fakes import fake_policy
from tests.support.training import expert_examples, same, shopped

DPO = DPOConfig(updates=4, batch_size=4, learning_rate=1e-3, warmup=2, checkpoint_every=2, log_every=1)
CONFIG = SelfLearningConfig(trajectories=6, rounds=2, dpo=DPO)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> ChoicePolicy:
    from tests.support.toyshop import toy_data

    policy = fake_policy()
    config = ImitationConfig(updates=120, batch_size=16, learning_rate=3e-3, checkpoint_every=120)
    train_imitation(policy, expert_examples(toy_data(), 40), config, tmp_path_factory.mktemp("start"))
    return policy


def learned(start: ChoicePolicy, data: ShopData, folder: Path, config: SelfLearningConfig = CONFIG) -> ChoicePolicy:
    policy = copy_of(start, "self")
    assert isinstance(policy, ChoicePolicy)
    self_learn(policy, ShopTask(data.shop), data.goals, data.split.train, config, folder)
    return policy


def test_each_round_is_told_of(start: ChoicePolicy, toy: ShopData, tmp_path: Path) -> None:
    policy = copy_of(start, "self")
    rows = self_learn(policy, ShopTask(toy.shop), toy.goals, toy.split.train, CONFIG, tmp_path)
    assert [row["round"] for row in rows] == [1, 2]
    assert all(row["sampled"] >= 6 and row["pairs"] > 0 for row in rows)
    assert not same(policy, start)  # type: ignore[arg-type]


def test_two_trainings_agree(start: ChoicePolicy, toy: ShopData, tmp_path: Path) -> None:
    assert same(learned(start, toy, tmp_path / "one"), learned(start, toy, tmp_path / "two"))


def test_a_resumed_training_equals_an_uninterrupted_one(
    start: ChoicePolicy, toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learned(start, toy, tmp_path / "whole")
    real, calls = self_learning.train_dpo, iter(range(9))

    def stop_in_the_second(*args: object, **kwargs: object) -> object:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(self_learning, "train_dpo", stop_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        learned(start, toy, tmp_path / "cut")
    monkeypatch.undo()
    assert same(learned(start, toy, tmp_path / "cut"), whole)


def test_settings_are_checked() -> None:
    for change in ({"trajectories": 0}, {"rounds": 0}):
        with pytest.raises(ConfigError):
            replace(CONFIG, **change)


def test_it_learns_which_query_leads_to_the_goal(toy: ShopData, tmp_path: Path) -> None:
    policy = fake_policy()
    goals, policy.offer = foreign_goals(toy)
    listed = [goal for _, goal in goals]
    assert max(shopped(policy, toy)) < 0.3
    dpo = replace(DPO, updates=120, batch_size=16, learning_rate=3e-3, checkpoint_every=120, log_every=120)
    config = SelfLearningConfig(trajectories=40, rounds=1, dpo=dpo)
    self_learn(policy, ShopTask(toy.shop), listed, range(8), config, tmp_path)
    assert min(shopped(policy, toy)) > 0.8  # a third of the goals were not trained on


def test_a_copy_keeps_the_offer(toy: ShopData) -> None:
    policy = fake_policy()
    _, policy.offer = foreign_goals(toy)
    copied = copy_of(policy, "copy")
    assert copied.offer is policy.offer
    assert copied.model is not policy.model
