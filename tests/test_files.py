import errno
import gzip
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.errors import CatalogError, GoalError, ShopRLError, StorageError
from shoprl.files import (
    content_hash,
    read_bytes,
    read_json,
    read_json_lines,
    sha256_of,
    write_atomic,
    write_bytes,
    write_json,
    write_json_lines,
)
from tests.support.strategies import JSON


def failing(error: BaseException) -> Callable[[IO[bytes]], None]:
    def write(stream: IO[bytes]) -> None:
        stream.write(b"half")
        raise error

    return write


# Writing

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_full_disk_leaves_nothing_behind(before: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(StorageError, match=r"file\.json: cannot be written \(No space left on device\)") as caught:
        write_atomic(path, failing(FULL))
    assert caught.value.__cause__ is FULL
    assert isinstance(caught.value, ShopRLError)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([] if before is None else [before])


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt()])
def test_another_fault_passes_and_leaves_nothing_behind(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        write_atomic(tmp_path / "file.json", failing(error))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_late_leaves_the_old_file(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    write_bytes(path, b"old")

    def fail(*args: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match="Input/output error"):
        write_bytes(path, b"new")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "parent").write_text("x")
    with pytest.raises(StorageError, match=r"parent/file\.json: cannot be written"):
        write_bytes(tmp_path / "parent" / "file.json", b"x")


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file.json").mkdir()
    with pytest.raises(StorageError):
        write_bytes(tmp_path / "file.json", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "file", b"x")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_files_get_the_permissions_of_ordinary_ones(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "file", b"x")
        (tmp_path / "ordinary").write_bytes(b"x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "ordinary")]
    assert modes == [0o666 & ~mask] * 2


def test_json_is_indented_and_keeps_unicode(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": "№ 5", "a": [1, None]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == (
        '{\n  "b": "№ 5",\n  "a": [\n    1,\n    null\n  ]\n}\n'
    )


@pytest.mark.parametrize("write", [write_json, lambda path, value: write_json_lines(path, [{}, value])])
def test_numbers_that_are_not_json_are_refused(write: Callable[[Path, object], None], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(tmp_path / "a.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=50)
@given(rows=st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=4), zipped=st.booleans())
def test_rows_survive_their_file(
    rows: list[dict[str, Any]], zipped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    path = folder / ("rows.jsonl.gz" if zipped else "rows.jsonl")
    with patch("os.fsync"):  # slow, and tested elsewhere
        write_json_lines(path, rows)
        first = path.read_bytes()
        write_json_lines(path, rows)
    assert path.read_bytes() == first
    assert list(read_json_lines(path, GoalError)) == list(enumerate(rows, start=1))


# Reading


@pytest.mark.parametrize("error", [CatalogError, GoalError])
def test_a_missing_file_raises_the_callers_error(error: type[ShopRLError], tmp_path: Path) -> None:
    for read in (read_bytes, read_json, lambda *args: list(read_json_lines(*args))):
        with pytest.raises(error, match=r"gone\.json: no such file\. Check the path"):
            read(tmp_path / "gone.json", error)


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="cannot be read"):
        read_bytes(tmp_path, GoalError)


ZIPPED = gzip.compress(json.dumps([{"a": n} for n in range(500)]).encode(), mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        ZIPPED[:-1],
        ZIPPED[:-9],
        ZIPPED[: len(ZIPPED) // 2],
        ZIPPED[:5],
        b"plain text",
        ZIPPED[:40] + b"\0" * 40,
        b"\x1f",
    ],
    ids=["the check cut", "the end cut", "half", "a few bytes", "no gz", "zeros", "one byte"],
)
def test_a_broken_gz_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.json.gz"
    path.write_bytes(data)
    for read in (read_json, lambda *args: list(read_json_lines(*args))):
        with pytest.raises(CatalogError, match=r"file\.json\.gz: cannot be read .*fetch it again"):
            read(path, CatalogError)


def test_gz_files_are_unzipped(tmp_path: Path) -> None:
    (tmp_path / "file.json.gz").write_bytes(ZIPPED)
    assert len(read_json(tmp_path / "file.json.gz", GoalError)) == 500


@pytest.mark.parametrize(
    ("text", "line", "column"), [("{", 1, 2), ('[1,\n 2,\n "a', 3, 2), ("", 1, 1), ("{}\n{}", 2, 1), ("{'a': 1}", 1, 2)]
)
def test_bad_json_is_named_with_line_and_column(text: str, line: int, column: int, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(GoalError, match=rf"file\.json: line {line}, column {column}: not valid JSON"):
        read_json(path, GoalError)


@pytest.mark.parametrize("line", ["{", "nonsense", '{"a": 1} {"b": 2}', "{'a': 1}"])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{line}\n{{"a": 2}}\n')
    rows = read_json_lines(path, GoalError)
    assert next(rows) == (1, {"a": 1})
    with pytest.raises(GoalError, match=r"rows\.jsonl: line 3: not valid JSON"):
        next(rows)


@pytest.mark.parametrize(("line", "kind"), [("[1]", "list"), ("7", "int"), ("null", "NoneType"), ('"a"', "str")])
def test_a_line_that_is_no_object_is_named(line: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line)
    with pytest.raises(GoalError, match=f"line 1: expected a JSON object, found {kind}"):
        list(read_json_lines(path, GoalError))


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"a": "one\u2028two\x85\x0b"}, {"a": "b"}]
    path.write_bytes("\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows[1:] * 2).encode())
    assert [number for number, _ in read_json_lines(path, GoalError)] == [1, 2]
    write_json_lines(path, rows)
    assert [row for _, row in read_json_lines(path, GoalError)] == rows


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "caf\xe9"}')
    for read in (read_json, lambda *args: list(read_json_lines(*args))):
        with pytest.raises(GoalError, match=r"rows\.jsonl: not UTF-8 text .* at byte 10\)"):
            read(path, GoalError)


# Hashes


def test_the_content_hash_ignores_the_order_of_keys_only() -> None:
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    others = [{"a": 1}, {"a": 2}, {"a": "1"}, {"a": 1.5}, {"a": [1, 2]}, {"a": [2, 1]}, {"b": 1}, [], {}]
    assert len({content_hash(value) for value in others}) == len(others)


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()
