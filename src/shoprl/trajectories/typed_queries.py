"""Instructions with the search queries that people typed for them, split as in WebShop.

They are in two files of WebShop: ``goal_query_map.json`` (instruction -> queries) and ``human_goals.json`` (a list of
instructions; an instruction's first position in it decides its part of the split).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoprl.errors import GoalError, TrajectoryError
from shoprl.files import content_hash
from shoprl.policies.query.data import Typed, plain_instruction, plain_query
from shoprl.reading import read_json
from shoprl.search.analysis import analyze
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.shop.splits import WEBSHOP_EVAL, WEBSHOP_TEST, SplitName
from shoprl.trajectories.lines import Fields

MAX_TYPED = 1_000  # characters of a query, and queries of an instruction
MAX_ENTRIES = 1_000_000  # of a file


@dataclass(frozen=True)
class TypedQueries:
    """The pairs of each part of the split; ``test`` is not for training or selection.

    Attributes:
        train, eval, test: in the file's order.
        skipped: number of instructions that are not in the goal list; WebShop leaves them out too.
    """

    train: tuple[Typed, ...]
    eval: tuple[Typed, ...]
    test: tuple[Typed, ...]
    skipped: int

    def part(self, name: SplitName) -> tuple[Typed, ...]:
        """One part."""
        parts: dict[str, tuple[Typed, ...]] = {"train": self.train, "eval": self.eval, "test": self.test}
        return parts[name]

    @property
    def content_hash(self) -> str:
        """Hex digest of the three parts."""
        parts = (self.train, self.eval, self.test)
        return content_hash([[[typed.instruction, typed.queries] for typed in part] for part in parts])


def part_of(position: int, count: int) -> SplitName:
    """The part of a position in a goal list: as in WebShop, the first 500 are test and the next 1,000 eval.

    Lists of fewer than 3,000 goals are cut at 10% and 30%, as a shop's goals are.
    """
    whole = count >= 2 * (WEBSHOP_TEST + WEBSHOP_EVAL)
    test, held = (WEBSHOP_TEST, WEBSHOP_EVAL) if whole else (count // 10, count // 5)
    return "test" if position < test else "eval" if position < test + held else "train"


def _entries(path: Path, kind: type[list[Any]] | type[Fields], error: type[GoalError] | type[TrajectoryError]) -> Any:
    """A file's list or object, checked for type and size."""
    value = read_json(path, error)
    if not isinstance(value, kind) or not value:
        expected = "a list of instructions" if kind is list else "an object: instruction -> list of queries"
        raise error(f"{path}: expected {expected}, at least one. Give WebShop's file, or one in its format.")
    if len(value) > MAX_ENTRIES:
        raise error(f"{path}: holds {len(value):,} entries; at most {MAX_ENTRIES:,} are read. Give a part of it.")
    return value


def _fault(instruction: str, queries: object) -> str | None:
    """What is wrong with an entry of the pairs file, or None."""
    if len(instruction) > MAX_INSTRUCTION:
        return f"the instruction is longer than {MAX_INSTRUCTION} characters"
    if not isinstance(queries, list) or not 0 < len(queries) <= MAX_TYPED:
        return f"expected a list of 1 to {MAX_TYPED} queries"
    if not all(isinstance(query, str) and len(query) <= MAX_TYPED for query in queries):
        return f"a query must be a text of at most {MAX_TYPED} characters"
    return None


def read_typed_queries(pairs: Path, goals: Path, eval_too: bool = False) -> TypedQueries:
    """Read instructions with the queries people typed for them.

    Args:
        pairs: JSON object, instruction -> list of queries (WebShop's ``goal_query_map.json``).
        goals: JSON list of instructions (WebShop's ``human_goals.json``).
        eval_too: add the eval part to the train part, as in WebShop's training.

    Raises:
        TrajectoryError: the pairs are missing or malformed, or none is in the train part.
        GoalError: the goal list is missing or malformed.
    """
    instructions = _entries(goals, list, GoalError)
    positions: dict[str, int] = {}
    for number, text in enumerate(instructions):
        if not isinstance(text, str) or len(text) > MAX_INSTRUCTION:
            raise GoalError(f"{goals}: entry {number}: expected a text of at most {MAX_INSTRUCTION} characters.")
        positions.setdefault(text, number)
    gathered: dict[str, list[str]] = {}
    skipped = 0
    for number, (key, queries) in enumerate(_entries(pairs, dict, TrajectoryError).items()):
        fault = _fault(key, queries)
        if fault is not None:
            raise TrajectoryError(f"{pairs}: entry {number} ({key[:60]!r}): {fault}. Fix or remove the entry.")
        instruction = plain_instruction(key)
        if instruction not in positions:
            skipped += 1
            continue
        gathered.setdefault(instruction, []).extend(plain for query in queries if analyze(plain := plain_query(query)))
    parts: dict[SplitName, list[Typed]] = {"train": [], "eval": [], "test": []}
    for instruction, typed in gathered.items():
        if typed:
            parts[part_of(positions[instruction], len(instructions))].append(Typed(instruction, tuple(typed)))
    if eval_too:
        parts["train"] += parts["eval"]
    if not parts["train"]:
        raise TrajectoryError(f"{pairs}: no instruction is at a training position of {goals}. Give its own goal list.")
    return TypedQueries(tuple(parts["train"]), tuple(parts["eval"]), tuple(parts["test"]), skipped)
