import json
from pathlib import Path

import pytest

from shoprl.errors import RunError
from shoprl.evaluation.results import Measurement, PolicyRow, RunResults
from shoprl.experiments.studies.figures import draw_study, plot_against, points_of
from shoprl.experiments.studies.plans import TINY, plan, studies
from shoprl.shop.data import ShopData


def test_success_against_a_number_leaves_out_what_was_not_scored(tmp_path: Path) -> None:
    study = studies(TINY)["stacked"]
    runs = [
        RunResults(agents={"dpo": PolicyRow(success_rate=0.5), "stacked": PolicyRow(success_rate=0.6)}),
        RunResults(agents={"dpo": PolicyRow(success_rate=0.3)}),
    ]
    points = points_of(study, runs, lambda row: row)
    assert points == {"stacked": {0.0: [50.0, 30.0], 1.0: [60.0], 2.0: [], 3.0: []}}
    plot_against("rounds", {"Success": points}, tmp_path / "against.png")
    assert (tmp_path / "against.png").read_bytes().startswith(b"\x89PNG")


def scored(value: float) -> PolicyRow:
    return PolicyRow(success_rate=value, sampled=Measurement(success_rate=value / 2))


def test_a_study_without_arms_is_drawn_against_its_number(toy: ShopData, tmp_path: Path) -> None:
    runs = [RunResults(seed=seed, agents={"imitation": scored(0.2), "dpo": scored(0.4)}) for seed in range(2)]
    draw_study(tmp_path, studies(TINY)["longer"], plan(TINY), toy, runs)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"against.png", "captions.json"}
    captions = json.loads((tmp_path / "figures" / "captions.json").read_text())
    assert captions["against.png"].startswith("Success on the test goals against updates.")


def test_incomplete_rollouts_are_an_error(toy: ShopData, tmp_path: Path) -> None:
    runs = [RunResults(seed=0, agents={"dpo": scored(0.4)})]
    with pytest.raises(RunError, match="incomplete"):
        draw_study(tmp_path, studies(TINY)["data"], plan(TINY), toy, runs)


def test_nothing_to_draw_leaves_nothing(toy: ShopData, tmp_path: Path) -> None:
    draw_study(tmp_path, studies(TINY)["generalisation"], plan(TINY), toy, [RunResults(seed=0, agents={})])
    assert list(tmp_path.iterdir()) == []
