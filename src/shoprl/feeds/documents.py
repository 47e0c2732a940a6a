"""Reads JSON an entry at a time: documents that hold a list of objects in one way or another, and JSON lines."""

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from shoprl.errors import CatalogError
from shoprl.feeds.encoding import Decoder, Stream, TextLines, check_blank, is_marked
from shoprl.feeds.entries import Fault, Notes, Row, fault
from shoprl.json_stream import JsonText
from shoprl.reading import JSON, without_half_pairs

# Names that a list of products has; what a product's own lists are called.
_HOLDERS = {"products", "product", "items", "item", "data", "results", "records", "rows", "entries", "catalog",
    "catalogue", "@graph", "graph", "hits", "objects", "docs", "documents", "feed", "offers_list", "nodes", "edges",
    "listings", "goods", "articles", "itemlistelement", "response", "result", "content", "values", "list",
}  # fmt: skip
_PARTS = {"variants", "images", "image", "offers", "options", "reviews", "review", "media", "tags", "attributes",
    "features", "skus", "hasvariant", "additionalproperty", "categories", "specifications", "details", "videos",
    "breadcrumbs", "prices", "metafields", "collections", "facets", "filters",
}  # fmt: skip
_FIRST = {"products", "items", "@graph"}  # of several lists, these
_OWN = {"price", "title", "sku", "asin", "gtin", "brand", "description", "@type"}  # what a product has, and no holder
_DEPTH = 3  # objects within each other, in which a list of products is looked for
_SKETCHED = 1 << 17  # characters that the shape of a document is told from
# NaN is some libraries' missing value; an infinite price stays a text, which is no price.
_DECODER = json.JSONDecoder(
    parse_float=JSON.parse_float, parse_int=JSON.parse_int, parse_constant=lambda name: None if name == "NaN" else name
)


class _BrokenError(CatalogError):
    """The text is no JSON from some place on."""


class _Part(NamedTuple):
    """What an object of a document holds."""

    path: tuple[str, ...]
    kind: str  # "rows", "empty" (a list), "object", or "other"


def looks_like_lines(text: str, whole: bool) -> bool:
    """Whether a text is JSON lines: an object on each line, as some exports have it with brackets and commas.

    Args:
        text: the start of it.
        whole: it is all of it.
    """
    lines = text.split("\n")
    lines = [line for line in (lines if whole else lines[:-1])[:20] if line.strip(" \t\r\n[]")]
    if len(lines) < 2:
        return False
    shapes = [_shape(line) for line in lines]
    if shapes[0] == "object":
        return all(shape != "part" for shape in shapes) or not text.lstrip().startswith("[")
    if shapes[0] == "part" and lines[0].lstrip().startswith("{"):  # cut off; values of a list would have commas
        return set(shapes[1:]) == {"object"} and not any(line.rstrip().endswith(",") for line in lines[1:])
    return shapes[0] == "broken" and shapes[1] == "object"


def _shape(line: str) -> str:
    """What a line is: an "object", a "part" of one that goes on, or "broken"."""
    bare = _bare(line)
    try:
        return "object" if isinstance(_DECODER.decode(bare), dict) else "part"
    except json.JSONDecodeError as cause:
        return "part" if cause.pos >= len(bare) or not bare.startswith("{") else "broken"
    except (ValueError, RecursionError):
        return "broken"


def _bare(line: str) -> str:
    """An entry without what stands around it in a list that has an entry a line."""
    bare = line.strip().removeprefix("\ufeff")
    if bare.startswith(("[{", "[ ", ",")):
        bare = bare[1:].lstrip()
    if bare.endswith(("},", "}]", "} ]", "}],")):
        bare = bare[: bare.rfind("}") + 1]
    return bare


def json_lines(lines: TextLines, source: str, notes: Notes) -> Iterator[Row | Fault]:
    """Yield the objects of JSON lines, and a fault for each line that is none."""
    number = blank = 0
    for block in lines:
        for line in block:
            number += 1
            bare = line.strip()
            if not bare or bare in ("[", "]", ",", "],"):
                blank += 1
                check_blank(source, number, blank)
                continue
            yield _line_entry(line, source, number, lines.given)


def _line_entry(line: str, source: str, number: int, may_be_marked: bool) -> Row | Fault:
    if may_be_marked and is_marked(line):
        what = "holds bytes that are not in the encoding given. Give the right one, or none to have it found out."
        return fault(source, number, "not in the encoding", what)
    try:
        try:
            value = _DECODER.decode(line)
        except json.JSONDecodeError:
            value = _DECODER.decode(_bare(line))
        value = without_half_pairs(value, line)
    except (ValueError, RecursionError) as cause:
        return fault(source, number, "invalid JSON", f"{str(cause)[:100]}. Fix the line: {line.strip()[:80]}")
    return _entry(value, source, number)


def _entry(value: Any, source: str, number: int) -> Row | Fault:
    if isinstance(value, dict):
        return Row(source, number, value)
    what = f"expected an object, found {type(value).__name__}: {json.dumps(value)[:60]}. Remove it."
    return fault(source, number, "not an object", what)


class DocumentReader:
    """The objects that a JSON document holds: in a list, in a list within objects, by id, or one behind the other.

    Args:
        stream: the document.
        head: its first bytes, which are read again.
        encoding: of it.
        source: its name.
        notes: takes what the user is told.
    """

    def __init__(self, stream: Stream, head: bytes, encoding: str, source: str, notes: Notes) -> None:
        self._source, self._notes = source, notes
        self._decoder = Decoder(encoding)
        self._text = JsonText(source, _BrokenError, stream, decoder=self._decoder, json=_DECODER)
        self._path = _find_rows(Decoder(encoding).decode(head)[:_SKETCHED])
        self._count = 0

    def __iter__(self) -> Iterator[Row | Fault]:
        try:
            while sign := self._text.sign():
                if sign == "," and self._count:
                    self._text.take(",")
                elif sign == "[":
                    yield from map(self._next, _values(self._text))
                elif sign == "{" and self._path is not None:
                    yield from self._held(self._path)
                else:
                    yield self._next(self._text.value())
        except _BrokenError as cause:
            what = str(cause).removeprefix(f"{self._source}: ")
            yield fault(self._source, self._count + 1, "invalid JSON", f"{what} What follows is not read.")
        if self._decoder.replaced:
            self._notes.say(self._source, "holds bytes that are not in its encoding; read as Windows-1252")

    def _next(self, value: Any) -> Row | Fault:
        self._count += 1
        return _entry(value, self._source, self._count)

    def _held(self, path: tuple[str, ...]) -> Iterator[Row | Fault]:
        """The objects at a path of the value at hand, which is passed."""
        sign = self._text.sign()
        if sign == "[" and not path:
            yield from map(self._next, _values(self._text))
        elif sign == "{":
            for key in _keys(self._text):
                if not path:
                    value = self._text.value()
                    yield self._next({"id": key} | value if isinstance(value, dict) else value)
                elif key == path[0]:
                    yield from self._held(path[1:])
                else:
                    _skip(self._text)
        else:
            yield self._next(self._text.value())


def _values(text: JsonText) -> Iterator[Any]:
    """Pass a list; a comma behind its last value, as some exports have it, is none too many."""
    text.take("[")
    while text.sign() != "]":
        yield text.value()
        if text.sign() != "]":
            text.take(",]")
    text.take("]")


def _keys(text: JsonText) -> Iterator[str]:
    """Pass an object, whose values the caller passes."""
    text.take("{")
    while text.sign() != "}":
        if text.sign() != '"':
            raise text.fault("a key must be text")
        key = text.value()
        text.take(":")
        yield key
        if text.sign() != "}":
            text.take(",}")
    text.take("}")


def _skip(text: JsonText) -> None:
    """Pass a value, of which little is held in memory where it is a list."""
    if text.sign() == "[":
        for _ in _values(text):
            pass
    else:
        text.value()


def _find_rows(sample: str) -> tuple[str, ...] | None:
    """Where the objects are that a document which is one object holds; None where it is such an object itself."""
    if not sample.lstrip().startswith("{"):
        return None
    parts: list[_Part] = []
    with contextlib.suppress(_BrokenError):  # the sample ends
        _sketch(JsonText("", _BrokenError, io.BytesIO(sample.encode(errors="replace")), json=_DECODER), (), parts)
    top = [part for part in parts if len(part.path) == 1]
    if len(top) > 1 and _by_id(top):
        return ()
    lists = [part.path for part in parts if part.kind == "rows" and not _PARTS.intersection(map(str.lower, part.path))]
    named = [path for path in lists if path[-1].lower() in _HOLDERS]
    if named:
        return min(named, key=lambda path: (len(path), path[-1].lower() not in _FIRST))
    for part in parts:
        within = [other for other in parts if other.path[:-1] == part.path]
        if part.kind == "object" and part.path[-1].lower() in _HOLDERS and within and _by_id(within):
            return part.path
    if _OWN.intersection(part.path[0].lower() for part in top):
        return None
    empty = [part.path for part in parts if part.kind == "empty" and part.path[-1].lower() in _HOLDERS]
    if empty and not {"id", "name"}.intersection(part.path[0].lower() for part in top):
        return empty[0]
    return min(lists, key=len, default=() if top and _by_id(top) else None)


def _by_id(parts: list[_Part]) -> bool:
    """Whether what an object holds is products by their ids."""
    names = {part.path[-1].lower() for part in parts}
    return all(part.kind == "object" for part in parts) and not names & (_HOLDERS | _PARTS)


def _sketch(text: JsonText, path: tuple[str, ...], parts: list[_Part]) -> None:
    """Collect what an object holds, as far as the text goes."""
    for key in _keys(text):
        here, sign = (*path, key), text.sign()
        if sign == "[":
            text.take("[")
            parts.append(_Part(here, {"{": "rows", "]": "empty"}.get(text.sign(), "other")))
            while text.sign() != "]":
                text.value()
                if text.sign() != "]":
                    text.take(",]")
            text.take("]")
        else:
            parts.append(_Part(here, "object" if sign == "{" else "other"))
            if sign == "{" and len(here) < _DEPTH:
                _sketch(text, here, parts)
            else:
                text.value()
