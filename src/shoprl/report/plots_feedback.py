"""The figure of ``shoprl bench feedback``: what shoppers buy before and after a service has learned from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoprl.errors import ConfigError
from shoprl.report.plots import DASHES, INK, MUTED, PALETTE, drawing, legend, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POLICIES = {"untouched": PALETTE[6], "control": PALETTE[4], "learned": PALETTE[0]}
_UNTOUCHED = "pretrained"  # its name in the service
Row = Mapping[str, Any]


def plot_feedback(rows: Sequence[Row], path: Path) -> None:
    """Draw the results of some runs, one column of panels a taste.

    Args:
        rows: what :func:`shoprl.bench.feedback.bench_feedback` gave, of one or several tastes and seeds.
        path: the PNG file to write.

    Raises:
        ConfigError: there are no results, or Matplotlib is not installed.
        StorageError: ``path`` cannot be written.
    """
    if not rows:
        raise ConfigError("There are no results to draw. Run at least one seed.")
    tastes = list(dict.fromkeys(row["taste"] for row in rows))
    with drawing(1.2 + 3.9 * len(tastes), 8.4) as figure:
        panels = figure.subplots(3, len(tastes), squeeze=False, height_ratios=(1.25, 1, 1))
        for column, taste in enumerate(tastes):
            own = [row for row in rows if row["taste"] == taste]
            _held_out(panels[0][column], own)
            _over_sessions(panels[1][column], own, _rate)
            _over_sessions(panels[2][column], own, _share)
            panels[0][column].set_title(f"Shoppers who insist on: {taste}")
            panels[2][column].set_xlabel("sessions")
        panels[0][0].set_ylabel("held-out requests\nwith a purchase")
        panels[1][0].set_ylabel("sessions\nwith a purchase")
        panels[2][0].set_ylabel("sessions that the newest\nlearned policy answers")
        lines = [panels[0][0].plot([], [], "o", color=color)[0] for color in POLICIES.values()]
        legend(figure, lines, list(POLICIES))
        save(figure, path)


def _held_out(axes: "Axes", rows: Sequence[Row]) -> None:
    """Purchase rates on the held-out requests: a group of points with intervals for each seed."""
    for place, row in enumerate(rows):
        for number, (name, color) in enumerate(POLICIES.items()):
            rate, at = row["held_out"]["rates"][name], place + 0.24 * (number - 1)
            axes.plot([at, at], [100 * rate["low"], 100 * rate["high"]], color=color, linewidth=3.2, alpha=0.45)
            axes.plot([at], [100 * rate["value"]], "o", color=color, markersize=6.5, markeredgecolor="white")
        target = 100 * row["held_out"]["rates"]["untouched"]["value"] * 4 / 3
        axes.plot([place - 0.4, place + 0.4], [target, target], color=MUTED, linestyle=":", linewidth=1.2)
        possible = 100 * row["held_out"]["could_buy"]
        axes.plot([place - 0.4, place + 0.4], [possible, possible], color=MUTED, linewidth=1.2)
    axes.set_xticks(range(len(rows)), [f"seed {row['seed']}" for row in rows], color=INK)
    axes.set(xlim=(-0.5, len(rows) - 0.5))
    axes.grid(axis="x", visible=False)
    _percent(axes)


def _over_sessions(axes: "Axes", rows: Sequence[Row], of: Any) -> None:
    """A figure of each block of sessions, a line a seed; vertical lines where a new policy begins."""
    for row, dashes in zip(rows, DASHES, strict=False):
        blocks = [block for each in row["rounds"] for block in each["blocks"]]
        ends = np.cumsum([sum(block["sessions"].values()) for block in blocks])
        values = [100 * of(block) for block in blocks]
        axes.plot(ends, values, color=POLICIES["learned"], linestyle=dashes, linewidth=1.6)
    begins = np.cumsum([each["sessions"] for each in rows[0]["rounds"]])[:-1]
    for begin in begins.tolist():
        axes.axvline(begin, color=MUTED, linewidth=0.8)
    axes.set_xlim(0, None)
    _percent(axes)


def _rate(block: Row) -> float:
    """Share of the sessions that ended in a purchase."""
    return float(sum(block["bought"].values()) / sum(block["sessions"].values()))


def _share(block: Row) -> float:
    """Share of the sessions that another policy than the untouched one answered."""
    return float(1 - block["sessions"].get(_UNTOUCHED, 0) / sum(block["sessions"].values()))


def _percent(axes: "Axes") -> None:
    axes.set_ylim(0, max(axes.get_ylim()[1], 10))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
