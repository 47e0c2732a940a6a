"""A shop on disk: catalogue, search index, goals and splits, built once and opened quickly by every process.

It is built in shards, in bounded memory; an interrupted build is resumed at its current shard. Of two builds of one
store the second waits. A store carries digests of its files, which are checked when it is opened.
"""

import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from shoprl.catalog.digests import DIGESTS, Checked, check, read_settled, verify, write_digests, written_at
from shoprl.catalog.records import REMEDY, Records, RecordWriter, StoredMapping
from shoprl.catalog.store import StoredCatalog, UpdatedCatalog, product_record
from shoprl.catalog.webshop import ProductReader, products_file, stored_mapping
from shoprl.claims import claimed
from shoprl.errors import CatalogError, GoalError, StorageError
from shoprl.files import list_hash, optional_file, real_path, remove_temporary, replace_folder, sha256_of, write_json
from shoprl.json_stream import Position
from shoprl.progress import bar, track
from shoprl.reading import read_json
from shoprl.search.hybrid_folder import FOLDER as HYBRID
from shoprl.shop.about import ABOUT, FORMAT, About, read_about
from shoprl.shop.goal import GOAL_SEED, Goal, StoredGoals, goals_file, read_goals, store_goals
from shoprl.shop.goal_choice import OLDER, chosen_goals, goals_of_folder, kinds_held, made_goals
from shoprl.shop.making import GoalKind, MadeGoals, iter_goals, no_goals, weighted
from shoprl.shop.shards import (
    SHARD,
    merge_shards,
    open_shard,
    save_shard,
    shard_asins,
    shard_listings,
    write_shard_lookups,
)
from shoprl.shop.splits import Split, open_split, splits_of, store_split

T = TypeVar("T")

FOLDER = "store"  # where in a data folder its store lies
_STATE = "build.json"
_SOURCES = (
    "items_shuffle*.json", "items_ins_v2*.json", "items_human_ins.json", "prices.json", "shop.json", "goals.jsonl",
    "goals.jsonl.gz", "split.json", "split_disjoint.json",
)  # fmt: skip


class Opened(NamedTuple):
    """What a store holds, and the folders of its search index and of the changes to it."""

    catalog: StoredCatalog
    goals: StoredGoals
    split: Split
    disjoint: Split | None
    index_folder: Path
    index_changes: Path | None


def sources_of(data: Path) -> dict[str, list[int]]:
    """Name -> size and time of change of the files that a store is made of."""
    named = (path for path in data.iterdir() if any(fnmatchcase(path.name, pattern) for pattern in _SOURCES))
    paths = sorted(path for path in named if optional_file(path, CatalogError))
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}


def is_store(folder: Path) -> bool:
    """Whether a folder is a store, maybe a damaged one."""
    return (folder / ABOUT).exists() or ((folder / DIGESTS).exists() and (folder / "products").exists())


def store_of(data: Path) -> Path | None:
    """The store to open for a data folder: the folder itself, or the one inside it.

    Raises:
        CatalogError: the data folder's files were changed after its store was built, or what has the store's name is
            no store.
    """
    if is_store(data):
        return data
    folder = data / FOLDER
    if not is_store(folder):
        if os.path.lexists(folder) and not folder.is_dir():
            raise CatalogError(f"{folder}: is no folder, so it cannot be this shop's store. Remove or rename it.")
        return None
    about = read_about(folder)
    for name, (size, changed) in sources_of(data).items():
        then = about.sources.get(name)
        same = then is not None and then[0] == size and (then[1] == changed or then[2] == sha256_of(data / name))
        if not same:
            raise CatalogError(
                f"{data / name}: was changed after {folder} was built. "
                f"Run `shoprl catalog build --data {data}` again, or remove the store."
            )
    return folder


def open_store(folder: Path) -> Opened:
    """Open a store; nothing but its description and what is checked of its files is read until it is looked at.

    Raises:
        CatalogError: the folder is no store, or a file is missing or damaged.
    """
    return read_unchanged(folder, _opened)


def read_unchanged(folder: Path, read: Callable[[Path], T]) -> T:
    """What ``read`` makes of a store; it is called again where the store was built or updated meanwhile."""
    return read_settled(folder / ABOUT, lambda: read(folder))


def _opened(folder: Path) -> Opened:
    about = read_about(folder)
    base, changes = places_of(folder, about)
    check(base, about.digests)
    if about.update is not None and changes is not None:
        check(changes, about.update.digests)
    catalog = _open_catalog(base, changes, about)
    if len(catalog) != about.products:
        raise CatalogError(f"{folder / ABOUT}: belongs to another catalogue. {REMEDY}")

    def latest(name: str) -> Path:
        """A part that changes replace as a whole, if it changed."""
        return changes / name if changes is not None and (changes / name).is_dir() else base / name

    return Opened(
        catalog,
        StoredGoals(base / "goals", about.hashes["goals"]),
        open_split(latest("split")),
        open_split(latest("disjoint")) if "disjoint_split" in about.hashes else None,
        base / "index",
        changes / "index" if changes is not None and (changes / "index").is_dir() else None,
    )


def goals_of_store(folder: Path, opened: Opened, wanted: MadeGoals | Path | None) -> Sequence[Goal]:
    """The goals of an opened store: its own, or, where these are none of those wanted, others for its products.

    Raises:
        GoalError: they cannot be read or made.
    """
    made = read_about(folder).made
    if wanted in (None, made) or (made is None and wanted in OLDER and kinds_held(opened.goals) == {wanted}):
        return opened.goals
    if isinstance(wanted, Path):
        return read_goals(wanted, opened.catalog)
    assert wanted is not None
    return made_goals(opened.catalog, wanted)


def _open_catalog(base: Path, changes: Path | None, about: About) -> StoredCatalog:
    content, skipped = about.hashes["catalog"], about.skipped
    if changes is None or not (changes / "products").is_dir():
        return StoredCatalog(base / "products", content, skipped)
    return UpdatedCatalog(base / "products", changes / "products", content, skipped)


def places_of(store: Path, about: About) -> tuple[Path, Path | None]:
    """The folders of a store's base and of the changes to it."""
    if about.update is None:
        return store, None
    base = store / about.update.base if about.update.base else store
    return base, store / about.update.changes if about.update.changes else None


def verify_store(data: Path) -> Checked:
    """Check every byte of a data folder's store.

    Raises:
        CatalogError: there is none, or one of its files is missing or damaged; the message names file and place.
    """
    folder = store_of(data)
    if folder is None:
        raise CatalogError(f"{data}: holds no store. Build it with `shoprl catalog build --data {data}`.")
    about = read_about(folder)
    base, changes = places_of(folder, about)
    found = verify(base, about.digests)
    if about.update is None or changes is None:
        return found
    more = verify(changes, about.update.digests)
    return Checked(found.files + more.files, found.chunks + more.chunks, found.size + more.size)


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
    state = _interrupted(folder, settings)
    if state is None:
        shutil.rmtree(folder, ignore_errors=True)
        state = _State(settings)
        write_json(folder / _STATE, state.to_json())
    return state


def _interrupted(folder: Path, settings: dict[str, Any]) -> _State | None:
    """The state of the same build, if it can go on from there."""
    try:
        row = read_json(folder / _STATE, CatalogError)
        state = _State(**row)
        counts = (state.shards, state.products, state.entries, *state.skipped.values(), *(state.position or ()))
        if state.settings != settings or any(type(count) is not int or count < 0 for count in counts):
            return None
        if state.position is not None and len(state.position) != len(Position()):
            return None
        for number in range(state.shards):
            open_shard(folder, number), shard_listings(folder, number)
        for copied in folder.glob("extras/*.json"):
            StoredMapping(copied)
        if state.read:
            return state if len(Records(folder / "products")) == state.products else None
        with RecordWriter(folder / "products", state.products):
            return state
    except (CatalogError, StorageError, TypeError, AttributeError):  # none, or a damaged one
        return None


def build_store(
    data: Path,
    out: Path | None = None,
    goals: MadeGoals | Path | str | None = None,
    strict: bool = False,
    shard: int = SHARD,
) -> Path:
    """Build the store of a data folder; an interrupted build is resumed.

    Where another process is building the same store, this waits and takes what that one built.

    Args:
        data: the data folder; see :func:`shoprl.catalog.webshop.read_catalog`.
        out: where to; ``store`` in the data folder when left out. It appears only once it is complete.
        goals: which goals; see :func:`shoprl.shop.goal_choice.chosen_goals`.
        strict: a product that cannot be used is an error.
        shard: products held in memory at a time.

    Returns:
        The store's folder.

    Raises:
        CatalogError, GoalError: a file is missing or malformed.
        StorageError: a file cannot be written.
    """
    products_file(data), goals_file(data)
    out = real_path(out or data / FOLDER)
    before = written_at(out / ABOUT)
    wanted = chosen_goals(goals)
    with claimed(out, wait=True, replaced=True) as waited:
        if out.exists() and not was_built(out) and (not out.is_dir() or any(out.iterdir())):
            raise StorageError(f"{out}: is no store, and would be replaced. Choose another folder with `out`.")
        settings: dict[str, Any] = {"format": FORMAT, "sources": sources_of(data), "goals": _named(wanted)}
        settings |= {"strict": strict, "shard": shard}
        if not (waited and written_at(out / ABOUT) != before and _is_made_with(out, settings)):
            try:
                _build(data, out, settings, wanted)
            except (CatalogError, GoalError):
                shutil.rmtree(part_of(out), ignore_errors=True)  # with the sources put right, a build starts anew
                raise
    return out


def _named(wanted: MadeGoals | Path | None) -> str | None:
    """What was asked for, a file by the hash of its bytes."""
    return f"sha256:{sha256_of(wanted)}" if isinstance(wanted, Path) else wanted


def part_of(out: Path) -> Path:
    """Where a store is built."""
    return out.with_name(f".{out.name}.part")


def was_built(folder: Path) -> bool:
    """Whether a folder is a store of any version, maybe a damaged one, that may be replaced: no other has its name."""
    if (folder / DIGESTS).exists() and (folder / "products").exists():
        return True
    try:
        about = read_json(folder / ABOUT, CatalogError)
    except CatalogError:
        return False
    return isinstance(about, dict) and str(about.get("format")).startswith("shoprl-store-")


def _is_made_with(folder: Path, settings: dict[str, Any]) -> bool:
    try:
        about = read_about(folder)
    except CatalogError:
        return False
    sources = {name: facts[:2] for name, facts in about.sources.items()}
    return [sources, about.goals, about.strict] == [settings[name] for name in ("sources", "goals", "strict")]


def _build(data: Path, out: Path, settings: dict[str, Any], wanted: MadeGoals | Path | None) -> None:
    part = part_of(out)
    state = _begin(part, settings)
    if not state.read:
        _read_shards(data, part, state)
    merge_shards(part, state.shards)
    catalog, hashes = _close_catalog(part, state)
    made, of_goals = _build_goals(data, part, catalog, wanted)
    hashes |= of_goals
    sources = _hashed(data, settings["sources"])
    (part / _STATE).unlink()  # first: a resumed build would need what is removed here
    for name in ("extras", "shards", "drafts"):
        shutil.rmtree(part / name, ignore_errors=True)
    remove_temporary(part)
    digests = write_digests(part)
    about = About(
        len(catalog), state.skipped, hashes, sources, settings["goals"], settings["strict"], digests, made=made
    )
    write_json(part / ABOUT, about.to_json())
    keep_vectors(out / HYBRID, part / HYBRID)
    try:
        replace_folder(part, out)
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror}).") from error


def keep_vectors(old: Path, new: Path) -> None:
    """Give a store the vectors of the one it replaces: hours of work, of which most still fits."""
    shutil.rmtree(new, ignore_errors=True)
    if old.is_dir():
        try:
            shutil.copytree(old, new, copy_function=os.link)
        except (OSError, shutil.Error):  # of a disk without links, or damaged: they are made again
            shutil.rmtree(new, ignore_errors=True)


def _hashed(data: Path, sources: dict[str, list[int]]) -> dict[str, list[Any]]:
    """The sources with the hash of each, if they are what they were when the build began."""
    hashed = {name: [*facts, sha256_of(data / name)] for name, facts in sources.items()}
    now = sources_of(data)
    for name in sorted(now.keys() | sources.keys()):
        if now.get(name) != sources.get(name):
            raise CatalogError(f"{data / name}: was changed while the store was built. Build it again.")
    return hashed


def _read_shards(data: Path, part: Path, state: _State) -> None:
    """Copy products to the store and count their terms, a shard at a time."""
    start = (Position(*state.position), state.entries) if state.position else None
    reader = ProductReader(data, state.settings["strict"], partial(stored_mapping, part / "extras"), start)
    reader.skipped.update(state.skipped)
    seen = set(shard_asins(part, state.shards))
    products = reader.read(seen)
    size = reader.path.stat().st_size
    with RecordWriter(part / "products", state.products) as records, bar(size, "reading", "B") as progress:
        progress.update(start[0].offset if start else 0)
        while chunk := list(itertools.islice(products, state.settings["shard"])):
            for product in chunk:
                records.append(product_record(product))
            save_shard(part, state.shards, chunk)
            records.flush()
            state.shards, state.products, state.entries = state.shards + 1, len(records), reader.number
            state.position, state.skipped = reader.position(), dict(reader.skipped)
            write_json(part / _STATE, state.to_json())
            progress.update(state.position[0] - progress.n)
        reader.report(len(records))
        records.finish()
    state.read, state.skipped = True, dict(reader.skipped)
    write_json(part / _STATE, state.to_json())


def _close_catalog(part: Path, state: _State) -> tuple[StoredCatalog, dict[str, str]]:
    """Write the catalogue's look-up tables and compute its hash."""
    write_shard_lookups(part, state.shards)
    catalog = StoredCatalog(part / "products", "", state.skipped)
    products = track(catalog, "hashing", total=len(catalog), unit="product")
    return catalog, {"catalog": list_hash(product.to_json() for product in products)}


def _build_goals(
    data: Path, part: Path, catalog: StoredCatalog, wanted: MadeGoals | Path | None
) -> tuple[MadeGoals | None, dict[str, str]]:
    """Write goals and splits; what the goals were made as, and the hashes."""

    def write(goals: Iterable[Goal]) -> StoredGoals:
        shutil.rmtree(part / "goals", ignore_errors=True)
        return StoredGoals(part / "goals", store_goals(part / "goals", goals))

    def make(made: MadeGoals) -> StoredGoals:
        if made in OLDER:
            goals = made_goals(catalog, made)
            return write(track(goals, "goals", total=len(goals), unit="goal"))
        return write(_older(part, catalog, "human" if made == OLDER["human"] else "synthetic"))

    found = goals_of_folder(data, catalog, wanted, make)
    goals = found.goals if isinstance(found.goals, StoredGoals) else write(found.goals)
    split, disjoint = splits_of(data, goals, own=wanted is None)
    hashes = {"goals": goals.content_hash, "split": split.content_hash}
    store_split(part / "split", split)
    if disjoint is not None:
        hashes["disjoint_split"] = disjoint.content_hash
        store_split(part / "disjoint", disjoint)
    return found.made, hashes


def _older(part: Path, catalog: StoredCatalog, kind: GoalKind) -> Iterator[Goal]:
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
