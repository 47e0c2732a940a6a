"""``shoprl trajectories``: what it prints and writes, and how it ends."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import read_data, read_shop
from shoprl.shop.goal import goals_hash, read_goals
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import replay
from shoprl.trajectories.files import read_trajectories, write_trajectories
from shoprl.trajectories.lines import stored_hash
from shoprl.trajectories.shoppers import demonstrations
from tests.support.cli import Call, refused, tree
from tests.support.imitation_file import toy_rows, write_file
from tests.support.realdata import real_data
from tests.support.site_logs import BUY, SEARCH, SHOE, goal_for, log_rows, write_log
from tests.support.toyshop import toy_data


@pytest.fixture(scope="module")
def trips() -> list[Episode]:
    data = toy_data()
    return demonstrations(ShopTask(data.shop), data.goals, data.split.train, 12, 0.6, np.random.default_rng(0))


@pytest.fixture
def file(tmp_path: Path, trips: list[Episode]) -> Path:
    write_trajectories(tmp_path / "trips.jsonl", trips, goals_hash(toy_data().goals))
    return tmp_path / "trips.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# demonstrate


@pytest.mark.parametrize("skill", ["expert", "average"])
def test_demonstrate(call: Call, toy_folder: Path, tmp_path: Path, skill: str) -> None:
    data = read_data(toy_folder)
    arguments = ("trajectories", "demonstrate", "--data", toy_folder, "--count", 9, "--skill", skill, "--seed", 4)
    row = call(*arguments, "--out", tmp_path / "a.jsonl", "--json").json()
    assert row["goals_sha256"] == goals_hash(data.goals)
    episodes = read_trajectories(tmp_path / "a.jsonl", row["goals_sha256"])
    assert len(episodes) == row["trajectories"] == 9
    assert {episode.goal_index for episode in episodes} <= set(data.split.train)
    assert row["success_rate"] == sum(episode.success for episode in episodes) / 9
    assert (row["skill"] == 1.0) == (skill == "expert")
    text = call(*arguments, "--out", tmp_path / "b.jsonl")
    assert "9 demonstrations of skill" in text.out
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


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


def test_show_marks_slips_chances_and_trips_without_a_purchase(call: Call, tmp_path: Path) -> None:
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
        (("demonstrate", "--data", "NEW", "--count", 2, "--out", "NEW"), "CatalogError", "no such folder"),
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
        refused(call("trajectories", *command, "--json"), "TrajectoryError", "line 13", "cannot be read")


# import


def test_import_site_logs(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    data = read_data(toy_folder)
    logs, out = tmp_path / "logs", tmp_path / "people.jsonl"
    rows = log_rows([SEARCH, SHOE, "click[red]", BUY], goal_for("B0SHOE0002", data), data)
    write_log(logs / "1.jsonl", rows)
    write_log(logs / "2.jsonl", rows[:-1])
    write_log(logs / "3.jsonl", [])
    arguments = ("trajectories", "import", logs, "--data", toy_folder, "--format", "site-logs")
    answer = call(*arguments, "--out", out, "--json")
    row = answer.json()
    assert answer.code == 0
    assert (row["imported"], row["counts"]) == (1, {"used": 1, "not bought": 1, "malformed": 1})
    assert (row["file"], row["goals_file"]) == (str(out), str(tmp_path / "people.goals.jsonl"))
    shop = read_shop(toy_folder)
    goals = read_goals(tmp_path / "people.goals.jsonl", shop.catalog)
    (episode,) = read_trajectories(out, goals_hash(goals))
    assert len(replay(ShopTask(shop), goals[episode.goal_index], episode)) == 4
    assert episode.reward == row["sources"][0]["reward"]
    shown = call("trajectories", "show", out, "--data", toy_folder, "--goals", tmp_path / "people.goals.jsonl")
    assert goals[0].instruction[:100] in shown.out
    text = call(*arguments, "--out", tmp_path / "again.jsonl")
    assert "3.jsonl: " in text.out
    assert "1 used, 1 not bought, 1 malformed: in" in text.out


def test_import_of_the_real_logs(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    logs, before = real_data() / "site_logs", tree(tmp_path)
    arguments = ("--data", toy_folder, "--out", tmp_path / "out.jsonl", "--format", "site-logs", "--json")
    answer = call("trajectories", "import", logs, *arguments)
    assert (answer.code, answer.json()["counts"]) == (1, {"not in the catalogue": 9})
    assert answer.json()["file"] is None
    assert tree(tmp_path) == before


def test_import_of_an_imitation_file(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    path, out = write_file(tmp_path / "il.jsonl", toy_rows()), tmp_path / "people.jsonl.gz"
    arguments = ("--data", toy_folder, "--out", out, "--format", "imitation-file", "--json")
    row = call("trajectories", "import", path, *arguments).json()
    assert row["counts"] == {"held out": 2, "used": 1}
    assert row["goals_file"] is None
    (episode,) = read_trajectories(out, goals_hash(read_data(toy_folder).goals))
    assert episode.goal_index == 19


@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk(call: Call, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Trajectories without their goals, or the other way round, are of no use: both are there or none."""
    data = read_data(toy_folder)
    log = write_log(tmp_path / "log.jsonl", log_rows([SEARCH, SHOE, BUY], goal_for("B0SHOE0002", data), data))
    before, written = tree(tmp_path), []

    def fsync(descriptor: int) -> None:
        if len(written) >= after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    arguments = ("--data", toy_folder, "--out", tmp_path / "out.jsonl", "--format", "site-logs", "--json")
    refused(call("trajectories", "import", log, *arguments), "StorageError", "No space left")
    assert tree(tmp_path) == before
