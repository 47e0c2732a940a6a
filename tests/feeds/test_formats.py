import pytest

from shoprl.errors import CatalogError
from shoprl.feeds.formats import kind_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "zip"), (b"PAR1", "parquet"), (b"SQLite format 3\0", "sqlite"),
        (b"id,title\n", "delimited"), (b"\xef\xbb\xbf {\"a\": 1}\n{\"a\": 2}", "lines"), (b"[{}, {}]", "document"),
        (b"{\n", "document"), (b"[", "document"), (b"[id],[title]\n", "delimited"),
        ("id\n1\n".encode("utf-16"), "delimited"),
        ("[{}]".encode("utf-16-le"), "document"), (b"\n", "delimited"), (b"ORC,title\n", "delimited"),
        (b"{'a': 1}", "document"),
    ],
)  # fmt: skip
def test_formats_are_told_by_content(head: bytes, kind: str) -> None:
    assert kind_of(head, "f") == kind


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "is empty"),
        (b"BZh91AY", "bzip2.*Compress it with gzip"),
        (b"\xfd7zXZ\0", "xz file"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"\xd0\xcf\x11\xe0\xa1", "old Excel.*CSV"),
        (b"%PDF-1.4", "a PDF"),
        (b"\x89PNG\r\n", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b"<?xml version='1.0'?>", "an XML file.*Export"),
        (b"\xef\xbb\xbf \n<rss>", "an XML file"),
        ("<?xml ?><a/>".encode("utf-16"), "an XML file"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"x" * 257 + b"ustar\0" + b"0" * 20, "tar archive"),
        (b"ORC\x01\0\0", "ORC"),
        (b"ARROW1\0\0", "Arrow"),
        (bytes(range(256)) * 4, "no text"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", "no text"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94", "no text"),
    ],
)
def test_what_is_no_feed_is_refused_with_what_to_do(head: bytes, words: str) -> None:
    with pytest.raises(CatalogError, match=rf"^f: .*{words}"):
        kind_of(head, "f")
