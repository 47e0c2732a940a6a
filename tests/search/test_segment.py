import pytest

from shoprl.search import Hit, indexed_text
from shoprl.search.merging import count_terms, merge
from shoprl.search.segment import Segment
from tests.support.products import product, random_products


@pytest.mark.parametrize("postings", [100_000, -1])
def test_the_best_come_first_and_equal_ones_by_asin(monkeypatch: pytest.MonkeyPatch, postings: int) -> None:
    monkeypatch.setattr("shoprl.search.segment._MANY_POSTINGS", postings)
    products = [
        product("C", "blue hat"),
        product("B", "red red boot"),
        product("A", "red shoe"),
        product("D", "red shoe"),
    ]
    segment = Segment(merge([count_terms([each.asin for each in products], map(indexed_text, products))])[0])
    assert len(segment) == 4
    assert [hit.asin for hit in segment.best({"red": 1}, 50)] == ["B", "A", "D"]
    assert [hit.asin for hit in segment.best({"red": 1, "blue": 3}, 2)] == ["C", "B"]
    assert segment.best({"green": 1}, 50) == segment.best({}, 50) == []
    first, *_ = segment.best({"red": 1}, 1)
    assert isinstance(first, Hit)
    assert segment.best({"red": 1}, 1) == segment.best({"red": 1}, 50)[:1]


def test_terms_are_remembered_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.search.segment._REMEMBERED_TERMS", 2)
    products = random_products(20)
    segment = Segment(merge([count_terms([each.asin for each in products], map(indexed_text, products))])[0])
    for query in ({"red": 1, "blue": 1}, {"wool": 1, "hat": 2, "nothing": 1}) * 2:
        assert segment.best(query, 5)
        assert len(segment._places) <= 2
