from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from shoprl.files import write_json
from tests.support.cli import Call, refused

pytest.importorskip("alembic", reason="needs the extra service")
from shoprl.bench.feedback import FeedbackConfig


def result(taste: str, seed: int, config: FeedbackConfig) -> dict[str, Any]:
    rates = {
        name: {"value": value, "low": value - 0.05, "high": value + 0.05}
        for name, value in (("untouched", 0.3), ("learned", 0.45), ("control", 0.31))
    }
    less = {name: {"value": 0.1, "low": 0.05, "high": 0.15} for name in ("untouched", "control")}
    block = {"sessions": {"pretrained": 4}, "bought": {"pretrained": 1}}
    held = {"rates": rates, "learned_less": less, "raised_by": 0.5, "could_buy": 0.6, "requests": 4}
    rounds = [{"sessions": 4, "blocks": [block]}]
    return {"taste": taste, "seed": seed, "settings": asdict(config), "rounds": rounds, "held_out": held}


def test_finished_runs_are_not_made_again(call: Call, tmp_path: Path) -> None:
    for taste in ("price", "family"):
        for seed in (0, 1):
            write_json(tmp_path / f"{taste}-{seed}" / "result.json", result(taste, seed, FeedbackConfig()))
    answer = call("bench", "feedback", "--out", tmp_path, "--seeds", 0, 1)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert [line.split(",")[0] for line in lines[2:6]] == ["price", "price", "family", "family"]
    assert "45.0% [40.0, 50.0]" in lines[2]
    assert "+50%" in lines[2]
    row = call("bench", "feedback", "--out", tmp_path, "--seeds", 1, "--tastes", "price", "--json").json()
    assert [(each["taste"], each["seed"]) for each in row["rows"]] == [("price", 1)]
    assert row["figure"] is None or Path(row["figure"]).is_file()
    assert row["machine"]["cores"] >= 1


def test_runs_of_other_settings_are_refused(call: Call, tmp_path: Path) -> None:
    write_json(tmp_path / "price-0" / "result.json", result("price", 0, FeedbackConfig(sessions=7)))
    refused(
        call("bench", "feedback", "--out", tmp_path, "--seeds", 0),
        "ConfigError",
        "was made with other settings",
        "price-0",
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tastes", "colour"], "--tastes"),
        (["--seeds", -1], "--seeds"),
        (["--rounds", 9, "--sessions", 8], "--sessions 8: fewer than rounds (9)"),
        (["--temperature", -1], "--temperature -1"),
    ],
)
def test_bad_options(call: Call, tmp_path: Path, options: list[object], words: str) -> None:
    refused(call("bench", "feedback", "--out", tmp_path, *options), "ConfigError", words)
