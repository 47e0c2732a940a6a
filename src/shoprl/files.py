"""Writes files and folders, of which no incomplete one is left behind, and computes their hashes."""

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import IO

from shoprl.errors import ShopRLError, StorageError


def write_atomic(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it to ``path``.

    Raises:
        StorageError: the file cannot be written; ``path`` is then as it was before.
    """
    temporary: str | None = None
    try:
        if path.exists() and not path.is_file():  # a rename would put a file in a device's place
            raise StorageError(f"{path}: is a folder, a pipe or a device. Choose a file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        umask = os.umask(0o022)  # it cannot be read without being set; a strict one is set for that moment
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)  # a temporary file is private, the file it becomes need not be
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror or error}). "
            "Free some space or choose another folder, then try again."
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Whether it is a file or folder that a killed process had not finished writing."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def remove_temporary(folder: Path) -> None:
    """Remove, from a folder in which nobody else is at work, what killed processes had not finished writing."""
    for path in sorted(filter(is_temporary, folder.rglob(".*.tmp"))):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def real_path(path: Path) -> Path:
    """A path without links; one that leads round in circles is left for whoever opens it to name."""
    return Path(os.path.realpath(path))  # Path.resolve raises a RuntimeError on such a one


def replace_folder(new: Path, folder: Path) -> None:
    """Move a finished folder to the place of another, which is restored if that fails.

    Raises:
        OSError: it cannot be moved.
    """
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)  # a process that has its files open keeps them
    try:
        os.replace(new, folder)
    except BaseException:
        if old.exists():
            os.replace(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_folder(folder: Path, fill: Callable[[Path], None], errors: tuple[type[Exception], ...] = (OSError,)) -> None:
    """Let ``fill`` fill a temporary folder beside ``folder``, then move it there; an old folder is replaced.

    Raises:
        StorageError: one of ``errors`` was raised; nothing is left behind.
    """
    temporary: Path | None = None
    faults: tuple[type[Exception], ...] = (*errors, UnicodeEncodeError)  # some libraries take no path that is no text
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
        fill(temporary)
        temporary.chmod(0o755)
        replace_folder(temporary, folder)
        temporary = None
    except faults as error:
        raise StorageError(f"{folder}: cannot be written ({error}). Free some space and try again.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files, each of them written as a whole.

    Raises:
        StorageError: a file cannot be read or written.
    """
    for path in sorted(source.rglob("*")):
        if path.is_file():
            try:
                with path.open("rb") as stream:
                    write_atomic(target / path.relative_to(source), partial(shutil.copyfileobj, stream))
            except OSError as error:
                raise StorageError(f"{path}: cannot be copied ({error.strerror or error}).") from error


def optional_file(path: Path, error: type[ShopRLError]) -> Path | None:
    """The path of a file that need not be there, or None; ``error`` where something else has its name."""
    if path.is_file():
        return path
    if os.path.lexists(path):
        raise error(f"{path}: is no file. Remove or rename it, or put the file in its place.")
    return None


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    write_atomic(path, lambda stream: stream.write(data))


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON, atomically; the same value gives the same bytes.

    Names of files that are no text are written with question marks.
    """
    write_bytes(
        path, (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="replace")
    )


def json_line(row: object) -> bytes:
    """A line of a JSON-lines file."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="replace")


def write_json_lines(path: Path, rows: Iterable[object]) -> None:
    """Write one JSON document a line, gzipped where the name ends in ``.gz``; the same rows give the same bytes."""
    text = b"".join(map(json_line, rows))
    write_bytes(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_hash(value: object) -> str:
    """Hex digest of a JSON-able value, independent of the order of its keys."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode(errors="surrogatepass")


class ListHash:
    """The :func:`content_hash` of a list that is not held in memory: its items are added one by one."""

    def __init__(self) -> None:
        self._hash, self._before = hashlib.sha256(b"["), b""

    def add(self, item: object) -> None:
        """Add the next item."""
        self._hash.update(self._before + _canonical(item))
        self._before = b", "

    def hexdigest(self) -> str:
        """The hash of the items so far."""
        closed = self._hash.copy()
        closed.update(b"]")
        return closed.hexdigest()


def list_hash(items: Iterable[object]) -> str:
    """:func:`content_hash` of the list of ``items``, without making it."""
    content = ListHash()
    for item in items:
        content.add(item)
    return content.hexdigest()
