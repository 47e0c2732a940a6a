import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import (
    Estimate,
    McNemar,
    agreeing,
    bootstrap_mean,
    compare_paired,
    goals_needed,
    mcnemar,
    over_seeds,
    paired_difference,
    summarize,
)
from shoprl.rollouts.records import Episode


def episode(goal: int, reward: float) -> Episode:
    return Episode(goal_index=goal, decisions=(), reward=reward, done=True)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_value_is_the_mean_over_episodes_not_over_clusters() -> None:
    estimate = bootstrap_mean([0.0, 0.0, 1.0], [7, 7, 9], rng())
    assert estimate.value == pytest.approx(1 / 3)
    # Two clusters: the resamples are both first (0), one of each (1/3) and both second (1), at 1/4, 1/2 and 1/4.
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_quantiles_of_a_case_worked_by_hand() -> None:
    narrow = bootstrap_mean([0.0, 0.0, 1.0], [7, 7, 9], rng(), level=0.4)
    assert (narrow.low, narrow.high) == pytest.approx((1 / 3, 1 / 3))


def test_equal_values_without_bounds_give_no_width() -> None:
    assert bootstrap_mean([0.5] * 4, [1, 2, 3, 4], rng()) == Estimate(0.5, 0.5, 0.5)


@pytest.mark.parametrize(("count", "other"), [(20, 0.1611), (500, 0.0076)])  # R: prop.test(0, n, correct = FALSE)
def test_where_all_agree_the_interval_is_wilsons(count: int, other: float) -> None:
    lost, won = (summarize([episode(goal, reward) for goal in range(count)], rng()) for reward in (0.0, 1.0))
    assert lost.success_rate == Estimate(0.0, 0.0, pytest.approx(other, abs=5e-5))  # type: ignore[arg-type]
    assert won.success_rate == Estimate(1.0, pytest.approx(1 - other, abs=5e-5), 1.0)  # type: ignore[arg-type]
    assert lost.score.to_json() == pytest.approx({"value": 0, "low": 0, "high": 100 * other}, abs=5e-3)
    half = summarize([episode(goal, 0.5) for goal in range(count)], rng()).score
    assert (half.low, half.high) == pytest.approx((50 - 50 * other, 50 + 50 * other), abs=5e-3)
    same = compare_paired([episode(goal, 0.5) for goal in range(count)], [episode(goal, 0.5) for goal in range(count)])
    found = same.score_difference
    assert (found.value, found.low, found.high) == (0.0, pytest.approx(-100 * other, abs=5e-3), -found.low)


def test_episodes_of_one_goal_agree_as_one() -> None:
    many = summarize([episode(goal, 0.0) for goal in range(20) for _ in range(10)], rng())
    assert many.success_rate == summarize([episode(goal, 0.0) for goal in range(20)], rng()).success_rate
    uneven = [episode(goal, reward) for goal in range(20) for reward in (0.0, 1.0)]
    assert summarize(uneven, rng()).success_rate == agreeing(0.5, 20, (0.0, 1.0))


def test_bounds_change_nothing_where_goals_differ() -> None:
    values = [0.0] * 19 + [1.0]
    assert bootstrap_mean(values, range(20), rng(), bounds=(0.0, 1.0)) == bootstrap_mean(values, range(20), rng())


def test_agrees_with_the_normal_interval_on_many_clusters() -> None:
    values = rng(1).normal(0.5, 0.2, 2000)
    estimate = bootstrap_mean(values.tolist(), range(2000), rng(2))
    half = 1.96 * values.std() / np.sqrt(2000)
    assert estimate.low == pytest.approx(estimate.value - half, abs=0.1 * half)
    assert estimate.high == pytest.approx(estimate.value + half, abs=0.1 * half)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = rng(3)
    covered = 0
    for _ in range(200):
        values = (generator.random(100) < 0.3).astype(float)
        estimate = bootstrap_mean(values.tolist(), range(100), generator, draws=300)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.89 <= covered / 200 <= 0.99


def test_clustered_interval_is_wider_where_a_goal_repeats_itself() -> None:
    goals = np.repeat(np.arange(30), 10)
    values = (rng(4).random(30) < 0.5).astype(float)[goals].tolist()
    clustered = bootstrap_mean(values, goals.tolist(), rng(5))
    naive = bootstrap_mean(values, range(300), rng(5))
    assert clustered.value == naive.value
    assert clustered.high - clustered.low > 2 * (naive.high - naive.low)  # sqrt(10) in theory


def test_same_seed_same_interval_also_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values, clusters = rng(6).random(50).tolist(), list(range(50))
    whole = bootstrap_mean(values, clusters, rng(7))
    monkeypatch.setattr("shoprl.evaluation.statistics._CELLS", 130)
    assert bootstrap_mean(values, clusters, rng(7)) == whole


def test_names_of_clusters_do_not_matter() -> None:
    values = rng(8).random(20).tolist()
    small = bootstrap_mean(values, range(20), rng(9))
    assert bootstrap_mean(values, range(5000, 5020), rng(9)) == small


@pytest.mark.parametrize(
    ("values", "clusters", "options", "message"),
    [
        ([], [], {}, "not scored is not zero"),
        ([1.0], [1, 2], {}, "1 values and 2 clusters"),
        ([1.0, float("nan")], [1, 2], {}, "Value 1 is nan"),
        ([1.0], [1], {"draws": 0}, "draws"),
        ([1.0], [1], {"level": 1.0}, "level"),
    ],
)
def test_what_cannot_be_averaged_is_named(
    values: list[float], clusters: list[int], options: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        bootstrap_mean(values, clusters, rng(), **options)  # type: ignore[arg-type]


def test_paired_difference_cancels_what_goals_share() -> None:
    hardness = rng(10).random(200)
    a, b = (hardness + 0.1).tolist(), hardness.tolist()
    estimate = paired_difference(a, b, range(200), rng(11))
    assert estimate.value == pytest.approx(0.1)
    assert estimate.high - estimate.low < 1e-9


def test_paired_difference_needs_equal_lengths() -> None:
    with pytest.raises(ConfigError, match="2 and 1 episodes"):
        paired_difference([1.0, 0.0], [1.0], [1, 2], rng())


def test_summary_of_episodes() -> None:
    summary = summarize([episode(0, 1.0), episode(0, 0.5), episode(1, 0.0), episode(2, 0.9999)], rng())
    assert summary.episodes == 4
    assert summary.success_rate.value == 0.25
    assert summary.score.value == pytest.approx(62.4975)
    assert summary.score.low < summary.score.value < summary.score.high
    row = summary.to_json()
    assert row["success_rate"] == 0.25
    assert row["score_interval"] == [summary.score.low, summary.score.high]


def test_no_episodes_is_an_error_not_zero() -> None:
    with pytest.raises(ConfigError, match="not scored is not zero"):
        summarize([], rng())


def test_estimate_to_json() -> None:
    assert Estimate(0.5, 0.25, 0.75).to_json() == {"value": 0.5, "low": 0.25, "high": 0.75}


def test_mcnemar_worked_by_hand() -> None:
    # 1 of 6 uneven goals goes to the second agent: p = 2 (1 + 6) / 2^6.
    a, b = [True] * 5 + [False] + [True, False], [False] * 5 + [True] + [True, False]
    assert mcnemar(a, b) == McNemar(5, 1, 14 / 64)
    assert mcnemar(b, a) == McNemar(1, 5, 14 / 64)


def test_mcnemar_without_an_uneven_goal_or_with_as_many_on_each_side() -> None:
    assert mcnemar([True, False], [True, False]) == McNemar(0, 0, 1.0)
    assert mcnemar([True, False], [False, True]) == McNemar(1, 1, 1.0)


def test_mcnemar_of_many_goals_neither_overflows_nor_rounds_to_zero() -> None:
    assert mcnemar([True] * 1000, [False] * 1000).p_value == 2.0**-999
    even = mcnemar([True] * 2500 + [False] * 2400, [False] * 2500 + [True] * 2400).p_value
    assert even == pytest.approx(0.1573, abs=0.0005)  # normal approximation with continuity correction: z = 99 / 70


@pytest.mark.parametrize(("a", "b"), [([], []), ([True], [True, False])])
def test_mcnemar_needs_pairs(a: list[bool], b: list[bool]) -> None:
    with pytest.raises(ConfigError, match=f"found {len(a)} and {len(b)} episodes"):
        mcnemar(a, b)


def test_paired_comparison() -> None:
    first = [episode(goal, reward) for goal, reward in enumerate([1.0, 1.0, 0.5, 1.0])]
    second = [episode(goal, reward) for goal, reward in enumerate([1.0, 0.5, 0.5, 0.0])]
    found = compare_paired(first, second)
    assert (found.success_rate_difference.value, found.score_difference.value) == (0.5, 37.5)
    assert found.mcnemar == McNemar(2, 0, 0.5)
    differences = paired_difference([100.0, 100.0, 50.0, 100.0], [100.0, 50.0, 50.0, 0.0], range(4), rng(0))
    assert found.score_difference == differences
    assert found.to_json() == {
        "episodes": 4,
        "success_rate_difference": found.success_rate_difference.to_json(),
        "score_difference": differences.to_json(),
        "mcnemar": {"only_first": 2, "only_second": 0, "p_value": 0.5},
    }


def test_a_goal_played_twice_is_one_cluster_and_has_no_mcnemar_test() -> None:
    first, second = [episode(3, 1.0), episode(3, 1.0)], [episode(3, 1.0), episode(3, 0.0)]
    found = compare_paired(first, second)
    assert found.success_rate_difference == agreeing(0.5, 1, (-1.0, 1.0))
    assert found.mcnemar is None
    assert found.to_json()["mcnemar"] is None


def test_comparison_names_the_first_place_where_goals_differ() -> None:
    first, second = [episode(goal, 1.0) for goal in (0, 1, 2)], [episode(goal, 1.0) for goal in (0, 2, 1)]
    with pytest.raises(ConfigError, match="Episode 1 is of goal 1 for the first policy and of goal 2"):
        compare_paired(first, second)
    with pytest.raises(ConfigError, match="3 and 2 episodes"):
        compare_paired(first, first[:2])
    with pytest.raises(ConfigError, match="not scored is not zero"):
        compare_paired([], [])


def test_over_seeds_worked_by_hand() -> None:
    estimate = over_seeds([0.8, 0.9, 1.0])  # standard deviation 0.1, t(2) = 4.3027
    half = 4.30265 * 0.1 / 3**0.5
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.9, 0.9 - half, 0.9 + half), abs=1e-6)


def test_over_seeds_covers_the_truth_even_with_three_seeds() -> None:
    generator = rng(12)
    found = [over_seeds(generator.normal(0.7, 0.05, 3).tolist()) for _ in range(1000)]
    assert 0.93 <= np.mean([estimate.low <= 0.7 <= estimate.high for estimate in found]) <= 0.97


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ([0.5], 0.95, "One seed shows no spread"),
        ([], 0.95, "One seed shows no spread; found 0"),
        ([0.5, 0.6], 1.0, "level"),
        ([0.5, float("inf")], 0.95, "Value 1 is inf"),
    ],
)
def test_seeds_that_show_no_interval(values: list[float], level: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        over_seeds(values, level)


def test_goals_needed_of_cases_worked_by_hand() -> None:
    # (1.95996 + 0.84162)^2 = 7.84888; x (0.25 + 0.2475) / 0.0025 = 1561.9
    assert goals_needed() == 1562
    # Successes that agree as far as they can: 5% of goals differ, variance 0.05 - 0.05^2.
    correlation = (0.9 - 0.9 * 0.95) / (0.09 * 0.0475) ** 0.5 - 1e-12
    assert goals_needed(first=0.9, correlation=correlation) == 150  # 7.84888 x 0.0475 / 0.0025 = 149.1
    assert goals_needed(-0.05, 0.55) == goals_needed(0.05, 0.5)


@pytest.mark.parametrize(("first", "correlation"), [(0.5, 0.0), (0.5, 0.5), (0.8, 0.5)])
def test_goals_needed_give_the_power_that_they_promise(first: float, correlation: float) -> None:
    second = first + 0.05
    goals = goals_needed(0.05, first, correlation=correlation)
    both = first * second + correlation * (first * (1 - first) * second * (1 - second)) ** 0.5
    chances = [both, first - both, second - both, 1 - first - second + both]
    _, only_first, only_second, _ = rng(13).multinomial(goals, chances, 4000).T / goals
    difference = only_second - only_first
    error = np.sqrt((only_first + only_second - difference**2) / goals)
    assert np.mean(difference > 1.96 * error) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"difference": 0.0}, "other than 0"),
        ({"first": 0.97}, "within"),
        ({"power": 1.0}, "power 1.0"),
        ({"level": 0.0}, "level 0.0"),
        ({"correlation": 0.99}, "correlation of 0.99"),
        ({"first": 0.9, "correlation": -0.5}, "correlation of -0.5"),
    ],
)
def test_goals_needed_of_what_cannot_be(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        goals_needed(**options)
