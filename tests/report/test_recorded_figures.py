"""The figures of the documentation are drawn from the recorded results by ``benchmarks/figures.py``."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "figures.py"


def test_the_figure_of_the_studies_is_drawn_from_what_is_recorded(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("recorded_figures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    learners, longer = figures.read_study("learners"), figures.read_study("longer")
    curves = figures.curves((learners, longer))
    assert list(curves["dpo"]) == [0, 48, 144, 240, 480]
    assert sum(curves["dpo"][144]) / 3 == pytest.approx(44.9, abs=0.05)  # as docs/results/study-learners.md says
    assert dict(figures.rollouts(learners))["dpo"] == [778, 471, 323]
    figures.draw(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
