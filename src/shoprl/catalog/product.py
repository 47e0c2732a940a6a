"""Products as the shop sells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoprl.catalog.money import price_tag


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one product, as WebShop's human goals and synthetic instructions store it.

    Attributes:
        text: its words, without a price.
        attributes: the attributes it asks for.
        options: the option values it asks for, or None for "every combination the product has" (synthetic).
    """

    text: str
    attributes: tuple[str, ...]
    options: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the forms that a product is sold in, where they differ in more than their options.

    Attributes:
        id: its own identifier, as its catalogue writes it; may be empty.
        options: option name -> value that choose it.
        price: what it costs, in the catalogue's currency; None where unknown.
        availability: ``in stock``, ``out of stock``, another word of the catalogue's, or empty where unknown.
        image: address of its picture, or an empty string.
    """

    id: str
    options: Mapping[str, str]
    price: float | None = None
    availability: str = ""
    image: str = ""

    def to_json(self) -> dict[str, Any]:
        """The variant in JSON-able form."""
        return {name: getattr(self, name) for name in Variant.__slots__} | {"options": dict(self.options)}


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        asin: its identifier, in a form that actions can name; :func:`shoprl.catalog.ids.id_of` gives the catalogue's.
        title: its name.
        description: the long text of the Description page.
        bullets: the bullet points of the Features page.
        category: its department.
        query: its product type, lower case: the search that WebShop collected it with.
        product_category: its path, parts separated by ``›``.
        price: what it costs, in :attr:`currency`, the cheapest variant's where they differ; None where unknown.
        price_tag: the price as pages show it; may be a range; empty where unknown.
        options: option name -> values, in the shop's order.
        attributes: properties such as "machine washable".
        image: address of its picture, or an empty string.
        requests: what goals are made of.
        brand: who makes it.
        currency: the code of its price's currency (ISO 4217).
        availability: as :attr:`Variant.availability`.
        rating: mean rating of its buyers, from 0 to 5; None where unknown.
        rating_count: of how many ratings; None where unknown.
        url: address of its own page, or an empty string.
        images: addresses of further pictures.
        variants: the forms it is sold in, where they differ in more than their options.
    """

    asin: str
    title: str
    description: str
    bullets: tuple[str, ...]
    category: str
    query: str
    product_category: str
    price: float | None
    price_tag: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    image: str = ""
    requests: tuple[Request, ...] = ()
    brand: str = ""
    currency: str = "USD"
    availability: str = ""
    rating: float | None = None
    rating_count: int | None = None
    url: str = ""
    images: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    def __hash__(self) -> int:
        return hash(self.asin)  # options are a dictionary, which has no hash; caches are keyed by products

    def fitting(self, options: Mapping[str, str]) -> list[Variant]:
        """The variants that options chosen so far leave."""
        return [each for each in self.variants if all(each.options.get(n) == v for n, v in options.items())]

    def price_with(self, options: Mapping[str, str]) -> float | None:
        """What it costs with options chosen: the cheapest of the variants that they leave, else :attr:`price`."""
        prices = [each.price for each in self.fitting(options) if each.price is not None]
        return min(prices, default=self.price)

    def price_tag_with(self, options: Mapping[str, str]) -> str:
        """The price as pages show it with options chosen."""
        prices = {each.price for each in self.fitting(options) if each.price is not None} if options else ()
        return price_tag(prices, self.currency) if prices else self.price_tag

    def to_json(self) -> dict[str, Any]:
        """The product in JSON-able form; what WebShop's catalogues never have is left out where it is absent."""
        plain = {name: getattr(self, name) for name in _ALWAYS}
        requests = [{"text": r.text, "attributes": r.attributes, "options": r.options} for r in self.requests]
        further = {name: value for name, absent in _FURTHER.items() if (value := getattr(self, name)) != absent}
        if self.variants:
            further["variants"] = [variant.to_json() for variant in self.variants]
        return plain | {"options": dict(self.options), "requests": requests} | further

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Product":
        """What :meth:`to_json` gave, or that written and read again."""
        options = {name: tuple(values) for name, values in row["options"].items()}
        requests = tuple(
            Request(r["text"], tuple(r["attributes"]), None if r["options"] is None else tuple(r["options"]))
            for r in row["requests"]
        )
        lists: dict[str, Any] = {name: tuple(row[name]) for name in ("bullets", "attributes", "images") if name in row}
        lists["variants"] = tuple(Variant(**variant) for variant in row.get("variants", ()))
        return cls(**(row | lists | {"options": options, "requests": requests}))


_FURTHER: dict[str, Any] = {
    "brand": "", "currency": "USD", "availability": "", "rating": None, "rating_count": None, "url": "", "images": ()
}  # fmt: skip
_ALWAYS = tuple(name for name in Product.__slots__ if name not in ("options", "requests", "variants", *_FURTHER))
