"""Measures the import of a feed: rows a second and peak memory, of generated files in CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from shoprl.bench.figures import Figures
from shoprl.bench.process import run_measured
from shoprl.catalog.generator import generate
from shoprl.catalog.style import Style
from shoprl.files import write_atomic
from shoprl.progress import track

_NAMES = "id title description product_type price color size image_link availability bullet_points"
COLUMNS = tuple(_NAMES.split())


@dataclass(frozen=True)
class ImportFigures(Figures):
    """The import of one feed.

    Attributes:
        rows: products in the feed.
        feed_mb: size of the file.
        import_seconds, rows_per_second, import_peak_mb: ``shoprl catalog import`` of it, with attributes, goals and
            search index; the peak is of the resident memory, pages of mapped files included.
        shop_mb: size of the shop on disk.
    """

    rows: int
    feed_mb: float
    import_seconds: float
    rows_per_second: float
    import_peak_mb: float
    shop_mb: float


def feed_rows(rows: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield generated products as cells of :data:`COLUMNS`."""
    for number, listing in enumerate(generate(rows, rng, Style.plain())):
        item = listing.item
        options = {name.lower(): [str(each["value"]) for each in values or ()]
                   for name, values in (item["customization_options"] or {}).items()}  # fmt: skip
        price = item["pricing"].split(" - ")[0].replace("$", "")
        yield (
            item["asin"],
            item["name"],
            item["full_description"],
            item["product_category"].replace("›", ">"),
            f"{price} USD" if price else "",
            "|".join(options.get("color", ())),
            "|".join(options.get("size", ())),
            item["images"][0],
            "out_of_stock" if number % 10 == 9 else "in_stock",
            "|".join(item["small_description"]),
        )


def write_feed(path: Path, rows: int, rng: np.random.Generator) -> None:
    """Write a feed in CSV, atomically; the same generator gives the same bytes."""

    def write(stream: IO[bytes]) -> None:
        text = io.TextIOWrapper(cast(io.BufferedWriter, stream), encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(track(feed_rows(rows, rng), "writing a feed", total=rows, unit="row"))
        text.flush()
        text.detach()

    write_atomic(path, write)


def bench_import(folder: Path, rows: int, seed: int = 0) -> ImportFigures:
    """Write a feed and import it in a process of its own.

    Args:
        folder: where feed and shop are kept.
        rows: of the feed.
        seed: of the products.
    """
    feed, shop = folder / "feed.csv", folder / "shop"
    if not feed.is_file():
        write_feed(feed, rows, np.random.default_rng(seed))
    cost = run_measured(["catalog", "import", str(feed), "--out", str(shop)])
    size = sum(path.stat().st_size for path in shop.rglob("*") if path.is_file())
    return ImportFigures(
        rows=rows,
        feed_mb=round(feed.stat().st_size / 1e6, 1),
        import_seconds=cost.seconds,
        rows_per_second=round(rows / cost.seconds, 1),
        import_peak_mb=cost.peak_mb,
        shop_mb=round(size / 1e6, 1),
    )
