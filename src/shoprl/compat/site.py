"""WebShop's site at WebShop's addresses, for its clients and for people's browsers. Needs the extra ``serve``.

Every page follows from its address alone: a session is a name, its goal is the one that the name says or that is drawn
from it, and nothing is kept between requests.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from urllib.parse import quote

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from shoprl.catalog.product import Product
from shoprl.compat.legacy_server import LegacyServer
from shoprl.compat.literals import read_dict, read_list
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.goal import Goal
from shoprl.shop.html import html
from shoprl.shop.page import BACK, BUY, NEXT, PREVIOUS, SECTIONS, Page
from shoprl.shop.reward import reward
from shoprl.shop.session import MAX_ACTION, Found

PREFIX = "/site"
MAX_NAME = 100  # characters of a session's name
HEADERS = {"Content-Security-Policy": "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'"}
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
# Keywords and the names of options may hold slashes, so that the end of an address is found by what stands there.
_ITEM = re.compile(r"(.*?)/(\d{1,9})/(\{.*)", re.DOTALL | re.ASCII)
_SUB = re.compile(r"(.*?)/(\d{1,9})/([A-Za-z]{1,20})/(\{.*)", re.DOTALL | re.ASCII)


class Site:
    """The pages.

    The forms and links of a page lead to its own address with ``?search=...`` or ``?click=...``, and from there to the
    page that follows.

    Args:
        server: the shop and its goals.
        seed: of the goals of sessions whose names give none; None takes one from the system.
    """

    def __init__(self, server: LegacyServer, seed: int | None) -> None:
        self._server, self._shop = server, server.data.shop
        self._seed = secrets.randbits(64) if seed is None else seed

    def home(self) -> Response:
        """A new session."""
        return _to(secrets.token_hex(5))

    def index(self, request: Request, session: str) -> Response:
        """The search page."""
        goal = self._goal(session)
        if "search" in request.query_params:
            words = request.query_params["search"].lower().split(" ")
            return _to("search_results", session, words, 1) if any(words) else _to(session)
        return _shown(Page("search", "", goal.instruction))

    def results(self, request: Request, session: str, keywords: str, page: str) -> Response:
        """A page of results."""
        goal, number = self._goal(session), _number(page)
        found = self._find(keywords)
        click = request.query_params.get("click")
        if click is None:
            return _shown(Page("results", "", goal.instruction, number, len(found), found.page(number)))
        if click == BACK.lower():
            return _to(session)
        turn = {NEXT.lower(): 1, PREVIOUS.lower(): -1}.get(click)
        if turn is not None:
            return _to("search_results", session, keywords, max(1, number + turn))
        for product in found.page(number):
            if product.asin.lower() == click:
                return _to("item_page", session, product.asin, keywords, number, {})
        raise _no_button(click)

    def item(self, request: Request, session: str, asin: str, rest: str) -> Response:
        """A product's page."""
        keywords, page, written = _parts(_ITEM, rest, "keywords/page/{options}")
        goal, product, options = self._goal(session), self._product(asin), read_dict("options", written)
        click = request.query_params.get("click")
        if click is None:
            return _shown(Page("item", "", goal.instruction, product=product, options=options))
        options |= _chosen(request, product)
        if click == BUY.lower():
            return _to("done", session, asin, options)
        if click.capitalize() in SECTIONS:
            return _to("item_sub_page", session, asin, keywords, page, click.capitalize(), options)
        return self._back(click, session, ("search_results", session, keywords, page))

    def sub(self, request: Request, session: str, asin: str, rest: str) -> Response:
        """A product's description, features or reviews."""
        keywords, page, section, written = _parts(_SUB, rest, "keywords/page/section/{options}")
        goal, product, options = self._goal(session), self._product(asin), read_dict("options", written)
        if section not in SECTIONS:
            raise ConfigError(f"section {section!r}: must be one of {', '.join(SECTIONS)}.")
        click = request.query_params.get("click")
        if click is None:
            return _shown(Page("sub", "", goal.instruction, product=product, section=section, options=options))
        return self._back(click, session, ("item_page", session, asin, keywords, page, options))

    def done(self, session: str, asin: str, written: str) -> Response:
        """A purchase, with its reward."""
        goal, product, options = self._goal(session), self._product(asin), read_dict("options", written)
        earned = reward(product, options, goal, self._shop.tagger).total
        return _shown(Page("done", "", goal.instruction, product=product, options=options, reward=earned))

    def _goal(self, session: str) -> Goal:
        """The goal that a session's name says (``fixed_3``), or else one drawn by weight, the same whenever asked."""
        if len(session) > MAX_NAME:
            raise ConfigError(f"session {session[:40]!r}...: at most {MAX_NAME} characters.")
        goals = self._server.data.goals
        if "fixed" in session:
            written = session.rpartition("_")[2]
            index = int(written) if _DIGITS.fullmatch(written) else -1
            if not 0 <= index < len(goals):
                raise GoalError(f"session {session!r}: use fixed_0 to fixed_{len(goals) - 1}, or another name.")
            return goals[index]
        digest = hashlib.sha256(session.encode()).digest()
        drawn = self._server.draw(np.random.default_rng([self._seed, int.from_bytes(digest[:8])]))
        return goals[self._server.indices[drawn]]

    def _find(self, keywords: str) -> Found:
        words = read_list("keywords", keywords) if keywords.startswith("[") else [keywords]
        if not words or len(keywords) > MAX_ACTION:
            raise ConfigError(f"keywords: give some, and at most {MAX_ACTION} characters.")
        return self._shop.find(words)

    def _product(self, asin: str) -> Product:
        if asin not in self._shop.catalog:
            raise HTTPException(404, f"ASIN {asin[:40]!r}: the catalogue holds no such product")
        return self._shop.catalog[asin]

    def _back(self, click: str, session: str, previous: tuple[object, ...]) -> Response:
        if click == BACK.lower():
            return _to(session)
        if click == PREVIOUS.lower():
            return _to(*previous)
        raise _no_button(click)


def _to(*parts: object) -> RedirectResponse:
    """To another page; lists and dictionaries stand in its address as Python writes them, as in WebShop."""
    return RedirectResponse("/".join((PREFIX, *(quote(str(part), safe="", errors="replace") for part in parts))), 303)


def _shown(page: Page) -> HTMLResponse:
    return HTMLResponse(html(page), headers=HEADERS)


def _chosen(request: Request, product: Product) -> Mapping[str, str]:
    """The options that the form on a product's page sent."""
    sent = request.query_params.multi_items()
    return {name: value for name, value in sent if value in product.options.get(name, ())}


def _number(written: str) -> int:
    if not _DIGITS.fullmatch(written) or int(written) < 1:
        raise ConfigError(f"page {written[:40]!r}: must be a whole number from 1, of at most 9 digits.")
    return int(written)


def _parts(pattern: re.Pattern[str], rest: str, form: str) -> tuple[str, ...]:
    match = pattern.fullmatch(rest)
    if match is None:
        raise ConfigError(f"address: after the product must stand {form}, not {rest[:100]!r}.")
    return match.groups()


def _no_button(click: str) -> ConfigError:
    return ConfigError(f"click {click[:100]!r}: the page offers no such button.")


def add_site(app: FastAPI, server: LegacyServer, seed: int | None = None) -> None:
    """Serve WebShop's site under ``/site``.

    Args:
        app: an environment server's application.
        server: the shop and its goals.
        seed: of the goals of sessions whose names give none; None takes one from the system.
    """
    site = Site(server, seed)
    for path, endpoint in (
        ("/", site.home),
        ("/{session}", site.index),
        ("/search_results/{session}/{keywords:path}/{page}", site.results),
        ("/item_page/{session}/{asin}/{rest:path}", site.item),
        ("/item_sub_page/{session}/{asin}/{rest:path}", site.sub),
        ("/done/{session}/{asin}/{written:path}", site.done),
    ):
        app.add_api_route(PREFIX + path, endpoint, methods=["GET"], include_in_schema=False)
