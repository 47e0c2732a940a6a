"""Measures how good searches and lists are, on queries whose products people have rated."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.bench.figures import Figures
from shoprl.catalog.ids import id_of
from shoprl.errors import CatalogError, ConfigError
from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, bootstrap_mean
from shoprl.reading import read_bytes
from shoprl.search.engine import RESULTS, SearchEngine

CUT = 10  # results that count
HIGHEST = 10  # rating; gains grow as powers of two
RATINGS = frozenset(map(str, range(HIGHEST + 1)))
COLUMNS = ("query", "docid", "rating")

Ratings = Mapping[str, int]  # product -> rating


@dataclass(frozen=True)
class Judgements:
    """Rated products of queries.

    Attributes:
        ratings: query -> product -> rating, of the queries with a relevant product; products of the shop alone.
        irrelevant: how many queries were left out, for want of a relevant product.
        unknown: how many rated products the shop does not hold.
    """

    ratings: Mapping[str, Ratings]
    irrelevant: int
    unknown: int

    def first(self, count: int | None) -> "Judgements":
        """The same of the first queries alone; of all for None."""
        return replace(self, ratings=dict(islice(self.ratings.items(), count)))


@dataclass(frozen=True)
class QualityFigures(Figures):
    """How good a search is; means over queries, each from 0 to 1.

    Attributes:
        ndcg10: discounted gain of the first ten results over that of the best order; products nobody rated gain 0.
        ndcg10_judged: the same of the results without those that nobody rated.
        queries: how many were asked.
        ndcg10_interval, ndcg10_judged_interval: 95%, from resampling queries.
    """

    ndcg10: float
    ndcg10_judged: float
    queries: int
    ndcg10_interval: tuple[float, float]
    ndcg10_judged_interval: tuple[float, float]


def read_judgements(path: Path, known: Sequence[str]) -> Judgements:
    """Read a CSV file with the columns ``query``, ``docid`` and ``rating``.

    Args:
        path: the file.
        known: the ASINs of the shop's products; the file names them so, or by their catalogue's identifiers.

    Raises:
        CatalogError: a line is malformed, a product is rated twice differently, or no query has a relevant product.
    """
    sold, unknown = {id_of(asin): asin for asin in known} | {asin: asin for asin in known}, 0
    ratings: dict[str, dict[str, int]] = {}
    for where, query, product, rating in _rows(path):
        of_query = ratings.setdefault(query, {})
        if product not in sold:
            unknown += 1
        elif of_query.setdefault(sold[product], rating) != rating:
            raise CatalogError(f"{where}: rates {product!r} for {query!r} again, differently. Remove one of the two.")
    kept = {query: of_query for query, of_query in ratings.items() if any(of_query.values())}
    if not kept:
        raise CatalogError(
            f"{path}: no query has a product of this shop with a rating above 0 ({unknown} rated products are not in "
            "the shop). Give the judgements of this catalogue."
        )
    return Judgements(kept, len(ratings) - len(kept), unknown)


def _rows(path: Path) -> Iterator[tuple[str, str, str, int]]:
    """Place, query, product and rating of each line."""
    try:
        text = read_bytes(path, CatalogError).decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        place = f"{cause.reason} at byte {cause.start}"
        raise CatalogError(f"{path}: not UTF-8 text ({place}). Save it as UTF-8.") from cause
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise CatalogError(f"{path}: line 1: no column {missing[0]!r}. The first line is {','.join(COLUMNS)}.")
        for row in reader:
            yield _row(f"{path}: line {reader.line_num}", row)
    except csv.Error as cause:
        raise CatalogError(
            f"{path}: line {reader.reader.line_num}: no CSV ({cause}). Fix or remove the line."
        ) from cause


def _row(where: str, row: Mapping[str | Any, Any]) -> tuple[str, str, str, int]:
    query, product, rating = (row[name] for name in COLUMNS)
    if None in row or None in (query, product, rating):
        raise CatalogError(f"{where}: has not as many fields as the first line. Fix or remove the line.")
    if not query.strip() or not product:
        raise CatalogError(f"{where}: the query or the docid is empty. Fix or remove the line.")
    if rating.strip() not in RATINGS:
        raise CatalogError(f"{where}: rating {rating[:20]!r}: must be a whole number from 0 to {HIGHEST}. Fix it.")
    return where, query, product, int(rating)


def ndcg(results: Sequence[str], ratings: Ratings) -> float:
    """Normalised discounted cumulative gain at ten: Järvelin & Kekäläinen (TOIS 2002), with gains ``2**rating - 1``.

    Args:
        results: distinct products, best first; those without a rating gain 0.
        ratings: of the query, at least one above 0.

    Returns:
        From 0 to 1: 1 for the best order of the rated products.
    """
    return _gain([ratings.get(product, 0) for product in results]) / _gain(sorted(ratings.values(), reverse=True))


def _gain(ratings: Sequence[int]) -> float:
    gains: NDArray[np.float64] = 2.0 ** np.array(ratings[:CUT], dtype=np.float64) - 1
    return float(np.sum(gains / np.log2(np.arange(2, len(gains) + 2))))


def bench_quality(engine: SearchEngine, judgements: Judgements) -> QualityFigures:
    """Ask an engine all queries at once, and measure what it finds; as many results count as a shop shows.

    Raises:
        ConfigError: it did not answer each query.
    """
    queries = list(judgements.ratings)
    found = engine.find_many(queries)
    if len(found) != len(queries):
        raise ConfigError(f"The engine answered {len(found)} of {len(queries)} queries.")
    lists = [list(dict.fromkeys(results))[:RESULTS] for results in found]
    rated = [judgements.ratings[query] for query in queries]
    plain = [ndcg(results, ratings) for results, ratings in zip(lists, rated, strict=True)]
    judged = [
        ndcg([product for product in results if product in ratings], ratings)
        for results, ratings in zip(lists, rated, strict=True)
    ]
    (value, interval), (value_judged, interval_judged) = _mean(plain), _mean(judged)
    return QualityFigures(value, value_judged, len(queries), interval, interval_judged)


def _mean(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    estimate = bootstrap_mean(values, range(len(values)), np.random.default_rng(INTERVAL_SEED), bounds=RATE)
    return round(estimate.value, 4), (round(estimate.low, 4), round(estimate.high, 4))
