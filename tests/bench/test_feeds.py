import csv
from pathlib import Path

import numpy as np

from shoprl.bench.feeds import COLUMNS, bench_import, feed_rows, write_feed
from shoprl.shop.store import open_store


def test_the_same_generator_gives_the_same_feed(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_feed(tmp_path / name, 30, np.random.default_rng(3))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [tuple(row) for row in rows] == list(feed_rows(30, np.random.default_rng(3)))
    assert len({row[0] for row in rows}) == 30
    assert [row[header.index("availability")] for row in rows[8:11]] == ["in_stock", "out_of_stock", "in_stock"]


def test_an_import_is_measured_and_makes_a_shop(tmp_path: Path) -> None:
    figures = bench_import(tmp_path, 20)
    assert figures.rows == len(open_store(tmp_path / "shop").catalog) == 20
    assert min(value for name, value in figures.to_json().items() if name != "feed_mb") > 0  # 0.0 MB here
    assert figures.rows_per_second == round(20 / figures.import_seconds, 1)
    feed = (tmp_path / "feed.csv").stat()
    bench_import(tmp_path, 20)
    assert (tmp_path / "feed.csv").stat().st_mtime_ns == feed.st_mtime_ns  # written once
