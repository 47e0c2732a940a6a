import errno
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

from shoprl.errors import GoalError, ShopRLError, StorageError
from shoprl.files import content_hash, real_path, sha256_of, write_atomic, write_bytes, write_json, write_json_lines
from shoprl.reading import read_json_lines
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


# Hashes


def test_the_content_hash_ignores_the_order_of_keys_only() -> None:
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    others = [{"a": 1}, {"a": 2}, {"a": "1"}, {"a": 1.5}, {"a": [1, 2]}, {"a": [2, 1]}, {"b": 1}, [], {}]
    assert len({content_hash(value) for value in others}) == len(others)


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()


# Names that are no text, paths that lead nowhere


def test_a_name_that_is_no_text_is_written_with_question_marks(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"out": "run-\udcff"})
    assert json.loads((tmp_path / "a.json").read_text()) == {"out": "run-?"}
    write_json_lines(tmp_path / "a.jsonl", ["\udcff"])
    assert (tmp_path / "a.jsonl").read_text() == '"?"\n'
    assert content_hash(["\udcff"]) != content_hash(["?"])


def test_a_path_in_a_circle_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert real_path(tmp_path / "loop").name == "loop"
    (tmp_path / "link").symlink_to("a")
    assert real_path(tmp_path / "link" / ".." / "link") == real_path(tmp_path) / "a"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_nothing_but_a_file_is_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")  # not the device itself: a fault must not take it from the machine
    before = path.lstat().st_mode
    with pytest.raises(StorageError, match="is a folder, a pipe or a device"):
        write_bytes(path, b"x")
    assert path.lstat().st_mode == before
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
