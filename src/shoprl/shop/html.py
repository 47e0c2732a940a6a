"""HTML5 rendering of a page, with the ids and classes that WebShop's agents parse."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from shoprl.shop.page import PRICE_UNKNOWN, Page, price_shown, rating_shown

if TYPE_CHECKING:
    from jinja2 import Template

_ADDRESS = re.compile(r"""https?://[^\s\x00-\x1f\x7f"<>\\^`{|}]{1,2000}""", re.IGNORECASE)


def is_web_address(text: str) -> bool:
    """Whether a catalogue's text may stand in a page as the address of a picture or a link: http(s), and no script."""
    return _ADDRESS.fullmatch(text) is not None


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # loaded at the first page, not with the package

    source = files("shoprl.shop").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "picture": lambda address: is_web_address(address),
        "quoted": lambda text: quote_plus(text, errors="replace"),
        "json": lambda options: json.dumps(dict(options), sort_keys=True),
    }
    environment.globals |= {"price_shown": price_shown, "rating_shown": rating_shown, "price_unknown": PRICE_UNKNOWN}
    return environment.from_string(source)


def html(page: Page) -> str:
    """The page as HTML5, all of its texts escaped.

    WebShop's parsers work on it as on the original's pages: it has ``search_input``, ``btn``, ``product-link``,
    radio buttons, ``instruction-text``, ``product-image``, ``reward``. Parsed as the original parses its own, a page
    gives :func:`shoprl.shop.render.text` and :func:`~shoprl.shop.render.text_rich` (a done page: its own words, without
    the original's empty fields). It loads no script, font or style; a picture is shown where its address is http(s).

    It is valid HTML5 where the texts hold no control characters, which are passed on as they are, as in WebShop.
    Forms and links lead to the page's own address with ``?click=...`` or ``?search=...``.
    """
    return _template().render(page=page)
