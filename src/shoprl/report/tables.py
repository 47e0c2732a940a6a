"""The tables of a report: of one run with intervals over goals, of several seeds with their mean and spread."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shoprl.evaluation.statistics import over_seeds
from shoprl.report.document import Cell, Table
from shoprl.report.runs import Row
from shoprl.report.text import NOT_SCORED, bounded, duration, flat, number, pair, percent, points, whole

Form = Callable[[float | None], str]
Rows = Sequence[Row]  # an agent's row in each seed


def spread(rows: Rows, key: str) -> dict[str, Any] | None:
    """Mean, smallest and largest value over the seeds and how many those are; None where none was scored."""
    values = [value for row in rows if (value := number(row.get(key))) is not None]
    if not values:
        return None
    return {"mean": sum(values) / len(values), "low": min(values), "high": max(values), "seeds": len(values)}


def interval(ends: object, form: Form) -> str:
    """An interval in brackets; empty where there is none."""
    found = pair(ends)
    return f"[{form(found[0])}, {form(found[1])}]" if found else ""


def measured(rows: Rows, key: str, form: Form) -> Cell:
    """A value with its interval over goals, or the mean over seeds with the smallest and largest."""
    if len(rows) == 1:
        return Cell(form(number(rows[0].get(key))), interval(rows[0].get(f"{key}_interval"), form))
    found = spread(rows, key)
    if found is None:
        return Cell(NOT_SCORED)
    missing = "" if found["seeds"] == len(rows) else f", {found['seeds']} of {len(rows)} seeds"
    if found["low"] == found["high"]:
        return Cell(form(found["mean"]), missing.removeprefix(", "))
    return Cell(form(found["mean"]), f"{form(found['low'])} to {form(found['high'])}{missing}")


def _counted(key: str, form: Form = whole) -> Callable[[Rows], Cell]:
    return lambda rows: measured(rows, key, form)


def _part(rows: Rows, *path: str) -> list[Row]:
    """What stands under ``path`` in each row that has it."""
    found: list[Any] = list(rows)
    for key in path:
        found = [row[key] for row in found if isinstance(row.get(key), Mapping)]
    return found


def _subset(*path: str, key: str = "success_rate", form: Form = percent) -> Callable[[Rows], Cell]:
    """A value on some of the goals and how many those are."""

    def cell(rows: Rows) -> Cell:
        parts = _part(rows, *path)
        if not parts:
            return Cell(NOT_SCORED)
        value = measured(parts, key, form)
        counts = {number(part.get("n", part.get("episodes"))) for part in parts} - {None}
        size = f"n = {whole(counts.pop())}" if len(counts) == 1 else ""
        return Cell(value.text, ", ".join(note for note in (value.small, size) if note))

    return cell


def _commits(rows: Rows) -> Cell:
    """The commits that an agent was trained on."""
    shas = dict.fromkeys(str(part["sha"])[:10] for part in _part(rows, "commit") if part.get("sha"))
    return Cell(", ".join(shas) or NOT_SCORED)


# Title, key whose presence in any row brings the column, and what it shows.
_COLUMNS: tuple[tuple[str, str, Callable[[Rows], Cell]], ...] = (
    ("Success rate", "success_rate", _counted("success_rate", percent)),
    ("Score", "score", _counted("score", points)),
    ("Test episodes", "episodes", _counted("episodes")),
    ("Success, drawn actions", "sampled", _subset("sampled")),
    ("Success, unseen products", "unseen_products", _subset("unseen_products")),
    ("Success, disjoint products", "disjoint", _subset("disjoint")),
)
_COSTS: tuple[tuple[str, str, Callable[[Rows], Cell]], ...] = (
    ("Updates", "updates", _counted("updates")),
    ("Training", "seconds", _counted("seconds", duration)),
    ("Processor time", "processor_seconds", _counted("processor_seconds", duration)),
    ("Demonstrations", "demonstrations", _counted("demonstrations")),
    ("Trained on commit", "commit", _commits),
    ("Generated trajectories", "generated", _counted("generated")),
    ("Episodes played in training", "played", _counted("played")),
)


def _table(label: str, first: str, agents: Mapping[str, Rows], columns: Any, seeds: bool) -> Table | None:
    """The columns that any row has something for; None where that is none."""
    used = [
        (title, cell)
        for title, key, cell in columns
        if any(row.get(key) is not None for rows in agents.values() for row in rows)
    ]
    if not used:
        return None
    titles = (first, *(["Seeds"] if seeds else []), *(title for title, _ in used))
    body = tuple(
        (name, (*([Cell(str(len(rows)))] if seeds else []), *(cell(rows) for _, cell in used)))
        for name, rows in agents.items()
    )
    return Table(label, titles, body)


def agent_table(agents: Mapping[str, Rows]) -> Table | None:
    """Success, score and what they took; with a column of seeds where any agent has several."""
    seeds = any(len(rows) > 1 for rows in agents.values())
    return _table("Agents", "Agent", agents, _COLUMNS, seeds)


def goal_groups_table(agents: Mapping[str, Rows]) -> Table | None:
    """Success and score on each group of goals."""
    names = dict.fromkeys(str(n) for rows in agents.values() for part in _part(rows, "groups") for n in part)
    columns = [
        column
        for name in names
        for column in (
            (f"{bounded(name, 60)}: success", "groups", _subset("groups", name)),
            (f"{bounded(name, 60)}: score", "groups", _subset("groups", name, key="score", form=points)),
        )
    ]
    return _table("Groups of goals", "Agent", agents, columns, seeds=False)


def cost_table(agents: Mapping[str, Rows]) -> Table | None:
    """What each agent took."""
    return _table("What each agent took", "Agent", agents, _COSTS, seeds=False)


def wall_table(label: str, runs: Rows) -> Table | None:
    """Wall time of each step, of one run or the mean over several."""
    steps = dict.fromkeys(str(step) for run in runs for step in run)
    if not steps:
        return None
    rows = [
        (step, (measured([{step: run.get(step)} for run in runs if step in run], step, duration),)) for step in steps
    ]
    return Table(label, ("Step", "Time" if len(runs) == 1 else "Mean time"), tuple(rows))


_MEASURES = (
    ("success", "success_rate_difference", 100, " points"),
    ("score", "score_difference", 1, ""),
)


def comparison_table(comparisons: Mapping[str, Sequence[tuple[str, Row]]]) -> Table | None:
    """A row for each difference between agents, and where there are several seeds one for each of them.

    Args:
        comparisons: name -> (name of the seed, comparison) of each run; a comparison holds success_rate_difference in
            0..1 and score_difference, each {value, low, high}, and maybe mcnemar.
    """
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for name, seeds in comparisons.items():
        every = [row for _, row in seeds]
        rows.append((name, _compared(every)))
        if len(seeds) > 1:
            rows += [(f"{bounded(name, 120)}, {seed}", _compared([row])) for seed, row in seeds]
    if not rows:
        return None
    columns = ("Comparison", "Success rate, points", "Score", "Verdict", "McNemar's test")
    cut = None if any(cells[-1].text != NOT_SCORED for _, cells in rows) else -1
    return Table("Differences between agents", columns[:cut], tuple((name, cells[:cut]) for name, cells in rows))


def _compared(rows: Rows) -> tuple[Cell, ...]:
    differences, verdicts = [], []
    for what, key, factor, _ in _MEASURES:
        found = _part(rows, key)
        values = [factor * value for part in found if (value := number(part.get("value"))) is not None]
        ends = [(factor * e[0], factor * e[1]) for part in found if (e := pair([part.get("low"), part.get("high")]))]
        differences.append(_difference(values, ends))
        if ends:
            verdicts.append(f"{what.capitalize()}: {verdict(ends)}{_over_seeds(values)}")
    return (*differences, Cell(*(verdicts or [NOT_SCORED])), _mcnemar(rows))


def _difference(values: Sequence[float], ends: Sequence[tuple[float, float]]) -> Cell:
    if not values:
        return Cell(NOT_SCORED)
    mean = f"{sum(values) / len(values):+.1f}"
    if len(values) > 1:
        over = over_seeds(values)
        return Cell(mean, f"{min(values):+.1f} to {max(values):+.1f}; over seeds [{over.low:+.1f}, {over.high:+.1f}]")
    return Cell(mean, f"[{ends[0][0]:+.1f}, {ends[0][1]:+.1f}]" if ends else "")


def verdict(ends: Sequence[tuple[float, float]]) -> str:
    """What the intervals of one or more seeds say of a difference."""
    above, below = sum(low > 0 for low, _ in ends), sum(high < 0 for _, high in ends)
    if len(ends) == 1:
        return "the interval excludes zero." if above or below else "the interval holds zero: not told apart."
    ways = f" ({above} above, {below} below)" if above and below else ""
    return f"excludes zero in {above + below} of {len(ends)} seeds{ways}."


def _over_seeds(values: Sequence[float]) -> str:
    """What the spread of several seeds says of a difference."""
    if len(values) < 2:
        return ""
    over = over_seeds(values)
    return f" Over seeds: {'excludes' if over.low > 0 or over.high < 0 else 'holds'} zero."


def _mcnemar(rows: Rows) -> Cell:
    tests = _part(rows, "mcnemar")
    if not tests:
        return Cell(NOT_SCORED)
    if len(tests) > 1:
        return Cell("by seed, below")
    first, second, p = (number(tests[0].get(key)) for key in ("only_first", "only_second", "p_value"))
    chance = NOT_SCORED if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return Cell(chance, f"only the first right: {whole(first)}, only the second: {whole(second)}")


def arm_rows(thompson: Row) -> list[tuple[str, Row]]:
    """Name and row of each arm, of one run of Thompson sampling or of several put together."""
    arms = thompson.get("arms")
    if isinstance(arms, Mapping):
        return [(str(name), row) for name, row in arms.items() if isinstance(row, Mapping)]
    rows = [row for row in arms if isinstance(row, Mapping)] if isinstance(arms, list) else []
    return [(str(row.get("arm", NOT_SCORED)), row) for row in rows]


def arm_table(label: str, thompson: Row) -> Table | None:
    """What Thompson sampling saw of each arm."""
    columns = ("Arm", "Rollouts", "Success rate", "Score", "Chance to be best")
    rows = [
        (
            name,
            (
                measured([row], "rollouts", whole),
                measured([row], "success_rate", percent),
                measured([row], "score", points),
                measured([row], "probability_best", percent),
            ),
        )
        for name, row in arm_rows(thompson)
    ]
    return Table(label, columns, tuple(rows)) if rows else None


def value_table(label: str, runs: Mapping[str, Row]) -> Table | None:
    """Name and value of everything that is said of the runs; where runs differ, each run's value."""
    flats = {run: dict(flat(values)) for run, values in runs.items()}
    keys = dict.fromkeys(key for values in flats.values() for key in values)
    if not keys:
        return None
    return Table(label, ("What", "Value"), tuple(_value_rows(flats, keys)), text=True)


def _value_rows(flats: Mapping[str, Mapping[str, str]], keys: Mapping[str, None]) -> Iterator[tuple[str, tuple[Cell]]]:
    for key in keys:
        values = {run: found[key] for run, found in flats.items() if key in found}
        if len(set(values.values())) == 1:
            yield key, (Cell(next(iter(values.values()))),)
        else:
            for run, value in values.items():
                yield f"{bounded(key, 120)} ({bounded(run, 120)})", (Cell(value),)
