import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.feeds.texts import MAX_HTML, plain, text_and_items


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain  text\n in lines", "plain text in lines"),
        ("a < b and c > d, 5<6, x <3", "a < b and c > d, 5<6, x <3"),
        ("<p>One</p><p>Two<br/>Three</p>", "One Two Three"),
        ("x<!-- a > b --><i>y</i>z", "xyz"),
        ("T&eacute; &amp;amp; AT&T &lt; 5", "Té & AT&T < 5"),
        ("&lt;p&gt;escaped &lt;b&gt;twice&lt;/b&gt;&lt;/p&gt;", "escaped twice"),
        ("<script>if (a<b) {}</script>seen<STYLE>p{}</style>", "seen"),
        ("<script>never ends", "never ends"),
        ("cut <b", "cut"),
        ("a\x00b\x07 c\u200bd\u202ee\u200f\ufeff \ud83dz", "ab cde z"),
        ("no\xa0break\u2009thin", "no break thin"),
        ("", ""),
    ],
)
def test_what_a_browser_would_show(raw: str, text: str) -> None:
    assert plain(raw) == text


def test_items_of_lists_are_kept_apart() -> None:
    text, items = text_and_items("<p>x</p><ul><li>one<li>two <b>bold</b><ol><li>inner</li></ol></li></ul>tail")
    assert (text, items) == ("x tail", ("one", "two bold", "inner"))
    assert plain("<p>x</p><ul><li>one</li></ul>") == "x one"


@pytest.mark.parametrize(
    "unit", ["<", "<div>", "<!--", "<!", "<?", "<a ", "<a x='", "</", "&", "&#", "<li>", "<script>", "<![CDATA["]
)
def test_hostile_markup_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    text_and_items("<p>" + unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 1.5


def test_the_longest_text_is_bounded() -> None:
    assert len(plain("x" * (MAX_HTML + 5))) == MAX_HTML


@given(st.text(alphabet="<>/!-&; aplib\"'\n\x00"))
def test_any_text_ends_without_control_characters(raw: str) -> None:
    text, items = text_and_items(raw)
    for each in (text, *items):
        assert each == " ".join(each.split())
        assert "\x00" not in each
