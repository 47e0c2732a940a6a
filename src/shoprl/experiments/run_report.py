"""The figures and the report of a reproduction."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from shoprl.evaluation.results import RESULTS, RunResults
from shoprl.experiments.engine import Experiment
from shoprl.experiments.outcome import Outcome
from shoprl.report import write_report
from shoprl.report.episodes import ShopTexts, goals_apart
from shoprl.report.panels import plot_panels
from shoprl.report.plots import plot_agents
from shoprl.report.plots_compare import plot_comparison
from shoprl.training.loop import read_log


def _figures(run: Experiment, outcome: Outcome) -> list[tuple[str, Path]]:
    folder = run.folder / "figures"
    curves = {
        f"Loss: {name}": {name: [[(r["update"], r["loss"]) for r in read_log(run.folder / "training" / name)]]}
        for name in outcome.trained
    }
    plot_agents({name: test.summary for name, test in outcome.tests.items()}, folder / "agents.png")
    plot_panels(curves, folder / "losses.png")
    figures = [("Success and score on the test goals, with 95% intervals", folder / "agents.png")]
    if outcome.thompson is not None:
        drawn = plot_comparison(outcome.thompson.results, folder)
        figures += [(f"Thompson sampling. {caption}", folder / name) for name, caption in drawn.items()]
    return [*figures, ("Training losses, each training in a panel of its own", folder / "losses.png")]


def write_run_report(run: Experiment, outcome: Outcome, results: Mapping[str, object]) -> None:
    """Write ``figures/*.png`` and ``report.html`` into the run folder."""
    read = replace(RunResults.from_json(results, run.folder / RESULTS), wall_seconds=run.wall)
    goals = goals_apart(
        {name: test.episodes for name, test in outcome.tests.items()}, ShopTexts(run.data.goals, run.data.catalog)
    )
    about = {key: results[key] for key in ("budget", "seed", "threads", "machine", "versions", "hashes")}
    write_report(run.folder / "report.html", read, _figures(run, outcome), goals, about)
