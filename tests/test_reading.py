"""Files that nobody vouches for: what is read of them, and how what cannot be used is named."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shoprl.errors import CatalogError, ConfigError, GoalError, ShopRLError
from shoprl.files import write_json_lines
from shoprl.reading import (
    ReadLimits,
    opened,
    parse_json,
    read_bytes,
    read_json,
    read_json_lines,
    read_limits,
    read_lines,
)

READERS: list[Callable[[Path], object]] = [
    lambda path: read_bytes(path, GoalError),
    lambda path: read_json(path, GoalError),
    lambda path: list(read_json_lines(path, GoalError)),
]


@pytest.fixture(autouse=True)
def _default_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINE", "DOCUMENT", "FILE", "RATIO"):
        monkeypatch.delenv(f"SHOPRL_MAX_{name}", raising=False)


@pytest.mark.parametrize("error", [CatalogError, GoalError])
def test_a_missing_file_raises_the_callers_error(error: type[ShopRLError], tmp_path: Path) -> None:
    for read in (read_bytes, read_json, lambda *args: list(read_json_lines(*args))):
        with pytest.raises(error, match=r"gone\.json: no such file\. Check the path"):
            read(tmp_path / "gone.json", error)


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoalError, match=r"is a folder. Give a file"):
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
    with pytest.raises(GoalError, match=r"rows\.jsonl: line 3: invalid JSON"):
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
        with pytest.raises(GoalError, match=r"rows\.jsonl: (line 1: )?not UTF-8 text"):
            read(path, GoalError)


# Numbers and limits


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_blank_lines_are_counted_and_left_out(tmp_path: Path, name: str) -> None:
    content = b'{"a": 1}\n\n  \n{"b": "\xc3\xa4"}'
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert list(read_json_lines(tmp_path / name, GoalError)) == [(1, {"a": 1}), (4, {"b": "ä"})]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "Infinity",
        "NaN",
        "-1e999",
        "9" * 41,
        "9" * 100_000,
    ],
)
def test_what_no_program_can_use_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse_json(text)
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": {text}}}\n')
    for read in READERS[1:]:
        with pytest.raises(GoalError, match=r"rows\.jsonl: .*JSON"):
            read(path)


def test_large_numbers_are_read() -> None:
    assert parse_json(f"[{10**30}, {-(2**63)}, 1e308]") == [10**30, -(2**63), 1e308]


def test_half_pairs_of_surrogates_are_replaced() -> None:
    assert parse_json(r'["\ud800", "\ud83d\udc84"]') == ["?", "💄"]


def _zipped(path: Path, data: bytes, times: int) -> None:
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _ in range(times):
            stream.write(data)


@pytest.mark.parametrize("read", READERS)
def test_a_small_file_that_unzips_to_much_is_refused(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    _zipped(path, b" " * (1 << 20), 256)
    with pytest.raises(GoalError, match=r"bomb\.jsonl\.gz: (unzips|.*holds|.*longer).* (more )?than"):
        read(path)


def test_lines_that_unzip_to_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, line = tmp_path / "bomb.jsonl.gz", b'{"a": "' + b"x" * 1_000_000 + b'"}\n'
    _zipped(path, line, 128)
    with pytest.raises(GoalError, match=r"unzips to more than 250 times its size. .* SHOPRL_MAX_RATIO"):
        list(read_lines(path, GoalError))
    monkeypatch.setenv("SHOPRL_MAX_RATIO", "2000")
    assert sum(1 for _ in read_lines(path, GoalError)) == 128


def test_blank_lines_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "blank.jsonl.gz"
    _zipped(path, b"\n" * 100_000, 11)
    with pytest.raises(GoalError, match="line 1000001: more than 1,000,000 blank lines"):
        list(read_lines(path, GoalError))


@pytest.mark.parametrize(
    ("variable", "limit", "said"),
    [
        ("LINE", 8, "line 1: longer than 8 bytes. .* SHOPRL_MAX_LINE"),
        ("FILE", 12, "holds more than 12 bytes. .* SHOPRL_MAX_FILE"),
    ],
)
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_limits_of_lines(
    variable: str, limit: int, said: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json_lines(tmp_path / name, [{"a": 12}, {"a": 123}])
    monkeypatch.setenv(f"SHOPRL_MAX_{variable}", str(limit))
    with pytest.raises(GoalError, match=said):
        list(read_lines(tmp_path / name, GoalError))


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_limits_of_documents(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json_lines(tmp_path / name, [{"a": 12}])
    with pytest.raises(GoalError, match=r"holds more than 8 bytes. .* SHOPRL_MAX_DOCUMENT"):
        read_json(tmp_path / name, GoalError, most=8)
    monkeypatch.setenv("SHOPRL_MAX_DOCUMENT", "8")
    with pytest.raises(GoalError, match="holds more than 8 bytes"):
        read_bytes(tmp_path / name, GoalError)
    assert read_json(tmp_path / name, GoalError, most=80) == {"a": 12}


def test_a_file_of_nothing_but_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.json").open("wb") as stream:
        stream.truncate(1 << 40)
    for read in READERS:
        with pytest.raises(GoalError, match=r"sparse\.json: .*(holds more|longer) than"):
            read(tmp_path / "sparse.json")


@pytest.mark.parametrize("read", READERS)
def test_pipes_and_devices_are_not_waited_for(read: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path in (tmp_path / "pipe.jsonl", Path("/dev/zero")):
        with pytest.raises(GoalError, match=r"is a pipe or a device. Give a file"):
            read(path)


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="cannot be read"), opened(Path("a\0b"), GoalError):
        pass


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1e9", str(2**61)])
def test_a_limit_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPRL_MAX_LINE", value)
    with pytest.raises(ConfigError, match=r"^SHOPRL_MAX_LINE="):
        read_limits()


def test_limits_hold_real_data() -> None:
    assert read_limits() == ReadLimits()
    assert ReadLimits().file >= 8 * 10**9
