"""Claims: one process at a time works in a folder. The system ends a claim with its process, however that ends."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shoprl.errors import RunError, StorageError
from shoprl.files import real_path

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)

LOCK = ".lock"
SILENT = 1.0  # seconds that are waited without a word
_TRIES = 20  # at a lock whose folder is removed by the process that had it


@contextmanager
def claimed(folder: Path, wait: bool = False, replaced: bool = False) -> Iterator[bool]:
    """Keep other processes out of a folder; every command that fills one works inside this.

    The lock file, and folders that were made for it alone, are removed at the end. A process that is killed leaves the
    file, which claims nothing.

    Args:
        folder: what is claimed; need not be there.
        wait: for the process that has it, saying so after :data:`SILENT`; otherwise that is an error.
        replaced: the folder is moved to its place once it is complete, so that its lock lies beside it.

    Yields:
        Whether another process had it before.

    Raises:
        RunError: another process has it.
        StorageError: the lock file cannot be written.
    """
    folder = real_path(folder)
    path = folder.with_name(f".{folder.name}{LOCK}") if replaced else folder / LOCK
    made: set[Path] = set()
    try:
        with _locked(path, folder, wait, made) as waited:
            yield waited
    finally:
        with suppress(OSError):  # the first that is not empty keeps those above it
            for each in sorted(made, reverse=True):  # the deepest first
                each.rmdir()


@contextmanager
def _locked(path: Path, folder: Path, wait: bool, made: set[Path]) -> Iterator[bool]:
    lock, waited = _acquire(path, folder, wait, made)
    own = _identity(path)
    try:
        yield waited
    finally:
        with suppress(OSError):  # while it is held: who has opened it meanwhile sees that its name is gone
            if own is not None and _identity(path) == own:  # the folder may have been replaced by another
                path.unlink()
        lock.release()


def _acquire(path: Path, folder: Path, wait: bool, made: set[Path]) -> "tuple[BaseFileLock, bool]":
    """Have the lock; the folders that are made for it are added to ``made``."""
    import socket  # here, as reading a shop needs none of it

    from filelock import FileLock, SoftFileLock, Timeout

    lock, waited, said = FileLock(path), False, False
    for left in reversed(range(_TRIES)):
        try:
            _make(path.parent, made)
            if not waited:
                lock.acquire(blocking=False)
            else:
                lock.acquire(timeout=-1 if said else SILENT, poll_interval=0.1)
            break
        except Timeout as error:
            if not wait:
                stale = f" If it was killed, remove {path}." if isinstance(lock, SoftFileLock) else ""
                raise RunError(
                    f"{folder}: {_holder(path)} is at work there. Wait until it ends, or choose another folder "
                    f"with `out`.{stale}"
                ) from error
            if waited:
                log.warning("%s: waiting for %s, which is at work there", folder, _holder(path))
            waited, said = True, waited
        except FileNotFoundError as error:
            if not left:
                raise _unwritable(path, error) from error
        except OSError as error:
            raise _unwritable(path, error) from error
    if not isinstance(lock, SoftFileLock):  # of a disk without locks, whose file says so already
        with suppress(OSError):
            path.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
    return lock, waited


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make(folder: Path, made: set[Path]) -> None:
    """Make a folder and those above it; which of them this process made is exact, though others do the same."""
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            with suppress(FileExistsError):
                each.mkdir()
                made.add(each)


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: cannot be written ({error.strerror or error}). Choose a folder that you may write to, on a disk with "
        "free space."
    )


def _holder(path: Path) -> str:
    """The process that wrote a lock file, for a message."""
    try:
        about = json.loads(path.read_text())
        return f"process {int(about['pid'])} on {str(about['host'])[:100]!r}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # it is being written
        return "another process"
