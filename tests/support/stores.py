"""Data folders to build stores from, what a shop shows, and disks that fail."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.generated import write_generated
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import disjoint_split, write_split
from tests.support.toyshop import EVERYTHING, toy_goals, write_toy_folder

ITEMS = "items_shuffle_12.json"
QUERIES = (
    "vegan lipstick under 20 dollars",
    "soft cotton shirt red",
    "table",
    "no such zq",
    "",
    "the red the red",
    "№ 5",
)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(path: Path, edit: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))


def write_odd_folder(folder: Path) -> None:
    """The toy shop with products that cannot be used, ASINs of all kinds, prices to draw and very many options."""
    write_toy_folder(folder)
    (folder / "prices.json").unlink()
    plain = {"name": "Oddity ★", "pricing": "$3 - $9", "query": "Thé", "category": "ödd"}
    many = {f"option {n} {'long ' * 80}": [f"{n}{value}" for value in "abc"] for n in range(6)}
    odd: list[Any] = [
        plain | {"asin": "ÄÖ"}, {"asin": ""}, 7, plain | {"asin": "B?", "customization_options": many},
        plain | {"asin": "ÄÖ", "name": "Again"}, plain | {"asin": "B"}, plain | {"asin": "🙂", "query": None},
        plain | {"asin": "B0SHOE00011"}, plain | {"asin": "B 1", "name": "half \ud800"},
        plain | {"asin": "B2", "name": 7},
    ]  # fmt: skip
    change(folder / ITEMS, lambda rows: [odd[1], *rows[:5], *odd, *rows[5:], {"asin": "nan"}])
    wording = {"attributes": ["odd"], "instruction": "Find me an oddity", "instruction_attributes": ["odd"]}
    change(
        folder / "items_ins_v2_12.json", lambda rows: rows | dict.fromkeys(("B?", "ÄÖ", "B\x00", "🙂" * 11), wording)
    )


def write_human_folder(folder: Path) -> None:
    write_toy_folder(folder)
    goals = toy_goals("human")
    write_goals(folder / "goals.jsonl", goals)
    write_split(folder / "split_disjoint.json", disjoint_split(goals, np.random.default_rng(9)))


WRITERS: dict[str, Callable[[Path], object]] = {
    "toy": write_toy_folder,
    "human": write_human_folder,
    "odd": write_odd_folder,
    "generated": lambda folder: write_generated(folder, 40, 1),
}


def walk(data: ShopData, seed: int) -> Iterator[tuple[Any, ...]]:
    """An episode of random actions, legal or not."""
    env, draw = WebShopEnv(data, "html" if seed % 2 else "text_rich"), np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    yield observation, info
    for _ in range(14):
        clickables = info["available_actions"]["clickables"]
        action = (
            f"click[{draw.choice(clickables)}]"
            if len(clickables) > 1
            else f"search[{EVERYTHING} {draw.choice(QUERIES)}]"
        )
        step = env.step(str(draw.choice(["<<", "click[buy now]", action, action, action])))
        yield step
        if step[2] or step[3]:
            return
        info = step[4]


def walks(data: ShopData, seeds: range) -> list[list[tuple[Any, ...]]]:
    return [list(walk(data, seed)) for seed in seeds]


@contextmanager
def disk(operation: Callable[[int], object]) -> Iterator[list[str]]:
    """Call ``operation`` with the number of each write, rename and removal of a folder before it is done."""
    done: list[str] = []
    rename, remove = os.replace, shutil.rmtree

    def count(what: str) -> None:
        done.append(what)
        operation(len(done))

    def replace(source: Any, target: Any) -> None:
        if Path(source).is_dir():
            count("rename")
        rename(source, target)

    def rmtree(path: Any, **options: Any) -> None:
        if Path(path).is_dir():
            remove(next(iter(sorted(Path(path).iterdir())), path), ignore_errors=True)  # some of it
            count("remove")
            remove(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: count("write"))
        patch.setattr(os, "replace", replace)
        patch.setattr(shutil, "rmtree", rmtree)
        yield done


def stop_at(number: int, error: BaseException) -> Callable[[int], None]:
    def operation(done: int) -> None:
        if done == number:
            raise error

    return operation
