"""Tells what a feed is from its first bytes, and refuses what is none with a word on what to export instead."""

from typing import Literal

from shoprl.errors import CatalogError
from shoprl.feeds.database import SQLITE_MAGIC
from shoprl.feeds.documents import looks_like_lines
from shoprl.feeds.encoding import find_encoding, start_of
from shoprl.feeds.parquet import MAGIC as PARQUET_MAGIC

Kind = Literal["delimited", "lines", "document", "parquet", "sqlite", "gzip", "zip"]
HEAD = 1 << 20  # bytes from which a format is told
_COMPRESSED = "Compress it with gzip or zip, or unpack it first."
_EXPORT = "Export the catalogue as CSV, JSON lines or Parquet."
_PACKED: tuple[tuple[bytes, Kind], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (PARQUET_MAGIC, "parquet"),
    (SQLITE_MAGIC, "sqlite"),
)
_REFUSED = (
    (b"BZh", "a bzip2 file", _COMPRESSED),
    (b"\xfd7zXZ\0", "an xz file", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _COMPRESSED),
    (b"\x04\x22\x4d\x18", "an LZ4 file", _COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _COMPRESSED),
    (b"Rar!", "a RAR archive", _COMPRESSED),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or another Office file", "Save the sheet as CSV UTF-8."),
    (b"%PDF", "a PDF", _EXPORT),
    (b"\x89PNG", "an image", _EXPORT),
    (b"\xff\xd8\xff", "an image", _EXPORT),
    (b"GIF8", "an image", _EXPORT),
    (b"RIFF", "an image or a sound", _EXPORT),
    (b"ARROW1", "an Arrow file", "Write it as Parquet."),
    (b"ORC", "an ORC file", "Write it as Parquet."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet or JSON lines."),
    (b"\x93NUMPY", "a NumPy array", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
)
_CONTROLS = dict.fromkeys([*range(9), *range(14, 27), 28, 29, 30, 127])
_LEAST_TEXT = 0.9  # of the signs of a text are no control signs


def refuse(name: str, what: str, instead: str) -> CatalogError:
    """The error of a file that is no feed."""
    return CatalogError(f"{name}: is {what}, which is not read. {instead}")


def kind_of(head: bytes, name: str, encoding: str | None = None) -> Kind:
    """What a file is that starts with some bytes.

    Args:
        head: :data:`HEAD` bytes, or all of them.
        name: the file's name for messages.
        encoding: of text, as given by the user.

    Raises:
        CatalogError: it is nothing that is read.
    """
    if not head:
        raise CatalogError(f"{name}: is empty. Export it again.")
    for magic, kind in _PACKED:
        if head.startswith(magic):
            return kind
    for magic, what, instead in _REFUSED:
        if head.startswith(magic) and (magic != b"ORC" or b"\0" in head[:64]):
            raise refuse(name, what, instead)
    if head[257:262] == b"ustar":
        raise refuse(name, "a tar archive", "Give the files in it, or a zip of them.")
    return _text_kind(start_of(head, find_encoding(head, encoding)), len(head) < HEAD, name)


def _text_kind(text: str, whole: bool, name: str) -> Kind:
    start = text[: 1 << 13]
    if len(start.translate(_CONTROLS)) < _LEAST_TEXT * len(start):
        raise refuse(name, "no text, nor any other format known here", _EXPORT)
    start = start.lstrip()
    if start.startswith("<"):
        is_page = start[:200].lower().startswith(("<!doctype html", "<html"))
        raise refuse(name, "a web page" if is_page else "an XML file", _EXPORT)
    if start.startswith("{") or (start.startswith("[") and start[1:].lstrip()[:1] in set('{["]-0123456789') | {""}):
        return "lines" if looks_like_lines(text, whole) else "document"
    return "delimited"
