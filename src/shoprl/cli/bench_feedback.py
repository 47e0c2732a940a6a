"""``shoprl bench feedback``: what a service learns from simulated shoppers, over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from shoprl.bench.feedback import FeedbackConfig, bench_feedback
from shoprl.bench.population import TasteName
from shoprl.cli.options import Printing
from shoprl.cli.output import emit, percent, table
from shoprl.errors import ConfigError
from shoprl.machine import commit, machine, versions
from shoprl.reading import read_json
from shoprl.settings import Seed

RESULT = "result.json"


@dataclass(frozen=True, kw_only=True)
class Feedback(FeedbackConfig, Printing):
    """Measure what a service learns from the reactions of simulated shoppers.

    For each taste and seed a shop is generated and served; shoppers whose requests do not name their taste ask over
    HTTP, look down the lists and send what they do. After each round ``shoprl learn`` trains a policy, which shares the
    next round's requests with the untouched one. In the end both, and the control, are measured on other requests.

    Attributes:
        out: the folder to work in; runs finished there before are not made again.
        tastes: what shoppers insist on: price, family (of brands), brand, or unseen, which no page shows.
        seeds: a run for each; settings were chosen on 0 and 100.
    """

    out: Path
    tastes: tuple[TasteName, ...] = ("price", "family")
    seeds: tuple[Seed, ...] = (1, 2, 3)

    def execute(self) -> None:
        """Run the command."""
        if not self.tastes or not self.seeds:
            raise ConfigError("--tastes and --seeds: give at least one of each.")
        config = FeedbackConfig(**{each.name: getattr(self, each.name) for each in fields(FeedbackConfig)})
        rows = [self._row(taste, seed, config) for taste in self.tastes for seed in self.seeds]
        facts = {"machine": machine(), "versions": versions(), "commit": commit()}
        figure = self._draw(rows)
        emit({"rows": rows, "figure": figure, **facts}, f"{_text(rows)}\n\n{figure or ''}", self.json)

    def _row(self, taste: TasteName, seed: int, config: FeedbackConfig) -> Mapping[str, Any]:
        folder = self.out / f"{taste}-{seed}"
        path = folder / RESULT
        if not path.is_file():
            return bench_feedback(folder, taste, seed, config)
        row: dict[str, Any] = read_json(path, ConfigError)
        if row.get("settings") != asdict(config):
            raise ConfigError(f"{path}: was made with other settings. Choose another --out, or remove {folder}.")
        return row

    def _draw(self, rows: Sequence[Mapping[str, Any]]) -> str | None:
        try:
            from shoprl.report.plots_feedback import plot_feedback

            path = self.out / "feedback.png"
            plot_feedback(rows, path)
        except (ConfigError, ModuleNotFoundError):
            return None  # the table is all there is without Matplotlib
        return str(path)


def _text(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line a run."""
    cells = []
    for row in rows:
        held = row["held_out"]
        rates = [_rate(held["rates"][name]) for name in ("untouched", "learned", "control")]
        less = [_rate(held["learned_less"][name]) for name in ("untouched", "control")]
        raised = "-" if held["raised_by"] is None else f"{100 * held['raised_by']:+.0f}%"
        cells.append((f"{row['taste']}, seed {row['seed']}", *rates, raised, *less, percent(held["could_buy"])))
    header = ("shoppers", "untouched", "learned", "control", "raised by", "learned less untouched", "less control")
    return table((*header, "could buy"), cells)


def _rate(row: Mapping[str, float]) -> str:
    return percent(row["value"], (row["low"], row["high"]))
