"""What a policy may observe in a shop: the page, and the history of its episode.

Hidden fields of a product (its attributes, the text of unopened pages, its exact price within a range) are not part of
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from shoprl.shop.page import PageKind
from shoprl.tasks.instruction import Instruction

CandidateKind = Literal["search", "back", "next", "prev", "section", "buy", "product", "option"]


class Memory(NamedTuple):
    """How well a product's page matched the instruction when it was opened; zeros if it never was.

    Attributes:
        fit: share of its options with a value that the instruction names verbatim (1 for a product without options).
        overlap: share of the instruction's terms in its title and option values.
    """

    fit: float
    overlap: float


UNSEEN = Memory(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A product that the episode has shown, with what was shown of it.

    Attributes:
        asin, title: of the product.
        price: the lowest and highest price shown, or None.
        currency: the code of the price's currency.
        place: in the search's results, from 0.
        opened: whether its item page was shown.
        options: option name -> values, once it was opened.
        read: the sections that were opened.
        terms: search terms of those sections.
    """

    asin: str
    title: str
    price: tuple[float, float] | None
    currency: str
    place: int
    opened: bool = False
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        """Of what tells most of them apart, since caches are keyed by these."""
        return hash((self.asin, self.opened, self.read))


@dataclass(frozen=True, slots=True)
class ShopCandidate:
    """One available action and what the page shows of it.

    Attributes:
        action: the action in WebShop's grammar.
        kind: kind of the action.
        text: a query, a title or an option value; for buying, the item's title.
        group: name of the option that a value belongs to.
        rank: position among the products of a results page, from 0.
        price: lowest and highest price shown.
        chosen: whether the option value is selected.
        done: whether the same action was already taken in this state, the product was already opened, or there is no
            next page.
        memory: how well the product's page matched when it was opened.
        asin: the product that it opens or buys.
        currency: the code of the price's currency.
    """

    action: str
    kind: CandidateKind
    text: str = ""
    group: str = ""
    rank: int = 0
    price: tuple[float, float] | None = None
    chosen: bool = False
    done: bool = False
    memory: Memory = UNSEEN
    asin: str = ""
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class ShopView:
    """One decision point in a shop.

    Attributes:
        page: kind of the page.
        instruction: the request.
        candidates: the actions to choose from, in page order, without actions that do nothing.
        number: number of the results page, from 1.
        title: the title on an item or sub page.
        options_chosen: option values selected so far.
        steps_left: steps until the episode is truncated, this one included.
        looked_at: number of products opened.
        best_memory: the best ``memory`` of the products opened.
        text: the page as WebShop's ``text_rich`` observation.
        url: the page's address in WebShop's form; holds the query, the product, the section and the options.
        asin: the product of an item page; empty on other pages.
        seen: the products that the episode has shown: those of the last results page, and those opened before.
        current: the product of an item or sub page; empty on other pages.
        total: how many products the search found.
    """

    page: PageKind
    instruction: Instruction
    candidates: tuple[ShopCandidate, ...]
    number: int
    title: str
    options_chosen: tuple[str, ...]
    steps_left: int
    looked_at: int
    best_memory: Memory
    text: str = ""
    asin: str = ""
    url: str = ""
    seen: tuple[Seen, ...] = ()
    current: str = ""
    total: int = 0
