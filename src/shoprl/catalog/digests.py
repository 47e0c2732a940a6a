"""Digests of a store's files, chunk by chunk, and how much of them is checked when it is opened.

A small store is checked whole each time. A large one is checked whole by the first process of all that open it, which
leaves a stamp; from then on its files' sizes and times are held against the stamp, and some chunks are drawn. So damage
that changes neither sizes nor times is found by chance only, and for certain by :func:`verify`.
"""

import hashlib
import json
import os
import random
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from shoprl.catalog.records import REMEDY
from shoprl.claims import claimed
from shoprl.errors import CatalogError, StorageError
from shoprl.files import sha256_of, write_json
from shoprl.progress import track
from shoprl.reading import read_bytes, read_json

T = TypeVar("T")

DIGESTS = "digests.json"
STAMP = "verified.json"  # the files that were checked whole, as they were then
CHUNK = 1 << 20  # bytes
WHOLE = 16 << 20  # bytes; a store of at most so many is checked whole, and so many of a larger one
READ_ONLY = 256 << 20  # bytes; the same where no stamp can be left
_THREADS = 4
_FEW = 64  # chunks that are checked sooner than threads are started

Facts = Mapping[str, Sequence[int]]  # name -> what the system says of a file


@dataclass(frozen=True)
class Checked:
    """What was checked.

    Attributes:
        files, chunks: how many.
        size: of all files, in bytes.
    """

    files: int
    chunks: int
    size: int


@dataclass(frozen=True)
class _File:
    """What was written to a file.

    Attributes:
        size: in bytes.
        chunks: the sha256 of each chunk.
    """

    size: int
    chunks: Sequence[str]


def write_digests(folder: Path) -> str:
    """Write the digests of all files in a folder.

    Returns:
        The sha256 of the file that holds them.

    Raises:
        StorageError: it cannot be written.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": list(_digests(path))}
        for path in track(paths, "digests", unit="file")
    }
    write_json(folder / DIGESTS, {"chunk": CHUNK, "files": files})
    return sha256_of(folder / DIGESTS)


def verify(folder: Path, sha256: str) -> Checked:
    """Check every byte of a folder's files.

    Args:
        folder: what :func:`write_digests` was given.
        sha256: what it returned.

    Raises:
        CatalogError: a file is missing, or is not what was written; the message names the place.
    """
    files = _listed(folder, sha256)
    before, chunks = _facts(folder, files), _chunks(files)
    _check(folder, files, chunks)
    size = sum(file.size for file in files.values())
    if size > WHOLE:
        with suppress(StorageError):
            write_json(folder / STAMP, _stamp(sha256, before))
    return Checked(len(files), len(chunks), size)


def check(folder: Path, sha256: str) -> None:
    """Check a folder's files as far as their number and size allow within a fraction of a second.

    Args:
        folder: what :func:`write_digests` was given.
        sha256: what it returned.

    Raises:
        CatalogError: see :func:`verify`.
    """
    files = _listed(folder, sha256)
    size, stamp = sum(file.size for file in files.values()), _stamp(sha256, _facts(folder, files))
    if size <= WHOLE or _stamped(folder, stamp):
        _check_some(folder, files, WHOLE)
    elif os.access(folder, os.W_OK):
        try:
            with claimed(folder, wait=True):
                if not _stamped(folder, stamp):  # by another process, meanwhile
                    verify(folder, sha256)
        except StorageError:
            _check_some(folder, files, READ_ONLY)
    else:
        _check_some(folder, files, READ_ONLY)


def written_at(path: Path) -> tuple[int, int] | None:
    """When a file was written and its number, as the system says it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def read_settled(path: Path, read: Callable[[], T]) -> T:
    """What ``read`` makes of a folder; it is called again where the folder was made again meanwhile.

    Args:
        path: the file that describes the folder, which is replaced last.
        read: opens what the folder holds.

    Raises:
        CatalogError: ``read`` raises it, of a folder that nobody changes.
    """
    while True:
        before = written_at(path)
        try:
            found = read()
        except CatalogError:
            if written_at(path) == before:
                raise
        else:
            if written_at(path) == before:
                return found
        # What was read may be of two states.


def _chunks(files: Mapping[str, _File]) -> list[tuple[str, int]]:
    return [(name, number) for name, file in files.items() for number in range(len(file.chunks))]


def _check_some(folder: Path, files: Mapping[str, _File], most: int) -> None:
    """Check chunks of ``most`` bytes together, other ones each time; all of them where they are not more."""
    chunks = _chunks(files)
    if sum(file.size for file in files.values()) > most:
        chunks = random.SystemRandom().sample(chunks, min(most // CHUNK, len(chunks)))
    _check(folder, files, chunks)


def _check(folder: Path, files: Mapping[str, _File], chunks: Sequence[tuple[str, int]]) -> None:
    def check_one(chunk: tuple[str, int]) -> None:
        name, number = chunk
        path, file = folder / name, files[name]
        try:
            with path.open("rb") as stream:
                stream.seek(number * CHUNK)
                same = hashlib.sha256(stream.read(CHUNK)).hexdigest() == file.chunks[number]
        except OSError as error:
            raise CatalogError(f"{path}: cannot be read ({error.strerror or error}). {REMEDY}") from error
        if not same:
            first, last = number * CHUNK, min((number + 1) * CHUNK, file.size) - 1
            raise CatalogError(f"{path}: bytes {first} to {last} are not what was written. {REMEDY}")

    if len(chunks) <= _FEW:
        for chunk in chunks:
            check_one(chunk)
        return
    from concurrent.futures import ThreadPoolExecutor  # here, as most openings need none

    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in track(pool.map(check_one, chunks), f"checking {folder.name}", total=len(chunks), unit="chunk"):
            pass


def _digests(path: Path) -> Iterator[str]:
    """The digest of each chunk of a file."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield hashlib.sha256(chunk).hexdigest()


def _listed(folder: Path, sha256: str) -> dict[str, _File]:
    path = folder / DIGESTS
    data = read_bytes(path, CatalogError) if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CatalogError(f"{path}: is missing or is not what was written. {REMEDY}")
    try:
        listed = json.loads(data)
        files = {name: _File(row["size"], tuple(row["sha256"])) for name, row in listed["files"].items()}
        fit = listed["chunk"] == CHUNK and all(
            type(file.size) is int and len(file.chunks) == -(-file.size // CHUNK) for file in files.values()
        )
        inside = all(".." not in PurePosixPath(name).parts and not Path(name).is_absolute() for name in files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CatalogError(f"{path}: not the digests of a store ({error!r}). {REMEDY}") from error
    if not fit or not inside or not files:
        raise CatalogError(f"{path}: not the digests of a store. {REMEDY}")
    return files


def _facts(folder: Path, files: Mapping[str, _File]) -> Facts:
    """What the system says of each file; another one in its place, a copy or a change shows in at least one number."""
    facts = {}
    for name, file in files.items():
        path = folder / name
        try:
            now = path.stat()
        except OSError as error:
            raise CatalogError(f"{path}: is missing or cannot be read ({error.strerror}). {REMEDY}") from error
        if not stat.S_ISREG(now.st_mode) or now.st_size != file.size:
            raise CatalogError(f"{path}: is not the file of {file.size} bytes that was written. {REMEDY}")
        facts[name] = [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino]
    return facts


def _stamp(sha256: str, facts: Facts) -> dict[str, object]:
    return {"digests": sha256, "files": facts}


def _stamped(folder: Path, stamp: Mapping[str, object]) -> bool:
    try:
        return (folder / STAMP).is_file() and read_json(folder / STAMP, CatalogError) == stamp
    except CatalogError:  # of no use, and written again
        return False
