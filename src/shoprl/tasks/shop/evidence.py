"""What an episode has shown, as rows for a network: candidates, then products that were seen.

A row of a product keeps what was read of it: the option values of its page and the words of the sections that were
opened. What no page has shown is not part of it.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz

from shoprl.catalog.colours import COLOURS
from shoprl.catalog.vocabulary.everyday import SIZES
from shoprl.shop.session import MAX_STEPS
from shoprl.tasks.base import Evidence
from shoprl.tasks.instruction import Instruction, ceiling_in, phrase_in, terms_of
from shoprl.tasks.shop.view import Seen, ShopCandidate, ShopView

SOURCES = ("options", "selected", "read")
KINDS = (
    *("search", "back", "next", "prev", "description", "features", "reviews"),
    *("buy", "product", "option", "seen"),
)
PAGES = ("search", "results", "item", "sub")
OF_THE_PAGE = (
    *("steps left", "results page", "products found", "options selected", "options named", "products opened"),
    "options stated",
)
OF_PRODUCTS = (
    *("place", "reciprocal place", "opened", "description read", "features read", "on the current page"),
    *("options fit", "options", "gender matches", "gender differs"),
    *("numbers shared", "numbers extra", "stated options kept", "request covered", "covered less than the best"),
    *("price shown", "ceiling stated", "price under ceiling", "price to ceiling"),
)
OF_TEXTS = (
    *("named share", "covered share", "named word for word", "said in other words", "best of its group"),
    *("fuzzy ratio", "selected", "done before", "group decided", "group named", "group size", "stated as option"),
)
NAMES = (
    *(f"does {kind}" for kind in KINDS),
    *(f"on {page}" for page in PAGES),
    *OF_THE_PAGE,
    *OF_PRODUCTS,
    *OF_TEXTS,
)
COUNT = len(NAMES)

_STATED = re.compile(
    r"\b(?:with|and) (?!with |and )([\w/-]+(?: (?!with |and )[\w/-]+){0,3}): (.{1,200}?)(?=, and [^:,]{1,40}: |$)"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_GENDERS: Mapping[str, frozenset[str]] = {
    "women": terms_of("women woman womens ladies girls female feminine mom mommy wife wives daughter sister bride her"),
    "men": terms_of("men man mens gentlemen boys male masculine dad daddy husband son brother groom him"),
}
_ONE_OF = {kind: tuple(float(kind == other) for other in KINDS) for kind in KINDS}
TIME_TO_LOOK = 7  # steps
# While an item's page is open, and on a page of results; opening a product again there is counted apart.
LOOKING: Mapping[str, Mapping[str, float]] = {
    "item": {"back": 1.0, "prev": 1.0, "section": 0.5},
    "results": {"next": -1.0},
}
REOPENING = -2.0
VAGUE, LACKING = 0.5, 2.5  # times that, where the request states no option; unless all that it states are on the page
_NO_TERMS: tuple[frozenset[str], ...] = (frozenset(),) * len(SOURCES)


@lru_cache(maxsize=50_000)
def genders(text: str) -> frozenset[str]:
    """Whom a text is about: "women", "men", both or neither."""
    terms = terms_of(text)
    return frozenset(name for name, words in _GENDERS.items() if terms & words)


@lru_cache(maxsize=50_000)
def _numbers(text: str) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text))


@lru_cache(maxsize=50_000)
def _ways(value: str) -> tuple[str, ...]:
    """Other words for an option value: people's words for a size, and the plain colours in it."""
    lower = value.lower()
    sizes = [say for size, said in SIZES.items() if size == lower or lower in said for say in (size, *said)]
    sizes = [say for say in sizes if len(say) > 1]  # the "s" of "men's" is no size
    return tuple(dict.fromkeys([*sizes, *(colour for colour in COLOURS if phrase_in(colour, lower))]))


@lru_cache(maxsize=100_000)
def said(value: str, wish: str) -> bool:
    """Whether a wish names an option value in these or in other words."""
    return phrase_in(value, wish) or any(phrase_in(way, wish) for way in _ways(value))


@lru_cache(maxsize=100_000)
def _text_match(instruction: Instruction, text: str) -> tuple[float, float, float, float, float]:
    """Shares named and covered, word for word, in other words, and the fuzzy ratio."""
    terms, wish = terms_of(text), instruction.wish
    shared = len(terms & instruction.terms)
    return (
        shared / len(terms) if terms else 0.0,
        shared / len(instruction.terms) if instruction.terms else 0.0,
        float(phrase_in(text, wish)),
        float(said(text, wish)),
        fuzz.partial_ratio(text.lower(), wish.lower()) / 100,
    )


@lru_cache(maxsize=200_000)
def _product_match(wish: str, title: str) -> tuple[float, float, float, float]:
    """Whether the genders match and differ; shares of the numbers that are shared and that the request lacks."""
    asked, own = genders(wish), genders(title)
    numbers, wanted = _numbers(title), _numbers(wish)
    return (
        float(bool(asked & own)),
        float(bool(asked and own and not asked & own)),
        len(numbers & wanted) / len(wanted) if wanted else 0.0,
        len(numbers - wanted) / len(numbers) if numbers and wanted else 0.0,
    )


@lru_cache(maxsize=50_000)
def _options_fit(wish: str, values: tuple[tuple[str, ...], ...]) -> float:
    """Share of a product's options with a value that the wish names; 1 without options."""
    named = sum(any(said(value, wish) for value in group) for group in values)
    return named / len(values) if values else 1.0


@lru_cache(maxsize=20_000)
def stated(wish: str) -> Mapping[str, str]:
    """Option name -> value, as WebShop's instructions state them: "with color: navy, and size: small"."""
    return {name.lower(): value.strip().lower() for name, value in _STATED.findall(wish)}


@lru_cache(maxsize=50_000)
def _kept(wish: str, options: tuple[tuple[str, ...], ...]) -> float:
    """Share of the options stated that a product has; 1 where none is."""
    asked = stated(wish).values()
    values = {value.lower() for group in options for value in group}
    return sum(value in values for value in asked) / len(asked) if asked else 1.0


def _price(price: tuple[float, float] | None, ceiling: float | None) -> tuple[float, float, float, float]:
    """Whether a price is shown, a ceiling stated, the price below it, and how far."""
    if price is None or ceiling is None:
        return float(price is not None), float(ceiling is not None), 0.0, 0.0
    low, high = price
    under = float(low <= ceiling) - float(high > ceiling)
    return 1.0, 1.0, under, max(-2.0, min(2.0, math.log(max(low, 0.01) / max(ceiling, 0.01))))


@lru_cache(maxsize=50_000)
def _option_terms(values: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset().union(*(terms_of(value) for group in values for value in group))


def _kind(candidate: ShopCandidate) -> str:
    return candidate.action[6:-1] if candidate.kind == "section" else candidate.kind


class _Rows:
    """Makes the rows of one state."""

    def __init__(self, view: ShopView) -> None:
        self._view, self._instruction = view, view.instruction
        self._shared = _of_the_page(view)
        self._selected = frozenset[str]().union(*map(terms_of, view.options_chosen))
        self._coverage = {each.asin: self._covered(each) for each in view.seen}
        self._best = max(self._coverage.values(), default=0.0)
        self._strongest = _strongest(view)
        self._sizes = Counter(candidate.group for candidate in view.candidates)
        self._decided = {candidate.group for candidate in view.candidates if candidate.chosen}

    def _covered(self, seen: Seen) -> float:
        shown = terms_of(seen.title).union(*self.terms(seen))
        asked = self._instruction.terms
        return len(asked & shown) / len(asked) if asked else 0.0

    def terms(self, seen: Seen | None) -> tuple[frozenset[str], ...]:
        """What was read of a product besides its title, by source."""
        if seen is None or not seen.opened:
            return _NO_TERMS
        selected = self._selected if seen.asin == self._view.current else frozenset[str]()
        return _option_terms(tuple(seen.options.values())), selected, seen.terms

    def _product(self, seen: Seen | None, price: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """The numbers of a product; another price than the one that was listed may be given."""
        if seen is None:
            return (0.0,) * len(OF_PRODUCTS)
        wish, groups = self._instruction.wish, tuple(seen.options.values())
        matches, differs, shared, extra = _product_match(wish, seen.title)
        return (
            seen.place / 50,
            1 / (1 + seen.place),
            float(seen.opened),
            float("Description" in seen.read),
            float("Features" in seen.read),
            float(seen.asin == self._view.current),
            _options_fit(wish, groups) if seen.opened else 0.0,
            len(groups) / 3,
            matches,
            differs,
            shared,
            extra,
            _kept(wish, groups) if seen.opened else 0.0,
            self._coverage[seen.asin],
            self._best - self._coverage[seen.asin],
            *(price or _price(seen.price, ceiling_in(self._instruction, seen.currency))),
        )

    def candidate(self, place: int, seen: Seen | None) -> tuple[float, ...]:
        """The numbers of a candidate."""
        own, wish = self._view.candidates[place], self._instruction.wish
        match = _text_match(self._instruction, own.text) if own.text else (0.0,) * 5
        option = own.kind == "option"
        buying = own.kind == "buy"  # the price with the options selected
        price = _price(own.price, ceiling_in(self._instruction, own.currency)) if buying else None
        return (
            *_ONE_OF[_kind(own)],
            *self._shared,
            *self._product(seen, price),
            *match[:4],
            self._strongest[place],
            match[4],
            float(own.chosen),
            float(own.done),
            float(option and own.group in self._decided),
            float(option and phrase_in(own.group, wish)),
            math.log1p(self._sizes[own.group]) / 4 if option else 0.0,
            float(option and stated(wish).get(own.group.lower()) == own.text.lower()),
        )

    def seen(self, each: Seen) -> tuple[float, ...]:
        """The numbers of a product that is no candidate."""
        match = _text_match(self._instruction, each.title)
        return *_ONE_OF["seen"], *self._shared, *self._product(each), *match[:4], 0.0, match[4], *(0.0,) * 6


def evidence(view: ShopView) -> Evidence:
    """The rows of a state: its candidates, then the products seen that are no candidates."""
    rows, seen = _Rows(view), {each.asin: each for each in view.seen}
    products = [seen.get(candidate.asin) if candidate.asin else None for candidate in view.candidates]
    shown = {candidate.asin for candidate in view.candidates}
    others = [each for each in view.seen if each.asin not in shown]
    numbers = [rows.candidate(place, product) for place, product in enumerate(products)]
    numbers += [rows.seen(each) for each in others]
    return Evidence(
        texts=(*(candidate.text for candidate in view.candidates), *(each.title for each in others)),
        terms=tuple(rows.terms(each) for each in (*products, *others)),
        features=np.array(numbers, dtype=np.float32),
        names=(*(candidate.asin for candidate in view.candidates), *(each.asin for each in others)),
        looking=_looking(view),
    )


def _looking(view: ShopView) -> tuple[float, ...] | None:
    """What looks on and what decides early, while there is time to look at another product and to buy it then."""
    weights = LOOKING.get(view.page)
    if weights is None or view.steps_left < TIME_TO_LOOK:
        return None
    wish, current = view.instruction.wish, next((each for each in view.seen if each.asin == view.current), None)
    lacking = current is None or _kept(wish, tuple(current.options.values())) < 1
    times = VAGUE if not stated(wish) else LACKING if lacking else 1.0
    return tuple(
        times * (REOPENING * candidate.done if candidate.kind == "product" else weights.get(candidate.kind, 0.0))
        for candidate in view.candidates
    )


def _of_the_page(view: ShopView) -> tuple[float, ...]:
    values: dict[str, list[str]] = {}
    for candidate in view.candidates:
        if candidate.kind == "option":
            values.setdefault(candidate.group, []).append(candidate.text)
    named = sum(any(said(value, view.instruction.wish) for value in group) for group in values.values())
    return (
        *(float(view.page == page) for page in PAGES),
        min(view.steps_left, MAX_STEPS) / MAX_STEPS,
        (view.number - 1) / 5,
        view.total / 50,
        len(view.options_chosen) / len(values) if values else 1.0,
        named / len(values) if values else 1.0,
        view.looked_at / 5,
        len(stated(view.instruction.wish)) / 3,
    )


def _strongest(view: ShopView) -> list[float]:
    """Whether each candidate is the best named value of its option."""
    strength, best = [], dict[str, float]()
    for candidate in view.candidates:
        match = _text_match(view.instruction, candidate.text) if candidate.kind == "option" else (0.0,) * 5
        strength.append(match[2] * (1 + len(candidate.text) / 100) + match[3] + match[0])
        best[candidate.group] = max(best.get(candidate.group, 0.0), strength[-1])
    return [float(0 < own == best[each.group]) for each, own in zip(view.candidates, strength, strict=True)]
