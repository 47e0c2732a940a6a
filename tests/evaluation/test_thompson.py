import json
from collections.abc import Sequence

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.thompson import (
    BetaPosterior,
    NormalGammaPosterior,
    Objective,
    Play,
    ThompsonConfig,
    ThompsonResult,
    arm_probabilities,
    run_thompson,
)
from shoprl.rollouts.records import Episode

ARMS = ("poor", "planted", "middling")


def shoppers(rates: Sequence[float]) -> Play:
    """Arms that succeed at these rates and otherwise earn 0.2."""

    def play(arm: int, goals: Sequence[int], rng: np.random.Generator) -> list[Episode]:
        return [
            Episode(goal_index=goal, decisions=(), reward=1.0 if rng.random() < rates[arm] else 0.2, done=True)
            for goal in goals
        ]

    return play


def run(seed: int = 0, objective: Objective = "success", rollouts: int = 400, batch: int = 16) -> ThompsonResult:
    config = ThompsonConfig(objective=objective, rollouts=rollouts, batch=batch, seed=seed)
    return run_thompson(ARMS, shoppers((0.1, 0.7, 0.3)), range(100, 150), config, np.random.default_rng(seed))


def test_beta_posterior_in_closed_form() -> None:
    posterior = BetaPosterior().update([1.0, 0.999, 1.0]).update([0.0])
    assert (posterior.successes, posterior.failures) == (2, 2)
    assert posterior.mean == 0.5
    draws = posterior.sample(np.random.default_rng(0), 50_000)
    assert draws.mean() == pytest.approx(0.5, abs=0.005)
    assert draws.var() == pytest.approx(3 * 3 / (36 * 7), abs=0.002)  # ab / ((a + b)^2 (a + b + 1)), a = b = 3


def test_normal_gamma_posterior_in_closed_form() -> None:
    posterior = NormalGammaPosterior().update([0.2, 0.8, 0.8])
    assert posterior.weight == 4
    assert posterior.location == pytest.approx((0.5 + 1.8) / 4)
    assert posterior.shape == 2.5
    # 0.1 + (sum of squares 0.24) / 2 + weight n (mean - location)^2 / (2 (weight + n)) = 0.1 + 0.12 + 3 x 0.01 / 8
    assert posterior.rate == pytest.approx(0.22375)
    draws = posterior.sample(np.random.default_rng(0), 200_000)
    assert draws.mean() == pytest.approx(posterior.mean, abs=0.002)
    variance = posterior.rate / (posterior.weight * posterior.shape) * 5 / 3  # Student's t, 5 degrees of freedom
    assert draws.var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("prior", [BetaPosterior(), NormalGammaPosterior()])
def test_updating_in_parts_equals_updating_at_once(prior: BetaPosterior | NormalGammaPosterior) -> None:
    rewards = [1.0, 0.3, 0.7, 1.0, 0.0]
    parts, whole = prior.update(rewards[:2]).update([]).update(rewards[2:]), prior.update(rewards)
    assert type(parts) is type(whole)
    for name in parts.__dataclass_fields__:
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))


@pytest.mark.parametrize("objective", ["success", "score"])
def test_planted_best_arm_gets_most_rollouts(objective: Objective) -> None:
    result = run(objective=objective)
    poor, planted, middling = result.arms
    assert planted.rollouts > 300 > 5 * max(poor.rollouts, middling.rollouts) / 2
    assert planted.probability_best > 0.95
    assert sum(row.probability_best for row in result.arms) == pytest.approx(1)


def test_records_agree_with_the_table() -> None:
    result = run()
    assert [record.index for record in result.records] == list(range(400))
    assert {record.goal_index for record in result.records} <= set(range(100, 150))
    for row in result.arms:
        rewards = [record.reward for record in result.records if record.arm == row.arm]
        assert row.rollouts == len(rewards)
        assert row.score == pytest.approx(100 * np.mean(rewards))
        assert row.success_rate == np.mean([reward == 1.0 for reward in rewards])
        assert 0 <= row.score_interval[0] < row.score < row.score_interval[1] <= 100
        assert row.success_rate_interval[0] < row.success_rate_interval[1]


def test_credible_interval_agrees_with_the_beta_distribution() -> None:
    config = ThompsonConfig(objective="success", rollouts=98, batch=98)
    result = run_thompson(["only"], shoppers([1.0]), [1], config, np.random.default_rng(0))
    low, high = result.arms[0].success_rate_interval  # Beta(99, 1): the quantile of q is q^(1/99)
    assert low == pytest.approx(0.025 ** (1 / 99), abs=0.003)
    assert high == pytest.approx(0.975 ** (1 / 99), abs=0.003)


def test_propensities_are_shares_that_the_choices_follow() -> None:
    records = run(batch=40).records
    assert all(0 < record.propensity <= 1 for record in records)
    first = {record.arm: record.propensity for record in records[:40]}
    assert all(value == pytest.approx(1 / 3, abs=0.06) for value in first.values())
    for start in range(0, 400, 40):
        played = {record.arm: record.propensity for record in records[start : start + 40]}
        assert sum(played.values()) <= 1 + 1e-9
    # Weighing by 1 / propensity gives each arm about the number of rollouts that playing it always would have had.
    weights = sum(1 / record.propensity for record in records if record.arm == "planted")
    assert weights == pytest.approx(400, rel=0.15)


def test_arm_probabilities_sum_to_one_and_are_never_zero() -> None:
    shares = arm_probabilities(np.array([1] * 1000), 4)
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0
    assert shares[1] == pytest.approx(1, abs=0.001)


def test_same_seed_same_run() -> None:
    assert run(seed=5).to_json() == run(seed=5).to_json()
    assert run(seed=5).records != run(seed=6).records


def test_last_batch_is_smaller_and_each_round_plays_an_arm_once() -> None:
    calls: list[tuple[int, int]] = []
    inner = shoppers((0.5, 0.5))

    def play(arm: int, goals: Sequence[int], rng: np.random.Generator) -> Sequence[Episode]:
        calls.append((arm, len(goals)))
        return inner(arm, goals, rng)

    run_thompson(["a", "b"], play, [3], ThompsonConfig(rollouts=25, batch=10), np.random.default_rng(0))
    assert sum(size for _, size in calls) == 25
    assert len(calls) <= 6


def test_regret_counts_what_the_best_arm_would_have_brought() -> None:
    result = run()
    regret = result.cumulative_regret()
    rates = {row.arm: row.success_rate or 0.0 for row in result.arms}
    lost = sum((rates["planted"] - rates[row.arm]) * row.rollouts for row in result.arms)
    assert regret.shape == (400,)
    assert regret[-1] == pytest.approx(lost)
    assert (np.diff(regret) >= 0).all()


def test_an_arm_never_played_is_not_scored() -> None:
    config = ThompsonConfig(rollouts=1, batch=1)
    result = run_thompson(["a", "b"], shoppers((0.5, 0.5)), [1], config, np.random.default_rng(0))
    idle = next(row for row in result.arms if row.rollouts == 0)
    assert idle.score is None
    assert idle.success_rate is None
    assert result.cumulative_regret().tolist() == [0.0]


def test_to_json_is_json() -> None:
    document = json.loads(json.dumps(run(rollouts=20).to_json(), allow_nan=False))
    assert document["objective"] == "success"
    assert [row["arm"] for row in document["arms"]] == list(ARMS)
    assert len(document["records"]) == 20


@pytest.mark.parametrize(
    ("arms", "goals"), [((), [1]), (("same", "same"), [1]), (("a", "b"), [])], ids=["no arms", "same names", "no goals"]
)
def test_a_run_that_cannot_start(arms: Sequence[str], goals: Sequence[int]) -> None:
    with pytest.raises(ConfigError):
        run_thompson(arms, shoppers((0.5, 0.5)), goals, ThompsonConfig(rollouts=1), np.random.default_rng(0))


@pytest.mark.parametrize("options", [{"rollouts": 0}, {"batch": 0}, {"objective": "reward"}])
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ThompsonConfig(**options)  # type: ignore[arg-type]


def test_play_that_returns_other_episodes_is_caught() -> None:
    with pytest.raises(ValueError, match="other episodes"):
        run_thompson(["a"], lambda arm, goals, rng: [], [1], ThompsonConfig(rollouts=2), np.random.default_rng(0))
