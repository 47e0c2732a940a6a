import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import Estimate, bootstrap_mean, paired_difference, summarize
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


def test_equal_values_give_no_width() -> None:
    assert bootstrap_mean([0.5] * 4, [1, 2, 3, 4], rng()) == Estimate(0.5, 0.5, 0.5)


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
