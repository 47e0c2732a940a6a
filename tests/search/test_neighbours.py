import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from shoprl.catalog.records import save_array
from shoprl.errors import CatalogError, ConfigError
from shoprl.search.neighbours import Approximate, Exact, check_approximate, write_graph

WIDTH = 24


def vectors(count: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_exact_neighbours_are_those_of_a_sort(tmp_path: Path) -> None:
    stored, wanted = vectors(90), vectors(20, 1)
    stored[7] = stored[3]  # equal ones come in ascending order
    save_array(tmp_path / "v.npy", stored.reshape(-1))
    exact = Exact.of_file(tmp_path / "v.npy", WIDTH)
    for search in (exact, pickle.loads(pickle.dumps(exact)), Exact(stored)):
        assert len(search) == 90
        for row, found in zip(wanted, search.nearest(wanted, 5), strict=True):
            products = stored @ row
            assert found.tolist() == sorted(range(90), key=lambda n: (-products[n], n))[:5]
    assert len(exact.nearest(wanted[:1], 1000)[0]) == 90
    assert len(pickle.dumps(exact)) < 1000


def test_vectors_of_another_width_are_named(tmp_path: Path) -> None:
    save_array(tmp_path / "v.npy", np.zeros(5, dtype=np.float32))
    with pytest.raises(CatalogError, match="no vectors of 2 numbers"):
        Exact.of_file(tmp_path / "v.npy", 2)


def test_approximate_neighbours_are_nearly_the_exact_ones(tmp_path: Path) -> None:
    pytest.importorskip("usearch", reason="needs the extra vectors")
    stored, wanted = vectors(2_000), vectors(20, 1)
    write_graph(tmp_path / "graph", stored)
    graph = Approximate(tmp_path / "graph", WIDTH)
    assert len(graph) == 2_000
    found = graph.nearest(wanted, 50)
    pairs = zip(found, Exact(stored).nearest(wanted, 50), strict=True)
    assert np.mean([len(set(a.tolist()) & set(b.tolist())) / 50 for a, b in pairs]) > 0.98
    again = pickle.loads(pickle.dumps(graph)).nearest(wanted, 50)
    assert [a.tolist() for a in again] == [a.tolist() for a in found]


def test_equal_vectors_give_an_equal_graph(tmp_path: Path) -> None:
    pytest.importorskip("usearch", reason="needs the extra vectors")
    for name in ("a", "b"):
        write_graph(tmp_path / name, vectors(500))
    found = [Approximate(tmp_path / name, WIDTH).nearest(vectors(5, 1), 20) for name in ("a", "b")]
    assert [a.tolist() for a in found[0]] == [a.tolist() for a in found[1]]


def test_a_damaged_graph_is_named(tmp_path: Path) -> None:
    pytest.importorskip("usearch", reason="needs the extra vectors")
    (tmp_path / "graph").write_bytes(b"no graph")
    for path in (tmp_path / "graph", tmp_path / "missing"):
        with pytest.raises(CatalogError, match="cannot be opened"):
            Approximate(path, WIDTH)


def test_without_usearch_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ConfigError, match=r"pip install 'shoprl\[vectors\]'"):
        check_approximate()
