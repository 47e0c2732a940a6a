from pathlib import Path

import pytest

from shoprl.catalog.product import Product
from shoprl.search import SearchIndex
from shoprl.search.encoder import encoded_text
from shoprl.search.engine import RESULTS
from shoprl.search.fields import build_field_index, mean_lengths
from shoprl.search.hybrid import CONSTANT, MEANING, HybridSearch, TermSearch, VectorSearch
from shoprl.search.neighbours import Exact
from tests.support.encoders import WordEncoder
from tests.support.products import product, random_products

PRODUCTS = [*random_products(30), product("NOTE", "notebook"), product("BAG", "laptop bag"), product("CAR", "car")]
ENCODER = WordEncoder({"laptop": "notebook"})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    folder: Path = tmp_path_factory.mktemp("hybrid")
    build_field_index(PRODUCTS, mean_lengths(PRODUCTS), folder / "index", folder / "shards")
    return SearchIndex.load(folder / "index")


@pytest.fixture(scope="module")
def neighbours(index: SearchIndex) -> Exact:
    by_asin: dict[str, Product] = {product.asin: product for product in PRODUCTS}
    return Exact(ENCODER.encode([encoded_text(by_asin[asin]) for asin in index.asins_of()]))


def test_what_has_no_word_of_the_query_is_found_by_meaning(index: SearchIndex, neighbours: Exact) -> None:
    assert TermSearch(index).find_many(["laptop"]) == [["BAG"]]
    assert VectorSearch(index, neighbours, ENCODER).find_many(["laptop"])[0][0] == "NOTE"
    (found,) = HybridSearch(index, neighbours, ENCODER).find_many(["laptop"])
    assert set(found[:2]) == {"NOTE", "BAG"}


def test_lists_are_fused_by_weighted_reciprocal_rank(index: SearchIndex, neighbours: Exact) -> None:
    query = "red wool hat"
    scores: dict[str, float] = {}
    lists = (1 - MEANING, index.best(query, 200)), (MEANING, neighbours.nearest(ENCODER.encode([query]), 200)[0])
    for weight, numbers in lists:
        for rank, asin in enumerate(index.asins_of(numbers), 1):
            scores[asin] = scores.get(asin, 0) + weight / (CONSTANT + rank)
    wanted = sorted(scores, key=lambda asin: (-scores[asin], asin))
    assert HybridSearch(index, neighbours, ENCODER).find_many([query]) == [wanted]


def test_a_batch_finds_what_its_queries_find_and_encodes_once(index: SearchIndex, neighbours: Exact) -> None:
    encoder = WordEncoder(ENCODER.synonyms)
    search = HybridSearch(index, neighbours, encoder)
    queries = ["red", "laptop", "  ", "wool scarf"]
    together = search.find_many(queries)
    assert len(encoder.encoded) == 1
    assert together == [search.find_many([query])[0] for query in queries]
    assert together[2] == []
    assert len(VectorSearch(index, neighbours, encoder).find_many(["red"])[0]) <= RESULTS


def test_products_without_a_vector_are_found_by_their_rank_in_bm25(index: SearchIndex, neighbours: Exact) -> None:
    newer = SearchIndex.build([*PRODUCTS, product("NEW1", "laptop"), product("NEW2", "zeppelin")])
    search = HybridSearch(index, neighbours, ENCODER, (newer, frozenset({"NEW1", "NEW2"})))
    laptops, zeppelins = search.find_many(["laptop", "zeppelin"])
    assert set(laptops[:3]) == {"NEW1", "NOTE", "BAG"}
    assert zeppelins[0] == "NEW2"
    assert "NEW1" not in zeppelins
    assert len(zeppelins) == len(set(zeppelins)) == len(PRODUCTS) + 1


def test_the_nearest_are_products_of_the_index(index: SearchIndex, neighbours: Exact) -> None:
    assert len(index) == len(neighbours) == len(PRODUCTS)
    assert index.asins_of() == sorted(index.asins_of())
