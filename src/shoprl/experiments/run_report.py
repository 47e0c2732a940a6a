"""The figures and the report of a reproduction."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoprl.evaluation.evaluate import Evaluation
from shoprl.experiments.engine import Experiment
from shoprl.experiments.outcome import Outcome
from shoprl.report import write_report
from shoprl.report.episodes import most_apart
from shoprl.report.panels import plot_panels
from shoprl.report.plots import plot_agents
from shoprl.report.plots_compare import plot_comparison
from shoprl.report.text import MAX_TITLE, bounded
from shoprl.rollouts.records import Episode
from shoprl.training.loop import read_log

SHOWN = ("agents", "comparison", "comparisons", "thompson", "best_policy")


def _figures(run: Experiment, outcome: Outcome) -> list[tuple[str, Path]]:
    folder = run.folder / "figures"
    curves = {
        f"Loss: {name}": {name: [[(r["update"], r["loss"]) for r in read_log(run.folder / "training" / name)]]}
        for name in outcome.trained
    }
    plot_agents({name: test.summary for name, test in outcome.tests.items()}, folder / "agents.png")
    plot_panels(curves, folder / "losses.png")
    found = [("Success and score on the test goals, with 95% intervals", folder / "agents.png")]
    if outcome.thompson is not None:
        drawn = plot_comparison(outcome.thompson.results, folder)
        found += [(f"Thompson sampling. {caption}", folder / name) for name, caption in drawn.items()]
    return [*found, ("Training losses, each training in a panel of its own", folder / "losses.png")]


def _example(run: Experiment, name: str, episode: Episode) -> dict[str, Any]:
    title = bounded(run.data.catalog[episode.asin].title, MAX_TITLE) if episode.asin else "nothing"
    return {
        "agent": name,
        "instruction": run.data.goals[episode.goal_index].instruction,
        "reward": episode.reward,
        "steps": [{"page": d.page, "action": d.action, "probability": d.probability} for d in episode.decisions],
        "bought": title,
    }


def _examples(run: Experiment, tests: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """Goals on which the agents differ most, each agent's episode on them."""
    chosen = most_apart([test.episodes for test in tests.values()])
    return [_example(run, name, test.episodes[i]) for i in chosen for name, test in tests.items()]


def write_run_report(run: Experiment, outcome: Outcome, results: Mapping[str, Any]) -> None:
    """Write ``figures/*.png`` and ``report.html`` into the run folder."""
    shown = {
        **{key: results[key] for key in SHOWN if key in results},
        "wall_seconds": run.wall,
        "generated": (run.folder / "data").is_dir(),  # a run that was given no data makes its own there
        "run": {key: results[key] for key in ("budget", "seed", "threads", "machine", "versions", "hashes")},
    }
    if outcome.thompson is not None:
        shown["thompson"] = {"arms": [{"arm": name, **row} for name, row in results["thompson"]["arms"].items()]}
    write_report(run.folder / "report.html", shown, _figures(run, outcome), _examples(run, outcome.tests))
