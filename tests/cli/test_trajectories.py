"""``shoprl trajectories``: what it prints and writes, and how it ends."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import read_data
from shoprl.shop.goal import goals_hash
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.files import read_trajectories, write_trajectories
from shoprl.trajectories.lines import stored_hash
from shoprl.trajectories.shoppers import demonstrations
from tests.support.cli import Call, refused, tree
from tests.support.toyshop import toy_data


@pytest.fixture(scope="module")
def played() -> list[Episode]:
    data = toy_data()
    return demonstrations(ShopTask(data.shop), data.goals, data.split.train, 12, 0.6, np.random.default_rng(0))


@pytest.fixture
def file(tmp_path: Path, played: list[Episode]) -> Path:
    write_trajectories(tmp_path / "played.jsonl", played, goals_hash(toy_data().goals))
    return tmp_path / "played.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# demonstrate


# show, stats, filter


def test_show(call: Call, toy_folder: Path, file: Path) -> None:
    episodes = read_trajectories(file, stored_hash(file))
    plain = call("trajectories", "show", file)
    assert (plain.code, plain.out.count("trajectory ")) == (0, 12)
    assert episodes[0].decisions[0].action in plain.out
    rows = call("trajectories", "show", file, "--data", toy_folder, "--first", 2, "--json").json()
    goals = read_data(toy_folder).goals
    assert [row["instruction"] for row in rows] == [goals[episode.goal_index].instruction for episode in episodes[:2]]
    assert [step["action"] for step in rows[0]["steps"]] == [decision.action for decision in episodes[0].decisions]
    text = call("trajectories", "show", file, "--data", toy_folder, "--first", 2)
    title = next(step["title"] for step in rows[0]["steps"] if step["title"])
    assert title[:40] in text.out
    assert f"reward {episodes[0].reward:.3f}" in text.out


def test_show_marks_slips_chances_and_episodes_without_a_purchase(call: Call, tmp_path: Path) -> None:
    decisions = (
        Decision("search", "search[x\x1b[2J\x07]", 1, 0.25),
        Decision("results", "click[" + "y" * 500 + "]", 3),
    )
    write_trajectories(tmp_path / "t.jsonl", [Episode(3, decisions, 0.0, False, slips=(1,))], "a" * 64)
    out = call("trajectories", "show", tmp_path / "t.jsonl").out
    assert "search[x?[2J?]  (probability 0.250)" in out  # nothing of the file steers the terminal
    assert "y…  (slip)" in out
    assert "nothing bought" in out
    assert max(map(len, out.splitlines())) < 250


def test_show_with_goals_of_its_own(call: Call, toy_folder: Path, tmp_path: Path, file: Path) -> None:
    refused(call("trajectories", "show", file, "--goals", toy_folder / "g.jsonl"), "ConfigError", "--data")
    write_trajectories(tmp_path / "t.jsonl", read_trajectories(file, stored_hash(file)), "a" * 64)
    refused(call("trajectories", "show", tmp_path / "t.jsonl", "--data", toy_folder), "TrajectoryError", "another goal")


def test_stats(call: Call, file: Path) -> None:
    episodes = read_trajectories(file, stored_hash(file))
    row = call("trajectories", "stats", file, "--json").json()
    assert (row["episodes"], row["goals"]) == (12, len({episode.goal_index for episode in episodes}))
    assert row["success_rate"] == pytest.approx(sum(episode.success for episode in episodes) / 12)
    assert row["score"] == pytest.approx(100 * sum(episode.reward for episode in episodes) / 12)
    assert row["steps"]["most"] == max(len(episode.decisions) for episode in episodes)
    assert sum(row["pages"].values()) == sum(len(episode.decisions) for episode in episodes)
    assert row["bought"] == sum(episode.done for episode in episodes)
    text = call("trajectories", "stats", file)
    assert text.code == 0
    assert f"{row['score']:.1f} [" in text.out


def test_filter(call: Call, toy_folder: Path, tmp_path: Path, file: Path) -> None:
    out, sha256 = tmp_path / "kept.jsonl", stored_hash(file)
    row = call("trajectories", "filter", file, "--out", out, "--min-reward", 1, "--max-steps", 6, "--json").json()
    episodes = read_trajectories(file, sha256)
    kept = [episode for episode in episodes if episode.success and len(episode.decisions) <= 6]
    assert read_trajectories(out, sha256) == kept
    assert (row["read"], row["kept"]) == (12, len(kept))
    arguments = ("trajectories", "filter", file, "--data", toy_folder)
    text = call(*arguments, "--out", tmp_path / "train.jsonl.gz", "--split", "train", "--first", 3)
    assert text.out.startswith("3 of 12 trajectories")
    assert read_trajectories(tmp_path / "train.jsonl.gz", sha256) == episodes[:3]
    before = tree(tmp_path)
    refused(call(*arguments, "--out", tmp_path / "no.jsonl", "--split", "test"), "TrajectoryError", "none of its 12")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("show", "FILE", "--first", 0), "ConfigError", "--first 0"),
        (("filter", "FILE", "--out", "NEW", "--max-steps", 0), "ConfigError", "--max-steps 0"),
        (("filter", "FILE", "--out", "NEW", "--min-reward", "nan"), "ConfigError", "--min-reward nan"),
        (("filter", "FILE", "--out", "NEW", "--min-reward", 1.5), "ConfigError", "--min-reward 1.5"),
        (("filter", "FILE", "--out", "NEW", "--split", "train"), "ConfigError", "--split and --data"),
        (("filter", "FILE", "--out", "FILE"), "ConfigError", "exists already"),
        (("stats", "NEW"), "TrajectoryError", "no such file"),
        (("demonstrate", "--data", "DATA", "--count", 0, "--out", "NEW"), "ConfigError", "--count 0"),
        (("demonstrate", "--data", "DATA", "--count", 2, "--seed", -1, "--out", "NEW"), "ConfigError", "--seed -1"),
        (("demonstrate", "--data", "NEW", "--count", 2, "--out", "NEW"), "CatalogError", "no such f"),
        (("import", "NEW", "--data", "DATA", "--out", "OUT", "--format", "site-logs"), "TrajectoryError", "no such"),
        (
            ("import", "NEW", "--data", "DATA", "--out", "OUT", "--format", "imitation-file"),
            "TrajectoryError",
            "no such",
        ),
        (
            ("import", "NEW", "--data", "DATA", "--out", "FILE", "--format", "site-logs"),
            "ConfigError",
            "exists already",
        ),
    ],
)
def test_bad_input(
    call: Call, toy_folder: Path, tmp_path: Path, file: Path, arguments: tuple[object, ...], error: str, said: str
) -> None:
    names = {"FILE": file, "NEW": tmp_path / "new.jsonl", "OUT": tmp_path / "out.jsonl", "DATA": toy_folder}
    before = tree(tmp_path)
    answer = call("trajectories", *(names.get(str(argument), argument) for argument in arguments))
    refused(answer, error, said)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("number", ["NaN", "1e999", "9" * 400])
def test_numbers_that_no_file_should_hold(call: Call, tmp_path: Path, file: Path, number: str) -> None:
    row = lines(file)[1] | {"reward": 0.5}
    text = json.dumps(row).replace('"reward": 0.5', f'"reward": {number}')
    file.write_text(file.read_text() + text + "\n")
    for command in (("show", file), ("stats", file), ("filter", file, "--out", tmp_path / "out.jsonl")):
        refused(call("trajectories", *command, "--json"), "TrajectoryError", "line 13", "invalid JSON")


# import
