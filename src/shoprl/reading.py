"""Reads files that nobody vouches for: bounded in lines, in size and in what they unzip to, with named errors.

The limits are :class:`ReadLimits`; the environment variables ``SHOPRL_MAX_LINE``, ``SHOPRL_MAX_DOCUMENT``,
``SHOPRL_MAX_FILE`` (bytes) and ``SHOPRL_MAX_RATIO`` change them.
"""

import gzip
import io
import json
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Annotated, Any

from shoprl.errors import ConfigError, ShopRLError
from shoprl.settings import Range, Settings

Bytes = Annotated[int, Range(1, 2**60)]

MAX_DIGITS = 40  # of a whole number; tokenizers have one of 31
MAX_BLANK = 1_000_000  # blank lines of a file
_SMALL = 1 << 26  # bytes that any file may unzip to
_BUFFER = 1 << 18
_FIX = "Fix or remove the line."


@dataclass(frozen=True)
class ReadLimits(Settings):
    """What is read of a file before it is refused.

    Attributes:
        line: bytes of a line.
        document: bytes of a file that is read whole, unzipped.
        file: bytes of a file that is read line by line, unzipped.
        ratio: of unzipped to zipped bytes, above 64 MiB; real data has up to about 50.
    """

    line: Bytes = 1 << 24
    document: Bytes = 1 << 26
    file: Bytes = 1 << 33
    ratio: Annotated[int, Range(1, 10**6)] = 250


def read_limits() -> ReadLimits:
    """The limits in force.

    Raises:
        ConfigError: an environment variable holds no number, or one out of range.
    """
    given = {}
    for field in fields(ReadLimits):
        name = f"SHOPRL_MAX_{field.name.upper()}"
        if name in os.environ:
            try:
                given[field.name] = int(os.environ[name])
                ReadLimits(**given)
            except (ValueError, ConfigError) as cause:
                raise ConfigError(f"{name}={os.environ[name][:40]}: must be a whole number above 0.") from cause
    return ReadLimits(**given)


class Unzipped(io.RawIOBase):
    """The content of a gzip file, until it is too long for its size; ``error`` is raised then."""

    def __init__(self, path: Path | str, file: IO[bytes], error: type[ShopRLError], ratio: int) -> None:
        self._path, self._file, self._error, self._ratio = path, file, error, ratio
        self._content, self._count = gzip.GzipFile(fileobj=file), 0

    def readable(self) -> bool:
        """That it is read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next; return how many bytes that are."""
        data = self._content.read(len(buffer))
        self._count += len(data)
        if self._count > max(_SMALL, self._ratio * self._file.tell()):
            raise self._error(
                f"{self._path}: unzips to more than {self._ratio} times its size. If that is right, unzip it first, "
                "or set SHOPRL_MAX_RATIO."
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def faults_named(path: Path | str, error: type[ShopRLError]) -> Iterator[None]:
    """Raise ``error`` in place of what goes wrong while a file is opened and read."""
    try:
        yield
    except FileNotFoundError as cause:
        raise error(f"{path}: no such file. Check the path.") from cause
    except (OSError, EOFError, zlib.error, ValueError) as cause:  # a ValueError: the path holds a zero byte
        raise error(f"{path}: cannot be read ({cause}). The file may be truncated; fetch it again.") from cause


def check_plain(path: Path, error: type[ShopRLError]) -> None:
    """Refuse a path of which nothing can be read from a disk, with ``error``.

    Raises:
        OSError: there is nothing.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise error(f"{path}: is {what}. Give a file.")


@contextmanager
def opened(path: Path, error: type[ShopRLError]) -> Iterator[IO[bytes]]:
    """The content of a file as a stream, unzipped where its name ends in ``.gz``.

    Raises:
        ShopRLError: as ``error``, also while it is read: the file is missing, none that can be read from a disk,
            truncated, damaged, or unzips to too much.
    """
    with faults_named(path, error):
        check_plain(path, error)
        with path.open("rb") as file:
            if path.suffix == ".gz":
                yield io.BufferedReader(Unzipped(path, file, error, read_limits().ratio), _BUFFER)
            else:
                yield file


def read_bytes(path: Path, error: type[ShopRLError], most: int | None = None) -> bytes:
    """The content of a file, unzipped where its name ends in ``.gz``.

    Args:
        path: the file.
        error: what to raise.
        most: bytes; :attr:`ReadLimits.document` when left out.

    Raises:
        ShopRLError: as ``error``: it cannot be read, or is too large.
    """
    limit = most or read_limits().document
    with opened(path, error) as stream:
        data = stream.read(limit + 1) if path.suffix == ".gz" or path.stat().st_size <= limit else b""
        if len(data) > limit or path.stat().st_size > limit:
            raise error(f"{path}: holds more than {limit:,} bytes. If that is right, set SHOPRL_MAX_DOCUMENT.")
    return data


def read_lines(path: Path, error: type[ShopRLError]) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line) for each line that is not blank.

    Raises:
        ShopRLError: as ``error``: the file cannot be read, a line is too long, or there are too many.
    """
    limits, number, count, blank = read_limits(), 0, 0, 0
    with opened(path, error) as stream:
        while line := stream.readline(limits.line + 1):
            number, count = number + 1, count + len(line)
            if len(line) > limits.line:
                raise error(
                    f"{path}: line {number}: longer than {limits.line:,} bytes. Remove the line, or set "
                    "SHOPRL_MAX_LINE."
                )
            if count > limits.file:
                raise error(f"{path}: holds more than {limits.file:,} bytes. Split it, or set SHOPRL_MAX_FILE.")
            if line.isspace():
                blank += 1
                if blank > MAX_BLANK:
                    raise error(f"{path}: line {number}: more than {MAX_BLANK:,} blank lines. Remove them.")
                continue
            yield number, line


def parse_json(text: str) -> Any:
    """The value of a JSON text; half pairs of surrogates, which no file can hold, become question marks.

    Raises:
        ValueError: it is none, or holds a number that is infinite, none, or of too many digits.
        RecursionError: it is nested too deeply.
    """
    return without_half_pairs(JSON.decode(text), text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}")
    return number


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


JSON = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_finite)  # numbers that can be used


def without_half_pairs(value: Any, text: str) -> Any:
    """A value parsed from a JSON text, lone surrogates, which no file can hold, replaced by question marks."""
    if "\\ud" in text or "\\uD" in text:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def read_json(path: Path, error: type[ShopRLError], most: int | None = None) -> Any:
    """The JSON document in a file; ``error`` (naming line and column) where it is missing or malformed.

    Args:
        path: the file.
        error: what to raise.
        most: bytes; :attr:`ReadLimits.document` when left out.
    """
    try:
        return parse_json(read_bytes(path, error, most).decode())
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
    """Yield (line number from 1, object) for each line that is not blank.

    Raises:
        ShopRLError: as ``error``: see :func:`read_lines`; or a line is no JSON object.
    """
    for number, line in read_lines(path, error):
        where = f"{path}: line {number}"
        try:
            row = parse_json(line.decode())
        except UnicodeDecodeError as cause:
            raise error(f"{where}: not UTF-8 text ({cause.reason}). Save the file as UTF-8.") from cause
        except (ValueError, RecursionError) as cause:
            raise error(f"{where}: invalid JSON ({str(cause)[:100]}). {_FIX}") from cause
        if not isinstance(row, dict):
            raise error(f"{where}: expected a JSON object, found {type(row).__name__}. {_FIX}")
        yield number, row
