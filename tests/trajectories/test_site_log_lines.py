"""Episodes of the toy shop as logs of WebShop's site, held against the nine real ones and read back."""

import json
from pathlib import Path

import numpy as np
import pytest

from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.shoppers import demonstrations
from shoprl.trajectories.site_log_lines import site_log_lines
from shoprl.trajectories.site_logs import read_site_log
from tests.support.realdata import real_data
from tests.support.site_logs import BACK, BUY, PREVIOUS, SEARCH, SHOE, goal_for, log_rows, write_log

DETOUR = (SEARCH, SHOE, "click[features]", PREVIOUS, "click[description]", PREVIOUS, BACK, SEARCH, SHOE)


def test_lines_are_those_of_the_site(toy: ShopData) -> None:
    goal = goal_for("B0SHOE0001", toy)
    size, *_ = next(iter(toy.catalog["B0SHOE0001"].options.values()))
    actions = (*DETOUR, f"click[{size}]", BUY)
    lines = site_log_lines(toy.shop, goal, actions, "K7QF-2M9X")
    expected = log_rows(actions, goal, toy)
    assert [line["page"] for line in lines] == [row["page"] for row in expected]
    assert [line.get("content") for line in lines] == [row.get("content") for row in expected]
    assert lines[-1]["reward"] == expected[-1]["reward"]
    assert all(line["goal"] == goal.to_json() for line in lines)


def test_fields_and_addresses_are_those_of_real_logs(toy: ShopData) -> None:
    goal = goal_for("B0SHOE0001", toy)
    lines = site_log_lines(toy.shop, goal, (SEARCH, SHOE, "click[description]", PREVIOUS, BUY), "20220427_1_7")
    real = [json.loads(line) for line in (real_data() / "site_logs" / "20220427_1_7.jsonl").read_text().splitlines()]
    assert [line["page"] for line in lines] == [line["page"] for line in real]
    for own, other in zip(lines, real, strict=True):
        assert own.keys() == other.keys()
        assert own.get("content", {}).keys() == other.get("content", {}).keys()
        assert {name: type(value) for name, value in own.get("content", {}).items()} == {
            name: type(value) for name, value in other.get("content", {}).items()
        }
        assert own["url"].split("/")[2:5] == other["url"].split("/")[2:5]
        assert len(own["url"].split("/")) == len(other["url"].split("/"))
        assert own["url"].rsplit("/", 1)[-1] == other["url"].rsplit("/", 1)[-1] or own["page"] == "search_results"


def test_what_a_page_does_not_take_adds_no_line(toy: ShopData) -> None:
    goal = goal_for("B0SHOE0001", toy)
    assert len(site_log_lines(toy.shop, goal, ("click[nothing]", SEARCH, "click[nothing]", "?"), "s")) == 2


@pytest.mark.parametrize("seed", range(5))
def test_demonstrations_are_read_back_action_by_action(toy: ShopData, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    (made,) = demonstrations(ShopTask(toy.shop, 30), toy.goals, toy.split.train, 1, 1.0, rng)
    goal, actions = toy.goals[made.goal_index], tuple(each.action.lower() for each in made.decisions)
    log = read_site_log(write_log(tmp_path / "log.jsonl", site_log_lines(toy.shop, goal, actions, "s")))
    assert log.actions == actions
    assert log.reward == made.reward
    assert (log.goal, log.restored, log.repeated, log.ignored) == (goal, 0, 0, 0)
