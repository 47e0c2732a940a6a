"""``shoprl trajectories export``: what it prints and writes, and how it ends."""

import json
from pathlib import Path

import pytest

from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import read_data
from shoprl.shop.goal import goals_hash
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.files import read_trajectories, write_trajectories
from shoprl.trajectories.texts import text_rows
from tests.support.cli import Call, refused
from tests.support.given import written


@pytest.fixture
def file(call: Call, toy_folder: Path, tmp_path: Path) -> Path:
    out = tmp_path / "shoppers.jsonl"
    call("trajectories", "demonstrate", "--data", toy_folder, "--count", 6, "--out", out)
    return out


@pytest.mark.parametrize("form", ["text", "chat"])
def test_export(call: Call, toy_folder: Path, file: Path, tmp_path: Path, form: str) -> None:
    data, out = read_data(toy_folder), tmp_path / "out.jsonl"
    arguments = ("trajectories", "export", file, "--data", toy_folder, "--format", form)
    answer = call(*arguments, "--out", out, "--json").json()
    episodes = read_trajectories(file, goals_hash(data.goals))
    wanted = list(text_rows(ShopTask(data.shop), data.goals, episodes, form == "chat"))
    assert [json.loads(line) for line in out.read_text().splitlines()] == wanted
    assert answer == {"file": str(out), "format": form, "rows": len(wanted), "left_out": 0}
    again = call(*arguments, "--out", tmp_path / "again.jsonl")
    assert again.out == f"{len(wanted)} of {len(wanted)} decisions in {tmp_path / 'again.jsonl'}\n"


def test_what_people_did_is_exported_and_tests_are_not(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    data, arguments = read_data(toy_folder), ("trajectories", "export", "--data", toy_folder, "--out")
    people = written(tmp_path / "people.jsonl", data, [data.goals[index] for index in data.split.train[:2]])
    assert call(*arguments, tmp_path / "texts", people).code == 0
    prompts = [json.loads(line)["prompt"] for line in (tmp_path / "texts").read_text().splitlines()]
    assert all(any(data.goals[index].instruction in each for index in data.split.train[:2]) for each in prompts)
    tests = written(tmp_path / "tests.jsonl", data, [data.goals[index] for index in data.split.test[:2]])
    refused(call(*arguments, tmp_path / "new", tests), "ConfigError", "never trained on")


def test_goals_can_be_named(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    shown, chosen = tmp_path / "human.jsonl", ("--data", toy_folder, "--goals", "human")
    assert call("trajectories", "demonstrate", *chosen, "--count", 2, "--out", shown).code == 0
    assert call("trajectories", "export", shown, *chosen, "--out", tmp_path / "texts").code == 0


def test_bad_input(call: Call, toy_folder: Path, file: Path, tmp_path: Path) -> None:
    arguments = ("trajectories", "export", "--data", toy_folder, "--out")
    refused(call(*arguments, file, file), "ConfigError", "exists already")
    refused(call(*arguments, tmp_path / "new", tmp_path / "nothing"), "TrajectoryError", "no such file")
    train = read_data(toy_folder).split.train[0]
    typed = Episode(train, (Decision("search", "search[in words of my own]", 1),), 0.0, False)
    write_trajectories(tmp_path / "typed.jsonl", [typed], goals_hash(read_data(toy_folder).goals))
    refused(call(*arguments, tmp_path / "new", tmp_path / "typed.jsonl"), "TrajectoryError", "no action that was")
    assert not (tmp_path / "new").exists()
