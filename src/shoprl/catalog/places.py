"""Where the products of an updated catalogue lie: in its base, or among the changes to it."""

from bisect import bisect_left, bisect_right
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.records import REMEDY, load_array, save_array
from shoprl.errors import CatalogError

_REMOVED, _CHANGED = "removed.npy", "changed.npy"


class Places:
    """The order of an updated catalogue: the base's, changed products in their places, new ones at the end.

    The records of the changes are those of the changed products, by their place in the base, then those of new ones.

    Args:
        base: products of the base.
        removed: which of them are gone, ascending.
        changed: which of them have another record, ascending.
        records: changed and new products.

    Raises:
        CatalogError: the numbers are none of such a base.
    """

    def __init__(self, base: int, removed: NDArray[np.int32], changed: NDArray[np.int32], records: int) -> None:
        for numbers in (removed, changed):
            if len(numbers) and not (numbers[0] >= 0 and numbers[-1] < base and bool(np.all(np.diff(numbers) > 0))):
                raise CatalogError(f"The changes do not belong to their catalogue. {REMEDY}")
        if len(changed) > records:
            raise CatalogError(f"There are fewer changes than were written. {REMEDY}")
        self.base, self.removed, self.changed, self.records = base, removed, changed, records
        self._kept = base - len(removed)
        # Views, as bisection in the arrays themselves makes a number object of each place it looks at.
        self._gone, self._other = removed.data, changed.data
        self._before = (removed - np.arange(len(removed), dtype=np.int32)).data

    @classmethod
    def load(cls, folder: Path, base: int, records: int) -> "Places":
        """Open what :meth:`save` wrote.

        Raises:
            CatalogError: a file is missing or damaged, or belongs to another base.
        """
        return cls(base, load_array(folder / _REMOVED), load_array(folder / _CHANGED), records)

    def save(self, folder: Path) -> None:
        """Write the numbers of the removed and the changed products."""
        save_array(folder / _REMOVED, self.removed)
        save_array(folder / _CHANGED, self.changed)

    def __len__(self) -> int:
        return self._kept + self.records - len(self.changed)

    def source(self, place: int) -> tuple[bool, int]:
        """Whether the product at a place is among the changes, and the number of its record there or in the base."""
        place = range(len(self))[place]
        if place >= self._kept:
            return True, place - self._kept + len(self.changed)
        number = place + bisect_right(self._before, place)
        record = bisect_left(self._other, number)
        found = record < len(self._other) and self._other[record] == number
        return (True, record) if found else (False, number)

    def is_removed(self, number: int) -> bool:
        """Whether a product of the base is gone."""
        return _holds(self._gone, number)

    def of_base(self, number: int) -> int | None:
        """The place of a product of the base, or None where it is gone or has another record."""
        if _holds(self._gone, number) or _holds(self._other, number):
            return None
        return number - bisect_left(self._gone, number)

    def of_record(self, record: int) -> int:
        """The place of a changed or new product."""
        if record >= len(self.changed):
            return self._kept + record - len(self.changed)
        number = int(self._other[record])
        return number - bisect_left(self._gone, number)


def _holds(ascending: memoryview, number: int) -> bool:
    place = bisect_left(ascending, number)
    return place < len(ascending) and bool(ascending[place] == number)
