import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.errors import GoalError
from shoprl.shop.goal import MAX_INSTRUCTION, Goal, goal_from_json, goals_hash, read_goals, write_goals
from tests.support.toyshop import PRODUCTS, toy_catalog, toy_goals

GOAL = Goal(
    asin="B0TEA00001",
    category="grocery",
    query="herbal tea",
    name="Kräuter Garten Tisane № 5",
    product_category="Grocery › Beverages › Tea",
    instruction="tea, please",
    attributes=("caffeine free", "usda organic"),
    options={"flavor name": "früchte", "size": "20 count"},
    price_upper=20.0,
    weight=0.25,
)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOAL.to_json().items() if key != name}


def test_fields_are_webshops() -> None:
    assert GOAL.to_json() == {
        "asin": "B0TEA00001",
        "category": "grocery",
        "query": "herbal tea",
        "name": "Kräuter Garten Tisane № 5",
        "product_category": "Grocery › Beverages › Tea",
        "instruction_text": "tea, please",
        "attributes": ["caffeine free", "usda organic"],
        "price_upper": 20.0,
        "goal_options": {"flavor name": "früchte", "size": "20 count"},
        "weight": 0.25,
    }


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({"flavor name": "früchte", "size": "20 count"}, ("früchte", "20 count")),
        (("früchte", "früchte"), ("früchte", "früchte")),
        ({}, ()),
        ((), ()),
    ],
)
@pytest.mark.parametrize("name", ["goals.jsonl", "goals.jsonl.gz"])
def test_goals_survive_their_file(options: Any, values: tuple[str, ...], name: str, tmp_path: Path) -> None:
    goals = [replace(GOAL, options=options), *toy_goals(), *toy_goals("human")]
    write_goals(tmp_path / name, goals)
    again = read_goals(tmp_path / name, toy_catalog())
    assert again == goals
    assert type(again[0].options) is type(options)
    assert again[0].option_values == values
    assert goals_hash(again) == goals_hash(goals)


def test_a_gz_file_is_gzipped_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_goals(tmp_path / name, [GOAL])
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert (tmp_path / "a.jsonl.gz").read_bytes()[4:8] == bytes(4)  # no time of writing
    assert json.loads(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())) == GOAL.to_json()


def test_weight_is_one_where_it_is_missing_and_prices_may_be_whole() -> None:
    goal = goal_from_json(without("weight") | {"price_upper": 20})
    assert goal == replace(GOAL, weight=1.0)
    assert isinstance(goal.price_upper, float)


@pytest.mark.parametrize("name", [name for name in GOAL.to_json() if name != "weight"])
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(GoalError, match=f"field '{name}' is missing"):
        goal_from_json(without(name))


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        *((name, 7, "must be text, found int") for name in ("asin", "category", "query", "name", "product_category")),
        ("instruction_text", None, "must be text, found NoneType"),
        ("instruction_text", "x" * (MAX_INSTRUCTION + 1), "is longer than 2000 characters"),
        ("attributes", [], "must be a list of at least one text"),
        ("attributes", "soft", "must be a list of at least one text"),
        ("attributes", [1], "must be a list of at least one text"),
        ("price_upper", "20", "must be a number above 0"),
        ("price_upper", True, "must be a number above 0"),
        ("price_upper", None, "must be a number above 0"),
        ("weight", "1", "must be a number above 0"),
        ("price_upper", math.nan, "must be a number above 0"),
        ("price_upper", 10**400, "must be a number above 0"),
        ("price_upper", -1, "must be a number above 0"),
        ("weight", math.inf, "must be a number above 0"),
        ("goal_options", "red", "must be an object or a list of texts"),
        ("goal_options", None, "must be an object or a list of texts"),
        ("goal_options", [1], "must be an object or a list of texts"),
        ("goal_options", {"color": ["red"]}, "must be an object or a list of texts"),
    ],
)
def test_a_wrong_type_is_named(name: str, value: Any, what: str) -> None:
    with pytest.raises(GoalError, match=f"field '{name}' {what}"):
        goal_from_json(GOAL.to_json() | {name: value})


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"asin": "B0', "invalid JSON"),
        ("[1]", "expected a JSON object, found list"),
        (json.dumps(without("query")), r"field 'query' is missing\. Fix or remove the line"),
        (json.dumps(GOAL.to_json() | {"asin": "B0NOWHERE1"}), "product 'B0NOWHERE1' is not in the catalogue"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: str, what: str, tmp_path: Path) -> None:
    good = json.dumps(GOAL.to_json())
    path = write_lines(tmp_path / "goals.jsonl", good, "", good, line, good)
    with pytest.raises(GoalError, match=rf"goals\.jsonl: line 4: {what}"):
        read_goals(path, toy_catalog())


@pytest.mark.parametrize("lines", [(), ("", "  ")])
def test_a_file_without_goals(lines: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="holds no goal"):
        read_goals(write_lines(tmp_path / "goals.jsonl", *lines), toy_catalog())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoalError, match=r"goals\.jsonl: no such file"):
        read_goals(tmp_path / "goals.jsonl", toy_catalog())


def test_goals_of_another_catalogue_are_refused(tmp_path: Path) -> None:
    write_goals(tmp_path / "goals.jsonl", toy_goals())
    with pytest.raises(GoalError, match="not in the catalogue"):
        read_goals(tmp_path / "goals.jsonl", Catalog(PRODUCTS[:3]))


CHANGES: dict[str, Any] = {
    "asin": "B0TEA00002",
    "category": "x",
    "query": "x",
    "name": "x",
    "product_category": "x",
    "instruction": "x",
    "attributes": ("usda organic", "caffeine free"),
    "options": ("früchte", "20 count"),
    "price_upper": 30.0,
    "weight": 0.5,
}


@pytest.mark.parametrize("field", CHANGES)
def test_the_hash_sees_every_field(field: str) -> None:
    assert goals_hash([GOAL]) != goals_hash([replace(GOAL, **{field: CHANGES[field]})])


def test_the_hash_sees_the_order_of_goals_but_not_of_option_names() -> None:
    other = replace(GOAL, price_upper=30.0)
    swapped = replace(GOAL, options=dict(reversed(GOAL.options.items())))  # type: ignore[union-attr]
    assert goals_hash([GOAL, other]) != goals_hash([other, GOAL])
    assert goals_hash([GOAL]) == goals_hash([swapped])
