import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from shoprl.errors import ConfigError, GoalError
from shoprl.files import content_hash, write_json
from shoprl.shop import webshop_goals
from shoprl.shop.about import ABOUT, read_about
from shoprl.shop.data import read_catalog_and_goals, read_data
from shoprl.shop.goal import GOAL_SEED, StoredGoals, goals_hash, write_goals
from shoprl.shop.goal_choice import chosen_goals, kinds_held
from shoprl.shop.making import MadeGoals, make_goals
from shoprl.shop.splits import disjoint_split, webshop_split, write_split
from shoprl.shop.store import build_store
from shoprl.shop.updating import update_store
from tests.support.toyshop import PRODUCTS, toy_catalog, toy_goals

WORDS, HUMAN = "items_ins_v2_12.json", "items_human_ins.json"


def older(kind: Any = "synthetic") -> list[Any]:
    return make_goals(toy_catalog(), np.random.default_rng(GOAL_SEED), kind)


def without_instructions(path: Path) -> None:
    rows = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({asin: {"attributes": row["attributes"]} for asin, row in rows.items()}))


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, None),
        ({"human_goals": True}, "human"),
        ({"human_goals": 0}, "synthetic"),
        ({"goals": "human-numpy"}, "human-numpy"),
        ({"goals": "mine.jsonl"}, Path("mine.jsonl")),
        ({"goals": Path("mine.jsonl")}, Path("mine.jsonl")),
    ],
)
def test_what_is_asked_for(given: dict[str, Any], chosen: object) -> None:
    assert chosen_goals(**{"goals": None, **given}) == chosen


def test_two_names_for_one_thing_are_refused(toy_folder: Path) -> None:
    with pytest.raises(ConfigError, match="goals, human_goals: they name the same thing"):
        read_data(toy_folder, goals="human", human_goals=True)


@pytest.mark.parametrize("made", get_args(MadeGoals))
def test_goals_of_either_kind_and_order_are_made_by_name(toy_folder: Path, made: MadeGoals) -> None:
    expected = {"synthetic": toy_goals(), "human": toy_goals("human")}
    expected |= {"synthetic-numpy": older(), "human-numpy": older("human")}
    data = read_data(toy_folder, goals=made)
    assert list(data.goals) == expected[made]
    assert len({goals_hash(goals) for goals in expected.values()}) == 4
    assert data.split.to_json() == webshop_split(expected[made]).to_json()


def test_synthetic_goals_are_made_unless_there_are_human_instructions_alone(toy_folder: Path) -> None:
    assert list(read_data(toy_folder).goals) == toy_goals()
    without_instructions(toy_folder / WORDS)  # as in a catalogue whose attributes were mined elsewhere
    assert list(read_data(toy_folder).goals) == toy_goals("human")
    store = build_store(toy_folder)
    assert list(read_data(toy_folder).goals) == toy_goals("human")
    assert (read_about(store).goals, read_about(store).made) == (None, "human")


@pytest.mark.parametrize("stored", [False, True])
def test_a_kind_that_the_files_lack_is_refused(toy_folder: Path, stored: bool) -> None:
    (toy_folder / HUMAN).unlink()
    folder = build_store(toy_folder) if stored else toy_folder
    with pytest.raises(GoalError, match=r"no human instructions .*items_human_ins.json"):
        read_data(folder, human_goals=True)


@pytest.mark.parametrize("stored", [False, True])
def test_a_goals_file_of_the_kind_asked_for_is_what_the_folder_has(toy_folder: Path, stored: bool) -> None:
    own = toy_goals()[:20]
    write_goals(toy_folder / "goals.jsonl", own)
    write_split(toy_folder / "split.json", disjoint_split(own, np.random.default_rng(1)))
    if stored:
        build_store(toy_folder)
    for given in ({}, {"human_goals": False}, {"goals": "synthetic"}):
        data = read_data(toy_folder, **given)  # type: ignore[arg-type]
        assert list(data.goals) == own
        assert data.split.kind == "disjoint"
    made = read_data(toy_folder, human_goals=True)
    assert list(made.goals) == toy_goals("human")
    assert made.split.to_json() == webshop_split(toy_goals("human")).to_json()  # the stored one is of other goals
    assert list(read_data(toy_folder, goals="synthetic-numpy").goals) == older()


@pytest.mark.parametrize("stored", [False, True])
def test_a_file_given_takes_the_place_of_the_shops_goals(toy_folder: Path, tmp_path: Path, stored: bool) -> None:
    if stored:
        build_store(toy_folder)
    write_goals(tmp_path / "mine.jsonl.gz", toy_goals()[3:17])
    data = read_data(toy_folder, goals=tmp_path / "mine.jsonl.gz")
    assert data.goals == toy_goals()[3:17]
    assert data.split.to_json() == webshop_split(toy_goals()[3:17]).to_json()
    with pytest.raises(GoalError, match="no-such"):
        read_data(toy_folder, goals="no-such.jsonl")


def test_a_store_is_built_of_a_file_given(toy_folder: Path, tmp_path: Path) -> None:
    write_goals(tmp_path / "mine.jsonl", toy_goals()[3:17])
    store = build_store(toy_folder, tmp_path / "out", goals=tmp_path / "mine.jsonl")
    assert list(read_data(store).goals) == toy_goals()[3:17]
    assert read_about(store).made is None


# What earlier versions wrote


@pytest.mark.parametrize("name", ["split.json", "split_disjoint.json"])
def test_a_folder_with_splits_of_goals_in_the_older_order_goes_on_opening(toy_folder: Path, name: str) -> None:
    write_split(toy_folder / name, disjoint_split(older(), np.random.default_rng(1)))
    assert list(read_data(toy_folder).goals) == older()
    store = build_store(toy_folder)
    assert list(read_data(store).goals) == older()
    assert read_about(store).made == "synthetic-numpy"
    assert list(read_data(toy_folder, goals="synthetic").goals) == toy_goals()


def test_splits_of_other_goals_are_still_refused(toy_folder: Path) -> None:
    write_split(toy_folder / "split.json", webshop_split(toy_goals()[1:]))
    with pytest.raises(GoalError, match="belongs to another goal list"):
        read_data(toy_folder)
    with pytest.raises(GoalError, match="belongs to another goal list"):
        build_store(toy_folder)


@pytest.mark.parametrize("kind", ["synthetic", "human"])
def test_a_store_of_an_earlier_version_goes_on_opening(toy_folder: Path, tmp_path: Path, kind: Any) -> None:
    store = build_store(toy_folder, tmp_path / "out", goals=f"{kind}-numpy")
    row = json.loads((store / ABOUT).read_text())
    about = {name: value for name, value in row.items() if name not in ("made", "sha256")} | {"goals": kind}
    write_json(store / ABOUT, {**about, "sha256": content_hash(about)})  # as earlier versions wrote it
    assert read_about(store).made == f"{kind}-numpy"
    assert list(read_data(store).goals) == list(read_data(store, goals=f"{kind}-numpy").goals) == older(kind)
    assert list(read_data(store, goals=kind).goals) == toy_goals(kind)


def test_goals_made_of_a_stores_products_go_to_other_processes(toy_folder: Path, tmp_path: Path) -> None:
    data = read_data(build_store(toy_folder, tmp_path / "out"), human_goals=True)
    assert not isinstance(data.goals, StoredGoals)
    sent = pickle.dumps(data)
    assert len(sent) < 10_000  # without the products
    again = pickle.loads(sent)
    assert list(again.goals) == toy_goals("human")
    assert again.hashes() == data.hashes()
    update_store(
        tmp_path / "out", [replace(PRODUCTS[0], title="Another title"), replace(PRODUCTS[1], asin="B0NEW00001")]
    )
    updated = read_data(tmp_path / "out", human_goals=True)
    assert list(pickle.loads(pickle.dumps(updated)).goals) == list(updated.goals)
    assert len(updated.goals) == len(data.goals) + 1


def test_too_many_combinations_fall_back_to_the_older_order(
    toy_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webshop_goals, "MOST_GOALS", 20)
    assert list(read_data(toy_folder).goals) == older()
    assert "They are made as synthetic-numpy" in caplog.text
    assert list(read_data(build_store(toy_folder)).goals) == older()
    with pytest.raises(GoalError, match="too many goals"):
        read_catalog_and_goals(toy_folder, goals="synthetic")


def test_kinds_are_told_by_the_form_of_options() -> None:
    assert kinds_held(toy_goals()) == {"synthetic"}
    assert kinds_held([*toy_goals(), *toy_goals("human")]) == {"synthetic", "human"}
