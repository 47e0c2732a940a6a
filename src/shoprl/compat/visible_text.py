"""The text of an HTML page as WebShop's environment makes it, without the library that the original parses it with."""

from collections.abc import Set
from html.parser import HTMLParser
from typing import NamedTuple

from shoprl.shop.render import ObservationMode

_INVISIBLE = frozenset({"style", "script", "head", "title", "meta", ""})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_PREFORMATTED = frozenset({"pre", "textarea"})


class _Element(NamedTuple):
    name: str
    classes: str | None


class _Texts(HTMLParser):
    """Collects a page's texts, each with the element that it stands in; texts of white space alone are shortened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[_Element, str]] = []
        self._open = [_Element("", None)]
        self._text = ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_text()
        if tag not in _VOID:
            self._open.append(_Element(tag, dict(attrs).get("class")))

    def handle_endtag(self, tag: str) -> None:
        self.end_text()
        if any(element.name == tag for element in self._open):
            while self._open.pop().name != tag:
                pass

    def handle_comment(self, data: str) -> None:
        self.end_text()

    def handle_decl(self, decl: str) -> None:
        self.end_text()

    def end_text(self) -> None:
        text, self._text = self._text, ""
        if not text.strip(" \t\r\n\f") and not any(element.name in _PREFORMATTED for element in self._open):
            text = "\n" if "\n" in text else " " if text else ""
        if text and text != "\n" and self._open[-1].name not in _INVISIBLE:
            self.found.append((self._open[-1], text))


def visible_text(html: str, mode: ObservationMode, url: str = "", visited: Set[str] = frozenset()) -> str:
    """A page's visible texts.

    Args:
        html: the page.
        mode: ``text`` joins them by ``[SEP]``; ``text_rich`` gives each a line and marks what can be clicked.
        url: the page's address, which tells the options that were clicked.
        visited: the ASINs that are marked as clicked.
    """
    texts = _Texts()
    texts.feed(html)
    texts.close()
    texts.end_text()
    if mode == "text":
        return " [SEP] ".join(text.strip() for _, text in texts.found)
    notes, lines = "", ""
    for element, text in texts.found:
        line = text
        if element.name == "button":
            line = f"[button] {text} [button_]"
        elif element.name == "label":
            mark = "clicked button" if f'"{text}"' in url else "button"
            notes = f"You have clicked {text}.\n{notes}" if mark == "clicked button" else notes
            line = f"  [{mark}] {text} [{mark}_]"
        elif element.classes == "product-link":
            mark = "clicked button" if text in visited else "button"
            line = f"\n[{mark}] {text} [{mark}_]"
        lines += f"{line}\n"
    return notes + lines
