"""Text renderings of a page, equal to WebShop's observation modes ``text_rich`` and ``text``."""

import json
from collections.abc import Iterator
from typing import Literal

from shoprl.shop.page import BACK, BUY, NEXT, PREVIOUS, SEARCH, SECTIONS, Page

ObservationMode = Literal["text_rich", "text", "url"]
NodeKind = Literal["text", "button", "option", "product"]
Node = tuple[NodeKind, str]

_DONE_TAIL = (
    "attrs", "None", "category", "None", "query", "None", "product category", "None",
    "Target", "asin", "options", "attrs", "price upper", "instuction text", "category", "product category", "query",
    "Goal ", "None", "Reward", "Your score (min 0.0, max 1.0)",
)  # fmt: skip


def _header(page: Page) -> Iterator[Node]:
    yield "text", "Instruction:"
    yield "text", page.instruction
    yield "button", BACK


def _results(page: Page) -> Iterator[Node]:
    yield from _header(page)
    yield "text", f"Page {page.number} (Total results: {page.total})"
    if page.number > 1:
        yield "button", PREVIOUS
    yield "button", NEXT
    for product in page.products:
        yield "product", product.asin
        yield "text", product.title
        yield "text", product.price_tag


def _item(page: Page) -> Iterator[Node]:
    assert page.product is not None
    yield from _header(page)
    yield "button", PREVIOUS
    for name, values in page.product.options.items():
        yield "text", name
        for value in values:
            yield "option", value
    yield "text", page.product.title
    yield "text", f"Price: {page.product.price_tag}"
    yield "text", "Rating: N.A."
    for section in SECTIONS:
        yield "button", section
    yield "button", BUY


def _sub(page: Page) -> Iterator[Node]:
    assert page.product is not None
    yield from _header(page)
    yield "button", PREVIOUS
    if page.section == "Description":
        yield "text", page.product.description
    elif page.section == "Features":
        for bullet in page.product.bullets:
            yield "text", f" {bullet}"


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


def nodes(page: Page) -> Iterator[Node]:
    """The page's visible texts in order, each with what it is; a text that a browser would not show is left out."""
    if page.kind == "search":
        return iter((("text", "WebShop"), ("text", "Instruction: "), ("text", page.instruction), ("button", SEARCH)))
    parts = {"results": _results, "item": _item, "sub": _sub, "done": _done}[page.kind](page)
    return (node for node in parts if node[1] not in ("", "\n"))


def text(page: Page) -> str:
    """WebShop's ``text`` observation: the visible texts joined by ``[SEP]``."""
    return " [SEP] ".join(node[1].strip() for node in nodes(page))


def text_rich(page: Page) -> str:
    """WebShop's ``text_rich`` observation: one line a text, buttons and clicked options marked."""
    clicked, lines = [], []
    for kind, content in nodes(page):
        if kind == "button":
            lines.append(f"[button] {content} [button_]\n")
        elif kind == "option" and f'"{content}"' in page.url:
            clicked.append(f"You have clicked {content}.\n")
            lines.append(f"  [clicked button] {content} [clicked button_]\n")
        elif kind == "option":
            lines.append(f"  [button] {content} [button_]\n")
        elif kind == "product":
            mark = "clicked button" if content in page.visited else "button"
            lines.append(f"\n[{mark}] {content} [{mark}_]\n")
        else:
            lines.append(f"{content}\n")
    return "".join(clicked[::-1] + lines)


def observe(page: Page, mode: ObservationMode) -> str:
    """The observation of ``page`` in a mode."""
    if mode == "url":
        return page.url
    return text_rich(page) if mode == "text_rich" else text(page)
