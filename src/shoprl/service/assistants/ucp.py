"""Products as the Universal Commerce Protocol writes them: https://ucp.dev, version 2026-04-08.

A *form* of a product is one that can be bought: a value of each of its options. Its id is the product's, and the
options as in an address: ``B0123?color=red&size=m``. Amounts are in the smallest unit of their currency (cents). A
product whose price is unknown has none here: a guess would be worse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from itertools import product as combinations
from typing import Any
from urllib.parse import parse_qsl, urlencode

from shoprl.catalog.ids import id_of
from shoprl.catalog.money import DECIMALS
from shoprl.catalog.product import Product
from shoprl.service.filters import OUT_OF_STOCK, categories_of

VERSION = "2026-04-08"
MOST_FORMS = 50  # of a product in one answer
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A product as it is bought.

    Attributes:
        product: the product.
        options: option name -> value, one of each option that it has.
    """

    product: Product
    options: Mapping[str, str]

    @property
    def id(self) -> str:
        """Its id."""
        own = id_of(self.product.asin)
        return f"{own}?{urlencode(self.options)}" if self.options else own

    @property
    def price(self) -> int | None:
        """Its price in the smallest unit of the currency; None where unknown."""
        return smallest(self.product.price_with(self.options), self.product.currency)

    @property
    def available(self) -> bool:
        """Whether the catalogue does not say that it is out of stock."""
        stocks = [each.availability for each in self.product.fitting(self.options)] or [self.product.availability]
        return any(each != OUT_OF_STOCK for each in stocks)

    @property
    def title(self) -> str:
        """Its options' values; of a product without options its title."""
        return " / ".join(self.options.values()) or self.product.title


def smallest(price: float | None, currency: str) -> int | None:
    """An amount in the smallest unit of its currency."""
    return None if price is None else round(price * 10 ** DECIMALS.get(currency, 2))


def split_id(identifier: str) -> tuple[str, Mapping[str, str]]:
    """The product's id and the options of the id of a form."""
    own, mark, options = identifier.rpartition("?")
    return (own, dict(parse_qsl(options, keep_blank_values=True))) if mark else (identifier, {})


def fitting(sold: Product, chosen: Mapping[str, str]) -> list[Form]:
    """The first forms that have the options chosen so far: variants, else combinations of options."""
    if sold.variants:
        return [Form(sold, each.options) for each in sold.fitting(chosen)][:MOST_FORMS]
    if any(value not in sold.options.get(name, ()) for name, value in chosen.items()):
        return []
    left = {name: (chosen[name],) if name in chosen else values for name, values in sold.options.items() if values}
    named = (dict(zip(left, values, strict=True)) for values in combinations(*left.values()))
    return [Form(sold, options) for options in islice(named, MOST_FORMS)]


def selection(sold: Product, chosen: Mapping[str, str], preferred: Sequence[str] = ()) -> Mapping[str, str]:
    """The options chosen, without those that no form has together: the least preferred go first."""
    order = [*(name for name in preferred if name in chosen), *(name for name in chosen if name not in preferred)]
    kept = {name: chosen[name] for name in order}
    while kept and not fitting(sold, kept):
        kept.popitem()
    return {name: kept[name] for name in chosen if name in kept}


def featured(sold: Product, chosen: Mapping[str, str] | None = None) -> Form:
    """The form that stands for a product: the first that has the options chosen and can be had."""
    found = fitting(sold, chosen or {}) or fitting(sold, {})
    return next((each for each in found if each.available), found[0])


def variant(form: Form, inputs: Iterable[Json] = ()) -> Json:
    """A form as a variant."""
    row: Json = {"id": form.id, "title": form.title, "description": {"plain": form.title}}
    if form.price is not None:
        row["price"] = {"amount": form.price, "currency": form.product.currency}
    row["availability"] = {"available": form.available}
    row["selected_options"] = [{"name": name, "label": value} for name, value in form.options.items()]
    if given := list(inputs):
        row["inputs"] = given
    return row


def product(sold: Product, shown: Sequence[Form]) -> Json:
    """A product with some of its forms.

    Args:
        sold: the product.
        shown: its variants, the one that stands for it first.
    """
    row: Json = {"id": id_of(sold.asin), "title": sold.title, "description": {"plain": sold.description or sold.title}}
    prices = [sold.price, *(each.price for each in sold.variants)]
    known = [amount for price in prices if (amount := smallest(price, sold.currency)) is not None]
    if known:
        row["price_range"] = {
            name: {"amount": of(known), "currency": sold.currency} for name, of in (("min", min), ("max", max))
        }
    row["categories"] = [{"value": name, "taxonomy": "merchant"} for name in categories_of(sold)]
    pictures = [address for address in dict.fromkeys((sold.image, *sold.images)) if address]
    row["media"] = [{"type": "image", "url": address, "alt_text": sold.title} for address in pictures]
    if sold.url:
        row["url"] = sold.url
    if sold.rating is not None:
        row["rating"] = {"value": sold.rating, "scale_max": 5, "count": sold.rating_count or 0}
    row["options"] = [
        {"name": name, "values": [{"label": value} for value in values]} for name, values in sold.options.items()
    ]
    row["variants"] = [variant(each) for each in shown]
    row["metadata"] = {"brand": sold.brand, "features": list(sold.bullets)}
    return row


def detail(sold: Product, chosen: Mapping[str, str]) -> Json:
    """A product with the forms that fit options chosen, and which other values could be chosen beside them."""
    row = product(sold, _first(fitting(sold, chosen), featured(sold, chosen)))
    row["selected"] = [{"name": name, "label": value} for name, value in chosen.items()]
    for option in row["options"]:
        others = {name: value for name, value in chosen.items() if name != option["name"]}
        for value in option["values"]:
            value |= _offered(sold, others | {option["name"]: value["label"]})
    return row


def _offered(sold: Product, chosen: Mapping[str, str]) -> Json:
    """Whether there are forms with options chosen, and one that is not out of stock."""
    stocks = [each.availability for each in sold.fitting(chosen)]
    if not sold.variants:  # each combination is there
        stocks = [sold.availability] * all(value in sold.options.get(name, ()) for name, value in chosen.items())
    return {"exists": bool(stocks), "available": any(each != OUT_OF_STOCK for each in stocks)}


def _first(found: Sequence[Form], first: Form) -> list[Form]:
    return [first, *(each for each in found if each.options != first.options)]


def envelope(*capabilities: str, failed: bool = False) -> Json:
    """What each answer begins with."""
    own: Json = {"version": VERSION}
    if failed:
        own["status"] = "error"
    own["capabilities"] = {f"dev.ucp.shopping.{name}": [{"version": VERSION}] for name in capabilities}
    return {"ucp": own}


def message(code: str, content: str, kind: str = "error") -> Json:
    """Something that the assistant should know; an error can be recovered from by asking otherwise."""
    own: Json = {"type": kind, "code": code, "content": content}
    return own | ({"severity": "recoverable"} if kind == "error" else {})
