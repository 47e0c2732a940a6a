import csv
import io
import time
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shoprl.errors import CatalogError
from shoprl.feeds import delimited as module
from shoprl.feeds import encoding
from shoprl.feeds.entries import Fault, Row
from tests.support.feeds import delimited, delimited_and_notes, values

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=8)
TRICKY = st.text("ab\" ,;\t|^\n\r'", max_size=6)
QUOTINGS = [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]


@given(
    rows=st.lists(st.lists(CELLS | TRICKY, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|", "^"]),
    quoting=st.sampled_from(QUOTINGS),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.sampled_from([1, 5, 1 << 20]),
    batch=st.sampled_from([1, 2, 256]),
)
@example([["1", "a\nb,c,d", "e"]], ",", csv.QUOTE_ALL, "\n", 1, 1)
@example([["1", " ", ' "'], ["", "", "x"]], ",", csv.QUOTE_MINIMAL, "\n", 1, 2)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[list[str]], delimiter: str, quoting: Any, end: str, size: int, batch: int
) -> None:
    if end == "\n":  # the csv module leaves a carriage return unquoted, which then belongs to the line's end
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    starts, expected = [], []
    for row in [["id", "title", "price"], *rows]:
        starts.append(file.getvalue().count("\n") + 1)
        writer.writerow(row)
    for line, row in zip(starts[1:], rows, strict=True):
        fields = {name: cell for name, cell in zip(["id", "title", "price"], row, strict=True) if cell}
        if any(row):
            expected.append(Row("f", line, fields))
    before = encoding.CHUNK, module._BATCH
    encoding.CHUNK, module._BATCH = size, batch
    try:
        assert delimited(file.getvalue(), delimiter=delimiter) == expected
    finally:
        encoding.CHUNK, module._BATCH = before


@given(st.lists(st.tuples(st.text('ab" ,\\', max_size=6), st.text("ab", min_size=1)), min_size=1, max_size=6))
def test_what_is_written_with_escapes_is_read_back(rows: list[tuple[str, str]]) -> None:
    for quoting in (csv.QUOTE_NONE, csv.QUOTE_ALL):
        file = io.StringIO(newline="")
        writer = csv.writer(file, quoting=quoting, doublequote=False, escapechar="\\", lineterminator="\n")
        writer.writerows(
            [["id", "title", "price"], *([str(n), *row] for n, row in enumerate(rows)), ["9", 'x" y, z', "3"]]
        )
        expected = [[str(n), *(cell for cell in row if cell)] for n, row in enumerate([*rows, ('x" y, z', "3")])]
        expected[-1][0] = "9"
        assert [
            list(entry.fields.values()) for entry in delimited(file.getvalue()) if isinstance(entry, Row)
        ] == expected


BAD = st.text('ab",;\\ ', min_size=1, max_size=12).filter(lambda line: line.strip() != "")


@given(
    st.lists(BAD, min_size=1, max_size=4),
    st.integers(3, 6),
    st.booleans(),
)
@example(['1,"open,3'], 3, True)
@example(['1,2,"open'], 3, False)
@example(['"'], 3, True)
@example(['a,"",""", '], 3, True)
def test_rows_behind_bad_ones_are_never_lost(bad: list[str], width: int, quoted: bool) -> None:
    names = [f"n{place}" for place in range(width)]
    good = [[f"g{row}", *(f"v{place}" for place in range(1, width))] for row in range(30)]
    quote = '"' if quoted else ""
    lines = [",".join(quote + cell + quote for cell in row) for row in good]
    text = "\n".join([",".join(names), *lines[:10], *bad, *lines[10:]]) + "\n"
    entries = delimited(text, delimiter=",")
    rows = {entry.line: list(entry.fields.values()) for entry in entries if isinstance(entry, Row)}
    behind = 1 + 10 + len(bad)
    lost = [line for line in range(behind + 1, behind + 21) if rows.get(line) != good[10 + line - behind - 1]]
    assert lost == [] or lost == [behind + 1]  # at most the line that a bad quote may be closed in, which is told
    if lost:
        assert any(line <= behind for line in rows) or any(isinstance(entry, Fault) for entry in entries)
    accounted = {entry.line for entry in entries}
    assert set(range(2, 12)) <= accounted


def test_malformed_rows() -> None:
    text = (
        'id,title,price\n1,24" wide,3\n2,"a ""b"" c",4\n3,"24" wide",5\n4,"open,6\n5,ok,7\n6,"x\ny",8\n7,"24\\" w",9\n'
        '8,a,b,c\n9,z\n\n10,"12\nmore" x",3\n11,a,b,,\n,,\n12,"a, 24", b",3\n13,last,1'
    )
    entries, notes = delimited_and_notes(text)
    assert values(entries) == [
        (2, "1", '24" wide', "3"), (3, "2", 'a "b" c', "4"), (4, "3", '24" wide', "5"), (5, "4", '"open', "6"),
        (6, "5", "ok", "7"), (7, "6", "x\ny", "8"), (9, "7", '24" w', "9"), (10, "too many cells"), (11, "9", "z"),
        (13, "10", '12\nmore" x', "3"), (15, "11", "a", "b"), (17, "too many cells"), (18, "13", "last", "1"),
    ]  # fmt: skip
    assert notes == [
        "f: quotes are not closed in 1 rows; read as written (first: 5)",
        "f: 1 rows have fewer cells than the header; the last are missing (first: 11)",
        "f: 1 rows without any value left out (first: 16)",
    ]
    assert "4 cells, the header has 3" in entries[7].detail  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id\ttitle\n1\tMug, red\n", [(2, "1", "Mug, red")]),
        ("sep=;\nid;t\n1;2,3\n", [(3, "1", "2,3")]),
        ("id,title\r1,a\r2,\"x\ry\"\r3,z", [(2, "1", "a"), (3, "2", "x\ry"), (5, "3", "z")]),
        ("\n\n id , \"title\",\n1,a,b,\n", [(4, "1", "a", "b")]),
        ("title\nMug, red\n\n\"Big\"\n", [(2, "Mug, red"), (4, "Big")]),
        ("id,title\n", []),
        ("id,title", []),
        ("", []),
        ("\n\n", []),
        ("id,t\n1,a\rb\n2,c\n", [(2, "1", "a\rb"), (3, "2", "c")]),
        ("id,t\n1,\"a\nb\n2,c\n3,d\n", [(2, "1", '"a'), (3, "b"), (4, "2", "c"), (5, "3", "d")]),
        ("id,t,p\n1,2,\"" + "x" * 200_000 + "\"\n2,b,c\n", [(2, "1", "2", "x" * 200_000), (3, "2", "b", "c")]),
        ("id,t\n1,=cmd|' /C calc'!A0\n", [(2, "1", "=cmd|' /C calc'!A0")]),
    ],
)  # fmt: skip
def test_shapes_of_text(text: str, expected: list[object]) -> None:
    assert values(delimited(text)) == expected


def test_names_of_columns() -> None:
    rows = delimited("\ufeffid,title,title,,\n1,2,3,4,5\n")
    assert rows == [Row("f", 2, {"id": "1", "title": "2", "title (2)": "3", "column 4": "4", "column 5": "5"})]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    rest = [f"{n},x,y" for n in range(5_000)]
    entries, notes = delimited_and_notes('id,t,p\n0,"open\n' + "\n".join(rest))
    assert values(entries)[0] == (2, "quote not closed")
    assert [entry.line for entry in entries[1:]] == list(range(3, 5_003))
    assert not notes


@pytest.mark.parametrize(
    ("header", "line", "cells"),
    [("id,t,p", '1,"a,3', ("1", '"a', "3")), ("title", '"a', ('"a',)), ("id,t,p", '1,"a', ("quote not closed",))],
)
def test_quotes_opened_in_every_row_do_not_take_long(header: str, line: str, cells: tuple[str, ...]) -> None:
    start = time.perf_counter()
    entries = delimited(f"{header}\n" + f"{line}\n" * 10_000, delimiter=",")
    assert values(entries) == [(number, *cells) for number in range(2, 10_002)]
    assert time.perf_counter() - start < 10


def test_lines_in_quotes_that_look_like_rows_are_told() -> None:
    entries, notes = delimited_and_notes('id,t,p\n1,"a,3\n2,b,3\n3,c",4\n4,d,5\n')
    assert values(entries) == [(2, "1", "a,3\n2,b,3\n3,c", "4"), (5, "4", "d", "5")]
    assert notes == [
        "f: 1 rows have cells in quotes with lines that look like rows themselves; check their quotes (first: 2)"
    ]


def test_rows_that_are_not_in_the_encoding_given() -> None:
    entries = delimited(b'id,t\n1,caf\xe9\n2,"x\n\xff"\n3,ok\n', "utf-8")
    assert values(entries) == [(2, "not in the encoding"), (3, "not in the encoding"), (5, "3", "ok")]


def test_blank_lines_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_BLANK", 10)
    assert values(delimited("id,t\n" + "\n" * 10 + "1,2\n")) == [(12, "1", "2")]
    with pytest.raises(CatalogError, match=r"^f: line 12: more than 10 blank lines"):
        delimited("id,t\n" + "\n" * 11)


@given(st.binary(max_size=60))
def test_any_bytes_end_in_rows_and_faults(data: bytes) -> None:
    assume(b"\0" not in data)
    for entry in delimited(b"id,title\n" + data):
        assert isinstance(entry, (Row, Fault))


def test_the_lines_above_the_header_of_amazons_flat_files_are_left_out() -> None:
    text = "TemplateType=fptcustom\tVersion=2023\t\nSeller SKU\tTitle\tPrice\nsku\ttitle\tprice\nA\tMug\t1.50\n"
    assert values(delimited(text)) == [(4, "A", "Mug", "1.50")]
    assert values(delimited("TemplateType=fptcustom\tVersion=2023\n")) == []
