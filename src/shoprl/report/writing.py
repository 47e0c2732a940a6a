"""Writing reports: of run folders, and of a run that is just ending."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from shoprl.errors import ConfigError
from shoprl.files import write_bytes
from shoprl.report.document import Document, Figure, Section, Walk, Walks
from shoprl.report.figures import png
from shoprl.report.html import html
from shoprl.report.markdown import check_markdown, write_markdown
from shoprl.report.runs import Batch, Group, Row, RunFolder, grouped, read_runs
from shoprl.report.sections import (
    WEBSHOP,
    agent_blocks,
    cost_blocks,
    difference_blocks,
    headline_of,
    merged_json,
    rows_of,
    runs_document,
    thompson_blocks,
)
from shoprl.report.tables import value_table
from shoprl.report.text import NOT_SCORED

TITLE = "ShopRL report"


def write_runs_report(
    folders: Sequence[Path], path: Path, markdown: Path | None = None, title: str = TITLE
) -> dict[str, Any]:
    """Write one report of finished run folders; runs that differ in their seeds alone are averaged.

    Args:
        folders: what ``shoprl reproduce --out`` or a study wrote.
        path: the HTML page to write.
        markdown: write it as Markdown too, its pictures into the folder of the same name without suffix.
        title: of the page.

    Returns:
        What was written (``html``, ``markdown``, ``figures``), ``notes``, and ``groups``: for each set of data the
        agents' mean, smallest and largest success_rate (0..1) and score (0..100) over seeds.

    Raises:
        RunError, TrajectoryError: a folder is no run folder, or a file in it is malformed.
        ConfigError: a package is not installed, or the places to write to are in each other's way.
        StorageError: something cannot be written.
    """
    if markdown is not None:
        check_markdown(markdown)  # before any work
        if markdown.resolve() == path.resolve():
            raise ConfigError(f"{markdown}: --out and --markdown name the same file. Choose two.")
    runs = read_runs(folders)
    groups = grouped(runs)
    document = runs_document(runs, groups, title)
    page = html(document)
    if markdown is not None:
        write_markdown(markdown, document)
    write_bytes(path, page)
    written = {"html": str(path), "markdown": str(markdown) if markdown else None}
    return {**written, "figures": len(list(document.figures())), "notes": document.notes, "groups": merged_json(groups)}


def write_report(
    path: Path,
    results: dict[str, Any],
    figures: Sequence[tuple[str, Path]],
    examples: Sequence[dict[str, Any]],
) -> None:
    """Write the report of a run that is just ending to ``path``. A section whose data is missing is left out.

    Args:
        path: the HTML file to write.
        results: any of ``agents``, ``comparison`` or ``comparisons``, ``thompson``, ``wall_seconds`` as they stand in
            ``results.json``, ``best_policy``, ``run`` (name -> value), ``generated`` (whether ShopRL made the shop).
        figures: caption and PNG file of each.
        examples: episodes: agent, instruction, reward, steps (page, action, probability), bought.

    Raises:
        ConfigError: Jinja2 is not installed.
        RunError: a figure's file cannot be read.
        StorageError: ``path`` cannot be written.
    """
    run = RunFolder(path.parent, path.parent.name, {}, {key: value for key, value in results.items() if value})
    group = Group("", (Batch("", (run,)),))
    chosen = str(results.get("best_policy") or "").rsplit("/", 1)[-1]
    strong, headline, note = headline_of(rows_of(group.agents()), chosen)
    about = value_table("The run", {"": results.get("run") or {}})
    sections = {
        "Agents": agent_blocks(group),
        "Differences between agents": difference_blocks(group),
        "Figures": [Figure(caption, f"Figure: {caption}", png(file)) for caption, file in figures],
        "Thompson sampling": thompson_blocks([run]),
        "Where agents differ": _walks(examples),
        "Costs": cost_blocks(group),
        "The run": [about],
    }
    filled = (Section(name, tuple(block for block in blocks if block)) for name, blocks in sections.items())
    footer = WEBSHOP if examples and results.get("generated") is False else ""
    document = Document(TITLE, strong, headline, (note,) if note else (), tuple(filled), footer)
    write_bytes(path, html(document))


def _walks(examples: Sequence[Row]) -> list[Walks]:
    """Examples that follow each other on one instruction, side by side."""
    same = [(title, list(found)) for title, found in groupby(examples, lambda e: str(e.get("instruction", "")))]
    return [Walks(title, tuple(map(_walk, found)), i == 0) for i, (title, found) in enumerate(same)]


def _walk(example: Row) -> Walk:
    """An episode as it is shown; what is missing is left blank."""
    reward = example.get("reward")
    return Walk(
        agent=str(example.get("agent", NOT_SCORED)),
        reward=NOT_SCORED if reward is None else f"{reward:.2f}",
        steps=tuple(map(_step, example.get("steps", ()))),
        bought=str(example.get("bought") or "nothing"),
    )


def _step(step: Mapping[str, Any]) -> tuple[str, str]:
    chance = "" if step.get("probability") in (None, 1.0) else f", probability {step['probability']:.2f}"
    return str(step.get("action", "")), f"on {step.get('page', NOT_SCORED)}{chance}"
