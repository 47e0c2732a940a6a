from pathlib import Path

import numpy as np
import pytest

from shoprl.bench.update import KINDS, bench_update, drawn_rows
from shoprl.catalog.catalog import Catalog
from shoprl.errors import ConfigError
from shoprl.search import indexed_text
from shoprl.shop.store import build_store
from tests.support.stores import tree
from tests.support.toyshop import PRODUCTS, write_toy_folder


def test_rows_are_of_all_kinds() -> None:
    catalog = Catalog(PRODUCTS)
    given, removed = drawn_rows(catalog, 8, np.random.default_rng(0), "N")
    assert len(given) + len(removed) == 8
    assert [product.asin in catalog for product in given] == [False] * 2 + [True] * 4
    same = [indexed_text(product) == indexed_text(catalog[product.asin]) for product in given[2:]]
    assert same == [False] * 2 + [True] * 2
    assert all(product != catalog[product.asin] for product in given[2:])
    assert len({*removed, *(product.asin for product in given)}) == 8


def test_a_store_is_measured_and_stays_as_it_was(tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "data")
    store = build_store(tmp_path / "data")
    before = tree(tmp_path)
    figures = bench_update(tmp_path / "data", KINDS, 0)
    assert (figures.products, figures.rows) == (12, KINDS)
    assert min(value for name, value in figures.to_json().items() if name != "changes_mb") > 0
    assert tree(tmp_path) == before
    with pytest.raises(ConfigError, match="at most half of the 12 products"):
        bench_update(store, 7, 0)
    with pytest.raises(ConfigError, match="holds no store"):
        bench_update(tmp_path, 7, 0)
