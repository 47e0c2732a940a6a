"""What `shoprl study` and `shoprl reproduce --budget paper` print and refuse; the studies are stood in for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoprl.claims import claimed
from shoprl.cli.reproduce import PAPER, Reproduce
from shoprl.cli.study import StudyCommand
from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.results import Difference, Measurement, PolicyRow, RunResults
from shoprl.evaluation.statistics import Estimate
from shoprl.experiments.studies.running import Studies


def results(success: float) -> RunResults:
    row = PolicyRow(success_rate=success, score=80.0, sampled=Measurement(success_rate=0.2))
    change = Estimate(success - 0.5, success - 0.6, success - 0.4)
    difference = Difference(name="dpo less ppo, greedy", success_rate_difference=change)
    return RunResults(title="A title", agents={"dpo": row}, comparisons=(difference,))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The (study, seed) that were run; seed 1 lacks an agent and a comparison."""
    made: list[tuple[str, int]] = []

    def run(self: Studies, name: str, seed: int) -> RunResults:
        made.append((name, seed))
        if seed == 1:
            return RunResults(title="A title", agents={}, comparisons=(), not_made={"dpo": "is never right"})
        return results(0.6 + seed / 10)

    nothing: Callable[..., None] = lambda *_: None  # noqa: E731
    monkeypatch.setattr(Studies, "run", run)
    monkeypatch.setattr(Studies, "settings", nothing)
    monkeypatch.setattr(Studies, "draw", nothing)
    monkeypatch.setattr("shoprl.report.write_runs_report", nothing)
    return made


def test_seeds_are_averaged_and_what_was_not_made_is_said(
    calls: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    StudyCommand(names=("data", "stacked"), out=tmp_path, data=tmp_path, seeds=(0, 1, 2), threads=1).execute()
    assert calls == [(name, seed) for name in ("data", "stacked") for seed in (0, 1, 2)]
    text = capsys.readouterr().out
    assert "70.0% [-57.1, 197.1]" in text  # Student's t over two seeds: 70 +- 12.706 * 10
    assert "80.0 [80.0, 80.0]" in text
    assert "dpo less ppo, greedy, success: +10.0, +30.0 points" in text
    assert "not made: dpo: is never right" in text
    assert f"report: {tmp_path / 'stacked' / 'report.html'}" in text


def test_json_holds_every_run(calls: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    StudyCommand(names=("data",), out=tmp_path, data=tmp_path, seeds=(0, 2), threads=1, json=True).execute()
    assert list(json.loads(capsys.readouterr().out)["data"]) == ["0", "2"]
    assert calls == [("data", 0), ("data", 2)]


@pytest.mark.parametrize(
    ("names", "seeds", "threads"), [((), (0,), 1), (("data",), (), 1), (("data",), (0, 0), 1), (("data",), (0,), 0)]
)
def test_what_makes_no_sense_is_refused(names: Any, seeds: tuple[int, ...], threads: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        StudyCommand(names=names, out=tmp_path, data=tmp_path, seeds=seeds, threads=threads).execute()


def test_the_papers_budget_runs_its_studies_with_three_seeds(calls: list[tuple[str, int]], tmp_path: Path) -> None:
    Reproduce(data=tmp_path, budget="paper", out=tmp_path / "new", seed=4, threads=1).execute()
    assert calls == [(name, seed) for name in PAPER for seed in (4, 5, 6)]


def test_the_papers_budget_goes_on_only_where_it_was_asked_to(calls: list[tuple[str, int]], tmp_path: Path) -> None:
    (tmp_path / "learners").mkdir()
    with pytest.raises(RunError, match="--resume"):
        Reproduce(data=tmp_path, budget="paper", out=tmp_path, threads=1).execute()
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match="another budget"):
        Reproduce(data=tmp_path, budget="paper", out=tmp_path, threads=1, resume=True).execute()
    assert calls == []


def test_two_commands_in_one_folder(calls: list[tuple[str, int]], tmp_path: Path) -> None:
    """Studies share agents beside their run folders, so that one of them claims the folder of all."""
    with (
        claimed(tmp_path / "out"),
        pytest.raises(RunError, match="is at work there"),
    ):
        StudyCommand(names=("learners",), out=tmp_path / "out").execute()
    assert calls == []
    assert list(tmp_path.iterdir()) == []
    StudyCommand(names=("learners",), out=tmp_path / "out", seeds=(0,)).execute()
    assert calls == [("learners", 0)]
