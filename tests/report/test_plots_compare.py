from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.files import read_json, write_json
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
