import json
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import RunError, StorageError
from shoprl.runlog import RUN, differences, end_run, policy_of, read_run, running, start_run, versions

SETTINGS: dict[str, Any] = {"budget": "tiny", "seed": 0, "sizes": {"rate": 3e-05}}


def record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / RUN).read_text())
    return found


def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    start_run(folder, SETTINGS, tmp_path / "data", resume=False)
    started = record(folder)
    assert started["status"] == "running"
    assert started["settings"] == SETTINGS
    assert started["data"] == "../data"
    assert started["versions"] == versions()
    assert {"command", "started", "commit", "machine"} <= set(started)
    with pytest.raises(RunError, match="did not finish"):
        read_run(folder)
    end_run(folder, "done", {"best_policy": "policies/dpo"})
    done = read_run(folder)
    assert (done["status"], done["best_policy"]) == ("done", "policies/dpo")
    assert done["ended"] >= done["started"]
    assert started.items() <= (done | {"status": "running"}).items()


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    start_run(tmp_path, SETTINGS, None, resume=False)
    assert record(tmp_path)["data"] is None


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(RunError, match="not empty"):
        start_run(tmp_path, SETTINGS, None, resume=False)
    with pytest.raises(RunError, match="not a run to resume"):
        start_run(tmp_path, SETTINGS, None, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_in_its_place_is_refused(tmp_path: Path, resume: bool) -> None:
    path = tmp_path / "file"
    path.write_text("keep")
    with pytest.raises(RunError, match="file"):
        start_run(path, SETTINGS, None, resume)
    assert path.read_text() == "keep"


def test_a_file_above_it_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        start_run(tmp_path / "file" / "run", SETTINGS, None, resume=False)


def test_resuming_needs_the_same_settings(tmp_path: Path) -> None:
    start_run(tmp_path, SETTINGS, None, resume=False)
    before = (tmp_path / RUN).read_bytes()
    with pytest.raises(RunError, match=r"other settings: seed: was 0, now 1\."):
        start_run(tmp_path, SETTINGS | {"seed": 1}, None, resume=True)
    with pytest.raises(RunError, match="`resume`"):
        start_run(tmp_path, SETTINGS, None, resume=False)
    assert (tmp_path / RUN).read_bytes() == before
    start_run(tmp_path, SETTINGS, None, resume=True)
    assert record(tmp_path)["status"] == "running"


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(RunError, match="not valid JSON"):
        start_run(tmp_path, SETTINGS, None, resume=True)
    with pytest.raises(RunError, match="not valid JSON"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_a_record_that_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        start_run(tmp_path, SETTINGS, None, resume=True)
    with pytest.raises(RunError, match=r"run\.json"):
        read_run(tmp_path)


def test_a_folder_without_a_record(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="shoprl reproduce` or `shoprl train"):
        read_run(tmp_path)


def test_only_what_changed_is_named() -> None:
    before = {"seed": 0, "config": {"rate": 0.1, "steps": [1, 2]}, "data": "a", "old": 1}
    now = {"seed": 0, "config": {"rate": 0.2, "steps": [1, 2]}, "data": "b" * 100, "new": True}
    rate, data, *rest = differences(before, now)
    assert rate == "config.rate: was 0.1, now 0.2"
    assert data == f"data: was a, now {'b' * 59}…"
    assert rest == ["old: was 1, now not set", "new: was not set, now true"]
    assert differences(before, dict(before)) == []
    many = differences(dict.fromkeys(map(str, range(20)), 0), dict.fromkeys(map(str, range(20)), 1))
    assert (len(many), many[-1]) == (9, "12 more")


def test_settings_are_compared_as_they_are_read(tmp_path: Path) -> None:
    start_run(tmp_path, {"sizes": (1, 2)}, None, resume=False)
    start_run(tmp_path, {"sizes": (1, 2)}, None, resume=True)
    assert len(record(tmp_path)["earlier"]) == 1


@pytest.mark.parametrize("status", ["failed", "interrupted"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_did_nothing_may_be_started_again(tmp_path: Path, status: str, resume: bool) -> None:
    start_run(tmp_path, SETTINGS, None, resume=False)
    end_run(tmp_path, status)
    start_run(tmp_path, SETTINGS | {"seed": 1}, None, resume)
    assert (record(tmp_path)["status"], record(tmp_path)["settings"]["seed"]) == ("running", 1)


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_was_killed_while_it_began_may_be_started_again(tmp_path: Path, resume: bool) -> None:
    (tmp_path / ".run.json.abc.tmp").write_bytes(b'{"stat')
    start_run(tmp_path, SETTINGS, None, resume)
    assert record(tmp_path)["status"] == "running"


def test_a_run_that_did_something_may_not(tmp_path: Path) -> None:
    start_run(tmp_path, SETTINGS, None, resume=False)
    with pytest.raises(RunError, match="not empty"):  # it is still running
        start_run(tmp_path, SETTINGS, None, resume=False)
    end_run(tmp_path, "failed")
    (tmp_path / "training").mkdir()
    with pytest.raises(RunError, match="not empty"):
        start_run(tmp_path, SETTINGS, None, resume=False)
    with pytest.raises(RunError, match="other settings"):
        start_run(tmp_path, SETTINGS | {"seed": 1}, None, resume=True)


def test_a_block_is_recorded_to_its_end(tmp_path: Path) -> None:
    with running(tmp_path / "done", SETTINGS, None, resume=False) as results:
        assert record(tmp_path / "done")["status"] == "running"
        results["policy"] = "policy"
    done = record(tmp_path / "done")
    assert (done["status"], done["policy"]) == ("done", "policy")
    for error, status in (
        (RunError("no"), "failed"),
        (ValueError("no"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
    ):
        with pytest.raises(type(error)), running(tmp_path / type(error).__name__, SETTINGS, None, resume=False):
            raise error
        assert record(tmp_path / type(error).__name__)["status"] == status


@pytest.mark.parametrize("name", ["policy", "best_policy"])
def test_the_policy_of_a_run(tmp_path: Path, name: str) -> None:
    with running(tmp_path / "run", SETTINGS, tmp_path / "data", resume=False) as results:
        results[name] = "policies/dpo"
    policy, data = policy_of(tmp_path / "run")
    assert policy == tmp_path / "run" / "policies" / "dpo"
    assert data.resolve() == tmp_path / "data"
    with running(tmp_path / "none", SETTINGS, None, resume=False) as results:
        results[name] = "policy"
    with pytest.raises(RunError, match="names no policy or no data folder"):
        policy_of(tmp_path / "none")
