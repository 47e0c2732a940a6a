import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.evaluate import evaluate, success_on
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask


def test_it_sums_up_one_episode_a_goal(toy: ShopData) -> None:
    goals = list(enumerate(toy.goals))
    found = evaluate(RulePolicy(), ShopTask(toy.shop), goals, seed=3)
    assert found.episodes == run_episodes(RulePolicy(), ShopTask(toy.shop), goals, 3)
    rewards = [episode.reward for episode in found.episodes]
    assert found.summary.episodes == len(goals)
    assert found.summary.score.value == pytest.approx(100 * np.mean(rewards))
    assert found.summary.success_rate.value == pytest.approx(np.mean([reward == 1.0 for reward in rewards]))
    assert found.summary.score.low < found.summary.score.value < found.summary.score.high
    assert found.decisions_per_second > 0


def test_it_is_repeatable(toy: ShopData) -> None:
    goals = list(enumerate(toy.goals))
    runs = [evaluate(RandomPolicy(), ShopTask(toy.shop), goals, "sample", seed) for seed in (1, 1, 2)]
    assert runs[0].episodes == runs[1].episodes
    assert runs[0].summary == runs[1].summary
    assert runs[0].episodes != runs[2].episodes


def test_its_json_form_leaves_the_episodes_out(toy: ShopData) -> None:
    row = evaluate(RulePolicy(), ShopTask(toy.shop), [(4, toy.goals[4])]).to_json()
    assert set(row) == {
        "episodes", "success_rate", "success_rate_interval", "score", "score_interval", "decisions_per_second"
    }  # fmt: skip
    assert row["episodes"] == 1


def test_no_goals_are_an_error(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="not scored is not zero"):
        evaluate(RulePolicy(), ShopTask(toy.shop), [])


def episodes_on(*rewards: tuple[int, float]) -> list[Episode]:
    return [Episode(index, (), reward, True) for index, reward in rewards]


def test_success_on_products_never_shown(toy: ShopData) -> None:
    asins = [goal.asin for goal in toy.goals]
    shown = {asins[0]}
    new = [i for i, asin in enumerate(asins) if asin not in shown][:4]
    episodes = episodes_on((0, 1.0), (new[0], 1.0), (new[1], 0.99), (new[2], 0.0), (new[3], 1.0))
    estimate, count = success_on(episodes, toy.goals, shown)
    assert count == 4
    assert estimate is not None
    assert estimate.value == 0.5
    assert estimate.low <= 0.5 <= estimate.high
    whole, count = success_on(episodes, toy.goals, ())
    assert count == 5
    assert whole is not None
    assert whole.value == 0.6


def test_nothing_left_is_not_zero(toy: ShopData) -> None:
    shown = {goal.asin for goal in toy.goals}
    assert success_on(episodes_on((0, 1.0), (1, 0.0)), toy.goals, shown) == (None, 0)
    assert success_on([], toy.goals, ()) == (None, 0)
