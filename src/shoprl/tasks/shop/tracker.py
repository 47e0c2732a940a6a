"""Builds the states of an episode from its pages and its history."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from shoprl.catalog.product import Product
from shoprl.search.analysis import analyze
from shoprl.shop.page import BACK, BUY, NEXT, PREVIOUS, Page, item_clickables
from shoprl.shop.render import observe
from shoprl.shop.session import PER_PAGE
from shoprl.tasks.instruction import overlap, parse_instruction, phrase_in, terms_of
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.view import UNSEEN, CandidateKind, Memory, Seen, ShopCandidate

REMEMBERED = 12  # products opened before that are not on the last results page, at most
_AMOUNT = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@lru_cache(maxsize=50_000)
def price_range(tag: str) -> tuple[float, float] | None:
    """Lowest and highest price of a price tag as pages show it; None where it shows none."""
    prices = [float(digits) for digits in _AMOUNT.findall(tag)]
    return (min(prices), max(prices)) if prices else None


_BUTTON_KINDS: dict[str, CandidateKind] = {
    BACK.lower(): "back",
    NEXT.lower(): "next",
    PREVIOUS.lower(): "prev",
    BUY.lower(): "buy",
}


@lru_cache(maxsize=8_000)
def section_terms(text: str) -> frozenset[str]:
    """The search terms of a paragraph of a section."""
    return frozenset(analyze(text))


# Episodes share what they have seen, so that telling it apart costs nothing.
@lru_cache(maxsize=20_000)
def _listed(product: Product, place: int) -> Seen:
    """A product as a results page shows it."""
    return Seen(product.asin, product.title, price_range(product.price_tag), product.currency, place)


@lru_cache(maxsize=20_000)
def _opened(seen: Seen, product: Product) -> Seen:
    """The same once its item page was shown."""
    return replace(seen, opened=True, options=product.options)


@lru_cache(maxsize=20_000)
def _read(seen: Seen, product: Product, section: str) -> Seen:
    """The same once a section of its was shown."""
    shown = {"Description": (product.description,), "Features": product.bullets}.get(section, ())
    return replace(seen, read=seen.read | {section}, terms=seen.terms.union(*map(section_terms, shown)))


@lru_cache(maxsize=20_000)
def _control(text: str, kind: CandidateKind, done: bool) -> ShopCandidate:
    """A button that shows nothing but its name."""
    return ShopCandidate(f"click[{text}]", kind, done=done)


@lru_cache(maxsize=20_000)
def _result(product: Product, rank: int, done: bool, memory: Memory) -> ShopCandidate:
    """A product on a results page."""
    return ShopCandidate(
        f"click[{product.asin.lower()}]",
        "product",
        text=product.title,
        rank=rank,
        price=price_range(product.price_tag),
        done=done,
        memory=memory,
        asin=product.asin,
        currency=product.currency,
    )


@lru_cache(maxsize=20_000)
def _value(value: str, name: str, chosen: bool, done: bool) -> ShopCandidate:
    """A value of an option."""
    return ShopCandidate(f"click[{value}]", "option", text=value, group=name, chosen=chosen, done=done)


OF_EPISODES = (_listed, _opened, _read, _control, _result, _value)
"""What remembers what episodes have seen: a process whose episodes have little in common clears these."""


@dataclass
class Tracker:
    """Keeps the history of one episode and turns its pages into states.

    Args:
        queries: the available searches, as action arguments.
        max_steps: the step limit of the episode.
    """

    queries: Sequence[str]
    max_steps: int
    steps: int = 0
    _taken: set[tuple[str, str, int]] = field(default_factory=set)
    _visits: int = 0
    _memory: dict[str, Memory] = field(default_factory=dict)
    _seen: dict[str, Seen] = field(default_factory=dict)
    _listed: tuple[str, ...] = ()  # on the last results page
    _looked_at: tuple[Product, ...] | None = None  # the same

    def state(self, page: Page) -> ShopState:
        """The state at ``page``, before :meth:`took`."""
        instruction = parse_instruction(page.instruction)
        self._look(page)
        return ShopState(
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
            url=page.url,
            seen=self._remembered(),
            current=page.product.asin if page.product is not None else "",
            total=page.total,
        )

    def _remembered(self) -> tuple[Seen, ...]:
        """The products of the last results page, and those opened before; of many the last ones opened."""
        opened = [asin for asin, seen in self._seen.items() if seen.opened and asin not in self._listed]
        return tuple(self._seen[asin] for asin in (*self._listed, *opened[-REMEMBERED:]))

    def took(self, page: Page, action: str) -> None:
        """Record that ``action`` was taken on ``page``, whose state need not have been asked for."""
        self._look(page)
        option = item_clickables(page.product).get(action[6:-1]) if page.kind == "item" and page.product else None
        self._taken.add((page.url, action, self._visits if option is not None else 0))
        self._visits += page.kind == "results"
        self.steps += 1

    def _look(self, page: Page) -> None:
        """Remember what a page shows of products, and how well that of an item page matches the instruction."""
        product = page.product
        if page.kind == "results":
            if page.products is self._looked_at:
                return
            self._looked_at = page.products
            self._listed = tuple(each.asin for each in page.products)
            for rank, each in enumerate(page.products):
                if each.asin not in self._seen:
                    self._seen[each.asin] = _listed(each, (page.number - 1) * PER_PAGE + rank)
        elif product is not None and page.kind in ("item", "sub"):
            self._open(product, page.section if page.kind == "sub" else "")
        if page.kind == "item" and product is not None and product.asin not in self._memory:
            instruction, options = parse_instruction(page.instruction), product.options.values()
            named = sum(any(phrase_in(value, instruction.wish) for value in values) for values in options)
            shown = terms_of(product.title).union(*(terms_of(value) for values in options for value in values))
            fit = named / len(options) if options else 1.0
            self._memory[product.asin] = Memory(fit, overlap(instruction, shown))

    def _open(self, product: Product, section: str) -> None:
        """Remember what the item page of a product, or one of its sections, shows."""
        seen = self._seen.get(product.asin) or _listed(product, 0)
        if not seen.opened:
            seen = _opened(seen, product)
            self._seen.pop(product.asin, None)  # products opened stand in the order in which they were
        if section and section not in seen.read:
            seen = _read(seen, product, section)
        self._seen[product.asin] = seen

    def _candidates(self, page: Page) -> list[ShopCandidate]:
        if page.kind == "search":
            actions = [f"search[{query}]" for query in self.queries]
            return [
                ShopCandidate(action, "search", text=query, done=(page.url, action, 0) in self._taken)
                for query, action in zip(self.queries, actions, strict=True)
            ]
        candidates = [self._button(page, text.lower()) for text in page.buttons]
        if page.kind == "results":
            return candidates + [self._product(page, rank) for rank in range(len(page.products))]
        if page.kind == "item":
            candidates += self._options(page)
        return candidates

    def _button(self, page: Page, text: str) -> ShopCandidate:
        action, kind = f"click[{text}]", _BUTTON_KINDS.get(text, "section")
        last = kind == "next" and page.number * PER_PAGE >= page.total
        done = last or (page.url, action, 0) in self._taken
        if kind != "buy" or page.product is None:
            return _control(text, kind, done)
        return ShopCandidate(
            action,
            kind,
            text=page.product.title,
            price=price_range(page.product.price_tag_with(page.options)),
            memory=self._memory[page.product.asin],
            asin=page.product.asin,
            currency=page.product.currency,
        )

    def _product(self, page: Page, rank: int) -> ShopCandidate:
        product = page.products[rank]
        memory = self._memory.get(product.asin)
        return _result(product, rank, memory is not None, memory or UNSEEN)

    def _options(self, page: Page) -> list[ShopCandidate]:
        assert page.product is not None
        candidates = []
        for value, name in item_clickables(page.product).items():
            if name is not None:
                # Opening a product again resets its options.
                done = (page.url, f"click[{value}]", self._visits) in self._taken
                candidates.append(_value(value, name, page.options.get(name) == value, done))
        return candidates
