"""Opens what feeds are read from: files, stdin, compressed or not, each as a stream whose start is known."""

import contextlib
import hashlib
import io
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from shoprl.errors import CatalogError
from shoprl.feeds.archives import FAULTS, Archive
from shoprl.feeds.entries import Notes
from shoprl.feeds.formats import HEAD, Kind, kind_of
from shoprl.files import sha256_of
from shoprl.reading import Unzipped, check_plain, faults_named, read_limits

STDIN = "-"
_CHUNK = 1 << 18


class _Hashed(io.RawIOBase):
    """A file that is read from start to end, its bytes counted and hashed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.count = file, hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.count

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self.count += len(data)
        return len(data)

    def finish(self) -> str:
        """Read what is left; return the hash of all."""
        limit = read_limits().file
        while self.count <= limit and self.read(_CHUNK):
            pass
        return self._hash.hexdigest()


class Content:
    """What a file holds, unpacked: bytes whose start was looked at, within the limit of a file's size.

    Args:
        file: its bytes.
        name: its name.

    Raises:
        CatalogError: also while it is read: it is damaged, or holds too much.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name, self._count, self._limit = file, name, 0, read_limits().file
        self._at = 0
        self.head = b""
        while len(self.head) < HEAD and (data := self._read(HEAD - len(self.head))):
            self.head += data

    def _read(self, count: int) -> bytes:
        try:
            with faults_named(self._name, CatalogError):
                data = self._file.read(count)
        except FAULTS as cause:
            raise CatalogError(f"{self._name}: cannot be read ({cause}). Fetch it again.") from cause
        self._count += len(data)
        if self._count > self._limit:
            raise CatalogError(
                f"{self._name}: holds more than {self._limit:,} bytes. Split it, or set SHOPRL_MAX_FILE."
            )
        return data

    def read(self, count: int, /) -> bytes:
        """The next bytes."""
        if self._at < len(self.head):
            self._at += count
            return self.head[self._at - count : self._at]
        return self._read(count)

    def spooled(self) -> IO[bytes]:
        """A temporary file with all of it, in which places can be sought; it is gone when it is closed."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
        while data := self.read(_CHUNK):
            file.write(data)
        file.seek(0)
        return file


@dataclass
class Part:
    """A feed: a file or a member of one.

    Attributes:
        name: of it.
        kind: its format.
        content: what it holds.
        path: of the file, where it is one as it is.
    """

    name: str
    kind: Kind
    content: Content
    path: Path | None = None

    def seekable(self) -> IO[bytes]:
        """What it holds as a file in which places can be sought; the caller closes it."""
        return self.content.spooled() if self.path is None else self.path.open("rb")


@dataclass
class Source:
    """A file, or stdin.

    Attributes:
        name: as given.
        encoding: of text, as given by the user.
        notes: takes what the user is told.
        size: bytes, if known.
        sha256: of its bytes, when all of it was read.
    """

    name: str
    encoding: str | None
    notes: Notes
    size: int | None = None
    sha256: str = ""
    _reached: int = 0
    _file: Any = field(default=None, repr=False)

    def check(self) -> Kind:
        """Find out what it is, and whether all that it holds can be read as far as its first bytes tell.

        Raises:
            CatalogError: it is missing or no feed.
        """
        with faults_named(self.name, CatalogError):
            check_plain(Path(self.name), CatalogError)
            self.size = Path(self.name).stat().st_size
            with Path(self.name).open("rb") as file:
                kind = kind_of(file.read(HEAD), self.name, self.encoding)
        if kind != "sqlite":
            for _ in Source(self.name, self.encoding, Notes()).parts(check=True):
                pass
        return kind

    @property
    def position(self) -> int:
        """Bytes read so far."""
        if self._file is not None:
            with contextlib.suppress(ValueError):  # it was closed
                self._reached = max(self._reached, self._file.tell())
        return self._reached if self.size is None else min(self._reached, self.size)

    def parts(self, *, check: bool = False) -> Iterator[Part]:
        """Yield the feeds that it holds, each to be read before the next is asked for.

        Args:
            check: they are not read.

        Raises:
            CatalogError: it cannot be read, or holds no feed.
        """
        if self.name == STDIN:
            yield from self._unpacked(sys.stdin.buffer, check)
            return
        with faults_named(self.name, CatalogError):
            check_plain(Path(self.name), CatalogError)
            file = Path(self.name).open("rb")  # noqa: SIM115
        with file:
            yield from self._unpacked(file, check)

    def _unpacked(self, file: IO[bytes], check: bool) -> Iterator[Part]:
        hashed = self._file = _Hashed(file)
        buffered = io.BufferedReader(hashed, _CHUNK)
        content = Content(buffered, self.name)
        path = None if self.name == STDIN else Path(self.name)
        kind = kind_of(content.head, self.name, self.encoding)
        if kind == "zip":
            yield from self._members(content, file, check)
            return
        if kind == "gzip":
            packed, path = _Joined(content), None
            unzipped = Unzipped(self.name, packed, CatalogError, read_limits().ratio)  # type: ignore[arg-type]
            content = Content(io.BufferedReader(unzipped, _CHUNK), self.name)
            kind = kind_of(content.head, self.name, self.encoding)
            if kind in ("gzip", "zip", "sqlite"):
                raise CatalogError(f"{self.name}: is a {kind} file within a gzip file. Unzip it first.")
        elif kind == "sqlite":
            raise CatalogError(f"{self.name}: is a database. Give the path of its file.")
        yield Part(self.name, kind, content, path)
        if not check:
            with faults_named(self.name, CatalogError):
                self.sha256 = hashed.finish()

    def _members(self, content: Content, file: IO[bytes], check: bool) -> Iterator[Part]:
        """The feeds of a zip file, which is not read from start to end."""
        with contextlib.ExitStack() as stack:
            if self.name == STDIN:
                file = stack.enter_context(content.spooled())
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            elif not check:
                with faults_named(self.name, CatalogError):
                    self.sha256 = sha256_of(Path(self.name))
            self._file = file
            size = file.seek(0, io.SEEK_END)
            for name, _, member in Archive(file, size, self.name).members(self.notes, self.encoding):
                part = Content(member, name)
                yield Part(name, kind_of(part.head, name, self.encoding), part)
            self._reached = size


class _Joined:
    """What the gzip module reads of a content: bytes, and how many there were."""

    def __init__(self, content: Content) -> None:
        self._content, self._count = content, 0

    def read(self, count: int = -1) -> bytes:
        data = self._content.read(count if count >= 0 else _CHUNK)
        self._count += len(data)
        return data

    def tell(self) -> int:
        return self._count
