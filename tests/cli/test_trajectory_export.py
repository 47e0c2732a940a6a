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


def test_bad_input(call: Call, toy_folder: Path, file: Path, tmp_path: Path) -> None:
    arguments = ("trajectories", "export", "--data", toy_folder, "--out")
    refused(call(*arguments, file, file), "ConfigError", "exists already")
    refused(call(*arguments, tmp_path / "new", tmp_path / "nothing"), "TrajectoryError", "no such file")
    typed = Episode(0, (Decision("search", "search[in words of my own]", 1),), 0.0, False)
    write_trajectories(tmp_path / "typed.jsonl", [typed], goals_hash(read_data(toy_folder).goals))
    refused(call(*arguments, tmp_path / "new", tmp_path / "typed.jsonl"), "TrajectoryError", "no action that was")
    assert not (tmp_path / "new").exists()
