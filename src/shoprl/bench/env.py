"""Measures the environment: steps and searches a second in one process, on one core."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from shoprl.bench.figures import Figures
from shoprl.compat.recordings import read_episodes, read_queries, recording_files
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import parse_action

EPISODES = 150  # played at random where none are recorded
QUERIES = 1_000


@dataclass(frozen=True, slots=True)
class EpisodeActions:
    """A goal and the actions of one episode."""

    goal: int
    actions: tuple[str, ...]


@dataclass(frozen=True)
class EnvFigures(Figures):
    """Speed of the environment in one process, in ``text_rich``; the median of the passes counts.

    Attributes:
        steps_per_second: over all steps.
        steps_per_second_with_resets: the resets' time included.
        steps_per_second_without_searches: over the steps that are no search.
        search_step_ms, click_step_ms, reset_ms: milliseconds of one.
        episodes, steps, searches: replayed in a pass.
        passes: how many were timed.
    """

    steps_per_second: int
    steps_per_second_with_resets: int
    steps_per_second_without_searches: int
    search_step_ms: float
    click_step_ms: float
    reset_ms: float
    episodes: int
    steps: int
    searches: int
    passes: int


@dataclass(frozen=True)
class SearchFigures(Figures):
    """Speed of searches in the index.

    Attributes:
        median_ms, p99_ms, mean_ms: milliseconds of a search.
        queries: how many were timed.
        words_per_query: their mean length.
    """

    median_ms: float
    p99_ms: float
    mean_ms: float
    queries: int
    words_per_query: float


def recorded_episodes(folder: Path, data: ShopData) -> list[EpisodeActions]:
    """The actions of recorded episodes; empty where there is no recording."""
    path = recording_files(folder)["episodes"]
    episodes = read_episodes(path, data.goals) if path else []
    return [
        EpisodeActions(episode.goal_index, tuple(step.action for step in episode.steps if step.action is not None))
        for episode in episodes
    ]


def random_episodes(data: ShopData, rng: np.random.Generator, count: int = EPISODES) -> list[EpisodeActions]:
    """Episodes that search for the instruction, then take 14 actions drawn from those that the page offers."""
    env, episodes = WebShopEnv(data), []
    for goal in rng.integers(len(data.goals), size=count).tolist():
        _, info = env.reset(options={"goal": goal})
        actions = [f"search[{data.goals[goal].instruction[:200]}]"]
        while True:
            *_, terminated, truncated, info = env.step(actions[-1])
            clickables = info["available_actions"]["clickables"]
            if terminated or truncated or not clickables:
                break
            choice = clickables[int(rng.integers(len(clickables)))]
            actions.append(actions[0] if choice == "search" else f"click[{choice}]")
        episodes.append(EpisodeActions(goal, tuple(actions)))
    return episodes


def _is_search(action: str) -> bool:
    name, argument = parse_action(action)
    return name == "search" and argument is not None


def _distinct(episodes: Sequence[EpisodeActions], fresh: Iterator[int]) -> list[tuple[int, list[tuple[str, bool]]]]:
    """The episodes with a new word, which no product has, in each query, so that no cached search answers it."""

    def one(action: str) -> tuple[str, bool]:
        if not _is_search(action):
            return action, False
        end = action.rindex("]")
        return f"{action[:end]} zq{next(fresh)}x{action[end:]}", True

    return [(episode.goal, [one(action) for action in episode.actions]) for episode in episodes]


def bench_env(data: ShopData, episodes: Sequence[EpisodeActions], passes: int = 10, warm: int = 2) -> EnvFigures:
    """Replay episodes in ``text_rich``: a step with its observation and available actions, by ``WebShopEnv.step``.

    Args:
        data: the shop.
        episodes: what to replay; each query is made distinct in each pass.
        passes: how often all are replayed and timed.
        warm: passes before that are not timed (they load the reward's tagger and fill the caches of products).

    Returns:
        Steps a second and milliseconds, of the median pass.
    """
    env, fresh = WebShopEnv(data, max_steps=None), count()
    rows = []
    for number in range(warm + passes):
        spent = _replay(env, _distinct(episodes, fresh))
        if number >= warm:
            rows.append(spent)
    resets, searches, others = np.median(np.array(rows), axis=0)
    steps = [_is_search(action) for episode in episodes for action in episode.actions]
    search_steps, other_steps = sum(steps), len(steps) - sum(steps)
    return EnvFigures(
        steps_per_second=round(len(steps) / (searches + others)),
        steps_per_second_with_resets=round(len(steps) / (resets + searches + others)),
        steps_per_second_without_searches=round(other_steps / others),
        search_step_ms=round(1e3 * searches / max(search_steps, 1), 4),
        click_step_ms=round(1e3 * others / max(other_steps, 1), 4),
        reset_ms=round(1e3 * resets / len(episodes), 4),
        episodes=len(episodes),
        steps=len(steps),
        searches=search_steps,
        passes=passes,
    )


def _replay(env: WebShopEnv, episodes: Sequence[tuple[int, list[tuple[str, bool]]]]) -> tuple[float, float, float]:
    """Seconds spent in resets, in searches and in all other steps."""
    clock = time.perf_counter
    resets = searches = others = 0.0
    for goal, actions in episodes:
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


def bench_search(data: ShopData, queries: Sequence[str]) -> SearchFigures:
    """Time each query once on the index itself, which caches no answers, after an untimed search of every tenth."""
    index = data.index
    for query in queries[::10]:
        index.search(f"{query} warm")
    spent = []
    for query in queries:
        start = time.perf_counter()
        index.search(query)
        spent.append(1e3 * (time.perf_counter() - start))
    median, p99 = np.percentile(spent, [50, 99])
    return SearchFigures(
        median_ms=round(float(median), 4),
        p99_ms=round(float(p99), 4),
        mean_ms=round(float(np.mean(spent)), 4),
        queries=len(spent),
        words_per_query=round(float(np.mean([len(query.split()) for query in queries])), 1),
    )
