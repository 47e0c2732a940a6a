"""Recordings of the toy shop, in the form of those of the original WebShop."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shoprl.compat.parity import Part, compare
from shoprl.files import write_json_lines
from shoprl.search import SearchIndex
from shoprl.shop.env import WebShopEnv
from shoprl.shop.reward import reward
from tests.support.toyshop import EVERYTHING, toy_catalog, toy_data

Rows = dict[str, list[dict[str, Any]]]
EPISODES = (
    (2, ("search[toymart]", "click[next >]", "think[hmm]", "click[< prev]", "search[mint meadow]")),
    (
        28,
        (
            "search[nimbus mesh]",
            "click[b0shoe0001]",
            "click[RED]",
            "click[Features]",
            "click[< prev]",
            "click[buy now]",
        ),
    ),
    (8, ("click[search]", "search[kräuter garten]", "click[b0tea00001]", "click[früchte]", "click[buy now] please")),
)
PURCHASES: tuple[tuple[int, bool, str, dict[str, str]], ...] = (
    (28, False, "B0SHOE0001", {"color": "red", "size": "9 wide"}),
    (34, True, "B0LAMP0002", {"style": "short"}),
    (26, False, "B0TEA00002", {}),
)
QUERIES = (EVERYTHING, "mint meadow leaves", "machine wash red", "nothing-like-this")


def _episode(goal: int, actions: Sequence[str]) -> dict[str, Any]:
    envs = [WebShopEnv(toy_data(), mode, max_steps=None) for mode in ("text_rich", "text", "url")]

    def step(action: str | None, seen: list[Any]) -> dict[str, Any]:
        texts = {env.observation_mode: each[0] for env, each in zip(envs, seen, strict=True)}
        reward, done = seen[0][1:3] if action is not None else (0.0, False)
        return texts | {
            "action": action,
            "reward": reward,
            "done": done,
            "available": seen[0][-1]["available_actions"],
        }

    steps = [step(None, [env.reset(options={"goal": goal}) for env in envs])]
    steps += [step(action, [env.step(action) for env in envs]) for action in actions]
    return {"goal_index": goal, "steps": steps}


def _purchase(index: int, as_list: bool, asin: str, options: dict[str, str]) -> dict[str, Any]:
    goal, product = toy_data().goals[index], toy_catalog()[asin]
    got = reward(product, options, replace(goal, options=goal.option_values) if as_list else goal, toy_data().tagger)
    row = {"goal_index": index, "goal_options_as_list": as_list, "asin": asin, "options": options}
    return row | {"price": product.price, "reward": got.total, "info": got.components()}


def toy_recordings() -> Rows:
    """The rows of each part; the caller's own, to be changed at will."""
    index = SearchIndex.build(toy_catalog().products)
    return {
        "episodes": [_episode(*each) for each in EPISODES],
        "rewards": [_purchase(*each) for each in PURCHASES],
        "search": [{"query": query, "hits": [list(hit) for hit in index.search(query)]} for query in QUERIES],
    }


def write_recordings(folder: Path, rows: Rows) -> Path:
    for name, lines in rows.items():
        write_json_lines(folder / f"{name}.jsonl.gz", lines)
    return folder


TOTALS = {"episodes": sum(len(actions) + 1 for _, actions in EPISODES), "rewards": 3, "search": 4}


def replayed(folder: Path, rows: Rows, **options: Any) -> dict[str, Part | None]:
    return compare(write_recordings(folder, rows), toy_data(), **options)


def put(part: str, line: int, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Callable[[Rows], None]:
    """A change of one value in a recording."""

    def apply(rows: Rows) -> None:
        place: Any = rows[part][line]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = change(place[path[-1]])

    return apply
