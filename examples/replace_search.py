"""Replace the search engine: products by how alike their titles are to the query, letter by letter.

One class with one method. Run it: python examples/replace_search.py
"""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

import shoprl
from shoprl.shop.session import Shop


class AlikeTitles:
    """A :class:`shoprl.shop.session.Search`: the 50 titles most alike to a query."""

    def __init__(self, catalog: shoprl.Catalog) -> None:
        self._asins = [product.asin for product in catalog]
        self._titles = [product.title.lower() for product in catalog]

    def find(self, query: str) -> Sequence[str]:
        """ASINs of the best products, best first."""
        best = process.extract(query.lower(), self._titles, scorer=fuzz.token_set_ratio, limit=50)
        return [self._asins[place] for _, _, place in best]


def main(products: int = 100) -> dict[str, float]:
    """The score of the rule that selects the options named, on each search engine."""
    data = shoprl.generated_data(products, seed=0)
    shops = {"BM25": data.shop, "alike titles": Shop(data.catalog, AlikeTitles(data.catalog), data.shop.tagger)}
    policy, goals = shoprl.load_policy("rule-options"), data.goals_of("test")
    return {
        name: shoprl.evaluate(policy, shoprl.ShopTask(shop), goals).summary.score.value for name, shop in shops.items()
    }


if __name__ == "__main__":
    for engine, score in main().items():
        print(f"{engine}: score {score:.1f}")
