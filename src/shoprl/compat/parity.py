"""Replays recordings of the original WebShop and counts how many observations, rewards and searches are equal."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoprl.compat.recordings import (
    Fields,
    RecordedEpisode,
    RecordedPurchase,
    RecordedQuery,
    read_episodes,
    read_purchases,
    read_queries,
    recording_files,
)
from shoprl.progress import track
from shoprl.search.index import SearchIndex
from shoprl.shop.data import ShopData
from shoprl.shop.render import observe
from shoprl.shop.reward import reward
from shoprl.shop.session import Session, Shop
from shoprl.shop.tagger import Tagger

TOP = 50  # products of a search
SCORE_TOLERANCE = 1e-4  # recorded scores are rounded to four places
KEPT = 3
MAX_DIFF_LINES = 40  # of one field
Unit = tuple[str, Fields, Fields]  # its place, what was recorded, what the replay gave
UNITS = {"episodes": "step", "rewards": "purchase", "search": "query"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One unit that differs.

    Attributes:
        where: file, line and, in an episode, step.
        fields: what differs.
        diff: how, as unified diffs from the recorded to the replayed value.
    """

    where: str
    fields: tuple[str, ...]
    diff: str


@dataclass(frozen=True, slots=True)
class Part:
    """How many units of a recording agree.

    Attributes:
        total: units compared.
        equal: units that agree in everything.
        differences: the first ones that do not.
    """

    total: int
    equal: int
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {"total": self.total, "equal": self.equal, "differences": [asdict(each) for each in self.differences]}


def _lines(value: object) -> list[str]:
    """A value as lines for a diff: quoted, so that spaces and line ends show, and cut where an observation is."""
    parts = re.split(r"(?<=\n)|(?<= \[SEP\] )", value) if isinstance(value, str) else value
    items = parts if isinstance(parts, list) else [parts]
    return [json.dumps(item, ensure_ascii=False) for item in items]


def _diff(name: str, recorded: Fields, replayed: Fields) -> Iterator[str]:
    theirs, ours = (_lines(fields[name]) if name in fields else [] for fields in (recorded, replayed))
    lines = list(difflib.unified_diff(theirs, ours, f"recorded {name}", f"replayed {name}", n=1, lineterm=""))
    yield from lines[:MAX_DIFF_LINES]
    if len(lines) > MAX_DIFF_LINES:
        yield f"({len(lines) - MAX_DIFF_LINES} more lines)"


def _part(units: Iterable[Unit], keep: int) -> Part:
    """Compare what was recorded with what the replay gave."""
    total = equal = 0
    differences: list[Difference] = []
    for where, recorded, replayed in units:
        names = tuple(
            name
            for name in dict.fromkeys((*recorded, *replayed))
            if name not in recorded or name not in replayed or recorded[name] != replayed[name]
        )
        total += 1
        equal += not names
        if names and len(differences) < keep:
            lines = (line for name in names for line in _diff(name, recorded, replayed))
            differences.append(Difference(where, names, "\n".join(lines)))
    return Part(total, equal, tuple(differences))


def compare_episodes(episodes: Sequence[RecordedEpisode], shop: Shop, keep: int = KEPT) -> Part:
    """Take every recorded action and compare observations, address, available actions, reward and end; unit: a step."""

    def steps() -> Iterator[Unit]:
        for episode in track(episodes, "episodes", total=len(episodes), unit="episode"):
            session = Session(shop, episode.goal, episode.session)
            for number, step in enumerate(episode.steps):
                gained = 0.0 if step.action is None else session.step(step.action)
                page = session.page
                replayed = {
                    "text_rich": observe(page, "text_rich"),
                    "text": observe(page, "text"),
                    "url": observe(page, "url"),
                    "has_search_bar": page.has_search_bar,
                    "clickables": list(page.clickables),
                    "reward": gained,
                    "done": page.kind == "done",
                }
                yield f"{episode.where}, step {number}", step.seen, replayed

    return _part(steps(), keep)


def compare_purchases(purchases: Sequence[RecordedPurchase], tagger: Tagger, keep: int = KEPT) -> Part:
    """Score every recorded purchase and compare price, reward and every component exactly; unit: a purchase."""

    def scored() -> Iterator[Unit]:
        for bought in track(purchases, "rewards", total=len(purchases), unit="purchase"):
            result = reward(bought.product, bought.options, bought.goal, tagger)
            replayed = {"price": bought.product.price, "reward": result.total} | result.components()
            yield bought.where, bought.earned, replayed

    return _part(scored(), keep)


def compare_queries(queries: Sequence[RecordedQuery], index: SearchIndex, keep: int = KEPT) -> Part:
    """Search every recorded query and compare the top 50, in order, and their scores; unit: a query."""

    def searched() -> Iterator[Unit]:
        for query in track(queries, "search", total=len(queries), unit="query"):
            recorded = query.hits[:TOP]
            scores = dict(recorded)
            replayed = [
                (asin, scores[asin] if asin in scores and abs(score - scores[asin]) <= SCORE_TOLERANCE else score)
                for asin, score in index.search(query.query, TOP)
            ]
            yield query.where, {"hits": [list(hit) for hit in recorded]}, {"hits": [list(hit) for hit in replayed]}

    return _part(searched(), keep)


def compare(folder: Path, data: ShopData, keep: int = KEPT) -> dict[str, Part | None]:
    """Replay a folder of recordings.

    Args:
        folder: holds ``episodes``, ``rewards`` and ``search``, as ``.jsonl`` or ``.jsonl.gz``, or some of them.
        data: products and goals that they were recorded with, in the same order, and the tagger of rewards.
        keep: how many differences of each part to keep.

    Returns:
        Recording -> its comparison, None where it was not recorded.

    Raises:
        TrajectoryError: a recording is malformed, or names an unknown goal or product; raised before any is replayed.
    """
    files = recording_files(folder)
    episodes = read_episodes(files["episodes"], data.goals) if files["episodes"] else None
    purchases = read_purchases(files["rewards"], data.goals, data.catalog) if files["rewards"] else None
    queries = read_queries(files["search"]) if files["search"] else None
    return {
        "episodes": compare_episodes(episodes, data.shop, keep) if episodes is not None else None,
        "rewards": compare_purchases(purchases, data.tagger, keep) if purchases is not None else None,
        "search": compare_queries(queries, data.index, keep) if queries is not None else None,
    }
