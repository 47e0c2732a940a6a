from pathlib import Path

from shoprl.experiments.studies.figures import plot_against, points_of
from shoprl.experiments.studies.plans import TINY, studies


def test_success_against_a_number_leaves_out_what_was_not_scored(tmp_path: Path) -> None:
    study = studies(TINY)["stacked"]
    runs = [
        {"agents": {"dpo": {"success_rate": 0.5}, "stacked": {"success_rate": 0.6}}},
        {"agents": {"dpo": {"success_rate": 0.3}}},
    ]
    points = points_of(study, runs, lambda row: 100 * row["success_rate"])
    assert points == {"stacked": {0.0: [50.0, 30.0], 1.0: [60.0], 2.0: [], 3.0: []}}
    plot_against("rounds", {"Success": points}, tmp_path / "against.png")
    assert (tmp_path / "against.png").read_bytes().startswith(b"\x89PNG")
