"""One JSON document, or a readable text."""

import json

import pytest

from shoprl.cli.output import emit, percent, points, table


def test_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"ä": 1}, "text", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"ä": 1}
    emit({"ä": 1}, "text", as_json=False)
    assert capsys.readouterr().out == "text\n"
    with pytest.raises(ValueError, match="JSON"):
        emit(float("nan"), "text", as_json=True)


def test_columns_are_aligned() -> None:
    assert table(("agent", "n"), [("dpo", 1), ("rule-options", 20)]).splitlines() == [
        "agent          n",
        "------------  --",
        "dpo            1",
        "rule-options  20",
    ]


def test_shares_and_scores() -> None:
    assert (percent(None), percent(0.5), percent(0.5, (0.4, 0.6))) == ("-", "50.0%", "50.0% [40.0, 60.0]")
    assert (points(None), points(50), points(50, (40, 60))) == ("-", "50.0", "50.0 [40.0, 60.0]")
