import errno
import json
import os
import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.records import Records, RecordWriter, SortedKeys, StoredMapping, load_array, save_array
from shoprl.errors import CatalogError, StorageError
from tests.support.strategies import JSON

ROWS = [b"one", b"", b"three", b"\x00\xff", b"", b"five" * 1_000]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def write(folder: Path, rows: list[bytes], keep: int = 0) -> None:
    with RecordWriter(folder, keep) as records:
        for row in rows:
            records.append(row)
        records.finish()


def cut_off(folder: Path, rows: list[bytes], unflushed: list[bytes]) -> None:
    """A writer that ended before it finished."""
    with RecordWriter(folder) as records:
        for row in rows:
            records.append(row)
        records.flush()
        for row in unflushed:
            records.append(row)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """A disk on which no file has room for more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Records


@pytest.mark.parametrize("rows", [ROWS, [], [b""], [b"", b""], [b"x"]])
def test_records_survive_their_folder(rows: list[bytes], tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", rows)
    records = Records(tmp_path / "a" / "b")
    assert len(records) == len(rows)
    assert list(records) == [records[i] for i in range(len(rows))] == rows
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {"records.bin", "offsets.npy"}


def test_records_are_counted_while_they_are_written(tmp_path: Path) -> None:
    with RecordWriter(tmp_path) as records:
        assert len(records) == 0
        for count, row in enumerate(ROWS, start=1):
            records.append(row)
            assert len(records) == count


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=5), max_size=6), st.integers(-8, 8), st.slices(6))
def test_records_are_indexed_as_a_list_is(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes], number: int, part: slice
) -> None:
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        write(folder, rows)
    records = Records(folder)
    assert records[part] == rows[part]
    if -len(rows) <= number < len(rows):
        assert records[number] == rows[number]
    else:
        with pytest.raises(IndexError):
            records[number]


def test_a_folder_is_written_anew(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, [b"other"])
    assert list(Records(tmp_path)) == [b"other"]


@pytest.mark.parametrize("keep", range(len(ROWS) + 1))
@pytest.mark.parametrize("unflushed", [[], [b"lost", b"too" * 9_000]])
def test_going_on_drops_what_came_after(keep: int, unflushed: list[bytes], tmp_path: Path) -> None:
    cut_off(tmp_path / "cut", ROWS, unflushed)
    with RecordWriter(tmp_path / "cut", keep) as records:
        assert len(records) == keep
    write(tmp_path / "cut", [b"new", b"", b"newer"], keep)
    write(tmp_path / "whole", [*ROWS[:keep], b"new", b"", b"newer"])
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")


@pytest.mark.parametrize("keep", [1, len(ROWS)])
def test_going_on_after_a_writer_that_finished(keep: int, tmp_path: Path) -> None:
    """It finished, and was cut off before anyone took note."""
    write(tmp_path / "done", ROWS)
    write(tmp_path / "done", [b"new"], keep)
    write(tmp_path / "whole", [*ROWS[:keep], b"new"])
    assert tree(tmp_path / "done") == tree(tmp_path / "whole")


def test_going_on_from_more_records_than_there_are_is_refused(tmp_path: Path) -> None:
    cut_off(tmp_path, ROWS, [])
    before = tree(tmp_path)
    for keep in (len(ROWS) + 1, 1_000):
        with pytest.raises(StorageError, match="fewer records than were written"):
            RecordWriter(tmp_path, keep)
        assert tree(tmp_path) == before
    with pytest.raises(StorageError, match="fewer records than were written"):
        RecordWriter(tmp_path / "nothing", 1)


@pytest.mark.parametrize(("name", "lost"), [("records.bin", 1), ("records.bin", 4_000), ("sizes.part", 1)])
def test_going_on_from_a_damaged_folder_is_refused(name: str, lost: int, tmp_path: Path) -> None:
    cut_off(tmp_path, ROWS, [])
    os.truncate(tmp_path / name, (tmp_path / name).stat().st_size - lost)
    with pytest.raises(StorageError, match="fewer records than were written"):
        RecordWriter(tmp_path, len(ROWS))


def test_an_unfinished_folder_is_named(tmp_path: Path) -> None:
    cut_off(tmp_path, ROWS, [])
    with pytest.raises(CatalogError, match=r"offsets\.npy: cannot be read .*catalog build"):
        Records(tmp_path)


@pytest.mark.parametrize("name", ["records.bin", "offsets.npy"])
def test_a_missing_or_damaged_file_is_named(name: str, tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    content = (tmp_path / name).read_bytes()
    for damaged in (content[:-1], content[:20], b"", content + b"x" if name == "records.bin" else b"not an array"):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(CatalogError, match=rf"{name}: .*catalog build` again"):
            Records(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CatalogError, match=rf"{name}: cannot be read .*catalog build` again"):
        Records(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("")
    with pytest.raises(StorageError, match="records: cannot be written"):
        RecordWriter(tmp_path / "records")


@pytest.mark.parametrize("room", [0, 10, 5_000])
def test_a_full_disk_is_named(room: int, tmp_path: Path) -> None:
    with no_file_above(room), pytest.raises(StorageError, match="cannot be written"):
        write(tmp_path, ROWS * 100)


def test_a_disk_that_fails_late_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with RecordWriter(tmp_path) as records:
        records.append(b"row")
        with pytest.raises(StorageError, match="Input/output error"):
            records.flush()


# Arrays


def test_arrays_stay_on_disk_and_are_read_only(tmp_path: Path) -> None:
    for values in (np.arange(5, dtype=np.int32), np.array([], dtype=np.int64), np.array(["b", "äö"])):
        save_array(tmp_path / "a.npy", values)
        loaded = load_array(tmp_path / "a.npy", "iU")
        assert (loaded.dtype, loaded.tolist()) == (values.dtype, values.tolist())
        assert not loaded.flags.writeable or not loaded.size


@pytest.mark.parametrize("content", [None, b"", b"text", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_array_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(CatalogError, match=r"a\.npy: cannot be read .*catalog build"):
        load_array(tmp_path / "a.npy")


@pytest.mark.parametrize("values", [np.zeros((2, 2), dtype=np.int32), np.zeros(3), np.array(["a"]), np.int32(3)])
def test_an_array_of_another_kind_is_named(values: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(CatalogError, match=r"a\.npy: is not the array"):
        load_array(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header", [b"{" * 100, b"(" * 60, b"{'descr': '<i4', 'fortran_order': False, 'shape': (9e9,), }"]
)
def test_a_broken_header_is_named(header: bytes, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:10] + header + data[10 + len(header) :])
    with pytest.raises(CatalogError, match=r"a\.npy: cannot be read"):
        load_array(tmp_path / "a.npy")


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(CatalogError, match=r"a\.npy"):
        load_array(tmp_path / "a.npy")


# Keys

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=10)


@settings(max_examples=50)
@given(keys=st.lists(KEYS, unique=True, max_size=12), others=st.lists(KEYS, max_size=6))
def test_keys_are_found_where_they_were(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], others: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        SortedKeys.write(folder, keys)
    found = SortedKeys(folder)
    assert [found.find(key) for key in keys] == list(range(len(keys)))
    for other in (*others, *(key + "a" for key in keys), *(key[:-1] for key in keys), "a" * 20):
        assert found.find(other) == (keys.index(other) if other in keys else None)


def test_only_the_very_key_is_found(tmp_path: Path) -> None:
    SortedKeys.write(tmp_path, ["B2", "B10", "Bä", "№", "B", "?"])
    found = SortedKeys(tmp_path)
    assert [found.find(key) for key in ("B", "B10", "B2", "Bä", "№", "?")] == [4, 1, 0, 2, 3, 5]
    for other in ("", "b", "B1", "B100", "B2\x00", "Ba", "B?", "\ud800", "B\ud800", " B", "zzz", "ä"):
        assert found.find(other) is None


def test_no_keys_hold_nothing(tmp_path: Path) -> None:
    SortedKeys.write(tmp_path, [])
    assert SortedKeys(tmp_path).find("B1") is SortedKeys(tmp_path).find("") is None


def test_a_very_long_key_costs_no_memory(tmp_path: Path) -> None:
    SortedKeys.write(tmp_path, [f"B{i:04d}" for i in range(1_000)])
    found = SortedKeys(tmp_path)
    tracemalloc.start()
    assert found.find("B" * 100_000) is None
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 5_000_000


@pytest.mark.parametrize("name", ["keys.npy", "order.npy"])
def test_missing_or_damaged_keys_are_named(name: str, tmp_path: Path) -> None:
    SortedKeys.write(tmp_path, ["B1", "B2"])
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-1])
    with pytest.raises(CatalogError, match=rf"{name}: cannot be read"):
        SortedKeys(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CatalogError, match=rf"{name}: cannot be read"):
        SortedKeys(tmp_path)


# Mappings


@settings(max_examples=50)
@given(entries=st.lists(st.tuples(KEYS | st.sampled_from("abc"), JSON), max_size=8), longest=st.integers(0, 10))
def test_a_stored_mapping_is_the_dictionary_of_its_entries(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, Any]], longest: int
) -> None:
    folder = tmp_path_factory.mktemp("mapping")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        made = StoredMapping.copy(entries, folder, longest)
    expected = {key: value for key, value in entries if len(key) <= longest}
    for mapping in (made, StoredMapping(folder)):
        assert len(mapping) == len(expected)
        assert sorted(mapping) == sorted(expected, key=lambda key: key.encode())
        assert json.dumps({key: mapping[key] for key in expected}) == json.dumps(expected)


def test_a_mapping_without_a_key_says_so(tmp_path: Path) -> None:
    mapping = StoredMapping.copy([("B1", 1), ("B1long", 2), ("ä", None), ("B1", [3])], tmp_path, longest=2)
    assert dict(mapping) == {"B1": [3], "ä": None}
    for key in ("B", "B1long", "", "B2", "B1\x00", "\ud800"):
        assert key not in mapping
        assert mapping.get(key) is None
        with pytest.raises(KeyError):
            mapping[key]


def test_a_key_that_ends_in_nothing_is_no_other(tmp_path: Path) -> None:
    entries = [("B1", "right"), ("B1\x00", "wrong"), ("B2\x00", "wrong")]
    assert dict(StoredMapping.copy(entries, tmp_path, longest=10)) == {"B1": "right"}


def test_an_empty_mapping(tmp_path: Path) -> None:
    mapping = StoredMapping.copy([], tmp_path, longest=10)
    assert (len(mapping), list(mapping), mapping.get("B1")) == (0, [], None)


def test_long_keys_are_found_and_widen_no_others(tmp_path: Path) -> None:
    keys = [f"B{number}" for number in range(1_000)]
    SortedKeys.write(tmp_path / "plain", keys)
    long = [
        "x" * 40,
        "x" * 41,
        "ä" * 20,
        "ä" * 21,
        "🙂" * 500,
        "x" * 1_000,
        "x" * 1_000 + "y",
        "nul\0",
        "nul\0\0",
        "nul",
    ]
    SortedKeys.write(tmp_path / "long", [*keys, *long])
    for folder, there in (("plain", keys), ("long", [*keys, *long])):
        found = SortedKeys(tmp_path / folder)
        for key in (*keys, *long, "x" * 39, "x" * 42, "\udcff" + "0" * 39):
            assert found.find(key) == (there.index(key) if key in there else None)
    assert SortedKeys(tmp_path / "plain").keys.dtype == "S4"
    assert SortedKeys(tmp_path / "long").keys.dtype == "S40"
    texts = {SortedKeys.text(key) for key in SortedKeys(tmp_path / "long").keys.tolist()}
    assert texts == {*keys, "x" * 40, "ä" * 20, "nul", None}


def test_the_first_bytes_of_records_are_read_together(tmp_path: Path) -> None:
    with RecordWriter(tmp_path) as writer:
        for record in (b"abcdef", b"abXY", b"abc", b"ab"):
            writer.append(record)
        writer.finish()
    records = Records(tmp_path)
    assert records.starts(0, 3, 2, 2).tolist() == [b"cd", b"XY", b"ca"]  # the third is shorter
    assert records.starts(3, 9, 2, 2).tolist() == [b""]
