"""``shoprl study``: the studies behind the claims, each with several seeds, each going on where it was cut off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from shoprl.cli.output import Json, check_seed, emit, table
from shoprl.errors import ConfigError

StudyName = Literal["learners", "data", "stacked", "longer", "generalisation", "references", "images"]


@dataclass(frozen=True)
class StudyCommand:
    """Train a study's agents with several seeds, compare them on the test goals, and record each seed as a run.

    Called again it goes on: what is there is not made again. Studies in one folder share their agents. Each study gets
    a page of all its seeds there, STUDY/report.html, also as Markdown.

    Attributes:
        names: which studies, in this order.
        data: the data folder; ``images`` generates its own shops.
        out: the folder of the studies.
        seeds: one run each.
        size: how much of everything: ``small`` is for two cores, ``paper`` for the paper's numbers, ``tiny`` shows that
            it runs.
        threads: processor threads; results are repeatable for one seed and one number of threads.
        strict: a product that cannot be read is an error.
    """

    names: Annotated[tuple[StudyName, ...], tyro.conf.Positional]
    out: Path
    data: Path | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    size: Literal["small", "paper", "tiny"] = "small"
    threads: int = 2
    strict: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        import matplotlib  # noqa: F401  (what only the report needs is missed now, not after training)

        from shoprl.experiments.studies.running import TITLES, Studies
        from shoprl.report import write_runs_report

        for seed in self.seeds:
            check_seed(seed)
        if not self.names or not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError("Name at least one study, and seeds that differ.")
        studies = Studies(self.out, self.data, self.size, self.threads, self.strict)
        for name in self.names:
            studies.settings(name, 0)  # a study that cannot be run is named before another one is
        found = {name: {seed: studies.run(name, seed) for seed in self.seeds} for name in self.names}
        for name in found:
            studies.draw(name)
            folder = self.out / name
            write_runs_report([folder], folder / "report.html", folder / "report.md", TITLES[name])
        texts = [
            f"{_text(name, list(runs.values()))}\nreport: {self.out / name / 'report.html'}"
            for name, runs in found.items()
        ]
        emit(found, "\n\n".join(texts), self.json)


def _text(name: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """A study's agents, means over its seeds, and its differences."""
    agents = list(dict.fromkeys(agent for run in runs for agent in run["agents"]))
    rows = [(agent, *_means([run["agents"][agent] for run in runs if agent in run["agents"]])) for agent in agents]
    header = ("agent", "success, greedy", "score, greedy", "success, drawn", "seeds")
    lines = [f"{name}: {runs[0]['title']}", table(header, rows)]
    differences: dict[str, list[float]] = {}
    for row in (row for run in runs for row in run["comparisons"]):
        differences.setdefault(row["name"], []).append(100 * row["success_rate_difference"]["value"])
    for what, values in differences.items():
        lines.append(f"{what}, success: {', '.join(f'{value:+.1f}' for value in values)} points")
    lines += [f"not made: {agent}: {why}" for run in runs for agent, why in run.get("not_made", {}).items()]
    return "\n".join(lines)


def _means(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str, str, int]:
    return (
        _over([100 * row["success_rate"] for row in rows], "%"),
        _over([row["score"] for row in rows], ""),
        _over([100 * row["sampled"]["success_rate"] for row in rows if "sampled" in row], "%"),
        len(rows),
    )


def _over(values: Sequence[float], unit: str) -> str:
    """Mean, smallest and largest over the seeds."""
    if not values:
        return "-"
    return f"{sum(values) / len(values):.1f}{unit} [{min(values):.1f}, {max(values):.1f}]"
