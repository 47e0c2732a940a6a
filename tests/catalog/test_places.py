from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.places import Places
from shoprl.errors import CatalogError


def array(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int32)


@given(st.integers(1, 30), st.data())
def test_places_are_those_of_a_list_that_was_edited(base: int, data: st.DataObject) -> None:
    numbers = st.sets(st.integers(0, base - 1))
    removed = data.draw(numbers)
    changed = data.draw(numbers) - removed
    new = data.draw(st.integers(0, 5))
    records = {number: record for record, number in enumerate(sorted(changed))}
    expected = [(n in records, records.get(n, n)) for n in range(base) if n not in removed]
    expected += [(True, len(changed) + record) for record in range(new)]
    places = Places(base, array(*sorted(removed)), array(*sorted(changed)), len(changed) + new)
    assert len(places) == len(expected)
    assert [places.source(place) for place in range(len(places))] == expected
    for place, (among, number) in enumerate(expected):
        assert (places.of_record(number) if among else places.of_base(number)) == place
    assert all(places.of_base(number) is None for number in removed | changed)


def test_saved_places_are_the_same(tmp_path: Path) -> None:
    places = Places(9, array(0, 4), array(1, 8), 3)
    places.save(tmp_path)
    again = Places.load(tmp_path, 9, 3)
    assert [again.source(place) for place in range(8)] == [places.source(place) for place in range(8)]
    assert places.source(-1) == (True, 2)
    with pytest.raises(IndexError):
        places.source(8)


@pytest.mark.parametrize(
    ("base", "removed", "changed", "records"),
    [(3, (3,), (), 0), (3, (), (-1,), 1), (3, (1, 1), (), 0), (3, (), (1,), 0)],
)
def test_numbers_of_another_base_are_refused(
    base: int, removed: tuple[int, ...], changed: tuple[int, ...], records: int
) -> None:
    with pytest.raises(CatalogError, match="catalog build"):
        Places(base, array(*removed), array(*changed), records)
