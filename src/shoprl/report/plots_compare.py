"""Figures of a comparison: one colour an arm, one line style a run, as in figures 3 to 6 of arXiv 2408.16032."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.thompson.rounds import Rollout
from shoprl.evaluation.thompson.sampling import ThompsonResult
from shoprl.files import read_json, write_json
from shoprl.report.plots import DASHES, INK, MUTED, PALETTE, drawing, save, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTIONS = "captions.json"  # file name -> caption of each figure of a folder
_SIZE = (6.0, 4.6)  # inches: small, so that letters are large where a phone shows the whole
_SETTLED = 10  # rollouts of an arm before which its mean says little
_LEGEND_LENGTH = 62  # characters that fit a row of a legend, 7 of them a name's line and gap
_WIDTH, _FAINT = 1.6, 0.8
_STYLES = (*DASHES, (0, (7, 1.5, 1.5, 1.5, 1.5, 1.5)), (0, (10, 3)))  # of runs
Points = tuple[NDArray[np.float64], NDArray[np.float64]]
Curve = Callable[[ThompsonResult, str], Points]
Draw = Callable[["Axes", Sequence[ThompsonResult]], None]


def plot_comparison(results: Sequence[ThompsonResult], folder: Path) -> dict[str, str]:
    """Draw what runs of the same arms did; each has a line style of its own.

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
    for name, (title, caption, draw) in _figures(first).items():
        with drawing(*_SIZE) as figure:
            axes = figure.subplots()
            draw(axes, results)
            axes.set(title=title, xlabel="Rollouts of the run", xlim=(0, max(len(r.records) for r in results)))
            axes.locator_params(axis="x", nbins=5)
            _legends(figure, list(first.arms) if draw is not _draw_regret else [], len(results))
            save(figure, folder / name)
        captions[name] = caption
    known = read_json(folder / CAPTIONS, RunError) if (folder / CAPTIONS).is_file() else {}
    write_json(folder / CAPTIONS, {**known, **captions})
    return captions


def _figures(result: ThompsonResult) -> dict[str, tuple[str, str, Draw]]:
    """File name -> title, caption and what to draw."""
    config = result.config
    unit = "successes" if config.objective == "success" else "score points"
    how = f"{config.allocation} allocation by {config.objective}"
    each = "One colour an arm, one line style a run"
    faint = f"Faint: an arm's first {_SETTLED} rollouts, perhaps off the axis; flat: it was not played"
    return {
        "compare-score.png": (
            "Average score",
            f"Average score (100 x mean reward) of each arm against the rollouts of its run; {how}. {each}. {faint}.",
            lambda axes, results: _draw_means(axes, results, lambda rollout: 100 * rollout.reward),
        ),
        "compare-success.png": (
            "Average success rate (%)",
            f"Share of an arm's rollouts with reward exactly 1 against the rollouts of its run; {how}. {each}. "
            f"{faint}.",
            lambda axes, results: _draw_means(axes, results, lambda rollout: 100.0 * rollout.success),
        ),
        "compare-allocation.png": (
            "Rollouts given to each arm",
            f"How many rollouts each arm was given so far; {how}. {each}.",
            lambda axes, results: _draw_lines(axes, results, _given),
        ),
        "compare-best.png": (
            "Chance to be the best arm (%)",
            f"Chance of each arm to be the best at {config.objective}, given what was seen so far; {how}. {each}.",
            lambda axes, results: _draw_lines(axes, results, _best),
        ),
        "compare-regret.png": (
            f"Cumulative regret ({unit})",
            f"What was lost so far against playing the arm that the run's own means call the best, in {unit}; {how}. "
            "One line style a run.",
            _draw_regret,
        ),
    }


def _styled(results: Sequence[ThompsonResult]) -> Iterator[tuple[ThompsonResult, str, str, Any]]:
    """Each run's arms with colour and line style."""
    for result, dashes in zip(results, cycle(_STYLES), strict=False):
        for arm, color in zip(result.arms, cycle(PALETTE), strict=False):
            yield result, arm, color, dashes


def _draw_means(axes: "Axes", results: Sequence[ThompsonResult], value: Callable[[Rollout], float]) -> None:
    """Running means, each held until its arm is played again; faint over an arm's first rollouts, mostly noise."""
    shown: list[float] = []
    for result, arm, color, dashes in _styled(results):
        played = [record for record in result.records if record.arm == arm]
        if played:
            means = np.cumsum([value(record) for record in played]) / np.arange(1, len(played) + 1)
            steps = np.array([*(record.index + 1 for record in played), len(result.records)])
            means = np.append(means, means[-1])
            early = slice(0, _SETTLED + 1)  # to where the full line begins
            axes.step(steps[early], means[early], where="post", color=color, linewidth=_FAINT, alpha=0.45)
            axes.step(steps[_SETTLED:], means[_SETTLED:], where="post", color=color, linestyle=dashes, linewidth=_WIDTH)
            shown += means[_SETTLED:].tolist()
    if shown:
        margin = max(2.0, 0.1 * (max(shown) - min(shown)))
        axes.set_ylim(max(-2.0, min(shown) - margin), min(102.0, max(shown) + margin))
    else:
        axes.set_ylim(-2, 102)


def _draw_lines(axes: "Axes", results: Sequence[ThompsonResult], curve: Curve) -> None:
    for result, arm, color, dashes in _styled(results):
        axes.plot(*curve(result, arm), color=color, linestyle=dashes, linewidth=_WIDTH)
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.02 * top, top)


def _given(result: ThompsonResult, arm: str) -> Points:
    """Rollouts of an arm so far."""
    counts = np.cumsum([0.0, *(float(record.arm == arm) for record in result.records)])
    return np.arange(len(counts), dtype=np.float64), counts


def _best(result: ThompsonResult, arm: str) -> Points:
    """Chance of an arm to be the best before each round and at the end, in percent."""
    position = list(result.arms).index(arm)
    steps, chances = zip(*((step, 100 * each[position]) for step, each in result.best), strict=True)
    return np.array(steps, dtype=np.float64), np.array(chances)


def _draw_regret(axes: "Axes", results: Sequence[ThompsonResult]) -> None:
    for result, dashes in zip(results, cycle(_STYLES), strict=False):
        axes.plot(np.append(0.0, result.cumulative_regret()), color=INK, linestyle=dashes, linewidth=_WIDTH)
    axes.set_ylim(bottom=0)


def _legends(figure: "Figure", arms: Sequence[str], runs: int) -> None:
    """Colours above, line styles below where there are several."""
    from matplotlib.lines import Line2D

    if arms:
        names = [short_name(name) for name in arms]
        columns = min(len(names), max(1, _LEGEND_LENGTH // (max(map(len, names)) + 7)))
        lines = [Line2D([], [], color=color, linewidth=3) for _, color in zip(names, cycle(PALETTE), strict=False)]
        figure.legend(lines, names, loc="outside upper left", ncols=columns, handlelength=1.4)
    if runs > 1:
        styles = [Line2D([], [], color=MUTED, linestyle=s) for _, s in zip(range(runs), cycle(_STYLES), strict=False)]
        labels = [f"run {number + 1}" for number in range(runs)]
        figure.legend(styles, labels, loc="outside lower center", ncols=min(runs, 5), handlelength=3.0)
