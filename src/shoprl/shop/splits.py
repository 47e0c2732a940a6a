"""Splits of a goal list into train, eval and test, stored as data with a hash of the goals they belong to."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, overload

import numpy as np

from shoprl.catalog.records import REMEDY, load_array, save_array
from shoprl.errors import CatalogError, GoalError
from shoprl.files import content_hash, optional_file, write_json
from shoprl.reading import read_json
from shoprl.shop.goal import GOAL_SEED, Goal, goals_hash
from shoprl.shop.webshop_goals import WebShopGoals

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
    train: Sequence[int]
    eval: Sequence[int]
    test: Sequence[int]
    goals_sha256: str

    def part(self, name: SplitName) -> Sequence[int]:
        """The indices of one part."""
        parts: dict[str, Sequence[int]] = {"train": self.train, "eval": self.eval, "test": self.test}
        return parts[name]

    def _parts(self) -> dict[str, list[int]]:
        return {"test": list(self.test), "eval": list(self.eval), "train": list(self.train)}

    @property
    def content_hash(self) -> str:
        """Hex digest of the three parts."""
        return content_hash(self._parts())

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form with its own content hash."""
        about = {"kind": self.kind, "goals_sha256": self.goals_sha256, "split_sha256": self.content_hash}
        return about | self._parts()


def webshop_parts(count: int) -> tuple[int, int]:
    """How many of so many goals :func:`webshop_split` takes for testing, and then for choosing."""
    large = count >= 2 * (WEBSHOP_TEST + WEBSHOP_EVAL)
    return (WEBSHOP_TEST, WEBSHOP_EVAL) if large else (count // 10, count // 5)


def webshop_split(goals: Sequence[Goal]) -> Split:
    """WebShop's split by position: the first 500 goals are for testing, the next 1,000 for choosing.

    Lists of fewer than 3,000 goals are cut at a tenth and three tenths.

    Raises:
        GoalError: there are fewer than :data:`SMALLEST` goals.
    """
    count = len(goals)
    if count < SMALLEST:
        raise GoalError(f"{count} goals are too few to split: at least {SMALLEST} are needed.")
    test, held = webshop_parts(count)
    order = tuple(range(count))
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
    asked_for = list(goals.asins() if isinstance(goals, WebShopGoals) else (goal.asin for goal in goals))
    asins = sorted(set(asked_for))
    held = max(1, round(share * len(asins)))
    if len(asins) < 3 or len(asins) <= 2 * held:
        raise GoalError(f"{len(asins)} products are too few for a split that is disjoint by product.")
    order = [asins[i] for i in rng.permutation(len(asins))]
    part_of = dict.fromkeys(order, "train") | dict.fromkeys(order[:held], "test")
    part_of |= dict.fromkeys(order[held : 2 * held], "eval")
    parts: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for index, asin in enumerate(asked_for):
        parts[part_of[asin]].append(index)
    return Split("disjoint", tuple(parts["train"]), tuple(parts["eval"]), tuple(parts["test"]), goals_hash(goals))


def disjoint_or_none(goals: Sequence[Goal]) -> Split | None:
    """The :func:`disjoint_split` that a shop has by default, or None where there are too few products."""
    try:
        return disjoint_split(goals, np.random.default_rng(GOAL_SEED))
    except GoalError:
        return None


def write_split(path: Path, split: Split) -> None:
    """Store a split, atomically."""
    write_json(path, split.to_json())


MAX_SPLIT = 1 << 30  # bytes: an index a line, of a hundred million goals


def read_split(path: Path, goals: Sequence[Goal]) -> Split:
    """Read a stored split and check that it belongs to ``goals`` and was not edited.

    Raises:
        GoalError: the file is malformed, was edited, or belongs to other goals.
    """
    row = read_json(path, GoalError, MAX_SPLIT)
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


def read_disjoint(path: Path, goals: Sequence[Goal]) -> Split:
    """Read a stored split in which no product may be in two parts.

    Raises:
        GoalError: as :func:`read_split`, or a product is.
    """
    split = read_split(path, goals)
    asked = [{goals[index].asin for index in split.part(name)} for name in get_args(SplitName)]
    if any(first & second for first, second in itertools.combinations(asked, 2)):
        raise GoalError(f"{path}: a product is in two parts. Write it with `shoprl catalog split --kind disjoint`.")
    return split


SPLIT, DISJOINT = "split.json", "split_disjoint.json"  # in a data folder


def named_goals(folder: Path) -> str | None:
    """The hash of the goals that the stored splits of a data folder belong to; None where it stores none.

    Raises:
        GoalError: something that is no file has a split's name, or it is not valid JSON.
    """
    for name in (SPLIT, DISJOINT):
        if path := optional_file(folder / name, GoalError):
            row = read_json(path, GoalError, MAX_SPLIT)
            return str(row.get("goals_sha256")) if isinstance(row, dict) else None
    return None


def splits_of(folder: Path, goals: Sequence[Goal], own: bool = True) -> tuple[Split, Split | None]:
    """The standard and the disjoint split of goals: stored in a data folder, or derived by rule.

    Args:
        folder: the data folder.
        goals: its goals, or others.
        own: whether splits stored there must be of these goals; otherwise they are left alone where they are not.

    Raises:
        GoalError: as :func:`read_split`, or something that is no file has a split's name.
    """
    stored = optional_file(folder / SPLIT, GoalError)
    apart = optional_file(folder / DISJOINT, GoalError)
    if not own and (stored or apart) and named_goals(folder) != goals_hash(goals):
        stored = apart = None
    split = read_split(stored, goals) if stored else webshop_split(goals)
    return split, read_disjoint(apart, goals) if apart else disjoint_or_none(goals)


class StoredIndices(Sequence[int]):
    """Indices that stay on disk.

    Raises:
        CatalogError: the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._array = load_array(path)

    def __reduce__(self) -> tuple[type["StoredIndices"], tuple[Path]]:
        return StoredIndices, (self._path,)  # another process opens them itself

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        indices: int | list[int] = self._array[place].tolist()
        return indices

    def __iter__(self) -> Iterator[int]:
        return iter(self._array.tolist())


def store_split(folder: Path, split: Split) -> None:
    """Write a split for :func:`open_split`."""
    for name in get_args(SplitName):
        save_array(folder / f"{name}.npy", np.array(split.part(name), dtype=np.int32))
    write_json(folder / "split.json", {"kind": split.kind, "goals_sha256": split.goals_sha256})


def open_split(folder: Path) -> Split:
    """Open what :func:`store_split` wrote.

    Raises:
        CatalogError: a file is missing or damaged.
    """
    about = read_json(folder / "split.json", CatalogError)
    texts = isinstance(about, dict) and isinstance(about.get("goals_sha256"), str)
    if not texts or about.get("kind") not in get_args(SplitKind):
        raise CatalogError(f"{folder / 'split.json'}: is not what was written. {REMEDY}")
    parts = {name: StoredIndices(folder / f"{name}.npy") for name in get_args(SplitName)}
    return Split(about["kind"], parts["train"], parts["eval"], parts["test"], about["goals_sha256"])
