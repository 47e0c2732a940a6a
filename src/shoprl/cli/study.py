"""``shoprl study``: the studies behind the claims, each with several seeds; an interrupted one continues."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from shoprl.claims import claimed
from shoprl.cli.options import OnAnyData, OnGoals, Printing, Strict, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError
from shoprl.files import remove_temporary
from shoprl.settings import Seed
from shoprl.shop.default_data import default_folder

if TYPE_CHECKING:
    from shoprl.evaluation.results import Measurement, RunResults

StudyName = Literal["learners", "data", "stacked", "longer", "generalisation", "references", "images"]


@dataclass(frozen=True, kw_only=True)
class StudyCommand(OnAnyData, OnGoals, Threaded, Strict, Printing):
    """Run studies over several seeds and write their reports.

    A study trains its agents with each seed, compares them on the test goals, and records each seed as a run. Called
    again, the command continues: finished work is not repeated. Studies in one folder share their agents. The report
    over all seeds is STUDY/report.html in that folder, also as Markdown.

    Attributes:
        names: which studies, in this order.
        data: the data folder; images does without, as it generates its own shops.
        out: the folder of the studies.
        seeds: one run for each seed.
        size: how much of everything: small is for two cores, paper has the paper's numbers, tiny only shows that it
            runs.
    """

    names: Annotated[
        tuple[StudyName, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="STUDY...", help_behavior_hint="(at least one)"),
    ]
    out: Path
    seeds: tuple[Seed, ...] = (0, 1, 2)
    size: Literal["small", "paper", "tiny"] = "small"

    def execute(self) -> None:
        """Run the command."""
        import matplotlib  # noqa: F401  (what only the report needs is missed now, not after training)

        if not self.names or not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError("Name at least one study, and seeds that differ.")
        prepare(self.seeds[0], self.threads)
        from shoprl.experiments.studies.running import TITLES, Studies
        from shoprl.report import write_runs_report

        folder = self.data or default_folder()
        studies = Studies(self.out, folder, self.size, self.threads, self.strict, self.goals)
        for name in self.names:
            studies.settings(name, 0)  # a study that cannot be run is named before another one is
        with claimed(self.out):  # beside each run's own folder, as studies share agents
            results = {name: {seed: studies.run(name, seed) for seed in self.seeds} for name in self.names}
            for name in results:
                remove_temporary(self.out / name)
                studies.draw(name)
                folder = self.out / name
                write_runs_report([folder], folder / "report.html", folder / "report.md", TITLES[name])
        texts = [
            f"{_text(name, list(runs.values()))}\nreport: {self.out / name / 'report.html'}"
            for name, runs in results.items()
        ]
        written = {name: {seed: run.to_json() for seed, run in runs.items()} for name, runs in results.items()}
        emit(written, "\n\n".join(texts), self.json)


def _text(name: str, runs: "Sequence[RunResults]") -> str:
    """A study's agents, means over its seeds with 95% intervals, and its differences seed by seed."""
    table_rows = []
    for agent in dict.fromkeys(agent for run in runs for agent in run.agents or {}):
        rows = [row for run in runs if (row := (run.agents or {}).get(agent))]
        score = _over([row.score for row in rows if row.score is not None], "")
        sampled = _success([row.sampled for row in rows if row.sampled])
        table_rows.append((agent, _success(rows), score, sampled, len(rows)))
    header = ("agent", "success, greedy [95%]", "score, greedy [95%]", "success, sampled [95%]", "seeds")
    lines = [f"{name}: {runs[0].title}", table(header, table_rows)]
    differences: dict[str, list[float]] = {}
    for run in runs:
        for what, difference in run.differences.items():
            if difference.success_rate_difference is not None:
                differences.setdefault(what, []).append(100 * difference.success_rate_difference.value)
    for what, values in differences.items():
        lines.append(f"{what}, success: {', '.join(f'{value:+.1f}' for value in values)} points")
    lines += [f"not made: {agent}: {why}" for run in runs for agent, why in (run.not_made or {}).items()]
    return "\n".join(lines)


def _success(rows: "Sequence[Measurement]") -> str:
    return _over([100 * row.success_rate for row in rows if row.success_rate is not None], "%")


def _over(values: Sequence[float], unit: str) -> str:
    """The mean over the seeds, and from two seeds on its 95% interval over seeds (Student's t)."""
    from shoprl.evaluation.statistics import over_seeds

    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.1f}{unit}"
    mean = over_seeds(values)
    return f"{mean.value:.1f}{unit} [{mean.low:.1f}, {mean.high:.1f}]"
