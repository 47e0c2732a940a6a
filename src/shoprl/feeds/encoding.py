"""Finds out in which encoding a feed is written, and decodes it without losing a line."""

import codecs
import re
from collections.abc import Iterator
from typing import Protocol

from shoprl.errors import CatalogError
from shoprl.feeds.entries import COUNT, Notes
from shoprl.reading import MAX_BLANK, read_limits

CHUNK = 1 << 20  # bytes read at a time
_GUESSED = 1 << 16  # bytes that a guess is made from
_MARK = "\udcff"  # stands for bytes that are not in the given encoding: no file decodes to it
_BOMS = (  # the longer first: one is the start of another
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2, "utf-16": 2, "utf-32": 4}  # bytes a character
_LIKELY = [  # what shops' exports are written in; a guess among all of Python's encodings finds strange ones
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
NAMES = {f"cp{page}": f"Windows-{page}" for page in range(1250, 1259)}


def _windows(cause: UnicodeError) -> tuple[str, int]:
    """Bytes that are not in an encoding are read as Windows-1252, the five that it leaves open as Latin-1."""
    assert isinstance(cause, UnicodeDecodeError)
    data = cause.object[cause.start : cause.end]
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in data), cause.end


def _marked(cause: UnicodeError) -> tuple[str, int]:
    assert isinstance(cause, UnicodeDecodeError)
    return _MARK, cause.end


codecs.register_error("shoprl.windows", _windows)
codecs.register_error("shoprl.marked", _marked)


class Stream(Protocol):
    """What is read."""

    def read(self, count: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


def lenient_text(data: bytes) -> str:
    """Bytes as UTF-8, those that are none as Windows-1252."""
    return data.decode(errors="shoprl.windows")


def is_marked(text: str) -> bool:
    """Whether a text holds what is not in the encoding that was given."""
    return _MARK in text


def find_encoding(head: bytes, given: str | None = None) -> str:
    """The encoding of a text that starts with some bytes: as given, by its byte order mark, or guessed."""
    if given is not None:
        name = codecs.lookup(given).name
        bom = next((found for mark, found in _BOMS if head.startswith(mark)), None)
        return bom if name in ("utf-16", "utf-32") and bom else "utf-8" if name == "utf-8-sig" else name
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    return _wide_encoding(head[: 1 << 12]) or _narrow_encoding(head)


def start_of(head: bytes, encoding: str) -> str:
    """The text of the first bytes of a file, without a byte order mark."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark: zero bytes, all in the same places of a character."""
    zeros = [head[place::4].count(0) * 4 / max(len(head), 1) for place in range(4)]
    places = {
        "utf-32-le": (False, False, True, True), "utf-32-be": (True, True, False, False),
        "utf-16-le": (False, True, False, True), "utf-16-be": (True, False, True, False),
    }  # fmt: skip
    for name, empty in places.items():
        most = [share > 0.05 if is_empty else share == 0 for share, is_empty in zip(zeros, empty, strict=True)]
        if name.startswith("utf-32"):  # the byte between is empty too, in most scripts
            most = [share > 0.9 if is_empty else True for share, is_empty in zip(zeros, empty, strict=True)]
        if all(most):
            try:
                text = codecs.getincrementaldecoder(name)().decode(head)
            except UnicodeDecodeError:
                continue
            ends = sum(map(head.count, (b"\r", b"\n")))  # as bytes, most of which are ends of lines as characters too
            if 2 * sum(map(text.count, "\r\n")) >= ends:
                return name
    return None


def _narrow_encoding(head: bytes) -> str:
    text = codecs.getincrementaldecoder("utf-8")("shoprl.marked").decode(head)
    bad = text.count(_MARK)
    good = sum(map(len, re.findall(f"[^\0-\x7f{_MARK}]+", text))) if bad else 0
    if bad * 4 <= good:
        return "utf-8"
    sample = b"\n".join(line for line in re.split(rb"[\r\n]+", head) if not line.isascii())[:_GUESSED]
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    if best is None or "cp1252" in best.could_be_from_charset:
        return "cp1252"
    return best.encoding


class Decoder(codecs.IncrementalDecoder):
    """Decodes a stream; what is not in the encoding is read as Windows-1252, and counted.

    Args:
        encoding: its name.
        errors: "shoprl.windows", or "shoprl.marked" to find what is not in the encoding afterwards.
    """

    def __init__(self, encoding: str, errors: str = "shoprl.windows") -> None:
        super().__init__(errors)
        self._strict = codecs.getincrementaldecoder(encoding)()
        self._lenient = codecs.getincrementaldecoder(encoding)(errors)
        self._started = False
        self.replaced = 0  # times that something was not in the encoding

    def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]
        """The text of the next bytes."""
        state = self._strict.getstate()
        try:
            text = self._strict.decode(data, final)
        except UnicodeDecodeError:
            self._lenient.setstate(state)
            text = self._lenient.decode(data, final)
            self._strict.setstate(self._lenient.getstate())
            self.replaced += 1
        if not self._started and text:
            self._started, text = True, text.removeprefix("\ufeff")
        return text


class TextLines:
    """The lines of a text, in blocks: with their ends, decoded, zero bytes left out.

    Lines end with a line feed; in a text that starts without any, with a carriage return.

    Args:
        stream: what is read.
        head: the first bytes of the stream, which are read again.
        source: the name for messages.
        notes: takes what the user is told.
        encoding: as given by the user; None: found out.

    Raises:
        CatalogError: while it is read: a line is too long.
    """

    def __init__(self, stream: Stream, head: bytes, source: str, notes: Notes, encoding: str | None = None) -> None:
        self._stream, self._source, self._notes = stream, source, notes
        self.encoding, self.given = find_encoding(head, encoding), encoding is not None
        self._errors = "shoprl.marked" if self.given else "shoprl.windows"
        text = start_of(head, self.encoding)
        self.end = "\r" if "\r" in text and "\n" not in text else "\n"
        self._line, self._limit = 1, read_limits().line

    @property
    def encoding_name(self) -> str:
        """The encoding as people call it."""
        return NAMES.get(self.encoding, self.encoding.upper().replace("_", "-"))

    def __iter__(self) -> Iterator[list[str]]:
        for text in self._wide_texts() if self.encoding in _WIDE else self._texts():
            if "\0" in text:
                first = self._line + text.count(self.end, 0, text.index("\0"))
                self._notes.count(self._source, f"{COUNT} zero bytes left out", first, text.count("\0"))
                text = text.replace("\0", "")
            lines = text.split(self.end)
            last = lines.pop()
            lines = [line + self.end for line in lines]
            if last:
                lines.append(last)
            if len(text) > self._limit:
                for line in lines:
                    self._check(len(line))
                    self._line += 1
                self._line -= len(lines)
            yield lines
            self._line += len(lines)

    def _texts(self) -> Iterator[str]:
        """The text in pieces of whole lines, of an encoding in which the end of a line is one byte."""
        end, rest, started = self.end.encode(), [b""], False
        while data := self._stream.read(CHUNK):
            cut = data.rfind(end) + 1
            if not cut:
                rest.append(data)
                self._check(sum(map(len, rest)))
                continue
            piece = b"".join([*rest, data[:cut]])
            rest = [data[cut:]]
            yield self._decoded(piece) if started else self._decoded(piece).removeprefix("\ufeff")
            started = True
        last = b"".join(rest)
        if last:
            yield self._decoded(last) if started else self._decoded(last).removeprefix("\ufeff")

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise CatalogError(
                f"{self._source}: line {self._line}: longer than {self._limit:,} bytes. Remove the line, or set "
                "SHOPRL_MAX_LINE."
            )

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError:
            return self._text_of_lines(data)

    def _text_of_lines(self, data: bytes) -> str:
        """The text of lines some of which are not in the encoding."""
        end, texts = self.end.encode(), []
        for number, line in enumerate(data.split(end), self._line):
            try:
                texts.append(line.decode(self.encoding))
            except UnicodeDecodeError:
                texts.append(line.decode(self.encoding, self._errors))
                if not self.given:
                    what = f"{COUNT} lines hold bytes that are not {self.encoding_name}; read as Windows-1252"
                    self._notes.count(self._source, what, number)
        return self.end.join(texts)

    def _wide_texts(self) -> Iterator[str]:
        """The same of an encoding in which each character has several bytes."""
        decoder, rest = Decoder(self.encoding, self._errors), ""
        while True:
            data = self._stream.read(CHUNK)
            text = rest + decoder.decode(data, final=not data)
            if not data:
                break
            cut = text.rfind(self.end) + 1
            rest = text[cut:]
            yield text[:cut]
            self._check(len(rest))
        if decoder.replaced and not self.given:
            self._notes.say(self._source, f"holds bytes that are not {self.encoding_name}; read as Windows-1252")
        yield text


def check_blank(source: str, line: int, count: int) -> None:
    """Refuse a text with too many blank lines.

    Raises:
        CatalogError: there are.
    """
    if count > MAX_BLANK:
        raise CatalogError(f"{source}: line {line}: more than {MAX_BLANK:,} blank lines. Remove them.")
