from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import ConfigError
from shoprl.report.plots_feedback import plot_feedback
from tests.support.png import check_png


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def row(taste: str, seed: int) -> dict[str, Any]:
    rates = {name: {"value": 0.3, "low": 0.25, "high": 0.35} for name in ("untouched", "learned", "control")}
    first = {"sessions": 200, "blocks": [{"sessions": {"pretrained": 100}, "bought": {"pretrained": 30}}] * 2}
    second = {
        "sessions": 100,
        "blocks": [{"sessions": {"pretrained": 20, "round-1": 80}, "bought": {"pretrained": 5, "round-1": 40}}],
    }
    return {
        "taste": taste, "seed": seed, "rounds": [first, second], "held_out": {"rates": rates, "could_buy": 0.6}
    }  # fmt: skip


def test_a_column_a_taste_and_the_same_bytes_twice(tmp_path: Path) -> None:
    rows = [row(taste, seed) for taste in ("brand", "price") for seed in range(3)]
    plot_feedback(rows, tmp_path / "a.png")
    plot_feedback(rows, tmp_path / "b.png")
    assert check_png(tmp_path / "a.png") == check_png(tmp_path / "b.png")
    plot_feedback(rows[:1], tmp_path / "one.png")
    assert check_png(tmp_path / "one.png") != check_png(tmp_path / "a.png")


def test_nothing_to_draw_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no results to draw"):
        plot_feedback([], tmp_path / "a.png")
