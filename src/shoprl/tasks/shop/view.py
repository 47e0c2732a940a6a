"""What a page of a shop and the episode's own past tell a policy, as data.

A product's hidden fields (its attributes, the texts of pages not opened, its exact price inside a range) never reach
it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from shoprl.shop.page import PageKind
from shoprl.tasks.instruction import Instruction

CandidateKind = Literal["search", "back", "next", "prev", "section", "buy", "product", "option"]


class Memory(NamedTuple):
    """How well a product's page answered the instruction when it was looked at; zeros if it never was.

    Attributes:
        fit: share of its options that offer a value named word for word (1 for a product without options).
        overlap: share of the instruction's terms in its title and option values.
    """

    fit: float
    overlap: float


UNSEEN = Memory(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ShopCandidate:
    """One available action and what the page shows about it.

    Attributes:
        action: the action in WebShop's grammar.
        kind: what the action does.
        text: words that stand for it: a query, a title, an option value; for buying, the item's title.
        group: name of the option a value belongs to.
        rank: position among the products of a results page, from 0.
        price: lowest and highest price shown, in dollars.
        chosen: the option value is selected now.
        done: the same action was already taken in this very state, the product was looked at before, or there is no
            next page.
        memory: what was found on the product's own page when it was looked at.
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


@dataclass(frozen=True, slots=True)
class ShopView:
    """One decision point in a shop.

    Attributes:
        page: kind of the page.
        instruction: the request.
        candidates: the actions to choose from, in the page's order, without actions that do nothing.
        number: which results page, from 1.
        title: the title on an item or sub page.
        options_chosen: option values selected so far.
        steps_left: steps until the episode is cut, this one included.
        looked_at: how many item pages were opened.
        best_memory: the best ``memory`` of the products looked at.
        text: what the page shows, WebShop's ``text_rich`` observation.
        url: the page's address, as WebShop forms it: the query, the product, the section and the options are in it.
        asin: the product that an item page shows, which the click that led there named; empty on other pages.
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
