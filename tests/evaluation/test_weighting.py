import numpy as np
import pytest

from shoprl.evaluation.weighting import corrected, interval, kish, mean, normalised


def test_a_mean_and_its_interval_worked_by_hand() -> None:
    found = mean(np.array([1.0, 2.0, 6.0]))
    assert found.value == 3
    assert found.high - found.value == pytest.approx(1.95996 * np.sqrt(4 + 1 + 9) / 3, rel=1e-5)
    assert interval(3.0, np.array([-2.0, -1.0, 3.0])) == found


def test_a_weighted_mean_does_not_depend_on_the_scale_of_its_weights() -> None:
    weights, rewards = np.array([1.0, 0.0, 3.0]), np.array([4.0, 9.0, 0.0])
    value, deviations = normalised(weights, rewards)
    assert value == 1
    assert deviations == pytest.approx([3 * 0.75, 0, -3 * 0.75])
    other, same = normalised(10 * weights, rewards)
    assert other == pytest.approx(value)
    assert same == pytest.approx(deviations)


def test_a_model_without_errors_needs_no_weights() -> None:
    rewards = np.array([1.0, 0.0])
    assert corrected(np.array([0.5, 0.5]), np.array([9.0, 9.0]), rewards, rewards).tolist() == [0.5, 0.5]


def test_the_effective_sample_size_counts_weights_that_are_alike() -> None:
    assert kish(np.full(7, 0.3)) == pytest.approx(7)
    assert kish(np.array([5.0, 0.0, 0.0])) == 1
    assert kish(np.zeros(3)) == 0
