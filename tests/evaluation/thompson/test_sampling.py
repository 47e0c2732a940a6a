import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.thompson.sampling import (
    Allocation,
    Objective,
    ThompsonConfig,
    ThompsonRun,
    arm_probabilities,
    propensities,
)
from tests.support.thompson import ARMS, episodes, one_arm, run


@pytest.mark.parametrize("objective", ["success", "score"])
def test_planted_best_arm_gets_most_rollouts(objective: Objective) -> None:
    result = run(objective=objective)
    poor, planted, middling = result.arms.values()
    assert planted.rollouts > 300 > 5 * max(poor.rollouts, middling.rollouts) / 2
    assert planted.probability_best > 0.95
    assert sum(row.probability_best for row in result.arms.values()) == pytest.approx(1)


def test_top_two_plays_the_others_too_and_uniform_plays_all() -> None:
    counts = {how: [row.rollouts for row in run(allocation=how).arms.values()] for how in ("top-two", "uniform")}
    assert 150 < counts["top-two"][1] < 270  # about its share, a half
    assert min(counts["top-two"]) > 25
    assert all(abs(count - 400 / 3) < 30 for count in counts["uniform"])
    assert all(run(allocation=how).arms["planted"].probability_best > 0.99 for how in ("top-two", "uniform"))


def test_records_agree_with_the_table() -> None:
    result = run()
    assert [record.index for record in result.records] == list(range(400))
    assert {record.goal_index for record in result.records} <= set(range(100, 150))
    for name, row in result.arms.items():
        rewards = [record.reward for record in result.records if record.arm == name]
        assert row.rollouts == len(rewards)
        assert row.score == pytest.approx(100 * np.mean(rewards))
        assert row.success_rate == np.mean([reward == 1.0 for reward in rewards])
        assert row.score_interval
        assert row.success_rate_interval
        assert 0 <= row.score_interval[0] < row.score < row.score_interval[1] <= 100
        assert row.success_rate_interval[0] < row.success_rate_interval[1]


def test_credible_interval_agrees_with_the_beta_distribution() -> None:
    interval = one_arm([1.0], 98).arms["arm 0"].success_rate_interval  # Beta(99, 1): the quantile of q is q^(1/99)
    assert interval == pytest.approx((0.025 ** (1 / 99), 0.975 ** (1 / 99)), abs=0.003)


@pytest.mark.parametrize("allocation", ["thompson", "top-two", "uniform"])
def test_propensities_are_shares_that_the_choices_follow(allocation: Allocation) -> None:
    records = run(batch=40, allocation=allocation).records
    assert all(0 < record.propensity <= 1 for record in records)
    for start in range(0, 400, 40):
        played = {record.arm: record.propensity for record in records[start : start + 40]}
        assert sum(played.values()) <= 1 + 1e-9
    # Weighing by 1 / propensity gives each arm about the number of rollouts that playing it always would have had.
    weights = sum(1 / record.propensity for record in records if record.arm == "planted")
    assert weights == pytest.approx(400, rel=0.15)


@pytest.mark.parametrize("allocation", ["thompson", "top-two", "uniform"])
def test_a_round_is_drawn_with_the_propensities_it_names(allocation: Allocation) -> None:
    config = ThompsonConfig("success", allocation, rollouts=40_016, batch=16)
    started = ThompsonRun(ARMS, [1], config)
    first = started.next_round()
    started.learn(first, episodes(first))
    many = ThompsonRun(ARMS, [1], replace(config, batch=40_000))
    many.records, many._beliefs = started.records, started._beliefs
    asked = many.next_round()
    shares = [Counter(asked.arms)[arm] / len(asked.arms) for arm in range(3)]
    assert asked.propensities == pytest.approx(shares, abs=0.01)
    assert sum(asked.propensities) == pytest.approx(1)
    assert (max(asked.propensities) == pytest.approx(1 / 3)) == (allocation == "uniform")


def test_top_two_is_what_drawing_until_another_arm_comes_gives() -> None:
    best = np.array([0.7, 0.2, 0.1])
    config = ThompsonConfig(allocation="top-two", top_two_beta=0.6)
    rng = np.random.default_rng(0)
    counts = np.zeros(3)
    for _ in range(20_000):
        chosen = first = rng.choice(3, p=best)
        if rng.random() >= 0.6:
            while chosen == first:
                chosen = rng.choice(3, p=best)
        counts[chosen] += 1
    assert propensities(best, config) == pytest.approx(counts / 20_000, abs=0.012)
    assert propensities(best, config).sum() == pytest.approx(1)
    assert propensities(np.array([1.0]), config).tolist() == [1.0]


@pytest.mark.parametrize("allocation", ["thompson", "top-two"])
def test_a_floor_is_shared_by_all_arms(allocation: Allocation) -> None:
    best = np.array([0.7, 0.2, 0.1])
    plain = propensities(best, ThompsonConfig(allocation=allocation))
    floored = propensities(best, ThompsonConfig(allocation=allocation, floor=0.3))
    assert floored == pytest.approx(0.7 * plain + 0.1)
    assert floored.sum() == pytest.approx(1)


def test_arm_probabilities_sum_to_one_and_are_never_zero() -> None:
    shares = arm_probabilities(np.array([1] * 1000), 4)
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0
    assert shares[1] == pytest.approx(1, abs=0.001)


def test_same_seed_same_run_and_each_run_its_own() -> None:
    assert run(seed=5) == run(seed=5)
    assert run(seed=5).records != run(seed=6).records
    assert [r.goal_index for r in run(seed=5).records] != [r.goal_index for r in run(seed=5, number=1).records]
    seeds = {record.seed for number in (0, 1) for record in run(number=number).records}
    assert len(seeds) == 800


def test_a_round_is_the_same_whenever_it_is_asked() -> None:
    started = ThompsonRun(ARMS, [1, 2], ThompsonConfig(rollouts=50))
    assert started.next_round() == started.next_round()


def test_the_last_round_is_smaller() -> None:
    result = run(rollouts=25, batch=10)
    assert [start for start, _ in result.best] == [0, 10, 20, 25]
    assert all(sum(chances) == pytest.approx(1) for _, chances in result.best)


def test_regret_counts_what_the_best_arm_would_have_brought() -> None:
    result = run()
    regret = result.cumulative_regret()
    rates = {name: row.success_rate or 0.0 for name, row in result.arms.items()}
    lost = sum((rates["planted"] - rates[name]) * row.rollouts for name, row in result.arms.items())
    assert regret.shape == (400,)
    assert regret[-1] == pytest.approx(lost)
    assert (np.diff(regret) >= 0).all()


def test_an_arm_never_played_is_not_scored() -> None:
    result = one_arm((0.5, 0.5), 1)
    idle = next(row for row in result.arms.values() if row.rollouts == 0)
    assert (idle.score, idle.score_interval, idle.success_rate, idle.success_rate_interval) == (None,) * 4
    assert 0 < idle.probability_best < 1
    assert result.cumulative_regret().tolist() == [0.0]


def test_to_json_is_json() -> None:
    document = json.loads(json.dumps(run(rollouts=20, number=2).to_json(), allow_nan=False))
    assert document["run"] == 2
    assert list(document["arms"]) == list(ARMS)
    assert sum(row["rollouts"] for row in document["arms"].values()) == 20


@pytest.mark.parametrize(
    ("arms", "goals"), [((), [1]), (("same", "same"), [1]), (("a", "b"), [])], ids=["no arms", "same names", "no goals"]
)
def test_a_run_that_cannot_start(arms: Sequence[str], goals: Sequence[int]) -> None:
    with pytest.raises(ConfigError):
        ThompsonRun(arms, goals, ThompsonConfig(rollouts=1))


@pytest.mark.parametrize(
    "options",
    [
        {"rollouts": 0},
        {"batch": 0},
        {"chunk": 0},
        {"runs": 0},
        {"objective": "reward"},
        {"allocation": "greedy"},
        {"top_two_beta": 1.0},
        {"floor": -0.1},
        {"floor": 1.1},
        {"seed": -1},
    ],
)
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        ThompsonConfig(**options)  # type: ignore[arg-type]


def test_other_episodes_than_asked_are_caught() -> None:
    started = ThompsonRun(["a"], [1], ThompsonConfig(rollouts=2))
    with pytest.raises(ValueError, match="other episodes"):
        started.learn(started.next_round(), [])
