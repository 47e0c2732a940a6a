"""The record of a run that proves itself: command, settings, versions, machine, hashes, status."""

import os
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoprl.errors import RunError
from shoprl.files import read_json, write_json
from shoprl.machine import commit, machine, versions

RUN = "run.json"


def _record(folder: Path) -> dict[str, Any]:
    record = read_json(folder / RUN, RunError)
    if not isinstance(record, dict):
        raise RunError(f"{folder / RUN}: not a run's record. Choose another folder.")
    return record


def start_run(
    folder: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    device: Mapping[str, Any] | None = None,
) -> None:
    """Claim a run folder and write its record with status ``running``.

    Args:
        folder: the run folder.
        settings: what defines the run; a resumed one must have the same.
        data: the data folder, noted relative to the run folder.
        resume: go on with a run that was cut off.
        device: what else to note of the machine, such as its GPU; a resumed run may have another.

    Raises:
        RunError: the folder is in use without ``resume``, or ``resume`` meets other settings.
    """
    path = folder / RUN
    earlier: list[dict[str, Any]] = []
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file. Choose a folder with --out.")
    if folder.exists() and any(folder.iterdir()):
        if not resume:
            raise RunError(f"{folder}: not empty. Go on with --resume, or choose another folder with --out.")
        if not path.is_file():
            raise RunError(f"{folder}: holds no {RUN}, so it is not a run to resume. Choose another folder with --out.")
        before = _record(folder)
        if before.get("settings") != dict(settings):
            raise RunError(f"{folder}: was started with other settings ({before.get('settings')}). Use those.")
        earlier = [
            *before.get("earlier", []),
            {key: before.get(key) for key in ("started", "versions", "commit", "machine")},
        ]
    record = {
        "status": "running",
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": dict(settings),
        "data": os.path.relpath(data, folder) if data is not None else None,
        "versions": versions(),
        "commit": commit(),
        "machine": {**machine(), **(device or {})},
        "earlier": earlier,  # the starts that this one goes on from
    }
    write_json(path, record)


def end_run(folder: Path, status: str, results: Mapping[str, Any] | None = None) -> None:
    """Write how a run ended."""
    record = _record(folder)
    record |= {"status": status, "ended": datetime.now(UTC).isoformat(timespec="seconds"), **(results or {})}
    write_json(folder / RUN, record)


def read_run(folder: Path) -> dict[str, Any]:
    """A run's record.

    Raises:
        RunError: there is none, or the run did not finish.
    """
    if not (folder / RUN).is_file():
        raise RunError(f"{folder}: holds no {RUN}. Give the folder that `shoprl reproduce --out` wrote.")
    record = _record(folder)
    if record.get("status") != "done":
        raise RunError(f"{folder}: the run did not finish (status {record.get('status')!r}). Go on with --resume.")
    if not all(isinstance(record.get(name), str) for name in ("best_policy", "data")):
        raise RunError(f"{folder / RUN}: names no best policy or data folder. Make the run again.")
    return record
