import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import TrajectoryError
from shoprl.trajectories.lines import MAX_ACTIONS, MAX_TEXT, read_lines, stored_hash, take, take_texts

ROW = {"text": "a", "number": 3, "truth": True, "list": ["a", "bc"], "object": {}}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_blank_lines_are_counted_and_left_out(tmp_path: Path, name: str) -> None:
    content = b'{"a": 1}\n\n  \n{"b": "\xc3\xa4"}'
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert list(read_lines(tmp_path / name)) == [(1, {"a": 1}), (4, {"b": "ä"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "invalid JSON"),
        (b"[1]", "expected a JSON object, found list"),
        (b"[" * 100_000, "invalid JSON"),
        (b'{"a": Infinity}', "invalid JSON"),
        (b'{"a": -1e999}', "invalid JSON"),
        (b'{"a": ' + b"9" * 19 + b"}", "invalid JSON"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"{}\n" + line + b"\n")
    rows = read_lines(path)
    assert next(rows) == (1, {})
    with pytest.raises(TrajectoryError, match=f"line 2: {said}"):
        next(rows)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrajectoryError, match="no such file"):
        list(read_lines(tmp_path / "nothing.jsonl"))
    path = tmp_path / "rows.jsonl.gz"
    for content in (gzip.compress(b'{"a": 1}\n' * 100)[:-9], b"{}\n"):
        path.write_bytes(content)
        with pytest.raises(TrajectoryError, match="may be truncated"):
            list(read_lines(path))
    monkeypatch.setattr("shoprl.trajectories.lines.MAX_LINE", 8)
    (tmp_path / "long.jsonl").write_bytes(b'{"a":12}\n{"a":123}\n')
    with pytest.raises(TrajectoryError, match="line 1: longer than 8 bytes"):
        list(read_lines(tmp_path / "long.jsonl"))


def test_fields_of_their_kind() -> None:
    assert take(ROW, "text", str, "here") == "a"
    assert take(ROW, "number", int, "here") == 3
    assert take(ROW, "object", dict, "here") == {}
    assert take_texts(ROW, "list", "here", longest=2) == ["a", "bc"]


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (lambda: take(ROW, "other", str, "here"), "here: field 'other' is missing"),
        (lambda: take(ROW, "number", str, "here"), "here: field 'number' must be a text, found int"),
        (lambda: take(ROW, "truth", int, "here"), "here: field 'truth' must be a whole number, found bool"),
        (lambda: take({"a": None}, "a", dict, "here"), "must be an object, found NoneType"),
        (lambda: take({"a": "x" * (MAX_TEXT + 1)}, "a", str, "here"), "longer than 200,000 characters"),
        (lambda: take_texts(ROW, "list", "here", longest=1), "must hold texts of at most 1 characters"),
        (lambda: take_texts({"a": ["b", 3]}, "a", "here"), "must hold texts"),
        (lambda: take_texts({"a": ["b"] * (MAX_ACTIONS + 1)}, "a", "here"), "holds 1001 texts; at most 1000"),
    ],
)
def test_fields_of_another_kind_are_refused(taken: Callable[[], Any], said: str) -> None:
    with pytest.raises(TrajectoryError, match=said):
        taken()


def test_the_first_line_says_which_goals(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"goals_sha256": "first"}\n{"goals_sha256": "second"}\n')
    assert stored_hash(path) == "first"
    path.write_text('{"goals_sha256": 3}\n')
    with pytest.raises(TrajectoryError, match="line 1: field 'goals_sha256' must be a text"):
        stored_hash(path)
    path.write_text("\n")
    with pytest.raises(TrajectoryError, match="holds no line"):
        stored_hash(path)
