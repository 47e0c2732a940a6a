"""The record of a run that proves itself: command, settings, versions, machine, hashes, status."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from shoprl import __version__
from shoprl.errors import RunError
from shoprl.files import read_json, write_json

RUN = "run.json"
PACKAGES = ("numpy", "torch", "transformers", "gymnasium", "rapidfuzz", "regex", "textblob", "nltk", "scikit-learn")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Versions of ShopRL, Python and the packages that results depend on."""
    found = {package: version for package in PACKAGES if (version := _version(package))}
    return {"shoprl": __version__, "python": platform.python_version(), **found}


def _git(*arguments: str) -> str | None:
    folder = Path(__file__).parent
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def commit() -> dict[str, Any] | None:
    """The commit ShopRL runs from and whether its files were changed; None for an installed package."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return {"sha": _git("rev-parse", "HEAD"), "dirty": bool(_git("status", "--porcelain", "--untracked-files=no"))}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def machine() -> dict[str, Any]:
    """What the run ran on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }


def _record(folder: Path) -> dict[str, Any]:
    record = read_json(folder / RUN, RunError)
    if not isinstance(record, dict):
        raise RunError(f"{folder / RUN}: not a run's record. Choose another folder.")
    return record


def start_run(folder: Path, settings: Mapping[str, Any], data: Path | None, resume: bool) -> None:
    """Claim a run folder and write its record with status ``running``.

    Args:
        folder: the run folder.
        settings: what defines the run; a resumed one must have the same.
        data: the data folder, noted relative to the run folder.
        resume: go on with a run that was cut off.

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
        earlier = [*before.get("earlier", []), {key: before.get(key) for key in ("started", "versions", "commit")}]
    record = {
        "status": "running",
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": dict(settings),
        "data": os.path.relpath(data, folder) if data is not None else None,
        "versions": versions(),
        "commit": commit(),
        "machine": machine(),
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
