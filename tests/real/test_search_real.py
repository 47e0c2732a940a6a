"""Search on WebShop's 1,000 products against what its own Lucene index returned."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog.webshop import read_catalog
from shoprl.errors import CatalogError
from shoprl.files import read_json_lines
from shoprl.search import SearchIndex
from tests.realdata import real_data


@cache
def index_of(folder: Path) -> SearchIndex:
    return SearchIndex.build(list(read_catalog(folder)))


def recordings(folder: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_json_lines(folder / "golden" / "search.jsonl.gz", CatalogError)]


def test_the_products_make_as_many_tokens_as_in_lucene() -> None:
    index = index_of(real_data())
    assert (len(index), index.token_count) == (1000, 107_608)


@pytest.mark.parametrize("reopened", [False, True])
def test_every_recorded_query_gives_the_same_products_in_the_same_order(reopened: bool, tmp_path: Path) -> None:
    folder = real_data()
    index = index_of(folder)
    if reopened:
        index.save(tmp_path)
        index = SearchIndex.load(tmp_path)
    rows = recordings(folder)
    assert len(rows) == 390
    for row in rows:
        hits = index.search(row["query"])
        assert [hit.asin for hit in hits] == [asin for asin, _ in row["hits"]], row["query"]
        assert [hit.score for hit in hits] == pytest.approx([score for _, score in row["hits"]], abs=1e-4)
