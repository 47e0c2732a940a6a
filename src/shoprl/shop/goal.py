"""Goals: what a shopper wants, read from and written to JSON lines in WebShop's fields."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.records import Records, RecordWriter, decoded
from shoprl.errors import GoalError
from shoprl.files import ListHash, list_hash, optional_file, write_json_lines
from shoprl.reading import read_json_lines

MAX_INSTRUCTION = 2_000  # characters
GOAL_SEED = 233  # WebShop's seed for the order of goals; here also for goals and splits that a data folder lacks
NO_CEILING = 1_000_000.0  # WebShop's price ceiling of a goal that names none
MAX_NUMBER = 1e15  # of dollars, or of a weight


@dataclass(frozen=True, slots=True)
class Goal:
    """What one shopper wants; everything but ``instruction`` is hidden from the agent.

    Attributes:
        asin: the product the goal was made from.
        category, query, name, product_category: that product's fields, used by the type reward.
        instruction: the text the agent reads.
        attributes: properties asked for, at least one.
        options: option name -> value, or values alone as in WebShop's human goals.
        price_upper: price ceiling in dollars.
        weight: relative frequency when goals are drawn by weight.
    """

    asin: str
    category: str
    query: str
    name: str
    product_category: str
    instruction: str
    attributes: tuple[str, ...]
    options: Mapping[str, str] | tuple[str, ...]
    price_upper: float
    weight: float = 1.0

    @property
    def option_values(self) -> tuple[str, ...]:
        """The option values asked for, in order."""
        return tuple(self.options.values()) if isinstance(self.options, Mapping) else self.options

    def to_json(self) -> dict[str, Any]:
        """The goal in the fields of WebShop's goal dictionaries."""
        options = dict(self.options) if isinstance(self.options, Mapping) else list(self.options)
        return {
            "asin": self.asin,
            "category": self.category,
            "query": self.query,
            "name": self.name,
            "product_category": self.product_category,
            "instruction_text": self.instruction,
            "attributes": list(self.attributes),
            "price_upper": self.price_upper,
            "goal_options": options,
            "weight": self.weight,
        }


_TEXT_FIELDS = ("asin", "category", "query", "name", "product_category", "instruction_text")


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def goal_from_json(row: dict[str, Any]) -> Goal:
    """Build a goal from WebShop's fields.

    Raises:
        GoalError: a field is missing or has the wrong type.
    """
    for name in (*_TEXT_FIELDS, "attributes", "price_upper", "goal_options"):
        if name not in row:
            raise GoalError(f"field {name!r} is missing")
    for name in _TEXT_FIELDS:
        if not isinstance(row[name], str):
            raise GoalError(f"field {name!r} must be text, found {type(row[name]).__name__}")
    if len(row["instruction_text"]) > MAX_INSTRUCTION:
        raise GoalError(f"field 'instruction_text' is longer than {MAX_INSTRUCTION} characters")
    if not _strings(row["attributes"]) or not row["attributes"]:
        raise GoalError("field 'attributes' must be a list of at least one text")
    for name in ("price_upper", "weight"):
        value = row.get(name, 1.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MAX_NUMBER:
            raise GoalError(f"field {name!r} must be a number above 0 and below {MAX_NUMBER:g}, found {value!r:.40}")
    options = row["goal_options"]
    if not (_strings(options) or (isinstance(options, dict) and _strings(list(options.values())))):
        raise GoalError("field 'goal_options' must be an object or a list of texts")
    return _goal(row)


def _goal(row: dict[str, Any]) -> Goal:
    options = row["goal_options"]
    return Goal(
        asin=row["asin"],
        category=row["category"],
        query=row["query"],
        name=row["name"],
        product_category=row["product_category"],
        instruction=row["instruction_text"],
        attributes=tuple(row["attributes"]),
        options=dict(options) if isinstance(options, dict) else tuple(options),
        price_upper=float(row["price_upper"]),
        weight=float(row.get("weight", 1.0)),
    )


def goals_file(folder: Path) -> Path | None:
    """The goals file of a data folder, if it holds one.

    Raises:
        GoalError: it holds two, or a folder of that name.
    """
    names = ("goals.jsonl", "goals.jsonl.gz")
    paths = [path for name in names if (path := optional_file(folder / name, GoalError))]
    if len(paths) > 1:
        raise GoalError(f"{folder}: holds both goals.jsonl and goals.jsonl.gz. Keep the one you mean.")
    return paths[0] if paths else None


def read_goals(path: Path, catalog: Catalog) -> list[Goal]:
    """Read goals from JSON lines (gzipped where the name ends in ``.gz``).

    Raises:
        GoalError: the file is missing, malformed or empty, or a goal names a product the catalogue does not hold.
    """
    goals = []
    for number, row in read_json_lines(path, GoalError):
        try:
            goal = goal_from_json(row)
        except GoalError as error:
            raise GoalError(f"{path}: line {number}: {error}. Fix or remove the line.") from error
        if goal.asin not in catalog:
            raise GoalError(
                f"{path}: line {number}: product {goal.asin!r} is not in the catalogue. "
                "Use the goals made for this catalogue, or remove the line."
            )
        goals.append(goal)
    if not goals:
        raise GoalError(f"{path}: holds no goal. Write one JSON object a line.")
    return goals


def write_goals(path: Path, goals: Sequence[Goal]) -> None:
    """Write goals as JSON lines, atomically (gzipped where the name ends in ``.gz``)."""
    write_json_lines(path, (goal.to_json() for goal in goals))


class StoredGoals(Sequence[Goal]):
    """Goals that stay on disk, each read when it is asked for.

    Args:
        folder: what :func:`store_goals` wrote.
        content_hash: their :func:`goals_hash`.

    Raises:
        CatalogError: a file is missing or damaged.
    """

    def __init__(self, folder: Path, content_hash: str) -> None:
        self.folder, self.content_hash = folder, content_hash
        self._records = Records(folder)

    def __reduce__(self) -> tuple[type["StoredGoals"], tuple[Path, str]]:
        return StoredGoals, (self.folder, self.content_hash)  # another process opens them itself

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, number: int) -> Goal: ...
    @overload
    def __getitem__(self, number: slice) -> list[Goal]: ...
    def __getitem__(self, number: int | slice) -> Goal | list[Goal]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        # not checked: a goal made here may break the bounds of one in a file
        return decoded(self._records[number], _goal, f"goal {number} of the store")


def store_goals(folder: Path, goals: Iterable[Goal]) -> str:
    """Write goals for :class:`StoredGoals`.

    Returns:
        Their :func:`goals_hash`.
    """
    content = ListHash()
    with RecordWriter(folder) as records:
        for goal in goals:
            row = goal.to_json()
            content.add(row)
            records.append(json.dumps(row, ensure_ascii=False).encode())
        records.finish()
    return content.hexdigest()


def goals_hash(goals: Sequence[Goal]) -> str:
    """Hex digest of the goals' content and order, worked out once by those that keep it."""
    kept: str | None = getattr(goals, "content_hash", None)
    return kept or list_hash(goal.to_json() for goal in goals)
