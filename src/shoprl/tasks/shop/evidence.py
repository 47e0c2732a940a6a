"""What an episode has shown, as rows for a network: candidates, then products that were seen.

A row of a product keeps what was read of it: the option values of its page and the words of the sections that were
opened. What no page has shown is not part of it.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
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
TIME_TO_LOOK = 7  # steps
# While an item's page is open, and on a page of results; opening a product again there is counted apart.
LOOKING: Mapping[str, Mapping[str, float]] = {
    "item": {"back": 1.0, "prev": 1.0, "section": 0.5},
    "results": {"next": -1.0},
}
REOPENING = -2.0
VAGUE, LACKING = 0.5, 2.5  # times that, where the request states no option; unless all that it states are on the page
_NO_TERMS: tuple[frozenset[str], ...] = (frozenset(),) * len(SOURCES)


@lru_cache(maxsize=20_000)
def genders(text: str) -> frozenset[str]:
    """Whom a text is about: "women", "men", both or neither."""
    terms = terms_of(text)
    return frozenset(name for name, words in _GENDERS.items() if terms & words)


@lru_cache(maxsize=20_000)
def _numbers(text: str) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text))


@lru_cache(maxsize=20_000)
def _ways(value: str) -> tuple[str, ...]:
    """Other words for an option value: people's words for a size, and the plain colours in it."""
    lower = value.lower()
    sizes = [say for size, said in SIZES.items() if size == lower or lower in said for say in (size, *said)]
    sizes = [say for say in sizes if len(say) > 1]  # the "s" of "men's" is no size
    return tuple(dict.fromkeys([*sizes, *(colour for colour in COLOURS if phrase_in(colour, lower))]))


@lru_cache(maxsize=20_000)
def said(value: str, wish: str) -> bool:
    """Whether a wish names an option value in these or in other words."""
    return phrase_in(value, wish) or any(phrase_in(way, wish) for way in _ways(value))


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


@lru_cache(maxsize=20_000)
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


@lru_cache(maxsize=20_000)
def _options_fit(wish: str, values: tuple[tuple[str, ...], ...]) -> float:
    """Share of a product's options with a value that the wish names; 1 without options."""
    named = sum(any(said(value, wish) for value in group) for group in values)
    return named / len(values) if values else 1.0


@lru_cache(maxsize=20_000)
def stated(wish: str) -> Mapping[str, str]:
    """Option name -> value, as WebShop's instructions state them: "with color: navy, and size: small"."""
    return {name.lower(): value.strip().lower() for name, value in _STATED.findall(wish)}


@lru_cache(maxsize=20_000)
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


@lru_cache(maxsize=20_000)
def _option_terms(values: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset().union(*(terms_of(value) for group in values for value in group))


def _kind(candidate: ShopCandidate) -> str:
    return candidate.action[6:-1] if candidate.kind == "section" else candidate.kind


def _covered(instruction: Instruction, shown: frozenset[str]) -> float:
    asked = instruction.terms
    return len(asked & shown) / len(asked) if asked else 0.0


class _Product(NamedTuple):
    """What the rows of a product have in every state.

    Attributes:
        numbers: :data:`OF_PRODUCTS` as bytes in float32, without what depends on the page.
        covered: share of the request that what was read covers, no option being selected.
        terms: what was read of it besides its title, by source, no option being selected.
    """

    numbers: bytes
    covered: float
    terms: tuple[frozenset[str], ...]


_NO_PRODUCT = _Product(bytes(4 * len(OF_PRODUCTS)), 0.0, _NO_TERMS)


@lru_cache(maxsize=20_000)
def _product(instruction: Instruction, seen: Seen) -> _Product:
    wish, groups = instruction.wish, tuple(seen.options.values())
    matches, differs, shared, extra = _product_match(wish, seen.title)
    terms = (_option_terms(groups), frozenset[str](), seen.terms) if seen.opened else _NO_TERMS
    covered = _covered(instruction, terms_of(seen.title).union(*terms))
    numbers = (
        seen.place / 50,
        1 / (1 + seen.place),
        float(seen.opened),
        float("Description" in seen.read),
        float("Features" in seen.read),
        0.0,  # on the current page
        _options_fit(wish, groups) if seen.opened else 0.0,
        len(groups) / 3,
        matches,
        differs,
        shared,
        extra,
        _kept(wish, groups) if seen.opened else 0.0,
        covered,
        0.0,  # less than the best
        *_price(seen.price, ceiling_in(instruction, seen.currency)),
    )
    return _Product(_as_bytes(numbers), covered, terms)


class _Text(NamedTuple):
    """What the rows of a text have in every state.

    Attributes:
        numbers: :data:`OF_TEXTS` as bytes in float32, without what depends on the page.
        strength: how well it names the value of an option.
    """

    numbers: bytes
    strength: float


_NAMED, _STATED_SO = OF_TEXTS.index("group named"), OF_TEXTS.index("stated as option")
_NO_TEXT = _Text(bytes(4 * len(OF_TEXTS)), 0.0)


@lru_cache(maxsize=20_000)
def _text(instruction: Instruction, text: str, group: str | None) -> _Text:
    """Of a value of an option, the group is its option."""
    match = _text_match(instruction, text) if text else (0.0,) * 5
    numbers = [*match[:4], 0.0, match[4], *(0.0,) * 6]
    if group is None:
        return _Text(_as_bytes(numbers), 0.0)
    numbers[_NAMED] = float(phrase_in(group, instruction.wish))
    numbers[_STATED_SO] = float(stated(instruction.wish).get(group.lower()) == text.lower())
    return _Text(_as_bytes(numbers), match[2] * (1 + len(text) / 100) + match[3] + match[0])


def _as_bytes(numbers: Sequence[float]) -> bytes:
    return np.array(numbers, dtype=np.float32).tobytes()


OF_REQUESTS = (said, _product_match, _options_fit, stated, _kept, _product, _text)
"""What remembers requests: a process that meets each of them once clears these."""

_KIND = {kind: _as_bytes([float(each == kind) for each in KINDS]) for kind in KINDS}
_PLACE = {name: place for place, name in enumerate(NAMES)}
_PRICES = slice(_PLACE["price shown"], _PLACE["price to ceiling"] + 1)


def evidence(view: ShopView) -> Evidence:
    """The rows of a state: its candidates, then the products seen that are no candidates."""
    candidates, seen = view.candidates, {each.asin: each for each in view.seen}
    known = {asin: _product(view.instruction, each) for asin, each in seen.items()}
    if view.current in known and view.options_chosen:
        known[view.current] = _with_options(view, seen[view.current], known[view.current])
    shown = {candidate.asin for candidate in candidates}
    others = [each for each in view.seen if each.asin not in shown]
    rows = [*(seen.get(candidate.asin) for candidate in candidates), *others]
    products = [_NO_PRODUCT if each is None else known[each.asin] for each in rows]
    best = max((each.covered for each in known.values()), default=0.0)
    return Evidence(
        texts=(*(candidate.text for candidate in candidates), *(each.title for each in others)),
        terms=tuple([each.terms for each in products]),
        features=_numbers_of(view, rows, products, best),
        names=(*(candidate.asin for candidate in candidates), *(each.asin for each in others)),
        looking=_looking(view),
    )


def _with_options(view: ShopView, seen: Seen, known: _Product) -> _Product:
    """A product on whose page options are selected."""
    if not seen.opened:
        return known
    selected = frozenset[str]().union(*map(terms_of, view.options_chosen))
    terms = (known.terms[0], selected, known.terms[2])
    return _Product(known.numbers, _covered(view.instruction, terms_of(seen.title).union(*terms)), terms)


def _numbers_of(
    view: ShopView, rows: Sequence[Seen | None], products: Sequence[_Product], best: float
) -> NDArray[np.float32]:
    """The numbers of rows: what they have in every state, then what depends on this one."""
    instruction, candidates, count = view.instruction, view.candidates, len(view.candidates)
    texts = [
        _text(instruction, own.text, own.group if own.kind == "option" else None)
        if own.text or own.kind == "option"
        else _NO_TEXT
        for own in candidates
    ]
    texts += [_text(instruction, each.title, None) for each in rows[count:] if each is not None]
    kinds = [_KIND[_kind(own)] for own in candidates] + [_KIND["seen"]] * (len(rows) - count)
    page, both = _as_bytes(_of_the_page(view)), zip(kinds, products, texts, strict=True)
    parts = [part for kind, own, text in both for part in (kind, page, own.numbers, text.numbers)]
    numbers = np.frombuffer(bytearray(b"".join(parts)), dtype=np.float32).reshape(len(rows), COUNT)
    covered = np.array([own.covered for own in products])
    numbers[:, _PLACE["request covered"]] = covered
    less = [0.0 if each is None else best for each in rows] - covered
    numbers[:, _PLACE["covered less than the best"]] = less
    numbers[:count, _PLACE["selected"]] = [own.chosen for own in candidates]
    numbers[:count, _PLACE["done before"]] = [own.done for own in candidates]
    for place, (own, each) in enumerate(zip(candidates, rows, strict=False)):
        if own.kind == "buy" and each is not None:  # the price with the options selected
            numbers[place, _PRICES] = _price(own.price, ceiling_in(instruction, own.currency))
    if view.current:
        numbers[[each is not None and each.asin == view.current for each in rows], _PLACE["on the current page"]] = 1.0
    if view.page == "item":
        _of_options(view, numbers, [text.strength for text in texts[:count]])
    return numbers


def _of_options(view: ShopView, numbers: NDArray[np.float32], strength: Sequence[float]) -> None:
    """Fill in how the values of options stand among those of their option."""
    options = [(place, own.group) for place, own in enumerate(view.candidates) if own.kind == "option"]
    sizes, decided = Counter(group for _, group in options), {own.group for own in view.candidates if own.chosen}
    best = dict.fromkeys(sizes, 0.0)
    for place, group in options:
        best[group] = max(best[group], strength[place])
    for place, group in options:
        numbers[place, _PLACE["best of its group"]] = 0 < strength[place] == best[group]
        numbers[place, _PLACE["group decided"]] = group in decided
        numbers[place, _PLACE["group size"]] = math.log1p(sizes[group]) / 4


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
    return (
        *(float(view.page == page) for page in PAGES),
        min(view.steps_left, MAX_STEPS) / MAX_STEPS,
        (view.number - 1) / 5,
        view.total / 50,
        len(view.options_chosen) / len(values) if values else 1.0,
        _options_fit(view.instruction.wish, tuple(map(tuple, values.values()))),
        view.looked_at / 5,
        len(stated(view.instruction.wish)) / 3,
    )
