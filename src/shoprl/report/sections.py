"""A report's sections, of one or more run folders."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from shoprl.evaluation.results import Arms, Commit, Difference, RunResults, ThompsonResults
from shoprl.report.document import Block, Cell, Details, Document, Figure, Figures, Heading, Note, Section, Table
from shoprl.report.episodes import Compared, compared_episodes
from shoprl.report.figures import agents_figure, curves_figure, metric_figures, run_figures
from shoprl.report.runs import WEBSHOP_SMALL, Group, RunFolder, mapping
from shoprl.report.tables import (
    SCORE,
    SUCCESS,
    Rows,
    agent_table,
    arm_table,
    comparison_table,
    cost_table,
    goal_groups_table,
    last_row_table,
    measured,
    over_rows,
    settings_table,
    value_table,
    wall_table,
)
from shoprl.report.text import Long, bounded, command_text, number, percent, whole

WEBSHOP = (
    "Product titles and requests are short excerpts of WebShop's data, MIT licence, "
    "Copyright (c) 2023 Princeton Natural Language Processing."
)
MEASURES = "Success rate: share of episodes with reward exactly 1. Score: 100 × mean reward. Brackets: 95% intervals"
ONE_SEED = f"{MEASURES} over goals."
SEVERAL_SEEDS = f"{MEASURES}, of one seed over goals, of the mean of several over seeds (Student's t)."
NO_SCORE = "No agent was scored."


def rows_of(group: Group) -> dict[str, Rows]:
    """Each agent's rows, without the runs they are of."""
    return {name: [row for _, row in rows] for name, rows in group.agents().items()}


def runs_document(runs: Sequence[RunFolder], groups: Sequence[Group], title: str) -> Document:
    """The report of run folders.

    Raises:
        RunError, TrajectoryError: a file of a run is malformed.
    """
    strong, headline, note = headline_of(groups[0])
    compared = compared_episodes(runs)
    several = len(groups) > 1
    sections = (
        Section("Agents", _by_group(groups, several, agent_blocks)),
        Section("Differences between agents", _by_group(groups, several, difference_blocks)),
        Section("Thompson sampling", tuple(thompson_blocks(runs))),
        Section("Training", tuple(training_blocks(runs, groups))),
        Section("Where agents differ", (*_episode_notes(compared, runs), *compared.goals)),
        Section("Figures", figure_blocks(_figures(runs, groups))),
        Section("Costs", _by_group(groups, several, cost_blocks)),
        Section("The runs" if len(runs) > 1 else "The run", tuple(_environment(runs))),
    )
    notes = (*([note] if note else []), *_notes(runs, groups))
    return Document(title, strong, headline, notes, sections, licence_note(compared.run, bool(compared.goals)))


def licence_note(run: RunFolder | None, episodes: bool) -> str:
    """What WebShop's licence asks for where texts of its small catalogue are shown; else nothing."""
    return WEBSHOP if run is not None and episodes and run.hashes.get("catalog") == WEBSHOP_SMALL else ""


def headline_of(group: Group) -> tuple[str, str, str]:
    """What the report is about, the rest of the sentence, and a note on how it comes to be named."""
    agents = rows_of(group)
    if any(over_rows(rows, SUCCESS) for rows in agents.values()):
        chosen = {(run.results.best_policy or "").rsplit("/", 1)[-1] for run in group.runs}
        return _agent_headline(agents, chosen.pop() if len(chosen) == 1 else None)
    for run in group.runs:
        if run.results.thompson is not None and run.results.thompson.arms:
            return _arm_headline(run.results.thompson, run.results.thompson.arms)
    trained = [run for run in group.runs if run.last]
    return _training_headline(trained) if trained else ("", NO_SCORE, "")


def _agent_headline(agents: Mapping[str, Rows], chosen: str | None) -> tuple[str, str, str]:
    """The agent chosen before the test, else the one with the highest success rate."""
    scored = {name: summary for name, rows in agents.items() if (summary := over_rows(rows, SUCCESS))}
    name = chosen if chosen in scored else max(scored, key=lambda each: scored[each].mean)
    success = scored[name]
    spans = " to ".join(map(percent, success.interval or ()))
    of = [f"mean of {success.seeds} seeds"] if success.seeds > 1 else []
    about = ", ".join([*of, *([f"95% interval {spans}"] if spans else [])])
    episodes = [row.episodes for row in agents[name] if row.episodes is not None]
    count = whole(sum(episodes) / len(episodes)) if episodes else "the"
    what = f"buys exactly the right product in {percent(success.mean)} of {count} test episodes"
    why = "chosen on the eval goals" if chosen == name else "the one with the highest success rate"
    note = f"One of {len(agents)} agents compared, {why}." if len(agents) > 1 else ""
    return name, f"{what}{f' ({about})' if about else ''}.", note


def _arm_headline(thompson: ThompsonResults, arms: Arms) -> tuple[str, str, str]:
    """The arm that is most probably the best."""
    name = max(arms, key=lambda each: arms[each].probability_best or 0.0)
    success, score = measured([arms[name]], SUCCESS), measured([arms[name]], SCORE)
    objective = "score" if thompson.objective == "score" else "success rate"
    return (
        name,
        f"has the best {objective} of {len(arms)} agents with probability {percent(arms[name].probability_best)}.",
        f"Success {success.text} {success.small}, score {score.text} {score.small} in {whole(arms[name].rollouts)} of "
        f"{whole(sum(arm.rollouts or 0 for arm in arms.values()))} rollouts; brackets hold 95% intervals.",
    )


def _training_headline(runs: Sequence[RunFolder]) -> tuple[str, str, str]:
    """What was trained first, and for how long."""
    run, last = runs[0], runs[0].last or {}
    unit = "update" if "update" in last else "round"
    count = number(last.get(unit))
    length = "" if count is None else f" for {whole(count)} {unit}{'' if count == 1 else 's'}"
    several = f"The first of {len(runs)} trainings. " if len(runs) > 1 else ""
    note = f"{several}No policy was measured on test goals: shoprl evaluate does that."
    return run.label, f"was trained{length}.", note


def _notes(runs: Sequence[RunFolder], groups: Sequence[Group]) -> Iterable[str]:
    if len(groups) > 1:
        yield (
            f"The runs are on {len(groups)} different sets of data (catalogue, goals or splits): each has tables of "
            "its own, nothing is averaged across them, and the headline is about the first."
        )
    for run in runs:
        if run.record.status != "done":
            what = "what it has of results is shown" if run.results != RunResults() else "it has no results yet"
            yield f"{bounded(run.name, 120)} did not finish (status {bounded(str(run.record.status), 40)}): {what}."


def _by_group(
    groups: Sequence[Group], several: bool, make: Callable[[Group], Iterable[Block | None]]
) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for group in groups:
        own = [block for block in make(group) if block is not None]
        if own:
            blocks += [Heading(group.title), *own] if several else own
    return tuple(blocks)


def agent_blocks(group: Group) -> Iterator[Block | None]:
    """What the agents reached, on all goals and on groups of goals, and each seed of it."""
    agents, rows = group.agents(), rows_of(group)
    seeds = any(len(each) > 1 for each in rows.values())
    yield agent_table(rows)
    if rows:
        yield Note(SEVERAL_SEEDS if seeds else ONE_SEED)
    yield goal_groups_table(rows)
    if seeds:
        each = {
            f"{bounded(name, 120)}, seed {bounded(str(run.seed), 40)}": [row]
            for name, runs in agents.items()
            for run, row in runs
        }
        tables = [table for table in (agent_table(each), goal_groups_table(each)) if table]
        yield Details("Each seed, with 95% intervals over goals", tuple(tables))


def difference_blocks(group: Group) -> Iterator[Block | None]:
    """The differences between agents on the same goals."""
    differences: dict[str, list[Difference]] = {}
    each_seed: dict[str, list[Difference]] = {}
    for batch in group.batches:
        for run in batch.runs:
            for name, row in run.differences.items():
                differences.setdefault(group.named(name, batch), []).append(row)
                each_seed[f"{bounded(group.named(name, batch), 120)}, seed {bounded(str(run.seed), 40)}"] = [row]
    table = comparison_table(differences)
    if table is not None:
        yield table
        yield Note(
            "Paired on the same goals; a positive number favours the one named first. Brackets: 95% intervals, of one "
            "seed over goals (bootstrap; Wilson's where all goals agree), of the mean of several over seeds "
            "(Student's t)."
        )
    if len(each_seed) > len(differences) and (seeds := comparison_table(dict(sorted(each_seed.items())))):
        yield Details("The differences in each seed, with 95% intervals over goals", (seeds,))


def figure_blocks(figures: Iterable[Figure]) -> tuple[Block, ...]:
    """Figures as the one block of their section."""
    figures = tuple(figures)
    return (Figures(figures),) if figures else ()


def _figures(runs: Sequence[RunFolder], groups: Sequence[Group]) -> Iterator[Figure]:
    for group in groups:
        caption = "Success and score on the test goals"
        yield from agents_figure(rows_of(group), f"{caption}; {group.title}" if len(groups) > 1 else caption)
    yield from curves_figure(groups)
    yield from run_figures(runs)


def thompson_blocks(runs: Sequence[RunFolder]) -> Iterator[Block]:
    """The arms of each run that shared its rollouts between agents."""
    shared = [(run, thompson) for run in runs if (thompson := run.results.thompson) is not None and thompson.arms]
    for run, thompson in shared:
        name = bounded(run.name, 120)
        if len(runs) > 1:
            yield Heading(name)
        yield arm_table(f"Thompson sampling, {name}", thompson.arms or {})
        each = [
            arm_table(f"Thompson sampling, {name}, run {i}", part.arms)
            for i, part in enumerate(thompson.runs or (), start=1)
            if part.arms
        ]
        if len(each) > 1:
            yield Details(f"Each of {len(each)} runs", tuple(each))
        yield Note(_how_played(run, thompson))
    if shared:
        yield Note(
            "Values are as observed. Brackets: 95% intervals, of all runs together over goals (bootstrap; Wilson's "
            "where all agree), of each run "
            "the credible intervals of its beliefs."
        )


def _how_played(run: RunFolder, thompson: ThompsonResults) -> str:
    parts = [
        f"{len(thompson.runs or ()) or 1} run(s) of {whole(thompson.rollouts)} rollouts" if thompson.rollouts else "",
        f"{thompson.allocation} allocation" if thompson.allocation else "",
        f"objective {thompson.objective}" if thompson.objective else "",
        f"goals of the {run.settings['split']} split" if isinstance(run.settings.get("split"), str) else "",
    ]
    return f"Played: {', '.join(filter(None, parts)) or 'not known'}."


def training_blocks(runs: Sequence[RunFolder], groups: Sequence[Group]) -> Iterator[Block]:
    """How each run of ``shoprl train`` ended, its learning curves and its settings."""
    trained = {run.name: run for run in runs if run.last}
    if not trained:
        return
    yield last_row_table({name: run.last or {} for name, run in trained.items()})
    yield Note(
        "The last row of each log: means over the updates since the row before. Success is a share in 0..1, score "
        "100 × mean reward, both of episodes sampled in training."
    )
    yield from figure_blocks(metric_figures(groups))
    yield Note("Learning curves: a colour a method, a line a seed, bold where it is a moving mean.")
    table = settings_table(
        {name: {"method": run.method, **mapping(run.settings.get("config"))} for name, run in trained.items()}
    )
    yield table if len(trained) == 1 else Details("Settings of each training", (table,))


def _episode_notes(compared: Compared, runs: Sequence[RunFolder]) -> Iterator[Note]:
    if compared.run is not None and len(runs) > 1:
        yield Note(f"Goals of the test on which rewards differ most, in {bounded(compared.run.name, 120)}.")
    yield from map(Note, compared.notes)


def cost_blocks(group: Group) -> Iterator[Block | None]:
    """What the agents and the runs took."""
    rows = rows_of(group)
    yield cost_table(rows)
    for batch in group.batches:
        walls = [run.results.wall_seconds or run.record.wall_seconds for run in batch.runs]
        label = f"Wall time, {batch.label}" if len(group.batches) > 1 else "Wall time"
        table = wall_table(label, [wall for wall in walls if wall])
        if table and len(group.batches) > 1:
            table = Table(table.label, (batch.label, *table.columns[1:]), table.rows)
        yield table
    if any(len(each) > 1 for each in rows.values()):
        yield Note("Means over seeds, and below them the smallest and the largest seed.")


def _environment(runs: Sequence[RunFolder]) -> Iterator[Block]:
    columns = ("Run", "Status", "Seed", "Commit", "Command")
    yield Table("Runs", columns, tuple((run.name, _run_cells(run)) for run in runs), text=True)
    about = value_table("Data, versions and machine", {run.name: _about(run) for run in runs})
    if about:
        yield about
    settings = value_table("All settings", {run.name: run.settings for run in runs})
    if settings:
        yield Details("All settings", (settings,))


def _run_cells(run: RunFolder) -> tuple[Cell, ...]:
    commit, command = run.record.commit or Commit(), run.record.command
    return (
        Cell(run.record.status or "not known"),
        Cell("not known" if run.seed is None else str(run.seed)),
        Cell(
            commit.sha[:12] if commit and commit.sha else "not known", "with changes" if commit and commit.dirty else ""
        ),
        Cell(command_text(command) if command is not None else Long("not known")),
    )


def _about(run: RunFolder) -> dict[str, object]:
    """What the run was made with."""
    about = {
        "data": run.record.data,
        "versions": run.record.versions or run.results.versions,
        "machine": run.record.machine or run.results.machine,
        "hashes": run.hashes,
    }
    return {key: value for key, value in about.items() if value}
