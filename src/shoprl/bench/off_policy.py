"""Off-policy estimates on real logs of two policies: what each log says of the other, beside what the other earned."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.bench.figures import Figures
from shoprl.errors import LogError
from shoprl.evaluation.lists import ListEstimate, ListLog, cross_fitted, doubly_robust, ips, snips
from shoprl.evaluation.statistics import Estimate
from shoprl.evaluation.weighting import mean
from shoprl.reading import read_bytes

COLUMNS = ("item_id", "position", "click", "propensity_score")  # of the Open Bandit Dataset
MOST_ITEMS, MOST_POSITIONS = 10_000, 100
UNIFORM, THOMPSON = "random", "bts"  # what the dataset calls its policies, and its files begin with


@dataclass(frozen=True, eq=False)
class Impressions:
    """Single items that were shown; arrays of shape (impressions,).

    Attributes:
        items: numbers from 0.
        positions: from 0.
        clicks: 1 or 0.
        propensities: the probability of the item at its position under the policy that showed it.
    """

    items: NDArray[np.int64]
    positions: NDArray[np.int64]
    clicks: NDArray[np.float64]
    propensities: NDArray[np.float64]


@dataclass(frozen=True)
class OffPolicyFigures(Figures):
    """What a log says of the other log's policy.

    Attributes:
        impressions, clicks: of the log that is estimated from.
        own: the click rate of its own policy.
        observed: the click rate in the other log, with its 95% interval.
        estimates: estimator -> see :meth:`shoprl.evaluation.lists.ListEstimate.to_json`, with the width of its interval
            and whether this covers what was observed.
    """

    impressions: int
    clicks: int
    own: float
    observed: Mapping[str, float]
    estimates: Mapping[str, Mapping[str, Any]]


def read_logs(folder: Path) -> dict[str, Impressions]:
    """Read one campaign of the Open Bandit Dataset: ``random*.csv`` (``.gz``) and ``bts*.csv`` (``.gz``) of a folder.

    Raises:
        LogError: a file is missing, there are several, or one is malformed.
    """
    return {name: read_impressions(_file(folder, name)) for name in (UNIFORM, THOMPSON)}


def _file(folder: Path, name: str) -> Path:
    found = sorted([*folder.glob(f"{name}*.csv"), *folder.glob(f"{name}*.csv.gz")])
    if len(found) != 1:
        there = ", ".join(path.name for path in found[:5]) or "none"
        raise LogError(f"{folder}: needs one file {name}*.csv or {name}*.csv.gz; found {there}. Give the logs' folder.")
    return found[0]


def read_impressions(path: Path) -> Impressions:
    """Read a CSV file with the columns ``item_id``, ``position``, ``click`` and ``propensity_score``.

    Raises:
        LogError: the file cannot be read, holds no impressions, or a line is malformed.
    """
    rows = list(_rows(path))
    if not rows:
        raise LogError(f"{path}: holds no impressions. Give a log with some.")
    items, positions, clicks, propensities = zip(*rows, strict=True)
    return Impressions(
        np.array(items), np.array(positions) - 1, np.array(clicks, dtype=np.float64), np.array(propensities)
    )


def _rows(path: Path) -> Iterator[tuple[int, int, int, float]]:
    try:
        text = read_bytes(path, LogError).decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise LogError(f"{path}: not UTF-8 text ({cause.reason} at byte {cause.start}). Save it as UTF-8.") from cause
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise LogError(f"{path}: line 1: no column {missing[0]!r}. The first line names {', '.join(COLUMNS)}.")
        for row in reader:
            yield _row(f"{path}: line {reader.line_num}", row)
    except csv.Error as cause:
        raise LogError(f"{path}: line {reader.reader.line_num}: no CSV ({cause}). Fix or remove the line.") from cause


def _row(where: str, row: Mapping[str | Any, Any]) -> tuple[int, int, int, float]:
    if None in row or None in row.values():
        raise LogError(f"{where}: has not as many fields as the first line. Fix or remove the line.")
    item = _whole(where, "item_id", row["item_id"], 0, MOST_ITEMS - 1)
    position = _whole(where, "position", row["position"], 1, MOST_POSITIONS)
    click = _whole(where, "click", row["click"], 0, 1)
    try:
        propensity = float(row["propensity_score"])
    except ValueError:
        propensity = 0.0
    if not 0 < propensity <= 1:
        raise LogError(f"{where}: propensity_score {row['propensity_score'][:20]!r}: must be within (0, 1]. Fix it.")
    return item, position, click, propensity


def _whole(where: str, name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise LogError(f"{where}: {name} {text[:20]!r}: must be a whole number from {low} to {high}. Fix it.")
    return int(text)


def choices_in(log: Impressions, shape: tuple[int, int]) -> NDArray[np.float64]:
    """How often each item was shown at each position, as a share of the position's impressions.

    Of a policy that changes over time, the log holds the propensity of the item that was shown, and of no other; what
    it shows on average can be had from what it has shown.

    Args:
        log: what the policy showed.
        shape: (positions, items).
    """
    counts = np.zeros(shape)
    np.add.at(counts, (log.positions, log.items), 1)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def estimated(log: Impressions, choices: NDArray[np.float64]) -> dict[str, ListEstimate]:
    """Estimates of a policy's click rate by its choices, shape (positions, items), from another policy's log.

    An impression is a list of one item. Its position was not the policy's choice: it belongs to the situation.
    """
    target = choices[log.positions, log.items]
    lists = ListLog(log.propensities[:, None], target[:, None], log.clicks[:, None])
    positions, number = choices.shape
    every = np.zeros((positions, positions * number))  # an item at another position is another item
    for position in range(positions):
        every[position, position * number : (position + 1) * number] = choices[position]
    cells = log.positions * number + log.items
    model = cross_fitted(lists, "cascade", cells[:, None], every[log.positions][:, None])
    return {"ips": ips(lists), "snips": snips(lists), "doubly_robust": doubly_robust(lists, model=model)}


def bench_off_policy(logs: Mapping[str, Impressions]) -> dict[str, OffPolicyFigures]:
    """What the uniform log says of Thompson sampling, and the other way round.

    Thompson sampling's choices are the shares of :func:`choices_in` in its own log, whose clicks are not looked at;
    uniform choices are known.
    """
    every = [*logs.values()]
    shape = (1 + max(int(x.positions.max()) for x in every), 1 + max(int(x.items.max()) for x in every))
    uniform, thompson = logs[UNIFORM], logs[THOMPSON]
    there = choices_in(uniform, shape) > 0
    even = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    return {
        "thompson_from_uniform": _figures(uniform, thompson, choices_in(thompson, shape)),
        "uniform_from_thompson": _figures(thompson, uniform, even),
    }


def _figures(log: Impressions, other: Impressions, choices: NDArray[np.float64]) -> OffPolicyFigures:
    observed = mean(other.clicks)
    return OffPolicyFigures(
        impressions=len(log.clicks),
        clicks=int(log.clicks.sum()),
        own=float(log.clicks.mean()),
        observed=observed.to_json(),
        estimates={name: _row_of(found, observed) for name, found in estimated(log, choices).items()},
    )


def _row_of(found: ListEstimate, observed: Estimate) -> dict[str, Any]:
    own = found.estimate
    return found.to_json() | {"width": own.high - own.low, "covers": own.low <= observed.value <= own.high}
