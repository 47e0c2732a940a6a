import pytest

from shoprl.evaluation.results import ArmRow, Difference, PolicyRow
from shoprl.evaluation.statistics import Estimate
from shoprl.report.document import Cell
from shoprl.report.tables import (
    SUCCESS,
    agent_table,
    arm_table,
    comparison_table,
    counted,
    last_row_table,
    measured,
    value_table,
    verdict,
)
from shoprl.report.text import duration
from tests.support.folders import comparison, difference, policy_rows, row


def test_a_seed_that_was_not_scored_is_no_zero() -> None:
    rows = [PolicyRow(success_rate=value) for value in (0.45, 0.46, None)]
    # Student's t with one degree of freedom: 12.706 x 0.5 points to each side
    assert measured(rows, SUCCESS) == Cell("45.5%", "[39.1%, 51.9%], 2 of 3 seeds")
    assert measured(rows[2:] * 2, SUCCESS) == Cell("–")


def test_one_seed_has_its_interval_over_goals_and_equal_seeds_have_none() -> None:
    rows = policy_rows(row(0.5, 60), row(0.5, 60))
    assert measured(rows[:1], SUCCESS) == Cell("50.0%", "[49.0%, 51.0%]")
    assert measured(rows, SUCCESS) == Cell("50.0%")
    assert measured([PolicyRow(success_rate=0.5)], SUCCESS) == Cell("50.0%")


def test_the_range_of_costs_is_in_no_brackets() -> None:
    assert counted([600.0, 600.0]) == Cell("600")
    assert counted([60.0, 120.0], duration) == Cell("1 min 30 s", "1 min 00 s to 2 min 00 s")
    assert counted([]) is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([(0.1, 0.2)], "the interval excludes zero."),
        ([(-0.1, 0.2)], "the interval holds zero: no difference shown."),
        ([(0.1, 0.2)] * 3, "excludes zero in 3 of 3 seeds."),
        ([(0.1, 0.2), (-0.2, -0.1), (-1, 1)], "excludes zero in 2 of 3 seeds (1 above, 1 below)."),
    ],
)
def test_verdicts(ends: list[tuple[float, float]], said: str) -> None:
    assert verdict(ends) == said


def test_a_difference_of_several_seeds_is_their_mean_with_its_interval() -> None:
    seeds = [difference(comparison(0.1, 0.05, 0.15)), difference(comparison(0.2, -0.1, 0.5))]
    table = comparison_table({"dpo": seeds, "dpo, seed 0": seeds[:1]})
    assert table is not None
    # Student's t with one degree of freedom: 12.706 x 5 to each side
    assert table.rows[0][1][0] == Cell("+15.0", "[-48.5, +78.5]")
    assert "Over seeds: holds zero." in table.rows[0][1][2].text
    assert table.rows[1][1][0] == Cell("+10.0", "[+5.0, +15.0]")
    assert table.rows[1][1][3] == Cell("p = 0.065", "only the first right: 9, only the second: 2")


def test_mcnemar_has_no_column_without_a_test() -> None:
    table = comparison_table({"dpo": [Difference(score_difference=Estimate(1, 0.5, 2))]})
    assert table is not None
    assert len(table.columns) == 4 == 1 + len(table.rows[0][1])
    assert table.rows[0][1][:2] == (Cell("–"), Cell("+1.0", "[+0.5, +2.0]"))


def test_columns_appear_with_their_data() -> None:
    table = agent_table(
        {"a": policy_rows(row(0.5, 60, sampled={"success_rate": 0.4, "n": 50})), "b": policy_rows(row(0.1, 5))}
    )
    assert table is not None
    assert table.columns == ("Agent", "Success rate", "Score", "Test episodes", "Success, drawn actions")
    assert [cells[-1] for _, cells in table.rows] == [Cell("40.0%", "n = 50"), Cell("–")]
    assert agent_table({}) is None


def test_arms_of_one_run_and_of_several() -> None:
    table = arm_table("", {"dpo": ArmRow(rollouts=5, score=1.0, probability_best=0.25)})
    assert table.columns[-1] == "Probability best"
    assert table.rows[0] == ("dpo", (Cell("5"), Cell("–"), Cell("1.0"), Cell("25.0%")))


def test_the_last_rows_of_logs_share_their_columns() -> None:
    table = last_row_table({"a": {"update": 10, "loss": 0.123456}, "b": {"update": 20, "policy_loss": None}})
    assert table.columns == ("Training", "Update", "Loss", "Policy loss")
    assert [cells for _, cells in table.rows] == [
        (Cell("10"), Cell("0.1235"), Cell("–")),
        (Cell("20"), Cell("–"), Cell("–")),
    ]


def test_what_no_training_logs_is_not_shown() -> None:
    values = (1e308, float("nan"), float("-inf"), 10**400)
    table = last_row_table({"a": {str(i): value for i, value in enumerate(values)}})
    assert [cell.text for _, cells in table.rows for cell in cells] == ["–"] * 4


def test_values_in_which_runs_differ_are_told_apart() -> None:
    table = value_table("", {"a": {"x": 1, "v": {"y": 2}}, "b": {"x": 1, "v": {"y": 3}}})
    assert table is not None
    assert [(name, cells[0].text) for name, cells in table.rows] == [("x", "1"), ("v › y (a)", "2"), ("v › y (b)", "3")]
