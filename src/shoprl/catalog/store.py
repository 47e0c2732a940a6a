"""A catalogue on disk that all processes of a machine share; products are read when they are looked at."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, get_args, overload

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.catalog import Catalog, Listing
from shoprl.catalog.places import Places
from shoprl.catalog.product import Product
from shoprl.catalog.records import REMEDY, Records, SortedKeys, decoded, load_array, save_array
from shoprl.errors import CatalogError
from shoprl.files import write_json
from shoprl.reading import read_json

REMEMBERED = 4_096  # decoded products that a process caches

_NAMES = "names.json"


def product_record(product: Product) -> bytes:
    """The bytes that a product is stored as."""
    return json.dumps(product.to_json(), ensure_ascii=False, separators=(",", ":")).encode()


def write_lookups(folder: Path, asins: Sequence[str], listings: Mapping[Listing, Sequence[str]]) -> None:
    """Write what finds the products of a folder of records.

    Args:
        folder: where the records are.
        asins: of each product, in their order.
        listings: the product type (``query``) and department (``category``) of each.
    """
    SortedKeys.write(folder, asins)
    names = {}
    for listing, of_products in listings.items():
        names[listing] = sorted(set(of_products))
        numbers = {name: number for number, name in enumerate(names[listing])}
        save_array(folder / f"{listing}.npy", np.array([numbers[name] for name in of_products], dtype=np.int32))
    write_json(folder / _NAMES, names)


class _Products(Sequence[Product]):
    """The products of a store in order, each read when it is asked for."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self._records = records
        self._read = lru_cache(REMEMBERED)(self._decode)

    def _decode(self, number: int) -> Product:
        return decoded(self._records[number], Product.from_json, f"product {number + 1} of the store")

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, number: int) -> Product: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Product]: ...
    def __getitem__(self, number: int | slice) -> Product | Sequence[Product]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        return self._read(range(len(self))[number])

    def __iter__(self) -> Iterator[Product]:
        for number, record in enumerate(self._records, 1):  # iterating over all would evict the cache
            yield decoded(record, Product.from_json, f"product {number} of the store")


class StoredCatalog(Catalog):
    """A catalogue whose products stay on disk.

    Args:
        folder: what :func:`write_lookups` was given.
        content_hash: :attr:`Catalog.content_hash` of its products.
        skipped: reason -> how many products were left out when it was built.

    Raises:
        CatalogError: a file is missing or damaged.
    """

    def __init__(self, folder: Path, content_hash: str, skipped: Mapping[str, int]) -> None:
        self.folder, self.skipped, self.stored_hash = folder, dict(skipped), content_hash
        self._keys = SortedKeys(folder)
        self._number = lru_cache(REMEMBERED)(self._keys.find)
        self.records: Sequence[bytes] = Records(folder)
        self.products = _Products(self.records)
        count = len(self.products)
        if not count or not len(self._keys.keys) == len(self._keys.order) == count:
            raise CatalogError(f"{folder}: its files do not belong together. {REMEDY}")

    def __reduce__(self) -> tuple[type["StoredCatalog"], tuple[Any, ...]]:
        return StoredCatalog, (self.folder, self.stored_hash, self.skipped)  # another process opens it itself

    def number_of(self, asin: str) -> int | None:
        """The place of a product in :attr:`products`, or None."""
        return self._number(asin)

    def __contains__(self, asin: object) -> bool:
        return isinstance(asin, str) and self.number_of(asin) is not None

    def __getitem__(self, asin: str) -> Product:
        number = self.number_of(asin)
        if number is None:
            raise KeyError(asin)
        product = self.products[number] if 0 <= number < len(self.products) else None
        if product is None or product.asin != asin:
            raise CatalogError(f"{self.folder}: finds another product than {asin!r}, so it is damaged. {REMEDY}")
        return product

    def record(self, place: int) -> bytes:
        """What the product at a place is stored as."""
        return self.records[place]

    @property
    def places(self) -> Places:
        """Where the products' records lie."""
        none = np.zeros(0, dtype=np.int32)
        return Places(len(self), none, none, 0)

    @cached_property
    def content_hash(self) -> str:
        """See :attr:`Catalog.content_hash`; computed when the store was built or updated."""
        return self.stored_hash

    @cached_property
    def _listings(self) -> "_Listings":
        return _Listings(self.folder)

    @cached_property
    def _asins(self) -> NDArray[np.bytes_]:
        """Stored keys in the order of the products; of use to listings alone."""
        asins = np.empty_like(self._keys.keys)
        asins[self._keys.order] = self._keys.keys
        return asins

    def asin(self, number: int) -> str:
        """The ASIN of the product at a place, mostly without reading it."""
        text = SortedKeys.text(self._asins[number])
        return self.products[number].asin if text is None else text

    def listed(self, listing: Listing, name: str) -> NDArray[np.int64]:
        """The places of the products of one ``query`` or ``category``, ascending."""
        return self._listings.records(listing, name)

    def asins(self) -> Sequence[str]:
        """See :meth:`Catalog.asins`."""
        return [self.asin(number) for number in range(len(self))]

    def asins_by(self, listing: Listing, name: str) -> Sequence[str]:
        """See :meth:`Catalog.asins_by`."""
        return [self.asin(number) for number in self.listed(listing, name).tolist()]


class _Listings:
    """The product types and departments of the records of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Listing, list[str]] = read_json(folder / _NAMES, CatalogError)
        names = self._names
        if not isinstance(names, dict) or not all(isinstance(names.get(each), list) for each in get_args(Listing)):
            raise CatalogError(f"{folder / _NAMES}: is not what was written. {REMEDY}")

    def records(self, listing: Listing, name: str) -> NDArray[np.int64]:
        """The numbers of the records of a product type or department, ascending."""
        if name not in self._names[listing]:
            return np.zeros(0, dtype=np.int64)
        numbers = load_array(self._folder / f"{listing}.npy")
        return np.flatnonzero(numbers == self._names[listing].index(name))


class _UpdatedRecords(Sequence[bytes]):
    """The records of a base and of its changes, in the order of the updated catalogue."""

    def __init__(self, base: Sequence[bytes], changes: Sequence[bytes], places: Places) -> None:
        self._base, self._changes, self._places = base, changes, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        changed, place = self._places.source(number)
        return self._changes[place] if changed else self._base[place]


class UpdatedCatalog(StoredCatalog):
    """A stored catalogue with changes: products replaced in their places, removed, and added at the end.

    Args:
        folder: the base, as :class:`StoredCatalog` has it.
        changes: what :func:`write_changes` wrote.
        content_hash, skipped: as :class:`StoredCatalog` has them.

    Raises:
        CatalogError: a file is missing or damaged.
    """

    def __init__(self, folder: Path, changes: Path, content_hash: str, skipped: Mapping[str, int]) -> None:
        self.folder, self.skipped, self.stored_hash = folder, dict(skipped), content_hash
        self.changes = changes
        self.base, self._changed_keys = StoredCatalog(folder, "", {}), SortedKeys(changes)
        self.changed_records = Records(changes)
        self._places = Places.load(changes, len(self.base), len(self.changed_records))
        self.records = _UpdatedRecords(self.base.records, self.changed_records, self._places)
        self.products = _Products(self.records)
        if not len(self.products) or len(self._changed_keys.order) != len(self.changed_records):
            raise CatalogError(f"{changes}: its files do not belong together. {REMEDY}")

    def __reduce__(self) -> tuple[type["StoredCatalog"], tuple[Any, ...]]:
        return UpdatedCatalog, (self.folder, self.changes, self.stored_hash, self.skipped)

    @property
    def places(self) -> Places:
        """See :attr:`StoredCatalog.places`."""
        return self._places

    def number_of(self, asin: str) -> int | None:
        """See :meth:`StoredCatalog.number_of`."""
        record = self._changed_keys.find(asin)
        if record is not None:
            return self._places.of_record(record)
        number = self.base.number_of(asin)
        return None if number is None else self._places.of_base(number)

    def asins(self) -> Sequence[str]:
        """See :meth:`Catalog.asins`."""
        kept = (number for number in range(len(self.base)) if self._places.of_base(number) is not None)
        places = (self._places.of_record(record) for record in range(len(self.changed_records)))
        return [*map(self.base.asin, kept), *(self.products[place].asin for place in places)]

    def asins_by(self, listing: Listing, name: str) -> Sequence[str]:
        """See :meth:`Catalog.asins_by`."""
        found: dict[int, str] = {}
        for number in self.base.listed(listing, name).tolist():
            place = self._places.of_base(number)
            if place is not None:
                found[place] = self.base.asin(number)
        for record in self._changed_listings.records(listing, name).tolist():
            place = self._places.of_record(record)
            found[place] = self.products[place].asin
        return [found[place] for place in sorted(found)]

    @cached_property
    def _changed_listings(self) -> _Listings:
        return _Listings(self.changes)
