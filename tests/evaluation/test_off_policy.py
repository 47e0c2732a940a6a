from collections.abc import Sequence

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.off_policy import Log, doubly_robust, effective_sample_size, ips, snips
from shoprl.evaluation.statistics import Estimate
from shoprl.evaluation.thompson.sampling import ThompsonConfig, ThompsonRun
from shoprl.rollouts.records import Episode

NAMES = np.array(["weak", "middle", "strong"])
RATES = np.array([0.45, 0.6, 0.7])
SMALL = Log(["a", "b", "a", "b"], [0.5, 0.5, 0.8, 0.2], [1.0, 0.0, 0.5, 1.0], [4, 5, 6, 7])


def played(arms: np.ndarray, chances: np.ndarray, rewards: np.ndarray) -> Log:
    return Log(NAMES[arms].tolist(), chances.tolist(), rewards.tolist())


def random_log(rng: np.random.Generator, size: int = 500) -> Log:
    """Arms drawn with fixed chances."""
    chances = np.array([0.2, 0.3, 0.5])
    arms = rng.choice(3, size, p=chances)
    return played(arms, chances[arms], (rng.random(size) < RATES[arms]).astype(float))


def adaptive_log(rng: np.random.Generator, floor: float, rounds: int = 20, batch: int = 50) -> Log:
    """Thompson sampling with Beta beliefs, a share ``floor`` of it spread evenly; its propensities are exact."""
    wins, losses = np.ones(3), np.ones(3)
    parts = []
    for _ in range(rounds):
        best = rng.beta(wins, losses, (200, 3)).argmax(axis=1)
        chances = (1 - floor) * np.bincount(best, minlength=3) / 200 + floor / 3
        arms = rng.choice(3, batch, p=chances)
        rewards = (rng.random(batch) < RATES[arms]).astype(float)
        np.add.at(wins, arms, rewards)
        np.add.at(losses, arms, 1 - rewards)
        parts.append((arms, chances[arms], rewards))
    return played(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def mean_error_and_coverage(estimates: Sequence[Estimate], truth: float) -> tuple[float, float]:
    covered = [estimate.low <= truth <= estimate.high for estimate in estimates]
    return float(np.mean([estimate.value - truth for estimate in estimates])), float(np.mean(covered))


def width(estimates: Sequence[Estimate]) -> float:
    return float(np.mean([estimate.high - estimate.low for estimate in estimates]))


def test_ips_and_its_interval_worked_by_hand() -> None:
    found = ips(SMALL, {"a": 1.0})  # terms 2, 0, 0.625, 0
    assert found.value == pytest.approx(0.65625)
    deviations = np.array([2, 0, 0.625, 0]) - 0.65625
    assert found.high - found.value == pytest.approx(1.95996 * np.sqrt((deviations**2).sum()) / 4, rel=1e-5)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_snips_and_effective_sample_size_worked_by_hand() -> None:
    found = snips(SMALL, {"a": 1.0})  # weights 2 and 1.25
    value = (2 * 1.0 + 1.25 * 0.5) / 3.25
    assert found.value == pytest.approx(value)
    error = np.hypot(2 * (1 - value), 1.25 * (0.5 - value)) / 3.25
    assert found.high - found.value == pytest.approx(1.95996 * error, rel=1e-5)
    assert effective_sample_size(SMALL, {"a": 1.0}) == pytest.approx(3.25**2 / (4 + 1.25**2))


def test_a_log_of_the_target_itself_gives_the_plain_mean() -> None:
    log = Log(["a"] * 4, [1.0] * 4, [1.0, 0.0, 0.0, 1.0])
    assert ips(log, {"a": 1.0}) == snips(log, {"a": 1.0})
    assert ips(log, {"a": 1.0}).value == 0.5
    assert effective_sample_size(log, {"a": 1.0}) == 4


def test_a_mixed_target_is_the_mixture_of_its_arms() -> None:
    parts = [ips(SMALL, {arm: 1.0}).value for arm in "ab"]
    assert ips(SMALL, {"a": 0.25, "b": 0.75}).value == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])
    robust = [doubly_robust(SMALL, {arm: 1.0}).value for arm in "ab"]
    mixed = doubly_robust(SMALL, {"b": 0.75, "a": 0.25})
    assert mixed.value == pytest.approx(0.25 * robust[0] + 0.75 * robust[1])


def test_the_default_model_sees_earlier_rollouts_only() -> None:
    # Arm a: nothing yet; its 1; its 1; its 1 and 0.5. Arm b: nothing yet; overall 1; its 0; its 0.
    before = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.75, 0.0]])
    target = {"a": 0.5, "b": 0.5}
    assert doubly_robust(SMALL, target) == doubly_robust(SMALL, target, before)


def test_doubly_robust_worked_by_hand_with_an_array_and_with_a_callable() -> None:
    model = np.array([[0.4], [0.5], [0.6], [0.7]])  # goal / 10
    found = doubly_robust(SMALL, {"a": 1.0}, model)
    assert found.value == pytest.approx(0.55 + (2 * 0.6 - 1.25 * 0.1) / 4)
    assert doubly_robust(SMALL, {"a": 1.0}, lambda goal, arm: goal / 10).value == pytest.approx(found.value)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    logs = [random_log(rng) for _ in range(400)]
    for arm, truth in zip(NAMES.tolist(), RATES, strict=True):
        widths = []
        for estimator in (ips, snips, doubly_robust):
            found = [estimator(log, {arm: 1.0}) for log in logs]
            error, coverage = mean_error_and_coverage(found, truth)
            assert abs(error) < 0.01
            assert 0.92 <= coverage <= 0.98
            widths.append(width(found))
        assert widths[2] < 0.9 * widths[0]


def test_a_model_that_knows_the_goals_narrows_the_interval_and_a_wrong_one_does_no_harm_to_the_mean() -> None:
    rng = np.random.default_rng(1)
    known, wrong = [], []
    for _ in range(400):
        log = random_log(rng)
        goals = rng.integers(100, size=500)
        rewards = (rng.random(500) < goals / 99).astype(float).tolist()  # the goal alone decides: mean 1/2
        log = Log(log.arms, log.propensities, rewards, goals.tolist())
        known.append(doubly_robust(log, {"weak": 1.0}, lambda goal, arm: goal / 99))
        wrong.append(doubly_robust(log, {"weak": 1.0}, lambda goal, arm: 1 - goal / 99))
    for found in (known, wrong):
        error, coverage = mean_error_and_coverage(found, 0.5)
        assert abs(error) < 0.01
        assert 0.92 <= coverage <= 0.98
    assert width(known) < 0.7 * width(wrong)


def test_logs_that_adapt_with_a_floor_are_covered_a_little_less_often_than_nominal() -> None:
    rng = np.random.default_rng(2)
    logs = [adaptive_log(rng, floor=0.15) for _ in range(400)]
    for arm, truth in zip(NAMES.tolist(), RATES, strict=True):
        for estimator in (ips, doubly_robust):
            error, coverage = mean_error_and_coverage([estimator(log, {arm: 1.0}) for log in logs], truth)
            assert abs(error) < 0.015
            assert 0.91 <= coverage <= 0.98


def test_an_arm_that_fades_without_a_floor_is_estimated_too_low() -> None:
    rng = np.random.default_rng(3)
    logs = [log for log in (adaptive_log(rng, floor=0.0) for _ in range(200)) if "weak" in log.arms]
    error, coverage = mean_error_and_coverage([ips(log, {"weak": 1.0}) for log in logs], RATES[0])
    assert error < -0.1
    assert coverage < 0.7
    assert np.mean([effective_sample_size(log, {"weak": 1.0}) for log in logs]) < 20
    strong = [doubly_robust(log, {"strong": 1.0}) for log in logs]
    error, coverage = mean_error_and_coverage(strong, RATES[2])
    assert abs(error) < 0.01
    assert coverage > 0.9


@pytest.mark.parametrize(
    ("arms", "propensities", "rewards", "goals", "message"),
    [
        ([], [], [], [], "no rollouts"),
        (["a"], [0.5, 0.5], [1.0], [], r"found \(2, 1, 1\)"),
        (["a"], [0.5], [], [], r"found \(1, 0, 1\)"),
        (["a"], [0.5], [1.0], [1, 2], r"found \(1, 1, 2\)"),
        (["a", "a"], [0.5, 0.0], [1.0, 1.0], [], "Rollout 1 has propensity 0.0"),
        (["a"], [1.1], [1.0], [], "Rollout 0 has propensity 1.1"),
        (["a"], [float("nan")], [1.0], [], "Rollout 0 has propensity nan"),
        (["a"], [0.5], [float("inf")], [], "reward inf"),
    ],
)
def test_what_is_no_log_is_named(
    arms: list[str], propensities: list[float], rewards: list[float], goals: list[int], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Log(arms, propensities, rewards, goals)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"a": 0.5}, "sum to 1"),
        ({}, "sum to 1"),
        ({"a": 1.5, "b": -0.5}, "at least 0"),
        ({"c": 1.0}, r"has no rollouts of \['c'\]"),
    ],
)
def test_what_is_no_target_is_named(target: dict[str, float], message: str) -> None:
    for estimator in (ips, snips, doubly_robust, effective_sample_size):
        with pytest.raises(ConfigError, match=message):
            estimator(SMALL, target)


def test_an_arm_without_a_chance_need_not_have_been_played() -> None:
    assert ips(SMALL, {"a": 1.0, "c": 0.0}) == ips(SMALL, {"a": 1.0})


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(ConfigError, match=r"shape \(4, 1\); found \(4, 2\)"):
        doubly_robust(SMALL, {"a": 1.0}, np.zeros((4, 2)))
    with pytest.raises(ConfigError, match="asked about goals"):
        doubly_robust(Log(["a"], [1.0], [1.0]), {"a": 1.0}, lambda goal, arm: 0.0)


def test_records_of_a_comparison_with_a_floor_give_the_truth_back() -> None:
    names, covered = ("weak", "middle", "strong"), {(arm, how): 0 for arm in range(3) for how in (ips, doubly_robust)}
    for seed in range(100):
        config = ThompsonConfig("success", floor=0.15, rollouts=400, batch=50, runs=1, seed=seed)
        run = ThompsonRun(names, range(40), config)
        while not run.over:
            asked = run.next_round()
            wins = [
                np.random.default_rng(own).random() < RATES[arm]
                for arm, own in zip(asked.arms, asked.seeds, strict=True)
            ]
            played = [Episode(goal, (), float(won), done=True) for goal, won in zip(asked.goals, wins, strict=True)]
            run.learn(asked, played)
        records = run.records
        log = Log([r.arm for r in records], [r.propensity for r in records], [r.reward for r in records])
        for arm, how in covered:
            found = how(log, {names[arm]: 1.0})
            covered[arm, how] += found.low <= RATES[arm] <= found.high
    assert all(0.88 <= count / 100 <= 0.99 for count in covered.values()), covered
