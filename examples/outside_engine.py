"""Search with an engine outside the process, such as OpenSearch or Elasticsearch: one class, one call for a batch.

The double at the top stands for the engine's client and answers as its multi-search does, so that this runs as it is:
python examples/outside_engine.py
"""

from collections.abc import Sequence
from typing import Any

import shoprl
from shoprl.search.engine import RESULTS, EngineSearch
from shoprl.shop.session import Shop


class OpenSearchDouble:
    """An engine in memory that answers the request bodies below; ``opensearchpy.OpenSearch(...)`` takes its place."""

    def __init__(self, catalog: shoprl.Catalog) -> None:
        self._words = {product.asin: f"{product.title} {product.description}".lower().split() for product in catalog}
        self.calls = 0

    def msearch(self, body: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Answer every second part of ``body``, which is a query; the parts before name the index."""
        self.calls += 1
        return {"responses": [self._answer(request) for request in body[1::2]]}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = set(request["query"]["multi_match"]["query"].lower().split())
        scores = {asin: sum(word in wanted for word in words) / len(words) for asin, words in self._words.items()}
        best = sorted((asin for asin in scores if scores[asin]), key=lambda asin: (-scores[asin], asin))
        return {"hits": {"hits": [{"_id": asin, "_score": scores[asin]} for asin in best[: request["size"]]]}}


class OpenSearchEngine:
    """A :class:`shoprl.search.engine.SearchEngine`: this class is all that an outside engine needs."""

    def __init__(self, client: Any, index: str) -> None:
        self._client, self._index = client, index

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        """ASINs of the best products of each query, best first, in one call of the engine."""
        body: list[dict[str, Any]] = []
        for query in queries:
            fields = ["title^10", "description^5", "brand^5", "category^5", "features^2"]
            body += [
                {"index": self._index},
                {"size": RESULTS, "_source": False, "query": {"multi_match": {"query": query, "fields": fields}}},
            ]
        answers = self._client.msearch(body=body)["responses"]
        return [[hit["_id"] for hit in answer["hits"]["hits"]] for answer in answers]


def main(products: int = 100) -> int:
    """Ask a batch of requests, then play an episode in the shop; how often the engine was called."""
    data = shoprl.generated_data(products, seed=0)
    client = OpenSearchDouble(data.catalog)
    search = EngineSearch(OpenSearchEngine(client, "products"), data.catalog)
    shop = Shop(data.catalog, search, data.shop.tagger)
    requests = [goal.instruction for _, goal in data.goals_of("test", first=3)]
    for request, asins in zip(requests, search.find_many(requests), strict=True):
        print(f"{request[:60]}: {', '.join(asins[:3])}")
    evaluation = shoprl.evaluate(shoprl.load_policy("rule"), shoprl.ShopTask(shop), data.goals_of("test", first=3))
    print(f"score {evaluation.summary.score.value:.1f}")
    return client.calls


if __name__ == "__main__":
    print("calls of the engine:", main())
