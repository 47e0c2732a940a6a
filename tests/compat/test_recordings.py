"""Recordings that cannot be used: each fault is named with its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoprl.compat.recordings import read_tagger
from shoprl.errors import TrajectoryError
from shoprl.files import write_json_lines
from shoprl.shop.data import ShopData
from tests.support.recorder import TOTALS, Rows, put, replayed, toy_recordings


@pytest.mark.parametrize("content", [[], {"B0TEA00002": "tea"}, {"B0TEA00002": [1]}])
def test_something_else_is_no_nouns_file(content: object, tmp_path: Path, toy: ShopData) -> None:
    path = tmp_path / "nouns.json"
    path.write_text(json.dumps(content))
    with pytest.raises(TrajectoryError, match=r"nouns\.json"):
        read_tagger(path, toy.catalog, toy.tagger)


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(TrajectoryError, match="holds no recording"):
            replayed(folder, {})


def test_two_files_of_one_part_are_named(tmp_path: Path) -> None:
    rows = toy_recordings()
    write_json_lines(tmp_path / "search.jsonl", rows["search"])
    with pytest.raises(TrajectoryError, match=r"both search\.jsonl and search\.jsonl\.gz"):
        replayed(tmp_path, rows)


@pytest.mark.parametrize("name", sorted(TOTALS))
@pytest.mark.parametrize(
    ("content", "said"),
    [("", "holds no recording"), ("\n \n", "holds no recording"), ("\n{", "line 2: invalid JSON"), ("7", "line 1")],
)
def test_a_file_that_is_no_recording_is_named(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.jsonl").write_text(content)
    with pytest.raises(TrajectoryError, match=rf"{name}\.jsonl: .*{said}"):
        replayed(tmp_path, {})


def fields_of(rows: Rows) -> list[tuple[str, tuple[str | int, ...]]]:
    """Every field that a recording's second line must have."""
    nested: dict[str, tuple[str | int, ...]] = {"steps": (1,), "available": ()}
    found: list[tuple[str, tuple[str | int, ...]]] = []

    def walk(part: str, value: Any, path: tuple[str | int, ...]) -> None:
        for name in value:
            found.append((part, (*path, name)))
            if name in nested:
                inner = (*path, name, *nested[name])
                place = rows[part][1]
                for key in inner:
                    place = place[key]
                walk(part, place, inner)

    for part in rows:
        walk(part, rows[part][1], ())
    return found


@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.parametrize(("part", "path"), fields_of(toy_recordings()))
def test_a_field_that_is_missing_or_wrong_is_named(
    part: str, path: tuple[str | int, ...], absent: bool, tmp_path: Path
) -> None:
    rows = toy_recordings()
    place: Any = rows[part][1]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = None
    if absent:
        del place[path[-1]]
    with pytest.raises(TrajectoryError) as caught:
        replayed(tmp_path, rows)
    assert f"{part}.jsonl.gz: line 2" in str(caught.value)
    assert f"field {path[-1]!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *((put("episodes", 1, ("goal_index",), lambda _, i=i: i), "the data folder has 35 goals") for i in (-1, 35)),
        *((put("rewards", 1, ("goal_index",), lambda _, i=i: i), "the data folder has 35 goals") for i in (-1, 35)),
        *((put("rewards", 1, ("goal_index",), lambda _, i=i: i), "'goal_index' must be") for i in (True, "3", 1.0)),
        (put("rewards", 1, ("asin",), lambda _: "B0NOWHERE1"), "'asin' is 'B0NOWHERE1'"),
        (put("rewards", 1, ("options",), lambda _: {"size": 7}), "'options' must be"),
        (put("rewards", 1, ("price",), lambda _: True), "'price' must be a number, found bool"),
        (put("episodes", 1, ("steps",), lambda _: []), "'steps' must be"),
        (put("episodes", 1, ("steps",), lambda _: [7]), "'steps' must be"),
        (put("episodes", 1, ("steps", 0, "action"), lambda _: "search[a]"), "step 0: field 'action' must be null"),
        (put("episodes", 1, ("steps", 0, "available", "clickables"), lambda _: [7]), "'clickables' must be"),
        (put("search", 1, ("hits",), lambda _: [["B0TEA00002"]]), "'hits' must be"),
        (put("search", 1, ("hits",), lambda _: [["B0TEA00002", "1.0"]]), "'hits' must be"),
    ],
)
def test_what_cannot_be_replayed_is_named(change: Callable[[Rows], None], said: str, tmp_path: Path) -> None:
    rows = toy_recordings()
    change(rows)
    with pytest.raises(TrajectoryError, match="line 2") as caught:
        replayed(tmp_path, rows)
    assert said in str(caught.value)
