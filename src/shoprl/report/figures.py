"""The figures of a report: those of the run folders, and those drawn of their results and logs."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from shoprl.errors import RunError
from shoprl.evaluation.statistics import Estimate, Summary
from shoprl.files import read_bytes, read_json, read_json_lines
from shoprl.report.document import Figure
from shoprl.report.panels import Curve, plot_panels
from shoprl.report.plots import plot_agents
from shoprl.report.runs import Group, Row, RunFolder
from shoprl.report.tables import Rows, spread
from shoprl.report.text import bounded, number, pair, percent, points

_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWN = ("agents.png", "losses.png")  # of a run folder: the report draws these itself, of all runs
_CAPTIONS = {"thompson.png": "Thompson sampling: running means and share of rollouts of each arm"}
_LOG = "log.jsonl"
_PANELS = 24  # more are left out, and the caption says how many
_RL = (("score", "Score of sampled episodes", 1.0), ("success", "Success rate of sampled episodes (%)", 100.0))


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
    captions = read_json(folder / "captions.json", RunError) if (folder / "captions.json").is_file() else {}
    for path in sorted(folder.glob("*.png")):
        if path.name in _DRAWN:
            continue
        written = captions.get(path.name) if isinstance(captions, Mapping) else None
        caption = str(written or _CAPTIONS.get(path.name) or path.stem.replace("_", " ").replace("-", " "))
        yield Figure(f"{of}{caption}", f"Figure: {of}{caption}", png(path))


def agents_figure(agents: Mapping[str, Rows], caption: str) -> Iterator[Figure]:
    """Success rate and score of the agents that have both."""
    seeds = {name: [s for row in rows if (s := _summary(row))] for name, rows in agents.items()}
    drawn = {name: _over_seeds(found) for name, found in seeds.items() if found}
    if not drawn:
        return
    several = {name: found for name, found in seeds.items() if len(found) > 1}
    said = [
        f"{bounded(name, 30)} {percent(each.success_rate.value)}, {points(each.score.value)}"
        for name, each in drawn.items()
    ]
    alt = f"Success rate and score of each agent: {'; '.join(said)}"
    yield Figure(caption, alt, _drawn(lambda path: plot_agents(drawn, path, several)))


def _summary(row: Row) -> Summary | None:
    """An agent's row as numbers to draw; an interval that is missing is a point."""
    success, score = number(row.get("success_rate")), number(row.get("score"))
    if success is None or score is None:
        return None
    ends = [pair(row.get(key)) or (v, v) for key, v in (("success_rate_interval", success), ("score_interval", score))]
    episodes = int(number(row.get("episodes")) or 0)
    return Summary(episodes, Estimate(success, *ends[0]), Estimate(score, *ends[1]))


def _over_seeds(found: Sequence[Summary]) -> Summary:
    """One seed as it is, several as their mean and range."""
    if len(found) == 1:
        return found[0]
    rows = [{"success": each.success_rate.value, "score": each.score.value} for each in found]
    ends = [spread(rows, key) or {} for key in ("success", "score")]
    return Summary(found[0].episodes, *(Estimate(each["mean"], each["low"], each["high"]) for each in ends))


def curves_figure(groups: Sequence[Group]) -> Iterator[Figure]:
    """Learning curves: score and success where logs have them, and each training's loss in a panel of its own."""
    panels: dict[str, dict[str, list[Curve]]] = {}
    several = sum(len(group.batches) for group in groups) > 1
    for group in groups:
        for batch in group.batches:
            for run in batch.runs:
                for name, rows in _logs(run.folder / "training"):
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


def _add(panels: dict[str, dict[str, list[Curve]]], name: str, rows: Sequence[Row]) -> None:
    quantities = [(title, key, factor) for key, title, factor in _RL if _curve(rows, key, factor)]
    for title, key, factor in quantities or [(f"Loss: {name}", "loss", 1.0)]:
        curve = _curve(rows, key, factor)
        if curve:
            panels.setdefault(title, {}).setdefault(name, []).append(curve)


def _curve(rows: Iterable[Row], key: str, factor: float) -> list[tuple[float, float]]:
    pairs = ((number(row.get("update")), number(row.get(key))) for row in rows)
    return [(update, factor * value) for update, value in pairs if update is not None and value is not None]


def _logs(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    """Name and rows of each training's log; the rounds of self-learning one after the other."""
    if (folder / "round-1").is_dir():
        yield "self-learning", _rounds(folder)
        return
    for training in sorted(path for path in folder.glob("*") if path.is_dir()):
        if (training / _LOG).is_file():
            yield training.name, _rows(training / _LOG)
        elif rounds := _rounds(training):
            yield training.name, rounds


def _rows(path: Path) -> list[Row]:
    return [row for _, row in read_json_lines(path, RunError)]


def _rounds(folder: Path) -> list[Row]:
    """The rows of ``round-1``, ``round-2``, ...; updates are counted on."""
    rows: list[Row] = []
    number_of_round, before = 1, 0.0
    while (path := folder / f"round-{number_of_round}" / _LOG).is_file():
        found = _rows(path)
        rows += [{**row, "update": before + (number(row.get("update")) or 0.0)} for row in found]
        before = rows[-1]["update"] if rows else 0.0
        number_of_round += 1
    return rows
