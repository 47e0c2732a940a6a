from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.report.panels import Curve, plot_panels
from tests.support.png import check_png

SHORT: Curve = [(0, 2.0), (10, 1.0)]
LONG: Curve = [(i, 1 / (i + 1)) for i in range(200)]


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def test_panels_short_long_and_empty_are_the_same_twice(tmp_path: Path) -> None:
    panels: dict[str, dict[str, list[Curve]]] = {
        "Score": {"ppo": [SHORT, LONG], "a $strange_{name <b>" * 4: [LONG, []]},
        "Loss: dpo": {"dpo": [SHORT]},
        "none": {"x": [[]]},
    }
    plot_panels(panels, tmp_path / "a.png")
    plot_panels(panels, tmp_path / "b.png")
    assert check_png(tmp_path / "a.png") == check_png(tmp_path / "b.png")
    plot_panels({**panels, "more": {"x": [SHORT]}, "rows": {"x": [SHORT]}}, tmp_path / "c.png")
    assert height(tmp_path / "c.png") > height(tmp_path / "a.png")  # panels without a point are not drawn


def height(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[20:24], "big")


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no learning curves"):
        plot_panels({"none": {"x": [[]]}}, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
