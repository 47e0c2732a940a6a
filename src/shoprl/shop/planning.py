"""What an update makes of a catalogue: which products change, and where their records will lie."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shoprl.catalog.places import Places
from shoprl.catalog.product import Product
from shoprl.catalog.records import Records, RecordWriter, decoded
from shoprl.catalog.store import StoredCatalog, UpdatedCatalog, product_record
from shoprl.errors import CatalogError
from shoprl.search.changes import Touched
from shoprl.search.index import indexed_text


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Attributes:
        added, changed, removed: products.
        unchanged: products given that were there already, equal in every field.
        reindexed: how many of the changed are searched by another text now; the index was not touched for the others.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    reindexed: int


@dataclass
class _Given:
    """The products given, compared with those there.

    Attributes:
        added: ASIN -> number of its record, in the order given.
        changed: the same of products that are there with another record.
        unchanged: how many are there already.
        reindexed: the changed ones that are searched by another text now.
    """

    added: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    reindexed: set[str] = field(default_factory=set)


_Source = tuple[Sequence[bytes], int]  # a record, and where


class Plan:
    """An updated catalogue before it is written.

    Args:
        current: the catalogue as it is.
        given: the products to add or change.
        removed: ASINs to remove.
        spool: an empty folder's path; the records of what is new are kept there until they are written.

    Raises:
        CatalogError: a product is given twice, or to be removed and not there or given too, or none is left.
        StorageError: the folder cannot be written.
    """

    def __init__(self, current: StoredCatalog, given: Iterable[Product], removed: Iterable[str], spool: Path) -> None:
        self.current = current
        self.base, self._old = _parts(current)
        self.removed = dict.fromkeys(removed)
        for asin in self.removed:
            if asin not in current:
                raise CatalogError(f"product {asin!r}: is to be removed, but is not in the store. Leave it out.")
        with RecordWriter(spool) as records:
            self._given = _read(current, given, self.removed, records)
            records.finish()
        self._spooled = Records(spool)
        self._arrange()
        if not len(self.places):
            raise CatalogError("The update removes every product, but a catalogue needs at least one.")

    def _arrange(self) -> None:
        """Decide where each record will lie: among the changes to the base, or not any more."""
        before, base = self.current.places, len(self.base)
        gone = set(before.removed.tolist())
        changed: dict[int, _Source] = {
            number: (self._old, record) for record, number in enumerate(before.changed.tolist())
        }
        new: dict[int, _Source] = {n: (self._old, n) for n in range(len(before.changed), before.records)}
        for asin in self.removed:
            among, number = before.source(self._place(asin))
            if among and number >= len(before.changed):
                del new[number]
            else:
                number = int(before.changed[number]) if among else number
                gone.add(number)
                changed.pop(number, None)
        for asin, record in self._given.changed.items():
            among, number = before.source(self._place(asin))
            if among and number >= len(before.changed):
                new[number] = (self._spooled, record)
                continue
            number = int(before.changed[number]) if among else number
            if self.base.records[number] == self._spooled[record]:  # it is again what it was
                changed.pop(number, None)
            else:
                changed[number] = (self._spooled, record)
        added = [(self._spooled, record) for record in self._given.added.values()]
        numbers = sorted(changed)
        self._sources = [*(changed[number] for number in numbers), *(new[record] for record in sorted(new)), *added]
        self.places = Places(base, np.array(sorted(gone), np.int32), np.array(numbers, np.int32), len(self._sources))

    def _place(self, asin: str) -> int:
        place = self.current.number_of(asin)
        assert place is not None
        return place

    @property
    def updated(self) -> Updated:
        """What it does."""
        given = self._given
        return Updated(len(given.added), len(given.changed), len(self.removed), given.unchanged, len(given.reindexed))

    @property
    def added(self) -> Collection[str]:
        """ASINs of products that were not there."""
        return self._given.added.keys()

    @property
    def rows(self) -> int:
        """How many products of the base are changed or gone, and how many were added to it."""
        return len(self._sources) + len(self.places.removed)

    def changes(self) -> Iterator[bytes]:
        """The records of the changed products in the order of the base, then those of new ones."""
        return (records[number] for records, number in self._sources)

    def products(self) -> Iterator[bytes]:
        """The records of all products, in the order of the updated catalogue."""
        for place in range(len(self.places)):
            among, number = self.places.source(place)
            records, number = self._sources[number] if among else (self.base.records, number)
            yield records[number]

    def content_hash(self, base: str) -> str:
        """The updated catalogue's hash: of the base's and of all changes to it, in whatever steps they were made."""
        if not self.rows:
            return base
        content = hashlib.sha256(json.dumps(["shoprl-updated-1", base, len(self._sources)]).encode())
        for numbers in (self.places.removed, self.places.changed):
            content.update(len(numbers).to_bytes(8, "little") + numbers.astype("<i4").tobytes())
        for record in self.changes():
            content.update(len(record).to_bytes(8, "little") + record)
        return content.hexdigest()

    def touches_index(self) -> bool:
        """Whether any product is searched by another text than before."""
        return bool(self.removed or self._given.added or self._given.reindexed)

    def touched(self) -> Iterator[Touched]:
        """What the index must know of."""
        for asin in self.removed:
            yield Touched(asin, self._base_text(asin), None)
        for asin, record in (self._given.added | self._given.changed).items():
            if asin in self._given.added or asin in self._given.reindexed:
                product = decoded(self._spooled[record], Product.from_json, f"product {asin!r}")
                yield Touched(asin, self._base_text(asin), indexed_text(product))

    def _base_text(self, asin: str) -> str | None:
        number = self.base.number_of(asin)
        return None if number is None else indexed_text(self.base.products[number])


def _parts(catalog: StoredCatalog) -> tuple[StoredCatalog, Sequence[bytes]]:
    """The catalogue that changes are made to, and the records of those made so far."""
    return (catalog.base, catalog.changed_records) if isinstance(catalog, UpdatedCatalog) else (catalog, ())


def _read(current: StoredCatalog, given: Iterable[Product], removed: Collection[str], records: RecordWriter) -> _Given:
    found, seen = _Given(), set()
    for product in given:
        asin = product.asin
        if asin in seen:
            raise CatalogError(f"product {asin!r}: is given twice. Leave one of them out.")
        if asin in removed:
            raise CatalogError(f"product {asin!r}: is given, and to be removed. Leave it out of one of the two.")
        seen.add(asin)
        try:
            record = product_record(product)
        except UnicodeEncodeError as error:
            raise CatalogError(f"product {asin!r}: holds half a character. Remove it.") from error
        place = current.number_of(asin)
        if place is None:
            found.added[asin] = len(records)
        elif current.record(place) == record:
            found.unchanged += 1
            continue
        else:
            found.changed[asin] = len(records)
            if indexed_text(current[asin]) != indexed_text(product):
                found.reindexed.add(asin)
        records.append(record)
    return found
