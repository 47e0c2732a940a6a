from itertools import count
from pathlib import Path

import numpy as np

from shoprl.bench.env import Walk, _distinct, bench_env, bench_search, instructions, random_walks, recorded_walks
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from tests.support.recorder import toy_recordings, write_recordings


def test_distinct_queries_find_what_the_queries_found(toy: ShopData) -> None:
    walks = random_walks(toy, np.random.default_rng(0), 20)
    first, second = (_distinct(walks, fresh) for fresh in [count()] * 2)
    queries = [action for _, actions in first + second for action, is_search in actions if is_search]
    assert len(set(queries)) == len(queries) >= 40
    env = WebShopEnv(toy, max_steps=None)
    for walk, (goal, actions) in zip(walks, first, strict=True):
        assert [is_search for _, is_search in actions] == [a.startswith("search[") for a in walk.actions]
        pages = []
        for taken in (walk.actions, [action for action, _ in actions]):
            env.reset(options={"goal": goal})
            pages.append([env.step(action)[0::4] for action in taken])
        assert pages[0] == pages[1]


def test_random_walks_repeat_and_only_do_what_is_offered(toy: ShopData) -> None:
    walks = random_walks(toy, np.random.default_rng(1), 10)
    assert walks == random_walks(toy, np.random.default_rng(1), 10)
    env = WebShopEnv(toy)
    for walk in walks:
        _, info = env.reset(options={"goal": walk.goal})
        for action in walk.actions:
            offered = info["available_actions"]["clickables"]
            assert action.startswith("search[") or action[6:-1] in offered
            *_, info = env.step(action)


def test_figures_of_the_environment(toy: ShopData) -> None:
    walks = [Walk(0, ("search[linen shirt]", "click[next >]", "click[back to search]")), Walk(1, ("click[x]",))]
    found = bench_env(toy, walks, passes=2, warm=0)
    assert (found["steps"], found["searches"], found["episodes"]) == (4, 1, 2)
    assert found["steps_per_second"] > found["steps_per_second_with_resets"] > 0


def test_figures_of_searches(toy: ShopData) -> None:
    queries = instructions(toy, np.random.default_rng(0), 30)
    found = bench_search(toy, queries)
    assert 0 < found["median_ms"] <= found["p99_ms"]
    assert found["queries"] == 30


def test_recorded_actions_are_replayed(toy: ShopData, tmp_path: Path) -> None:
    recordings = toy_recordings()
    walks = recorded_walks(write_recordings(tmp_path / "golden", recordings), toy)
    taken = [[step["action"] for step in row["steps"][1:]] for row in recordings["episodes"]]
    assert [list(walk.actions) for walk in walks] == taken
