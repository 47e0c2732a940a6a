"""What `shoprl pretrain` and `shoprl adapt` share, on a policy that is stood in for."""

import json
from pathlib import Path

import pytest

from shoprl.cli.coached import run_coached
from shoprl.errors import RunError
from shoprl.experiments.coached import Coached
from shoprl.policies.saving import load_learned
from shoprl.runlog import policy_of
from shoprl.training.loop import weights_digest
from tests.support.fakes import fake_store
from tests.support.matching import match_policy

SETTINGS = {"config": {"seed": 0, "rounds": (1, 2)}, "threads": 1}


def made() -> Coached:
    return Coached(match_policy(), 1_234, [{"update": 1, "loss": 2.0}, {"update": 2, "loss": 1.5}])


def test_the_policy_and_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    run_coached(out, SETTINGS, tmp_path, False, made, printed_as_json=True)
    answer = json.loads(capsys.readouterr().out)
    digest = weights_digest(match_policy().model)
    assert answer == {
        "policy": str(out / "policy"),
        "examples": 1_234,
        "weights": digest,
        "last": {"update": 2, "loss": 1.5},
    }
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "done"
    assert (record["policy"], record["weights"]) == ("policy", digest)
    assert policy_of(out) == (out / "policy", out / "..")
    assert weights_digest(load_learned(out / "policy", fake_store()).model) == digest
    manifest = json.loads((out / "policy" / "policy.json").read_text())
    assert manifest["about"]["settings"]["threads"] == 1


def test_a_finished_run_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_coached(tmp_path, SETTINGS, None, False, made, printed_as_json=False)
    first = capsys.readouterr().out
    assert first.splitlines() == [
        "1,234 decisions learned from",
        f"weights  {weights_digest(match_policy().model)}",
        f"policy   {tmp_path / 'policy'}",
    ]

    def never() -> Coached:
        raise AssertionError

    run_coached(tmp_path, SETTINGS, None, True, never, printed_as_json=False)
    assert capsys.readouterr().out == first
    with pytest.raises(RunError, match="not empty"):
        run_coached(tmp_path, SETTINGS, None, False, never, printed_as_json=False)
    with pytest.raises(RunError, match="threads: was 1, now 2"):
        run_coached(tmp_path, {**SETTINGS, "threads": 2}, None, True, never, printed_as_json=False)
