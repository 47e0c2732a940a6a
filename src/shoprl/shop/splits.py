"""Splits of a goal list into train, eval and test, stored as data with a hash of the goals they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from shoprl.errors import GoalError
from shoprl.files import content_hash, read_json, write_json
from shoprl.shop.goal import Goal, goals_hash

SplitName = Literal["train", "eval", "test"]
SplitKind = Literal["webshop", "disjoint"]
WEBSHOP_TEST, WEBSHOP_EVAL = 500, 1_000  # goals; the rest is for training
SMALLEST = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Goal indices by use; nothing is trained or chosen on ``test``.

    Attributes:
        kind: ``webshop`` (by position) or ``disjoint`` (no product in two parts).
        train, eval, test: indices into the goal list, ascending.
        goals_sha256: content hash of the goal list.
    """

    kind: SplitKind
    train: tuple[int, ...]
    eval: tuple[int, ...]
    test: tuple[int, ...]
    goals_sha256: str

    def part(self, name: SplitName) -> tuple[int, ...]:
        """The indices of one part."""
        parts: dict[str, tuple[int, ...]] = {"train": self.train, "eval": self.eval, "test": self.test}
        return parts[name]

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form with its own content hash."""
        parts = {"test": list(self.test), "eval": list(self.eval), "train": list(self.train)}
        return {"kind": self.kind, "goals_sha256": self.goals_sha256, "split_sha256": content_hash(parts), **parts}


def _sizes(count: int) -> tuple[int, int]:
    """How many goals are for test and eval: WebShop's 500 and 1,000, or a tenth and a fifth of a shorter list."""
    if count < SMALLEST:
        raise GoalError(f"{count} goals are too few to split: at least {SMALLEST} are needed.")
    if count >= 2 * (WEBSHOP_TEST + WEBSHOP_EVAL):
        return WEBSHOP_TEST, WEBSHOP_EVAL
    return count // 10, count // 5


def webshop_split(goals: Sequence[Goal]) -> Split:
    """WebShop's split by position: the first 500 goals are for testing, the next 1,000 for choosing.

    Lists of fewer than 3,000 goals are cut at a tenth and three tenths.
    """
    test, held = _sizes(len(goals))
    order = tuple(range(len(goals)))
    return Split("webshop", order[test + held :], order[test : test + held], order[:test], goals_hash(goals))


def disjoint_split(goals: Sequence[Goal], rng: np.random.Generator, share: float = 0.15) -> Split:
    """A split in which no product is asked for in two parts.

    Args:
        goals: the goal list.
        rng: decides which products are held out.
        share: share of the products for ``test``, and again for ``eval``.

    Raises:
        GoalError: there are too few products.
    """
    asins = sorted({goal.asin for goal in goals})
    held = max(1, round(share * len(asins)))
    if len(asins) < 3 or len(asins) <= 2 * held:
        raise GoalError(f"{len(asins)} products are too few for a split that is disjoint by product.")
    order = [asins[i] for i in rng.permutation(len(asins))]
    part_of = dict.fromkeys(order, "train") | dict.fromkeys(order[:held], "test")
    part_of |= dict.fromkeys(order[held : 2 * held], "eval")
    parts: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for index, goal in enumerate(goals):
        parts[part_of[goal.asin]].append(index)
    return Split("disjoint", tuple(parts["train"]), tuple(parts["eval"]), tuple(parts["test"]), goals_hash(goals))


def write_split(path: Path, split: Split) -> None:
    """Store a split, atomically."""
    write_json(path, split.to_json())


def read_split(path: Path, goals: Sequence[Goal]) -> Split:
    """Read a stored split and check that it belongs to ``goals`` and was not edited.

    Raises:
        GoalError: the file is malformed, was edited, or belongs to other goals.
    """
    row = read_json(path, GoalError)
    try:
        parts = {name: [int(index) for index in row[name]] for name in ("test", "eval", "train")}
        kind, split_hash, of_goals = row["kind"], row["split_sha256"], row["goals_sha256"]
    except (KeyError, TypeError, ValueError) as error:
        raise GoalError(f"{path}: not a split file ({error!r}). Write it again with `shoprl catalog split`.") from error
    if content_hash(parts) != split_hash:
        raise GoalError(f"{path}: was changed after it was written. Write it again with `shoprl catalog split`.")
    if of_goals != goals_hash(goals):
        raise GoalError(f"{path}: belongs to another goal list. Write it again with `shoprl catalog split`.")
    if kind not in get_args(SplitKind) or not all(0 <= i < len(goals) for part in parts.values() for i in part):
        raise GoalError(f"{path}: of an unknown kind, or with an index outside the goals. Write it again.")
    if len(set().union(*parts.values())) < sum(map(len, parts.values())):
        raise GoalError(f"{path}: a goal is in two parts, or twice in one. Write it again with `shoprl catalog split`.")
    return Split(kind, tuple(parts["train"]), tuple(parts["eval"]), tuple(parts["test"]), of_goals)
