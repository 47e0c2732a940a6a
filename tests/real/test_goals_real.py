"""The goals made of WebShop's files against those that WebShop made of them."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import GoalError
from shoprl.reading import read_json_lines
from shoprl.shop.data import read_catalog_and_goals, read_data
from shoprl.shop.goal import GOAL_SEED, Goal, goals_hash
from shoprl.shop.making import make_goals
from shoprl.shop.store import build_store
from tests.support.realdata import real_data

ITEMS, WORDS, HUMAN = "items_shuffle_1000.json", "items_ins_v2_1000.json", "items_human_ins.json"
OLDER = "c2a991b249f3f5349002c5709dab1190953e0c302b2293502c4c0b8eab2aeae1"  # of the goals that earlier versions made
PRICE = ", and price lower than "


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """WebShop's item files alone: no prices, no goals."""
    for name in (ITEMS, WORDS):
        shutil.copy(real_data() / name, tmp_path / name)
    return tmp_path


def recorded() -> list[dict[str, object]]:
    return [row for _, row in read_json_lines(real_data() / "goals.jsonl.gz", GoalError)]


def without_ceiling(row: dict[str, object]) -> dict[str, object]:
    text = str(row["instruction_text"]).partition(PRICE)[0]
    return {name: value for name, value in row.items() if name != "price_upper"} | {"instruction_text": text}


def test_all_goals_but_for_their_ceilings_are_webshops_in_its_order(files: Path) -> None:
    goals, expected = read_data(files).goals, recorded()
    rows = [goal.to_json() for goal in goals]
    assert len(rows) == len(expected) == 6_910
    assert list(map(without_ceiling, rows)) == list(map(without_ceiling, expected))
    assert [PRICE in str(row["instruction_text"]) for row in rows] == [
        PRICE in str(row["instruction_text"]) for row in expected
    ]
    assert goals_hash(goals) == goals_hash(read_data(files, human_goals=False).goals)


def test_the_store_holds_the_same_goals(files: Path, tmp_path: Path) -> None:
    memory, stored = read_data(files), read_data(build_store(files, tmp_path / "out"))
    assert stored.hashes() == memory.hashes()


def test_the_order_of_earlier_versions_is_there_by_name(files: Path) -> None:
    catalog, goals = read_catalog_and_goals(files, goals="synthetic-numpy")
    assert len(goals) == 6_085
    assert goals_hash(goals) == OLDER
    assert list(goals) == make_goals(catalog, np.random.default_rng(GOAL_SEED))


def test_human_goals_stand_where_webshop_has_them(files: Path) -> None:
    """Worked out from the file as WebShop's own code does: asked for product by product, then shuffled."""
    items = json.loads((files / ITEMS).read_text(encoding="utf-8"))
    asked = {
        row["asin"]: [
            {
                "instruction": f"i want item {row['asin']}, wish {n}.",
                "instruction_attributes": ["soft"] if n % 3 else [],  # WebShop leaves out those without attributes
                "instruction_options": ["red"] * (n % 2),
            }
            for n in range(int(row["asin"], 36) % 5)
        ]
        for row in items
    }
    (files / HUMAN).write_text(json.dumps(asked), encoding="utf-8")
    expected = [
        (row["asin"], entry["instruction"].strip("."), tuple(entry["instruction_options"]))
        for row in {row["asin"]: row for row in items}.values()
        for entry in asked[row["asin"]]
        if entry["instruction_attributes"]
    ]
    random.Random(233).shuffle(expected)
    assert len(expected) > 500

    def told(goal: Goal) -> tuple[str, str, tuple[str, ...]]:
        return goal.asin, goal.instruction.partition(PRICE)[0], goal.option_values

    assert [told(goal) for goal in read_data(files, human_goals=True).goals] == expected
    assert len(read_data(files).goals) == 6_910  # synthetic ones, unless human ones are asked for
    (files / WORDS).unlink()
    assert [told(goal) for goal in read_data(files).goals] == expected
