import datetime
import decimal
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.errors import ConfigError
from shoprl.feeds.entries import COUNT, DETAIL, Notes, Origin, distinct_names, fault, json_fields, json_value


@pytest.mark.parametrize(("given", "sign"), [(None, None), ("tab", "\t"), (";", ";"), ("\t", "\t"), ("TAB", "\t")])
def test_a_delimiter_is_one_character(given: str | None, sign: str | None) -> None:
    assert Origin(delimiter=given).separator == sign


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", "\r", "\\", "\0"])
def test_other_delimiters_are_refused(delimiter: str) -> None:
    with pytest.raises(ConfigError, match=r"^delimiter .*must be one character, or tab"):
        Origin(delimiter=delimiter)


@pytest.mark.parametrize("encoding", ["", "nonsense", "hex", "rot13", "idna", "undefined", "a\0b", "é"])
def test_what_is_no_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigError, match=r"^encoding .*is not known"):
        Origin(encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16", "windows-1252", "latin1", "shift_jis", "utf-8-sig"])
def test_encodings_are_known(encoding: str) -> None:
    assert Origin(encoding=encoding).encoding == encoding


@given(st.lists(st.sampled_from(["x", "x (2)", "", "y", "column 2"])))
def test_names_become_distinct_and_keep_their_place(names: list[str]) -> None:
    made = distinct_names(names)
    assert len(set(made)) == len(made) == len(names)
    assert all(name in ("", new) or new.startswith(name) for name, new in zip(names, made, strict=True))


def test_doubled_and_missing_names() -> None:
    assert distinct_names(["x", "x", "", "x"]) == ["x", "x (2)", "column 3", "x (3)"]


def test_values_become_json() -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)
    identity = uuid.UUID(int=5)
    values = [
        (decimal.Decimal("1.5"), 1.5), (decimal.Decimal("NaN"), None), (float("inf"), "inf"), (float("nan"), None),
        (when, "2026-01-02T03:04:05"),
        (when.date(), "2026-01-02"), (datetime.timedelta(seconds=3), 3.0), (b"text", "text"), (b"\xff", None),
        ({1: [b"a", None]}, {"1": ["a", None]}), ((1, 2), [1, 2]),
        ([("k", b"v"), ("n", 1)], {"k": "v", "n": 1}),
        ([("k", "v", "x")], [["k", "v", "x"]]),
        (identity, str(identity)), (True, True),
    ]  # fmt: skip
    for value, expected in values:
        assert json_value(value) == expected
        json.dumps(json_value(value), allow_nan=False)


def test_bytes_left_out_are_counted() -> None:
    notes = Notes()
    rows = [json_fields(["a", "{b}"], [None, b"\xff"], "s", line, notes) for line in (1, 2)]
    assert rows == [{}, {}]
    assert notes.texts() == ["s: 2 values of {b} are bytes that are no text, left out (first: 1)"]


def test_notes_are_said_once_and_counted() -> None:
    notes = Notes()
    for line in (7, 8):
        notes.say("a", "once")
        notes.count("a", f"{COUNT} times", line, 1_000)
    assert notes.texts() == ["a: once", "a: 2,000 times (first: 7)"]
    notes.clear()
    assert notes.texts() == []


def test_a_detail_is_bounded_and_plain() -> None:
    detail = fault("s", 1, "r", "\x1b[31m\n" + "x" * 10_000).detail
    assert len(detail) == DETAIL
    assert detail.isprintable()
