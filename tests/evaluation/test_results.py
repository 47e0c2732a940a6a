import json
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.evaluation.results import (
    NOT_RECORDED,
    ArmRow,
    Commit,
    Difference,
    Measurement,
    PolicyRow,
    RunRecord,
    RunResults,
    ThompsonResults,
    read_record,
    read_results,
    write_results,
)
from shoprl.evaluation.statistics import Estimate, McNemar, PairedComparison, Summary
from shoprl.evaluation.thompson.sampling import ArmResult

RECORDED = Path(__file__).parents[2] / "benchmarks" / "results"
GENERATED = RECORDED / "quick-generated.json"
STUDIES = sorted((RECORDED / "studies").glob("*.json"))
SUMMARY = Summary(500, Estimate(0.5, 0.4, 0.6), Estimate(70.0, 65.0, 75.0))


@pytest.mark.parametrize(
    "path", [*STUDIES, *sorted(RECORDED.glob("standard-*.json")), GENERATED], ids=lambda path: path.stem
)
def test_recorded_results_are_written_as_they_were_read(path: Path) -> None:
    document = json.loads(path.read_text())
    results = document.get("results", document)
    assert json.dumps(RunResults.from_json(results, path).to_json()) == json.dumps(results)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("quick-webshop-*.json")), ids=lambda path: path.stem)
def test_results_of_an_older_form_are_read(path: Path) -> None:
    document = json.loads(path.read_text())
    written = RunResults.from_json(document, path).to_json()
    assert list(written) == list(document)
    arms = document["thompson"]["arms"]
    document["thompson"]["arms"] = {arm.pop("arm"): arm for arm in arms}  # a list then
    assert written == document


def test_a_recorded_comparison_is_read() -> None:
    document = json.loads((RECORDED / "compare.json").read_text())
    written = ThompsonResults.from_json(document, "compare.json").to_json()
    assert written == {key: document[key] for key in written}
    assert list(written) == ["objective", "allocation", "rollouts", "batch", "seed", "arms", "runs"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_records_of_runs_are_read(path: Path) -> None:
    document = json.loads(path.read_text())["run"]
    record = RunRecord.from_json(document, path)
    assert record.status == "done"
    assert record.commit == Commit(document["commit"]["sha"], document["commit"]["dirty"])
    assert record.to_json() == {key: document[key] for key in record.to_json()}


def test_a_training_and_an_evaluation_are_read() -> None:
    for row in json.loads((RECORDED / "learners.json").read_text()):
        evaluated = PolicyRow.from_json(row["greedy"], "learners.json")
        assert evaluated.to_json() == row["greedy"]
        assert list(evaluated.to_json())[:3] == ["policy", "decode", "episodes"]
        record = RunRecord.from_json(row["run"], "learners.json")
        assert record.policy == "policy"
        assert record.last == row["run"]["last"]


def test_files_are_written_and_read_back(tmp_path: Path) -> None:
    difference = Difference.between(
        PairedComparison(9, SUMMARY.success_rate, SUMMARY.score, McNemar(3, 1, 0.6)), "a less b"
    )
    results = RunResults(agents={"a": PolicyRow.of(SUMMARY)}, comparisons=(difference,), seed=0, more={"mine": [1]})
    write_results(tmp_path / "results.json", results)
    assert read_results(tmp_path / "results.json") == results
    assert results.differences == {"a less b": difference}
    assert list(json.loads((tmp_path / "results.json").read_text())) == ["agents", "comparisons", "seed", "mine"]
    (tmp_path / "run.json").write_text('{"status": "running", "settings": {"seed": 3}, "earlier": []}')
    assert read_record(tmp_path) == RunRecord(status="running", settings={"seed": 3})


def test_what_is_not_known_is_null_and_what_is_not_recorded_is_absent() -> None:
    row = PolicyRow.of(SUMMARY)
    assert row.seconds is NOT_RECORDED
    assert list(row.to_json()) == ["episodes", "success_rate", "success_rate_interval", "score", "score_interval"]
    cut_off = replace(row, seconds=None, updates=3).to_json()
    assert list(cut_off)[5:] == ["updates", "seconds"]
    assert PolicyRow.from_json(cut_off, "").seconds is None
    assert Measurement(n=0).to_json() == {"success_rate": None, "n": 0}
    assert (
        Difference.between(PairedComparison(9, SUMMARY.success_rate, SUMMARY.score, None)).to_json()["mcnemar"] is None
    )


def test_an_arm_is_written_as_its_result_is() -> None:
    arm = ArmResult(3, 50.0, (40.0, 60.0), None, None, 0.25)
    written = ArmRow.of(arm).to_json()
    assert json.dumps(written) == json.dumps(arm.to_json())
