"""What an episode has shown, as rows for a network: candidates, then products that were seen.

A row of a product keeps what was read of it: the option values of its page and the words of the sections that were
opened. What no page has shown is not part of it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz

from shoprl.catalog.colours import COLOURS
from shoprl.catalog.vocabulary.everyday import SIZES
from shoprl.tasks.base import Evidence
from shoprl.tasks.instruction import Instruction, ceiling_in, phrase_in, terms_of
from shoprl.tasks.shop.view import Seen, ShopCandidate, ShopView

SOURCES = ("options", "selected", "read")
KINDS = (
    *("search", "back", "next", "prev", "description", "features", "reviews"),
    *("buy", "product", "option", "seen"),
)
PAGES = ("search", "results", "item", "sub")
OF_THE_PAGE = ("steps left", "results page", "products found", "options selected", "options named", "products opened")
OF_PRODUCTS = (
    *("place", "reciprocal place", "opened", "description read", "features read", "on the current page"),
    *("options fit", "options", "gender matches", "gender differs"),
    *("price shown", "ceiling stated", "price under ceiling", "price to ceiling", "numbers shared", "numbers extra"),
)
OF_TEXTS = (
    *("named share", "covered share", "named word for word", "said in other words", "best of its group"),
    *("fuzzy ratio", "selected", "done before", "group decided", "group named", "group size"),
)
NAMES = (
    *(f"does {kind}" for kind in KINDS),
    *(f"on {page}" for page in PAGES),
    *OF_THE_PAGE,
    *OF_PRODUCTS,
    *OF_TEXTS,
)
COUNT = len(NAMES)

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_GENDERS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "women": "women woman womens ladi girl femal her mother mom wife bride lady",
        "men": "men man mens boy male his father dad husband groom",
    }.items()
}
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


@lru_cache(maxsize=500_000)
def said(value: str, wish: str) -> bool:
    """Whether a wish names an option value in these or in other words."""
    return phrase_in(value, wish) or any(phrase_in(way, wish) for way in _ways(value))


@lru_cache(maxsize=500_000)
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


def _price(price: tuple[float, float] | None, ceiling: float | None) -> tuple[float, float, float, float]:
    """Whether a price is shown, a ceiling stated, the price below it, and how far."""
    if price is None or ceiling is None:
        return float(price is not None), float(ceiling is not None), 0.0, 0.0
    low, high = price
    under = float(low <= ceiling) - float(high > ceiling)
    return 1.0, 1.0, under, max(-2.0, min(2.0, math.log(max(low, 0.01) / max(ceiling, 0.01))))


def _of_product(seen: Seen | None, instruction: Instruction, current: str) -> tuple[float, ...]:
    if seen is None:
        return (0.0,) * len(OF_PRODUCTS)
    matches, differs, shared, extra = _product_match(instruction.wish, seen.title)
    groups = tuple(seen.options.values())
    return (
        seen.place / 50,
        1 / (1 + seen.place),
        float(seen.opened),
        float("Description" in seen.read),
        float("Features" in seen.read),
        float(seen.asin == current),
        _options_fit(instruction.wish, groups) if seen.opened else 0.0,
        len(groups) / 3,
        matches,
        differs,
        *_price(seen.price, ceiling_in(instruction, seen.currency)),
        shared,
        extra,
    )


@lru_cache(maxsize=50_000)
def _option_terms(values: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset().union(*(terms_of(value) for group in values for value in group))


def _terms(seen: Seen | None, current: str, selected: frozenset[str]) -> tuple[frozenset[str], ...]:
    if seen is None or not seen.opened:
        return _NO_TERMS
    own = selected if seen.asin == current else frozenset()
    return _option_terms(tuple(seen.options.values())), own, seen.terms


def _kind(candidate: ShopCandidate) -> str:
    return candidate.action[6:-1] if candidate.kind == "section" else candidate.kind


def _of_the_page(view: ShopView) -> tuple[float, ...]:
    values: dict[str, list[str]] = {}
    for candidate in view.candidates:
        if candidate.kind == "option":
            values.setdefault(candidate.group, []).append(candidate.text)
    named = sum(any(said(value, view.instruction.wish) for value in group) for group in values.values())
    return (
        *(float(view.page == page) for page in PAGES),
        view.steps_left / 15,
        (view.number - 1) / 5,
        view.total / 50,
        len(view.options_chosen) / len(values) if values else 1.0,
        named / len(values) if values else 1.0,
        view.looked_at / 5,
    )


def _strongest(view: ShopView, matches: Sequence[tuple[float, ...]]) -> list[float]:
    """Whether each candidate is the best named value of its option."""
    strength = [m[2] * (1 + len(c.text) / 100) + m[3] + m[0] for c, m in zip(view.candidates, matches, strict=True)]
    best: dict[str, float] = {}
    for candidate, value in zip(view.candidates, strength, strict=True):
        if candidate.kind == "option":
            best[candidate.group] = max(best.get(candidate.group, 0.0), value)
    return [
        float(c.kind == "option" and value > 0 and value == best[c.group])
        for c, value in zip(view.candidates, strength, strict=True)
    ]


def evidence(view: ShopView) -> Evidence:
    """The rows of a state: its candidates, then the products seen that are no candidates."""
    instruction, seen = view.instruction, {each.asin: each for each in view.seen}
    shared, current = _of_the_page(view), view.current
    selected = frozenset().union(*map(terms_of, view.options_chosen)) if view.options_chosen else frozenset()
    none = (0.0,) * 5
    matches = [_text_match(instruction, c.text) if c.text else none for c in view.candidates]
    best = _strongest(view, matches)
    sizes: dict[str, int] = {}
    for candidate in view.candidates:
        sizes[candidate.group] = sizes.get(candidate.group, 0) + 1
    decided = {candidate.group for candidate in view.candidates if candidate.chosen}
    rows, terms, shown = [], [], set()
    for candidate, match, strongest in zip(view.candidates, matches, best, strict=True):
        product = seen.get(candidate.asin) if candidate.asin else None
        own = _kind(candidate)
        option = candidate.kind == "option"
        if candidate.asin:
            shown.add(candidate.asin)
        of_product = _of_product(product, instruction, current)
        if candidate.kind == "buy":  # the price with the options selected
            of_product = (
                *of_product[:10],
                *_price(candidate.price, ceiling_in(instruction, candidate.currency)),
                *of_product[14:],
            )
        rows.append(
            (
                *(float(own == kind) for kind in KINDS),
                *shared,
                *of_product,
                *match[:4],
                strongest,
                match[4],
                float(candidate.chosen),
                float(candidate.done),
                float(option and candidate.group in decided),
                float(option and phrase_in(candidate.group, instruction.wish)),
                math.log1p(sizes[candidate.group]) / 4 if option else 0.0,
            )
        )
        terms.append(_terms(product, current, selected))
    others = [each for each in view.seen if each.asin not in shown]
    for each in others:
        match = _text_match(instruction, each.title)
        rows.append(
            (
                *(float(kind == "seen") for kind in KINDS),
                *shared,
                *_of_product(each, instruction, current),
                *match[:4],
                0.0,
                match[4],
                *(0.0,) * 5,
            )
        )
        terms.append(_terms(each, current, selected))
    return Evidence(
        texts=(*(candidate.text for candidate in view.candidates), *(each.title for each in others)),
        terms=tuple(terms),
        features=np.array(rows, dtype=np.float32),
        names=(*(candidate.asin for candidate in view.candidates), *(each.asin for each in others)),
    )
