from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import ConfigError, RunError
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.loop import read_log
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.trajectories.examples import Example
from tests.support.fakes import fake_policy
from tests.support.training import expert_examples, mean_reward, same, training_goals

CONFIG = PolicyGradientConfig(
    updates=6, batch_size=4, learning_rate=1e-3, warmup=2, checkpoint_every=2, log_every=1, demonstrated=4
)


def trained(
    data: ShopData, folder: Path, config: PolicyGradientConfig = CONFIG, shown: list[Example] | None = None
) -> ChoicePolicy:
    policy = fake_policy()
    train_policy_gradient(policy, ShopTask(data.shop), training_goals(data), shown or [], config, folder)
    return policy


def test_the_total_is_the_weighted_sum_of_its_parts(toy: ShopData, tmp_path: Path) -> None:
    config = replace(CONFIG, policy_weight=1.5, value_weight=0.5, imitation_weight=0.1, entropy_weight=0.01)
    trained(toy, tmp_path, config, expert_examples(toy, 6))
    for row in read_log(tmp_path):  # a row an update
        parts = 1.5 * row["policy_loss"] + 0.5 * row["value_loss"] + 0.1 * row["imitation_loss"]
        assert row["loss"] == pytest.approx(parts - 0.01 * row["entropy"], abs=1e-6)


@pytest.mark.parametrize("change", [{"discount": 0.0}, {"discount": 1.1}, {"value_weight": -1.0}, {"demonstrated": 0}])
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **change)  # type: ignore[arg-type]


def test_it_learns_from_rewards_alone(toy: ShopData, tmp_path: Path) -> None:
    before = mean_reward(fake_policy(), toy)
    config = replace(CONFIG, updates=60, batch_size=16, learning_rate=1e-2, value_weight=0.5, entropy_weight=0.003)
    policy = trained(toy, tmp_path, config)
    assert mean_reward(policy, toy) > before + 0.2


def test_two_trainings_agree(toy: ShopData, tmp_path: Path) -> None:
    shown = expert_examples(toy, 6)
    first, second = (trained(toy, tmp_path / name, shown=shown) for name in ("one", "two"))
    assert same(first, second)
    assert not same(first, trained(toy, tmp_path / "three", replace(CONFIG, seed=1), shown))


def test_a_resumed_training_equals_an_uninterrupted_one(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(toy, tmp_path / "whole")
    calls = iter(range(100))
    from shoprl.training import policy_gradient

    real = policy_gradient.collect_for

    def stop_at_the_fifth(*args: object, **kwargs: object) -> object:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(policy_gradient, "collect_for", stop_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        trained(toy, tmp_path / "cut")
    monkeypatch.undo()
    assert same(trained(toy, tmp_path / "cut"), whole)
    assert read_log(tmp_path / "cut") == read_log(tmp_path / "whole")


def test_every_metric_is_logged(toy: ShopData, tmp_path: Path) -> None:
    trained(toy, tmp_path, shown=expert_examples(toy, 6))
    row = read_log(tmp_path)[-1]
    assert set(row) == {
        *("update", "learning_rate", "loss", "gradient_norm", "policy_loss", "value_loss", "imitation_loss", "entropy"),
        *("score", "success", "steps"),
    }
    assert row["imitation_loss"] > 0


def test_a_checkpoint_of_other_goals_is_refused(toy: ShopData, tmp_path: Path) -> None:
    trained(toy, tmp_path)
    policy = fake_policy()
    with pytest.raises(RunError, match="made with other settings or data"):
        train_policy_gradient(policy, ShopTask(toy.shop), training_goals(toy)[:5], [], CONFIG, tmp_path)
