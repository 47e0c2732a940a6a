"""Figures of a comparison, as figures 3 to 6 of arXiv 2408.16032, one colour for each arm.

A line is the mean over runs, its band the 95% interval over runs (Student's t) where two or more are known.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.student_t import student_t
from shoprl.evaluation.thompson.rounds import Rollout
from shoprl.evaluation.thompson.sampling import ThompsonResult
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.report.plots import INK, PALETTE, drawing, save, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTIONS = "captions.json"  # file name -> caption of each figure of a folder
_SIZE = (6.0, 4.6)  # inches: small, so that letters are large where a phone shows the whole
_SETTLED = 10  # rollouts of an arm before which its mean says little
_LEGEND_LENGTH = 62  # characters that fit a row of a legend, 7 of them a name's line and gap
_WIDTH, _FAINT = 1.8, 0.8
Points = tuple[NDArray[np.float64], NDArray[np.float64]]  # rollouts of the run so far, value from there on
Curve = Callable[[ThompsonResult, str], Points]
Draw = Callable[["Axes", Sequence[ThompsonResult]], None]


def plot_comparison(results: Sequence[ThompsonResult], folder: Path) -> dict[str, str]:
    """Draw what runs of the same arms did, their means and 95% intervals over runs.

    Args:
        results: the runs, of one comparison or of several.
        folder: gets the figures, and ``captions.json`` with their captions beside those already there.

    Returns:
        File name -> caption.

    Raises:
        ConfigError: there is no run, runs have other arms or objectives, or Matplotlib is not installed.
        RunError: ``captions.json`` is damaged.
        StorageError: a file cannot be written.
    """
    if not results:
        raise ConfigError("There are no runs to draw. Play at least one.")
    first = results[0]
    if any((list(r.arms), r.config.objective) != (list(first.arms), first.config.objective) for r in results):
        raise ConfigError("Runs of other arms or objectives cannot share a figure. Draw them apart.")
    captions = {}
    for name, (title, caption, draw) in _figures(first, len(results)).items():
        with drawing(*_SIZE) as figure:
            axes = figure.subplots()
            draw(axes, results)
            axes.set(title=title, xlabel="Rollouts of the run", xlim=(0, _longest(results)))
            axes.locator_params(axis="x", nbins=5)
            if draw is not _draw_regret:
                _legend(figure, list(first.arms))
            save(figure, folder / name)
        captions[name] = caption
    known = read_json(folder / CAPTIONS, RunError) if (folder / CAPTIONS).is_file() else {}
    write_json(folder / CAPTIONS, {**known, **captions})
    return captions


def _figures(result: ThompsonResult, runs: int) -> dict[str, tuple[str, str, Draw]]:
    """File name -> title, caption and what to draw."""
    config = result.config
    unit = "successes" if config.objective == "success" else "score points"
    how = f"{config.allocation} allocation by {config.objective}"
    lines = f" Line: mean of {runs} runs; band: its 95% interval over runs." if runs > 1 else ""
    settled = f"An arm's line begins at its rollout number {_SETTLED}; before, it is faint" if runs == 1 else ""
    settled = settled or f"A run counts from an arm's rollout number {_SETTLED} on"
    return {
        "compare-score.png": (
            "Average score",
            f"Average score (100 x mean reward) of each arm against the rollouts of its run; {how}. {settled}.{lines}",
            lambda axes, results: _draw_means(axes, results, lambda rollout: 100 * rollout.reward),
        ),
        "compare-success.png": (
            "Average success rate (%)",
            f"Share of an arm's rollouts with reward exactly 1 against the rollouts of its run; {how}. "
            f"{settled}.{lines}",
            lambda axes, results: _draw_means(axes, results, lambda rollout: 100.0 * rollout.success),
        ),
        "compare-allocation.png": (
            "Rollouts given to each arm",
            f"Number of rollouts that each arm was given so far; {how}.{lines}",
            lambda axes, results: _draw_lines(axes, results, _given),
        ),
        "compare-best.png": (
            "Probability of being the best arm (%)",
            f"Probability of each arm to be the best at {config.objective}, given what was seen so far; {how}.{lines}",
            lambda axes, results: _draw_lines(axes, results, _best),
        ),
        "compare-regret.png": (
            f"Cumulative regret ({unit})",
            f"What was lost so far against playing the arm that the run's own means call the best, in {unit}; "
            f"{how}.{lines}",
            _draw_regret,
        ),
    }


def _arms(results: Sequence[ThompsonResult]) -> Iterator[tuple[str, str]]:
    """Each arm with its colour."""
    return zip(results[0].arms, cycle(PALETTE), strict=False)


def _longest(results: Sequence[ThompsonResult]) -> int:
    """Rollouts of the longest run."""
    return max(len(result.records) for result in results)


def _draw_means(axes: "Axes", results: Sequence[ThompsonResult], value: Callable[[Rollout], float]) -> None:
    """Running means, each held until its arm is played again, without an arm's first rollouts, mostly noise."""
    shown: list[float] = []
    for arm, color in _arms(results):
        runs = [_running_mean(result, arm, value) for result in results]
        if len(runs) == 1:
            axes.step(*runs[0], where="post", color=color, linewidth=_FAINT, alpha=0.45)
        settled = [(steps[_SETTLED - 1 :], means[_SETTLED - 1 :]) for steps, means in runs if len(steps) >= _SETTLED]
        if settled:
            shown += _draw_runs(axes, settled, color, _longest(results), 100.0)
    if shown:
        margin = max(2.0, 0.2 * (max(shown) - min(shown)))
        axes.set_ylim(max(-2.0, min(shown) - margin), min(102.0, max(shown) + margin))
    else:
        axes.set_ylim(-2, 102)


def _running_mean(result: ThompsonResult, arm: str, value: Callable[[Rollout], float]) -> Points:
    """The mean of an arm's rollouts so far, after each of them and at the end of the run."""
    played = [record for record in result.records if record.arm == arm]
    means = np.cumsum([value(record) for record in played]) / np.arange(1, len(played) + 1)
    steps = np.array([record.index + 1.0 for record in played])
    if not played:
        return steps, means
    return np.append(steps, len(result.records)), np.append(means, means[-1])


def _draw_lines(axes: "Axes", results: Sequence[ThompsonResult], curve: Curve) -> None:
    most = 100.0 if curve is _best else float(_longest(results))
    for arm, color in _arms(results):
        _draw_runs(axes, [curve(result, arm) for result in results], color, _longest(results), most)
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.02 * top, top)


def _draw_runs(
    axes: "Axes", runs: Sequence[Points], color: str, rollouts: int, most: float = float("inf")
) -> list[float]:
    """The mean over runs and its interval, which is cut to 0 and ``most``; the values of the line."""
    grid = np.arange(rollouts + 1, dtype=np.float64)
    values = np.full((len(runs), len(grid)), np.nan)
    for row, (steps, known) in zip(values, runs, strict=True):
        position = np.searchsorted(steps, grid, side="right") - 1
        row[position >= 0] = known[position[position >= 0]]
    counts = (~np.isnan(values)).sum(axis=0)
    grid, values, counts = grid[counts > 0], values[:, counts > 0], counts[counts > 0]
    means = np.nanmean(values, axis=0)
    axes.step(grid, means, where="post", color=color, linewidth=_WIDTH)
    several = counts > 1
    if several.any():
        spread = np.nanstd(values[:, several], axis=0, ddof=1) / np.sqrt(counts[several])
        half = spread * np.array([student_t(0.95, int(count) - 1) for count in counts[several]])
        low, high = np.maximum(0, means[several] - half), np.minimum(most, means[several] + half)
        axes.fill_between(grid[several], low, high, step="post", color=color, alpha=0.15, linewidth=0)
    line: list[float] = means.tolist()
    return line


def _given(result: ThompsonResult, arm: str) -> Points:
    """Rollouts of an arm so far."""
    counts = np.cumsum([0.0, *(float(record.arm == arm) for record in result.records)])
    return np.arange(len(counts), dtype=np.float64), counts


def _best(result: ThompsonResult, arm: str) -> Points:
    """Probability of an arm to be the best before each round and at the end, in percent."""
    position = list(result.arms).index(arm)
    steps, chances = zip(*((step, 100 * each[position]) for step, each in result.best), strict=True)
    return np.array(steps, dtype=np.float64), np.array(chances)


def _draw_regret(axes: "Axes", results: Sequence[ThompsonResult]) -> None:
    runs = [np.append(0.0, result.cumulative_regret()) for result in results]
    points = [(np.arange(len(run), dtype=np.float64), run) for run in runs]
    _draw_runs(axes, points, INK, _longest(results))
    axes.set_ylim(bottom=0)


def _legend(figure: "Figure", arms: Sequence[str]) -> None:
    """The arms' colours, above."""
    from matplotlib.lines import Line2D

    names = [short_name(name) for name in arms]
    columns = min(len(names), max(1, _LEGEND_LENGTH // (max(map(len, names)) + 7)))
    lines = [Line2D([], [], color=color, linewidth=3) for _, color in zip(names, cycle(PALETTE), strict=False)]
    figure.legend(lines, names, loc="outside upper left", ncols=columns, handlelength=1.4)
