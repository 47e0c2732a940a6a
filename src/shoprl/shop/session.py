"""A shopping session: the pages an agent walks through and what its actions do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Protocol, overload, runtime_checkable

from shoprl.catalog.catalog import Catalog, Listing
from shoprl.catalog.product import Product
from shoprl.search.engine import REMEMBERED, RESULTS
from shoprl.shop.goal import Goal
from shoprl.shop.page import BACK, BUY, NEXT, PREVIOUS, SECTIONS, Page, item_clickables
from shoprl.shop.reward import Reward, reward
from shoprl.shop.tagger import Tagger

BASE_URL = "http://127.0.0.1:3000"  # part of WebShop's observations
_BUY, _BACK, _NEXT, _PREVIOUS = BUY.lower(), BACK.lower(), NEXT.lower(), PREVIOUS.lower()
_SECTIONS = tuple(section.lower() for section in SECTIONS)
PER_PAGE = 10
LISTINGS: dict[str, Listing] = {"<q>": "query", "<c>": "category"}
MAX_ACTION = 10_000  # characters; a longer action changes nothing
MAX_STEPS = 15  # an episode is cut here by default, in every command


class Search(Protocol):
    """Finds products for a query."""

    def find(self, query: str) -> Sequence[str]:
        """ASINs of the best products, best first, at most 50."""


@runtime_checkable
class DeepSearch(Search, Protocol):
    """A search that can be asked for more than 50 products."""

    def find_more(self, query: str, count: int) -> Sequence[str]:
        """As ``find``, but at most ``count``."""


class HidingSearch:
    """A search that leaves products out, and puts later results in their places.

    Args:
        search: finds; one that is no :class:`DeepSearch` has nothing to put in their places.
        hidden: ASINs to leave out.
    """

    def __init__(self, search: Search, hidden: frozenset[str]) -> None:
        self.search, self.hidden = search, hidden
        self.find = lru_cache(maxsize=REMEMBERED)(self._find)

    def __reduce__(self) -> tuple[type["HidingSearch"], tuple[Search, frozenset[str]]]:
        return HidingSearch, (self.search, self.hidden)  # another process has a cache of its own

    def _find(self, query: str) -> tuple[str, ...]:
        found = self.search.find(query)
        kept = self._kept(found)
        if len(kept) < len(found) >= RESULTS and isinstance(self.search, DeepSearch):
            kept = self._kept(self.search.find_more(query, RESULTS + len(self.hidden)))
        return kept[:RESULTS]

    def _kept(self, asins: Sequence[str]) -> tuple[str, ...]:
        return tuple([asin for asin in asins if asin not in self.hidden])


@dataclass(frozen=True, slots=True)
class Shop:
    """What all sessions share, read-only: the catalogue, its search and the reward's tagger.

    Attributes:
        catalog: every product, those out of reach included.
        search: finds products.
        tagger: of the reward.
        hidden: ASINs of the products that are out of reach; made by :meth:`without`.
    """

    catalog: Catalog
    search: Search
    tagger: Tagger
    hidden: frozenset[str] = frozenset()

    def without(self, asins: frozenset[str]) -> "Shop":
        """The same shop with products out of reach: no search, listing or page shows them, later results move up.

        A search is asked for 50 results and, where that leaves some out, for 50 and as many more as are hidden; a
        search that cannot give more (:class:`DeepSearch`) shows fewer. Hybrid search has about 200 to give.

        Args:
            asins: to take out of reach, beside those that are already.
        """
        hidden = self.hidden | asins
        if hidden == self.hidden:
            return self
        inner = self.search.search if isinstance(self.search, HidingSearch) else self.search
        return replace(self, search=HidingSearch(inner, hidden), hidden=hidden)

    def find(self, keywords: Sequence[str]) -> "Found":
        """Products for a search, with WebShop's ``<q> type`` and ``<c> department`` listings."""
        if keywords[0] in LISTINGS:
            kind = LISTINGS[keywords[0]]
            listed = self.catalog.asins_by(kind, " ".join(keywords[1:]).strip())
            if not listed and keywords[0] == "<c>" and len(keywords) > 1:  # WebShop reads one word of a department
                listed = self.catalog.asins_by(kind, keywords[1].strip())
            if self.hidden:
                listed = [asin for asin in listed if asin not in self.hidden]
            return Found(self.catalog, listed)
        return Found(self.catalog, self.search.find(" ".join(keywords)))


class Found(Sequence[Product]):
    """Products that a search found, each looked up in the catalogue when it is asked for.

    A page of them is looked up once: an agent comes back to it after each product that it opens.
    """

    def __init__(self, catalog: Catalog, asins: Sequence[str]) -> None:
        self._catalog, self._asins = catalog, asins
        self._pages: dict[int, tuple[Product, ...]] = {}

    def page(self, number: int) -> tuple[Product, ...]:
        """The products on a page of results, from 1; the same tuple each time."""
        products = self._pages.get(number)
        if products is None:
            products = self._pages[number] = self[(number - 1) * PER_PAGE : number * PER_PAGE]
        return products

    def __len__(self) -> int:
        return len(self._asins)

    @overload
    def __getitem__(self, place: int) -> Product: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Product, ...]: ...
    def __getitem__(self, place: int | slice) -> Product | tuple[Product, ...]:
        if isinstance(place, slice):
            return tuple([self._catalog[asin] for asin in self._asins[place]])
        return self._catalog[self._asins[place]]


def _json(options: Mapping[str, str]) -> str:
    """``json.dumps``, which takes several times as long for so little."""
    return "{" + ", ".join([f"{quoted(name)}: {quoted(value)}" for name, value in options.items()]) + "}"


def parse_action(action: str) -> tuple[str, str | None]:
    """Name and argument of an action, as WebShop's pattern ``(.+)\\[(.+)\\]`` takes the first line apart.

    The last ``]`` ends the argument and the last ``[`` before it starts it; the rest is ignored. Done by hand, since
    the pattern takes time quadratic in the length of what a model may write.
    """
    line = action.split("\n", 1)[0] if "\n" in action else action
    end = line.rfind("]")
    start = line.rfind("[", 1, end - 1) if end > 2 else -1
    return (line[:start], line[start + 1 : end].lower()) if start > 0 else (action, None)


class Session:
    """One shopper in a shop, with a goal or with a request.

    Args:
        shop: the shop.
        goal: what is wanted; only its instruction reaches a page. A text is a request: nobody knows what would answer
            it, so that a purchase has no reward.
        name: the session's id, part of every address.

    Attributes:
        instruction: the text that every page shows.
        purchase: what a purchase earned; None before it, and where there is no goal.
    """

    def __init__(self, shop: Shop, goal: Goal | str, name: str = "shoprl") -> None:
        self.shop, self.name = shop, name
        self.goal = None if isinstance(goal, str) else goal
        self.instruction = goal if isinstance(goal, str) else goal.instruction
        self.purchase: Reward | None = None
        self._offering: Page | None = None
        self._clickables: tuple[str, ...] = ()
        self._restart()

    def _restart(self) -> None:
        self._keywords = ""
        self._found: Found | None = None
        self._number = 1
        self._product: Product | None = None
        self._options: dict[str, str] = {}
        self._visited: frozenset[str] = frozenset()
        self.page = Page("search", f"{BASE_URL}/{self.name}", self.instruction)

    @property
    def clickables(self) -> tuple[str, ...]:
        """What the page offers to click, worked out once a page."""
        if self._offering is not self.page:
            self._offering, self._clickables = self.page, self.page.clickables
        return self._clickables

    @property
    def done(self) -> bool:
        """Whether something was bought."""
        return self.page.kind == "done"

    def step(self, action: str) -> float:
        """Take an action; one that WebShop's parser or the page does not accept, or a very long one, changes nothing.

        Returns:
            The reward: that of the purchase when the action buys, else 0; always 0 where there is no goal.
        """
        name, argument = parse_action(action) if len(action) <= MAX_ACTION else ("", None)
        if name == "search" and argument:
            keywords = argument.split(" ")
            self._keywords, self._found = "+".join(keywords), self.shop.find(keywords)
            self._results(1)
        elif name == "click" and argument and argument != "search" and argument in self.clickables:
            return self._click(argument)
        return 0.0

    def _click(self, argument: str) -> float:
        kind = self.page.kind
        if argument == _BUY and kind == "item":
            return self._buy()
        if argument == _BACK:
            self._restart()
        elif argument == _NEXT and kind == "results":
            self._results(self._number + 1)
        elif argument == _PREVIOUS and kind in ("results", "item"):
            self._results(self._number - (kind == "results"))
        elif kind == "item" and argument in _SECTIONS:
            self._sub(argument.capitalize())
        else:
            self._item(argument)
        return 0.0

    def _results(self, number: int) -> None:
        self._number, self._product, self._options = number, None, {}
        products = self._found.page(number) if self._found is not None else ()
        url = f"{BASE_URL}/search_results/{self.name}/{self._keywords}/{number}"
        self.page = Page(
            "results", url, self.instruction, number, len(self._found or ()), products, visited=self._visited
        )

    def _item(self, argument: str) -> None:
        if self.page.kind == "results":
            self._product = next(product for product in self.page.products if product.asin.lower() == argument)
            self._visited |= {self._product.asin}
        product = self._current()
        option = item_clickables(product).get(argument) if self.page.kind == "item" else None
        if option is not None:
            self._options = self._options | {option: argument}
        url = self._item_url("item_page", product, _json(self._options))
        self.page = Page("item", url, self.instruction, product=product, options=self._options, visited=self._visited)

    def _sub(self, section: str) -> None:
        product = self._current()
        url = self._item_url("item_sub_page", product, f"{section}/{self._options}")
        self.page = Page(
            "sub",
            url,
            self.instruction,
            product=product,
            section=section,
            options=self._options,
            visited=self._visited,
        )

    def _item_url(self, page: str, product: Product, tail: str) -> str:
        return f"{BASE_URL}/{page}/{self.name}/{product.asin}/{self._keywords}/{self._number}/{tail}"

    def _buy(self) -> float:
        product = self._current()
        if self.goal is not None:
            self.purchase = reward(product, self._options, self.goal, self.shop.tagger)
        earned = self.purchase.total if self.purchase is not None else 0.0
        url = f"{BASE_URL}/done/{self.name}/{product.asin}/{self._options}"
        self.page = Page("done", url, self.instruction, product=product, options=self._options, reward=earned)
        return earned

    def _current(self) -> Product:
        assert self._product is not None, "an item action without an item page"
        return self._product
