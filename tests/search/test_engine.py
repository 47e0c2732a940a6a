import pickle
from collections.abc import Sequence

import pytest

from shoprl.errors import CatalogError
from shoprl.search.engine import REMEMBERED, RESULTS, EngineSearch


class Engine:
    """Answers from a table, and remembers what it was asked."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table, self.asked = table, list[tuple[str, ...]]()

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        self.asked.append(tuple(queries))
        return [self.table.get(query, []) for query in queries]


def test_a_batch_is_asked_in_one_call_and_only_what_is_new() -> None:
    engine = Engine({"a": ["1", "2"], "b": ["3"]})
    search = EngineSearch(engine, {"1", "2", "3"})
    assert search.find("a") == ("1", "2")
    assert search.find_many(["b", "a", "b", "c"]) == [("3",), ("1", "2"), ("3",), ()]
    assert search.find_many(["c", "b"]) == [(), ("3",)]
    assert search.find_many([]) == []
    assert engine.asked == [("a",), ("b", "c")]


def test_what_the_shop_does_not_sell_is_left_out_before_the_cut() -> None:
    known = [str(number) for number in range(80)]
    found = ["gone", "0", "0", *known[:60], "also gone"]
    assert EngineSearch(Engine({"a": found}), frozenset(known)).find("a") == tuple(known[:RESULTS])


def test_more_than_a_page_shows_can_be_asked_for() -> None:
    known = [str(number) for number in range(80)]
    search = EngineSearch(Engine({"a": ["gone", *known]}), frozenset(known))
    assert search.find_more("a", 70) == tuple(known[:70])
    assert search.find_more("a", 200) == tuple(known)
    assert search.find("a") == tuple(known[:RESULTS])


def test_the_cache_is_bounded_and_forgets_what_was_asked_longest_ago() -> None:
    engine = Engine({})
    search = EngineSearch(engine, ())
    search.find_many([str(number) for number in range(REMEMBERED)])
    search.find_many(["0", "new"])
    assert [search.find(query) for query in ("0", "2", "1")] == [(), (), ()]
    assert engine.asked[1:] == [("new",), ("1",)]


def test_an_engine_that_answers_too_little_is_named() -> None:
    class Short(Engine):
        def find_many(self, queries: Sequence[str]) -> list[list[str]]:
            return []

    with pytest.raises(CatalogError, match="answered 0 of 1 queries"):
        EngineSearch(Short({}), ()).find("a")


def test_another_process_gets_the_engine_and_a_cache_of_its_own() -> None:
    search = EngineSearch(Engine({"a": ["1"]}), {"1"})
    search.find("a")
    copy = pickle.loads(pickle.dumps(search))
    assert copy.find("a") == ("1",)
    assert copy._engine.asked == [("a",), ("a",)]
