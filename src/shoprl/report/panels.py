"""Small multiples: one panel for each quantity, so that different kinds of losses never share an axis."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.report.plots import PALETTE, drawing, save, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = Sequence[tuple[float, float]]
_COLUMNS = 3
_SMOOTH_FROM = 60  # points from which a curve is drawn faint with its moving mean on top


def plot_panels(panels: Mapping[str, Mapping[str, Sequence[Curve]]], path: Path) -> None:
    """A panel for each quantity: its title -> name -> one (update, value) curve a seed, all of a colour.

    Long curves are drawn faint, their moving mean on top.

    Raises:
        ConfigError: there is nothing to draw, or Matplotlib is not installed.
        StorageError: ``path`` cannot be written.
    """
    full = {title: curves for title, curves in panels.items() if any(any(each) for each in curves.values())}
    if not full:
        raise ConfigError("There are no learning curves to draw. Train with a run log first.")
    columns = min(_COLUMNS, len(full))
    rows = ceil(len(full) / columns)
    with drawing(max(4.5, 3.0 * columns), 0.3 + 2.7 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, (title, curves) in zip(grid.flat, full.items(), strict=False):
            for (name, seeds), color in zip(curves.items(), cycle(PALETTE), strict=False):
                for i, points in enumerate(filter(None, seeds)):
                    _draw(axes, points, color, short_name(name) if i == 0 else None)
            axes.set_title(short_name(title), fontsize=10)
            axes.set_xlabel("Updates")
            axes.locator_params(axis="x", nbins=5)
            axes.margins(x=0.02)
            if len(curves) > 1:
                axes.legend(fontsize=8)
        for axes in grid.flat[len(full) :]:
            axes.set_visible(False)
        save(figure, path)


def _draw(axes: "Axes", points: Curve, color: str, label: str | None) -> None:
    updates, values = np.array(points, dtype=np.float64).reshape(-1, 2).T
    window = max(1, len(values) // 20) if len(values) >= _SMOOTH_FROM else 1
    if window > 1:
        axes.plot(updates, values, color=color, alpha=0.2, linewidth=0.9)
    marker = "o" if len(values) == 1 else ""
    axes.plot(updates, _moving_mean(values, window), color=color, label=label, linewidth=1.6, marker=marker)


def _moving_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The mean of up to ``window`` values around each, fewer at the ends; shape as ``values``."""
    kernel = np.ones(window)
    weight = np.convolve(np.ones(len(values)), kernel, mode="same")
    return np.asarray(np.convolve(values, kernel, mode="same") / weight)
