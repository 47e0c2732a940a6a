"""The record of a run that proves itself: command, settings, versions, machine, hashes, status."""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoprl.errors import RunError
from shoprl.files import is_temporary, write_json
from shoprl.machine import commit, machine, versions
from shoprl.reading import read_json

RUN = "run.json"
INTERRUPTED = "interrupted"
_LONGEST = 60  # characters of a setting in an error
_SHOWN = 8  # settings in an error


@contextmanager
def running(
    folder: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    device: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """A run from :func:`start_run` to :func:`end_run`: done, or failed or interrupted if the block raises.

    Yields:
        Where the block puts what else to record of a run that is done.
    """
    start_run(folder, settings, data, resume, device)
    results: dict[str, Any] = {}
    try:
        yield results
    except BaseException as error:
        end_run(folder, "failed" if isinstance(error, Exception) else INTERRUPTED)
        raise
    end_run(folder, "done", results)


def start_run(
    folder: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    device: Mapping[str, Any] | None = None,
) -> None:
    """Claim a run folder and write its record with status ``running``.

    A run that failed before it wrote anything but its record leaves a folder that is as good as an empty one.

    Args:
        folder: the run folder.
        settings: what defines the run; a resumed one must have the same.
        data: the data folder, noted relative to the run folder.
        resume: continue an unfinished run.
        device: what else to note of the machine, such as its GPU; a resumed run may have another.

    Raises:
        RunError: the folder is in use without ``resume``, or ``resume`` meets other settings.
    """
    path = folder / RUN
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file. Choose a folder with `out`.")
    # A start that was killed may have left a record half written.
    files = [each.name for each in folder.iterdir() if not is_temporary(each)] if folder.exists() else []
    before = _record(folder) if RUN in files and (resume or files == [RUN]) else {}
    unused = not files or (files == [RUN] and before.get("status") in ("failed", INTERRUPTED))
    earlier: list[dict[str, Any]] = []
    if resume and files:
        if not before:
            raise RunError(f"{folder}: holds no {RUN}, so it is not a run to resume. Choose another folder with `out`.")
        changed = differences(before.get("settings"), json.loads(json.dumps(settings)))
        if changed and not unused:
            raise RunError(
                f"{folder}: was started with other settings: {'; '.join(changed)}. Use the earlier ones, or another "
                "folder with `out`."
            )
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
    write_json(path, record)


def end_run(folder: Path, status: str, results: Mapping[str, Any] | None = None) -> None:
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
