"""Writing reports: of run folders, and of a run that is just ending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import ConfigError
from shoprl.evaluation.results import RunRecord, RunResults
from shoprl.files import real_path, write_bytes
from shoprl.report.document import Document, Figure, Section, ShownGoal
from shoprl.report.figures import png
from shoprl.report.html import html
from shoprl.report.markdown import check_markdown, write_markdown
from shoprl.report.runs import Batch, Group, RunFolder, grouped, read_runs
from shoprl.report.sections import (
    agent_blocks,
    cost_blocks,
    difference_blocks,
    figure_blocks,
    headline_of,
    licence_note,
    rows_of,
    runs_document,
    thompson_blocks,
)
from shoprl.report.seeds import OverSeeds, summarize_seeds
from shoprl.report.tables import SCORE, SUCCESS, Rows, over_rows, value_table

TITLE = "ShopRL report"


@dataclass(frozen=True)
class MergedRow:
    """An agent over the runs of a report: how many they are, and each measure over their seeds."""

    runs: int
    success_rate: OverSeeds | None
    score: OverSeeds | None
    episodes: OverSeeds | None

    def to_json(self) -> dict[str, object]:
        """A JSON-able form."""
        measures = {"success_rate": self.success_rate, "score": self.score, "episodes": self.episodes}
        return {"runs": self.runs, **{key: each.to_json() if each else None for key, each in measures.items()}}


@dataclass(frozen=True)
class MergedGroup:
    """Runs on the same data and their agents."""

    data: str
    runs: tuple[str, ...]
    agents: Mapping[str, MergedRow]

    def to_json(self) -> dict[str, object]:
        """A JSON-able form."""
        agents = {name: row.to_json() for name, row in self.agents.items()}
        return {"data": self.data, "runs": list(self.runs), "agents": agents}


@dataclass(frozen=True)
class WrittenReport:
    """What was written.

    Attributes:
        html, markdown: the files.
        figures: how many the report has.
        notes: below its headline.
        groups: the merged table of each set of data.
    """

    html: Path
    markdown: Path | None
    figures: int
    notes: tuple[str, ...]
    groups: tuple[MergedGroup, ...]

    def to_json(self) -> dict[str, object]:
        """A JSON-able form."""
        return {
            "html": str(self.html),
            "markdown": str(self.markdown) if self.markdown else None,
            "figures": self.figures,
            "notes": list(self.notes),
            "groups": [group.to_json() for group in self.groups],
        }


def write_runs_report(
    folders: Sequence[Path], path: Path, markdown: Path | None = None, title: str = TITLE
) -> WrittenReport:
    """Write one report of finished run folders; runs that differ in their seeds alone are averaged.

    Args:
        folders: what ``shoprl reproduce``, ``study``, ``compare`` or ``train`` wrote to ``--out``.
        path: the HTML page to write.
        markdown: write it as Markdown too, its pictures into the folder of the same name without suffix.
        title: of the page.

    Raises:
        RunError, TrajectoryError: a folder is no run folder, or a file in it is malformed.
        ConfigError: a package is not installed, or the places to write to are in each other's way.
        StorageError: something cannot be written.
    """
    if markdown is not None:
        check_markdown(markdown)  # before any work
        if real_path(markdown) == real_path(path):
            raise ConfigError(f"{markdown}: `out` and `markdown` name the same file. Choose two.")
    runs = read_runs(folders)
    groups = grouped(runs)
    document = runs_document(runs, groups, title)
    page = html(document)
    if markdown is not None:
        write_markdown(markdown, document)
    write_bytes(path, page)
    merged = tuple(
        MergedGroup(
            group.title,
            tuple(run.name for run in group.runs),
            {name: _merged(rows) for name, rows in rows_of(group).items()},
        )
        for group in groups
    )
    return WrittenReport(path, markdown, len(list(document.figures())), document.notes, merged)


def _merged(rows: Rows) -> MergedRow:
    episodes = summarize_seeds([row.episodes for row in rows if row.episodes is not None])
    return MergedRow(len(rows), over_rows(rows, SUCCESS), over_rows(rows, SCORE), episodes)


def write_report(
    path: Path,
    results: RunResults,
    figures: Sequence[tuple[str, Path]] = (),
    goals: Sequence[ShownGoal] = (),
    about: Mapping[str, object] | None = None,
) -> None:
    """Write the report of a run that is just ending to ``path``. A section whose data is missing is left out.

    Args:
        path: the HTML file to write.
        results: of the run.
        figures: caption and PNG file of each.
        goals: episodes of the agents; see :func:`shoprl.report.episodes.goals_apart`.
        about: name -> value of what the run was made with.

    Raises:
        ConfigError: Jinja2 is not installed.
        RunError: a figure's file cannot be read.
        StorageError: ``path`` cannot be written.
    """
    run = RunFolder(path.parent, path.parent.name, RunRecord(), results)
    group = Group("", (Batch("", (run,)),))
    strong, headline, note = headline_of(group)
    sections = {
        "Agents": agent_blocks(group),
        "Differences between agents": difference_blocks(group),
        "Thompson sampling": thompson_blocks([run]),
        "Where agents differ": goals,
        "Figures": figure_blocks(Figure(caption, f"Figure: {caption}", png(file)) for caption, file in figures),
        "Costs": cost_blocks(group),
        "The run": [value_table("The run", {"": about or {}})],
    }
    filled = (Section(name, tuple(block for block in blocks if block)) for name, blocks in sections.items())
    footer = licence_note(run, bool(goals))
    document = Document(TITLE, strong, headline, (note,) if note else (), tuple(filled), footer)
    write_bytes(path, html(document))
