"""From a feed to a shop in one call: products, attributes, goals, splits and search index, in a store.

Everything is made beside the shop's place and appears there once it is complete; a cut off import starts anew.
"""

import itertools
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shoprl.catalog.attributes import mine_attributes
from shoprl.catalog.digests import write_digests
from shoprl.catalog.product import Product
from shoprl.catalog.records import Records, RecordWriter, decoded
from shoprl.catalog.store import StoredCatalog, product_record
from shoprl.claims import claimed
from shoprl.errors import GoalError, StorageError
from shoprl.feeds.mapping import FeedMapping, read_mapping
from shoprl.feeds.reader import REJECTS, SAMPLE, Feed
from shoprl.feeds.rows import Origin, RowReader
from shoprl.feeds.summary import Summary
from shoprl.files import ListHash, real_path, replace_folder, write_json
from shoprl.progress import track
from shoprl.search.hybrid_folder import FOLDER as HYBRID
from shoprl.shop.about import ABOUT, About
from shoprl.shop.catalog_goals import Wording, goals_for
from shoprl.shop.goal import GOAL_SEED, Goal, goals_hash, store_goals
from shoprl.shop.shards import SHARD, merge_shards, save_shard, write_shard_lookups
from shoprl.shop.splits import SMALLEST, Split, disjoint_or_none, store_split, webshop_split
from shoprl.shop.store import keep_vectors, part_of, was_built

ABOUT_IMPORT = "import.json"  # in a store that was made of a feed: its summary and its mapping
ATTRIBUTES = 5  # mined for a product that brings none
_FEW = 50  # goals; a smaller shop has several for each product


@dataclass(frozen=True)
class Imported:
    """What an import made.

    Attributes:
        folder: the store.
        goals: how many were made.
        summary: what became of the feed's rows.
        rejects: the file with those that nothing was made of; None where there is none.
    """

    folder: Path
    goals: int
    summary: Summary
    rejects: Path | None


def import_feed(
    sources: Sequence[str | Path],
    out: Path,
    origin: Origin | None = None,
    mapping: Path | None = None,
    strict: bool = False,
    wording: Wording = "both",
) -> Imported:
    """Make a shop of a feed.

    Args:
        sources: files, ``-`` for standard input, or the address of a database; read one after the other.
        out: the store to write; one that is there is replaced once the new one is complete.
        origin: how the sources are read, where it is not found out.
        mapping: a file that says what each field is; recognised when left out.
        strict: whether a row that cannot be used is an error.
        wording: how goals are worded.

    Raises:
        CatalogError: a source cannot be read, or no product can be made of it.
        ConfigError: the mapping cannot be used.
        StorageError: the store cannot be written.
    """
    given = (read_mapping(mapping), mapping) if mapping is not None else None
    rows = RowReader([str(source) for source in sources], origin or Origin())
    out = real_path(out)
    with claimed(out, wait=True, replaced=True):
        if out.exists() and not was_built(out) and (not out.is_dir() or any(out.iterdir())):
            raise StorageError(f"{out}: is no shop, and would be replaced. Choose another folder with `out`.")
        part = part_of(out)
        shutil.rmtree(part, ignore_errors=True)  # of an import that was cut off
        try:
            feed, goals = _write(part, rows, given, strict, wording)
            keep_vectors(out / HYBRID, part / HYBRID)
            replace_folder(part, out)
        except OSError as error:
            raise StorageError(f"{out}: cannot be written ({error.strerror or error}). Free some space.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return Imported(out, goals, feed.summary, out / REJECTS if feed.rejects else None)


def _write(
    part: Path, rows: RowReader, given: tuple[FeedMapping, Path] | None, strict: bool, wording: Wording
) -> tuple[Feed, int]:
    """Write a store to ``part``; the feed it was made of, and how many goals were."""
    feed = Feed(rows, part / "feed", given)
    _write_drafts(part / "drafts", feed)
    feed.check(strict)
    feed.release()
    shutil.rmtree(part / "feed")
    skipped = dict(feed.summary.rejected)
    catalog, catalog_hash = _write_products(part, skipped)
    goals, hashes = _write_goals(part, catalog, wording, feed.summary)
    feed.write_rejects(part / REJECTS)
    write_json(part / ABOUT_IMPORT, {"summary": feed.summary.to_json(), "mapping": feed.settled().to_json()})
    for name in ("drafts", "shards"):
        shutil.rmtree(part / name)
    hashes = {"catalog": catalog_hash, **hashes}
    about = About(len(catalog), skipped, hashes, {}, "synthetic", strict, write_digests(part))
    write_json(part / ABOUT, about.to_json())
    return feed, goals


def show_feed(sources: Sequence[str | Path], origin: Origin, mapping: Path | None, work: Path) -> Feed:
    """The first rows of a feed with what was recognised; see :func:`import_feed`.

    Args:
        sources: as there.
        origin: as there.
        mapping: as there.
        work: a folder to copy rows to.
    """
    given = (read_mapping(mapping), mapping) if mapping is not None else None
    return Feed(RowReader([str(source) for source in sources], origin), work, given, first=SAMPLE)


def _write_drafts(folder: Path, feed: Feed) -> None:
    with RecordWriter(folder) as records:
        for product in feed.products():
            records.append(product_record(product))
        records.finish()


class _Drafts(Iterable[Product]):
    """Products on disk, to be gone through several times."""

    def __init__(self, folder: Path) -> None:
        self._records = Records(folder)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Product]:
        for number, record in enumerate(self._records):
            yield decoded(record, Product.from_json, f"product {number + 1}")


def _with_attributes(products: _Drafts) -> Iterator[Product]:
    """Products in order; those that bring no attributes get the terms that set them apart."""
    if all(product.attributes for product in products):
        yield from products
        return
    for product, mined in zip(products, mine_attributes(products, ATTRIBUTES, readable=True), strict=True):
        yield product if product.attributes else replace(product, attributes=mined)


def _write_products(part: Path, skipped: dict[str, int]) -> tuple[StoredCatalog, str]:
    """Write products, look-up tables and search index; the catalogue and its content hash."""
    shards, content_hash = _copy_products(part)
    merge_shards(part, shards)
    write_shard_lookups(part, shards)
    return StoredCatalog(part / "products", "", skipped), content_hash


def _copy_products(part: Path) -> tuple[int, str]:
    """Copy the drafts to the store, with attributes, and count their terms; how many shards, and the content hash."""
    drafts, content, count = _Drafts(part / "drafts"), ListHash(), 0
    products = track(_with_attributes(drafts), "indexing", total=len(drafts), unit="product")
    with RecordWriter(part / "products") as records:
        while chunk := list(itertools.islice(products, SHARD)):
            for product in chunk:
                records.append(product_record(product))
                content.add(product.to_json())
            save_shard(part, count, chunk)
            count += 1
        records.finish()
    return count, content.hexdigest()


def _write_goals(part: Path, catalog: StoredCatalog, wording: Wording, summary: Summary) -> tuple[int, dict[str, str]]:
    """Make goals and splits; how many goals, and the hashes."""
    goals = _goals(catalog, wording)
    if not goals:
        summary.warnings.append("no goals could be made: too few products have attributes to ask for")
    store_goals(part / "goals", goals)
    empty = Split("webshop", (), (), (), goals_hash(goals))
    split, disjoint = webshop_split(goals) if goals else empty, disjoint_or_none(goals)
    hashes = {"goals": goals_hash(goals), "split": split.content_hash}
    store_split(part / "split", split)
    if disjoint is not None:
        hashes["disjoint_split"] = disjoint.content_hash
        store_split(part / "disjoint", disjoint)
    return len(goals), hashes


def _goals(catalog: StoredCatalog, wording: Wording) -> list[Goal]:
    """Goals over all products evenly; none where there would be too few to split."""
    try:
        goals = goals_for(catalog, np.random.default_rng(GOAL_SEED), wording).goals
        if len(goals) < _FEW:
            goals = goals_for(catalog, np.random.default_rng(GOAL_SEED), wording, _FEW).goals
    except GoalError:  # no product has an attribute
        return []
    return goals if len(goals) >= SMALLEST else []
