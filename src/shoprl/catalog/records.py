"""Many small records on disk: written one after the other, read in any order without being loaded."""

import hashlib
import itertools
import json
import mmap
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import CatalogError, StorageError
from shoprl.files import write_atomic, write_bytes

REMEDY = "Run `shoprl catalog build` again."

T = TypeVar("T")

_AT_ONCE = 10_000  # records whose sizes are looked up together
_DATA, _SIZES, _OFFSETS = "records.bin", "sizes.part", "offsets.npy"


def save_array(path: Path, values: NDArray[Any]) -> None:
    """Write an array as ``.npy``, atomically."""
    write_atomic(path, partial(np.save, arr=values, allow_pickle=False))


def load_array(path: Path, kinds: str = "i") -> NDArray[Any]:
    """An array of one dimension that stays on disk; read-only.

    Args:
        path: what :func:`save_array` wrote.
        kinds: of the elements, any of NumPy's letters; whole numbers when left out.

    Raises:
        CatalogError: the file is missing, damaged or of another kind.
    """
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as cause:  # NumPy evaluates the header's text, which may end in any exception
        raise CatalogError(f"{path}: cannot be read ({str(cause)[:200]}). {REMEDY}") from cause
    if array.dtype.kind not in kinds or array.ndim != 1:
        raise CatalogError(f"{path}: is not the array that was written. {REMEDY}")
    return array


def decoded(record: bytes, read: Callable[[Any], T], what: str) -> T:
    """What a record in JSON stands for.

    Args:
        record: UTF-8 text.
        read: makes it of the JSON document.
        what: the record's name, for the message.

    Raises:
        CatalogError: the record is damaged.
    """
    try:
        return read(json.loads(record))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as cause:
        raise CatalogError(f"{what}: its record is damaged. {REMEDY}") from cause


class RecordWriter:
    """Writes records to a folder; a context manager. They can be read once :meth:`finish` was called.

    Args:
        folder: made where it is missing.
        keep: how many records of an earlier writer to keep and append to.

    Raises:
        StorageError: the folder cannot be written, or holds fewer records.
    """

    def __init__(self, folder: Path, keep: int = 0) -> None:
        self.folder = folder
        sizes, offsets = folder / _SIZES, folder / _OFFSETS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if keep and offsets.is_file() and not sizes.is_file():  # the earlier writer finished
                write_bytes(sizes, np.diff(load_array(offsets)).astype(np.int32).tobytes())
            self._sizes, self._data = sizes.open("ab+"), (folder / _DATA).open("ab+")
            self._sizes.seek(0)
            kept = self._sizes.read(4 * keep)
            self.sizes = array("i", kept[: len(kept) // 4 * 4])
            whole = len(self.sizes) == keep and sum(self.sizes) <= self._data.seek(0, os.SEEK_END)
            if whole:
                self._sizes.truncate(4 * keep)
                self._data.truncate(sum(self.sizes))
        except OSError as cause:
            raise self._full(cause) from cause
        if not whole:
            self.__exit__(None)
            raise StorageError(f"{folder}: holds fewer records than were written. Remove it and build again.")

    def _full(self, cause: OSError) -> StorageError:
        return StorageError(f"{self.folder}: cannot be written ({cause.strerror}). Free some space and try again.")

    def __len__(self) -> int:
        return len(self.sizes)

    def append(self, record: bytes) -> None:
        """Add a record."""
        try:
            self._data.write(record)
        except OSError as cause:
            raise self._full(cause) from cause
        self.sizes.append(len(record))

    def flush(self) -> None:
        """Make sure that all records so far are on disk."""
        try:
            written = self._sizes.seek(0, os.SEEK_END) // 4
            self._sizes.write(self.sizes[written:].tobytes())
            for stream in (self._sizes, self._data):
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as cause:
            raise self._full(cause) from cause

    def finish(self) -> None:
        """Make the records readable."""
        self.flush()
        offsets = np.zeros(len(self.sizes) + 1, dtype=np.int64)
        np.cumsum(self.sizes, out=offsets[1:])
        save_array(self.folder / _OFFSETS, offsets)
        (self.folder / _SIZES).unlink()

    def __enter__(self) -> "RecordWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for stream in (self._data, self._sizes):
            try:
                stream.close()
            except OSError as cause:
                if kind is None:
                    raise self._full(cause) from cause


class Records(Sequence[bytes]):
    """The records of a folder, which stay on disk; shared by all processes that open them.

    Raises:
        CatalogError: the folder holds no finished records, or damaged ones.
    """

    def __init__(self, folder: Path) -> None:
        self._offsets: NDArray[np.int64] = load_array(folder / _OFFSETS)
        path = folder / _DATA
        try:
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                self._data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except OSError as cause:
            raise CatalogError(f"{path}: cannot be read ({cause}). {REMEDY}") from cause
        if not len(self._offsets) or self._offsets[-1] != size:
            raise CatalogError(f"{path}: is not as long as it was written. {REMEDY}")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __iter__(self) -> Iterator[bytes]:
        """Yield all in order; what was passed is given back to the system, so that memory does not fill with it."""
        done = 0
        for first in range(0, len(self), _AT_ONCE):
            ends = self._offsets[first : first + _AT_ONCE + 1].tolist()
            for start, end in itertools.pairwise(ends):
                yield self._data[start:end]
            passed = ends[-1] // mmap.PAGESIZE * mmap.PAGESIZE
            if passed > done and isinstance(self._data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                self._data.madvise(mmap.MADV_DONTNEED, done, passed - done)
                done = passed

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        place = range(len(self))[number]
        return self._data[self._offsets[place] : self._offsets[place + 1]]

    def starts(self, first: int, last: int, skip: int, width: int) -> NDArray[np.bytes_]:
        """``width`` bytes of each of some records, after the first ``skip``; fewer where the data ends."""
        data = np.frombuffer(self._data, dtype=np.uint8)
        places = self._offsets[first : min(last, len(self)), None] + skip + np.arange(width)
        letters = data[np.minimum(places, len(data) - 1)]
        letters[places >= len(data)] = 0
        texts: NDArray[np.bytes_] = letters.view(f"S{width}")[:, 0]
        return texts


LONGEST_KEY = 40  # bytes; of a longer key its digest is stored, as all keys are as wide as the longest
_DIGEST = b"\xff"  # with which no text in UTF-8 starts


def _as_stored(key: str) -> bytes:
    """A key in the bytes that it is stored and looked up as."""
    encoded = key.encode(errors="surrogatepass")  # which no stored key is
    if len(encoded) <= LONGEST_KEY and "\0" not in key:
        return encoded
    return _DIGEST + hashlib.sha256(encoded).hexdigest()[: LONGEST_KEY - 1].encode()


class SortedKeys:
    """Finds the number of a text among many that stay on disk.

    Raises:
        CatalogError: the folder holds none, or damaged ones.
    """

    def __init__(self, folder: Path) -> None:
        self.keys = load_array(folder / "keys.npy", "S")
        self.order: NDArray[np.int32] = load_array(folder / "order.npy")

    @staticmethod
    def write(folder: Path, keys: Sequence[str]) -> None:
        """Store distinct texts; :meth:`find` gives their place in ``keys``."""
        encoded = np.array([_as_stored(key) for key in keys], dtype=bytes)
        order = np.argsort(encoded, kind="stable").astype(np.int32)
        save_array(folder / "order.npy", order)
        save_array(folder / "keys.npy", encoded[order])

    @staticmethod
    def text(stored: bytes) -> str | None:
        """The text of one of :attr:`keys`, or None of one of which only the digest is stored."""
        return None if stored.startswith(_DIGEST) else stored.decode()

    def find(self, key: str) -> int | None:
        """The place of ``key`` among the keys written, or None."""
        wanted = _as_stored(key)
        if not len(self.keys) or len(wanted) > self.keys.itemsize:  # NumPy would widen all keys to the longest
            return None
        place = int(np.searchsorted(self.keys, wanted))
        return int(self.order[place]) if place < len(self.keys) and self.keys[place] == wanted else None


class StoredMapping(Mapping[str, Any]):
    """A JSON object from short texts to values that stays on disk.

    Raises:
        CatalogError: the folder holds none, or a damaged one.
    """

    def __init__(self, folder: Path) -> None:
        self._keys, self._records = SortedKeys(folder), Records(folder)

    @classmethod
    def copy(cls, entries: Iterable[tuple[str, Any]], folder: Path, longest: int) -> "StoredMapping":
        """Write entries to ``folder``; keys of more than ``longest`` characters, or with a NUL, are left out."""
        number_of: dict[str, int] = {}
        with RecordWriter(folder) as records:
            for key, value in entries:
                if len(key) <= longest and "\0" not in key:  # NumPy takes no NUL at an end
                    number_of[key] = len(records)  # the last entry of a key counts, as in a dictionary
                    records.append(json.dumps(value).encode())
            records.finish()
        numbers = np.fromiter(number_of.values(), dtype=np.int32, count=len(number_of))
        SortedKeys.write(folder, list(number_of))
        save_array(folder / "order.npy", numbers[load_array(folder / "order.npy")])
        return cls(folder)

    def __getitem__(self, key: str) -> Any:
        number = self._keys.find(key)
        if number is None:
            raise KeyError(key)
        return decoded(self._records[number], lambda value: value, f"the entry of {key!r}")

    def __len__(self) -> int:
        return len(self._keys.keys)

    def __iter__(self) -> Iterator[str]:
        return (key.decode() for key in self._keys.keys.tolist())
