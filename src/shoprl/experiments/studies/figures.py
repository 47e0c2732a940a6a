"""What all seeds of a study show together, drawn."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from shoprl.errors import RunError
from shoprl.evaluation.results import Measurement, PolicyRow, RunResults
from shoprl.evaluation.thompson.compare import play
from shoprl.evaluation.thompson.sampling import ThompsonResult
from shoprl.experiments.plan import Plan
from shoprl.experiments.studies.plans import Study
from shoprl.experiments.studies.study import THOMPSON, thompson_config, thompson_goals
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.report.plots import PALETTE, drawing, save
from shoprl.report.plots_compare import CAPTIONS, plot_comparison
from shoprl.shop.data import ShopData

Points = Mapping[str, Mapping[float, Sequence[float]]]


def draw_study(folder: Path, study: Study, plan: Plan, data: ShopData, runs: Sequence[RunResults]) -> None:
    """Draw a study's seeds into ``figures``, with ``captions.json``.

    Args:
        folder: the study's, which holds ``seed-S``.
        study: what was compared.
        plan: of its policies.
        data: the shop.
        runs: the results of its seeds.
    """
    figures, captions = folder / "figures", dict[str, str]()
    if study.against is not None:
        panels = {
            "Success rate, greedy (%)": points_of(study, runs, lambda row: row),
            "Success rate, drawn actions (%)": points_of(study, runs, lambda row: row.sampled),
        }
        plot_against(study.against[0], panels, figures / "against.png")
        captions["against.png"] = f"Success on the test goals against {study.against[0]}. A point a seed; lines: means."
    played: list[ThompsonResult] = []
    for run in runs:
        arms = [arm for arm in study.arms if arm in (run.agents or {})]
        if arms and run.seed is not None:
            config, goals = thompson_config(plan, run.seed), thompson_goals(plan, data)
            played += play(arms, goals, config, folder / f"seed-{run.seed}" / THOMPSON, _refuse).results
    same = [result for result in played if list(result.arms) == list(played[0].arms)]
    if same:
        plot_comparison(same, figures)
        captions = read_json(figures / CAPTIONS, RunError) | captions
    if captions:
        write_json(figures / CAPTIONS, captions)


def _refuse(task: object) -> NoReturn:
    """All rollouts are there already: only their results are read."""
    raise RunError("A run of Thompson sampling is incomplete. Run the study again.")


def points_of(study: Study, runs: Sequence[RunResults], part: Callable[[PolicyRow], Measurement | None]) -> Points:
    """Series -> number -> the success rate, in percent, of its agent in each run that scored it."""
    assert study.against is not None

    def rates(agent: str) -> list[float]:
        rows = [row for run in runs if (row := (run.agents or {}).get(agent))]
        scored = [measured.success_rate for row in rows if (measured := part(row))]
        return [100 * rate for rate in scored if rate is not None]

    return {
        series: {number: rates(agent) for number, agent in numbered.items()}
        for series, numbered in study.against[1].items()
    }


def plot_against(what: str, panels: Mapping[str, Points], path: Path) -> None:
    """A panel for each measure against a number: the mean of the seeds as a line, each seed a point.

    Raises:
        ConfigError: Matplotlib is not installed.
        StorageError: ``path`` cannot be written.
    """
    with drawing(8.0, 3.6) as figure:
        for axes, (title, series) in zip(
            figure.subplots(1, len(panels), squeeze=False).flat, panels.items(), strict=True
        ):
            for (name, points), color in zip(series.items(), PALETTE, strict=False):
                scored = {number: values for number, values in points.items() if values}
                means = [sum(values) / len(values) for values in scored.values()]
                axes.plot(list(scored), means, color=color, label=name)
                for number, values in scored.items():
                    axes.plot([number] * len(values), values, "o", color=color, markersize=4, alpha=0.6)
            axes.set(title=title, xlabel=what)
            axes.legend(fontsize=9)
        save(figure, path)
