"""``shoprl parity``: what it prints and how it ends."""

import json
from pathlib import Path

from shoprl.catalog.webshop import read_catalog
from shoprl.shop.goal import write_goals
from shoprl.shop.store import build_store
from tests.support.cli import Call, refused, tree
from tests.support.recorder import Rows, toy_recordings, write_recordings
from tests.support.toyshop import PRODUCTS, toy_goals

ROWS = toy_recordings()


def wrong() -> Rows:
    rows = toy_recordings()
    rows["episodes"][0]["steps"][1]["text"] = "other"
    rows["rewards"][0]["info"]["r_type"] = 0.5
    return rows


def test_equal_recordings(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", ROWS)
    write_goals(toy_folder / "goals.jsonl", toy_goals())
    before = tree(tmp_path)
    answer = call("parity", "--data", toy_folder, "--golden", golden, "--json")
    row = answer.json()
    assert answer.code == 0
    assert {name: (row[name]["total"], row[name]["equal"]) for name in ROWS} == {
        "episodes": (19, 19),
        "rewards": (3, 3),
        "search": (4, 4),
    }
    assert row["hashes"]["catalog"] == read_catalog(toy_folder).content_hash
    assert (row["hints"], row["nouns"]) == ([], None)
    text = call("parity", "--data", toy_folder, "--golden", golden)
    assert text.code == 0
    assert "episodes      step     19     19          0" in text.out
    assert row["hashes"]["catalog"] in text.out
    assert tree(tmp_path) == before


def test_differences_are_shown_and_the_exit_code_is_1(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", wrong())
    answer = call("parity", "--data", toy_folder, "--golden", golden, "--json")
    assert answer.code == 1
    row = answer.json()
    assert [(row[name]["total"] - row[name]["equal"], len(row[name]["differences"])) for name in ROWS] == [
        (1, 1),
        (1, 1),
        (0, 0),
    ]
    text = call("parity", "--data", toy_folder, "--golden", golden)
    assert text.code == 1
    assert "line 1, step 1: text\n--- recorded text\n+++ replayed text\n" in text.out
    assert "line 1: r_type\n" in text.out
    silent = call("parity", "--data", toy_folder, "--golden", golden, "--show", 0)
    assert silent.code == 1
    assert "recorded" not in silent.out.replace("not recorded", "").replace("recordings", "")


def test_a_part_that_is_not_recorded_is_null(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", {"search": ROWS["search"]})
    answer = call("parity", "--data", toy_folder, "--golden", golden, "--json")
    row = answer.json()
    assert (answer.code, row["episodes"], row["rewards"], row["search"]["equal"]) == (0, None, None, 4)
    assert "rewards   purchase  not recorded" in call("parity", "--data", toy_folder, "--golden", golden).out


def test_missing_prices_and_goals_are_hinted_at(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", ROWS)
    hints = call("parity", "--data", toy_folder, "--golden", golden, "--json").json()["hints"]
    assert [hint.split(":")[0].split(" has no ")[1] for hint in hints] == ["goals.jsonl"]
    (toy_folder / "prices.json").unlink()
    answer = call("parity", "--data", toy_folder, "--golden", golden)
    assert "has no prices.json: " in answer.out
    assert "has no goals.jsonl: " in answer.out


def test_a_store_answers_as_the_files_it_was_made_of(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", wrong())
    write_goals(toy_folder / "goals.jsonl", toy_goals())
    ask = ("--golden", golden, "--json")
    expected = call("parity", "--data", toy_folder, *ask).json()
    store = build_store(toy_folder, tmp_path / "store")
    answer = call("parity", "--data", store, *ask)
    assert (answer.code, answer.json()) == (1, expected)
    assert expected["hints"] == []


def test_nouns_of_the_data_folder_or_of_a_file(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", ROWS)
    stored = toy_folder / "title_nouns.json"
    stored.write_text(json.dumps({product.asin: [] for product in PRODUCTS}))
    arguments = ("parity", "--data", toy_folder, "--golden", golden, "--json")
    answer = call(*arguments)
    assert answer.code == 1
    assert answer.json()["nouns"] == str(stored)
    none = tmp_path / "none.json"
    none.write_text("{}")
    answer = call(*arguments, "--nouns", none)
    assert (answer.code, answer.json()["nouns"]) == (0, str(none))


def test_bad_input(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    golden = write_recordings(tmp_path / "golden", ROWS)
    ask = ("parity", "--data", toy_folder, "--golden")
    refused(call(*ask, tmp_path / "nowhere"), "TrajectoryError", "holds no recording")
    refused(call(*ask, golden, "--show", -1), "ConfigError", "--show -1")
    refused(call(*ask, golden, "--nouns", tmp_path / "nothing"), "TrajectoryError", "nothing", "no such file")
    refused(call("parity", "--data", tmp_path / "nothing", "--golden", golden), "CatalogError", "no such f")
    (golden / "search.jsonl.gz").unlink()
    (golden / "search.jsonl").write_text('{"query": "tea"}\n')
    refused(call(*ask, golden, "--json"), "TrajectoryError", "search.jsonl: line 1", "'hits'")
