"""The record of a run that proves itself: command, settings, versions, machine, hashes, status."""

import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, TypeVar

from shoprl.claims import LOCK, claimed
from shoprl.errors import RunError, StorageError
from shoprl.files import is_temporary, remove_temporary, write_bytes, write_json
from shoprl.machine import commit, machine, versions
from shoprl.reading import read_json

RUN = "run.json"
INTERRUPTED = "interrupted"
UNFINISHED = ("running", "failed", INTERRUPTED)  # whoever reads that it is running has the claim, so it is not

T = TypeVar("T")
log = logging.getLogger(__name__)

_TRACES = ("events.out.*",)  # files that are no work: TensorBoard's
_REMADE = ("reference-*.npy", "tokens-*.safetensors", "split*.json")  # nor are these, where they led to an error
_LONGEST = 60  # characters of a setting in an error
_SHOWN = 8  # settings in an error


def carry_out(
    folder: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    *,
    made: str,
    work: Callable[[dict[str, Any]], T],
    again: Callable[[], T],
    device: Mapping[str, Any] | None = None,
) -> T:
    """Do the work of a run in its folder, which no other process can work in meanwhile, and record how it ended.

    A run that is finished stays as it is: resumed, it reports again. A start that fails before it has done any work
    leaves the folder as it was.

    Args:
        folder: the run folder.
        settings: what defines the run; a resumed one must have the same.
        data: the data folder, noted relative to the run folder.
        resume: continue an unfinished run.
        made: name of what a finished run has in its folder; one without it is not finished.
        work: does the work; gets a dictionary for what else to record of a run that is done.
        again: reports a finished run's results.
        device: what else to note of the machine, such as its GPU; a resumed run may have another.

    Returns:
        What ``work`` or ``again`` returned.

    Raises:
        RunError: the folder is in use, by a process or without ``resume``, or ``resume`` meets other settings.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise RunError(f"{folder}: is a file. Choose a folder with `out`.")
    if _finished(folder, settings, resume, made):  # looked at first, as a finished run needs no claim
        return again()
    with claimed(folder):
        if _finished(folder, settings, resume, made):
            return again()
        return _worked(folder, _started(folder, settings, data, resume, device), work)


def _finished(folder: Path, settings: Mapping[str, Any], resume: bool, made: str) -> bool:
    if not resume or not (folder / RUN).is_file():
        return False
    record = _record(folder)
    if record.get("status") != "done" or not (folder / made).exists():
        return False
    _check_settings(folder, record, settings)
    log.warning("%s: this run is finished; its results are shown again", folder)
    return True


def _check_settings(folder: Path, before: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    changed = differences(before.get("settings"), json.loads(json.dumps(settings)))
    if changed:
        raise RunError(
            f"{folder}: was started with other settings: {'; '.join(changed)}. Use the earlier ones, or another "
            "folder with `out`."
        )


def _started(
    folder: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    device: Mapping[str, Any] | None,
) -> bytes | None:
    """Write the record of a run with status ``running`` into its folder, which is claimed.

    A run that did no work leaves a folder that is as good as an empty one.

    Returns:
        The record that this replaces.
    """
    # A start that was killed may have left a record half written.
    files, before = {name for name in contents(folder) if not is_temporary(folder / name)}, None
    if files == {RUN} or (resume and RUN in files):
        before = _record(folder)
    unused = not files or (files == {RUN} and before is not None and before.get("status") in UNFINISHED)
    earlier: list[dict[str, Any]] = []
    if resume and files:
        if before is None:
            raise RunError(f"{folder}: holds no {RUN}, so it is not a run to resume. Choose another folder with `out`.")
        if not unused:
            _check_settings(folder, before, settings)
        then = {key: before.get(key) for key in ("started", "versions", "commit", "machine")}
        earlier = [*before.get("earlier", []), then]
    elif not unused:
        raise RunError(
            f"{folder}: not empty. Continue the run in it with `resume`, or choose another folder with `out`."
        )
    record = {
        "status": "running",
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": dict(settings),
        "data": os.path.relpath(data, folder) if data is not None else None,
        "versions": versions(),
        "commit": commit(),
        "machine": {**machine(), **(device or {})},
        "earlier": earlier,  # the starts that this one continues
    }
    remove_temporary(folder)
    replaced = (folder / RUN).read_bytes() if RUN in files else None
    write_json(folder / RUN, record)
    return replaced


def _worked(folder: Path, replaced: bytes | None, work: Callable[[dict[str, Any]], T]) -> T:
    """Do the work of a run that was started, and record how it ended."""
    results: dict[str, Any] = {}
    before = contents(folder)
    del before[RUN]
    try:
        value = work(results)
    except BaseException as error:
        if not _undone(folder, before, replaced, error):
            _end(folder, "failed" if isinstance(error, Exception) else INTERRUPTED)
        raise
    _end(folder, "done", results)
    return value


def _undone(folder: Path, before: Mapping[str, object], replaced: bytes | None, error: BaseException) -> bool:
    """Make the folder what it was before a start that did no work; False where it did some."""
    resumable = isinstance(error, StorageError) or not isinstance(error, Exception)
    patterns = _TRACES if resumable else (*_TRACES, *_REMADE)

    def is_work(name: str) -> bool:
        return not any(map(PurePath(name).match, patterns))

    now = contents(folder)
    now.pop(RUN, None)
    new = {name: facts for name, facts in now.items() if name not in before}
    if any(facts is not None and is_work(name) for name, facts in new.items()):
        return False
    if any(now.get(name) != facts and is_work(name) for name, facts in before.items()):
        return False
    for name in sorted(new, key=len, reverse=True):  # a folder after what it holds
        path = folder / name
        path.rmdir() if new[name] is None else path.unlink()
    if replaced is None:
        (folder / RUN).unlink(missing_ok=True)
    else:
        write_bytes(folder / RUN, replaced)
    return True


def contents(folder: Path) -> dict[str, tuple[int, int] | None]:
    """What a run folder holds but for its lock: path -> size and time of change, None for a folder."""
    if not folder.is_dir():
        return {}
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path != folder / LOCK}
    return {name: None if path.is_dir() else _facts(path) for name, path in paths.items()}


def _facts(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_size, found.st_mtime_ns


def _end(folder: Path, status: str, results: Mapping[str, Any] | None = None) -> None:
    """Write how a run ended."""
    record = _record(folder)
    record |= {"status": status, "ended": datetime.now(UTC).isoformat(timespec="seconds"), **(results or {})}
    write_json(folder / RUN, record)


def read_run(folder: Path) -> dict[str, Any]:
    """The record of a finished run.

    Raises:
        RunError: there is none, or the run did not finish.
    """
    if not (folder / RUN).is_file():
        raise RunError(f"{folder}: holds no {RUN}. Give the folder that `shoprl reproduce` or `shoprl train` wrote.")
    record = _record(folder)
    if record.get("status") != "done":
        raise RunError(
            f"{folder}: the run did not finish (status {record.get('status')!r}). Finish it with the same command and "
            "`resume`."
        )
    return record


def policy_of(folder: Path) -> tuple[Path, Path]:
    """The policy that a finished run made, of several the best, and the data folder it learned in.

    Raises:
        RunError: the run did not finish, or made no policy.
    """
    record = read_run(folder)
    policy = record.get("best_policy", record.get("policy"))
    if not isinstance(policy, str) or not isinstance(record.get("data"), str):
        raise RunError(f"{folder / RUN}: names no policy or no data folder. Give them with `policy` and `data`.")
    return folder / policy, folder / record["data"]


def differences(before: object, now: object, name: str = "") -> list[str]:
    """What two runs' settings differ in, each as ``name: was X, now Y``, a name inside a group after a dot."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = list(dict.fromkeys((*before, *now)))
        groups = [differences(before.get(key), now.get(key), f"{name}.{key}" if name else str(key)) for key in keys]
        changed = [each for group in groups for each in group]
        more = len(changed) - _SHOWN
        return changed if name or more <= 0 else [*changed[:_SHOWN], f"{more} more"]
    return [] if before == now else [f"{name}: was {_setting(before)}, now {_setting(now)}"]


def _setting(value: object) -> str:
    text = "not set" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _record(folder: Path) -> dict[str, Any]:
    record = read_json(folder / RUN, RunError)
    if not isinstance(record, dict):
        raise RunError(f"{folder / RUN}: not a run's record. Choose another folder.")
    return record
