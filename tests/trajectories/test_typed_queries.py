import json
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import GoalError, ShopRLError, TrajectoryError
from shoprl.trajectories.typed_queries import part_of, read_typed_queries
from tests.support.realdata import real_data

GOALS = [f"goal number {number}" for number in range(20)]


def write(folder: Path, pairs: Any, goals: Any = GOALS) -> tuple[Path, Path]:
    paths = folder / "pairs.json", folder / "goals.json"
    for path, value in zip(paths, (pairs, goals), strict=True):
        path.write_text(json.dumps(value), encoding="utf-8")
    return paths


def test_parts_by_position() -> None:
    names = [part_of(position, 12_087) for position in (0, 499, 500, 1_499, 1_500, 12_086)]
    assert names == ["test", "test", "eval", "eval", "train", "train"]
    assert [part_of(position, 20) for position in (0, 1, 2, 5, 6, 19)] == [
        "test", "test", "eval", "eval", "train", "train",
    ]  # fmt: skip


def test_the_first_position_counts(tmp_path: Path) -> None:
    goals = ["again", *GOALS[:18], "again", "late"]
    found = read_typed_queries(*write(tmp_path, {"late": ["x"], "again": ["y"]}, goals))
    assert [typed.instruction for typed in found.test] == ["again"]
    assert [typed.instruction for typed in found.train] == ["late"]


def test_reading(tmp_path: Path) -> None:
    pairs = {
        "Goal number 10": ["Goal 'ten'", "number", "the", " "],  # the last two search for nothing
        'goal "number 10"': ["ten"],
        "goal number 3": ["three"],
        "goal number 0": ["zero"],
        "goal number 12": ["!"],
        "something else": ["else"],
        "goal number 11 ": ["eleven"],
    }
    found = read_typed_queries(*write(tmp_path, pairs))
    assert [(typed.instruction, typed.queries) for typed in found.train] == [
        ("goal number 10", ("goal ten", "number", "ten")),
        ("goal number 11", ("eleven",)),
    ]
    assert [typed.queries for typed in found.eval] == [("three",)]
    assert [typed.queries for typed in found.test] == [("zero",)]
    assert found.skipped == 1
    assert found.part("eval") is found.eval


def test_training_on_eval_as_webshop_does(tmp_path: Path) -> None:
    pairs = {"goal number 10": ["ten"], "goal number 3": ["three"], "goal number 0": ["zero"]}
    apart, both = (read_typed_queries(*write(tmp_path, pairs), eval_too=eval_too) for eval_too in (False, True))
    assert both.train == apart.train + apart.eval
    assert (both.eval, both.test) == (apart.eval, apart.test)
    assert both.content_hash != apart.content_hash


@pytest.mark.parametrize(
    ("pairs", "goals", "error", "said"),
    [
        ([], GOALS, TrajectoryError, "expected an object"),
        ({}, GOALS, TrajectoryError, "expected an object"),
        ({"a": "b"}, GOALS, TrajectoryError, "entry 0"),
        ({"a": []}, GOALS, TrajectoryError, "1 to 1000 queries"),
        ({"a": ["x"] * 1001}, GOALS, TrajectoryError, "1 to 1000 queries"),
        ({"goal number 9": ["x"], "b": [1]}, GOALS, TrajectoryError, "entry 1"),
        ({"a": ["x" * 1001]}, GOALS, TrajectoryError, "at most 1000"),
        ({"a" * 2001: ["x"]}, GOALS, TrajectoryError, "longer than 2000"),
        ({"goal number 0": ["x"]}, GOALS, TrajectoryError, "no instruction is at a training position"),
        ({"nowhere": ["x"]}, GOALS, TrajectoryError, "no instruction is at a training position"),
        ({"a": ["x"]}, {}, GoalError, "expected a list"),
        ({"a": ["x"]}, [], GoalError, "expected a list"),
        ({"a": ["x"]}, ["a", 3], GoalError, "entry 1"),
        ({"a": ["x"]}, ["a" * 2001], GoalError, "entry 0"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, pairs: Any, goals: Any, error: type[ShopRLError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        read_typed_queries(*write(tmp_path, pairs, goals))
    assert ("goals.json" if error is GoalError else "pairs.json") in str(caught.value)


def test_files_of_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.trajectories.typed_queries.MAX_ENTRIES", 19)
    with pytest.raises(GoalError, match="20 entries"):
        read_typed_queries(*write(tmp_path, {"goal number 9": ["x"]}))


@pytest.mark.parametrize("name", ["pairs.json", "goals.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b'{"a": ["\xff"]}'])
def test_broken_files_are_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    paths = write(tmp_path, {"goal number 9": ["x"]})
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(ShopRLError, match=name):
        read_typed_queries(*paths)


def test_webshops_own_files() -> None:
    folder = real_data()
    found = read_typed_queries(folder / "goal_query_map.json", folder / "human_goals.json")
    sizes = [len(part) for part in (found.train, found.eval, found.test)]
    assert (sizes, found.skipped) == (
        [964, 53, 478],
        11,
    )  # the 11 end in blanks, which WebShop strips before it looks them up
    pairs = [sum(len(typed.queries) for typed in part) for part in (found.train, found.eval, found.test)]
    assert pairs == [1_411, 68, 704]
    instructions = [typed.instruction for part in (found.train, found.eval, found.test) for typed in part]
    assert len(set(instructions)) == len(instructions)
