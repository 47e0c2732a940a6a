import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import ConfigError, RunError, StorageError
from shoprl.runlog import RUN, carry_out, contents, differences, policy_of, read_run, versions

SETTINGS: dict[str, Any] = {"budget": "tiny", "seed": 0, "sizes": {"rate": 3e-05}}
MADE = "results.json"


def record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / RUN).read_text())
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def carried_out(
    folder: Path,
    work: Callable[[dict[str, Any]], object] = lambda results: None,
    resume: bool = False,
    settings: dict[str, Any] = SETTINGS,
    data: Path | None = None,
) -> object:
    """A run whose work is ``work``, and which leaves its results."""

    def whole(results: dict[str, Any]) -> object:
        value = work(results)
        (folder / MADE).write_text("{}")
        return value

    return carry_out(folder, settings, data, resume, made=MADE, work=whole, again=lambda: "again")


def failing(error: BaseException, *made: Path) -> Callable[[dict[str, Any]], object]:
    """Work that makes files and then fails."""

    def work(_: dict[str, Any]) -> None:
        for path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made")
        raise error

    return work


def cut_off(folder: Path, resume: bool = False, settings: dict[str, Any] = SETTINGS) -> None:
    """A run that did some work."""
    with pytest.raises(KeyboardInterrupt):
        carried_out(folder, failing(KeyboardInterrupt(), folder / "training" / "checkpoint"), resume, settings)


def kill(folder: Path, *made: str) -> None:
    """A run that is killed, after it made some files."""
    code = f"""
import os, signal
from pathlib import Path
from shoprl.runlog import carry_out

def work(_):
    for name in {made!r}:
        (Path({str(folder)!r}) / name).write_text("made")
    os.kill(os.getpid(), signal.SIGKILL)

carry_out(Path({str(folder)!r}), {SETTINGS!r}, None, False, made={MADE!r}, work=work, again=lambda: None)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -signal.SIGKILL


def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    folder, seen = tmp_path / "run", []

    def work(results: dict[str, Any]) -> str:
        seen.append(record(folder))
        with pytest.raises(RunError, match="did not finish"):
            read_run(folder)
        results["best_policy"] = "policies/dpo"
        return "worked"

    assert carried_out(folder, work, data=tmp_path / "data") == "worked"
    (started,) = seen
    assert started["status"] == "running"
    assert started["settings"] == SETTINGS
    assert started["data"] == "../data"
    assert started["versions"] == versions()
    assert {"command", "started", "commit", "machine"} <= set(started)
    done = read_run(folder)
    assert (done["status"], done["best_policy"]) == ("done", "policies/dpo")
    assert done["ended"] >= done["started"]
    assert started.items() <= (done | {"status": "running"}).items()
    assert {path.name for path in folder.iterdir()} == {RUN, MADE}  # and no lock


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    carried_out(tmp_path)
    assert record(tmp_path)["data"] is None


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(RunError, match="not empty"):
        carried_out(tmp_path)
    with pytest.raises(RunError, match="not a run to resume"):
        carried_out(tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_in_its_place_is_refused(tmp_path: Path, resume: bool) -> None:
    path = tmp_path / "file"
    path.write_text("keep")
    with pytest.raises(RunError, match="file"):
        carried_out(path, resume=resume)
    assert path.read_text() == "keep"


def test_a_file_above_it_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        carried_out(tmp_path / "file" / "run")


def test_resuming_needs_the_same_settings(tmp_path: Path) -> None:
    cut_off(tmp_path)
    before = files(tmp_path)
    assert record(tmp_path)["status"] == "interrupted"
    with pytest.raises(RunError, match=r"other settings: seed: was 0, now 1\."):
        carried_out(tmp_path, resume=True, settings=SETTINGS | {"seed": 1})
    with pytest.raises(RunError, match="`resume`"):
        carried_out(tmp_path)
    assert files(tmp_path) == before
    carried_out(tmp_path, resume=True)
    assert record(tmp_path)["status"] == "done"


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(RunError, match="not valid JSON"):
        carried_out(tmp_path, resume=True)
    with pytest.raises(RunError, match="not valid JSON"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_a_record_that_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        carried_out(tmp_path, resume=True)
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
    cut_off(tmp_path, settings={"sizes": (1, 2)})
    carried_out(tmp_path, resume=True, settings={"sizes": (1, 2)})
    assert len(record(tmp_path)["earlier"]) == 1


# A start that does no work


@pytest.mark.parametrize("error", [ConfigError("no"), StorageError("full"), ValueError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [False, True])
def test_nothing_is_left_of_a_start_that_did_no_work(tmp_path: Path, error: BaseException, there: bool) -> None:
    folder = tmp_path / "above" / "run"
    if there:
        folder.mkdir(parents=True)
    for made in ((), (folder / "training" / "tensorboard" / "events.out.tfevents.1",)):
        with pytest.raises(type(error)):
            carried_out(folder, failing(error, *made))
        assert list(tmp_path.rglob("*")) == ([folder.parent, folder] if there else [])
    carried_out(folder, settings=SETTINGS | {"seed": 1})  # the corrected command
    assert record(folder)["status"] == "done"


def test_what_can_be_made_again_goes_with_an_error_and_stays_for_a_resume(tmp_path: Path) -> None:
    made = (tmp_path / "run" / "training" / "reference-1.npy", tmp_path / "run" / "tokens-1.safetensors")
    with pytest.raises(ConfigError):
        carried_out(tmp_path / "run", failing(ConfigError("no"), *made))
    assert list(tmp_path.iterdir()) == []
    for error, status in ((KeyboardInterrupt(), "interrupted"), (StorageError("full"), "failed")):
        folder = tmp_path / status
        with pytest.raises(type(error)):
            carried_out(folder, failing(error, folder / "tokens-1.safetensors"))
        assert record(folder)["status"] == status
        assert (folder / "tokens-1.safetensors").is_file()


@pytest.mark.parametrize("error", [ConfigError("no"), KeyboardInterrupt()])
def test_a_failed_start_leaves_an_unfinished_run_as_it_was(tmp_path: Path, error: BaseException) -> None:
    cut_off(tmp_path)
    before = files(tmp_path)
    for _ in range(2):
        with pytest.raises(type(error)):
            carried_out(tmp_path, failing(error, tmp_path / "training" / "tensorboard" / "events.out.1"), resume=True)
        assert files(tmp_path) == before
    with pytest.raises(type(error)):
        carried_out(tmp_path, failing(error, tmp_path / "training" / "log"), resume=True)
    assert record(tmp_path)["status"] == ("failed" if isinstance(error, Exception) else "interrupted")


@pytest.mark.parametrize("status", ["failed", "interrupted", "running"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_record_alone_blocks_nothing(tmp_path: Path, status: str, resume: bool) -> None:
    """Such as that of a start that was killed: who looks at it has the claim, so it is not running."""
    (tmp_path / RUN).write_text(json.dumps({"status": status, "settings": SETTINGS}))
    carried_out(tmp_path, resume=resume, settings=SETTINGS | {"seed": 1})
    assert (record(tmp_path)["status"], record(tmp_path)["settings"]["seed"]) == ("done", 1)


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_was_killed_while_it_began_may_be_started_again(tmp_path: Path, resume: bool) -> None:
    (tmp_path / ".run.json.abc.tmp").write_bytes(b'{"stat')
    carried_out(tmp_path, resume=resume)
    assert record(tmp_path)["status"] == "done"


def test_what_a_killed_run_had_not_finished_writing_is_removed_once_it_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        carried_out(tmp_path, failing(ConfigError("no"), tmp_path / "training" / "checkpoint"))
    (tmp_path / "policies" / ".round-1.abc.tmp").mkdir(parents=True)
    left = (tmp_path / "policies" / ".round-1.abc.tmp" / "config.json", tmp_path / "training" / ".curve.png.abc.tmp")
    own = tmp_path / "training" / "notes.tmp"
    for path in (*left, own):
        path.write_text("half")
    with pytest.raises(RunError, match="not empty"):
        carried_out(tmp_path)
    assert all(path.is_file() for path in left)
    carried_out(tmp_path, resume=True)
    assert [path.name for path in sorted(tmp_path.rglob("*tmp"))] == [own.name]
    assert list((tmp_path / "policies").iterdir()) == []


def test_a_run_that_did_something_may_not_be_started_again(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        carried_out(tmp_path, failing(ConfigError("no"), tmp_path / "training" / "checkpoint"))
    assert record(tmp_path)["status"] == "failed"
    with pytest.raises(RunError, match="not empty"):
        carried_out(tmp_path)
    with pytest.raises(RunError, match="other settings"):
        carried_out(tmp_path, resume=True, settings=SETTINGS | {"seed": 1})


# A run that is finished, and one that is at work


def test_a_finished_run_stays_finished(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    carried_out(tmp_path)
    before = files(tmp_path)
    assert carried_out(tmp_path, failing(AssertionError("it works again")), resume=True) == "again"
    assert "is finished" in caplog.text
    with pytest.raises(RunError, match="other settings"):
        carried_out(tmp_path, resume=True, settings=SETTINGS | {"seed": 1})
    with pytest.raises(RunError, match="not empty"):
        carried_out(tmp_path)
    assert files(tmp_path) == before
    (tmp_path / MADE).unlink()
    carried_out(tmp_path, resume=True)  # without its results it is not finished
    assert (tmp_path / MADE).is_file()


def test_a_run_at_work_is_left_alone(tmp_path: Path) -> None:
    def work(_: object) -> None:
        before = files(tmp_path)
        for resume in (False, True):
            with pytest.raises(RunError, match=rf"process {os.getpid()} on .* is at work there"):
                carried_out(tmp_path, resume=resume)
        assert files(tmp_path) == before

    carried_out(tmp_path, work)


@pytest.mark.parametrize("made", [(), ("work",)])
def test_a_killed_run_is_resumed_at_once(tmp_path: Path, made: tuple[str, ...]) -> None:
    kill(tmp_path / "run", *made)
    assert record(tmp_path / "run")["status"] == "running"
    if made:
        with pytest.raises(RunError, match="not empty"):
            carried_out(tmp_path / "run")
    carried_out(tmp_path / "run", resume=bool(made))
    assert set(contents(tmp_path / "run")) == {RUN, MADE, *made}


@pytest.mark.parametrize("name", ["policy", "best_policy"])
def test_the_policy_of_a_run(tmp_path: Path, name: str) -> None:
    carried_out(tmp_path / "run", lambda results: results.update({name: "policies/dpo"}), data=tmp_path / "data")
    policy, data = policy_of(tmp_path / "run")
    assert policy == tmp_path / "run" / "policies" / "dpo"
    assert data.resolve() == tmp_path / "data"
    carried_out(tmp_path / "none", lambda results: results.update({name: "policy"}))
    with pytest.raises(RunError, match="names no policy or no data folder"):
        policy_of(tmp_path / "none")
