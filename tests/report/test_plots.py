import sys
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import Estimate, Summary
from shoprl.report import plots
from shoprl.report.plots import plot_agents
from tests.support.png import check_png

AGENTS = {
    "random": Summary(500, Estimate(0.0, 0.0, 0.0), Estimate(5.0, 4.0, 6.0)),
    "a $strange_{name <b>" * 4: Summary(500, Estimate(0.5, 0.4, 0.6), Estimate(70.0, 65.0, 75.0)),
}


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def test_agents_figure_is_the_same_twice_and_takes_any_name(tmp_path: Path) -> None:
    plot_agents(AGENTS, tmp_path / "deep" / "a.png")
    plot_agents(AGENTS, tmp_path / "b.png")
    assert check_png(tmp_path / "deep" / "a.png") == check_png(tmp_path / "b.png")


def test_seeds_are_drawn_beside_their_mean(tmp_path: Path) -> None:
    name = next(iter(AGENTS))
    plot_agents(AGENTS, tmp_path / "a.png")
    plot_agents(AGENTS, tmp_path / "b.png", {name: [AGENTS[name], AGENTS[name]]})
    assert check_png(tmp_path / "a.png") != check_png(tmp_path / "b.png")


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no agents"):
        plot_agents({}, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_users_settings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it would fail
    before = matplotlib.rcParams.copy()
    plot_agents(AGENTS, tmp_path / "a.png")
    assert matplotlib.rcParams.copy() == before


def test_missing_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r'pip install "shoprl\[report\]"'):
        plot_agents(AGENTS, tmp_path / "a.png")


def test_scaling_is_drawn(tmp_path: Path) -> None:
    names = [name for _, curves in plots._SCALING for name, _ in curves]
    rows = [{"products": size, **dict.fromkeys(names, size / 7)} for size in (1_000, 100_000)]
    for name in ("one.png", "two.png"):
        plots.plot_scaling(rows, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
