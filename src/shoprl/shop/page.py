"""Pages as data: what a shopper can see and do at one moment; text and HTML are renderings of it."""

from collections.abc import Mapping, Set
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from shoprl.catalog.product import Product

PageKind = Literal["search", "results", "item", "sub", "done"]
SECTIONS = ("Description", "Features", "Reviews")
PRICE_UNKNOWN = "Price unknown"  # in a row of results
SEARCH, BACK, NEXT, PREVIOUS, BUY = "Search", "Back to Search", "Next >", "< Prev", "Buy Now"

ITEM_BUTTONS = (BACK, PREVIOUS, *SECTIONS, BUY)
_BUTTONS: Mapping[str, tuple[str, ...]] = {
    "search": (SEARCH,), "item": ITEM_BUTTONS, "sub": (BACK, PREVIOUS), "done": ()
}  # fmt: skip


_NO_OPTIONS: Mapping[str, str] = {}


class Page(NamedTuple):  # made at each step, in a fifth of the time of a frozen dataclass
    """One page.

    Attributes:
        kind: search, results, item, sub (description, features, reviews) or done.
        url: its address, as WebShop forms it.
        instruction: the shopper's request.
        number: which results page, from 1.
        total: how many products the search found (at most 50).
        products: the products on a results page.
        product: the product of an item, sub or done page.
        section: Description, Features or Reviews on a sub page.
        options: option name -> value chosen so far.
        visited: ASINs of the item pages seen in this session.
        reward: the purchase's reward on a done page.
    """

    kind: PageKind
    url: str
    instruction: str
    number: int = 1
    total: int = 0
    products: tuple[Product, ...] = ()
    product: Product | None = None
    section: str = ""
    options: Mapping[str, str] = _NO_OPTIONS
    visited: Set[str] = frozenset()
    reward: float = 0.0

    @property
    def has_search_bar(self) -> bool:
        """Whether the page offers a search bar (a search is accepted on any page all the same)."""
        return self.kind == "search"

    @property
    def buttons(self) -> tuple[str, ...]:
        """The page's buttons, in order."""
        if self.kind == "results":
            return (BACK, PREVIOUS, NEXT) if self.number > 1 else (BACK, NEXT)
        return _BUTTONS[self.kind]

    @property
    def clickables(self) -> tuple[str, ...]:
        """What ``click[...]`` takes on this page, in WebShop's order."""
        if self.kind == "item" and self.product is not None:
            return _item_texts(self.product)
        return tuple(dict.fromkeys((*_lower(self.buttons), *[product.asin.lower() for product in self.products])))


def price_shown(product: Product, options: Mapping[str, str] = _NO_OPTIONS) -> str:
    """The price on an item page with options chosen."""
    return (product.price_tag_with(options) if product.variants else product.price_tag) or "unknown"


def rating_shown(product: Product) -> str:
    """The rating on an item page; WebShop's ``N.A.`` where it is unknown."""
    if product.rating is None:
        return "N.A."
    return f"{product.rating:g}" + (f" ({product.rating_count} ratings)" if product.rating_count is not None else "")


@lru_cache(maxsize=10)
def _lower(buttons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in buttons)


@lru_cache(maxsize=3_000)
def item_clickables(product: Product) -> Mapping[str, str | None]:
    """Clickable text -> name of the option it sets (None for a button); a value of two options sets the later one."""
    clickables: dict[str, str | None] = dict.fromkeys(text.lower() for text in ITEM_BUTTONS)
    for name, values in product.options.items():
        clickables.update(dict.fromkeys(values, name))
    return MappingProxyType(clickables)


@lru_cache(maxsize=3_000)
def _item_texts(product: Product) -> tuple[str, ...]:
    return tuple(item_clickables(product))
