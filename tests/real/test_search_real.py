"""Search on WebShop's 1,000 products against what its own Lucene index returned."""

from functools import cache
from pathlib import Path

from shoprl.catalog.webshop import read_catalog
from shoprl.compat.parity import Part, compare_queries
from shoprl.compat.recordings import read_queries
from shoprl.search import SearchIndex
from tests.support.realdata import real_data


@cache
def index_of(folder: Path) -> SearchIndex:
    return SearchIndex.build(list(read_catalog(folder)))


def test_the_products_make_as_many_tokens_as_in_lucene() -> None:
    index = index_of(real_data())
    assert (len(index), index.token_count) == (1000, 107_608)


def test_every_recorded_query_gives_the_same_products_in_a_reopened_index(tmp_path: Path) -> None:
    queries = read_queries(real_data() / "golden" / "search.jsonl.gz")
    index_of(real_data()).save(tmp_path)
    assert compare_queries(queries, SearchIndex.load(tmp_path)) == Part(390, 390, ())
