"""Trajectories as what a language model reads and should write."""

from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import TrajectoryError
from shoprl.policies.prompts import prompt_of
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.shoppers import demonstrations
from shoprl.trajectories.texts import text_rows


def some(data: ShopData, skill: float = 1.0) -> list[Episode]:
    return demonstrations(ShopTask(data.shop), data.goals, data.split.train, 8, skill, np.random.default_rng(0), 0.5)


def test_a_row_is_what_was_read_and_what_was_done(toy: ShopData) -> None:
    task, episode = ShopTask(toy.shop), some(toy)[0]
    rows = list(text_rows(task, toy.goals, [episode]))
    assert [row["completion"] for row in rows] == [decision.action for decision in episode.decisions]
    live = task.start(toy.goals[episode.goal_index])
    for row in rows:
        assert row["prompt"] == prompt_of(live.state)
        live.step(row["completion"])
    assert live.over


def test_messages_say_the_same(toy: ShopData) -> None:
    task, episodes = ShopTask(toy.shop), some(toy)
    texts = list(text_rows(task, toy.goals, episodes))
    chats = list(text_rows(task, toy.goals, episodes, chat=True))
    assert [(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in chats] == [
        (row["prompt"], row["completion"]) for row in texts
    ]
    roles = {(row["prompt"][0]["role"], row["completion"][0]["role"]) for row in chats}
    assert roles == {("user", "assistant")}


def test_slips_are_not_learned(toy: ShopData) -> None:
    episodes = some(toy, skill=0.3)
    slips = sum(len(episode.slips) for episode in episodes)
    assert slips
    taken = sum(len(episode.decisions) for episode in episodes)
    assert len(list(text_rows(ShopTask(toy.shop), toy.goals, episodes))) == taken - slips


def test_a_search_in_other_words_is_left_out(toy: ShopData) -> None:
    rows = list(text_rows(ShopTask(toy.shop), toy.goals, some(toy), queries=lambda _: ("something else",)))
    assert rows
    assert not [row for row in rows if row["completion"].startswith("search")]


def test_a_trajectory_of_another_list(toy: ShopData) -> None:
    with pytest.raises(TrajectoryError, match="of goal 999"):
        list(text_rows(ShopTask(toy.shop), toy.goals, [replace(some(toy)[0], goal_index=999)]))
