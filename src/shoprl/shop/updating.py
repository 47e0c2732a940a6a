"""Updates a shop on disk: products are added, changed and removed without the store being built again.

What a store was built of, its base, stays. All changes to it lie in one folder, which every update writes anew under
another name; the store's description, replaced at once, then names that one. So a process that opens the store gets
the old shop or the new one, and an update that is killed leaves the old. Once the changes are a large part of the
store, an update writes a new base of all products instead.

The folders that an update replaces stay until the next one, for processes that opened the old shop and look at a part
of it for the first time. Goals and splits are data that stay what they are, but goals whose product was removed leave
the splits until it is added again.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from shoprl.catalog.catalog import Listing
from shoprl.catalog.digests import DIGESTS, STAMP, write_digests
from shoprl.catalog.product import Product
from shoprl.catalog.records import RecordWriter, decoded
from shoprl.catalog.store import write_lookups
from shoprl.claims import claimed
from shoprl.errors import CatalogError, StorageError
from shoprl.files import copy_folder, is_temporary, real_path, write_json
from shoprl.search.changes import update_index
from shoprl.shop.about import ABOUT, About, Update, read_about
from shoprl.shop.gone_goals import SPLITS, gone_now, read_gone, write_splits
from shoprl.shop.planning import Plan, Updated
from shoprl.shop.shards import SHARD, merge_shards, save_shard, write_shard_lookups
from shoprl.shop.splits import open_split
from shoprl.shop.store import FOLDER, is_store, open_store, places_of, sources_of

LEAST = 5_000  # changed, added and removed products from which on a new base may be written ...
SHARE = 0.1  # ... once they are more than this share of the base

_SPOOL = "update.part"
_WRITTEN = re.compile(r"(base|changes)-[0-9]+")
_BUILT = ("products", "index", "goals", "split", "disjoint")  # folders of a store that was never updated


def update_store(store: Path, products: Iterable[Product], removed: Iterable[str] = ()) -> Updated:
    """Add, change and remove products of a store.

    Products that were there stay in their order, changed ones in their places; new ones come at the end, in the order
    given. Where another process updates or builds the same store, this waits for it.

    Args:
        store: the folder of a store that stands alone; one inside the data folder it was built of would lose its
            updates when it is built again.
        products: those with an ASIN that the store holds replace its product; the others are added.
        removed: ASINs of products to remove.

    Returns:
        What was done; nothing is written where nothing changes.

    Raises:
        CatalogError: the folder is no store that can be updated, or is damaged; a removed ASIN is not in it; a product
            is given twice, or given and removed; no product would be left. The store is as it was.
        StorageError: a file cannot be written. The store is as it was.
    """
    store = real_path(store)
    _check_alone(store)
    with claimed(store, wait=True, replaced=True):
        about = read_about(store)
        _remove_all_but(store, about)
        try:
            return _update(store, about, products, removed)
        finally:
            shutil.rmtree(store / _SPOOL, ignore_errors=True)


def _check_alone(store: Path) -> None:
    inside = store if is_store(store) else store / FOLDER
    if inside.name == FOLDER and is_store(inside) and sources_of(inside.parent):
        raise CatalogError(
            f"{inside}: is built of the files beside it, and updates would be lost when it is built again. Make a "
            f"store that stands alone: `shoprl catalog build --data {inside.parent} --out SHOP`."
        )
    if not is_store(store):
        raise CatalogError(f"{store}: is no store. Build one: `shoprl catalog build --data DATA --out {store}`.")


def _remove_all_but(store: Path, about: About) -> None:
    """Remove what neither the store's description names nor its base needs: older states, and what a kill left."""
    named = (about.update.base, about.update.changes) if about.update else ("", "")
    for path in store.iterdir():
        built = path.name in (*_BUILT, DIGESTS, STAMP) and named[0] != ""
        written = _WRITTEN.fullmatch(path.name) and path.name not in named
        if built or written or path.name == _SPOOL or is_temporary(path):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _update(store: Path, about: About, products: Iterable[Product], removed: Iterable[str]) -> Updated:
    plan = Plan(open_store(store).catalog, products, removed, store / _SPOOL)
    done = plan.updated
    if not (done.added or done.changed or done.removed):
        return done
    base, before = places_of(store, about)
    number = about.update.number + 1 if about.update else 1
    folders = store / f"base-{number}", store / f"changes-{number}"
    try:
        if plan.rows > max(LEAST, SHARE * len(plan.base)):
            told = _rebuilt(plan, about, base, before, *folders)
        else:
            told = _changed(plan, about, base, before, folders[1])
        write_json(store / ABOUT, told.to_json())
    except BaseException as error:
        if read_about(store) == about:  # an interrupt may come when the new state is there already
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise StorageError(f"{store}: cannot be written ({error.strerror or error}). Free some space.") from error
        raise
    return done


def _changed(plan: Plan, about: About, base: Path, before: Path | None, folder: Path) -> About:
    """Write all changes to the base; what the store then says of itself."""
    if plan.rows:
        _write_products(plan, folder / "products")
        old = None if before is None or not (before / "index").is_dir() else before / "index"
        if plan.touches_index():
            update_index(base / "index", old, folder / "index", plan.touched())
        elif old is not None:
            copy_folder(old, folder / "index")
    hashes = about.hashes | _write_splits(plan, base, before, folder)
    built = about.update.catalog if about.update else about.hashes["catalog"]
    hashes["catalog"] = plan.content_hash(built)
    number = int(folder.name.rpartition("-")[2])
    update = Update(number, about.update.base if about.update else "", built, *_closed(folder))
    return replace(about, products=len(plan.places), hashes=hashes, update=update)


def _closed(folder: Path) -> tuple[str, str]:
    """The name of a folder of changes and the sha256 of its digests, empty where there are none."""
    return (folder.name, write_digests(folder)) if folder.is_dir() else ("", "")


def _write_products(plan: Plan, folder: Path) -> None:
    asins: list[str] = []
    listings: dict[Listing, list[str]] = {"query": [], "category": []}
    with RecordWriter(folder) as records:
        for record in plan.changes():
            records.append(record)
            row = json.loads(record)
            asins.append(row["asin"])
            for listing, names in listings.items():
                names.append(row[listing])
        records.finish()
    write_lookups(folder, asins, listings)
    plan.places.save(folder)


def _write_splits(plan: Plan, base: Path, before: Path | None, folder: Path) -> dict[str, str]:
    """Write the splits without goals whose product is gone, if there are such; the hashes of the splits."""
    old = read_gone(before)
    gone = gone_now(base / "goals", old, plan.added, plan.removed)
    if gone:
        return write_splits(base, folder, gone)
    if not len(old):
        return {}
    return {named: open_split(base / name).content_hash for name, named in SPLITS.items() if (base / name).is_dir()}


def _rebuilt(plan: Plan, about: About, base: Path, before: Path | None, folder: Path, changes: Path) -> About:
    """Write a new base of all products, a shard in memory at a time; what the store then says of itself."""
    count = 0
    with RecordWriter(folder / "products") as records:
        every = _copied(plan, records)
        while chunk := list(islice(every, SHARD)):
            save_shard(folder, count, chunk)
            count += 1
        records.finish()
    merge_shards(folder, count)
    write_shard_lookups(folder, count)
    shutil.rmtree(folder / "shards")
    for name in ("goals", *SPLITS):
        if (base / name).is_dir():
            copy_folder(base / name, folder / name)
    hashes = about.hashes | _write_splits(plan, base, before, changes)
    built = about.update.catalog if about.update else about.hashes["catalog"]
    hashes["catalog"] = plan.content_hash(built)
    number = int(folder.name.rpartition("-")[2])
    update = Update(number, folder.name, hashes["catalog"], *_closed(changes))
    return replace(about, products=len(plan.places), hashes=hashes, update=update, digests=write_digests(folder))


def _copied(plan: Plan, records: RecordWriter) -> Iterator[Product]:
    """All products, each written when it is asked for."""
    for number, record in enumerate(plan.products()):
        records.append(record)
        yield decoded(record, Product.from_json, f"product {number + 1} of the store")
