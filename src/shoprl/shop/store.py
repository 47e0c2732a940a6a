"""A shop on disk: catalogue, search index, goals and splits, built once and opened quickly by every process.

It is built in shards, in bounded memory; an interrupted build is resumed at its current shard.
"""

import itertools
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shoprl.catalog.catalog import Listing
from shoprl.catalog.product import Product
from shoprl.catalog.records import RecordWriter, load_array, save_array
from shoprl.catalog.store import StoredCatalog, product_record, write_lookups
from shoprl.catalog.webshop import ProductReader, products_file, stored_mapping
from shoprl.errors import CatalogError, StorageError
from shoprl.files import list_hash, replace_folder, sha256_of, write_json
from shoprl.json_stream import Position
from shoprl.progress import bar, track
from shoprl.reading import read_json
from shoprl.search.arrays import on_disk, save_arrays
from shoprl.search.index import indexed_text
from shoprl.search.merging import Shard, count_terms, merge
from shoprl.shop.goal import GOAL_SEED, Goal, StoredGoals, goals_file, read_goals, store_goals
from shoprl.shop.making import GoalKind, iter_goals, no_goals, weighted
from shoprl.shop.splits import (
    Split,
    disjoint_or_none,
    open_split,
    read_disjoint,
    read_split,
    store_split,
    webshop_split,
)

FORMAT = "shoprl-store-1"
ABOUT = "store.json"
FOLDER = "store"  # where in a data folder its store lies
SHARD = 50_000  # products

_STATE = "build.json"
_SOURCES = (
    "items_shuffle*.json", "items_ins_v2*.json", "items_human_ins.json", "prices.json", "goals.jsonl", "goals.jsonl.gz",
    "split.json", "split_disjoint.json",
)  # fmt: skip


class Opened(NamedTuple):
    """What a store holds, and the folder of its search index."""

    catalog: StoredCatalog
    goals: StoredGoals
    split: Split
    disjoint: Split | None
    index_folder: Path


def _sources(data: Path) -> dict[str, list[int]]:
    """Name -> size and time of change of the files that a store is made of."""
    paths = sorted(path for pattern in _SOURCES for path in data.glob(pattern))
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}


def store_of(data: Path) -> Path | None:
    """The store to open for a data folder: the folder itself, or the one inside it.

    Raises:
        CatalogError: the data folder's files were changed after its store was built.
    """
    if (data / ABOUT).is_file():
        return data
    folder = data / FOLDER
    if not (folder / ABOUT).is_file():
        return None
    about = _about(folder)
    for name, (size, changed) in _sources(data).items():
        then = about["sources"].get(name)
        same = then is not None and then[0] == size and (then[1] == changed or then[2] == sha256_of(data / name))
        if not same:
            raise CatalogError(
                f"{data / name}: was changed after {folder} was built. "
                f"Run `shoprl catalog build --data {data}` again, or remove the store."
            )
    return folder


def _about(folder: Path) -> dict[str, Any]:
    about = read_json(folder / ABOUT, CatalogError)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise CatalogError(f"{folder / ABOUT}: not a store of format {FORMAT}. Run `shoprl catalog build` again.")
    return about


def open_store(folder: Path) -> Opened:
    """Open a store; nothing is read until it is looked at.

    Raises:
        CatalogError: the folder is no store, or a file is missing or damaged.
    """
    about = _about(folder)
    apart = folder / "disjoint"
    return Opened(
        StoredCatalog(folder / "products", about["hashes"]["catalog"], about["skipped"]),
        StoredGoals(folder / "goals", about["hashes"]["goals"]),
        open_split(folder / "split"),
        open_split(apart) if apart.is_dir() else None,
        folder / "index",
    )


@dataclass
class _State:
    """The progress of a build; written after each shard.

    Attributes:
        settings: its sources and options; a build with others starts anew.
        shards: how many are complete.
        products, entries: products kept and entries read so far.
        position: where the products file was read to.
        skipped: reason -> how many products were left out.
        read: whether all were read.
    """

    settings: dict[str, Any]
    shards: int = 0
    products: int = 0
    entries: int = 0
    position: Sequence[int] | None = None
    skipped: dict[str, int] = field(default_factory=dict)
    read: bool = False

    def to_json(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


def _begin(folder: Path, settings: dict[str, Any]) -> _State:
    """The state of the same build if it was interrupted, else a new one in an empty folder."""
    path = folder / _STATE
    if path.is_file():
        row = read_json(path, CatalogError)
        if isinstance(row, dict) and row.get("settings") == settings:
            return _State(**row)
    shutil.rmtree(folder, ignore_errors=True)
    state = _State(settings)
    write_json(path, state.to_json())
    return state


def build_store(
    data: Path, out: Path | None = None, goals: GoalKind = "synthetic", strict: bool = False, shard: int = SHARD
) -> Path:
    """Build the store of a data folder; an interrupted build is resumed.

    Args:
        data: the data folder; see :func:`shoprl.catalog.webshop.read_catalog`.
        out: where to; ``store`` in the data folder when left out. It appears only once it is complete.
        goals: which goals to make where the folder holds no ``goals.jsonl``.
        strict: a product that cannot be used is an error.
        shard: products held in memory at a time.

    Returns:
        The store's folder.

    Raises:
        CatalogError, GoalError: a file is missing or malformed.
        StorageError: a file cannot be written.
    """
    products_file(data), goals_file(data)
    out = (out or data / FOLDER).resolve()
    if out.exists() and not (out / ABOUT).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise StorageError(f"{out}: is no store, and would be replaced. Choose another folder with `out`.")
    part = out.with_name(f".{out.name}.part")
    settings: dict[str, Any] = {
        "format": FORMAT,
        "sources": _sources(data),
        "goals": goals,
        "strict": strict,
        "shard": shard,
    }
    state = _begin(part, settings)
    if not state.read:
        _read_shards(data, part, state)
    index = part / "index"
    save_arrays(index, *merge([_shard(part, number) for number in range(state.shards)], partial(on_disk, index)))
    catalog, hashes = _close_catalog(part, state)
    hashes |= _build_goals(data, part, catalog, goals)
    sources = _hashed(data, settings["sources"])
    about = {"format": FORMAT, "products": len(catalog), "skipped": state.skipped, "hashes": hashes, "sources": sources}
    (part / _STATE).unlink()  # first: a resumed build would need what is removed here
    for name in ("extras", "shards", "drafts"):
        shutil.rmtree(part / name, ignore_errors=True)
    for stray in part.rglob(".*.tmp"):  # of a build that was killed
        stray.unlink()
    write_json(part / ABOUT, about)
    try:
        replace_folder(part, out)
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror}).") from error
    return out


def _hashed(data: Path, sources: dict[str, list[int]]) -> dict[str, list[object]]:
    """The sources with the hash of each, if they are what they were when the build began."""
    hashed = {name: [*facts, sha256_of(data / name)] for name, facts in sources.items()}
    now = _sources(data)
    for name in sorted(now.keys() | sources.keys()):
        if now.get(name) != sources.get(name):
            raise CatalogError(f"{data / name}: was changed while the store was built. Build it again.")
    return hashed


def _read_shards(data: Path, part: Path, state: _State) -> None:
    """Copy products to the store and count their terms, a shard at a time."""
    start = (Position(*state.position), state.entries) if state.position else None
    reader = ProductReader(data, state.settings["strict"], partial(stored_mapping, part / "extras"), start)
    reader.skipped.update(state.skipped)
    seen = {asin for number in range(state.shards) for asin in _shard(part, number).asins.tolist()}
    products = reader.read(seen)
    size = reader.path.stat().st_size
    with RecordWriter(part / "products", state.products) as records, bar(size, "reading", "B") as progress:
        progress.update(start[0].offset if start else 0)
        while chunk := list(itertools.islice(products, state.settings["shard"])):
            for product in chunk:
                records.append(product_record(product))
            _save_shard(part, state.shards, chunk)
            records.flush()
            state.shards, state.products, state.entries = state.shards + 1, len(records), reader.number
            state.position, state.skipped = reader.position(), dict(reader.skipped)
            write_json(part / _STATE, state.to_json())
            progress.update(state.position[0] - progress.n)
        reader.report(len(records))
        records.finish()
    state.read, state.skipped = True, dict(reader.skipped)
    write_json(part / _STATE, state.to_json())


def _save_shard(part: Path, number: int, products: Sequence[Product]) -> None:
    folder = part / "shards" / str(number)
    shard = count_terms([product.asin for product in products], map(indexed_text, products))
    for item in fields(shard):
        save_array(folder / f"{item.name}.npy", getattr(shard, item.name))
    write_json(folder / "listings.json", [[product.query, product.category] for product in products])


def _shard(part: Path, number: int) -> Shard:
    folder = part / "shards" / str(number)
    return Shard(*(load_array(folder / f"{item.name}.npy") for item in fields(Shard)))


def _close_catalog(part: Path, state: _State) -> tuple[StoredCatalog, dict[str, str]]:
    """Write the catalogue's look-up tables and compute its hash."""
    asins = [asin for number in range(state.shards) for asin in _shard(part, number).asins.tolist()]
    rows = [
        row for i in range(state.shards) for row in read_json(part / "shards" / str(i) / "listings.json", CatalogError)
    ]
    listings: dict[Listing, list[str]] = {"query": [row[0] for row in rows], "category": [row[1] for row in rows]}
    write_lookups(part / "products", asins, listings)
    catalog = StoredCatalog(part / "products", "", state.skipped)
    products = track(catalog, "hashing", total=len(catalog), unit="product")
    return catalog, {"catalog": list_hash(product.to_json() for product in products)}


def _build_goals(data: Path, part: Path, catalog: StoredCatalog, kind: GoalKind) -> dict[str, str]:
    given = goals_file(data)
    shutil.rmtree(part / "goals", ignore_errors=True)
    goals_hash = store_goals(part / "goals", read_goals(given, catalog) if given else _made(part, catalog, kind))
    goals = StoredGoals(part / "goals", goals_hash)
    stored, apart = data / "split.json", data / "split_disjoint.json"
    split = read_split(stored, goals) if stored.is_file() else webshop_split(goals)
    disjoint = read_disjoint(apart, goals) if apart.is_file() else disjoint_or_none(goals)
    hashes = {"goals": goals_hash, "split": split.content_hash}
    store_split(part / "split", split)
    if disjoint is not None:
        hashes["disjoint_split"] = disjoint.content_hash
        store_split(part / "disjoint", disjoint)
    return hashes


def _made(part: Path, catalog: StoredCatalog, kind: GoalKind) -> Iterator[Goal]:
    """The goals that :func:`shoprl.shop.making.make_goals` makes, never all of them in memory."""
    rng = np.random.default_rng(GOAL_SEED)
    counts: Counter[str] = Counter()

    def counted() -> Iterator[Goal]:
        for goal in iter_goals(track(catalog, "goals", total=len(catalog), unit="product"), rng, kind):
            counts.update(goal.attributes)
            yield goal

    shutil.rmtree(part / "drafts", ignore_errors=True)
    drafts = StoredGoals(part / "drafts", store_goals(part / "drafts", counted()))
    if not drafts:
        raise no_goals(kind)
    for number in rng.permutation(len(drafts)):
        yield weighted(drafts[number], counts) if kind == "synthetic" else drafts[number]
