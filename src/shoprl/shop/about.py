"""What a store says of itself: its file ``store.json``, which names what else belongs to it."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from shoprl.catalog.records import REMEDY
from shoprl.errors import CatalogError
from shoprl.files import content_hash
from shoprl.reading import read_json
from shoprl.shop.making import MadeGoals

FORMAT = "shoprl-store-2"
UPDATED = "shoprl-store-3"  # of a store that was updated, which earlier versions cannot open
ABOUT = "store.json"

_FOLDER = re.compile(r"(base|changes)-[0-9]{1,12}")


@dataclass(frozen=True)
class Update:
    """The state of a store that was updated.

    Attributes:
        number: how many updates there were; names the folders that the next one writes.
        base: the folder of the products, index, goals and splits that the changes are to; empty for the store's own.
        catalog: content hash of those products.
        changes: the folder of all changes to them; empty where there are none.
        digests: the sha256 of that folder's digests, or empty.
    """

    number: int
    base: str
    catalog: str
    changes: str
    digests: str

    def fits(self) -> bool:
        """Whether the values are some that an update writes."""
        texts = [self.base, self.catalog, self.changes, self.digests]
        plain = type(self.number) is int and all(isinstance(text, str) for text in texts)
        return plain and all(not name or _FOLDER.fullmatch(name) for name in (self.base, self.changes))


@dataclass(frozen=True)
class About:
    """What ``store.json`` says.

    Attributes:
        products: how many there are.
        skipped: reason -> how many were left out.
        hashes: content hashes of the catalogue, the goals and the splits.
        sources: name -> size, time of change and sha256 of the files that the store was made of.
        goals, strict: as given to :func:`build_store`; None for the goals that a data folder has by rule.
        digests: the sha256 of the file with the digests of all others; of an updated store, of its base's.
        update: what became of it since; None of a store as it was built.
        made: what the goals were made as; None where they were given, or made of a feed.
    """

    products: int
    skipped: dict[str, int]
    hashes: dict[str, str]
    sources: dict[str, list[Any]]
    goals: MadeGoals | str | None
    strict: bool
    digests: str
    update: Update | None = None
    made: MadeGoals | None = None

    def to_json(self) -> dict[str, Any]:
        """What the file holds."""
        about = {"format": FORMAT, **{name: getattr(self, name) for name in _BUILT}}
        if self.update is not None:
            about |= {"format": UPDATED, "update": asdict(self.update)}
        return {**about, "sha256": content_hash(about)}


_BUILT = tuple(item.name for item in fields(About) if item.name != "update")


def _is_about(row: dict[str, Any]) -> bool:
    """Whether an object holds what ``store.json`` does, unchanged."""
    about = {name: value for name, value in row.items() if name != "sha256"}
    return (
        row.get("sha256") == content_hash(about)
        and about.keys() - {"update"} in ({"format", *_BUILT}, {"format", *_BUILT} - {"made"})
        and ("update" in about) == (row["format"] == UPDATED)
        and (type(row["products"]), type(row["strict"]), type(row["digests"])) == (int, bool, str)
        and isinstance(row["goals"], str | None)
        and row.get("made") in (None, *get_args(MadeGoals))
        and _values(row["skipped"], lambda value: type(value) is int)
        and _values(row["hashes"], lambda value: isinstance(value, str))
        and {"catalog", "goals", "split"} <= row["hashes"].keys()
        and _values(row["sources"], lambda value: isinstance(value, list) and list(map(type, value)) == [int, int, str])
        and ("update" not in about or _is_update(row["update"]))
    )


def _is_update(row: object) -> bool:
    named = isinstance(row, dict) and row.keys() == {item.name for item in fields(Update)}
    return named and Update(**row).fits()  # type: ignore[arg-type]


def _values(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, dict) and all(map(fits, value.values()))


def read_about(folder: Path) -> About:
    """What a store says of itself.

    Raises:
        CatalogError: the folder is no store, or the file is damaged.
    """
    if not (folder / ABOUT).is_file():
        raise CatalogError(f"{folder / ABOUT}: is missing or is no file. {REMEDY}")
    try:
        row = read_json(folder / ABOUT, CatalogError)
    except CatalogError as error:
        raise CatalogError(f"{folder / ABOUT}: is damaged or cannot be read. {REMEDY}") from error
    if not isinstance(row, dict) or row.get("format") not in (FORMAT, UPDATED):
        raise CatalogError(f"{folder / ABOUT}: not a store of format {FORMAT}. {REMEDY}")
    try:
        fits = _is_about(row)
    except RecursionError:  # of thousands of brackets
        fits = False
    if not fits:
        raise CatalogError(f"{folder / ABOUT}: was changed after it was written, or is damaged. {REMEDY}")
    update = Update(**row["update"]) if "update" in row else None
    return About(**{"made": _made_before(row), **{name: row[name] for name in _BUILT if name in row}}, update=update)


def _made_before(row: dict[str, Any]) -> MadeGoals | None:
    """What the goals of a store were made as that does not say so: an earlier version's, in its own order."""
    given = not row["sources"] or any(name.startswith("goals.jsonl") for name in row["sources"])
    older: dict[str, MadeGoals] = {"synthetic": "synthetic-numpy", "human": "human-numpy"}
    return None if given else older.get(row["goals"])
