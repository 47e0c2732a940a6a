"""Text renderings of a page, equal to WebShop's observation modes ``text_rich`` and ``text``."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from shoprl.catalog.product import Product
from shoprl.shop.page import (
    BACK,
    BUY,
    NEXT,
    PREVIOUS,
    PRICE_UNKNOWN,
    SEARCH,
    SECTIONS,
    Page,
    PageKind,
    price_shown,
    rating_shown,
)  # fmt: skip

ObservationMode = Literal["text_rich", "text", "html", "url"]
NodeKind = Literal["text", "button", "option", "product"]
Node = tuple[NodeKind, str]

_DONE_TAIL = (
    "attrs", "None", "category", "None", "query", "None", "product category", "None",
    "Target", "asin", "options", "attrs", "price upper", "instuction text", "category", "product category", "query",
    "Goal ", "None", "Reward", "Your score (min 0.0, max 1.0)",
)  # fmt: skip


def _header(instruction: str) -> Iterator[Node]:
    yield "text", "Instruction:"
    yield "text", instruction
    yield "button", BACK


def _search(instruction: str) -> Iterator[Node]:
    yield "text", "WebShop"
    yield "text", "Instruction: "
    yield "text", instruction
    yield "button", SEARCH


def _pager(number: int, total: int) -> Iterator[Node]:
    yield "text", f"Page {number} (Total results: {total})"
    if number > 1:
        yield "button", PREVIOUS
    yield "button", NEXT


def _row(product: Product) -> Iterator[Node]:
    yield "product", product.asin
    yield "text", product.title
    yield "text", product.price_tag or PRICE_UNKNOWN


def _results(page: Page) -> Iterator[Node]:
    yield from _header(page.instruction)
    yield from _pager(page.number, page.total)
    for product in page.products:
        yield from _row(product)


def _details(product: Product, chosen: Mapping[str, str]) -> Iterator[Node]:
    yield "button", PREVIOUS
    for name, values in product.options.items():
        yield "text", name
        for value in values:
            yield "option", value
    yield "text", product.title
    yield "text", f"Price: {price_shown(product, chosen)}"
    yield "text", f"Rating: {rating_shown(product)}"
    for section in SECTIONS:
        yield "button", section
    yield "button", BUY


def _item(page: Page) -> Iterator[Node]:
    assert page.product is not None
    yield from _header(page.instruction)
    yield from _details(page.product, page.options)


def _section(product: Product, section: str) -> Iterator[Node]:
    yield "button", PREVIOUS
    if section == "Description":
        yield "text", product.description
    elif section == "Features":
        for bullet in product.bullets:
            yield "text", f" {bullet}"


def _sub(page: Page) -> Iterator[Node]:
    assert page.product is not None
    yield from _header(page.instruction)
    yield from _section(page.product, page.section)


def _done(page: Page) -> Iterator[Node]:
    assert page.product is not None
    options = json.dumps(dict(page.options), sort_keys=True)
    for char in "<>&'":  # WebShop's template engine writes these as escapes
        options = options.replace(char, f"\\u{ord(char):04x}")
    texts = ("Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)")
    for text in (*texts, "Purchased", "asin", page.product.asin, "options", options, *_DONE_TAIL, str(page.reward)):
        yield "text", text
    yield "text", "Reward Details "
    yield "text", "None"


_NODES: Mapping[PageKind, Callable[[Page], Iterator[Node]]] = {
    "search": lambda page: _search(page.instruction), "results": _results, "item": _item, "sub": _sub, "done": _done
}  # fmt: skip
_HIDDEN = ("", "\n")


def _shown(page_nodes: Iterable[Node]) -> Iterator[Node]:
    """Leave out texts that a browser would not show."""
    return (node for node in page_nodes if node[1] not in _HIDDEN)


def nodes(page: Page) -> Iterator[Node]:
    """The page's visible texts in order, each with what it is; a text that a browser would not show is left out."""
    return _shown(_NODES[page.kind](page))


def text(page: Page) -> str:
    """WebShop's ``text`` observation: the visible texts joined by ``[SEP]``."""
    return " [SEP] ".join(node[1].strip() for node in nodes(page))


_BEFORE = {"product": "\n", "option": "  ", "button": ""}


def _line(kind: NodeKind, content: str, clicked: bool = False) -> str:
    """A line of ``text_rich``."""
    if kind == "text":
        return f"{content}\n"
    mark = "clicked button" if clicked else "button"
    return f"{_BEFORE[kind]}[{mark}] {content} [{mark}_]\n"


def _rich(page_nodes: Iterable[Node], visited: bool = False) -> str:
    return "".join(
        [
            f"{content}\n"
            if kind == "text"
            else _line(kind, content, visited)  # inlined: most lines are texts, and a call would double their cost
            for kind, content in page_nodes
            if content not in _HIDDEN
        ]
    )


@lru_cache(maxsize=1_000)
def _rich_header(instruction: str) -> str:
    return _rich(_header(instruction))


@lru_cache(maxsize=1_000)
def _rich_pager(number: int, total: int) -> str:
    return _rich(_pager(number, total))


@lru_cache(maxsize=4_000)
def _rich_row(product: Product, visited: bool) -> str:
    return _rich(_row(product), visited)


class _Details(NamedTuple):
    """The part of an item page that is its product's.

    Attributes:
        text, lines: with no option clicked, as one text and line by line.
        price: the line of the price.
        places: option value -> the lines it stands on.
        odd: the values that hold quotation marks.
    """

    text: str
    lines: tuple[str, ...]
    price: int
    places: dict[str, list[int]]
    odd: tuple[str, ...]


@lru_cache(maxsize=3_000)
def _rich_details(product: Product) -> _Details:
    shown = tuple(_shown(_details(product, {})))
    lines, places = tuple(_line(*node) for node in shown), defaultdict(list)
    price = len(shown) - 2 - len(SECTIONS) - 1  # price, rating, sections and the last button end the page
    for place, (kind, content) in enumerate(shown):
        if kind == "option":
            places[content].append(place)
    return _Details("".join(lines), lines, price, dict(places), tuple(value for value in places if '"' in value))


def _rich_item(page: Page, product: Product) -> str:
    details = _rich_details(product)
    header = _rich_header(page.instruction)
    if '"' not in page.url:  # no option is clicked
        return header + details.text
    # The clicked options are those that the address holds between quotation marks.
    values = [value for value in set(page.url.split('"')[1:-1]) if value in details.places]
    values += [value for value in details.odd if f'"{value}"' in page.url]
    notes, lines = [], list(details.lines)
    clicked = [(place, value) for value in values for place in details.places[value]]
    for place, value in sorted(clicked):
        notes.append(f"You have clicked {value}.\n")
        lines[place] = _line("option", value, clicked=True)
    if product.variants:
        lines[details.price] = _line("text", f"Price: {price_shown(product, page.options)}")
    return "".join((*reversed(notes), header, *lines))


@lru_cache(maxsize=1_000)
def _rich_search(instruction: str) -> str:
    return _rich(_search(instruction))


@lru_cache(maxsize=2_000)
def _rich_section(product: Product, section: str) -> str:
    return _rich(_section(product, section))


def text_rich(page: Page) -> str:
    """WebShop's ``text_rich`` observation: one line a text, buttons and clicked options marked."""
    if page.kind == "results":
        rows = [_rich_row(product, product.asin in page.visited) for product in page.products]
        return "".join((_rich_header(page.instruction), _rich_pager(page.number, page.total), *rows))
    if page.kind == "item" and page.product is not None:
        return _rich_item(page, page.product)
    if page.kind == "sub" and page.product is not None:
        return _rich_header(page.instruction) + _rich_section(page.product, page.section)
    return _rich_search(page.instruction) if page.kind == "search" else _rich(_NODES[page.kind](page))


def url(page: Page) -> str:
    """WebShop's ``url`` observation: the address alone."""
    return page.url


def _html(page: Page) -> str:
    from shoprl.shop.html import html  # imports a template engine, which text modes do not need

    return html(page)


OBSERVERS: Mapping[ObservationMode, Callable[[Page], str]] = {
    "text_rich": text_rich, "text": text, "html": _html, "url": url
}  # fmt: skip


def observe(page: Page, mode: ObservationMode) -> str:
    """The observation of ``page`` in a mode."""
    return OBSERVERS[mode](page)
