import hashlib
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.database import is_address, source_of
from shoprl.feeds.rows import Origin, Row, RowReader
from shoprl.files import json_line
from tests.support.feeds import read
from tests.support.postgres import PASSWORD, QUOTED, server

needs_sqlalchemy = pytest.mark.usefixtures("_sqlalchemy")


@pytest.fixture
def _sqlalchemy() -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra feeds")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("create table products (id text, title text, price real, raw blob)")
    rows = [(f"B{n}", f"mug {n}", n / 2, b"\xff" if n == 1 else None) for n in range(2_500)]
    connection.executemany("insert into products values (?, ?, ?, ?)", rows)
    connection.execute("insert into products values ('bad', cast(x'636166e9' as text), 1, null)")
    connection.commit()
    connection.close()
    return path


def query(source: str, text: str) -> list[object]:
    return list(read(source, origin=Origin(query=text))[0])


@needs_sqlalchemy
@pytest.mark.parametrize("address", ["{}", "sqlite:///{}"])
def test_sqlite_by_path_and_by_address(address: str, shop: Path) -> None:
    text = "SELECT id, title, price, raw, id\n FROM products"
    reader = RowReader([address.format(shop)], Origin(query=text))
    rows = list(reader)
    name = "SELECT id, title, price, raw, id FROM products"
    assert len(rows) == 2_501
    assert rows[1] == Row(name, 2, {"id": "B1", "title": "mug 1", "price": 0.5, "id (2)": "B1"})
    assert rows[-1].fields["title"] == "café"  # type: ignore[union-attr]
    assert reader.notes == [f"{name}: 1 values of raw are bytes that are no text, left out (first: 2)"]
    content = b"".join(json_line(row.fields) for row in rows)  # type: ignore[union-attr]
    assert reader.hashes() == {name: hashlib.sha256(content).hexdigest()}
    assert reader.size is None


@needs_sqlalchemy
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * FROM gone", "no such table: gone"),
        ("SELEC", "syntax error"),
        ("SELECT * FROM products WHERE id = 'none'", "gives no rows"),
        ("DELETE FROM products", "readonly database"),
        ("CREATE TABLE x (y)", "readonly database"),
        ("PRAGMA query_only = 1", "gives no rows"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT * FROM products WHERE id = :x", "binding"),
    ],
)
def test_queries_that_give_nothing_are_one_error(text: str, words: str, shop: Path) -> None:
    before = shop.read_bytes()
    with pytest.raises(CatalogError, match=words):
        query(str(shop), text)
    assert shop.read_bytes() == before


@needs_sqlalchemy
def test_signs_of_a_query_are_no_parameters(shop: Path) -> None:
    rows = query(str(shop), "SELECT id, '%s :x 12:30' AS note FROM products WHERE title LIKE '%mug 7'")
    assert [row.fields for row in rows] == [{"id": "B7", "note": "%s :x 12:30"}]  # type: ignore[attr-defined]


@needs_sqlalchemy
def test_addresses_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + b"x" * 2_000)
    for address, words in (
        ("mysql://u:secretword@h/d", "only postgresql"),
        ("https://example.com/feed.csv?key=secretword", "download the file first"),
        ("postgresql://u:secretword@h:port/d", "cannot be read. Write it as"),
        ("sqlite:////gone/shop.db", "no such file"),
        ("sqlite://", "no such file"),
        (str(tmp_path / "bad.db"), "bad.db: "),
        ("postgresql://u:secretword@127.0.0.1:1/d?connect_timeout=2", "onnection refused"),
        ("postgresql://u@127.0.0.1:1/d?password=secretword&connect_timeout=2", "onnection refused"),
    ):
        with pytest.raises(CatalogError, match=words) as caught:
            query(address, "SELECT * FROM products")
        assert "secretword" not in str(caught.value)


@needs_sqlalchemy
def test_a_query_is_needed(shop: Path) -> None:
    for source in (str(shop), "postgresql://u:secretword@h/d"):
        with pytest.raises(ConfigError, match=r"^`query` is needed") as caught:
            RowReader([source])
        assert "secretword" not in str(caught.value)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConfigError, match=r"pip install 'shoprl\[feeds\]'"):
        query(str(shop), "SELECT 1")


def test_names() -> None:
    assert is_address("postgresql+psycopg://h/d")
    assert not is_address("C:/shop.db")
    assert not is_address("a/b://c")
    assert source_of("SELECT  *\n FROM t" + "x" * 100) == "SELECT * FROM t" + "x" * 65


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pytest.importorskip("sqlalchemy", reason="needs the extra feeds")
    psycopg = pytest.importorskip("psycopg", reason="needs the extra feeds")
    with server() as address:
        with psycopg.connect(address.format(password=QUOTED), autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE products AS SELECT n AS id, 'mug ' || n AS title, n / 4::numeric AS price, "
                "ARRAY['a', 'b'] AS tags, '{\"color\": [\"red\"]}'::jsonb AS options, DATE '2026-01-02' AS day, "
                "'\\xff'::bytea AS raw, gen_random_uuid() AS uid FROM generate_series(1, 5000) n"
            )
        yield address


def test_postgresql(postgres: str) -> None:
    text = "SELECT *, '%s 50% :x' AS note FROM products ORDER BY id"
    reader = RowReader([postgres.format(password=QUOTED)], Origin(query=text))
    rows = list(reader)
    assert [row.line for row in rows] == list(range(1, 5_001))
    fields = rows[4].fields  # type: ignore[union-attr]
    assert len(fields.pop("uid")) == 36
    assert fields == {
        "id": 5, "title": "mug 5", "price": 1.25, "tags": ["a", "b"], "options": {"color": ["red"]},
        "day": "2026-01-02", "note": "%s 50% :x",
    }  # fmt: skip
    assert list(reader.hashes()) == [text]
    assert reader.notes == [f"{text}: 5,000 values of raw are bytes that are no text, left out (first: 1)"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * FROM gone", 'relation "gone" does not exist'),
        ("SELEC", "syntax error"),
        ("SELECT * FROM products WHERE id < 0", "gives no rows"),
        ("DELETE FROM products", "syntax error|read-only"),
        ("DELETE FROM products RETURNING id", "syntax error|read-only"),
        ("WITH gone AS (DELETE FROM products RETURNING id) SELECT * FROM gone", "WITH|read-only"),
        ("SELECT 1; COMMIT; DELETE FROM products", "read-only|multiple commands"),
        ("SELECT 1 / (id - 3000) FROM products", "division by zero"),
    ],
)
def test_postgresql_is_only_read(text: str, words: str, postgres: str) -> None:
    address = postgres.format(password=QUOTED)
    with pytest.raises(CatalogError, match=words) as caught:
        query(address, text)
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
    assert query(address, "SELECT count(*) FROM products")[0].fields == {"count": 5_000}  # type: ignore[attr-defined]


def test_a_wrong_password_is_not_repeated(postgres: str) -> None:
    with pytest.raises(CatalogError, match="password authentication failed") as caught:
        query(postgres.format(password="secretword"), "SELECT 1")
    assert "secretword" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_postgresql_rows_are_streamed(postgres: str) -> None:
    rows = iter(
        RowReader(
            [postgres.format(password=QUOTED)],
            Origin(query="SELECT n, 1 / (20000 - n) AS m FROM generate_series(1, 10000000) n"),
        )
    )
    assert [next(rows).line for _ in range(5_000)][-1] == 5_000  # the fault is many batches away
    with pytest.raises(CatalogError, match="division by zero"):
        list(rows)
