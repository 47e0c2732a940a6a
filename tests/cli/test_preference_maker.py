"""``shoprl preferences make``; test_train.py trains on what it wrote."""

import json
from pathlib import Path

import pytest

from shoprl.policies.saving import save_policy
from shoprl.shop.data import read_data
from shoprl.trajectories.files import goals_beside
from shoprl.trajectories.given import given_goals
from shoprl.trajectories.preferences import read_preferences
from tests.support.cli import Call, refused
from tests.support.fakes import fake_policy
from tests.support.given import written
from tests.support.pretrained import package


@pytest.fixture
def files(call: Call, toy_folder: Path, tmp_path: Path) -> tuple[object, ...]:
    shown, policy = tmp_path / "shown.jsonl", tmp_path / "policy"
    assert call("trajectories", "demonstrate", "--data", toy_folder, "--count", 3, "--out", shown).code == 0
    save_policy(fake_policy(), policy)
    return "--data", toy_folder, "--demonstrations", shown, "--policy", policy


def test_the_same_seed_makes_the_same_pairs(call: Call, tmp_path: Path, files: tuple[object, ...]) -> None:
    first, second = (tmp_path / name for name in ("first", "second"))
    answer = call("preferences", "make", *files, "--out", first, "--threads", 1)
    assert answer.code == 0, answer.err
    assert "pairs in" in answer.out
    row = call("preferences", "make", *files, "--out", second, "--threads", 1, "--json").json()
    assert first.read_bytes() == second.read_bytes()
    assert row["pairs"] == len([json.loads(line) for line in first.read_text().splitlines()]) > 0


def test_the_pretrained_agent_gives_the_rejected_actions(
    call: Call, tmp_path: Path, files: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = list(files)
    at = words.index("--policy") + 1
    package(Path(str(words[at])), monkeypatch)
    assert call("preferences", "make", *words, "--out", tmp_path / "folder.jsonl").code == 0
    words[at] = "pretrained"
    assert call("preferences", "make", *words, "--out", tmp_path / "name.jsonl").code == 0
    assert (tmp_path / "name.jsonl").read_bytes() == (tmp_path / "folder.jsonl").read_bytes()


def test_pairs_of_what_people_did_have_their_goals_beside_them(
    call: Call, toy_folder: Path, tmp_path: Path, files: tuple[object, ...]
) -> None:
    data = read_data(toy_folder)
    people = written(tmp_path / "people.jsonl", data, [data.goals[index] for index in data.split.train[:3]])
    answer = call("preferences", "make", *files, "--demonstrations", people, "--out", tmp_path / "pairs.jsonl")
    assert answer.code == 0, answer.err
    assert goals_beside(tmp_path / "pairs.jsonl").read_bytes() == goals_beside(people).read_bytes()
    given = given_goals(tmp_path / "pairs.jsonl", data)
    assert read_preferences(tmp_path / "pairs.jsonl", given.sha256)


def test_it_overwrites_nothing(call: Call, tmp_path: Path, files: tuple[object, ...]) -> None:
    (tmp_path / "out").write_text("mine")
    refused(call("preferences", "make", *files, "--out", tmp_path / "out"), "ConfigError", "exists already")
    assert (tmp_path / "out").read_text() == "mine"
