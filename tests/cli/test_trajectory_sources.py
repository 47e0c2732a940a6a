"""``shoprl trajectories demonstrate`` and ``import``: what they print and write, and how they end."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from shoprl.shop.data import read_data, read_shop
from shoprl.shop.goal import goals_hash, read_goals
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import replay
from shoprl.trajectories.files import read_trajectories
from tests.support.cli import Call, refused, tree
from tests.support.imitation_file import toy_rows, write_file
from tests.support.realdata import real_data
from tests.support.site_logs import BUY, SEARCH, SHOE, goal_for, log_rows, write_log
from tests.support.toyshop import EVERYTHING


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


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
    assert episode.goal_index == 28


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


def test_sessions_in_the_pages_of_a_service_are_imported_and_trained_on(
    call: Call, toy_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("fastapi", reason="needs the extra service")
    from tests.support.pages import Pages
    from tests.support.serving import running

    data, database = read_data(toy_folder), f"sqlite:///{tmp_path / 'service.db'}"
    with running(database, data=data) as served:
        for _ in range(3):
            pages = Pages(served).shop()
            goal = next(each for each in data.goals if each.instruction in pages.text())
            pages.step("search", EVERYTHING)
            while not pages.soup.find("button", value=goal.asin.lower()):
                pages.step("click", "next >")
            pages.step("click", goal.asin.lower())
            for value in goal.option_values:
                pages.step("click", value)
            pages.step("click", "buy now")
    out = tmp_path / "people.jsonl"
    arguments = ("trajectories", "import", database, "--data", toy_folder, "--format", "service")
    answer = call(*arguments, "--out", out, "--json")
    row = answer.json()
    assert (answer.code, row["imported"], row["counts"]) == (0, 3, {"used": 3})
    assert all(each["reward"] == each["logged_reward"] == 1.0 for each in row["sources"])
    run = tmp_path / "run"
    small = ("--threads", 1, "--updates", 2, "--batch-size", 4, "--network", "rnn", "--json")
    trained = call("train", "imitation", "--data", toy_folder, "--demonstrations", out, "--out", run, *small)
    assert trained.code == 0, trained.err
    assert len(trained.json()["log"]) >= 1
    found = call("evaluate", "--policy", run / "policy", "--data", toy_folder, "--first", 2, "--json")
    assert found.code == 0, found.err


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("nothing.db", "The address of the database cannot be read"),
        ("sqlite://", "give the path of a file"),
        ("mysql://user@host/name", "only sqlite:// and postgresql://"),
    ],
)
def test_a_source_that_is_no_database_is_refused(
    call: Call, toy_folder: Path, tmp_path: Path, source: str, fault: str
) -> None:
    arguments = ("trajectories", "import", source, "--data", toy_folder, "--format", "service")
    answer = call(*arguments, "--out", tmp_path / "people.jsonl")
    assert answer.code == 2
    assert fault in answer.err


def test_trajectories_of_the_older_order_find_their_goals_by_its_name(
    call: Call, toy_folder: Path, tmp_path: Path
) -> None:
    out, older = tmp_path / "a.jsonl", ("--goals", "synthetic-numpy")
    call("trajectories", "demonstrate", "--data", toy_folder, "--out", out, "--count", 3, *older)
    shown = call("trajectories", "show", out, "--data", toy_folder, *older, "--json").json()
    goals = read_data(toy_folder, goals="synthetic-numpy").goals
    assert [row["instruction"] for row in shown] == [goals[row["goal_index"]].instruction for row in shown]
    kept = call(
        "trajectories", "filter", out, "--data", toy_folder, "--split", "train", "--out", tmp_path / "b", *older
    )
    assert kept.code == 0
    refused(call("trajectories", "show", out, "--data", toy_folder), "TrajectoryError", "--goals", "synthetic-numpy")
