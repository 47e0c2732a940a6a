"""A catalogue on disk that all processes of a machine share; products are read when they are looked at."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, get_args, overload

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.catalog import Catalog, Listing
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

    def __init__(self, records: Records) -> None:
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
        return map(self._decode, range(len(self)))  # iterating over all would evict the cache


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
        self.products = _Products(Records(folder))
        count = len(self.products)
        if not count or not len(self._keys.keys) == len(self._keys.order) == count:
            raise CatalogError(f"{folder}: its files do not belong together. {REMEDY}")

    def __reduce__(self) -> tuple[type["StoredCatalog"], tuple[Any, ...]]:
        return StoredCatalog, (self.folder, self.stored_hash, self.skipped)  # another process opens it itself

    def __contains__(self, asin: object) -> bool:
        return isinstance(asin, str) and self._keys.find(asin) is not None

    def __getitem__(self, asin: str) -> Product:
        number = self._keys.find(asin)
        if number is None:
            raise KeyError(asin)
        product = self.products[number] if 0 <= number < len(self.products) else None
        if product is None or product.asin != asin:
            raise CatalogError(f"{self.folder}: finds another product than {asin!r}, so it is damaged. {REMEDY}")
        return product

    @cached_property
    def content_hash(self) -> str:
        """See :attr:`Catalog.content_hash`; computed when the store was built."""
        return self.stored_hash

    @cached_property
    def _names(self) -> dict[Listing, list[str]]:
        names: dict[Listing, list[str]] = read_json(self.folder / _NAMES, CatalogError)
        if not isinstance(names, dict) or not all(isinstance(names.get(each), list) for each in get_args(Listing)):
            raise CatalogError(f"{self.folder / _NAMES}: is not what was written. {REMEDY}")
        return names

    @cached_property
    def _asins(self) -> NDArray[np.bytes_]:
        """ASINs in the order of the products; of use to listings alone."""
        asins = np.empty_like(self._keys.keys)
        asins[self._keys.order] = self._keys.keys
        return asins

    def asins(self) -> Sequence[str]:
        """See :meth:`Catalog.asins`."""
        return [asin.decode() for asin in self._keys.keys.tolist()]

    def asins_by(self, listing: Listing, name: str) -> Sequence[str]:
        """See :meth:`Catalog.asins_by`."""
        if name not in self._names[listing]:
            return ()
        numbers = np.flatnonzero(load_array(self.folder / f"{listing}.npy") == self._names[listing].index(name))
        return [asin.decode() for asin in self._asins[numbers].tolist()]
