import json
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import RunError, StorageError
from shoprl.runlog import RUN, end_run, read_run, start_run, versions

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
    with pytest.raises(RunError, match="other settings"):
        start_run(tmp_path, SETTINGS | {"seed": 1}, None, resume=True)
    with pytest.raises(RunError, match="--resume"):
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
    with pytest.raises(RunError, match="reproduce --out"):
        read_run(tmp_path)
