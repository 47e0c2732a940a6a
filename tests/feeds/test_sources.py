import gzip
import hashlib
import io
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from shoprl.errors import CatalogError
from shoprl.feeds.entries import Notes
from shoprl.feeds.sources import Content, Source

CSV = b"id,title\n" + b"".join(b"%d,mug\n" % n for n in range(1_000))


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.csv", data)
    return file.getvalue()


def whole(content: Content) -> bytes:
    return b"".join(iter(lambda: content.read(1 << 10), b""))


def contents(source: Source) -> list[tuple[str, str, bytes]]:
    return [(part.name, part.kind, whole(part.content)) for part in source.parts()]


FORMS = [("", CSV), ("", gzip.compress(CSV, mtime=0)), ("/b.csv", zipped(CSV))]


@pytest.mark.parametrize(("member", "data"), FORMS)
def test_files_are_unpacked_by_what_they_are(member: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "feed.txt"
    path.write_bytes(data)
    source = Source(str(path), None, Notes())
    source.check()
    assert contents(source) == [(f"{path}{member}", "delimited", CSV)]
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert source.size == len(data)
    assert 0 < source.position <= len(data)


@pytest.mark.parametrize(("member", "data"), FORMS)
def test_stdin_is_unpacked_too(member: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.BytesIO):
        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 7) if size != -1 else -1)

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=Pipe(data)))
    source = Source("-", None, Notes())
    assert contents(source) == [(f"-{member}", "delimited", CSV)]
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert source.size is None


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("", "is a folder"),
        ("pipe", "is a pipe or a device"),
        ("gone", "no such file"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(CatalogError, match=words):
            Source(str(tmp_path / name), None, Notes()).check()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(CSV, mtime=0)[:-20], "cannot be read.*truncated"),
        (gzip.compress(CSV, mtime=0)[:40] + b"\0" * 40, "cannot be read"),
        (gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "a gzip file within a gzip file"),
        (gzip.compress(zipped(CSV), mtime=0), "a zip file within a gzip file"),
        (gzip.compress(b"<?xml?>", mtime=0), "an XML file"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"", "is empty"),
        (zipped(CSV)[:-30], "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_at_once(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(data)
    with pytest.raises(CatalogError, match=words):
        Source(str(path), None, Notes()).check()


def test_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(gzip.compress(b"id\n" + b"0" * (1 << 27), mtime=0))
    with pytest.raises(CatalogError, match="unzips to more than 250 times its size"):
        contents(Source(str(path), None, Notes()))
    monkeypatch.setenv("SHOPRL_MAX_FILE", "5000")
    path.write_bytes(CSV)
    with pytest.raises(CatalogError, match="holds more than 5,000 bytes"):
        contents(Source(str(path), None, Notes()))


def test_a_zip_member_whose_checksum_is_wrong(tmp_path: Path) -> None:
    data = bytearray(zipped(b"id\n" + os.urandom(3_000_000).hex().encode()))
    data[len(data) - 200_000] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(CatalogError, match="cannot be read"):
        contents(Source(str(tmp_path / "a.zip"), None, Notes()))
