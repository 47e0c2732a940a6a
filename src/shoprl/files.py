"""Reads and writes files: errors are named, and no incomplete file is left behind."""

import gzip
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from shoprl.errors import ShopRLError, StorageError


def write_atomic(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it to ``path``.

    Raises:
        StorageError: the file cannot be written; ``path`` is then as it was before.
    """
    temporary: str | None = None
    try:
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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        fill(temporary)
        temporary.chmod(0o755)
        replace_folder(temporary, folder)
        temporary = None
    except errors as error:
        raise StorageError(f"{folder}: cannot be written ({error}). Free some space and try again.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


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
    """Write ``value`` as indented JSON, atomically; the same value gives the same bytes."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def json_line(row: object) -> bytes:
    """A line of a JSON-lines file."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_json_lines(path: Path, rows: Iterable[object]) -> None:
    """Write one JSON document a line, gzipped where the name ends in ``.gz``; the same rows give the same bytes."""
    text = b"".join(map(json_line, rows))
    write_bytes(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def read_bytes(path: Path, error: type[ShopRLError]) -> bytes:
    """The content of ``path``, unzipped where its name ends in ``.gz``; ``error`` where it cannot be read."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError as cause:
        raise error(f"{path}: no such file. Check the path.") from cause
    except (OSError, EOFError, gzip.zlib.error) as cause:  # type: ignore[attr-defined]
        raise error(f"{path}: cannot be read ({cause}). The file may be truncated; fetch it again.") from cause


def without_half_pairs(value: Any, text: str) -> Any:
    """A value parsed from a JSON text, lone surrogates, which no file can hold, replaced by question marks."""
    if "\\ud" in text or "\\uD" in text:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def _loads(text: str) -> Any:
    return without_half_pairs(json.loads(text), text)


def read_json(path: Path, error: type[ShopRLError]) -> Any:
    """The JSON document in ``path``; ``error`` (naming line and column) where it is missing or malformed."""
    try:
        return _loads(read_bytes(path, error).decode())
    except UnicodeDecodeError as cause:
        raise error(f"{path}: not UTF-8 text ({cause.reason} at byte {cause.start}). Save it as UTF-8.") from cause
    except json.JSONDecodeError as cause:
        raise error(
            f"{path}: line {cause.lineno}, column {cause.colno}: not valid JSON ({cause.msg}). "
            "The file may be truncated; fetch or write it again."
        ) from cause
    except (ValueError, RecursionError) as cause:  # a number of thousands of digits, thousands of brackets
        raise error(f"{path}: JSON that cannot be used ({str(cause)[:100]}). Fix the file.") from cause


def read_json_lines(path: Path, error: type[ShopRLError]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) for each line that is not blank."""
    try:
        text = read_bytes(path, error).decode()
    except UnicodeDecodeError as cause:
        raise error(f"{path}: not UTF-8 text ({cause.reason} at byte {cause.start}). Save it as UTF-8.") from cause
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            row = _loads(line)
        except json.JSONDecodeError as cause:
            raise error(f"{path}: line {number}: not valid JSON ({cause.msg}). Fix or remove the line.") from cause
        except (ValueError, RecursionError) as cause:
            raise error(f"{path}: line {number}: JSON that cannot be used. Fix or remove the line.") from cause
        if not isinstance(row, dict):
            raise error(f"{path}: line {number}: expected a JSON object, found {type(row).__name__}.")
        yield number, row


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_hash(value: object) -> str:
    """Hex digest of a JSON-able value, independent of the order of its keys."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


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
