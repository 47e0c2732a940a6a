from itertools import count
from pathlib import Path

import numpy as np

from shoprl.bench.env import (
    EpisodeActions,
    _distinct,
    bench_env,
    bench_search,
    instructions,
    random_episodes,
    recorded_episodes,
)
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from tests.support.recorder import toy_recordings, write_recordings


def test_distinct_queries_find_what_the_queries_found(toy: ShopData) -> None:
    episodes = random_episodes(toy, np.random.default_rng(0), 20)
    first, second = (_distinct(episodes, fresh) for fresh in [count()] * 2)
    queries = [action for _, actions in first + second for action, is_search in actions if is_search]
    assert len(set(queries)) == len(queries) >= 40
    env = WebShopEnv(toy, max_steps=None)
    for episode, (goal, actions) in zip(episodes, first, strict=True):
        assert [is_search for _, is_search in actions] == [a.startswith("search[") for a in episode.actions]
        pages = []
        for taken in (episode.actions, [action for action, _ in actions]):
            env.reset(options={"goal": goal})
            pages.append([env.step(action)[0::4] for action in taken])
        assert pages[0] == pages[1]


def test_random_episodes_repeat_and_only_do_what_is_offered(toy: ShopData) -> None:
    episodes = random_episodes(toy, np.random.default_rng(1), 10)
    assert episodes == random_episodes(toy, np.random.default_rng(1), 10)
    env = WebShopEnv(toy)
    for episode in episodes:
        _, info = env.reset(options={"goal": episode.goal})
        for action in episode.actions:
            offered = info["available_actions"]["clickables"]
            assert action.startswith("search[") or action[6:-1] in offered
            *_, info = env.step(action)


def test_figures_of_the_environment(toy: ShopData) -> None:
    episodes = [
        EpisodeActions(0, ("search[linen shirt]", "click[next >]", "click[back to search]")),
        EpisodeActions(1, ("click[x]",)),
    ]
    figures = bench_env(toy, episodes, passes=2, warm=0)
    assert (figures.steps, figures.searches, figures.episodes) == (4, 1, 2)
    assert figures.steps_per_second > figures.steps_per_second_with_resets > 0


def test_figures_of_searches(toy: ShopData) -> None:
    queries = instructions(toy, np.random.default_rng(0), 30)
    figures = bench_search(toy, queries)
    assert 0 < figures.median_ms <= figures.p99_ms
    assert figures.queries == 30


def test_recorded_actions_are_replayed(toy: ShopData, tmp_path: Path) -> None:
    recordings = toy_recordings()
    episodes = recorded_episodes(write_recordings(tmp_path / "golden", recordings), toy)
    taken = [[step["action"] for step in row["steps"][1:]] for row in recordings["episodes"]]
    assert [list(episode.actions) for episode in episodes] == taken
