import json
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import CatalogError, ConfigError, GoalError
from shoprl.shop.data import ShopData, read_data, read_shop, shop_data
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import SplitName, disjoint_split, webshop_split, write_split
from tests.support.toyshop import EVERYTHING, toy_catalog, toy_goals, write_toy_folder


def test_a_folder_without_goals_gets_the_same_ones_each_time(toy: ShopData, toy_folder: Path) -> None:
    data = read_data(toy_folder, strict=True)
    assert list(data.goals) == toy.goals
    assert data.hashes() == toy.hashes()
    assert set(data.hashes()) == {"catalog", "goals", "split", "disjoint_split"}


def test_stored_goals_and_splits_are_used(toy_folder: Path) -> None:
    goals = toy_goals("human")
    split, disjoint = disjoint_split(goals, np.random.default_rng(1)), disjoint_split(goals, np.random.default_rng(2))
    write_goals(toy_folder / "goals.jsonl.gz", goals)
    write_split(toy_folder / "split.json", split)
    write_split(toy_folder / "split_disjoint.json", disjoint)
    data = read_data(toy_folder)
    assert (data.goals, data.split, data.disjoint) == (goals, split, disjoint)


def test_splits_of_other_goals_are_refused(toy_folder: Path) -> None:
    write_split(toy_folder / "split.json", webshop_split(toy_goals("human")))
    with pytest.raises(GoalError, match="belongs to another goal list"):
        read_data(toy_folder)


def test_two_goal_files_are_named(toy_folder: Path) -> None:
    for name in ("goals.jsonl", "goals.jsonl.gz"):
        write_goals(toy_folder / name, toy_goals())
    with pytest.raises(GoalError, match=r"both goals\.jsonl and goals\.jsonl\.gz"):
        read_data(toy_folder)


def test_strict_reaches_the_catalogue(toy_folder: Path) -> None:
    path = toy_folder / "items_shuffle_12.json"
    path.write_text(json.dumps([*json.loads(path.read_text()), {"asin": "B1"}]))
    assert len(read_data(toy_folder).catalog) == 12
    with pytest.raises(CatalogError, match="product 13"):
        read_data(toy_folder, strict=True)


def test_few_products_have_no_disjoint_split() -> None:
    goals = [goal for goal in toy_goals("synthetic") if goal.asin == "B0LAMP0002"] * 2
    data = shop_data(toy_catalog(), goals)
    assert data.disjoint is None
    assert "disjoint_split" not in data.hashes()


def test_search_finds_at_most_all_products_and_repeats_itself(toy: ShopData) -> None:
    found = toy.shop.search.find(EVERYTHING)
    assert sorted(found) == sorted(product.asin for product in toy.catalog)
    assert toy.shop.search.find(EVERYTHING) == found
    assert toy.shop.search.find("nothing-like-this") == ()
    assert toy.shop.search.find("mint meadow")[0] == "B0TEA00002"


def test_a_session_belongs_to_its_goal(toy: ShopData) -> None:
    session = toy.session(3, "mine")
    assert session.goal == toy.goals[3]
    assert session.page.url.endswith("/mine")


def test_a_split_with_a_product_in_two_parts_is_not_disjoint(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    data = read_data(tmp_path)
    write_split(tmp_path / "split_disjoint.json", data.split)
    with pytest.raises(GoalError, match="a product is in two parts"):
        read_data(tmp_path)


def test_a_shop_needs_no_goals(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    for path in [*tmp_path.glob("goals*"), *tmp_path.glob("items_ins*"), *tmp_path.glob("items_human*")]:
        path.unlink()
    with pytest.raises(GoalError):
        read_data(tmp_path)
    shop = read_shop(tmp_path)
    assert shop.find(["toymart"])


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_the_goals_of_a_split_come_with_their_indices(toy: ShopData, split: SplitName) -> None:
    goals = toy.goals_of(split)
    assert [index for index, _ in goals] == list(toy.split.part(split))
    assert all(goal == toy.goals[index] for index, goal in goals)
    assert toy.goals_of(split, first=2) == goals[:2]
    assert toy.goals_of(split, first=1_000) == goals


def test_the_goals_of_a_split_must_be_some_of_a_known_one(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match=r"split 'all': use one of \('train', 'eval', 'test'\)"):
        toy.goals_of("all")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="first 0: must be at least 1"):
        toy.goals_of("test", first=0)
