"""Rows of feeds as the readers of files give them, and what becomes of them."""

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product
from shoprl.feeds.reader import Feed
from shoprl.feeds.rows import Fault, Row
from shoprl.shop.session import Session, Shop
from shoprl.shop.tagger import TextBlobTagger

_SHARED = Path(__file__).resolve().parents[3] / "shared"


class FakeRows:
    """Rows in memory in the place of a file's; the first stands in line ``first``."""

    def __init__(self, rows: Iterable[Mapping[str, Any] | Fault], first: int = 1) -> None:
        self.rows = [
            row if isinstance(row, Fault) else Row("feed", number, dict(row)) for number, row in enumerate(rows, first)
        ]
        self.notes: Sequence[str] = ()

    def hashes(self) -> Mapping[str, str]:
        return {"feed": "0" * 64}

    def __iter__(self) -> Iterator[Row | Fault]:
        return iter(self.rows)


def read(rows: Iterable[Mapping[str, Any] | Fault], **settings: Any) -> tuple[Feed, list[Product]]:
    """A feed that was read to its end, and its products; every row is accounted for."""
    with tempfile.TemporaryDirectory() as folder:
        feed = Feed(FakeRows(rows), Path(folder), **settings)
        products = list(feed.products())
    check_account(feed, products)
    return feed, products


def check_account(feed: Feed, products: Sequence[Product]) -> None:
    """No row is lost: each is used, merged or rejected, and ids are told apart in lower case."""
    summary = feed.summary
    assert summary.rows == summary.used + summary.merged + sum(summary.rejected.values())
    assert len(feed.rejects) == sum(summary.rejected.values())
    assert summary.products == len(products)
    assert len({product.asin.lower() for product in products}) == len(products)


def only(rows: Iterable[Mapping[str, Any] | Fault], **settings: Any) -> Product:
    """The one product that rows make."""
    feed, products = read(rows, **settings)
    assert len(products) == 1, (products, feed.rejects)
    return products[0]


def table(text: str, sign: str = "\t") -> list[dict[str, str]]:
    """The rows of a table with a heading; empty cells are left out, as the reader of tables does."""
    names, *rows = [line.split(sign) for line in text.strip("\n").split("\n")]
    assert all(len(row) == len(names) for row in rows), [len(names), *map(len, rows)]
    return [{name: cell for name, cell in zip(names, row, strict=True) if cell} for row in rows]


def catalogue(name: str) -> list[dict[str, Any]]:
    """The rows of a shared catalogue; the test is skipped where it is not there."""
    path = _SHARED / name
    if not path.is_file():
        pytest.skip(f"needs the shared catalogues: {path} is no file")
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(map(json.loads, text.strip().split("\n"))) if ".jsonl" in path.name else list(json.loads(text))


class _Everything:
    def __init__(self, asins: Sequence[str]) -> None:
        self._asins = asins

    def find(self, _: str) -> Sequence[str]:
        return self._asins


def session_with(products: Sequence[Product]) -> Session:
    """A shop whose every search finds all products."""
    asins = [product.asin for product in products]
    return Session(Shop(Catalog(products), _Everything(asins), TextBlobTagger()), "anything")


def opened(products: Sequence[Product], product: Product) -> Session:
    """The session of a shopper who searched and opened a product, which must be the one that was meant."""
    session = session_with(products)
    session.step("search[anything]")
    while product.asin.lower() not in session.clickables:
        before = session.page.number
        session.step("click[Next >]")
        assert session.page.number == before + 1
    session.step(f"click[{product.asin.lower()}]")
    assert session.page.kind == "item"
    assert session.page.product == product
    return session
