"""Files of preference pairs: what they hold, and the way back into the shop."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.errors import TrajectoryError
from shoprl.shop.data import ShopData
from shoprl.shop.goal import goals_hash
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import replay
from shoprl.trajectories.lines import stored_hash
from shoprl.trajectories.preferences import (
    Preference,
    preference,
    read_preferences,
    rebuild,
    write_preferences,
    write_texts,
)
from shoprl.trajectories.shoppers import demonstrations
from tests.support.fakequery import foreign_goals
from tests.support.fakes import fake_policy
from tests.support.preferences import HASH, some_preferences
from tests.support.toyshop import toy_data


@pytest.fixture(scope="module")
def pairs() -> list[Preference]:
    return some_preferences(toy_data())


def test_a_prompt_shows_what_the_policy_sees(toy: ShopData) -> None:
    goal = toy.goals[28]
    before = ("search[nimbus mesh]", "click[b0shoe0001]", "click[red]")
    pair = preference(ShopTask(toy.shop), 28, goal, before, "click[buy now]", "click[black]", {"margin": 1.5})
    assert pair.prompt.startswith(f"Instruction: {goal.instruction}\n\nPage:\nYou have clicked red.\nInstruction:\n")
    assert "\n[button] Buy Now [button_]\n\nAvailable actions:\n- click[back to search]\n" in pair.prompt
    assert "\n- click[red]\n" in pair.prompt
    assert pair.prompt.endswith("\n\nAction:\n")
    assert pair.about == {"page": "item", "margin": 1.5}


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz"])
def test_round_trip(tmp_path: Path, pairs: list[Preference], name: str) -> None:
    path = tmp_path / name
    write_preferences(path, pairs, HASH)
    assert read_preferences(path, HASH) == pairs
    assert stored_hash(path) == HASH
    first = path.read_bytes()
    write_preferences(path, pairs, HASH)
    assert path.read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_any_reader_of_json_lines_finds_the_standard_form(tmp_path: Path, pairs: list[Preference]) -> None:
    write_preferences(tmp_path / "full.jsonl", pairs, HASH)
    write_texts(tmp_path / "texts.jsonl", pairs)
    for name, keys in (("full.jsonl", None), ("texts.jsonl", {"prompt", "chosen", "rejected"})):
        rows = [json.loads(line) for line in (tmp_path / name).read_text(encoding="utf-8").splitlines()]
        assert len(rows) == len(pairs)
        assert all(keys is None or set(row) == keys for row in rows)
        assert len({tuple(row) for row in rows}) == 1  # one schema
        for row, pair in zip(rows, pairs, strict=True):
            assert [row[key] for key in ("prompt", "chosen", "rejected")] == [pair.prompt, pair.chosen, pair.rejected]
            assert all(f"- {row[key]}\n" in row["prompt"] for key in ("chosen", "rejected"))


def test_messages_hold_the_same_texts(tmp_path: Path, pairs: list[Preference]) -> None:
    write_texts(tmp_path / "chat.jsonl", pairs, chat=True)
    rows = [json.loads(line) for line in (tmp_path / "chat.jsonl").read_text().splitlines()]
    assert [{name: message["content"] for name, [message] in row.items()} for row in rows] == [
        pair.texts() for pair in pairs
    ]
    assert {(name, message["role"]) for row in rows for name, [message] in row.items()} == {
        ("prompt", "user"),
        ("chosen", "assistant"),
        ("rejected", "assistant"),
    }


def test_pairs_are_found_again_in_the_shop(toy: ShopData, tmp_path: Path, pairs: list[Preference]) -> None:
    sha256 = goals_hash(toy.goals)
    write_preferences(tmp_path / "pairs.jsonl", pairs, sha256)
    found = rebuild(ShopTask(toy.shop), toy.goals, read_preferences(tmp_path / "pairs.jsonl", sha256))
    trips = demonstrations(ShopTask(toy.shop), toy.goals, toy.split.train, 6, 0.6, np.random.default_rng(0))
    wanted = [
        (trip.goal_index, state.observe(), chosen)
        for trip in trips
        for state, chosen in replay(ShopTask(toy.shop), toy.goals[trip.goal_index], trip)
        if chosen is not None and len(state.candidates) > 1
    ]
    assert len(found) == len(wanted) == len(pairs) > 10
    for (example, rejected), (goal_index, state, chosen), pair in zip(found, wanted, pairs, strict=True):
        assert (example.chosen, example.episode) == (chosen, goal_index)
        assert (example.state.request, example.state.texts) == (state.request, state.texts)
        assert (example.state.features == state.features).all()
        assert example.state.actions[example.chosen] == pair.chosen
        assert example.state.actions[rejected] == pair.rejected


@pytest.mark.parametrize("what", ["chosen", "rejected"])
def test_an_action_that_is_not_available_names_its_line(toy: ShopData, pairs: list[Preference], what: str) -> None:
    wrong = [*pairs[:2], replace(pairs[2], **{what: "click[b0nowhere1]"}), *pairs[3:]]
    with pytest.raises(TrajectoryError, match=rf"^line 3: the {what} action 'click\[b0nowhere1\]' is not available"):
        rebuild(ShopTask(toy.shop), toy.goals, wrong)
    with pytest.raises(TrajectoryError, match=r"^line 1: goal_index is 35; there are 35 goals"):
        rebuild(ShopTask(toy.shop), toy.goals, [replace(pairs[0], goal_index=35)])


def test_a_pair_after_the_purchase_is_none(toy: ShopData) -> None:
    before = ("search[nimbus mesh]", "click[b0shoe0001]", "click[buy now]")
    with pytest.raises(TrajectoryError, match=r"goal 3, step 4: the chosen action .* on the done page"):
        preference(ShopTask(toy.shop), 3, toy.goals[3], before, "click[buy now]", "click[< prev]")


def test_an_action_is_not_preferred_to_itself(toy: ShopData) -> None:
    with pytest.raises(TrajectoryError, match="both chosen and rejected"):
        preference(ShopTask(toy.shop), 3, toy.goals[3], ("search[nimbus mesh]",), "click[next >]", "click[next >]")


def put(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda row: row.update(fields)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (put(goals_sha256="b" * 64), "made on another goal list"),
        (lambda row: row.pop("goals_sha256"), "field 'goals_sha256' is missing"),
        (lambda row: row.pop("prompt"), "field 'prompt' is missing"),
        (lambda row: row.pop("actions"), "field 'actions' is missing"),
        (put(chosen=["a"]), "field 'chosen' must be a text"),
        (put(goal_index=True), "field 'goal_index' must be a whole number"),
        (put(goal_index=-1), "'goal_index' must be at least 0"),
        (put(chosen="a", rejected="a"), "two different actions"),
        (put(chosen=""), "two different actions"),
        (put(chosen="a" * 10_001), "of at most 10,000 characters"),
        (put(prompt="a" * 200_001), "field 'prompt' is longer"),
        (put(actions=["a"] * 1_001), "holds 1001 texts"),
        (put(about=[]), "field 'about' must be an object"),
    ],
)
def test_a_malformed_line(
    tmp_path: Path, pairs: list[Preference], fault: Callable[[dict[str, Any]], object], said: str
) -> None:
    path = tmp_path / "pairs.jsonl"
    write_preferences(path, pairs[:3], HASH)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    fault(rows[1])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TrajectoryError, match=r"pairs\.jsonl: line 2: .*" + said):
        read_preferences(path, HASH)


def test_about_may_be_left_out(tmp_path: Path, pairs: list[Preference]) -> None:
    row = pairs[0].to_json() | {"goals_sha256": HASH}
    del row["about"]
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row) + "\n\n")
    assert read_preferences(tmp_path / "pairs.jsonl", HASH) == [replace(pairs[0], about={})]


def test_blank_lines_would_shift_the_numbers(tmp_path: Path, pairs: list[Preference]) -> None:
    lines = [json.dumps(pair.to_json() | {"goals_sha256": HASH}) for pair in pairs[:2]]
    (tmp_path / "pairs.jsonl").write_text("\n\n".join(lines))
    with pytest.raises(TrajectoryError, match="line 2: is blank"):
        read_preferences(tmp_path / "pairs.jsonl", HASH)


def test_no_file_and_no_pair(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    with pytest.raises(TrajectoryError, match="no such file"):
        read_preferences(path, HASH)
    path.write_text("\n")
    with pytest.raises(TrajectoryError, match="holds no preference"):
        read_preferences(path, HASH)
    with pytest.raises(TrajectoryError, match="holds no line"):
        stored_hash(path)


def test_a_query_can_be_preferred_to_another(toy: ShopData) -> None:
    policy = fake_policy()
    goals, policy.offer = foreign_goals(toy)
    goal = goals[0][1]
    own, wrong, right = (f"search[{query}]" for query in policy.queries(parse_instruction(goal.instruction)))
    pair = preference(ShopTask(toy.shop), 0, goal, (), right, wrong, queries=policy.queries)
    assert f"- {own}\n- {wrong}\n- {right}\n" in pair.prompt
    ((example, rejected),) = rebuild(ShopTask(toy.shop), [goal], [pair], policy.queries)
    assert (example.chosen, rejected) == (2, 1)
    with pytest.raises(TrajectoryError, match=r"^line 1: the chosen action .* a policy with the searches"):
        rebuild(ShopTask(toy.shop), [goal], [pair])
