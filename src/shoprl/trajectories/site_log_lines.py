"""Writes an episode as a session log of WebShop's web site, which :mod:`shoprl.trajectories.site_logs` reads.

A line stands for each page that was shown, as in WebShop's ``user_session_logs/*.jsonl``: ``page``, ``url``, ``goal``,
``content``, and ``reward`` with ``reward_info`` on the last.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from shoprl.shop.goal import Goal
from shoprl.shop.page import PageKind
from shoprl.shop.session import BASE_URL, Session, Shop, parse_action

Line = dict[str, Any]
_KINDS: Mapping[PageKind, str] = {
    "search": "index", "results": "search_results", "item": "item_page", "sub": "item_sub_page", "done": "done"
}  # fmt: skip


def site_log_lines(shop: Shop, goal: Goal, actions: Sequence[str], name: str) -> list[Line]:
    """The log of an episode.

    Args:
        shop: where it happened.
        goal: what the shopper looked for; its fields stand on every line, as in WebShop's logs.
        actions: in WebShop's grammar; those that a page does not take change nothing, and add no line.
        name: of the session, part of every address.
    """
    session, keywords, number = Session(shop, goal, name), list[str](), 1
    lines = [_line(session, goal, keywords, number)]
    for action in actions:
        before = session.page
        session.step(action)
        if session.page is before:
            continue
        kind, argument = parse_action(action)
        if kind == "search" and argument:
            keywords = argument.split(" ")
        if session.page.kind == "results":
            number = session.page.number
        lines.append(_line(session, goal, keywords, number))
    return lines


def _line(session: Session, goal: Goal, keywords: Sequence[str], number: int) -> Line:
    page, product = session.page, session.page.product
    kind, searched, options = _KINDS[page.kind], str(list(keywords)), dict(page.options)
    parts, content = [session.name], Line()
    if page.kind == "results":
        parts += [searched, str(number)]
        content = {"keywords": list(keywords), "search_result_asins": [x.asin for x in page.products], "page": number}
    elif product is not None:
        if page.kind == "done":
            parts += [product.asin, str(options)]
            content = {"asin": product.asin, "options": options, "price": product.price_with(options)}
        else:
            parts += [product.asin, searched, str(number), *([page.section] if page.section else []), str(options)]
            content = {"keywords": searched, "page": str(number), "asin": product.asin, "options": options}
    place = [] if page.kind == "search" else [kind]
    address = "/".join((BASE_URL, *place, *(quote(part, safe="", errors="replace") for part in parts)))
    line: Line = {"page": kind, "url": address, "goal": goal.to_json()}
    if content:
        line["content"] = content
    if session.purchase is not None and page.kind == "done":
        line |= {"reward": float(session.purchase.total), "reward_info": session.purchase.components()}
    return line
