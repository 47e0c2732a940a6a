import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.errors import GoalError
from shoprl.shop.goal import Goal, goals_hash
from shoprl.shop.splits import Split, disjoint_split, read_split, webshop_split, write_split
from tests.support.toyshop import toy_goals

PARTS = ("test", "eval", "train")


def goals_for(asins: list[str]) -> list[Goal]:
    return [Goal(asin, "", "", "", "", f"goal {i}", ("a",), {}, 10.0) for i, asin in enumerate(asins)]


def sizes(split: Split) -> tuple[int, ...]:
    return tuple(len(split.part(part)) for part in PARTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (6910, (500, 1000, 5410)),
        (3000, (500, 1000, 1500)),
        (2999, (299, 599, 2101)),
        (100, (10, 20, 70)),
        (19, (1, 3, 15)),
        (10, (1, 2, 7)),
    ],
)
def test_webshops_split_by_position(count: int, expected: tuple[int, ...]) -> None:
    goals = goals_for(["B1"] * count)
    split = webshop_split(goals)
    assert sizes(split) == expected
    assert split.test + split.eval + split.train == tuple(range(count))
    assert split.kind == "webshop"
    assert split.goals_sha256 == goals_hash(goals)


@pytest.mark.parametrize("count", [0, 9])
def test_a_very_short_list_cannot_be_split(count: int) -> None:
    with pytest.raises(GoalError, match=f"{count} goals are too few"):
        webshop_split(goals_for(["B1"] * count))


@given(
    asins=st.lists(st.sampled_from([f"B{n}" for n in range(40)]), max_size=120),
    seed=st.integers(0, 2**32),
    share=st.floats(0.01, 0.6),
)
def test_no_product_is_in_two_parts(asins: list[str], seed: int, share: float) -> None:
    goals = goals_for(asins)
    try:
        split = disjoint_split(goals, np.random.default_rng(seed), share)
    except GoalError:
        assert len(set(asins)) < 3 or 2 * round(share * len(set(asins))) >= len(set(asins))
        return
    parts = {part: split.part(part) for part in PARTS}  # type: ignore[arg-type]
    assert sorted(index for part in parts.values() for index in part) == list(range(len(goals)))
    owners = {part: {asins[index] for index in indices} for part, indices in parts.items()}
    assert all(owners.values())
    assert sum(map(len, owners.values())) == len(set(asins))
    assert len(owners["test"]) == len(owners["eval"]) == max(1, round(share * len(set(asins))))
    assert all(list(indices) == sorted(indices) for indices in parts.values())


def test_a_disjoint_split_is_repeatable_and_random() -> None:
    def split(seed: int) -> Split:
        return disjoint_split(toy_goals(), np.random.default_rng(seed))

    assert split(1) == split(1)
    assert len({split(seed).test for seed in range(10)}) > 3


def test_the_products_of_a_disjoint_split_do_not_depend_on_the_order_of_goals() -> None:
    goals = goals_for([f"B{n % 20}" for n in range(60)])
    there = disjoint_split(goals, np.random.default_rng(3))
    back = disjoint_split(goals[::-1], np.random.default_rng(3))
    assert {goals[i].asin for i in there.test} == {goals[::-1][i].asin for i in back.test}


# Files


@pytest.mark.parametrize("split", [webshop_split(toy_goals()), disjoint_split(toy_goals(), np.random.default_rng(0))])
def test_a_split_survives_its_file(split: Split, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    write_split(path, split)
    assert read_split(path, toy_goals()) == split


def edited(tmp_path: Path, **changes: Any) -> Path:
    row = webshop_split(toy_goals()).to_json() | changes
    path = tmp_path / "split.json"
    path.write_text(json.dumps({name: value for name, value in row.items() if value is not None}))
    return path


@pytest.mark.parametrize("changes", [{"test": [0, 1, 2, 3]}, {"test": [1, 0, 2]}, {"train": []}, {"eval": [1]}])
def test_an_edited_split_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="was changed after it was written"):
        read_split(edited(tmp_path, **changes), toy_goals())


def test_a_split_of_other_goals_is_refused(tmp_path: Path) -> None:
    path, goals = edited(tmp_path), toy_goals()
    for others in (goals[:-1], goals[::-1], [replace(goals[0], price_upper=1.0), *goals[1:]]):
        with pytest.raises(GoalError, match="belongs to another goal list"):
            read_split(path, others)


@pytest.mark.parametrize("field", ["kind", "goals_sha256", "split_sha256", *PARTS])
def test_a_split_without_a_field_is_refused(field: str, tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="not a split file"):
        read_split(edited(tmp_path, **{field: None}), toy_goals())


@pytest.mark.parametrize("text", ["[]", "7", '"test"', '{"test": 7}', '{"test": ["a"], "eval": [], "train": []}'])
def test_something_else_is_no_split(text: str, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(GoalError, match="not a split file"):
        read_split(path, toy_goals())


def test_a_missing_split_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoalError, match="no such file"):
        read_split(tmp_path / "split.json", toy_goals())
