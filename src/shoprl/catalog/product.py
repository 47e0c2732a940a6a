"""Products as the shop sells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
class Product:
    """One product.

    Attributes:
        asin: its identifier, at most ten characters.
        title: its name.
        description: the long text of the Description page.
        bullets: the bullet points of the Features page.
        category: its department.
        query: its product type, lower case: the search that WebShop collected it with.
        product_category: its path, parts separated by ``›``.
        price: what it costs, in dollars.
        price_tag: the price as pages show it; may be a range.
        options: option name -> values, in the shop's order.
        attributes: properties such as "machine washable".
        image: address of its picture, or an empty string.
        requests: what goals are made of.
    """

    asin: str
    title: str
    description: str
    bullets: tuple[str, ...]
    category: str
    query: str
    product_category: str
    price: float
    price_tag: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    image: str = ""
    requests: tuple[Request, ...] = ()

    def __hash__(self) -> int:
        return hash(self.asin)  # options are a dictionary, which has no hash; caches are keyed by products

    def to_json(self) -> dict[str, Any]:
        """The product in JSON-able form."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        requests = [{"text": r.text, "attributes": r.attributes, "options": r.options} for r in self.requests]
        return plain | {"options": dict(self.options), "requests": requests}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Product":
        """What :meth:`to_json` gave, or that written and read again."""
        options = {name: tuple(values) for name, values in row["options"].items()}
        requests = tuple(
            Request(r["text"], tuple(r["attributes"]), None if r["options"] is None else tuple(r["options"]))
            for r in row["requests"]
        )
        lists = {"bullets": tuple(row["bullets"]), "attributes": tuple(row["attributes"])}
        return cls(**(row | lists | {"options": options, "requests": requests}))


_PLAIN = tuple(name for name in Product.__slots__ if name not in ("options", "requests"))
