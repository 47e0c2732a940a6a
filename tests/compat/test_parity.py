import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoprl.compat.parity import Part, compare
from shoprl.compat.recordings import read_tagger
from shoprl.files import write_json_lines
from shoprl.shop.data import ShopData
from tests.support.recorder import TOTALS, Rows, put, replayed, toy_recordings, write_recordings
from tests.support.toyshop import PRODUCTS


def test_a_recording_of_the_shop_itself_is_equal(tmp_path: Path) -> None:
    assert replayed(tmp_path, toy_recordings()) == {name: Part(total, total, ()) for name, total in TOTALS.items()}


def test_files_need_not_be_zipped(tmp_path: Path) -> None:
    rows = toy_recordings()
    write_json_lines(tmp_path / "search.jsonl", rows["search"])
    assert replayed(tmp_path, {"rewards": rows["rewards"]})["search"] == Part(4, 4, ())


@pytest.mark.parametrize("missing", sorted(TOTALS))
def test_a_missing_file_is_not_recorded_rather_than_equal(missing: str, tmp_path: Path) -> None:
    rows = toy_recordings()
    del rows[missing]
    parts = replayed(tmp_path, rows)
    assert parts.pop(missing) is None
    assert parts == {name: Part(TOTALS[name], TOTALS[name], ()) for name in rows}


# One thing that differs


def swap(values: list[Any]) -> list[Any]:
    return [*values[:2], values[3], values[2], *values[4:]]


CORRUPTIONS: dict[str, tuple[Callable[[Rows], None], str, str, str, list[str]]] = {
    "observation": (
        put("episodes", 0, ("steps", 2, "text_rich"), lambda text: text.replace("Page 2", "Page 3")),
        *("episodes", "line 1, step 2", "text_rich"),
        ['-"Page 3 (Total results: 12)\\n"', '+"Page 2 (Total results: 12)\\n"'],
    ),
    "a space at the end": (
        put("episodes", 0, ("steps", 2, "text"), lambda text: text + " "),
        *("episodes", "line 1, step 2", "text"),
        [],
    ),
    "address": (
        put("episodes", 1, ("steps", 3, "url"), lambda url: url.replace("red", "rad")),
        *("episodes", "line 2, step 3", "url"),
        ['"color\\": \\"rad'[1:], '"color\\": \\"red'[1:]],
    ),
    "order of clickables": (
        put("episodes", 1, ("steps", 2, "available", "clickables"), swap),
        *("episodes", "line 2, step 2", "clickables"),
        ['"features"', '"reviews"'],
    ),
    "search bar": (
        put("episodes", 2, ("steps", 0, "available", "has_search_bar"), lambda value: not value),
        *("episodes", "line 3, step 0", "has_search_bar"),
        ["-false", "+true"],
    ),
    "reward of a step": (
        put("episodes", 1, ("steps", 6, "reward"), lambda value: value + 1e-9),
        *("episodes", "line 2, step 6", "reward"),
        [],
    ),
    "done": (
        put("episodes", 1, ("steps", 6, "done"), lambda value: not value),
        *("episodes", "line 2, step 6", "done"),
        ["-false", "+true"],
    ),
    "reward": (
        put("rewards", 1, ("reward",), lambda value: value / 2),
        *("rewards", "line 2", "reward"),
        [],
    ),
    "component": (
        put("rewards", 2, ("info", "r_att"), lambda _: 0.123),
        *("rewards", "line 3", "r_att"),
        ["-0.123"],
    ),
    "missing component": (
        put("rewards", 0, ("info",), lambda info: {name: info[name] for name in info if name != "title_score"}),
        *("rewards", "line 1", "title_score"),
        ["+1.0"],
    ),
    "price": (
        put("rewards", 0, ("price",), lambda value: value + 0.01),
        *("rewards", "line 1", "price"),
        ["-50.0", "+49.99"],
    ),
    "order of a search": (
        put("search", 0, ("hits",), swap),
        *("search", "line 1", "hits"),
        [],
    ),
    "score": (
        put("search", 1, ("hits", 0, 1), lambda score: score + 2e-4),
        *("search", "line 2", "hits"),
        ['-["B0TEA00002", ', '+["B0TEA00002", '],
    ),
    "a hit too many": (
        put("search", 3, ("hits",), lambda hits: [*hits, ["B0TEA00002", 0.5]]),
        *("search", "line 4", "hits"),
        ['-["B0TEA00002", 0.5]'],
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_single_change_is_one_difference_that_names_it(name: str, tmp_path: Path) -> None:
    corrupt, part, where, field, shown = CORRUPTIONS[name]
    rows = toy_recordings()
    corrupt(rows)
    parts = replayed(tmp_path, rows)
    found = parts.pop(part)
    assert found is not None
    assert (found.total, found.equal, len(found.differences)) == (TOTALS[part], TOTALS[part] - 1, 1)
    difference = found.differences[0]
    assert difference.where == f"{tmp_path / part}.jsonl.gz: {where}"
    assert difference.fields == (field,)
    lines = difference.diff.splitlines()
    assert lines[:2] == [f"--- recorded {field}", f"+++ replayed {field}"]
    assert any(line.startswith(("-", "+")) for line in lines[2:])
    assert all(each in difference.diff for each in shown)
    assert all(each is not None and each.equal == each.total for each in parts.values())


def test_rounded_scores_agree(tmp_path: Path) -> None:
    rows = toy_recordings()
    for row in rows["search"]:
        row["hits"] = [[asin, round(score, 4)] for asin, score in row["hits"]]
    assert replayed(tmp_path, rows)["search"] == Part(4, 4, ())


@pytest.mark.parametrize("keep", [0, 2, 100])
def test_only_the_first_differences_are_kept(keep: int, tmp_path: Path) -> None:
    rows = toy_recordings()
    for episode in rows["episodes"]:
        for step in episode["steps"]:
            step["done"] = not step["done"]
    found = replayed(tmp_path, rows, keep=keep)["episodes"]
    assert found is not None
    assert (found.total, found.equal) == (TOTALS["episodes"], 0)
    assert len(found.differences) == min(keep, TOTALS["episodes"])
    assert all(each.where.endswith(f"line 1, step {number}") for number, each in enumerate(found.differences[:6]))


def test_a_long_difference_is_cut(tmp_path: Path) -> None:
    rows = toy_recordings()
    rows["episodes"][0]["steps"][0]["text_rich"] = "another\n" * 200
    found = replayed(tmp_path, rows)["episodes"]
    assert found is not None
    lines = found.differences[0].diff.splitlines()
    assert len(lines) == 41
    assert lines[-1].endswith("more lines)")


# The recorded tagger's nouns


def test_recorded_nouns_are_used_and_other_texts_are_tagged(tmp_path: Path, toy: ShopData) -> None:
    path = tmp_path / "nouns.json"
    path.write_text(json.dumps({"B0TEA00002": ["tisane"], "B0SHOE0001": [], "B0NOWHERE1": ["x"]}))
    tagger = read_tagger(path, toy.catalog, toy.tagger)
    assert tagger.nouns(toy.catalog["B0TEA00002"].title) == ("tisane",)
    assert tagger.nouns(toy.catalog["B0SHOE0001"].title) == ()
    for text in ("a red lamp", PRODUCTS[-1].title):
        assert tagger.nouns(text) == toy.tagger.nouns(text)
    rows = toy_recordings()
    found = compare(write_recordings(tmp_path, rows), replace(toy, tagger=tagger))["rewards"]
    assert found is not None
    assert found.equal < found.total
    assert "title_score" in found.differences[0].fields
