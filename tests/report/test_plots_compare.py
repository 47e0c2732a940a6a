from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import ConfigError
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.report import plots_compare
from shoprl.report.plots_compare import CAPTIONS, plot_comparison
from tests.support.png import check_png
from tests.support.thompson import one_arm, run


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def test_figures_are_the_same_twice_and_keep_other_captions(tmp_path: Path) -> None:
    results = [run(rollouts=60, number=number) for number in range(2)]
    write_json(tmp_path / "a" / CAPTIONS, {"other.png": "Other"})
    captions = plot_comparison(results, tmp_path / "a")
    assert plot_comparison(results, tmp_path / "b") == captions == read_json(tmp_path / "b" / CAPTIONS, ConfigError)
    assert read_json(tmp_path / "a" / CAPTIONS, ConfigError) == {"other.png": "Other", **captions}
    assert len(captions) == 5
    for name in captions:
        assert check_png(tmp_path / "a" / name) == check_png(tmp_path / "b" / name)


def test_several_runs_are_drawn_as_their_mean_and_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[list[float], float]] = []

    def record(axes: Any, runs: Any, color: str, rollouts: int, most: float = float("inf")) -> list[float]:
        line = plots_compare_draw(axes, runs, color, rollouts, most)
        drawn.append((line, runs[0][1][-1]))
        return line

    plots_compare_draw = plots_compare._draw_runs
    monkeypatch.setattr(plots_compare, "_draw_runs", record)
    result = run(rollouts=60)
    captions = plot_comparison([result, result], tmp_path)
    assert "Line: mean of 2 runs; band: its 95% interval over runs." in captions["compare-best.png"]
    assert all(line[-1] == pytest.approx(last) for line, last in drawn)  # of equal runs the mean is each
    assert "95%" not in plot_comparison([result], tmp_path)["compare-best.png"]


def test_an_arm_never_played_and_a_run_of_one_rollout(tmp_path: Path) -> None:
    for name in plot_comparison([one_arm((0.5, 0.5), 1)], tmp_path):
        check_png(tmp_path / name)


def test_what_cannot_share_a_figure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no runs"):
        plot_comparison([], tmp_path)
    for other in (one_arm((0.5, 0.5), 1), run(rollouts=60, objective="score")):
        with pytest.raises(ConfigError, match="other arms or objectives"):
            plot_comparison([run(rollouts=60), other], tmp_path)
    assert list(tmp_path.iterdir()) == []
