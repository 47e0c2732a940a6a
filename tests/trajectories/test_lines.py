from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import TrajectoryError
from shoprl.trajectories.lines import MAX_ACTIONS, MAX_TEXT, stored_hash, take, take_texts

ROW = {"text": "a", "number": 3, "truth": True, "list": ["a", "bc"], "object": {}}


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
