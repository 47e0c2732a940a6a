import random
from functools import partial
from pathlib import Path

import pytest

from shoprl.search import SearchIndex, indexed_text
from shoprl.search.arrays import on_disk, save_arrays
from shoprl.search.merging import count_terms, merge
from tests.support.products import random_products


def test_shards_in_any_order_make_the_same_index(tmp_path: Path) -> None:
    products = random_products(60)
    shuffled = random.Random(1).sample(products, 60)
    shards = [
        count_terms([p.asin for p in part], map(indexed_text, part))
        for part in (shuffled[:17], shuffled[17:20], shuffled[20:])
    ]
    folder = tmp_path / "merged"
    arrays, tokens = merge(shards, partial(on_disk, folder))
    save_arrays(folder, arrays, tokens)
    SearchIndex.build(products).save(tmp_path / "whole")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_blocks_of_terms_cover_each_term_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    products = random_products(60)
    SearchIndex.build(products).save(tmp_path / "whole")
    monkeypatch.setattr("shoprl.search.merging.BLOCK", 5)
    SearchIndex.build(products).save(tmp_path / "blocks")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "blocks" / path.name).read_bytes()
