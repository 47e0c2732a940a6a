from pathlib import Path

from tests.support.cli import Call, refused
from tests.support.world import IMPRESSIONS


def test_each_log_is_held_against_the_other(call: Call, tmp_path: Path) -> None:
    for name in ("random-men.csv", "bts-men.csv"):
        (tmp_path / name).write_text(IMPRESSIONS)
    row = call("bench", "off-policy", "--logs", tmp_path, "--json").json()
    for way in ("thompson_from_uniform", "uniform_from_thompson"):
        assert row[way]["observed"]["value"] == 0.5
        assert row[way]["estimates"].keys() == {"ips", "snips", "doubly_robust"}
        assert all(each["value"] == 0.5 and each["covers"] for each in row[way]["estimates"].values())
    assert row["commit"]
    text = call("bench", "off-policy", "--logs", tmp_path).out
    assert "doubly_robust  0.50000" in text
    assert "2 clicks of 4 in the log" in text


def test_logs_are_needed(call: Call, tmp_path: Path) -> None:
    refused(call("bench", "off-policy", "--logs", tmp_path / "none"), "LogError", "random*.csv")
    for name in ("random.csv", "bts.csv"):
        (tmp_path / name).write_text(IMPRESSIONS.replace("0.5", "1"))
    refused(call("bench", "off-policy", "--logs", tmp_path), "SupportError", "temperature")
