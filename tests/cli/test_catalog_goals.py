"""`shoprl catalog goals` on good input; test_errors.py has the bad."""

import json
import shutil
from pathlib import Path

import pytest

from shoprl.shop.data import read_data
from tests.support.cli import ATTRIBUTES, BUILD, Call, refused, tree, words

GOALS = ("catalog", "goals")


def test_goals_are_written_counted_and_hashed(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "goals"
    row = call(*GOALS, "--data", toy_folder, "--out", out, "--goals", 24, "--json").json()
    for name in ("goals.jsonl.gz", "split.json", "split_disjoint.json"):
        shutil.copy(out / name, toy_folder)
    assert row["hashes"] == read_data(toy_folder).hashes()
    assert (row["goals"], row["products"], row["products_askable"], row["products_without_attributes"]) == (
        24,
        12,
        12,
        0,
    )
    again = call(*GOALS, "--data", toy_folder, "--out", tmp_path / "again", "--goals", 24)
    assert again.out.startswith(
        f"24 goals for 12 of 12 products in {tmp_path / 'again'}\ngoals: {row['hashes']['goals']}"
    )
    assert tree(tmp_path / "again") == tree(out)


def test_a_store_will_do_and_evaluate_takes_the_goals(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    assert call(*words(BUILD), "--data", toy_folder, "--out", tmp_path / "store").code == 0
    out = tmp_path / "goals"
    arguments = ("--data", tmp_path / "store", "--out", out, "--wording", "people", "--json")
    row = call(*GOALS, *arguments).json()
    assert row["goals"] == 12
    evaluated = call(
        "evaluate", "--policy", "rule", "--data", tmp_path / "store", "--goals", out / "goals.jsonl.gz", "--json"
    ).json()
    assert evaluated["episodes"] == 12
    assert evaluated["hashes"]["goals"] == row["hashes"]["goals"]


def test_products_alone_become_a_shop(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    """What a user does who has products and nothing else."""
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(toy_folder / "items_shuffle_12.json", bare)
    evaluate = ("evaluate", "--policy", "rule", "--split", "train", "--data", bare, "--json")
    refused(call(*evaluate), "GoalError", "no synthetic instructions", "shoprl catalog attributes")
    out = tmp_path / "goals"
    refused(call(*GOALS, "--data", bare, "--out", out), "GoalError", "None of the 12 products has an attribute")
    assert not out.exists()
    assert call(*words(ATTRIBUTES), "--data", bare, "--out", bare / "items_ins_v2.json").code == 0
    assert call(*evaluate).json()["episodes"] > 10
    assert call(*words(BUILD), "--data", bare).code == 0
    assert call(*GOALS, "--data", bare, "--out", out, "--json").json()["goals"] == 12


@pytest.mark.parametrize("there", ["file", "folder"])
def test_it_overwrites_nothing(call: Call, toy_folder: Path, tmp_path: Path, there: str) -> None:
    out = tmp_path / "goals"
    if there == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine").touch()
    before = tree(tmp_path)
    refused(call(*GOALS, "--data", toy_folder, "--out", out), "ConfigError", "not an empty folder")
    assert tree(tmp_path) == before


def test_all_missing_fields_of_a_wording_are_named(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    (toy_folder / "items_human_ins.json").write_text(json.dumps({"B0SHOE0001": [{"instruction": "shoes"}]}))
    answer = call(*GOALS, "--data", toy_folder, "--out", tmp_path / "goals", "--strict")
    refused(answer, "CatalogError", "lack 'instruction_attributes' and 'instruction_options' (ASIN B0SHOE0001)")
