import datetime
import decimal
import io
import json
import sys
from typing import Any

import pytest

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.entries import Notes, Row
from shoprl.feeds.parquet import parquet_rows


def written(columns: dict[str, Any], **options: Any) -> bytes:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra feeds")
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra feeds")
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file, **options)
    return file.getvalue()


def rows_of(data: bytes, notes: Notes | None = None) -> list[Row]:
    return list(parquet_rows(io.BytesIO(data), len(data), "f", notes or Notes()))


def test_values_of_every_kind() -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    data = written(
        {
            "id": ["a", "b"], "price": [decimal.Decimal("1.50"), None], "when": [when, when], "day": [when.date()] * 2,
            "tags": [["x", "y"], []], "offer": [{"price": 1.0, "all": [{"n": 1}]}, None], "nan": [float("nan"), 2.0],
            "raw": [b"text", b"\xff\xfe"], "stock": [True, False],
        }
    )  # fmt: skip
    notes = Notes()
    rows = rows_of(data, notes)
    assert rows[0] == Row(
        "f", 1,
        {"id": "a", "price": 1.5, "when": when.isoformat(), "day": "2026-01-02", "tags": ["x", "y"],
         "offer": {"price": 1.0, "all": [{"n": 1}]}, "raw": "text", "stock": True},
    )  # fmt: skip
    assert rows[1].fields == {
        "id": "b", "when": when.isoformat(), "day": "2026-01-02", "tags": [], "nan": 2.0, "stock": False,
    }  # fmt: skip
    json.dumps([row.fields for row in rows], allow_nan=False)
    assert notes.texts() == ["f: 1 values of raw are bytes that are no text, left out (first: 2)"]


def test_rows_are_numbered_through_all_batches() -> None:
    rows = rows_of(written({"n": list(range(2_000))}, row_group_size=300))
    assert [(row.line, row.fields["n"]) for row in rows] == [(n + 1, n) for n in range(2_000)]


@pytest.mark.parametrize("damage", ["cut", "flipped", "magic"])
def test_a_damaged_file_is_one_error(damage: str) -> None:
    data = written({"n": [str(n) for n in range(5_000)]})
    bad = {"cut": data[:-50], "flipped": data[:100] + b"\xff" * 400 + data[500:], "magic": b"PAR1" + b"x" * 50}[damage]
    with pytest.raises(CatalogError, match=r"^f: is no Parquet file that can be read"):
        rows_of(bad)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written({"n": list(range(5_000))})
    monkeypatch.setenv("SHOPRL_MAX_FILE", "1000")
    with pytest.raises(CatalogError, match=r"SHOPRL_MAX_FILE"):
        rows_of(data)
    monkeypatch.delenv("SHOPRL_MAX_FILE")
    monkeypatch.setattr("shoprl.feeds.parquet._SMALL", 1)
    monkeypatch.setenv("SHOPRL_MAX_RATIO", "1")
    with pytest.raises(CatalogError, match=r"SHOPRL_MAX_RATIO"):
        rows_of(written({"n": ["x" * 1_000 + str(n) for n in range(5_000)]}, use_dictionary=False))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'shoprl\[feeds\]'"):
        rows_of(b"PAR1")
