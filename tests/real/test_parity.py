"""Episodes, rewards and nouns equal those recorded from the original WebShop."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import TrajectoryError
from shoprl.files import read_json_lines
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.page import Page
from shoprl.shop.render import observe
from shoprl.shop.reward import reward
from shoprl.shop.session import Session
from tests.realdata import real_data


@cache
def data_of(folder: Path) -> ShopData:
    return read_data(folder, strict=True)


@pytest.fixture
def data() -> ShopData:
    return data_of(real_data())


def recorded(name: str) -> Iterator[dict[str, Any]]:
    for _, row in read_json_lines(real_data() / "golden" / name, TrajectoryError):
        yield row


def seen(page: Page, gained: float) -> dict[str, Any]:
    return {
        "text_rich": observe(page, "text_rich"),
        "text": observe(page, "text"),
        "url": observe(page, "url"),
        "reward": gained,
        "done": page.kind == "done",
        "available": {"has_search_bar": page.has_search_bar, "clickables": list(page.clickables)},
    }


def replayed(session: Session, steps: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for step in steps:
        gained = 0.0 if step["action"] is None else session.step(step["action"])
        yield {"action": step["action"]} | seen(session.page, gained), step


def test_the_data_is_webshops(data: ShopData) -> None:
    assert (len(data.catalog), data.catalog.skipped, len(data.goals)) == (1_000, {}, 6_910)
    assert data.split.test == tuple(range(500))
    assert data.split.eval == tuple(range(500, 1_500))
    assert data.split.train == tuple(range(1_500, 6_910))


def test_every_step_of_every_recorded_episode_is_equal(data: ShopData) -> None:
    episodes = steps = 0
    for episode in recorded("episodes.jsonl.gz"):
        name = episode["steps"][0]["url"].rsplit("/", 1)[-1]
        for ours, theirs in replayed(data.session(episode["goal_index"], name), episode["steps"]):
            assert ours == theirs
            steps += 1
        episodes += 1
    assert (episodes, steps) == (150, 2_351)


def test_every_recorded_reward_is_equal(data: ShopData) -> None:
    count = as_list = 0
    for row in recorded("rewards.jsonl.gz"):
        goal, product = data.goals[row["goal_index"]], data.catalog[row["asin"]]
        if row["goal_options_as_list"]:
            goal = replace(goal, options=goal.option_values)
        assert product.price == row["price"]
        got = reward(product, row["options"], goal, data.tagger)
        assert (got.total, got.components()) == (row["reward"], row["info"])
        as_list += row["goal_options_as_list"]
        count += 1
    assert count == 3_000
    assert 0 < as_list < count


def test_every_titles_nouns_are_equal(data: ShopData) -> None:
    nouns = json.loads((real_data() / "title_nouns.json").read_text(encoding="utf-8"))
    assert len(nouns) == 1_000
    wrong = [asin for asin, words in nouns.items() if list(data.tagger.nouns(data.catalog[asin].title)) != words]
    assert wrong == []
