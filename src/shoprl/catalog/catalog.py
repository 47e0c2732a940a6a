"""A catalogue: the products of one shop, in order, with a content hash."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError
from shoprl.files import list_hash

Listing = Literal["query", "category"]


class Catalog:
    """Products in a fixed order, looked up by ASIN; read-only.

    Args:
        products: at least one product, no ASIN twice.
        skipped: reason -> how many products were left out when the catalogue was read.

    Raises:
        CatalogError: there is no product, or an ASIN occurs twice.
    """

    def __init__(self, products: Sequence[Product], skipped: Mapping[str, int] | None = None) -> None:
        if not products:
            raise CatalogError("The catalogue is empty: it needs at least one product.")
        self.skipped = dict(skipped or {})
        self.products: Sequence[Product] = tuple(products)
        self._by_asin = {product.asin: product for product in self.products}
        if len(self._by_asin) != len(self.products):
            raise CatalogError("The catalogue holds the same ASIN twice. Remove one of the two products.")

    def __len__(self) -> int:
        return len(self.products)

    def __iter__(self) -> Iterator[Product]:
        return iter(self.products)

    def __contains__(self, asin: object) -> bool:
        return asin in self._by_asin

    def __getitem__(self, asin: str) -> Product:
        return self._by_asin[asin]

    @cached_property
    def content_hash(self) -> str:
        """Hex digest of every field of every product, in order."""
        return list_hash(product.to_json() for product in self)

    def asins(self) -> Sequence[str]:
        """ASINs of all products, in no particular order."""
        return list(self._by_asin)

    def asins_by(self, listing: Listing, name: str) -> Sequence[str]:
        """ASINs of the products of one ``query`` (product type) or ``category`` (department), in order."""
        return [product.asin for product in self if getattr(product, listing) == name]
