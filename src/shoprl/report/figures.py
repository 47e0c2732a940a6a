"""The figures of a report: those of the run folders, and those drawn of their results and logs."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from shoprl.errors import RunError
from shoprl.evaluation.statistics import Estimate, Summary
from shoprl.reading import read_bytes, read_json, read_json_lines
from shoprl.report.document import Figure
from shoprl.report.panels import Curve, plot_panels
from shoprl.report.plots import plot_agents
from shoprl.report.runs import Batch, Group, RunFolder, mapping
from shoprl.report.tables import SCORE, SUCCESS, Measure, Rows, metric_title, over_rows
from shoprl.report.text import bounded, number, percent, points

LogRow = Mapping[str, object]
Panels = dict[str, dict[str, list[Curve]]]  # title -> name -> a curve a seed

_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWN = ("agents.png", "losses.png")  # of a run folder: the report draws these itself, of all runs
_CAPTIONS = {"thompson.png": "Thompson sampling: running means and share of rollouts of each arm"}
_LOG = "log.jsonl"
_PANELS = 24  # more are left out, and the caption says how many
_RL = {"score": ("Score of sampled episodes", 1.0), "success": ("Success rate of sampled episodes (%)", 100.0)}


def png(path: Path) -> bytes:
    """The bytes of a PNG file.

    Raises:
        RunError: it cannot be read or is something else.
    """
    data = read_bytes(path, RunError)
    if not data.startswith(_PNG):
        raise RunError(f"{path}: not a PNG picture. Remove it from the run's figures, or draw it again.")
    return data


def _drawn(draw: Callable[[Path], None]) -> bytes:
    """What ``draw`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        draw(path)
        return path.read_bytes()


def run_figures(runs: Sequence[RunFolder]) -> Iterator[Figure]:
    """The pictures that the runs left, captioned with the run's name where there are several.

    Those of a study, which stand beside its runs ``seed-S``, come first.

    Raises:
        RunError: a picture or the captions cannot be read.
    """
    for study in dict.fromkeys(run.folder.parent for run in runs if run.folder.name.startswith("seed-")):
        yield from _pictures(study / "figures", "")
    for run in runs:
        yield from _pictures(run.folder / "figures", f"{bounded(run.name, 80)}: " if len(runs) > 1 else "")


def _pictures(folder: Path, of: str) -> Iterator[Figure]:
    captions = mapping(read_json(folder / "captions.json", RunError) if (folder / "captions.json").is_file() else {})
    for path in sorted(folder.glob("*.png")):
        if path.name not in _DRAWN:
            plain = path.stem.replace("_", " ").replace("-", " ")
            caption = str(captions.get(path.name) or _CAPTIONS.get(path.name) or plain)
            yield Figure(f"{of}{caption}", f"Figure: {of}{caption}", png(path))


def agents_figure(agents: Mapping[str, Rows], caption: str) -> Iterator[Figure]:
    """Success rate and score of the agents that have both."""
    drawn = {name: summary for name, rows in agents.items() if (summary := _summary(rows))}
    if not drawn:
        return
    each_seed = {name: [one for row in rows if (one := _summary([row]))] for name, rows in agents.items()}
    several = {name: summaries for name, summaries in each_seed.items() if len(summaries) > 1}
    values = [
        f"{bounded(name, 30)} {percent(each.success_rate.value)}, {points(each.score.value)}"
        for name, each in drawn.items()
    ]
    alt = f"Success rate and score of each agent: {'; '.join(values)}"
    yield Figure(caption, alt, _drawn(lambda path: plot_agents(drawn, path, several)))


def _summary(rows: Rows) -> Summary | None:
    """An agent's rows as numbers to draw; None where one is missing."""
    success, score = _estimate(rows, SUCCESS), _estimate(rows, SCORE)
    return Summary(rows[0].episodes or 0, success, score) if success and score else None


def _estimate(rows: Rows, measure: Measure) -> Estimate | None:
    """A measure with its interval; without one it is a point."""
    summary = over_rows(rows, measure)
    return Estimate(summary.mean, *(summary.interval or (summary.mean, summary.mean))) if summary else None


def curves_figure(groups: Sequence[Group]) -> Iterator[Figure]:
    """Learning curves: score and success where logs have them, and each training's loss in a panel of its own."""
    panels: Panels = {}
    several = sum(len(group.batches) for group in groups) > 1
    for batch, run in _runs(groups):
        if run.method is None:
            for name, rows in _logs(run):
                _add(panels, f"{name} ({batch.label})" if several else name, rows)
    kept = dict(list(panels.items())[:_PANELS])
    if not kept:
        return
    caption = "Learning curves: a line a seed, bold where it is a moving mean. Losses of different trainings are not"
    caption += " of one kind, so each has a panel of its own."
    if len(panels) > len(kept):
        caption += f" {len(panels) - len(kept)} more are left out."
    alt = f"Learning curves: {', '.join(bounded(title, 40) for title in kept)}"
    yield Figure(caption, alt, _drawn(lambda path: plot_panels(kept, path)))


def metric_figures(groups: Sequence[Group]) -> Iterator[Figure]:
    """Every quantity that runs of ``shoprl train`` logged; losses of different methods are not of one kind."""
    panels: Panels = {}
    trained = [(batch, run) for batch, run in _runs(groups) if run.method]
    apart = len({run.method for _, run in trained}) > 1
    for batch, run in trained:
        for _, rows in _logs(run):
            for key in dict.fromkeys(key for row in rows for key in row if key != "update"):
                title, factor = _RL.get(key, (metric_title(key), 1.0))
                title = f"{title}: {batch.label}" if apart and "loss" in key else title
                if curve := _curve(rows, key, factor):
                    panels.setdefault(title, {}).setdefault(batch.label, []).append(curve)
    for title, curves in panels.items():
        draw = partial(plot_panels, {title: curves})
        yield Figure(title, f"{title} against updates", _drawn(draw))


def _runs(groups: Sequence[Group]) -> Iterator[tuple[Batch, RunFolder]]:
    return ((batch, run) for group in groups for batch in group.batches for run in batch.runs)


def _add(panels: Panels, name: str, rows: Sequence[LogRow]) -> None:
    """What a training inside a larger run logged: score and success, else its loss."""
    quantities = [(*_RL[key], key) for key in _RL if _curve(rows, key)]
    for title, factor, key in quantities or [(f"Loss: {name}", 1.0, "loss")]:
        if curve := _curve(rows, key, factor):
            panels.setdefault(title, {}).setdefault(name, []).append(curve)


def _curve(rows: Iterable[LogRow], key: str, factor: float = 1.0) -> list[tuple[float, float]]:
    pairs = ((number(row.get("update")), number(row.get(key))) for row in rows)
    return [(update, factor * value) for update, value in pairs if update is not None and value is not None]


def _logs(run: RunFolder) -> Iterator[tuple[str, list[LogRow]]]:
    """Name and rows of each training's log; the rounds of self-learning one after the other."""
    folder = run.folder / "training"
    if (folder / _LOG).is_file():
        yield run.label, _rows(folder / _LOG)
    elif (folder / "round-1").is_dir():
        yield "self-learning", _rounds(folder)
    else:
        for training in sorted(path for path in folder.glob("*") if path.is_dir()):
            if (training / _LOG).is_file():
                yield training.name, _rows(training / _LOG)
            elif rounds := _rounds(training):
                yield training.name, rounds


def _rows(path: Path) -> list[LogRow]:
    return [row for _, row in read_json_lines(path, RunError)]


def _rounds(folder: Path) -> list[LogRow]:
    """The rows of ``round-1``, ``round-2``, ...; updates are counted on."""
    rows: list[LogRow] = []
    round_number, before = 1, 0.0
    while (path := folder / f"round-{round_number}" / _LOG).is_file():
        rows += [{**row, "update": before + (number(row.get("update")) or 0.0)} for row in _rows(path)]
        before = (number(rows[-1]["update"]) or 0.0) if rows else 0.0
        round_number += 1
    return rows
