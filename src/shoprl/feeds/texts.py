"""Texts of feeds as plain text: without HTML, entities, control characters and odd spaces.

Markup is taken apart by hand: the standard library's parser takes time quadratic in the length of ``<!--<!--...``
(9.9 s for 100,000 characters), and a feed's texts are anybody's.
"""

import html
import re
from collections.abc import Iterator
from functools import lru_cache

MAX_HTML = 500_000  # characters of a text that are looked at

_MARKED_UP = re.compile(r"</?[a-zA-Z]|<!|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
_ODD = re.compile(  # control characters, invisible ones, those that turn text around, and halves of characters
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe"
    r"\uffff\ud800-\udfff]"
)
_BLOCK_TAGS = (
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr li main nav ol p pre section table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_UNSEEN = frozenset(("script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg"))
_MARKUP = re.compile(r"<(?:!--|[!?]|(/?[a-zA-Z][a-zA-Z0-9]*))")
_ESCAPED_TAG = re.compile(r"&lt;/?[a-zA-Z]{1,10}(?:\s|/|&gt;)")
_KEPT = 300  # characters of a text whose plain form is remembered


def _pieces(raw: str) -> Iterator[tuple[str, str]]:
    """Text and tags of HTML in turn, in linear time: ``(text, tag)``, the tag as ``li`` or ``/li``, else empty."""
    place = close = 0
    endless: set[str] = set()  # tags whose content is not seen, and which nothing closes from here on
    while match := _MARKUP.search(raw, place):
        start, tag = match.start(), (match[1] or "").lower()
        yield raw[place:start], tag
        sign = "-->" if match[0] == "<!--" else ">"
        if sign == ">" and close > start:
            place = close
        else:
            place = raw.find(sign, match.end()) + len(sign)
            if place < len(sign):  # cut off, or a comment that hides the rest
                return
            close = place if sign == ">" else close
        if tag in _UNSEEN and tag not in endless:
            end = re.compile(f"</{tag}", re.IGNORECASE).search(raw, place)
            if end is None:
                endless.add(tag)
            else:
                place = end.start()
    yield raw[place:], ""


class _Reader:
    """Collects the text that a browser would show; list items apart."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.items: list[str] = []
        self._item: list[str] | None = None

    def read(self, raw: str) -> None:
        for text, tag in _pieces(raw):
            if text:
                self._add(text)
            if tag:
                self._tag(tag)
        self._close_item()

    def _add(self, text: str) -> None:
        (self.texts if self._item is None else self._item).append(text)

    def _tag(self, tag: str) -> None:
        if tag == "li":
            self._close_item()
            self._item = []
        elif tag in ("/li", "ul", "/ul", "ol", "/ol"):
            self._close_item()
        if tag.removeprefix("/") in _BLOCKS:
            self._add(" ")

    def _close_item(self) -> None:
        if self._item is not None:
            if text := _unescaped("".join(self._item)):
                self.items.append(text)
            self._item = None


def _unescaped(text: str) -> str:
    """One line without entities; feeds often escape them twice."""
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
    return _one_line(text)


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    return " ".join(_ODD.sub("", text).split())


def text_and_items(raw: str) -> tuple[str, tuple[str, ...]]:
    """A text without HTML, and the items of its lists, which are left out of it.

    Args:
        raw: text or HTML; what follows its first :data:`MAX_HTML` characters is left out.
    """
    raw = raw[:MAX_HTML]
    if ("<" not in raw and "&" not in raw) or not _MARKED_UP.search(raw):
        return _one_line(raw), ()
    if "<" not in raw:
        if not _ESCAPED_TAG.search(raw):
            return _unescaped(raw), ()
        raw = html.unescape(raw)  # HTML that was escaped once more
    reader = _Reader()
    reader.read(raw)
    return _unescaped("".join(reader.texts)), tuple(reader.items)


def plain(raw: str) -> str:
    """A text without HTML, list items included."""
    return _short(raw) if len(raw) <= _KEPT else _plain(raw)


def _plain(raw: str) -> str:
    text, items = text_and_items(raw)
    return " ".join(filter(None, (text, *items))) if items else text


_short = lru_cache(maxsize=20_000)(_plain)
