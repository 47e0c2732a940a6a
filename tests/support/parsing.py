"""Reads HTML the way WebShop's text environment reads its own pages."""

from collections.abc import Iterator, Set
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString

HIDDEN = {"style", "script", "head", "title", "meta", "[document]"}


def parsed(source: str) -> BeautifulSoup:
    return BeautifulSoup(source, "html.parser")


def available_actions(soup: BeautifulSoup) -> dict[str, Any]:
    clickable = [*soup.find_all(class_="btn"), *soup.find_all(class_="product-link")]
    texts = [element.get_text().lower() for element in clickable]
    values = [element.get("value") for element in soup.select('input[type="radio"]')]
    return {
        "has_search_bar": soup.find(id="search_input") is not None,
        "clickables": list(dict.fromkeys([*texts, *values])),
    }


def visible_texts(soup: BeautifulSoup) -> Iterator[NavigableString]:
    for found in soup.find_all(string=True):
        if found.parent.name not in HIDDEN and not isinstance(found, Comment) and found != "\n":
            yield found


def simple_text(soup: BeautifulSoup) -> str:
    return " [SEP] ".join(found.strip() for found in visible_texts(soup))


def rich_text(soup: BeautifulSoup, url: str, visited: Set[str]) -> str:
    shown = ""
    for found in visible_texts(soup):
        if found.parent.name == "button":
            line = f"[button] {found} [button_]"
        elif found.parent.name == "label" and f'"{found}"' in url:
            line = f"  [clicked button] {found} [clicked button_]"
            shown = f"You have clicked {found}.\n" + shown
        elif found.parent.name == "label":
            line = f"  [button] {found} [button_]"
        elif found.parent.get("class") == ["product-link"]:
            mark = "clicked button" if found in visited else "button"
            line = f"\n[{mark}] {found} [{mark}_]"
        else:
            line = str(found)
        shown += line + "\n"
    return shown
