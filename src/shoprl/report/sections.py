"""A report's sections, of one or more run folders."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shoprl.report.document import (
    Block,
    Cell,
    Details,
    Document,
    Heading,
    Note,
    Section,
    Table,
)
from shoprl.report.episodes import compared_episodes
from shoprl.report.figures import agents_figure, curves_figure, run_figures
from shoprl.report.runs import Group, Row, RunFolder
from shoprl.report.tables import (
    Rows,
    agent_table,
    arm_table,
    comparison_table,
    cost_table,
    goal_groups_table,
    spread,
    value_table,
    wall_table,
)
from shoprl.report.text import Long, bounded, command_text, percent, whole

WEBSHOP = (
    "Product titles and requests are short excerpts of WebShop's data, MIT licence, "
    "Copyright (c) 2023 Princeton Natural Language Processing."
)
MEASURES = "Success rate: share of episodes with reward exactly 1. Score: 100 × mean reward. Brackets: 95% intervals."
SEEDS = "Of several seeds: their mean, and below it the smallest to the largest seed."
NO_SCORE = "No agent was scored."


def rows_of(agents: Mapping[str, Sequence[tuple[RunFolder, Row]]]) -> dict[str, list[Row]]:
    """Each agent's rows, without the runs they are of."""
    return {name: [row for _, row in found] for name, found in agents.items()}


def runs_document(runs: Sequence[RunFolder], groups: Sequence[Group], title: str) -> Document:
    """The report of run folders.

    Raises:
        RunError, TrajectoryError: a file of a run is malformed.
    """
    agents = rows_of(groups[0].agents())
    chosen = {str(run.results.get("best_policy") or "").rsplit("/", 1)[-1] for run in groups[0].runs}
    strong, headline, note = headline_of(agents, chosen.pop() if len(chosen) == 1 else None)
    told, compared = compared_episodes(runs)
    several = len(groups) > 1
    sections = (
        Section("Agents", _by_group(groups, several, agent_blocks)),
        Section("Differences between agents", _by_group(groups, several, difference_blocks)),
        Section("Figures", tuple(_figures(runs, groups))),
        Section("Thompson sampling", tuple(thompson_blocks(runs))),
        Section("Where agents differ", (*_told_notes(told, runs, compared.notes), *compared.walks)),
        Section("Costs", _by_group(groups, several, cost_blocks)),
        Section("The runs" if len(runs) > 1 else "The run", tuple(_environment(runs))),
    )
    excerpts = told is not None and bool(compared.walks) and not told.generated
    notes = (*([note] if note else []), *_notes(runs, groups))
    return Document(title, strong, headline, notes, sections, WEBSHOP if excerpts else "")


def headline_of(agents: Mapping[str, Rows], chosen: str | None) -> tuple[str, str, str]:
    """Agent, what it reached, and how it comes to be named: chosen before the test, else the highest success rate."""
    scored = {name: found for name, rows in agents.items() if (found := spread(rows, "success_rate"))}
    if not scored:
        return "", NO_SCORE, ""
    name = chosen if chosen in scored else max(scored, key=lambda each: float(scored[each]["mean"]))
    found, rows = scored[name], agents[name]
    counts = spread(rows, "episodes")
    if found["seeds"] > 1:
        ends = f"{percent(found['low'])} to {percent(found['high'])}"
        spans = f" (mean of {found['seeds']} seeds, which gave {ends})"
    else:
        low_high = rows[0].get("success_rate_interval") or ()
        spans = f" (95% interval {' to '.join(percent(end) for end in low_high)})" if low_high else ""
    number = "the" if counts is None else whole(counts["mean"])
    what = f"buys exactly the right product in {percent(found['mean'])} of {number} test episodes{spans}."
    why = "chosen on other goals than these" if chosen == name else "the one with the highest success rate"
    return name, what, f"One of {len(agents)} agents compared, {why}." if len(agents) > 1 else ""


def _notes(runs: Sequence[RunFolder], groups: Sequence[Group]) -> Iterable[str]:
    if len(groups) > 1:
        yield (
            f"The runs are on {len(groups)} different sets of data (catalogue, goals or splits): each has tables of "
            "its own, nothing is averaged across them, and the headline is about the first."
        )
    for run in runs:
        if run.record.get("status") != "done":
            what = "what it has of results is shown" if run.results else "it has no results yet"
            status = bounded(str(run.record.get("status")), 40)
            yield f"{bounded(run.name, 120)} did not finish (status {status}): {what}."


def _by_group(groups: Sequence[Group], several: bool, make: Any) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for group in groups:
        found = [block for block in make(group) if block is not None]
        if found:
            blocks += [Heading(group.title), *found] if several else found
    return tuple(blocks)


def agent_blocks(group: Group) -> Iterable[Block | None]:
    """What the agents reached, on all goals and on groups of goals, and each seed of it."""
    agents = group.agents()
    rows = rows_of(agents)
    seeds = any(len(found) > 1 for found in rows.values())
    yield agent_table(rows)
    if rows:
        yield Note(f"{MEASURES} {SEEDS}" if seeds else MEASURES)
    yield goal_groups_table(rows)
    if seeds:
        each = {
            f"{bounded(name, 120)}, seed {bounded(str(run.seed), 40)}": [row]
            for name, found in agents.items()
            for run, row in found
        }
        tables = [table for table in (agent_table(each), goal_groups_table(each)) if table]
        yield Details("Each seed, with 95% intervals over goals", tuple(tables))


def difference_blocks(group: Group) -> Iterable[Block | None]:
    """The differences between agents on the same goals."""
    found: dict[str, list[tuple[str, Row]]] = {}
    for batch in group.batches:
        for run in batch.runs:
            for name, row in run.comparisons.items():
                found.setdefault(group.named(name, batch), []).append((f"seed {bounded(str(run.seed), 40)}", row))
    table = comparison_table(found)
    if table is not None:
        yield table
        yield Note(
            "Paired on the same goals; a positive number favours the one named first. Brackets hold 95% intervals, of "
            "one seed over goals (bootstrap), of several over seeds (Student's t); a mean over seeds has the smallest "
            "to the largest below it."
        )


def _figures(runs: Sequence[RunFolder], groups: Sequence[Group]) -> Iterable[Block]:
    for group in groups:
        caption = "Success and score on the test goals"
        yield from agents_figure(rows_of(group.agents()), f"{caption}; {group.title}" if len(groups) > 1 else caption)
    yield from curves_figure(groups)
    yield from run_figures(runs)


def thompson_blocks(runs: Sequence[RunFolder]) -> Iterable[Block]:
    """The arms of each run that shared its rollouts between agents."""
    shared = [run for run in runs if run.results.get("thompson")]
    blocks: list[Block] = []
    for run in shared:
        found = run.results["thompson"]
        name = bounded(run.name, 120)
        table = arm_table(f"Thompson sampling, {name}", found)
        if table is None:
            continue
        blocks += [Heading(name), table] if len(runs) > 1 else [table]
        parts = [part for part in found.get("runs") or () if isinstance(part, Mapping)]
        each = [arm_table(f"Thompson sampling, {name}, run {i}", part) for i, part in enumerate(parts, start=1)]
        if len(parts) > 1 and any(each):
            blocks.append(Details(f"Each of {len(parts)} runs", tuple(table for table in each if table)))
    if blocks:
        blocks.append(
            Note(
                "Values are as observed. Brackets hold 95% intervals: of all runs together by bootstrap over goals, of "
                "each run the credible intervals of its beliefs."
            )
        )
    return blocks


def _told_notes(told: RunFolder | None, runs: Sequence[RunFolder], notes: Sequence[str]) -> Iterable[Note]:
    if told is not None and len(runs) > 1:
        yield Note(f"Goals of the test on which rewards differ most, in {bounded(told.name, 120)}.")
    yield from map(Note, notes)


def cost_blocks(group: Group) -> Iterable[Block | None]:
    """What the agents and the runs took."""
    yield cost_table(rows_of(group.agents()))
    for batch in group.batches:
        walls = [run.results.get("wall_seconds") or run.record.get("wall_seconds") for run in batch.runs]
        label = f"Wall time, {batch.label}" if len(group.batches) > 1 else "Wall time"
        table = wall_table(label, [wall for wall in walls if isinstance(wall, Mapping)])
        if table and len(group.batches) > 1:
            table = Table(table.label, (batch.label, *table.columns[1:]), table.rows)
        yield table


def _environment(runs: Sequence[RunFolder]) -> Iterable[Block]:
    columns = ("Run", "Status", "Seed", "Commit", "Command")
    yield Table("Runs", columns, tuple((run.name, _run_cells(run)) for run in runs), text=True)
    about = {run.name: _about(run) for run in runs}
    made = value_table("Data, versions and machine", about)
    if made:
        yield made
    settings = value_table("All settings", {run.name: run.settings for run in runs})
    if settings:
        yield Details("All settings", (settings,))


def _run_cells(run: RunFolder) -> tuple[Cell, ...]:
    commit = run.record.get("commit")
    sha = str(commit.get("sha"))[:12] if isinstance(commit, Mapping) else "not known"
    dirty = "with changes" if isinstance(commit, Mapping) and commit.get("dirty") else ""
    command = run.record.get("command")
    return (
        Cell(str(run.record.get("status", "not known"))),
        Cell("not known" if run.seed is None else str(run.seed)),
        Cell(sha, dirty),
        Cell(command_text(command) if isinstance(command, str) else Long("not known")),
    )


def _about(run: RunFolder) -> dict[str, Any]:
    """What the run was made with."""
    known = {key: run.record.get(key) or run.results.get(key) for key in ("data", "versions", "machine")}
    return {key: value for key, value in (known | {"hashes": run.hashes}).items() if value}


def merged_json(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """The merged table as JSON: for each set of data the agents' mean, smallest and largest value and the seeds."""
    return [
        {
            "data": group.title,
            "runs": [run.name for run in group.runs],
            "agents": {
                name: {"runs": len(rows), **{key: spread(rows, key) for key in ("success_rate", "score", "episodes")}}
                for name, rows in rows_of(group.agents()).items()
            },
        }
        for group in groups
    ]
