"""`shoprl goals`: what it prints is a goals file."""

import json
from pathlib import Path

import pytest

from shoprl.shop.data import read_data
from shoprl.shop.goal import read_goals
from shoprl.shop.store import build_store
from tests.support.cli import Call, refused
from tests.support.toyshop import toy_catalog, toy_goals


@pytest.mark.parametrize("stored", [False, True])
def test_goals_are_printed_in_webshops_order(call: Call, toy_folder: Path, tmp_path: Path, stored: bool) -> None:
    folder = build_store(toy_folder) if stored else toy_folder
    for words, goals in (((), toy_goals()), (("--kind", "human"), toy_goals("human"))):
        answer = call("goals", "--data", folder, *words)
        assert (answer.code, answer.err) == (0, "")
        (tmp_path / "mine.jsonl").write_text(answer.out, encoding="utf-8")
        assert read_goals(tmp_path / "mine.jsonl", toy_catalog()) == goals
        first = call("goals", "--data", folder, *words, "--first", 4)
        assert first.out.splitlines() == answer.out.splitlines()[:4]
    older = call("goals", "--data", folder, "--kind", "synthetic-numpy", "--first", 1000).out.splitlines()
    assert [json.loads(line) for line in older] == [
        goal.to_json() for goal in read_data(toy_folder, goals="synthetic-numpy").goals
    ]


def test_a_few_of_very_many_goals_come_at_once(call: Call, toy_folder: Path) -> None:
    path = toy_folder / "items_shuffle_12.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    values = [{"value": f"value {n}"} for n in range(100)]
    rows[0]["customization_options"] = dict.fromkeys("abc", values)
    path.write_text(json.dumps(rows), encoding="utf-8")
    lines = call("goals", "--data", toy_folder, "--first", 3).out.splitlines()  # all of them would take a minute
    assert [json.loads(line)["asin"] for line in lines] == [rows[0]["asin"]] * 3


def test_control_characters_are_escaped(call: Call, toy_folder: Path) -> None:
    path = toy_folder / "items_ins_v2_12.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Find me", r"\u009b31m"), encoding="utf-8")
    out = call("goals", "--data", toy_folder, "--first", 5).out
    assert "\x9b" not in out
    assert json.loads(out.splitlines()[0])["instruction_text"].startswith("\x9b31m")


def test_instructions_that_are_not_there_are_named(call: Call, toy_folder: Path) -> None:
    (toy_folder / "items_human_ins.json").unlink()
    refused(call("goals", "--data", toy_folder, "--kind", "human"), "GoalError", "items_human_ins.json")
