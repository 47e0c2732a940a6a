"""What a request leaves out of the shop that the agent walks through: products that it then never sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.product import Product
from shoprl.settings import NotNegative, Settings

REMEMBERED = 64  # filters
OUT_OF_STOCK = "out of stock"  # as feeds are read


@dataclass(frozen=True)
class Filters(Settings):
    """Which products may be recommended.

    Attributes:
        price_min: the least price, in the products' own currency; a product without a price is left out.
        price_max: the highest; as above. Of a product with variants the cheapest counts.
        categories: department, product type or a part of the category path, in any case; one of these must be its.
        brands: in any case; one of these must be its.
        in_stock: leave out what the catalogue says is not; what it says nothing of stays.
        exclude: ASINs to leave out.
    """

    price_min: NotNegative | None = None
    price_max: NotNegative | None = None
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    in_stock: bool = False
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Filters()

    def admits(self, product: Product) -> bool:
        """Whether a product may be recommended, but for :attr:`exclude`."""
        return bool(Facets([product]).admitted(self)[0])


class Facets:
    """What filters ask of products, a place for each: made in one pass over the catalogue.

    Args:
        products: in order.
    """

    def __init__(self, products: Iterable[Product]) -> None:
        self.asins: list[str] = []
        prices: list[float] = []
        brands: list[str] = []
        gone: list[bool] = []
        self._names: dict[tuple[str, ...], int] = {}  # the categories that products have, as one
        sets: list[int] = []
        for product in products:
            self.asins.append(product.asin)
            prices.append(np.nan if product.price is None else product.price)
            brands.append(product.brand.strip().casefold())
            stock = {each.availability for each in product.variants} or {product.availability}
            gone.append(stock == {OUT_OF_STOCK})
            sets.append(self._names.setdefault(_categories(product), len(self._names)))
        self._prices, self._gone = np.array(prices, dtype=np.float64), np.array(gone, dtype=np.bool_)
        self._brands, self._sets = np.array(brands, dtype=np.str_), np.array(sets, dtype=np.int64)
        self.hidden = lru_cache(REMEMBERED)(self._hidden)

    def admitted(self, filters: Filters) -> NDArray[np.bool_]:
        """Which products may be recommended, but for those excluded by name."""
        left = np.ones(len(self.asins), dtype=np.bool_)
        if filters.price_min is not None:
            left &= self._prices >= filters.price_min  # false where the price is unknown
        if filters.price_max is not None:
            left &= self._prices <= filters.price_max
        if filters.categories:
            asked = {each.strip().casefold() for each in filters.categories}
            fitting = np.array([not asked.isdisjoint(names) for names in self._names], dtype=np.bool_)
            left &= fitting[self._sets]
        if filters.brands:
            left &= np.isin(self._brands, [each.strip().casefold() for each in filters.brands])
        if filters.in_stock:
            left &= ~self._gone
        return left

    def _hidden(self, filters: Filters) -> frozenset[str]:
        """ASINs of the products that are out of reach under filters."""
        out = np.flatnonzero(~self.admitted(filters)).tolist()
        return frozenset([self.asins[place] for place in out]).union(filters.exclude)


def categories_of(product: Product) -> list[str]:
    """Department, product type and the parts of the category path, each once, as the catalogue writes them."""
    path = [name.strip() for name in product.product_category.split("›")]
    return list(dict.fromkeys(name for name in (product.category, product.query, *path) if name))


def _categories(product: Product) -> tuple[str, ...]:
    return tuple(sorted({name.strip().casefold() for name in categories_of(product)} - {""}))
