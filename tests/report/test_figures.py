from pathlib import Path

import pytest

from shoprl.errors import RunError
from shoprl.evaluation.results import PolicyRow
from shoprl.report import figures
from shoprl.report.runs import grouped, read_runs
from tests.support.folders import add_log, policy_rows, row, run_folder

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[list[tuple[float, float]]]]]:
    """What is drawn."""
    found: dict[str, dict[str, list[list[tuple[float, float]]]]] = {}

    def draw(given: dict[str, dict[str, list[list[tuple[float, float]]]]], path: Path) -> None:
        found.update(given)
        path.write_bytes(PNG)

    monkeypatch.setattr(figures, "plot_panels", draw)
    return found


def test_losses_have_panels_of_their_own_and_scores_share_one(tmp_path: Path, panels: dict[str, object]) -> None:
    runs = [run_folder(tmp_path / str(seed), {}, seed) for seed in (0, 1)]
    for run in runs:
        add_log(run, "dpo", loss=0.5)
        add_log(run, "imitation", loss=2.5)
        for name in ("ppo", "policy_gradient"):
            add_log(run, name, loss=9.0, score=50.0, success=0.25)
    add_log(runs[0], "self/round-1", loss=0.5)
    add_log(runs[0], "self/round-2", loss=0.5)
    (figure,) = figures.curves_figure(grouped(read_runs(runs)))
    assert figure.png == PNG
    scores, success = "Score of sampled episodes", "Success rate of sampled episodes (%)"
    assert set(panels) == {"Loss: dpo", "Loss: imitation", "Loss: self", scores, success}
    seed = [(10.0, 50.0), (20.0, 50.0), (30.0, 50.0)]
    assert panels[scores] == {"policy_gradient": [seed] * 2, "ppo": [seed] * 2}
    assert panels["Loss: self"] == {"self": [[(float(update), 0.5) for update in range(10, 70, 10)]]}


def test_no_logs_no_curves(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", {"dpo": {"success_rate": None}})
    groups = grouped(read_runs([run]))
    assert list(figures.curves_figure(groups)) == []
    assert list(figures.agents_figure({"dpo": [PolicyRow(success_rate=None)]}, "")) == []


def test_agents_are_described_in_words_too() -> None:
    (figure,) = figures.agents_figure({"dpo": policy_rows(row(0.4, 50), row(0.5, 60))}, "Success and score")
    assert figure.png.startswith(PNG)
    assert figure.alt == "Success rate and score of each agent: dpo 45.0%, 55.0"


def test_pictures_of_several_runs_carry_their_names(tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / name, {}) for name in "ab"]
    for run in runs:
        (run / "figures").mkdir()
        (run / "figures" / "search_times.png").write_bytes(PNG)
        (run / "figures" / "losses.png").write_bytes(b"drawn by the report, not read")
    assert [figure.caption for figure in figures.run_figures(read_runs(runs))] == ["a: search times", "b: search times"]
    (runs[0] / "figures" / "x.png").write_bytes(b"<svg>")
    with pytest.raises(RunError, match=r"x\.png: not a PNG"):
        list(figures.run_figures(read_runs(runs)))


def test_pictures_of_a_study_come_once_and_first(tmp_path: Path) -> None:
    for seed in (0, 1):
        run = run_folder(tmp_path / "learners" / f"seed-{seed}", {"dpo": row(0.5, 60)}, seed)
        (run / "figures").mkdir()
        (run / "figures" / "own.png").write_bytes(PNG)
    (tmp_path / "learners" / "figures").mkdir()
    (tmp_path / "learners" / "figures" / "against.png").write_bytes(PNG)
    found = figures.run_figures(read_runs([tmp_path / "learners"]))
    assert [figure.caption for figure in found] == ["against", "seed-0: own", "seed-1: own"]
