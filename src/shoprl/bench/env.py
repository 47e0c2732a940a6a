"""Measures the environment: steps and searches a second in one process, on one core."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.compat.recordings import read_episodes, read_queries, recording_files
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import parse_action

WALKS = 150  # episodes walked where none are recorded
QUERIES = 1_000


@dataclass(frozen=True, slots=True)
class Walk:
    """A goal and the actions of one episode."""

    goal: int
    actions: tuple[str, ...]


def recorded_walks(folder: Path, data: ShopData) -> list[Walk]:
    """The actions of recorded episodes; empty where there is no recording."""
    path = recording_files(folder)["episodes"]
    episodes = read_episodes(path, data.goals) if path else []
    return [
        Walk(episode.goal_index, tuple(step.action for step in episode.steps if step.action is not None))
        for episode in episodes
    ]


def random_walks(data: ShopData, rng: np.random.Generator, walks: int = WALKS) -> list[Walk]:
    """Walks through the shop: the instruction searched for, then 14 actions drawn from those that the page offers."""
    env, found = WebShopEnv(data), []
    for goal in rng.integers(len(data.goals), size=walks).tolist():
        _, info = env.reset(options={"goal": goal})
        actions = [f"search[{data.goals[goal].instruction[:200]}]"]
        while True:
            *_, terminated, truncated, info = env.step(actions[-1])
            clickables = info["available_actions"]["clickables"]
            if terminated or truncated or not clickables:
                break
            choice = clickables[int(rng.integers(len(clickables)))]
            actions.append(actions[0] if choice == "search" else f"click[{choice}]")
        found.append(Walk(goal, tuple(actions)))
    return found


def _is_search(action: str) -> bool:
    name, argument = parse_action(action)
    return name == "search" and argument is not None


def _distinct(walks: Sequence[Walk], fresh: Iterator[int]) -> list[tuple[int, list[tuple[str, bool]]]]:
    """The walks with a word in each query that no product has and no other query: nothing found before answers it."""

    def one(action: str) -> tuple[str, bool]:
        if not _is_search(action):
            return action, False
        end = action.rindex("]")
        return f"{action[:end]} zq{next(fresh)}x{action[end:]}", True

    return [(walk.goal, [one(action) for action in walk.actions]) for walk in walks]


def bench_env(data: ShopData, walks: Sequence[Walk], passes: int = 10, warm: int = 2) -> dict[str, Any]:
    """Replay walks in ``text_rich``: a step with its observation and available actions, through ``WebShopEnv.step``.

    Args:
        data: the shop.
        walks: what to replay; each query is made distinct in each pass.
        passes: how often all are replayed and timed.
        warm: passes before that are not timed (they load the reward's tagger and fill what is kept for each product).

    Returns:
        Steps a second over all, and over what is no search; the median pass counts.
    """
    env, fresh = WebShopEnv(data, max_steps=None), count()
    rows = []
    for number in range(warm + passes):
        spent = _replay(env, _distinct(walks, fresh))
        if number >= warm:
            rows.append(spent)
    resets, searches, others = np.median(np.array(rows), axis=0)
    steps = [_is_search(action) for walk in walks for action in walk.actions]
    found, rest = sum(steps), len(steps) - sum(steps)
    return {
        "steps_per_second": round(len(steps) / (searches + others)),
        "steps_per_second_with_resets": round(len(steps) / (resets + searches + others)),
        "steps_per_second_without_searches": round(rest / others),
        "search_step_ms": round(1e3 * searches / max(found, 1), 4),
        "click_step_ms": round(1e3 * others / max(rest, 1), 4),
        "reset_ms": round(1e3 * resets / len(walks), 4),
        "episodes": len(walks),
        "steps": len(steps),
        "searches": found,
        "passes": passes,
    }


def _replay(env: WebShopEnv, walks: Sequence[tuple[int, list[tuple[str, bool]]]]) -> tuple[float, float, float]:
    """Seconds spent in resets, in searches and in all other steps."""
    clock = time.perf_counter
    resets = searches = others = 0.0
    for goal, actions in walks:
        start = clock()
        env.reset(options={"goal": goal})
        resets += clock() - start
        for action, is_search in actions:
            start = clock()
            env.step(action)
            spent = clock() - start
            if is_search:
                searches += spent
            else:
                others += spent
    return resets, searches, others


def recorded_queries(folder: Path) -> list[str]:
    """The recorded queries; empty where there is no recording."""
    path = recording_files(folder)["search"]
    return [each.query for each in read_queries(path)] if path else []


def instructions(data: ShopData, rng: np.random.Generator, queries: int = QUERIES) -> list[str]:
    """Instructions of goals drawn evenly."""
    return [data.goals[goal].instruction for goal in rng.integers(len(data.goals), size=queries).tolist()]


def bench_search(data: ShopData, queries: Sequence[str]) -> dict[str, Any]:
    """Time each query once on the index itself, which remembers no answers, after every tenth was searched untimed."""
    index = data.index
    for query in queries[::10]:
        index.search(f"{query} warm")
    spent = []
    for query in queries:
        start = time.perf_counter()
        index.search(query)
        spent.append(1e3 * (time.perf_counter() - start))
    median, late = np.percentile(spent, [50, 99])
    return {
        "median_ms": round(float(median), 4),
        "p99_ms": round(float(late), 4),
        "mean_ms": round(float(np.mean(spent)), 4),
        "queries": len(spent),
        "words_per_query": round(float(np.mean([len(query.split()) for query in queries])), 1),
    }
