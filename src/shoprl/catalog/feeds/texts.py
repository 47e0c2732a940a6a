"""Texts of feeds as plain text: without HTML, entities, control characters and odd spaces."""

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

MAX_HTML = 1_000_000  # characters of a text that are looked at

_MARKED_UP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
_ODD = re.compile(  # control characters, invisible ones, and those that turn the direction of text around
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe\uffff]"
)
_BLOCK_TAGS = (
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr li main nav ol p pre section table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_UNSEEN = frozenset(("script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg"))


class _Reader(HTMLParser):
    """Collects the text that a browser would show; list items apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.items: list[str] = []
        self._item: list[str] | None = None
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "li":
            self._close_item()
            self._item = []
        elif tag in _BLOCKS:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in ("li", "ul", "ol"):
            self._close_item()
        elif tag in _BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            (self.texts if self._item is None else self._item).append(data)

    def _close_item(self) -> None:
        if self._item is not None:
            if text := _one_line("".join(self._item)):
                self.items.append(text)
            self._item = None

    def close(self) -> None:
        super().close()
        self._close_item()


def _one_line(text: str) -> str:
    return " ".join(_ODD.sub("", text).split())


def text_and_items(raw: str) -> tuple[str, tuple[str, ...]]:
    """A text without HTML, and the items of its lists, which are left out of it.

    Args:
        raw: text or HTML; what follows its first :data:`MAX_HTML` characters is left out.
    """
    raw = raw[:MAX_HTML]
    if not _MARKED_UP.search(raw):
        return _one_line(raw), ()
    if "&lt;" in raw and not re.search(r"<[a-zA-Z]", raw):  # HTML that was escaped once more
        raw = html.unescape(raw)
    reader = _Reader()
    reader.feed(raw)
    reader.close()
    text = "".join(reader.texts)
    return _one_line(html.unescape(text) if "&" in text else text), tuple(reader.items)


@lru_cache(maxsize=20_000)
def plain(raw: str) -> str:
    """A text without HTML, list items included."""
    text, items = text_and_items(raw)
    return " ".join((text, *items)) if items else text
