"""Recordings of the original WebShop: episodes, purchases and queries, one JSON object a line, checked when read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product
from shoprl.errors import TrajectoryError
from shoprl.reading import read_json, read_json_lines
from shoprl.shop.goal import Goal
from shoprl.shop.tagger import Tagger

NAMES = ("episodes", "rewards", "search")
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """An action (None for the start) and everything observed after it."""

    action: str | None
    seen: Fields


@dataclass(frozen=True, slots=True)
class RecordedEpisode:
    """One session for one goal; ``session`` is its id, part of every address."""

    where: str
    goal_index: int
    goal: Goal
    session: str
    steps: tuple[RecordedStep, ...]


@dataclass(frozen=True, slots=True)
class RecordedPurchase:
    """A purchase for a goal and what was recorded of it: price, reward and every component."""

    where: str
    goal: Goal
    product: Product
    options: Mapping[str, str]
    earned: Fields


@dataclass(frozen=True, slots=True)
class RecordedQuery:
    """A query and its results as (ASIN, score) pairs, best first."""

    where: str
    query: str
    hits: tuple[tuple[str, float], ...]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_hit(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and _is_number(value[1])


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "a text": lambda value: isinstance(value, str),
    "a number": _is_number,
    "a whole number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "true or false": lambda value: isinstance(value, bool),
    "an object": lambda value: isinstance(value, dict),
    "an object of texts": lambda value: isinstance(value, dict) and _is_texts(list(value.values())),
    "a list of texts": _is_texts,
    "a list of objects, at least one": lambda value: (
        isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    ),
    "a list of [ASIN, score] pairs": lambda value: isinstance(value, list) and all(map(_is_hit, value)),
    "null": lambda value: value is None,
}


def _take(row: Fields, name: str, kind: str, where: str) -> Any:
    if name not in row:
        raise TrajectoryError(f"{where}: field {name!r} is missing. Record the line again, or remove it.")
    if not _KINDS[kind](row[name]):
        actual = type(row[name]).__name__
        raise TrajectoryError(f"{where}: field {name!r} must be {kind}, found {actual}. Fix or remove the line.")
    return row[name]


def _goal(row: Fields, goals: Sequence[Goal], where: str) -> Goal:
    index: int = _take(row, "goal_index", "a whole number", where)
    if not 0 <= index < len(goals):
        raise TrajectoryError(
            f"{where}: field 'goal_index' is {index}, but the data folder has {len(goals)} goals. "
            "Use the data folder that the recording was made with, its goals.jsonl included."
        )
    return goals[index]


def _step(row: Fields, first: bool, where: str) -> RecordedStep:
    action = _take(row, "action", "null" if first else "a text", where)
    seen = {name: _take(row, name, "a text", where) for name in ("text_rich", "text", "url")}
    available = _take(row, "available", "an object", where)
    seen["has_search_bar"] = _take(available, "has_search_bar", "true or false", f"{where}, available")
    seen["clickables"] = _take(available, "clickables", "a list of texts", f"{where}, available")
    seen["reward"] = _take(row, "reward", "a number", where)
    seen["done"] = _take(row, "done", "true or false", where)
    return RecordedStep(action, seen)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's place, as ``FILE: line N``, and its object."""
    number = 0
    for number, row in read_json_lines(path, TrajectoryError):
        yield f"{path}: line {number}", row
    if not number:
        raise TrajectoryError(f"{path}: holds no recording. Write one JSON object a line, or remove the file.")


def read_episodes(path: Path, goals: Sequence[Goal]) -> list[RecordedEpisode]:
    """Read recorded episodes.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or there is no goal of an index it names.
    """
    episodes = []
    for where, row in _rows(path):
        goal = _goal(row, goals, where)
        rows = _take(row, "steps", "a list of objects, at least one", where)
        steps = tuple(_step(each, number == 0, f"{where}, step {number}") for number, each in enumerate(rows))
        session = steps[0].seen["url"].rsplit("/", 1)[-1]
        episodes.append(RecordedEpisode(where, row["goal_index"], goal, session, steps))
    return episodes


def read_purchases(path: Path, goals: Sequence[Goal], catalog: Catalog) -> list[RecordedPurchase]:
    """Read recorded purchases; one marked ``goal_options_as_list`` was scored with its goal's option values alone.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or names an unknown goal or product.
    """
    purchases = []
    for where, row in _rows(path):
        goal = _goal(row, goals, where)
        if _take(row, "goal_options_as_list", "true or false", where):
            goal = replace(goal, options=goal.option_values)
        options = _take(row, "options", "an object of texts", where)
        earned = {name: _take(row, name, "a number", where) for name in ("price", "reward")}
        earned |= _take(row, "info", "an object", where)
        asin = _take(row, "asin", "a text", where)
        if asin not in catalog:
            raise TrajectoryError(
                f"{where}: field 'asin' is {asin!r}, which is not in the catalogue. "
                "Use the data folder that the recording was made with."
            )
        purchases.append(RecordedPurchase(where, goal, catalog[asin], options, earned))
    return purchases


def read_queries(path: Path) -> list[RecordedQuery]:
    """Read recorded queries.

    Raises:
        TrajectoryError: the file is missing, malformed or empty.
    """
    queries = []
    for where, row in _rows(path):
        hits = _take(row, "hits", "a list of [ASIN, score] pairs", where)
        queries.append(RecordedQuery(where, _take(row, "query", "a text", where), tuple(map(tuple, hits))))
    return queries


def recording_files(folder: Path) -> dict[str, Path | None]:
    """The files of a folder of recordings, ``NAME.jsonl`` or ``NAME.jsonl.gz``; None where a part is not recorded.

    Raises:
        TrajectoryError: there is no such folder, it holds no recording, or one of them twice.
    """
    files: dict[str, Path | None] = dict.fromkeys(NAMES)
    for name in NAMES:
        paths = [path for ending in ("jsonl", "jsonl.gz") if (path := folder / f"{name}.{ending}").is_file()]
        if len(paths) > 1:
            raise TrajectoryError(f"{folder}: holds both {name}.jsonl and {name}.jsonl.gz. Keep the one you mean.")
        files[name] = paths[0] if paths else None
    if not any(files.values()):
        wanted = ", ".join(f"{name}.jsonl.gz" for name in NAMES)
        raise TrajectoryError(f"{folder}: holds no recording ({wanted}). Give a folder with at least one of them.")
    return files


class RecordedTagger:
    """The nouns that a recording's own tagger found in titles; any other text is left to another tagger.

    Args:
        nouns: title -> its nouns.
        otherwise: for texts that are no recorded title.
    """

    def __init__(self, nouns: Mapping[str, tuple[str, ...]], otherwise: Tagger) -> None:
        self._nouns, self._otherwise = nouns, otherwise

    def nouns(self, text: str) -> tuple[str, ...]:
        """See :class:`shoprl.shop.tagger.Tagger`."""
        return self._nouns[text] if text in self._nouns else self._otherwise.nouns(text)


def read_tagger(path: Path, catalog: Catalog, otherwise: Tagger) -> RecordedTagger:
    """Read the nouns of titles, an object from ASIN to a list of texts; products not in the catalogue are left out.

    Raises:
        TrajectoryError: the file is missing or malformed.
    """
    rows = read_json(path, TrajectoryError)
    if not isinstance(rows, dict):
        raise TrajectoryError(f"{path}: expected an object from ASIN to nouns, found {type(rows).__name__}.")
    named = {asin: _take(rows, asin, "a list of texts", str(path)) for asin in rows}
    return RecordedTagger(
        {catalog[asin].title: tuple(words) for asin, words in named.items() if asin in catalog}, otherwise
    )
