"""Off-policy estimates on 10,000 impressions each of two policies of the Open Bandit Dataset (arXiv 2008.07146)."""

import pytest

from shoprl.bench.off_policy import bench_off_policy, read_logs
from tests.support.realdata import real_logs


def test_the_uniform_log_tells_what_thompson_sampling_earned() -> None:
    found = bench_off_policy(read_logs(real_logs()))["thompson_from_uniform"]
    assert (found.own, found.observed["value"]) == (0.0046, 0.0069)
    for row in found.estimates.values():
        assert row["low"] <= 0.0069 <= row["high"]
        assert found.own < row["value"]  # it is the better policy, as it turned out
        assert row["width"] < 0.006
        assert row["effective_sample_size"] == pytest.approx(2869, abs=1)


def test_thompson_samplings_log_says_less_of_the_uniform_policy() -> None:
    found = bench_off_policy(read_logs(real_logs()))["uniform_from_thompson"]
    assert [row["covers"] for row in found.estimates.values()] == [False, True, True]  # ips misses by 0.00007
    assert all(row["effective_rewards"] < 20 for row in found.estimates.values())
