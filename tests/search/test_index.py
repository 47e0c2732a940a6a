import pickle
import random
import time
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import CatalogError, ConfigError
from shoprl.search import Hit, SearchIndex, indexed_text
from shoprl.search.index import MAX_QUERY_TERMS
from tests.support.products import WORDS, product, random_products


def test_the_text_holds_title_description_first_bullet_and_options() -> None:
    shirt = product(
        "B1",
        "Linen Shirt",
        description="Light & airy.",
        bullets=("Machine wash", "Imported"),
        options={"size": ("s", "x | l"), "color": ("Blue",)},
    )
    assert indexed_text(shirt) == "linen shirt light & airy. machine wash size: s, x | l, and color: blue"
    assert indexed_text(product("B2", "Bare")) == "bare   "


def test_scores_equal_those_worked_out_by_hand() -> None:
    index = SearchIndex.build([product("C", "blue hat"), product("B", "red red boot"), product("A", "red shoe")])
    # N = 3, lengths 2, 3 and 2, average 7/3. "red" is in two documents, idf = ln(1 + 1.5 / 2.5) = 0.470004.
    # B: factor 1 / (0.9 (0.6 + 0.4 x 3 / 2.333333)) = 0.997151, 0.470004 (1 - 1 / (1 + 2 x 0.997151)) = 0.313038
    # A: factor 1 / (0.9 (0.6 + 0.4 x 2 / 2.333333)) = 1.178451, 0.470004 (1 - 1 / (1 + 1.178451)) = 0.254252
    assert [hit.asin for hit in index.search("red")] == ["B", "A"]
    assert [hit.score for hit in index.search("red")] == pytest.approx([0.313038, 0.254252], abs=2e-6)
    # "shoe" is in A alone: idf = ln(1 + 2.5 / 1.5) = 0.980829, times 1 - 1 / 2.178451 makes 0.530588.
    assert index.search("red shoes")[0] == Hit("A", pytest.approx(0.254252 + 0.530588, abs=4e-6))
    assert index.token_count == 7
    assert len(index) == 3


def test_a_term_asked_for_twice_counts_twice() -> None:
    index = SearchIndex.build(random_products(50))
    once = {hit.asin: hit.score for hit in index.search("wool")}
    twice = {hit.asin: hit.score for hit in index.search("wool wool")}
    assert twice == {asin: pytest.approx(2 * score) for asin, score in once.items()}


def test_equal_scores_come_in_the_order_of_the_asins() -> None:
    products = [product(asin, "red shoe") for asin in ("B3", "B1", "a0", "B2")]
    index = SearchIndex.build(products)
    assert [hit.asin for hit in index.search("red")] == ["B1", "B2", "B3", "a0"]
    assert [hit.asin for hit in index.search("red", k=2)] == ["B1", "B2"]


def test_the_first_k_are_those_of_a_full_ranking() -> None:
    index = SearchIndex.build(random_products(300))
    for query in ("red shoe", "soft warm wool hat", "★"):
        ranking = index.search(query, k=1000)
        assert ranking == sorted(ranking, key=lambda hit: (-hit.score, hit.asin))
        for k in (1, 7, 50, len(ranking)):
            assert index.search(query, k=k) == ranking[:k]


def test_only_products_with_a_term_are_hits() -> None:
    index = SearchIndex.build([product("A", "red shoe"), product("B", "blue hat"), product("C", "...")])
    assert [hit.asin for hit in index.search("shoe")] == ["A"]
    assert index.search("umbrella") == []


@pytest.mark.parametrize("query", ["", "   ", "the of and is", "?! -- ...", "¼ ❶"])
def test_a_query_without_terms_finds_nothing(query: str) -> None:
    assert SearchIndex.build(random_products(5)).search(query) == []


def test_products_without_text_are_searchable_for_nothing(tmp_path: Path) -> None:
    index = SearchIndex.build([product("A", ""), product("B", "the")])
    index.save(tmp_path)
    assert SearchIndex.load(tmp_path).search("the red shoe") == []


def test_symbols_are_found() -> None:
    index = SearchIndex.build([product("A", "★ soft"), product("B", "soft ❤️"), product("C", "soft ◆")])
    assert [hit.asin for hit in index.search("★")] == ["A"]
    assert [hit.asin for hit in index.search("❤️")] == ["B"]
    assert index.search("◆") == []


def test_the_order_of_the_products_makes_no_difference(tmp_path: Path) -> None:
    products = random_products(40)
    SearchIndex.build(products).save(tmp_path / "one")
    SearchIndex.build(products[::-1]).save(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_saved_index_is_equal_and_stays_on_disk(tmp_path: Path) -> None:
    index = SearchIndex.build(random_products(100))
    index.save(tmp_path / "index")
    loaded = SearchIndex.load(tmp_path / "index")
    assert (len(loaded), loaded.token_count) == (len(index), index.token_count)
    for query in ("red", "red red wool", "soft warm light hat 10", ""):
        assert loaded.search(query) == index.search(query)
        assert loaded.search(query) == loaded.search(query)
    assert not loaded._arrays.impacts.flags.writeable
    assert isinstance(loaded._arrays.impacts.base, np.memmap)


def test_an_index_can_be_sent_to_another_process() -> None:
    index = SearchIndex.build(random_products(10))
    assert pickle.loads(pickle.dumps(index)).search("red hat") == index.search("red hat")


def test_terms_beyond_the_bound_are_not_looked_at() -> None:
    index = SearchIndex.build([product("A", "red shoe"), product("B", "blue hat")])
    start = time.process_time()
    hits = index.search("red " * MAX_QUERY_TERMS + "blue " * 1_000_000)
    assert time.process_time() - start < 1
    assert [hit.asin for hit in hits] == ["A"]


def test_a_k_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="1 or more"):
        SearchIndex.build(random_products(3)).search("red", k=0)


def test_no_products_are_refused() -> None:
    with pytest.raises(CatalogError, match="at least one"):
        SearchIndex.build([])


def test_the_best_of_many_postings_are_those_of_all_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    index = SearchIndex.build(random_products(400))
    queries = [" ".join(draw.choices(WORDS, weights=range(1, 15), k=draw.randint(1, 12))) for _ in range(150)]
    for k in (1, 5, 50, 1000):
        plain = [index.search(query, k) for query in queries]
        monkeypatch.setattr("shoprl.search.segment._MANY_POSTINGS", -1)
        assert [index.search(query, k) for query in queries] == plain
        monkeypatch.undo()
