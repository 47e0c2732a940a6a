import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.feeds.quoting import MOST_LINES, Reading, Style, looks_like_row, plain_cells, recover, scan


def lines(text: str) -> object:
    split = io.StringIO(text, newline="\n").readlines()
    return lambda place: split[place] if place < len(split) else None


def recovered(text: str, width: int, strict: Reading | None = None) -> Reading | None:
    return recover(lines(text), ",", '"', width, strict)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "cells", "count"),
    [
        ('1,"24" wide",3\n', ["1", '24" wide', "3"], 1),
        ('1,"24\\" wide",3\n', ["1", '24" wide', "3"], 1),
        ('1,"a, 24\\" wide, b",3\n', ["1", 'a, 24" wide, b', "3"], 1),
        ("1,a\\, b,3\n", ["1", "a, b", "3"], 1),
        ('1, "a, b" , 3\n', ["1", "a, b", " 3"], 1),
        ('1,"24" wide\nmore",3\n', ["1", '24" wide\nmore', "3"], 2),
        ('1,"open,3\n2,ok,4\n', ["1", '"open', "3"], 1),
        ('1,2,"open\n2,"ok",4\n', ["1", "2", '"open'], 1),
        ('1,2,"24" wide\nend"\n', ["1", "2", '24" wide\nend'], 2),
        ("1,a\rb,3\n", ["1", "a\rb", "3"], 1),
    ],
)
def test_rows_are_recovered(text: str, cells: list[str], count: int) -> None:
    found = recovered(text, 3)
    assert found is not None
    assert (found.cells, found.lines) == (cells, count)


def test_what_cannot_be_read_is_none() -> None:
    assert recovered('1,"open\n2,b,c\n', 3) is None
    assert recovered('1,"open\n2,"b",c\n', 3, Reading(["1", "x", "y", "z"], 2)) is None


def test_a_row_read_by_the_rules_stays_where_nothing_fits_better() -> None:
    strict = Reading(["1", "a\nb"], 2)
    assert recovered('1,"a\nb"\n', 3, strict) is strict


def test_a_quote_is_looked_for_in_so_many_lines() -> None:
    text = '1,"24" open\n' + "x\n" * MOST_LINES + '",3\n'
    assert recovered(text, 3) is None
    assert scan(lines(text.replace("x\n" * 5, "", 1)), ",", '"', 3, Style()) is not None  # type: ignore[arg-type]


@given(st.lists(st.text('ab,"\\ \n'), min_size=1, max_size=4))
def test_escaped_cells_are_read_back(cells: list[str]) -> None:
    def escape(cell: str) -> str:
        return "".join(f"\\{char}" if char in '",\\\n' else char for char in cell)

    for quote in ('"', ""):
        text = ",".join(quote + escape(cell) + quote for cell in cells) + "\n"
        found = scan(lines(text), ",", '"', 0, Style(escaped=True, strict=True))  # type: ignore[arg-type]
        assert found is not None
        assert found.cells == cells


@given(st.lists(st.text('ab,"\\ \n\r'), min_size=1, max_size=6), st.integers(1, 4))
def test_anything_ends(texts: list[str], width: int) -> None:
    found = recovered("\n".join(texts) + "\n", width)
    assert found is None or found.lines >= 1


def test_lines_that_look_like_rows() -> None:
    assert looks_like_row("a,b,c\n", ",", 3)
    assert not looks_like_row("a,b\n", ",", 3)
    assert not looks_like_row("a\n", ",", 1)
    assert plain_cells('a,"b\r\n', ",") == ["a", '"b']
