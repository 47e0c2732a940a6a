import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.feeds.documents import DocumentReader, json_lines, looks_like_lines
from shoprl.feeds.encoding import TextLines, find_encoding
from shoprl.feeds.entries import Fault, Notes, Row
from tests.support.feeds import values

A, B = {"id": "1", "title": "Mug"}, {"id": "2", "title": "Lamp", "images": [{"src": "x"}]}


def document(data: str | bytes) -> list[Row | Fault]:
    data = data.encode() if isinstance(data, str) else data
    return list(DocumentReader(io.BytesIO(data), data[: 1 << 20], find_encoding(data), "f", Notes()))


def lines(data: str | bytes, given: str | None = None) -> list[Row | Fault]:
    data = data.encode() if isinstance(data, str) else data
    notes = Notes()
    return list(json_lines(TextLines(io.BytesIO(data), data, "f", notes, given), "f", notes))


SHAPES: list[Any] = [
    [A, B],
    {"products": [A, B]},
    {"data": {"products": [A, B]}},
    {"status": "ok", "count": 2, "items": [A, B], "links": {"next": None}},
    {"@context": "https://schema.org", "@graph": [A, B]},
    {"categories": [{"id": 9}], "products": [A, B]},
    {"shop": "x", "export": {"article": [A, B]}},
    {"whatever": [A, B]},
    {"response": {"hits": {"hits": [A, B]}}},
]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_lists_are_found_wherever_they_are(shape: Any, indent: int | None) -> None:
    for bom in ("", "\ufeff"):
        assert document(bom + json.dumps(shape, indent=indent)) == [Row("f", 1, A), Row("f", 2, B)]


def test_objects_by_id() -> None:
    bare = [{"title": "Mug", "price": 1}, {"id": "own", "title": "Lamp"}]
    expected = [Row("f", 1, {"id": "B1", **bare[0]}), Row("f", 2, bare[1])]
    by_id = dict(zip(["B1", "B2"], bare, strict=True))
    assert document(json.dumps(by_id)) == expected
    assert document(json.dumps({"version": 2, "products": by_id})) == expected
    assert document(json.dumps({"B1": bare[0]})) == expected[:1]


@pytest.mark.parametrize(
    "product",
    [
        B,
        {"title": "Mug", "variants": [{"id": 1}, {"id": 2}]},
        {"offers": {"price": 3}, "name": "Mug", "image": ["x"]},
        {"@type": "Product", "name": "Mug", "stuff": [{"a": 1}]},
    ],
)
def test_an_object_of_its_own_is_a_product(product: Any) -> None:
    assert document(json.dumps(product)) == [Row("f", 1, product)]
    both = json.dumps(product, indent=1) + "\n" + json.dumps(product)
    assert document(both) == [Row("f", 1, product), Row("f", 2, product)]


def test_what_is_no_object_is_a_fault() -> None:
    assert values(document(json.dumps([A, 5, None, [A], "x", A]))) == [
        (1, "1", "Mug"), (2, "not an object"), (3, "not an object"), (4, "not an object"), (5, "not an object"),
        (6, "1", "Mug"),
    ]  # fmt: skip
    assert values(document("5")) == [(1, "not an object")]


def test_what_holds_nothing_gives_nothing() -> None:
    assert document("[]") == document('{"products": []}') == document(" ") == []


@pytest.mark.parametrize("shape", [[A, B, A], {"products": [A, B, A]}, {"x": A, "y": B, "z": A}])
def test_a_document_cut_off_anywhere_gives_the_rows_before_and_one_fault(shape: Any) -> None:
    text = json.dumps(shape)
    whole = document(text)
    for cut in range(1, len(text)):
        entries = document(text[:cut])
        if entries and isinstance(entries[-1], Fault):
            assert entries[-1][:3] == ("f", len(entries), "invalid JSON")
            entries = entries[:-1]
        if cut > len(text) // 2:
            assert [entry.fields.get("title") for entry in entries if isinstance(entry, Row)] == [
                row.fields.get("title") for row in whole if isinstance(row, Row)
            ][: len(entries)]


def test_a_fault_in_the_middle_ends_the_document() -> None:
    entries = document('[{"id": 1}, {"id": 2}, {"id": oops}, {"id": 4}]')
    assert values(entries) == [(1, 1), (2, 2), (3, "invalid JSON")]
    assert entries[2].detail.startswith("line 1, column")  # type: ignore[union-attr]
    assert "What follows is not read" in entries[2].detail  # type: ignore[union-attr]


@pytest.mark.parametrize("bad", ["9" * 5_000, "1e999", "[" * 100_000])
def test_numbers_and_nesting_that_cannot_be_used(bad: str) -> None:
    assert values(document(f'[{{"id": 1}}, {{"id": {bad}}}]'))[-1] == (2, "invalid JSON")
    assert values(lines(f'{{"id": 1}}\n{{"id": {bad}}}\n{{"id": 3}}\n')) == [(1, 1), (2, "invalid JSON"), (3, 3)]


def test_numbers_that_are_none_and_commas_too_many() -> None:
    assert values(document('[{"id": 1, "price": NaN,},]')) == [(1, "invalid JSON")]
    assert document('[{"id": 1, "price": NaN},]') == [Row("f", 1, {"id": 1, "price": None})]
    assert lines('{"id": 1, "price": -Infinity}\n') == [Row("f", 1, {"id": 1, "price": "-Infinity"})]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_encodings(encoding: str) -> None:
    product = {"title": "Größe №★🙂"}
    text = json.dumps([product], ensure_ascii=False)
    assert document(text.encode(encoding)) == [Row("f", 1, product)]
    assert document(text.encode().replace("ö".encode(), b"\xf6")) == [Row("f", 1, product)]


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1}\n\n{"id": 2}\n{"id": 3}',
        '\ufeff{"id": 1},\n\n{"id": 2},\n{"id": 3}\n',
        '[{"id": 1},\n\n{"id": 2},\r\n{"id": 3}]\n',
        '{"id": 1}\r\n\r\n{"id": 2}\r\n{"id": 3}\r\n',
    ],
)
def test_lines_as_exports_have_them(text: str) -> None:
    assert looks_like_lines(text.removeprefix("\ufeff"), True)
    assert lines(text) == [Row("f", 1, {"id": 1}), Row("f", 3, {"id": 2}), Row("f", 4, {"id": 3})]


def test_a_bad_line_is_a_fault_and_the_rest_is_read() -> None:
    entries = lines('{"id": 1}\n{"id": 2\n[3]\n"x"\n{\'id\': 4}\n{"id": 5} {"id": 6}\n{"id": 7}\n')
    assert values(entries) == [
        (1, 1), (2, "invalid JSON"), (3, "not an object"), (4, "not an object"), (5, "invalid JSON"),
        (6, "invalid JSON"), (7, 7),
    ]  # fmt: skip
    assert values(lines(b'{"id": "a"}\n{"id": "\xff"}\n', "utf-8")) == [(1, "a"), (2, "not in the encoding")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id": 1}\n{"id": 2}\n', True),
        ('{"id": oops}\n{"id": 2}\n', True),
        ('[\n{"id": 1},\n{"id": oops},\n{"id": 2}\n]\n', True),
        ('{"id": 1}\n', False),
        ('{"products": [\n{"id": 1},\n{"id": 2}\n]}', False),
        ('[{"id": 1}, {"id": 2}]\n', False),
        ("[\n  {\n    \"id\": 1\n  },\n  {\n    \"id\": 2\n  }\n]", False),
        ('{\n  "id": 1\n}\n{\n "id": 2\n}\n', False),
        ("[]", False),
        ('{"id": 1, "title": \n{"id": 2}\n{"id": 3}\n', True),
        ('{"products": [\n{"id": 1}\n]}', False),
        ('{"id": 1, "offers":\n{"price": 2}\n}\n', False),
    ],
)  # fmt: skip
def test_lines_are_told_from_documents(text: str, expected: bool) -> None:
    assert looks_like_lines(text, True) is expected


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers() | st.none(), max_size=3)))
def test_lists_of_any_objects_are_read_back(rows: list[dict[str, Any]]) -> None:
    expected = [Row("f", number, row) for number, row in enumerate(rows, 1)]
    assert document(json.dumps(rows)) == expected
    assert lines("".join(json.dumps(row) + "\n" for row in rows)) == expected


@given(st.text('{}[]",:a1 \n', max_size=30))
def test_any_text_ends_in_rows_and_faults(text: str) -> None:
    assert all(isinstance(entry, (Row, Fault)) for entry in [*document(text), *lines(text)])
