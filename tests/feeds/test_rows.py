import gzip
import hashlib
import io
import sqlite3
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.rows import Fault, Origin, Row, RowReader
from tests.support.feeds import read, values

CSV = "id;title\n1;Größe\n2;Mug, red\n3;a;b\n"


def test_several_sources_one_behind_the_other(tmp_path: Path) -> None:
    csv, lines, document, archive = (tmp_path / name for name in ("a.csv", "b.jsonl", "c.json", "d.zip"))
    csv.write_text(CSV, encoding="utf-16")
    lines.write_bytes(gzip.compress(b'{"id": 1}\noops\n{"id": 2}\n', mtime=0))
    document.write_text('{"products": [{"id": 7}]}')
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.tsv", "id\ttitle\n9\tLamp\n")
    sources = [str(path) for path in (csv, lines, document, archive)]
    reader = RowReader(sources)
    entries = list(reader)
    assert [entry.source for entry in entries] == [*[sources[0]] * 3, *[sources[1]] * 3, sources[2], f"{archive}/x.tsv"]
    assert values(entries) == [
        (2, "1", "Größe"), (3, "2", "Mug, red"), (4, "too many cells"),
        (1, 1), (2, "invalid JSON"), (3, 2), (1, 7), (2, "9", "Lamp"),
    ]  # fmt: skip
    assert reader.notes == [f"{csv}: read as UTF-16-LE, delimiter ;", f"{archive}/x.tsv: delimiter tab"]
    assert reader.hashes() == {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in sources}
    assert reader.size == sum(Path(name).stat().st_size for name in sources)
    assert list(reader) == entries  # again
    assert len(reader.notes) == 2


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(CSV.encode()), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", stdin)
    reader = RowReader(["-"])
    assert values(list(reader))[0] == (2, "1", "Größe")
    assert reader.size is None
    assert reader.position == len(CSV.encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(CatalogError, match="nothing is piped"):
        RowReader(["-"])


def test_parquet_plain_and_packed(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra feeds")
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra feeds")
    plain, packed = tmp_path / "a", tmp_path / "b.gz"
    parquet.write_table(pyarrow.table({"id": ["x", "y"], "price": [1.5, None]}), plain)
    packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    for path in (plain, packed):
        reader = RowReader([str(path)])
        assert list(reader) == [Row(str(path), 1, {"id": "x", "price": 1.5}), Row(str(path), 2, {"id": "y"})]
        assert reader.hashes() == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}


def test_what_is_given_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,x;title\n1;Größe\n2;ok\n".encode("cp1252"))
    entries, _ = read(path, origin=Origin(delimiter=";", encoding="cp1252"))
    assert entries == [
        Row(str(path), 2, {"id,x": "1", "title": "Größe"}),
        Row(str(path), 3, {"id,x": "2", "title": "ok"}),
    ]
    assert values(read(path, origin=Origin(encoding="utf-8"))[0])[0] == (2, "not in the encoding")


def test_bytes_of_another_encoding_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title\n" + b"".join(b"%d,plain\n" % n for n in range(300_000)) + b"x,caf\xe9\n")
    entries, notes = read(path)
    assert len(entries) == 300_001
    assert entries[-1] == Row(str(path), 300_002, {"id": "x", "title": "café"})
    assert notes == [f"{path}: 1 lines hold bytes that are not UTF-8; read as Windows-1252 (first: 300,002)"]


def test_sources_are_checked_at_once(tmp_path: Path) -> None:
    good, bad, database = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.db"
    good.write_text("id\n1\n")
    bad.write_bytes(b"%PDF")
    with sqlite3.connect(database) as connection:
        connection.execute("create table t (id)")
    connection.close()
    for sources, error, words in (
        ([good, bad], CatalogError, "b.csv: is a PDF"),
        ([good, good], CatalogError, "is given twice"),
        ([good, tmp_path / "gone"], CatalogError, "no such file"),
    ):
        with pytest.raises(error, match=words):
            RowReader([str(source) for source in sources])
    with pytest.raises(ConfigError, match=r"^`query` is for databases"):
        RowReader([str(good)], Origin(query="SELECT 1"))


def test_a_cut_off_document_keeps_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"id": 1}, {"id": 2}, {"id"')
    entries, _ = read(path)
    assert values(entries) == [(1, 1), (2, 2), (3, "invalid JSON")]
    assert isinstance(entries[-1], Fault)
    assert RowReader([str(path)]).hashes() == {}


@pytest.mark.parametrize("kind", ["csv", "list", "lines"])
def test_memory_does_not_grow_with_the_file(kind: str, tmp_path: Path) -> None:
    path, count = tmp_path / "a", 60_000
    title = "a mug, red and large, of stoneware, for the dishwasher " * 3
    if kind == "csv":
        path.write_text("id,title\n" + "".join(f'{n},"{title}"\n' for n in range(count)))
    else:
        objects = [f'{{"id": {n}, "title": "{title}"}}' for n in range(count)]
        path.write_text("[" + ", ".join(objects) + "]" if kind == "list" else "\n".join(objects))
    reader = RowReader([str(path)])
    tracemalloc.start()
    assert sum(1 for _ in reader) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size  # all rows in memory are more than twice as much
