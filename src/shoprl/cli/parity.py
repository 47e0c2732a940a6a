"""``shoprl parity``: proof that a shop answers as the original WebShop did, on recordings of it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shoprl.cli.options import OnData, OnGoals, Printing, Strict
from shoprl.cli.output import emit, table
from shoprl.compat.parity import KEPT, UNITS, Part, compare
from shoprl.compat.recordings import read_tagger
from shoprl.errors import CatalogError
from shoprl.reading import read_json
from shoprl.settings import Whole
from shoprl.shop.about import ABOUT
from shoprl.shop.data import read_data

NOUNS = "title_nouns.json"


@dataclass(frozen=True, kw_only=True)
class Parity(OnData, OnGoals, Strict, Printing):
    """Check that a shop answers as the original WebShop did.

    Recordings of the original are replayed and compared; the exit code is 1 if anything differs.

    Attributes:
        data: the data folder that the recordings were made with, including its prices.json and goals.jsonl.
        golden: the folder of the recordings: episodes.jsonl, rewards.jsonl, search.jsonl (.gz allowed), or some of
            them.
        nouns: the recorded tagger's nouns, ASIN -> list; when left out, title_nouns.json of the data folder if it is
            there, or else TextBlob's tagger.
        show: how many differences of each part are shown, as diffs.
    """

    golden: Path
    nouns: Path | None = None
    show: Whole = KEPT

    def execute(self) -> None:
        """Run the command."""
        data = read_data(self.data, self.strict, goals=self.goals)
        stored = self.data / NOUNS
        nouns = self.nouns or (stored if stored.is_file() else None)
        if nouns:
            data = replace(data, tagger=read_tagger(nouns, data.catalog, data.tagger))
        parts = compare(self.golden, data, self.show)
        hints = self._hints()
        answer = {
            **{name: {"unit": UNITS[name], **part.to_json()} if part else None for name, part in parts.items()},
            "nouns": str(nouns) if nouns else None,
            "hints": hints,
            "hashes": data.hashes(),
        }
        tail = ("", f"catalogue {data.catalog.content_hash}", f"nouns of titles from {nouns or 'TextBlob'}", *hints)
        emit(answer, "\n".join((_text(parts), *tail)), self.json)
        if any(part and part.equal < part.total for part in parts.values()):
            sys.exit(1)

    def _hints(self) -> list[str]:
        about = self.data / ABOUT  # in a store, which keeps the names of the files it was made of
        names = read_json(about, CatalogError)["sources"] if about.is_file() else [p.name for p in self.data.iterdir()]
        expected = "without the one that the recordings were made with they cannot be expected to agree"
        needed = {"prices.json": {"prices.json"}, "goals.jsonl": {"goals.jsonl", "goals.jsonl.gz"}}
        return [f"{self.data} has no {name}: {expected}." for name, files in needed.items() if files.isdisjoint(names)]


def _row(name: str, part: Part | None) -> tuple[object, ...]:
    if part is None:
        return name, UNITS[name], "not recorded", "-", "-"
    return name, UNITS[name], part.total, part.equal, part.total - part.equal


def _text(parts: Mapping[str, Part | None]) -> str:
    rows = [_row(name, part) for name, part in parts.items()]
    shown = [
        f"\n{each.where}: {', '.join(each.fields)}\n{each.diff}"
        for part in parts.values()
        if part
        for each in part.differences
    ]
    return "\n".join((table(("part", "unit", "total", "equal", "different"), rows), *shown))
