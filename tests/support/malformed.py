"""Feeds with something wrong with them, and what must come out of each: rejects by line and reason, or one error."""

import bz2
import gzip
import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

Maker = Callable[[Path], None]  # writes a feed to a path
Reject = tuple[int, str]  # line and reason

GOOD = "".join(f"g{n},Good mug {n},{n}.50,red\n" for n in range(3))
HEADER = "id,title,price,color\n"
ROWS = [{"id": f"g{n}", "title": f"Good mug {n}", "price": f"{n}.50", "color": "red"} for n in range(3)]
LINES = "".join(f"{json.dumps(row)}\n" for row in ROWS)
MAPPING = '[fields]\nid = "id"\ntitle = "title"\nprice = "price"\n'


@dataclass(frozen=True)
class Bad:
    """A feed and what comes out of it.

    Attributes:
        name: what is wrong with it.
        feed: its bytes, or what writes it; None: there is no file.
        rejects: line and reason of each row that is left out; the others become products.
        products: how many.
        error: class of the error where there is nothing to import.
        says: what its line holds, besides the file's name.
        options: of the command.
        file: the feed's name.
        mapping: a mapping file, given with --map.
        stdin: what is piped in.
        ids: the ASINs of the products, where they matter; the good ones are left out.
        needs: a library of an extra.
        good: whether the three good mugs are among the products.
    """

    name: str
    feed: bytes | Maker | None = None
    rejects: Sequence[Reject] = ()
    products: int = 3
    error: str = ""
    says: Sequence[str] = ()
    options: Sequence[str] = ()
    file: str = "feed.csv"
    mapping: str | bytes | None = None
    stdin: bytes | None = None
    ids: Sequence[str] = ()
    needs: str = ""
    good: bool = True

    def write(self, folder: Path) -> None:
        """Write the files."""
        if self.needs:
            pytest.importorskip(self.needs, reason="needs the extra feeds")
        path = folder / self.file
        if isinstance(self.feed, bytes):
            path.write_bytes(self.feed)
        elif self.feed is not None:
            self.feed(path)
        if self.mapping is not None:
            raw = self.mapping if isinstance(self.mapping, bytes) else self.mapping.encode()
            (folder / "m.toml").write_bytes(raw)

    def words(self, folder: Path) -> list[str]:
        """The sources and options of the command."""
        words = ["-"] if self.stdin is not None else [str(folder / self.file)]
        if self.mapping is not None:
            words += ["--map", str(folder / "m.toml")]
        return [*words, *(word.replace("{folder}", str(folder)) for word in self.options)]


def table(*rows: str, header: str = HEADER, end: str = GOOD) -> bytes:
    """Rows behind a header, with good ones behind them."""
    return (header + "".join(f"{row}\n" for row in rows) + end).encode()


def lines(*rows: object) -> bytes:
    """Values as JSON lines, with good ones behind them."""
    return ("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows) + LINES).encode()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def encrypted() -> bytes:
    """A zip file whose member says that it is encrypted."""
    data = bytearray(zipped({"feed.csv": table()}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(magic) + at
        data[place : place + 2] = struct.pack("<H", 1)
    return bytes(data)


def parquet(path: Path, **columns: list[object]) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    pq.write_table(pa.table(columns), path)


def cut_parquet(path: Path) -> None:
    parquet(path, id=["a", "b"], title=["A mug", "A cup"], price=[1.0, 2.0])
    path.write_bytes(path.read_bytes()[:-30])


def damaged_parquet(path: Path) -> None:
    """The pages of the columns overwritten."""
    parquet(path, id=["a" * 40, "b" * 40], title=["A mug", "A cup"], price=[1.0, 2.0])
    data = bytearray(path.read_bytes())
    data[4:80] = b"\xff" * 76
    path.write_bytes(bytes(data))


def infinite_parquet(path: Path) -> None:
    parquet(path, id=["a", "b", "c"], title=["A mug", "A cup", "A bowl"], price=[float("inf"), float("nan"), 2.0])


def database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE products (id, title, price)")
        connection.executemany("INSERT INTO products VALUES (?, ?, ?)", [("a", "A mug", 1), ("b", "A cup", "dear")])
    connection.close()


def damaged_database(path: Path) -> None:
    database(path)
    data = bytearray(path.read_bytes())
    data[100:] = b"\x7f" * (len(data) - 100)
    path.write_bytes(bytes(data))


def folder(path: Path) -> None:
    path.mkdir()


def _row(**fields: object) -> dict[str, object]:
    return {"id": "x", "title": "A cup", "price": "2.00"} | fields


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


QUERY = ("--query", "SELECT * FROM products")
CATALOG, CONFIG = "CatalogError", "ConfigError"
FORMATS = [
    Bad("there is no file", error=CATALOG, says=["no such file"]),
    Bad("a folder", folder, error=CATALOG, says=["is a folder"]),
    Bad("an empty file", b"", error=CATALOG, says=["is empty"]),
    Bad("blank lines alone", b"\n \n\n", error=CATALOG, says=["no row"]),
    Bad("a header alone", HEADER.encode(), error=CATALOG, says=["no row"]),
    Bad("a byte order mark alone", b"\xef\xbb\xbf", error=CATALOG, says=["no row"]),
    Bad("stdin is empty", stdin=b"", error=CATALOG, says=["-: is empty"]),
    Bad("a PDF", b"%PDF-1.7\n%\xe2\xe3", error=CATALOG, says=["a PDF"]),
    Bad("an image", b"\x89PNG\r\n\x1a\n" + bytes(64), error=CATALOG, says=["an image"]),
    Bad("an Excel workbook", zipped({"[Content_Types].xml": b"<Types/>"}), error=CATALOG, says=["Excel", "CSV"]),
    Bad("an old Excel workbook", b"\xd0\xcf\x11\xe0" + bytes(600), error=CATALOG, says=["old Excel", "CSV"]),
    Bad("an XML feed", b"<?xml version='1.0'?><rss><item/></rss>", error=CATALOG, says=["an XML file", "CSV"]),
    Bad("a web page", b"<!DOCTYPE html><html><body>Log in", error=CATALOG, says=["a web page"]),
    Bad("random bytes", bytes(range(256)) * 8, error=CATALOG, says=["no text"]),
    Bad("bzip2", bz2.compress(table()), error=CATALOG, says=["a bzip2 file", "gzip or zip"]),
    Bad("a tar archive", b"feed.csv".ljust(257, b"\0") + b"ustar\0" + bytes(300), error=CATALOG, says=["tar archive"]),
    Bad("gzip cut off", gzip.compress(table(), mtime=0)[:-20], error=CATALOG, says=["truncated"]),
    Bad("gzip with a wrong checksum", gzip.compress(table(), mtime=0)[:-8] + bytes(8), error=CATALOG, says=["CRC"]),
    Bad("gzip within gzip", gzip.compress(gzip.compress(table()), mtime=0), error=CATALOG, says=["within a gzip file"]),
    Bad("a gzip bomb", gzip.compress(bytes(70 << 20), 9, mtime=0), error=CATALOG, says=["no text"]),
    Bad(
        "a gzip bomb that starts well",
        gzip.compress(table() + (b"z,Z,1," + b" " * (1 << 23) + b"\n") * 9, 9, mtime=0),
        error=CATALOG,
        says=["unzips to more than 250 times"],
    ),
    Bad("zip cut off", zipped({"feed.csv": table()})[:-30], error=CATALOG, says=["cannot be read"]),
    Bad("an encrypted zip", encrypted(), error=CATALOG, says=["feed.csv/feed.csv", "is encrypted"]),
    Bad("a zip without any file", zipped({}), error=CATALOG, says=["holds no feed"]),
    Bad("a zip of pictures", zipped({"a.png": b"\x89PNG\r\n\x1a\n"}), error=CATALOG, says=["a.png", "an image"]),
    Bad("a zip within a zip", zipped({"in.zip": zipped({"feed.csv": table()})}), error=CATALOG, says=["in.zip"]),
    Bad("a zip whose members are paths out of it", zipped({"../../feed.csv": table()})),
]
TABLES = [
    Bad(
        "a quote that is never closed",
        table('x,"A cup,2.00,red', "y,A jug,3.00,red"),
        products=5,
        says=["quotes are not closed"],
    ),
    Bad(
        "a quote that closes lines further on",
        table('x,"A cup,2.00', 'y,A jug,3.00", green'),
        [(2, "quote not closed"), (3, "price is not a price")],
    ),
    Bad("quotes within a cell that are not doubled", table('x,"A "big" cup, blue",2.00,red'), products=4),
    Bad("a row that is too wide", table("x,A cup, a big one,2.00,red"), [(2, "too many cells")]),
    Bad("a row that is too narrow", table("x,A cup"), products=4, says=["fewer cells"]),
    Bad("a row of delimiters", table(",,,"), says=["without any value"]),
    Bad(
        "no field is a title",
        b"id,price,colour\na,1,red\nb,2,blue\n",
        error=CATALOG,
        says=["no field is named like a title", "id, price, colour", "--map"],
    ),
    Bad("no header", GOOD.encode(), error=CATALOG, says=["no field is named like a title", "g0"]),
    Bad(
        "two columns of one name",
        table("x,A cup,2.00,red,The cup", header="id,title,price,color,title\n"),
        products=4,
        says=["columns of one name"],
    ),
    Bad("an id twice", table("x,A cup,2.00,red", "x,A jug,3.00,red"), [(3, "id occurs twice")], 4),
    Bad(
        "an id twice in letters of another size",
        table("x,A cup,2.00,red", "X,A jug,3.00,red"),
        products=5,
        ids=["x", "%58"],
    ),
    Bad("a row without an id", table(",A cup,2.00,red"), [(2, "no id")]),
    Bad("an id of 1,001 signs", table(f"{'x' * 1_001},A cup,2.00,red"), [(2, "id is too long")]),
    Bad("a row without a title", table("x,,2.00,red"), [(2, "no title")]),
    Bad("a title of 100,000 signs", table(f"x,{'cup ' * 25_000},2.00,red"), [(2, "title is too long")]),
    Bad("a negative price", table("x,A cup,-2.00,red"), [(2, "price is negative")]),
    Bad("a price in brackets", table("x,A cup,(2.00),red"), [(2, "price is negative")]),
    Bad("a price that is infinite", table("x,A cup,inf,red"), [(2, "price is not a price")]),
    Bad("a price with an exponent", table("x,A cup,1e999,red"), [(2, "price is not a price")]),
    Bad("a price of twenty digits", table("x,A cup,99999999999999999999.00,red"), [(2, "price is too large")]),
    Bad("a price in words", table("x,A cup,two euros,red"), [(2, "price is not a price")]),
    Bad("a decimal comma among points", table('x,A cup,"2,00",red'), [(2, "price is in doubt")]),
    Bad(
        "thousands or decimals",
        b'id,title,price\nx,A cup,"1,234"\n',
        error=CATALOG,
        says=["line 2", "price is in doubt", "1,234"],
    ),
    Bad("a price in two currencies", table("x,A cup,2.00 USD EUR,red"), [(2, "price is not a price")]),
    Bad("a price in a currency that is none", table("x,A cup,2.00 XXQ,red"), [(2, "currency is unknown")]),
    Bad("a formula in the price", table('x,A cup,"=1+1",red'), [(2, "price is not a price")]),
    Bad(
        "bytes that are not in the encoding given",
        table() + b"x,A \xe9\xffcup,2.00,red\n",
        [(5, "not in the encoding")],
        options=("--encoding", "utf-8"),
    ),
    Bad("UTF-16 cut within a sign", table().decode().encode("utf-16")[:-1], says=["not UTF-16-LE"]),
    Bad("a line of 17 MB", table(f"x,{'cup ' * (17 << 18)},2.00,red"), error=CATALOG, says=["line 2", "16,777,216"]),
    Bad(
        "rows that are 10,001 variants of one product",
        table(*(f"w{n},A cup,{n}.50,red {n},w" for n in range(10_001)), header="id,title,price,color,item_group_id\n"),
        [(line, "too many variants") for line in range(2, 10_003)],
    ),
]
TEXTS = [
    Bad(
        "scripts in texts",
        table("x,<script>alert(1)</script>A <b>cup</b>,2.00,<img src=x onerror=alert(1)>"),
        products=4,
    ),
    Bad("a title that is a script", table("x,<script>alert(1)</script>,2.00,red"), [(2, "no title")]),
    Bad("terminal escapes", table("x\x1b[2J,A\x1b]0;own\x07 cup,\x1b[31m2.00,red"), [(2, "price is not a price")]),
    Bad("zero bytes", table("x\0y,A\0cup,2.00,red"), products=4, ids=["xy"], says=["zero bytes"]),
    Bad("right to left marks", table("x\u202ey,\u202eA cup\u2066,2.00,red"), products=4, ids=["x%E2%80%AEy"]),
    Bad(
        "ids like paths",
        table("../../etc/passwd,A cup,2.00,red", "C:\\x,A jug,3.00,red"),
        products=5,
        ids=["..%2F..%2Fetc%2Fpasswd", "C:%5Cx"],
    ),
    Bad("cells that are formulas", table('"=HYPERLINK(""http://x"",""y"")",=cmd|calc!A1,2.00,@SUM(1)'), products=4),
    Bad(
        "ids that are buttons",
        table("buy now,A cup,2.00,red", "Back to Search,A jug,3.00,< prev"),
        products=5,
        ids=["buy%20now", "Back%20to%20Search"],
    ),
    Bad(
        "brackets in ids",
        table("x],A cup,2.00,[red]", "[x,A jug,3.00,click[buy now]"),
        products=5,
        ids=["x%5D", "%5Bx"],
    ),
    Bad("entities in entities", table("x,&amp;lt;b&amp;gt;cup,2.00,&#0;&#x110000;"), products=4),
    Bad("Python in a cell", table("x,A cup,2.00,\"['a'*9**9, __import__('os')]\""), products=4),
]
JSON = [
    Bad(
        "a JSON document cut off",
        json.dumps(ROWS).encode()[:-40],
        [(3, "invalid JSON")],
        2,
        file="feed.json",
        good=False,
    ),
    Bad("a line that is no JSON", lines('{"id": "x", "title": '), [(1, "invalid JSON")], file="feed.jsonl"),
    Bad(
        "lines that are no objects",
        lines(_row(), "[1, 2]", "null", '"x"', "5"),
        [(line, "not an object") for line in range(2, 6)],
        4,
        file="feed.jsonl",
    ),
    Bad(
        "JSON without a list",
        b'{"shop": "mine", "count": 0}',
        error=CATALOG,
        says=["title", "shop, count"],
        file="feed.json",
    ),
    Bad("an empty list", b"[]", error=CATALOG, says=["no row"], file="feed.json"),
    Bad("a list of numbers", b"[1, 2, 3]", error=CATALOG, says=["not an object"], file="feed.json"),
    Bad(
        "a row nested too deep",
        lines(f'{{"id": "x", "title": {_nested(100_000)}}}'),
        [(1, "invalid JSON")],
        file="feed.jsonl",
    ),
    Bad(
        "a document nested too deep",
        _nested(100_000).encode(),
        error=CATALOG,
        says=["invalid JSON (1)", "line 1"],
        file="feed.json",
    ),
    Bad(
        "NaN and Infinity",
        lines('{"id": "x", "title": "A cup", "price": Infinity}', '{"id": "y", "title": "A cup", "price": NaN}'),
        [(1, "price is not a price")],
        4,
        file="feed.jsonl",
    ),
    Bad(
        "a price of 5,000 digits",
        lines(f'{{"id": "x", "title": "A cup", "price": {"9" * 5_000}}}'),
        [(1, "invalid JSON")],
        file="feed.jsonl",
    ),
    Bad("a price that is an object", lines(_row(price={"a": [1]})), products=4, says=["price.a"], file="feed.jsonl"),
    Bad("a price that is true", lines(_row(price=True)), [(1, "price is not a price")], file="feed.jsonl"),
    Bad(
        "half a pair of surrogates",
        lines('{"id": "x\\ud800", "title": "A \\udc00cup", "price": "2.00"}'),
        products=4,
        file="feed.jsonl",
    ),
    Bad(
        "a key twice in a row",
        lines('{"id": "x", "id": "y", "title": "A cup", "price": "2.00"}'),
        products=4,
        file="feed.jsonl",
    ),
    Bad("an empty object", lines({}), [(1, "empty row")], file="feed.jsonl"),
    Bad(
        "10,001 variants in a row",
        lines(_row(variants=[{"sku": f"v{n}", "price": 1.5, "option1": f"c{n}"} for n in range(10_001)])),
        [(1, "too many variants")],
        file="feed.jsonl",
    ),
    Bad(
        "a type that is no product",
        lines({"@type": "Organization", "name": "Mine"}),
        [(1, "not a product")],
        file="feed.jsonl",
    ),
]
OTHERS = [
    Bad(
        "Parquet cut off",
        cut_parquet,
        error=CATALOG,
        says=["magic bytes not found"],
        file="feed.parquet",
        needs="pyarrow",
    ),
    Bad(
        "Parquet with damaged pages",
        damaged_parquet,
        error=CATALOG,
        says=["no Parquet file that can be read"],
        file="feed.parquet",
        needs="pyarrow",
    ),
    Bad(
        "Parquet with an infinite price",
        infinite_parquet,
        [(1, "price is not a price")],
        2,
        file="feed.parquet",
        needs="pyarrow",
        good=False,
    ),
    Bad(
        "a database without a query",
        database,
        error=CONFIG,
        says=["--query", "SELECT"],
        file="feed.db",
        needs="sqlalchemy",
    ),
    Bad(
        "a query that writes",
        database,
        error=CATALOG,
        says=["Check"],
        file="feed.db",
        needs="sqlalchemy",
        options=("--query", "DELETE FROM products"),
    ),
    Bad(
        "a query of a table that is not there",
        database,
        error=CATALOG,
        says=["no such table: prices"],
        file="feed.db",
        needs="sqlalchemy",
        options=("--query", "SELECT * FROM prices"),
    ),
    Bad(
        "two statements",
        database,
        error=CATALOG,
        says=["one statement"],
        file="feed.db",
        needs="sqlalchemy",
        options=("--query", "SELECT * FROM products; DROP TABLE products"),
    ),
    Bad(
        "a damaged database",
        damaged_database,
        error=CATALOG,
        says=["database"],
        file="feed.db",
        needs="sqlalchemy",
        options=QUERY,
    ),
    Bad(
        "a row of a database that is wrong",
        database,
        [(2, "price is not a price")],
        1,
        file="feed.db",
        good=False,
        needs="sqlalchemy",
        options=QUERY,
    ),
]
MAPPINGS = [
    Bad("a mapping that is no TOML", table(), mapping="[fields\n", error=CONFIG, says=["m.toml", "line 1"]),
    Bad("a mapping that is no text", table(), mapping=b"\xff\xfe\0", error=CONFIG, says=["m.toml", "TOML"]),
    Bad(
        "a table that there is not", table(), mapping="[field]\n", error=CONFIG, says=["m.toml", "'field'", "'fields'"]
    ),
    Bad(
        "a target that there is not",
        table(),
        mapping='[fields]\ntitel = "title"\n',
        error=CONFIG,
        says=["'titel'", "'title'"],
    ),
    Bad(
        "a field that the feed has not",
        table(),
        mapping='[fields]\ntitle = "tilte"\n',
        error=CATALOG,
        says=["m.toml", "'tilte'", "'title'"],
    ),
    Bad(
        "a mapping without a title",
        table(),
        mapping='[fields]\nid = "id"\n',
        error=CATALOG,
        says=["m.toml", "no title"],
    ),
    Bad("an empty mapping", table(), mapping="", error=CATALOG, says=["m.toml", "no title"]),
    Bad(
        "a target that is a number",
        table(),
        mapping="[fields]\ntitle = 5\n",
        error=CONFIG,
        says=["title: must be the name"],
    ),
    Bad(
        "an option that is a list",
        table(),
        mapping=f'{MAPPING}[options]\nsize = ["a"]\n',
        error=CONFIG,
        says=["options.size"],
    ),
    Bad(
        "a currency that is none",
        table(),
        mapping=f'{MAPPING}[prices]\ncurrency = "euro"\n',
        error=CONFIG,
        says=["prices.currency"],
    ),
    Bad(
        "a decimal sign that is none",
        table(),
        mapping=f'{MAPPING}[prices]\ndecimal = ";"\n',
        error=CONFIG,
        says=["prices.decimal"],
    ),
    Bad(
        "minor units in words",
        table(),
        mapping=f'{MAPPING}[prices]\nminor_units = "yes"\n',
        error=CONFIG,
        says=["minor_units"],
    ),
    Bad(
        "a key twice in a mapping",
        table(),
        mapping='[fields]\ntitle = "title"\ntitle = "id"\n',
        error=CONFIG,
        says=["line 3"],
    ),
    Bad("tables where there is a list", table(), mapping='ignored = ["x"]\n', error=CONFIG, says=["'ignored'"]),
    Bad(
        "a field used as two things",
        table(),
        mapping='[fields]\nid = "title"\ntitle = "title"\n',
        good=False,
        says=["id"],
    ),
    Bad(
        "a mapping that is not there",
        table(),
        options=("--map", "{folder}/none.toml"),
        error=CONFIG,
        says=["none.toml", "no such file"],
    ),
]
OPTIONS = [
    Bad("a file given twice", table(), options=("{folder}/feed.csv",), error=CATALOG, says=["given twice"]),
    Bad("a query for a file", table(), options=QUERY, error=CONFIG, says=["--query", "databases"]),
    Bad(
        "an encoding that there is not",
        table(),
        options=("--encoding", "utf-9"),
        error=CONFIG,
        says=["--encoding", "utf-9"],
    ),
    Bad(
        "a delimiter of two signs",
        table(),
        options=("--delimiter", "||"),
        error=CONFIG,
        says=["--delimiter", "one character"],
    ),
    Bad(
        "a row that is wrong and --strict",
        table("x,,2.00,red"),
        options=("--strict",),
        error=CATALOG,
        says=["line 2", "no title (1)"],
    ),
    Bad(
        "one good file and one that is none",
        table(),
        options=("{folder}/none.csv",),
        error=CATALOG,
        says=["none.csv", "no such"],
    ),
    Bad("no row is good", table("x,,2.00,red", ",A,,", end=""), error=CATALOG, says=["no title"]),
]
MALFORMED = (*FORMATS, *TABLES, *TEXTS, *JSON, *OTHERS, *MAPPINGS, *OPTIONS)
