"""Lists of three of five items, drawn by Plackett-Luce; the truth is a sum over all sixty lists."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from shoprl.errors import ConfigError, SupportError
from shoprl.evaluation import off_policy
from shoprl.evaluation.lists import (
    TRUSTED,
    Expected,
    ListEstimate,
    ListLog,
    Reading,
    cross_fitted,
    doubly_robust,
    ips,
    snips,
)
from shoprl.evaluation.weighting import mean

Array = NDArray[np.float64]
ITEMS, PLACES = 5, 3
LISTS = np.array(list(permutations(range(ITEMS), PLACES)))
RATES = np.array([0.1, 0.2, 0.35, 0.5, 0.3])  # of a reward, for who looks
LOOKS = np.array([1.0, 0.7, 0.4])  # at places that are independent
LOGGED, TARGET = np.array([0.5, 0.3, 0.2, 0.0, 0.1]), np.array([0.0, 0.2, 0.4, 0.7, 0.2])  # scores
ESTIMATORS: tuple[Callable[..., ListEstimate], ...] = (ips, snips, doubly_robust)
SMALL = ListLog(
    np.array([[0.5, 0.25], [0.5, 1.0]]), np.array([[0.25, 0.5], [1.0, 1.0]]), np.array([[1.0, 1.0], [0.0, 3.0]])
)


def conditional(scores: Array, lists: NDArray[np.int64], temperature: float = 0.5) -> Array:
    """The probability of each item at its place, given those above it."""
    left = np.tile(np.exp(scores / temperature), (len(lists), 1))
    found = np.empty(lists.shape)
    for place, items in enumerate(lists.T):
        rows = np.arange(len(lists))
        found[:, place] = left[rows, items] / left.sum(axis=1)
        left[rows, items] = 0
    return found


def choices(scores: Array, lists: NDArray[np.int64], temperature: float = 0.5) -> Array:
    """The probability of every item at each place, given the items above; shape (decisions, places, items)."""
    left = np.tile(np.exp(scores / temperature), (len(lists), 1))
    found = np.empty((*lists.shape, ITEMS))
    for place, items in enumerate(lists.T):
        found[:, place] = left / left.sum(axis=1, keepdims=True)
        left[np.arange(len(lists)), items] = 0
    return found


def marginal(scores: Array) -> Array:
    """The probability of each item at each place; shape (places, items)."""
    found, chances = np.zeros((PLACES, ITEMS)), conditional(scores, LISTS).prod(axis=1)
    for items, chance in zip(LISTS, chances, strict=True):
        found[np.arange(PLACES), items] += chance
    return found


def looked(rates: Array) -> Array:
    """How likely each place of a list is looked at: who was rewarded above looks on less often."""
    on = 0.9 - 0.5 * rates
    return np.concatenate([np.ones((len(rates), 1)), np.cumprod(on, axis=1)[:, :-1]], axis=1)


def truth(scores: Array, reading: Reading) -> float:
    of_list = RATES[LISTS] * (looked(RATES[LISTS]) if reading == "cascade" else LOOKS)
    return float(conditional(scores, LISTS).prod(axis=1) @ of_list.sum(axis=1))


def drawn(rng: np.random.Generator, reading: Reading, size: int = 600) -> tuple[ListLog, NDArray[np.int64]]:
    """A log of people who look as a reading says, and its items."""
    chances = conditional(LOGGED, LISTS).prod(axis=1)
    lists = LISTS[rng.choice(len(LISTS), size, p=chances)]
    if reading == "independent":
        rewards = (rng.random(lists.shape) < RATES[lists] * LOOKS).astype(float)
        places = np.arange(PLACES)
        return ListLog(marginal(LOGGED)[places, lists], marginal(TARGET)[places, lists], rewards), lists
    rewards, looks = np.zeros(lists.shape), np.ones(size, dtype=bool)
    for place in range(PLACES):
        rewards[:, place] = looks & (rng.random(size) < RATES[lists[:, place]])
        looks &= rng.random(size) < np.where(rewards[:, place] > 0, 0.4, 0.9)
    return ListLog(conditional(LOGGED, lists), conditional(TARGET, lists), rewards), lists


def test_a_cascade_worked_by_hand() -> None:
    # weights 0.5, 0.5 * 2 = 1 and 2, 2
    assert ips(SMALL).estimate.value == pytest.approx((0.5 + 1 + 0 + 6) / 2)
    assert snips(SMALL).estimate.value == pytest.approx((0.5 + 0) / 2.5 + (1 + 6) / 3)
    assert ips(SMALL).effective_sample_size == pytest.approx(3**2 / (1 + 4))
    assert ips(SMALL).effective_rewards == pytest.approx(7.5**2 / (1.5**2 + 6**2))
    half = ips(SMALL).estimate.high - ips(SMALL).estimate.value
    assert half == pytest.approx(1.95996 * np.hypot(1.5 - 3.75, 6 - 3.75) / 2, rel=1e-5)
    model = Expected(np.array([[0.4, 0.5], [0.1, 2.0]]), np.array([[0.3, 0.6], [0.2, 1.5]]))
    first = 0.3 + 0.5 * (1 - 0.4) + 0.5 * 0.6 + 1 * (1 - 0.5)
    second = 0.2 + 2 * (0 - 0.1) + 2 * 1.5 + 2 * (3 - 2)
    assert doubly_robust(SMALL, model=model).estimate.value == pytest.approx((first + second) / 2)


def test_independent_places_worked_by_hand() -> None:
    # ratios 0.5, 2 and 2, 1
    assert ips(SMALL, "independent").estimate.value == pytest.approx((0.5 + 2 + 0 + 3) / 2)
    assert snips(SMALL, "independent").estimate.value == pytest.approx(0.5 / 2.5 + 5 / 3)
    assert ips(SMALL, "independent").effective_sample_size == pytest.approx(5.5**2 / (0.25 + 4 + 4 + 1) / 2)
    model = Expected(np.full((2, 2), 0.5), np.full((2, 2), 0.25))
    terms = (0.5 + 0.5 * 0.5 + 2 * 0.5) + (0.5 + 2 * -0.5 + 1 * 2.5)
    assert doubly_robust(SMALL, "independent", model).estimate.value == pytest.approx(terms / 2)


@pytest.mark.parametrize("reading", ["cascade", "independent"])
def test_a_log_of_the_target_itself_gives_the_plain_mean(reading: Reading) -> None:
    log, _ = drawn(np.random.default_rng(0), reading)
    same = ListLog(log.propensities, log.propensities, log.rewards)
    for estimator in ESTIMATORS:
        found = estimator(same, reading)
        assert found.estimate.value == pytest.approx(log.rewards.sum(axis=1).mean())
        assert found.effective_sample_size == pytest.approx(len(log))
        assert found.trusted
    fixed = ListLog(np.ones((2, 1)), np.ones((2, 1)), np.array([[1.0], [0.0]]))  # nothing was drawn, and need not be
    assert ips(fixed).estimate.value == 0.5


def test_lists_of_one_item_are_arms() -> None:
    rng = np.random.default_rng(0)
    arms = rng.choice(2, 50, p=[0.3, 0.7])
    rewards = (rng.random(50) < 0.5).astype(float)
    log = off_policy.Log(["ab"[arm] for arm in arms], [(0.3, 0.7)[arm] for arm in arms], rewards.tolist())
    lists = ListLog(np.array([0.3, 0.7])[arms, None], np.array([0.6, 0.4])[arms, None], rewards[:, None])
    for reading in ("cascade", "independent"):
        assert ips(lists, reading).estimate == off_policy.ips(log, {"a": 0.6, "b": 0.4})
        found, arm = snips(lists, reading).estimate, off_policy.snips(log, {"a": 0.6, "b": 0.4})
        assert (found.value, found.low, found.high) == pytest.approx((arm.value, arm.low, arm.high))
        size = off_policy.effective_sample_size(log, {"a": 0.6, "b": 0.4})
        assert ips(lists, reading).effective_sample_size == pytest.approx(size)


@pytest.mark.parametrize("reading", ["cascade", "independent"])
def test_padding_says_nothing(reading: Reading) -> None:
    log, _ = drawn(np.random.default_rng(0), reading)
    wide, mask = (np.pad(each, ((0, 3), (0, 2))) for each in (log.rewards, np.ones(log.rewards.shape, dtype=bool)))
    garbage = np.where(mask, 0.0, np.nan)
    parts = [np.pad(each, ((0, 3), (0, 2))) + garbage for each in (log.propensities, log.target)]
    padded = ListLog(*parts, wide + garbage, mask)
    for estimator in (ips, doubly_robust):
        own, other = estimator(log, reading), estimator(padded, reading)
        assert other.estimate.value * len(padded) == pytest.approx(own.estimate.value * len(log), rel=0.01)
        assert other.effective_sample_size == pytest.approx(own.effective_sample_size)
    assert snips(padded, reading).estimate.value * 603 / 600 == pytest.approx(snips(log, reading).estimate.value)


@pytest.mark.parametrize("reading", ["cascade", "independent"])
def test_lists_of_several_lengths_give_the_plain_mean_and_its_interval(reading: Reading) -> None:
    rng = np.random.default_rng(0)
    log, _ = drawn(rng, reading)
    listed = np.arange(PLACES) < rng.integers(1, PLACES + 1, size=(len(log), 1))
    same = ListLog(log.propensities, log.propensities, log.rewards, listed)
    plain = mean((log.rewards * listed).sum(axis=1))
    for estimator in ESTIMATORS:
        found = estimator(same, reading).estimate
        assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-3)


@pytest.mark.parametrize("reading", ["cascade", "independent"])
def test_intervals_cover_the_truth_on_moderate_weights(reading: Reading) -> None:
    covered: dict[str, list[bool]] = {}
    values: dict[str, list[float]] = {}
    widths: dict[str, list[float]] = {}
    right = truth(TARGET, reading)
    for seed in range(200):
        log, lists = drawn(np.random.default_rng(seed), reading)
        every = choices(TARGET, lists) if reading == "cascade" else marginal(TARGET)
        made = {estimator.__name__: estimator(log, reading) for estimator in ESTIMATORS}
        made["by_item"] = doubly_robust(log, reading, cross_fitted(log, reading, lists, every))
        for name, found in made.items():
            assert found.effective_sample_size > TRUSTED
            estimate = found.estimate
            covered.setdefault(name, []).append(estimate.low <= right <= estimate.high)
            values.setdefault(name, []).append(estimate.value)
            widths.setdefault(name, []).append(estimate.high - estimate.low)
    assert all(sum(each) >= 0.9 * 200 for each in covered.values()), {name: sum(x) for name, x in covered.items()}
    assert all(abs(np.mean(each) - right) < 0.02 for each in values.values())
    wide = {name: np.mean(each) for name, each in widths.items()}
    assert wide["by_item"] < wide["doubly_robust"] < 0.92 * wide["ips"]
    assert abs(truth(LOGGED, reading) - right) > 0.08  # the target is another policy


def test_conditional_chances_are_not_for_independent_places() -> None:
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(30):
        log, lists = drawn(rng, "independent", 3000)
        wrong = ListLog(conditional(LOGGED, lists), conditional(TARGET, lists), log.rewards)
        errors.append(ips(wrong, "independent").estimate.value - truth(TARGET, "independent"))
    assert np.mean(errors) > 3 * np.std(errors) / np.sqrt(30)


def test_a_model_that_depends_on_nothing_it_is_asked_about_does_not_bias() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(100):
        log, lists = drawn(rng, "cascade")
        model = rng.random((PLACES, ITEMS))
        every = choices(TARGET, lists)
        wrong = Expected(model[np.arange(PLACES), lists], (every * model).sum(axis=-1))
        found.append(doubly_robust(log, model=wrong).estimate.value)
    assert np.mean(found) == pytest.approx(truth(TARGET, "cascade"), abs=3 * np.std(found) / 10)


def test_a_small_sample_is_not_trusted() -> None:
    log, _ = drawn(np.random.default_rng(0), "cascade", 60)
    assert not ips(log).trusted
    assert ips(log).to_json()["effective_sample_size"] < 60


def test_the_default_model_sees_other_folds_only() -> None:
    log, lists = drawn(np.random.default_rng(0), "cascade", 10)
    changed = log.rewards.copy()
    changed[3] += 100
    other = ListLog(log.propensities, log.target, changed)
    for arguments in ((), (lists, choices(TARGET, lists))):
        before, after = (cross_fitted(each, "cascade", *arguments) for each in (log, other))
        same = np.isclose(before.logged, after.logged).all(axis=1) & np.isclose(before.target, after.target).all(axis=1)
        assert np.flatnonzero(same).tolist() == [3, 8]  # its fold


def test_a_ranking_that_was_not_drawn_has_no_support() -> None:
    with pytest.raises(SupportError, match="temperature"):
        ListLog(np.ones((3, 2)), np.full((3, 2), 0.5), np.ones((3, 2)))
    partly = ListLog(np.array([[1.0], [0.5]]), np.array([[0.5], [0.5]]), np.ones((2, 1)))
    assert ips(partly).unsupported == 1
    assert not ips(partly).trusted


def test_a_target_that_shows_nothing_of_the_log_has_no_estimate() -> None:
    with pytest.raises(SupportError, match="none of the logged items"):
        ListLog(np.full((3, 1), 0.5), np.zeros((3, 1)), np.ones((3, 1)))
    half = ListLog(np.full((3, 2), 0.5), np.array([[0.5, 0.0]] * 3), np.ones((3, 2)))
    assert ips(half).estimate.value == 1
    with pytest.raises(SupportError, match="Place 2"):
        snips(half)
    with pytest.raises(SupportError, match="too large"):
        ips(ListLog(np.full((3, 2), 1e-200), np.ones((3, 2)), np.ones((3, 2))))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.ones(3), np.ones(3), np.ones(3)), "shape"),
        ((np.ones((3, 2)), np.ones((3, 2)), np.ones((3, 1))), "shape"),
        ((np.ones((0, 2)), np.ones((0, 2)), np.ones((0, 2))), "no items"),
        ((np.array([[0.5], [0.0]]), np.ones((2, 1)), np.ones((2, 1))), "Decision 1, place 1: propensity 0"),
        ((np.full((1, 1), 0.5), np.full((1, 1), 1.5), np.ones((1, 1))), "the target's 1.5"),
        ((np.full((1, 1), 0.5), np.full((1, 1), np.nan), np.ones((1, 1))), "nan"),
        ((np.full((1, 1), 0.5), np.full((1, 1), 0.5), np.full((1, 1), np.inf)), "reward inf"),
    ],
)
def test_arrays_that_are_no_log_are_refused(arrays: tuple[Array, Array, Array], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ListLog(*arrays)


def test_models_and_readings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="reading 'dcg'"):
        ips(SMALL, "dcg")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="shape"):
        doubly_robust(SMALL, model=Expected(np.ones((2, 1)), np.ones((2, 2))))
    with pytest.raises(ConfigError, match="finite"):
        doubly_robust(SMALL, model=Expected(np.full((2, 2), np.nan), np.ones((2, 2))))
    items = np.zeros((2, 2), dtype=np.int64)
    with pytest.raises(ConfigError, match="both"):
        cross_fitted(SMALL, "cascade", items)
    with pytest.raises(ConfigError, match="must fit"):
        cross_fitted(SMALL, "cascade", items, np.ones((3, 1)))
    with pytest.raises(ConfigError, match="from 0 to 0"):
        cross_fitted(SMALL, "cascade", items + 1, np.ones((2, 1)))
