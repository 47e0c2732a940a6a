import itertools
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shoprl import json_stream
from shoprl.errors import CatalogError, GoalError
from shoprl.json_stream import JsonArray, Position, iter_object
from shoprl.reading import read_json
from tests.support.strategies import JSON

CHUNKS = range(1, 8)
# Whatever a boundary between two reads may cut apart.
TRICKY = [
    "é№★🙂", "\\ \" / \n\t\x7f", "\ud83d\ude42", -0.5, 1.5e-07, 1e300, -12345678901234567890, 0, True, False, None,
    float("inf"), -float("inf"), "", [], {}, [[], {"": [{}]}], {"a é": {"b": [1.25, "]}"]}}, "[{,:", 7.0,
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests with many examples."""
    return tmp_path_factory.mktemp("json") / "file.json"


def array(path: Path, document: str | bytes) -> list[Any]:
    path.write_bytes(document if isinstance(document, bytes) else document.encode())
    return list(JsonArray(path, CatalogError))


def pairs(path: Path, document: str | bytes) -> list[tuple[str, Any]]:
    path.write_bytes(document if isinstance(document, bytes) else document.encode())
    return list(iter_object(path, CatalogError))


def same(first: object, second: object) -> bool:
    return repr(first) == repr(second)  # tells 1 from 1.0 and from True, and sees the order of keys


LAYOUTS = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 1, "\t"]),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t:\n "), ("\n\n,", " :")]),
    }
)
BLANKS = st.text(" \t\r\n", max_size=4)

# What is read


@settings(max_examples=60)
@given(
    rows=st.lists(JSON, max_size=5), layout=LAYOUTS, before=BLANKS, after=BLANKS, chunk=st.sampled_from([1, 2, 3, 7])
)
def test_an_array_is_read_as_json_reads_it(
    shared: Path, rows: list[Any], layout: dict[str, Any], before: str, after: str, chunk: int
) -> None:
    document = before + json.dumps(rows, **layout) + after
    assert same(array(shared, document), json.loads(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK", chunk)
        assert same(array(shared, document), json.loads(document))


@settings(max_examples=60)
@given(
    row=st.dictionaries(st.text(), JSON, max_size=5),
    layout=LAYOUTS,
    before=BLANKS,
    after=BLANKS,
    chunk=st.sampled_from([1, 2, 3, 7]),
)
def test_an_object_is_read_as_json_reads_it(
    shared: Path, row: dict[str, Any], layout: dict[str, Any], before: str, after: str, chunk: int
) -> None:
    document = before + json.dumps(row, **layout) + after
    assert same(pairs(shared, document), list(json.loads(document).items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK", chunk)
        assert same(pairs(shared, document), list(json.loads(document).items()))


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_each_boundary_between_two_reads_may_cut_anything(
    shared: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, ensure_ascii: bool
) -> None:
    rows = [row if ensure_ascii or row != "\ud83d\ude42" else "🙂" for row in TRICKY]
    for separators in ((",", ":"), (" , ", " : ")):
        document = json.dumps(rows, ensure_ascii=ensure_ascii, separators=separators)
        keyed = json.dumps({f"k{i} é": row for i, row in enumerate(rows)}, ensure_ascii=ensure_ascii)
        for blanks in range(5):
            with monkeypatch.context() as patch:
                patch.setattr(json_stream, "CHUNK", chunk)
                assert same(array(shared, " " * blanks + document), json.loads(document))
                assert same(dict(pairs(shared, " " * blanks + keyed)), json.loads(keyed))


@pytest.mark.parametrize("number", ["1.5", "-0.25", "1e5", "1E+5", "2.5e-3", "10", "-7", "0", "123456.789012e-10"])
def test_a_number_is_never_cut_short(shared: Path, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    for chunk in range(1, len(number) + 4):
        monkeypatch.setattr(json_stream, "CHUNK", chunk)
        assert same(array(shared, f"[{number}, {number}]"), [json.loads(number)] * 2)
        assert same(pairs(shared, f'{{"a":{number}}}'), [("a", json.loads(number))])


@pytest.mark.parametrize("document", ["[]", " [ ] ", "\r\n[\t\n]\n\n", "\n\n\n[\n1\n,\n2\n]"])
def test_blanks_make_no_difference(file: Path, monkeypatch: pytest.MonkeyPatch, document: str) -> None:
    for chunk in (1, 2, 1 << 20):
        monkeypatch.setattr(json_stream, "CHUNK", chunk)
        assert array(file, document) == json.loads(document)
        turned = document.replace("[", "{").replace("]", "}").replace("1", '"a":1').replace("2", '"b":2')
        assert dict(pairs(file, turned)) == json.loads(turned)


def test_each_value_of_a_key_that_occurs_twice_is_given(file: Path) -> None:
    assert pairs(file, '{"a": 1, "b": 2, "a": 3}') == [("a", 1), ("b", 2), ("a", 3)]


@settings(max_examples=50)
@given(text=st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=6))
@example("\ud83d\ude42")
@example("\\ud800")
@example("\ude42\ud83d")
def test_half_a_surrogate_pair_becomes_a_question_mark(shared: Path, text: str) -> None:
    shared.write_text(json.dumps([text, {text: text}]))
    expected = read_json(shared, CatalogError)
    assert array(shared, json.dumps([text, {text: text}])) == expected
    assert pairs(shared, json.dumps({text: text})) == list(expected[1].items())
    "".join(expected[0]).encode()  # can be written again


def test_a_missing_file_and_a_folder_raise_the_callers_error(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.json", tmp_path):
        with pytest.raises(GoalError, match=rf"{path.name}: (no such file\. Check the path|is a folder\. Give a file)"):
            list(JsonArray(path, GoalError))
        with pytest.raises(GoalError, match=rf"{path.name}: (no such file\. Check the path|is a folder\. Give a file)"):
            list(iter_object(path, GoalError))


# Going on from a place


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 1])
def test_what_was_not_read_is_read_from_a_position(
    file: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    document = json.dumps(TRICKY, indent=indent, ensure_ascii=False, allow_nan=True).replace("\ud83d\ude42", "🙂")
    whole = array(file, "\n " + document + "\n")
    data = file.read_bytes()
    for count in range(1, len(whole) + 1):
        entries = JsonArray(file, CatalogError)
        read = list(itertools.islice(entries, count))
        place = entries.position()
        assert same(read, whole[:count])
        assert data[place.offset :].lstrip()[:1] in (b",", b"]")
        assert place.line == 1 + data.count(b"\n", 0, place.offset)
        rest = JsonArray(file, CatalogError, Position(*json.loads(json.dumps(place))))
        assert same(list(rest), whole[count:])
        assert list(JsonArray(file, CatalogError, rest.position())) == []


@pytest.mark.parametrize("document", ["[]", "[ ]\n", "[1]", "[1, 2]\n\n"])
def test_nothing_follows_the_end(file: Path, document: str) -> None:
    file.write_text(document)
    entries = JsonArray(file, CatalogError)
    assert list(entries) == json.loads(document)
    assert list(JsonArray(file, CatalogError, entries.position())) == []
    file.write_text(document[: entries.position().offset])
    with pytest.raises(CatalogError, match="found 'the end'"):
        list(JsonArray(file, CatalogError, entries.position()))


def test_reading_goes_on_more_than_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 5)
    whole = array(file, json.dumps(TRICKY, indent=2).replace("\\ud83d", "\\ud83d"))
    read: list[Any] = []
    place: Position | None = None
    while len(read) < len(whole):
        entries = JsonArray(file, CatalogError, place)
        read.append(next(iter(entries)))
        place = entries.position()
    assert same(read, whole)
    assert list(JsonArray(file, CatalogError, place)) == []


def test_a_fault_is_named_with_its_place_in_the_whole_file(file: Path) -> None:
    for document in ('[1, 2, "three", é]', '[1,\n2, "three",\n  é]', '["é", 2, "three"\n, é]'):
        file.write_text(document)
        entries = JsonArray(file, CatalogError)
        read = iter(entries)
        next(read), next(read)
        for reader in (read, iter(JsonArray(file, CatalogError, entries.position()))):
            with pytest.raises(CatalogError, match=place_of(document)):
                list(reader)


# Faults


def place_of(document: str) -> str:
    """The start of a message about a document that :mod:`json` does not take either."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(document)
    return rf"file\.json: line {caught.value.lineno}, column {caught.value.colno}: not valid JSON \("


@pytest.mark.parametrize("chunk", [3, 1 << 20])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_document_cut_off_anywhere_is_named(
    shared: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, ensure_ascii: bool
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    rows = ["é№🙂\n", -1.5e-7, True, None, {"a": [1, {}], "b": "\\"}]
    listed = json.dumps(rows, ensure_ascii=ensure_ascii, indent=1).encode() + b"\n"
    keyed = json.dumps(dict(enumerate(rows)), ensure_ascii=ensure_ascii, indent=1).encode() + b"\n"
    for read, document in ((array, listed), (pairs, keyed)):
        whole = read(shared, document)
        assert read(shared, document[:-1]) == whole
        for size in range(len(document) - 1):
            with pytest.raises(
                CatalogError, match=r"file\.json: (line \d+, column \d+: not valid|not UTF-8)"
            ) as caught:
                read(shared, document[:size])
            try:
                text = document[:size].decode()
            except UnicodeDecodeError:
                assert "not UTF-8" in str(caught.value)
            else:
                assert int(re.findall(r"line (\d+)", str(caught.value))[0]) <= 1 + text.count("\n")


@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
@pytest.mark.parametrize(
    "document",
    [
        "", " \n", "[", "[1", "[1,", "[1 2]", "[1\n,\n,2]", "[1,\n 2,\n ]", "[,]", '["a]', "[tru]", "[nul", "[1, 'a']",
        '["\\x"]', '["\t"]', "[01]", "[1.]", "[1.e5]", "[.5]", "[-]", "[+1]", "[1e]", "[1e+]", "[1]]", "[1] 2",
        "[]\n\n[]", "[] x", "\ufeff[1]", "[1}", "[[1, 2}]", "]", "x", "é", "[1;2]", "[\x001]", "[1]\x00", "[1\xa0]",
    ],
)  # fmt: skip
def test_a_bad_array_is_named_with_line_and_column(
    file: Path, monkeypatch: pytest.MonkeyPatch, document: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    with pytest.raises(CatalogError, match=place_of(document) if "\ufeff" not in document else "line 1, column 1"):
        array(file, document)


@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
@pytest.mark.parametrize(
    "document",
    [
        "", "{", "{,}", "{a: 1}", "{'a': 1}", '{"a"', '{"a" 1}', '{"a":', '{"a":}', '{"a": 1', '{"a": 1,', '{"a": 1,}',
        '{"a": 1 "b": 2}', '{"a": 1]', '{"a": 1}}', '{"a": 1}\n{}', "{} []", '{"a": 1.}', '{"a',
    ],
)  # fmt: skip
def test_a_bad_object_is_named_with_line_and_column(
    file: Path, monkeypatch: pytest.MonkeyPatch, document: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    with pytest.raises(CatalogError, match=r"file\.json: line \d+, column \d+: not valid JSON \("):
        pairs(file, document)


def test_a_key_that_is_no_text_is_named(file: Path) -> None:
    with pytest.raises(CatalogError, match=r"line 1, column \d+: .*a key must be text"):
        pairs(file, "{1: 2}")


def test_what_was_read_before_a_fault_was_given(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 2)
    file.write_text('["first", "second", third]')
    read = iter(JsonArray(file, CatalogError))
    assert [next(read), next(read)] == ["first", "second"]
    with pytest.raises(CatalogError, match="column 21"):
        next(read)


@pytest.mark.parametrize(
    "data",
    [b'["caf\xe9"]', b'["\xc3"]', b"[1, 2]\xff", b'["a"]\xe2\x98', '["★"]'.encode("utf-16"), b'["\xed\xa0\x80"]'],
)
def test_text_that_is_not_utf8_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    for chunk in (1, 2, 1 << 20):
        monkeypatch.setattr(json_stream, "CHUNK", chunk)
        with pytest.raises(CatalogError, match=r"file\.json: not UTF-8 text .*Save it as UTF-8"):
            array(file, data)
        with pytest.raises(CatalogError, match=r"file\.json: not UTF-8 text .*Save it as UTF-8"):
            pairs(file, b'{"a":' + data + b"}")


@pytest.mark.parametrize(
    ("document", "kind"),
    [("{}", "dict"), ('{"a": [1]}', "dict"), ("7", "int"), ("null", "NoneType"), ('"[1]"', "str"), (" true", "bool")],
)
def test_what_is_no_array_is_named(file: Path, document: str, kind: str) -> None:
    with pytest.raises(CatalogError, match=rf"file\.json: expected a list of products, found {kind}"):
        array(file, document)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("[]", "list"),
        ('[{"a": 1}]', "list"),
        ("7.5", "float"),
        ("null", "NoneType"),
        ('"{}"', "str"),
        ("\ttrue", "bool"),
    ],
)
def test_what_is_no_object_is_named(file: Path, document: str, kind: str) -> None:
    with pytest.raises(CatalogError, match=rf"file\.json: expected an object from ASIN to values, found {kind}"):
        pairs(file, document)


@pytest.mark.parametrize("chunk", [64, 1 << 20])
@pytest.mark.parametrize("value", ["1" * 5_000, "-" + "7" * 9_999, "[" * 100_000, '{"a":' * 50_000])
def test_values_that_python_does_not_take_are_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, value: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    closing = "]" * value.count("[") + "1}" * value.count("{")
    for read, document in ((array, f"[0, {value}{closing}]"), (pairs, f'{{"a": {value}{closing}}}')):
        with pytest.raises(CatalogError, match=r"file\.json: line 1, column \d+: not valid JSON"):
            read(file, document)
    assert array(file, f"[{'1' * 4_000}]") == [int("1" * 4_000)]


@pytest.mark.parametrize("entry", ['"' + "x" * 5_000 + '"', "[" + "1, " * 2_000 + "1]"])
def test_an_entry_without_an_end_is_not_looked_for_in_the_whole_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 100)
    assert array(file, f"[1, {entry}]") == [1, json.loads(entry)]
    monkeypatch.setattr(json_stream, "MAX_ENTRY", 1_000)
    with pytest.raises(CatalogError, match=r"line 1, column \d+: .*more than 1,000 characters"):
        array(file, f"[1, {entry}]")
    assert array(file, "[" + '"short", ' * 10_000 + "1]")[-1] == 1  # the bound is on entries, not on files


# Memory


def peak(path: Path) -> int:
    """Bytes held at most while all entries of a file are read and dropped."""
    tracemalloc.start()
    try:
        for _ in JsonArray(path, CatalogError):
            pass
    finally:
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found


def test_memory_does_not_grow_with_the_file(file: Path) -> None:
    entry = json.dumps({"name": "é" * 700, "price": 1.5}, ensure_ascii=False)
    with file.open("w", encoding="utf-8") as stream:
        stream.write("[" + entry + f",\n{entry}" * 21_500 + "]")
    assert file.stat().st_size > 30_000_000
    assert peak(file) < 8_000_000


def test_a_fault_in_the_first_entry_is_found_without_reading_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 1_000)
    monkeypatch.setattr(json_stream, "MAX_ENTRY", 10_000)
    file.write_text('[{"name": "a}' + " " * 5_000_000)
    tracemalloc.start()
    with pytest.raises(CatalogError, match="line 1, column 11"):
        list(JsonArray(file, CatalogError))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 500_000
