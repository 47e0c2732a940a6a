"""Texts of HTML, against the parser that the original uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.compat.visible_text import visible_text
from shoprl.shop.html import html
from shoprl.shop.session import Session
from tests.support.parsing import parsed, rich_text, simple_text
from tests.support.toyshop import EVERYTHING, toy_data

# fmt: off
PIECES = [
    "<h4>", "</h4>", "<button class='btn'>", "</button>", "<br>", "a  b", " ", "\n", " \n ", "&lt;x&gt;", "é",
    "<label>", "</label>", "<a class='product-link'>", "</a>", "<a class='product-link x'>", "<!-- c -->",
    "<script>if (a < b) {}</script>", "<style>p {}</style>", "<title>t</title>", "<pre>\n ", "</pre>",
    "<img src='x'>", "</p>", "<p>", "blue", "B0SHOE0001", "&amp;", "<head>", "</head>", "<input type='x'>",
]
# fmt: on


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_texts_are_those_that_the_originals_parser_finds(pieces: list[str]) -> None:
    source, url, visited = "".join(pieces), 'http://x/{"color": "blue"}', {"B0SHOE0001"}
    assert visible_text(source, "text") == simple_text(parsed(source))
    assert visible_text(source, "text_rich", url, visited) == rich_text(parsed(source), url, visited)


@pytest.mark.parametrize("goal", [0, 20])
def test_texts_of_the_shops_pages(goal: int) -> None:
    session = Session(toy_data().shop, toy_data().goals[goal])
    value = toy_data().catalog["B0SHOE0001"].options["color"][0]
    for action in (f"search[{EVERYTHING}]", "click[b0shoe0001]", f"click[{value}]", "click[description]",
                   "click[< prev]", "click[buy now]"):  # fmt: skip
        session.step(action)
        source, url, visited = html(session.page), session.page.url, session.page.visited
        assert visible_text(source, "text") == simple_text(parsed(source))
        assert visible_text(source, "text_rich", url, visited) == rich_text(parsed(source), url, visited)
