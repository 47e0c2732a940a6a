"""Figures of a run, as PNG files; the same data gives the same bytes.

Colours: Okabe & Ito, "Color Universal Design", 2008, which people with any common colour blindness can distinguish;
line styles repeat the distinction for print. Matplotlib is imported when a figure is drawn, never its pyplot.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import Estimate
from shoprl.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")
INK, MUTED, _GRID = "#222222", "#5f5f5f", "#e3e3e3"
_DPI = 150
_NAME_LENGTH = 40
_LEGEND_LENGTH = 105  # characters that fit a row of a legend, 7 of them a name's line and gap
_SEED: Any = {"marker": "o", "markersize": 3.2, "color": INK, "linestyle": "", "zorder": 4}
_RC: Any = {
    "font.family": ["DejaVu Sans"],  # comes with Matplotlib, so that every machine draws the same
    "font.size": 10,
    "text.parse_math": False,  # a "$" in a name is a "$"
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9a9a9a",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.9,
    "legend.frameon": False,
}


class Scored(Protocol):
    """What :func:`plot_agents` draws of an agent; a ``Summary`` fits."""

    @property
    def success_rate(self) -> Estimate:
        """In 0..1."""

    @property
    def score(self) -> Estimate:
        """In 0..100."""


_SCALING = (
    ("Time, seconds", (("build_seconds", "build"), ("generate_seconds", "generate"))),
    ("On disk, MB", (("source_mb", "source files"), ("store_mb", "store"), ("index_mb", "of it the index"))),
    ("Search, milliseconds", (("search_median_ms", "median"), ("search_p99_ms", "99th percentile"))),
    ("Memory, MB", (("build_peak_mb", "build, peak"), ("worker_private_mb", "a worker, private"))),
)


def plot_scaling(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """How the figures of ``shoprl bench scale`` grow with the number of products; both axes logarithmic.

    Raises:
        ConfigError: Matplotlib is not installed.
        StorageError: ``path`` cannot be written.
    """
    sizes = [row["products"] for row in rows]
    with drawing(9.0, 6.0) as figure:
        for axes, (title, curves) in zip(figure.subplots(2, 2).flat, _SCALING, strict=True):
            for (name, label), color, dashes in zip(curves, PALETTE, DASHES, strict=False):
                values = [row[name] for row in rows]
                axes.plot(sizes, values, color=color, linestyle=dashes, marker="o", markersize=4, label=label)
            axes.set(title=title, xlabel="products", xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
            axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.0), fontsize=9)
            axes.margins(y=0.25)
        save(figure, path)


def plot_agents(agents: Mapping[str, Scored], path: Path, seeds: Mapping[str, Sequence[Scored]] | None = None) -> None:
    """Success rate and score of each agent, with intervals, one row an agent in the order given.

    Args:
        agents: name -> mean and interval.
        path: the PNG file to write.
        seeds: name -> what each seed gave, of agents whose mean is over several: small points.

    Raises:
        ConfigError: there are no agents, or Matplotlib is not installed.
        StorageError: ``path`` cannot be written.
    """
    if not agents:
        raise ConfigError("There are no agents to draw. Evaluate at least one.")
    with drawing(8.0, 1.15 + 0.52 * len(agents)) as figure:
        success, score = figure.subplots(1, 2, sharey=True)
        _points(success, [_times(agent.success_rate, 100) for agent in agents.values()], PALETTE[0], "%")
        _points(score, [agent.score for agent in agents.values()], PALETTE[1], "")
        for row, name in enumerate(agents):
            for each in (seeds or {}).get(name, ()):
                success.plot([100 * each.success_rate.value], [row], **_SEED)
                score.plot([each.score.value], [row], **_SEED)
        success.set_title("Success rate")
        score.set_title("Score")
        success.set_yticks(range(len(agents)), [short_name(name) for name in agents], color=INK)
        success.set_ylim(len(agents) - 0.5, -0.7)  # the first agent on top
        over_seeds = "Large point: mean over seeds. Small points: each seed. Bar: 95% interval over seeds."
        over_goals = "Point: mean over the test episodes. Bar: 95% interval over goals."
        figure.supxlabel(over_seeds if seeds else over_goals, fontsize=9, color=MUTED)
        save(figure, path)


def _points(axes: "Axes", estimates: Sequence[Estimate], color: str, unit: str) -> None:
    """A point with its interval and its value a row."""
    for row, estimate in enumerate(estimates):
        axes.plot([estimate.low, estimate.high], [row, row], color=color, linewidth=3.2, alpha=0.45)
        axes.plot([estimate.value], [row], "o", color=color, markersize=7, markeredgecolor="white")
        axes.annotate(
            f"{estimate.value:.1f}{unit}",
            (estimate.value, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9.5,
            annotation_clip=False,
        )
    top = max(max(estimate.high, estimate.value) for estimate in estimates)
    axes.set_xlim(-0.03 * top - 0.5, max(1.0, 1.08 * top))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}{unit}")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


@contextmanager
def drawing(width: float, height: float) -> Iterator["Figure"]:
    """An empty figure of this size in inches, drawn with this module's style."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise ConfigError(
            'Figures need Matplotlib, which is not installed. Run: pip install "shoprl[report]"'
        ) from error
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the user's matplotlibrc says
        matplotlib.rcParams.update(_RC)
        yield Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(wspace=0.05), facecolor="white")


def save(figure: "Figure", path: Path) -> None:
    """Write the figure as a PNG that holds no date and no version."""
    write_atomic(path, lambda stream: figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None}))


def legend(figure: "Figure", lines: Sequence[Any], names: Sequence[str]) -> None:
    """One legend above the panels, in the order given."""
    labels = [short_name(name) for name in names]
    one_row = sum(len(label) + 7 for label in labels) <= _LEGEND_LENGTH
    columns = len(labels) if one_row else max(1, _LEGEND_LENGTH // (max(map(len, labels)) + 7))
    figure.legend(lines, labels, loc="outside upper left", ncols=columns, handlelength=2.2)


def short_name(name: str) -> str:
    """A name that fits beside a plot."""
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"


def _times(estimate: Estimate, factor: float) -> Estimate:
    """The estimate in another unit."""
    return Estimate(factor * estimate.value, factor * estimate.low, factor * estimate.high)
