"""The tables of a report: of one run with intervals over goals, of several seeds with their mean and interval."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shoprl.evaluation.results import ArmRow, Arms, Commit, Difference, Measurement, PolicyRow
from shoprl.evaluation.statistics import Estimate, McNemar, over_seeds
from shoprl.report.document import Cell, Table
from shoprl.report.seeds import Interval, OverSeeds, in_brackets, summarize_seeds
from shoprl.report.text import NOT_SCORED, bounded, duration, flat, number, percent, points, whole

Form = Callable[[float | None], str]
Rows = Sequence[PolicyRow]  # an agent's row in each seed


class Scored(Protocol):
    """What has a success rate and a score: a policy's row, a part of it, or an arm."""

    @property
    def success_rate(self) -> float | None:
        """In 0..1."""

    @property
    def success_rate_interval(self) -> Interval | None:
        """Its 95% interval."""

    @property
    def score(self) -> float | None:
        """In 0..100."""

    @property
    def score_interval(self) -> Interval | None:
        """Its 95% interval."""


@dataclass(frozen=True)
class Measure:
    """A quantity with an interval.

    Attributes:
        value, interval: of a row.
        form: how it is written.
        within: what it can be.
    """

    value: Callable[[Scored], float | None]
    interval: Callable[[Scored], Interval | None]
    form: Form
    within: Interval


SUCCESS = Measure(lambda row: row.success_rate, lambda row: row.success_rate_interval, percent, (0.0, 1.0))
SCORE = Measure(lambda row: row.score, lambda row: row.score_interval, points, (0.0, 100.0))


def over_rows(rows: Sequence[Scored], measure: Measure) -> OverSeeds | None:
    """A measure over the seeds that were scored; None where none was."""
    scored = [(value, row) for row in rows if (value := measure.value(row)) is not None]
    over_goals = measure.interval(scored[0][1]) if len(rows) == 1 and scored else None
    return summarize_seeds([value for value, _ in scored], measure.within, over_goals)


def measured(rows: Sequence[Scored], measure: Measure) -> Cell:
    """A value with its interval over goals, or the mean over seeds with its interval over seeds."""
    summary = over_rows(rows, measure)
    if summary is None:
        return Cell(NOT_SCORED, in_brackets(measure.interval(rows[0]), measure.form) if len(rows) == 1 else "")
    missing = "" if summary.seeds == len(rows) else f"{summary.seeds} of {len(rows)} seeds"
    notes = (in_brackets(summary.interval, measure.form), missing)
    return Cell(measure.form(summary.mean), ", ".join(filter(None, notes)))


def counted(values: Sequence[float], form: Form = whole) -> Cell | None:
    """What something took: the mean over seeds, with the smallest and the largest; None where nothing is known."""
    summary = summarize_seeds(values)
    if summary is None:
        return None
    return Cell(
        form(summary.mean), f"{form(summary.low)} to {form(summary.high)}" if summary.low < summary.high else ""
    )


def _part(rows: Rows, part: Callable[[PolicyRow], Measurement | None], measure: Measure = SUCCESS) -> Cell | None:
    """A measure on some of the goals and how many those are; None where no row has that part."""
    parts = [measurement for row in rows if (measurement := part(row)) is not None]
    if not parts:
        return None
    value = measured(parts, measure)
    counts = {each.n if each.n is not None else each.episodes for each in parts} - {None}
    size = f"n = {whole(counts.pop())}" if len(counts) == 1 else ""
    return Cell(value.text, ", ".join(filter(None, (value.small, size))))


def _values(rows: Rows, value: Callable[[PolicyRow], object]) -> list[float]:
    """The numbers among the rows' values."""
    return [each for row in rows if (each := number(value(row))) is not None]


def _commits(rows: Rows) -> Cell | None:
    """The commits that an agent was trained on."""
    commits = [row.commit for row in rows if isinstance(row.commit, Commit)]
    return (
        Cell(", ".join(dict.fromkeys(each.sha[:10] for each in commits if each.sha)) or NOT_SCORED) if commits else None
    )


# Title and what the column shows of an agent's rows; None where they do not have it.
_Columns = Sequence[tuple[str, Callable[[Rows], Cell | None]]]
_RESULTS: _Columns = (
    ("Success rate", lambda rows: measured(rows, SUCCESS) if _values(rows, SUCCESS.value) else None),
    ("Score", lambda rows: measured(rows, SCORE) if _values(rows, SCORE.value) else None),
    ("Test episodes", lambda rows: counted(_values(rows, lambda row: row.episodes))),
    ("Success, drawn actions", lambda rows: _part(rows, lambda row: row.sampled)),
    ("Success, unseen products", lambda rows: _part(rows, lambda row: row.unseen_products)),
    ("Success, disjoint products", lambda rows: _part(rows, lambda row: row.disjoint)),
)
_COSTS: _Columns = (
    ("Updates", lambda rows: counted(_values(rows, lambda row: row.updates))),
    ("Training", lambda rows: counted(_values(rows, lambda row: row.seconds), duration)),
    ("Processor time", lambda rows: counted(_values(rows, lambda row: row.processor_seconds), duration)),
    ("Demonstrations", lambda rows: counted(_values(rows, lambda row: row.demonstrations))),
    ("Trained on commit", _commits),
    ("Generated trajectories", lambda rows: counted(_values(rows, lambda row: row.generated))),
    ("Episodes played in training", lambda rows: counted(_values(rows, lambda row: row.played))),
)


def _table(label: str, agents: Mapping[str, Rows], columns: _Columns, seeds: bool = False) -> Table | None:
    """The columns that any agent has something for; None where that is none."""
    every = [(title, [cell(rows) for rows in agents.values()]) for title, cell in columns]
    used = [(title, cells) for title, cells in every if any(cell is not None for cell in cells)]
    if not used:
        return None
    if seeds:
        used.insert(0, ("Seeds", [Cell(str(len(rows))) for rows in agents.values()]))
    body = ((name, tuple(cells[i] or Cell(NOT_SCORED) for _, cells in used)) for i, name in enumerate(agents))
    return Table(label, ("Agent", *(title for title, _ in used)), tuple(body))


def agent_table(agents: Mapping[str, Rows]) -> Table | None:
    """Success, score and what they took; with a column of seeds where any agent has several."""
    return _table("Agents", agents, _RESULTS, seeds=any(len(rows) > 1 for rows in agents.values()))


def goal_groups_table(agents: Mapping[str, Rows]) -> Table | None:
    """Success and score on each group of goals."""
    names = dict.fromkeys(name for rows in agents.values() for row in rows for name in row.groups or ())
    columns = [column for name in names for column in _group_columns(name)]
    return _table("Groups of goals", agents, columns)


def _group_columns(name: str) -> _Columns:
    def part(row: PolicyRow) -> Measurement | None:
        return (row.groups or {}).get(name)

    title = bounded(name, 60)
    return (
        (f"{title}: success", lambda rows: _part(rows, part)),
        (f"{title}: score", lambda rows: _part(rows, part, SCORE)),
    )


def cost_table(agents: Mapping[str, Rows]) -> Table | None:
    """What each agent took."""
    return _table("What each agent took", agents, _COSTS)


def wall_table(label: str, runs: Sequence[Mapping[str, float]]) -> Table | None:
    """Wall time of each step, of one run or the mean over several."""
    steps = dict.fromkeys(step for run in runs for step in run)
    if not steps:
        return None
    rows = [(step, (counted([run[step] for run in runs if step in run], duration) or Cell(""),)) for step in steps]
    return Table(label, ("Step", "Time" if len(runs) == 1 else "Mean time"), tuple(rows))


def comparison_table(differences: Mapping[str, Sequence[Difference]]) -> Table | None:
    """A row for each difference between agents.

    Args:
        differences: name -> the difference in each seed.
    """
    if not differences:
        return None
    rows = [(name, _compared(seeds)) for name, seeds in differences.items()]
    columns = ("Comparison", "Success rate, points", "Score", "Verdict", "McNemar's test")
    cut = None if any(cells[-1].text != NOT_SCORED for _, cells in rows) else -1
    return Table("Differences between agents", columns[:cut], tuple((name, cells[:cut]) for name, cells in rows))


def _compared(rows: Sequence[Difference]) -> tuple[Cell, ...]:
    success = [each for row in rows if (each := row.success_rate_difference)]
    measures = (
        ("Success", [Estimate(100 * each.value, 100 * each.low, 100 * each.high) for each in success]),
        ("Score", [each for row in rows if (each := row.score_difference)]),
    )
    verdicts = [
        f"{what}: {verdict([(each.low, each.high) for each in estimates])}{_over_seeds(estimates)}"
        for what, estimates in measures
        if estimates
    ]
    cells = (_difference(estimates) for _, estimates in measures)
    return (*cells, Cell(*(verdicts or [NOT_SCORED])), _mcnemar(rows))


def _difference(estimates: Sequence[Estimate]) -> Cell:
    """A difference with its interval, of several seeds the mean and its interval over seeds."""
    if not estimates:
        return Cell(NOT_SCORED)
    estimate = estimates[0] if len(estimates) == 1 else over_seeds([each.value for each in estimates])
    return Cell(f"{estimate.value:+.1f}", f"[{estimate.low:+.1f}, {estimate.high:+.1f}]")


def verdict(ends: Sequence[Interval]) -> str:
    """What the intervals of one or more seeds say of a difference."""
    above, below = sum(low > 0 for low, _ in ends), sum(high < 0 for _, high in ends)
    if len(ends) == 1:
        return "the interval excludes zero." if above or below else "the interval holds zero: no difference shown."
    ways = f" ({above} above, {below} below)" if above and below else ""
    return f"excludes zero in {above + below} of {len(ends)} seeds{ways}."


def _over_seeds(estimates: Sequence[Estimate]) -> str:
    """What the interval over several seeds says of a difference."""
    if len(estimates) < 2:
        return ""
    over = over_seeds([each.value for each in estimates])
    return f" Over seeds: {'excludes' if over.low > 0 or over.high < 0 else 'holds'} zero."


def _mcnemar(rows: Sequence[Difference]) -> Cell:
    """The test of one seed; several seeds have one each."""
    test = rows[0].mcnemar
    if len(rows) > 1 or not isinstance(test, McNemar):
        return Cell(NOT_SCORED)
    chance = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.3f}"
    return Cell(chance, f"only the first right: {whole(test.only_first)}, only the second: {whole(test.only_second)}")


def arm_table(label: str, arms: Arms) -> Table:
    """What Thompson sampling saw of each arm."""
    columns = ("Arm", "Rollouts", "Success rate", "Score", "Probability best")
    return Table(label, columns, tuple((name, _arm_cells(arm)) for name, arm in arms.items()))


def _arm_cells(arm: ArmRow) -> tuple[Cell, ...]:
    return (
        Cell(whole(arm.rollouts)),
        measured([arm], SUCCESS),
        measured([arm], SCORE),
        Cell(percent(arm.probability_best)),
    )


def last_row_table(runs: Mapping[str, Mapping[str, object]]) -> Table:
    """The last row of each training's log."""
    keys = dict.fromkeys(key for row in runs.values() for key in row)
    rows = ((name, tuple(Cell(_logged(row.get(key))) for key in keys)) for name, row in runs.items())
    return Table("Last row of the log", ("Training", *map(metric_title, keys)), tuple(rows))


def metric_title(name: str) -> str:
    """How a logged quantity is called."""
    return "KL divergence" if name == "kl" else name.replace("_", " ").capitalize()


def _logged(value: object) -> str:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and number(value) is None):
        return NOT_SCORED
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def settings_table(runs: Mapping[str, Mapping[str, object]]) -> Table:
    """A row for each setting and a column for each run."""
    flats = [dict(flat(values)) for values in runs.values()]
    keys = dict.fromkeys(key for values in flats for key in values)
    rows = ((key, tuple(Cell(values.get(key, NOT_SCORED)) for values in flats)) for key in keys)
    return Table("Settings", ("Setting", *runs), tuple(rows), text=True)


def value_table(label: str, runs: Mapping[str, Mapping[str, object]]) -> Table | None:
    """Name and value of everything that is known of the runs; where runs differ, each run's value."""
    flats = {run: dict(flat(values)) for run, values in runs.items()}
    keys = dict.fromkeys(key for values in flats.values() for key in values)
    if not keys:
        return None
    return Table(label, ("What", "Value"), tuple(_value_rows(flats, keys)), text=True)


def _value_rows(flats: Mapping[str, Mapping[str, str]], keys: Mapping[str, None]) -> Iterator[tuple[str, tuple[Cell]]]:
    for key in keys:
        values = {run: flat_values[key] for run, flat_values in flats.items() if key in flat_values}
        if len(set(values.values())) == 1:
            yield key, (Cell(next(iter(values.values()))),)
        else:
            for run, value in values.items():
                yield f"{bounded(key, 120)} ({bounded(run, 120)})", (Cell(value),)
