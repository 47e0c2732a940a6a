import io
import zipfile

import pytest

from shoprl.errors import CatalogError
from shoprl.feeds import archives
from shoprl.feeds.archives import Archive
from shoprl.feeds.entries import Notes


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def members(data: bytes, notes: Notes | None = None) -> list[tuple[str, bytes]]:
    archive = Archive(io.BytesIO(data), len(data), "a.zip")
    return [(name, file.read()) for name, _, file in archive.members(notes or Notes(), None)]


def test_feeds_come_in_order_of_name_and_the_rest_is_told() -> None:
    notes = Notes()
    data = packed(
        {"z/b.csv": b"id\n2\n", "a.csv": b"id\n1\n", "__MACOSX/._a.csv": b"x", ".hidden.csv": b"id\n",
         "README.txt": b"x",
         "logo.png": b"\x89PNG\r\n", "z/": b""}
    )  # fmt: skip
    assert members(data, notes) == [("a.zip/a.csv", b"id\n1\n"), ("a.zip/z/b.csv", b"id\n2\n")]
    assert notes.texts() == [
        "a.zip: .hidden.csv left out", "a.zip: README.txt left out", "a.zip: __MACOSX/._a.csv left out",
        "a.zip: logo.png left out, as no feed",
    ]  # fmt: skip


def encrypted() -> bytes:
    data = bytearray(packed({"a.csv": b"id\n1\n"}))
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flag] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (packed({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b""}), "an Excel workbook"),
        (packed({"mimetype": b"application/vnd.oasis", "content.xml": b"<a/>"}), "a document in a zip"),
        (packed({"a.zip": packed({"b.csv": b"id\n"})}), "a.zip/a.zip: is compressed within a zip"),
        (packed({"a.csv.gz": b"\x1f\x8b\x08"}), "compressed within a zip"),
        (packed({"shop.db": b"SQLite format 3\0"}), "is a database"),
        (packed({}), "holds no feed"),
        (packed({"logo.png": b"\x89PNG\r\n"}), "a.zip/logo.png: is an image"),
        (packed({"a.csv": b"id\n1\n"})[:-30], "cannot be read"),
        (packed({"a.csv": b"id\n1\n"}).replace(b"PK\x03\x04", b"PK\x03\x05"), "cannot be read"),
        (encrypted(), "a.zip/a.csv: is encrypted"),
        (b"PK\x03\x04 nothing", "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "archive",  # which holds the time
)
def test_what_cannot_be_read_is_one_error(data: bytes, words: str) -> None:
    with pytest.raises(CatalogError, match=words):
        members(data)


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({"a.csv": b"0" * (1 << 20)})
    monkeypatch.setattr(archives, "_SMALL", 1 << 16)
    with pytest.raises(CatalogError, match=r"^a.zip: unzips to more than 250 times its size"):
        members(data)
    monkeypatch.setenv("SHOPRL_MAX_RATIO", "10000")
    assert len(members(data)) == 1
    monkeypatch.setattr(archives, "_MOST", 0)
    with pytest.raises(CatalogError, match="holds 1 files, at most 0"):
        members(data)
