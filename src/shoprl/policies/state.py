"""What a policy sees at one decision: the instruction, the page, the actions and what it did before.

A state is built from what the page shows and from the episode's own past alone; a product's hidden fields (its
attributes, the texts of pages not opened, its exact price inside a range) never reach it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from shoprl.catalog.product import Product
from shoprl.catalog.webshop import parse_pricing
from shoprl.search.analysis import analyze
from shoprl.shop.page import BACK, BUY, NEXT, PREVIOUS, Page, PageKind, item_clickables
from shoprl.shop.render import observe
from shoprl.shop.session import PER_PAGE

CandidateKind = Literal["search", "back", "next", "prev", "section", "buy", "product", "option"]

_CEILING = re.compile(
    r"[,;.]?\s*(?:\b(?:and|but|with|i|can|my|the|a|its|that|which|it|should|must|be|is|of|for|at|to|price[ds]?|"
    r"cost(?:s|ing)?|budget|spend(?:ing)?)\s+)*"
    r"\b(?:lower than|less than|under|below|at most|no more than|not more than|cheaper than|up to|within|max(?:imum)?|"
    r"not over|budget (?:is|of))\s*(?:of\s+|a\s+)?"
    r"(?P<amount>\$?\s*(?>\d[\d,]*(?:\.\d+)?))\s*(?:(?:dollars?|bucks|usd)\b|\$)?",
    re.IGNORECASE,
)
_ABOUT_MONEY = re.compile(r"\$|dollar|buck|usd|price|cost|budget|spend", re.IGNORECASE)
_END = re.compile(r"\s*(?:$|[,;.!?](?!\d)|(?:please|pls|thanks?|asap|if|and|with|for)\b)", re.IGNORECASE)
_WORD = re.compile(r"[\w.]+")
_MONEY = re.compile(r"\$\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(?:dollars|bucks|usd)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction taken apart by its words alone.

    Attributes:
        text: the whole.
        wish: the text without its price clause.
        ceiling: the price ceiling it names, in dollars, or None.
        terms: the distinct search terms of the wish.
    """

    text: str
    wish: str
    ceiling: float | None
    terms: frozenset[str]


@lru_cache(maxsize=20_000)
def parse_instruction(text: str) -> Instruction:
    """Separate the price ceiling from the rest of an instruction."""
    clauses = list(_CEILING.finditer(text))
    clause = next((match for match in clauses if _ABOUT_MONEY.search(match[0])), None)
    if clause is None:  # a number alone is money only where no unit or thing follows it
        clause = next((match for match in clauses if _END.match(text, match.end())), None)
    if clause is not None:
        wish, amount = f"{text[: clause.start()]} {text[clause.end() :].lstrip()}", clause["amount"].lstrip("$ ")
    else:
        money = _MONEY.search(text)
        wish, amount = text, (money[1] or money[2]) if money else ""
    ceiling = float(amount.replace(",", "")) if amount else None
    wish = wish.strip(" ,.;") or text
    return Instruction(text, wish, ceiling, terms_of(wish))


@lru_cache(maxsize=200_000)
def terms_of(text: str) -> frozenset[str]:
    """The distinct search terms of a text."""
    return frozenset(analyze(text))


@lru_cache(maxsize=50_000)
def price_range(tag: str) -> tuple[float, float]:
    """Lowest and highest price of a price tag as pages show it, in dollars."""
    prices = parse_pricing(tag)
    return min(prices), max(prices)


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
class Candidate:
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
class State:
    """One decision point.

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
        asin: the product that an item page shows, which the click that led there named; empty on other pages.
    """

    page: PageKind
    instruction: Instruction
    candidates: tuple[Candidate, ...]
    number: int
    title: str
    options_chosen: tuple[str, ...]
    steps_left: int
    looked_at: int
    best_memory: Memory
    text: str = ""
    asin: str = ""

    def index_of(self, action: str) -> int | None:
        """Position of an action among the candidates, or None."""
        return next((i for i, candidate in enumerate(self.candidates) if candidate.action == action), None)


@lru_cache(maxsize=200_000)
def _plain(text: str) -> str:
    """Words of a text between single spaces, so that a phrase is found only at word borders."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def phrase_in(phrase: str, text: str) -> bool:
    """Whether the words of ``phrase`` stand in ``text`` in that order, side by side."""
    words = _plain(phrase)
    return len(words) > 2 and words in _plain(text)


def overlap(instruction: Instruction, terms: frozenset[str]) -> float:
    """Share of the instruction's terms that are in ``terms``."""
    return len(instruction.terms & terms) / len(instruction.terms) if instruction.terms else 0.0


_BUTTON_KINDS: dict[str, CandidateKind] = {
    BACK.lower(): "back",
    NEXT.lower(): "next",
    PREVIOUS.lower(): "prev",
    BUY.lower(): "buy",
}


@dataclass
class Tracker:
    """Follows one episode and turns its pages into states.

    Args:
        queries: the searches the policy may make, as action arguments.
        max_steps: the step limit of the episode.
    """

    queries: Sequence[str]
    max_steps: int
    steps: int = 0
    _taken: set[tuple[str, str, int]] = field(default_factory=set)
    _visits: int = 0
    _memory: dict[str, Memory] = field(default_factory=dict)

    def state(self, page: Page) -> State:
        """The state at ``page``; call it once a step, before :meth:`took`."""
        instruction = parse_instruction(page.instruction)
        if page.kind == "item" and page.product is not None:
            self._memory[page.product.asin] = _look(page.product, instruction)
        return State(
            page=page.kind,
            instruction=instruction,
            candidates=tuple(self._candidates(page)),
            number=page.number,
            title=page.product.title if page.product is not None else "",
            options_chosen=tuple(page.options.values()),
            steps_left=self.max_steps - self.steps,
            looked_at=len(self._memory),
            best_memory=max(self._memory.values(), default=UNSEEN),
            text=observe(page, "text_rich"),
            asin=page.product.asin if page.kind == "item" and page.product is not None else "",
        )

    def took(self, page: Page, action: str) -> None:
        """Note that ``action`` was taken on ``page``."""
        option = item_clickables(page.product).get(action[6:-1]) if page.kind == "item" and page.product else None
        self._taken.add((page.url, action, self._visits if option is not None else 0))
        self._visits += page.kind == "results"
        self.steps += 1

    def _candidates(self, page: Page) -> list[Candidate]:
        if page.kind == "search":
            actions = [f"search[{query}]" for query in self.queries]
            return [
                Candidate(action, "search", text=query, done=(page.url, action, 0) in self._taken)
                for query, action in zip(self.queries, actions, strict=True)
            ]
        found = [self._button(page, text.lower()) for text in page.buttons]
        if page.kind == "results":
            return found + [self._product(page, rank) for rank in range(len(page.products))]
        if page.kind == "item":
            found += self._options(page)
        return found

    def _button(self, page: Page, text: str) -> Candidate:
        action, kind = f"click[{text}]", _BUTTON_KINDS.get(text, "section")
        last = kind == "next" and page.number * PER_PAGE >= page.total
        done = last or (page.url, action, 0) in self._taken
        if kind != "buy" or page.product is None:
            return Candidate(action, kind, done=done)
        return Candidate(
            action,
            kind,
            text=page.product.title,
            price=price_range(page.product.price_tag),
            memory=self._memory[page.product.asin],
        )

    def _product(self, page: Page, rank: int) -> Candidate:
        product = page.products[rank]
        return Candidate(
            f"click[{product.asin.lower()}]",
            "product",
            text=product.title,
            rank=rank,
            price=price_range(product.price_tag),
            done=product.asin in self._memory,
            memory=self._memory.get(product.asin, UNSEEN),
        )

    def _options(self, page: Page) -> list[Candidate]:
        assert page.product is not None
        found = []
        for value, name in item_clickables(page.product).items():
            if name is not None:
                action, chosen = f"click[{value}]", page.options.get(name) == value
                done = (page.url, action, self._visits) in self._taken  # a product opened again starts afresh
                found.append(Candidate(action, "option", text=value, group=name, chosen=chosen, done=done))
        return found


def _look(product: Product, instruction: Instruction) -> Memory:
    """What an item page shows of a product, held against the instruction."""
    options = product.options.values()
    named = sum(any(phrase_in(value, instruction.wish) for value in values) for values in options)
    shown = terms_of(product.title).union(*(terms_of(value) for values in options for value in values))
    return Memory(named / len(options) if options else 1.0, overlap(instruction, shown))
