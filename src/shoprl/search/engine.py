"""The seam for a search engine: what one has to do, and the shop's search over it."""

from collections import OrderedDict
from collections.abc import Container, Sequence
from typing import Protocol

from shoprl.errors import CatalogError

REMEMBERED = 4_000  # queries
RESULTS = 50  # of a search; WebShop's


class SearchEngine(Protocol):
    """A search engine, in this process or elsewhere (OpenSearch, Elasticsearch)."""

    def find_many(self, queries: Sequence[str]) -> Sequence[Sequence[str]]:
        """ASINs of the best products of each query, best first, at most :data:`RESULTS` each."""


class EngineSearch:
    """The shop's search over an engine, with a cache of recent queries.

    Args:
        engine: answers what is not cached.
        known: what the shop sells: results that it does not hold are left out.
    """

    def __init__(self, engine: SearchEngine, known: Container[str]) -> None:
        self._engine, self._known = engine, known
        self._answers: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def __reduce__(self) -> tuple[type["EngineSearch"], tuple[SearchEngine, Container[str]]]:
        return EngineSearch, (self._engine, self._known)  # another process has a cache of its own

    def find(self, query: str) -> tuple[str, ...]:
        """The best products of one query; see :meth:`find_many`."""
        return self.find_many([query])[0]

    def find_many(self, queries: Sequence[str]) -> list[tuple[str, ...]]:
        """ASINs of the best products of each query, best first, at most :data:`RESULTS` each.

        The engine is asked once, for all queries that are not cached.

        Raises:
            CatalogError: the engine did not answer each query with a list of its own.
        """
        answers = {query: self._answers[query] for query in queries if query in self._answers}
        new = [query for query in dict.fromkeys(queries) if query not in answers]
        if new:
            answers |= dict(zip(new, self._asked(new, RESULTS), strict=True))
        for query in dict.fromkeys(queries):
            self._answers[query] = answers[query]
            self._answers.move_to_end(query)
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return [answers[query] for query in queries]

    def find_more(self, query: str, count: int) -> tuple[str, ...]:
        """As :meth:`find`, but at most ``count``, or as many as the engine gives; the answer is not cached."""
        return self._asked([query], count)[0]

    def _asked(self, queries: Sequence[str], count: int) -> list[tuple[str, ...]]:
        found = self._engine.find_many(queries)
        if len(found) != len(queries):
            raise CatalogError(
                f"The search engine answered {len(found)} of {len(queries)} queries. `find_many` returns one list for "
                "each query, in their order; an empty one where it finds nothing."
            )
        return [tuple([asin for asin in dict.fromkeys(asins) if asin in self._known][:count]) for asins in found]
