from pathlib import Path

import pytest

from shoprl.bench.process import Cost
from tests.support.cli import Call, refused


def test_recommendations_are_measured(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(arguments: list[str]) -> Cost:
        asked.append(arguments)
        return Cost(1.5, 80.0)

    monkeypatch.setattr("shoprl.bench.recommend.run_measured", run)
    answer = call(
        "bench", "recommend", "--policy", "rule-options", "--data", toy_folder, "--requests", 4, "--runs", 1, "--json"
    )
    assert answer.code == 0, answer.err
    row = answer.json()
    assert (row["requests"], row["runs"], row["products"]) == (2, 1, 12)
    assert (row["first_answer_seconds"], row["first_answer_peak_mb"]) == (1.5, 80.0)
    assert row["targets"].keys() <= row.keys()
    assert row["machine"]["cores"]
    assert asked[0][:1] + asked[0][2:6] == ["recommend", "--policy", "rule-options", "--data", str(toy_folder)]
    assert call(*asked[0]).code == 0  # the command is one


def test_bad_options(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    refused(
        call("bench", "recommend", "--policy", "rule-options", "--data", toy_folder, "--requests", 1),
        "ConfigError",
        "--requests 1",
    )
    refused(
        call("bench", "recommend", "--policy", "rule-options", "--data", toy_folder, "--policy", tmp_path),
        "PolicyError",
        "policy.json",
    )
