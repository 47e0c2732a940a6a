"""The nearest of many vectors: exact by one matrix product, or approximate through usearch where there are many."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.records import load_array
from shoprl.errors import CatalogError, ConfigError, StorageError
from shoprl.progress import bar
from shoprl.search.encoder import Vectors

EXACT = 100_000  # vectors; more are searched approximately
CONNECTIVITY, EXPANSION = 32, 128  # of usearch's graph: edges of a vector, and candidates while it is built
SEARCHED = 256  # candidates of a search
BATCH = 16  # queries in one matrix product
ADDED = 10_000  # vectors added to a graph between two steps of the progress bar


class Neighbours(Protocol):
    """Finds the vectors that are nearest to others."""

    def __len__(self) -> int:
        """How many there are."""

    def nearest(self, wanted: Vectors, k: int) -> Sequence[NDArray[np.integer]]:
        """The numbers of the ``k`` vectors of greatest product with each of ``wanted``, greatest first."""


class Exact:
    """By one matrix product over all vectors.

    Args:
        vectors: shape ``(vectors, width)``.
        opened: what gives them, and its arguments, so that another process opens them itself.
    """

    def __init__(self, vectors: Vectors, opened: tuple[Any, ...] | None = None) -> None:
        self._vectors, self._opened = vectors, opened

    def __len__(self) -> int:
        return len(self._vectors)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._opened or (Exact, (self._vectors,))

    @classmethod
    def of_file(cls, path: Path, width: int) -> "Exact":
        """Those of a file of one dimension, which is mapped.

        Raises:
            CatalogError: it is missing or damaged.
        """
        try:
            vectors = load_array(path, "f").reshape(-1, width)
        except ValueError as error:
            raise CatalogError(f"{path}: holds no vectors of {width} numbers.") from error
        return cls(vectors, (cls.of_file, (path, width)))

    def nearest(self, wanted: Vectors, k: int) -> Sequence[NDArray[np.integer]]:
        """See :class:`Neighbours`; equal products in ascending order of the vectors' numbers."""
        found: list[NDArray[np.integer]] = []
        for start in range(0, len(wanted), BATCH):
            found += [_greatest(row, k) for row in wanted[start : start + BATCH] @ self._vectors.T]
        return found


def _greatest(values: Vectors, k: int) -> NDArray[np.integer]:
    """The numbers of the ``k`` greatest values, greatest first, equal ones in ascending order."""
    numbers = np.arange(len(values))
    if len(values) > k:
        least = np.partition(values, len(values) - k)[len(values) - k]
        numbers = np.flatnonzero(values >= least)
    order = np.argsort(-values[numbers], kind="stable")[:k]
    best: NDArray[np.integer] = numbers[order]
    return best


class Approximate:
    """Through a graph on disk (HNSW: Malkov & Yashunin, arXiv 1603.09320) that is mapped, not read.

    Args:
        path: what :func:`write_graph` wrote.
        width: of a vector.

    Raises:
        ConfigError: usearch is not installed.
        CatalogError: the file is damaged or missing.
    """

    def __init__(self, path: Path, width: int) -> None:
        self._opened = path, width
        try:
            self._graph = _graph(width)
            self._graph.view(str(path))
        except (RuntimeError, ValueError, OSError) as error:
            raise CatalogError(f"{path}: cannot be opened ({str(error)[:200]}).") from error

    def __len__(self) -> int:
        return len(self._graph)

    def __reduce__(self) -> tuple[type["Approximate"], tuple[Path, int]]:
        return Approximate, self._opened

    def nearest(self, wanted: Vectors, k: int) -> Sequence[NDArray[np.integer]]:
        """See :class:`Neighbours`; nearly all of them, the same ones each time."""
        return [np.asarray(self._graph.search(row, k, threads=1).keys, dtype=np.int64) for row in wanted]


def write_graph(path: Path, vectors: NDArray[np.floating[Any]]) -> None:
    """Write the graph that :class:`Approximate` searches, on one thread, so that equal vectors give an equal file.

    Raises:
        ConfigError: usearch is not installed.
        StorageError: the file cannot be written.
    """
    graph = _graph(vectors.shape[1])
    with bar(len(vectors), "linking neighbours", "vector") as progress:
        for start in range(0, len(vectors), ADDED):
            part = np.asarray(vectors[start : start + ADDED], dtype=np.float16)
            graph.add(np.arange(start, start + len(part)), part, threads=1)
            progress.update(len(part))
    try:
        graph.save(str(path))
    except (RuntimeError, OSError) as error:
        raise StorageError(f"{path}: cannot be written ({str(error)[:200]}). Free some space.") from error


def check_approximate() -> None:
    """Find out before any work whether neighbours can be searched approximately.

    Raises:
        ConfigError: usearch is not installed.
    """
    _graph(1)


def _graph(width: int) -> Any:
    try:
        from usearch.index import Index
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"More than {EXACT:,} vectors are searched with usearch, which is not installed. "
            "Run `pip install 'shoprl[vectors]'`."
        ) from error
    kind: dict[str, Any] = {"ndim": width, "metric": "ip", "dtype": "f16"}
    return Index(**kind, connectivity=CONNECTIVITY, expansion_add=EXPANSION, expansion_search=SEARCHED)
