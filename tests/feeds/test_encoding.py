import builtins
import io
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.errors import CatalogError
from shoprl.feeds import encoding as module
from shoprl.feeds.encoding import Decoder, TextLines, find_encoding, is_marked, lenient_text
from shoprl.feeds.entries import Notes

TEXT = "id,title\n1,café à la crème\n2,Größe №★🙂\n"
GERMAN = "id,title\n" + "".join(
    f"{n},Größenverstellbarer Bürostuhl für Büro und Küche, schön weiß\n" for n in range(50)
)


def lines_of(data: bytes, given: str | None = None) -> tuple[list[str], list[str]]:
    notes = Notes()
    blocks = list(TextLines(io.BytesIO(data), data[: 1 << 20], "f", notes, given))
    return [line for block in blocks for line in block], notes.texts()


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_is_told_with_and_without_a_mark(encoding: str, bom: str) -> None:
    data = (bom + TEXT).encode(encoding)
    assert find_encoding(data) == encoding
    assert lines_of(data) == (TEXT.splitlines(keepends=True), [])
    assert lines_of(data, encoding) == (TEXT.splitlines(keepends=True), [])


@pytest.mark.parametrize("given", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_given_encoding_may_have_a_mark(given: str) -> None:
    assert lines_of(TEXT.encode(given), given) == (TEXT.splitlines(keepends=True), [])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", GERMAN),
        ("cp1251", "id,title\n" + "1,Кружка красная керамическая для чая и кофе\n" * 50),
        ("shift_jis", "id,title\n" + "1,赤いマグカップ、コーヒー用の大きなサイズ\n" * 50),
        ("gb18030", "id,title\n" + "1,红色陶瓷马克杯,适合咖啡和茶的大号杯子\n" * 50),
    ],
)
def test_other_encodings_are_guessed(encoding: str, text: str) -> None:
    pytest.importorskip("charset_normalizer", reason="needs the extra feeds")
    assert "".join(lines_of(text.encode(encoding))[0]) == text


def test_without_the_guesser_it_is_windows_1252(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    assert find_encoding("id\nКружка\n".encode("cp1251")) == "cp1252"
    assert lines_of(GERMAN.encode("cp1252"))[0] == GERMAN.splitlines(keepends=True)


def test_a_line_that_is_not_utf8_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 100)
    plain = [f"{n},plain mug\n" for n in range(200)]
    data = "".join(plain).encode() + "x,Größe\n".encode("cp1252") + "y,Größe\n".encode() + b"z,cut caf\xc3\n"
    notes = Notes()
    blocks = list(TextLines(io.BytesIO(data), data[:100], "f", notes))
    found = [line for block in blocks for line in block]
    assert found == [*plain, "x,Größe\n", "y,Größe\n", "z,cut cafÃ\n"]
    assert notes.texts() == ["f: 2 lines hold bytes that are not UTF-8; read as Windows-1252 (first: 201)"]


def test_few_bad_lines_do_not_make_a_text_another_encoding() -> None:
    data = ("n,Größe ★\n" * 30).encode() + b"x,caf\xe9\n"
    assert find_encoding(data) == "utf-8"
    assert lines_of(data)[0][-1] == "x,café\n"


@pytest.mark.parametrize("given", ["utf-8", "ascii", "utf-16"])
def test_what_is_not_in_the_encoding_given_is_marked(given: str) -> None:
    good, bad = "a,b\n".encode(given), "c,".encode(given) + (b"\x00\xdc" if given == "utf-16" else b"\xff")
    bad = bad.removeprefix(b"\xff\xfe") if given == "utf-16" else bad
    end = "\n".encode("utf-16-le") if given == "utf-16" else b"\n"
    lines, notes = lines_of(good + bad + end, given)
    assert [is_marked(line) for line in lines] == [False, True]
    assert notes == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")), st.integers(1, 7))
def test_any_text_in_any_pieces_is_read_back(text: str, chunk: int) -> None:
    data, before = text.encode(), module.CHUNK
    module.CHUNK = chunk
    try:
        lines, _ = lines_of(data, "utf-8")
        assert "".join(lines) == text
        end = "\r" if "\r" in text and "\n" not in text else "\n"
        assert all(end not in line[:-1] for line in lines)
        assert "".join(lines_of(text.encode("utf-16-le"), "utf-16-le")[0]) == text
    finally:
        module.CHUNK = before


@given(st.binary(), st.integers(1, 5))
def test_any_bytes_are_decoded_in_any_pieces(data: bytes, size: int) -> None:
    decoder = Decoder("utf-8")
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    text = "".join(decoder.decode(piece) for piece in pieces) + decoder.decode(b"", final=True)
    assert text == lenient_text(data).removeprefix("\ufeff")
    assert not is_marked(text)


def test_zero_bytes_are_left_out_with_a_note() -> None:
    assert lines_of(b"id,t\n1,a\n2,b\0c\0\n") == (
        ["id,t\n", "1,a\n", "2,bc\n"],
        ["f: 2 zero bytes left out (first: 3)"],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_is_refused(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPRL_MAX_LINE", "1000")
    with pytest.raises(CatalogError, match=r"^f: line 2: longer than 1,000 bytes"):
        lines_of(("id\n" + "x" * 1001).encode(encoding))
    with pytest.raises(CatalogError, match=r"^f: line 2: longer than 1,000 bytes"):
        lines_of(("id\n" + "x" * 1001 + "\ny\n").encode(encoding))


def test_the_guesser_is_imported_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def checked(name: str, *args: Any) -> Any:
        assert name != "charset_normalizer"
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", checked)
    assert find_encoding(TEXT.encode()) == "utf-8"
