import pytest

from shoprl.report.document import Cell
from shoprl.report.tables import agent_table, arm_table, comparison_table, measured, value_table, verdict
from shoprl.report.text import percent
from tests.support.folders import comparison, row


def test_a_seed_that_was_not_scored_is_no_zero() -> None:
    rows = [{"success_rate": 0.4}, {"success_rate": 0.6}, {"success_rate": None}]
    assert measured(rows, "success_rate", percent) == Cell("50.0%", "40.0% to 60.0%, 2 of 3 seeds")
    assert measured(rows[2:] * 2, "success_rate", percent) == Cell("–")


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([(0.1, 0.2)], "the interval excludes zero."),
        ([(-0.1, 0.2)], "the interval holds zero: not told apart."),
        ([(0.1, 0.2)] * 3, "excludes zero in 3 of 3 seeds."),
        ([(0.1, 0.2), (-0.2, -0.1), (-1, 1)], "excludes zero in 2 of 3 seeds (1 above, 1 below)."),
    ],
)
def test_verdicts(ends: list[tuple[float, float]], said: str) -> None:
    assert verdict(ends) == said


def test_comparisons_of_seeds_have_a_mean_and_a_row_each() -> None:
    table = comparison_table({"dpo": [("seed 0", comparison(0.1, 0.05, 0.15)), ("seed 1", comparison(0.2, -0.1, 0.5))]})
    assert table is not None
    assert [name for name, _ in table.rows] == ["dpo", "dpo, seed 0", "dpo, seed 1"]
    # Student's t with one degree of freedom: 12.706 x 5 to each side
    assert table.rows[0][1][0] == Cell("+15.0", "+10.0 to +20.0; over seeds [-48.5, +78.5]")
    assert "Over seeds: holds zero." in table.rows[0][1][2].text
    assert table.rows[1][1][0] == Cell("+10.0", "[+5.0, +15.0]")
    assert table.rows[1][1][3] == Cell("p = 0.065", "only the first right: 9, only the second: 2")


def test_mcnemar_has_no_column_without_a_test() -> None:
    table = comparison_table({"dpo": [("seed 0", {"score_difference": {"value": 1, "low": 0.5, "high": 2}})]})
    assert table is not None
    assert len(table.columns) == 4 == 1 + len(table.rows[0][1])
    assert table.rows[0][1][:2] == (Cell("–"), Cell("+1.0", "[+0.5, +2.0]"))


def test_columns_appear_with_their_data() -> None:
    table = agent_table({"a": [row(0.5, 60, sampled={"success_rate": 0.4, "n": 50})], "b": [row(0.1, 5)]})
    assert table is not None
    assert table.columns == ("Agent", "Success rate", "Score", "Test episodes", "Success, drawn actions")
    assert [cells[-1] for _, cells in table.rows] == [Cell("40.0%", "n = 50"), Cell("–")]
    assert agent_table({}) is None


def test_arms_of_one_run_and_of_several() -> None:
    arm = {"rollouts": 5, "score": 1.0, "probability_best": 0.25}
    tables = [arm_table("", {"arms": arms}) for arms in ([{"arm": "dpo", **arm}], {"dpo": arm})]
    assert tables[0] == tables[1]
    assert tables[0] is not None
    assert tables[0].rows[0] == ("dpo", (Cell("5"), Cell("–"), Cell("1.0"), Cell("25.0%")))
    assert arm_table("", {"arms": 3}) is None


def test_values_in_which_runs_differ_are_told_apart() -> None:
    table = value_table("", {"a": {"x": 1, "v": {"y": 2}}, "b": {"x": 1, "v": {"y": 3}}})
    assert table is not None
    assert [(name, cells[0].text) for name, cells in table.rows] == [("x", "1"), ("v › y (a)", "2"), ("v › y (b)", "3")]
