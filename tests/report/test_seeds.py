import pytest

from shoprl.report.seeds import OverSeeds, in_brackets, summarize_seeds


def percent(value: float) -> str:
    return f"{value:.1f}%"


@pytest.mark.parametrize(
    ("values", "over_goals", "text"),
    [
        ([52.3], None, ""),
        ([52.3], (50.0, 54.5), "[50.0%, 54.5%]"),
        ([50.0, 51.0, 52.0], (0.0, 1.0), "[48.5%, 53.5%]"),  # 4.303 / sqrt(3) to each side
        ([50.0, 50.0], None, ""),
        ([1.0, 99.0], None, "[0.0%, 100.0%]"),
    ],
)
def test_brackets_hold_the_interval_and_never_the_range(
    values: list[float], over_goals: tuple[float, float] | None, text: str
) -> None:
    summary = summarize_seeds(values, (0.0, 100.0), over_goals)
    assert summary is not None
    assert in_brackets(summary.interval, percent) == text


def test_nothing_scored_is_no_value() -> None:
    assert summarize_seeds([]) is None


def test_the_range_is_known_apart() -> None:
    summary = summarize_seeds([1.0, 3.0])
    assert summary is not None
    assert (summary.mean, summary.low, summary.high, summary.seeds) == (2.0, 1.0, 3.0, 2)
    assert summary.interval == pytest.approx((-10.706, 14.706), abs=0.001)
    assert OverSeeds(2.0, None, 2.0, 2.0, 1).to_json() == {
        "mean": 2.0,
        "interval": None,
        "low": 2.0,
        "high": 2.0,
        "seeds": 1,
    }
