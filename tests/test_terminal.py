"""Untrusted text on a terminal: nothing that it would obey, and JSON of the same values."""

import io
import json
import sys

import pytest

from shoprl.terminal import PlainStream, escaped, plain, plain_streams, raw, raw_streams, shown

HOSTILE = [
    "\x1b[31mred",  # a colour
    "\x1b]0;title\x07",  # the window's title, a bell
    "\x9b31m",  # the same in one character
    "right\u202etfel",  # reversed from here on
    "a\u2066b\u2069",
    "\ud800",  # half a pair
    "a\rb",  # writes over the line
    "\x00\x08\x7f",
    "\u2028",
    "\U000e0001",  # a tag that is not seen
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    for made in (plain(text), shown(text)):
        assert made.isprintable()
        assert len(made) == len(text)


def test_ordinary_text_stays() -> None:
    text = "Zoë's café\n\t10 × 20 cm › “quoted” 💄 日本 עברית"
    assert plain(text) == text
    assert plain("no\u00a0break") == "no break"


def test_one_line_that_is_cut() -> None:
    assert shown("a\x1b[31mb\n") == "a?[31mb?"
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"
    assert shown(3) == "3"


@pytest.mark.parametrize("text", HOSTILE)
def test_json_keeps_its_values(text: str) -> None:
    document = escaped(json.dumps({"title": [text]}, indent=2, ensure_ascii=False))
    assert all(char.isprintable() or char == "\n" for char in document)
    assert json.loads(document) == {"title": [text]}


def test_whatever_is_printed_inside_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with plain_streams():
        print("\x1b[31mout")
        sys.stderr.writelines(["\x1b[31m", "err\n"])
        with raw_streams():
            print("\x1b[1mbold")
        assert raw(sys.stdout) is before[0]
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("?[31mout\n\x1b[1mbold\n", "?[31merr\n")


def test_a_terminal_of_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(memory, encoding="ascii"))
    with plain_streams():
        print("Zoë")
        assert sys.stdout.encoding == "ascii"  # what it does not write itself is the stream's own
    sys.stdout.flush()
    assert memory.getvalue() == b"Zo?\n"


def test_another_stream_is_its_own_raw_one() -> None:
    stream = io.StringIO()
    assert raw(stream) is stream
    assert PlainStream(stream).write("\x07x") == 2
    assert stream.getvalue() == "?x"
