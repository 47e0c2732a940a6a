"""The figures and the report of a reproduction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.evaluation.chain import Outcome, Run
from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.plots import plot_agents, plot_learning_curves
from shoprl.evaluation.plots_compare import plot_comparison
from shoprl.evaluation.report import write_report
from shoprl.rollouts.records import Episode
from shoprl.training.loop import read_log

EXAMPLES = 3


def _figures(run: Run, outcome: Outcome) -> list[tuple[str, Path]]:
    folder = run.folder / "figures"
    curves = {
        name: [(r["update"], r["loss"]) for r in read_log(run.folder / "training" / name)] for name in outcome.trained
    }
    plot_agents({name: test.summary for name, test in outcome.tests.items()}, folder / "agents.png")
    plot_learning_curves(curves, folder / "losses.png", "loss")
    found = [("Success and score on the test goals, with 95% intervals", folder / "agents.png")]
    if outcome.thompson is not None:
        drawn = plot_comparison(outcome.thompson.results, folder)
        found += [(f"Thompson sampling. {caption}", folder / name) for name, caption in drawn.items()]
    return [*found, ("Training losses (DPO's is of another kind than imitation's)", folder / "losses.png")]


def _example(run: Run, name: str, episode: Episode) -> dict[str, Any]:
    title = run.data.catalog[episode.asin].title if episode.asin else "nothing"
    return {
        "agent": name,
        "instruction": run.data.goals[episode.goal_index].instruction,
        "reward": episode.reward,
        "steps": [{"page": d.page, "action": d.action, "probability": d.probability} for d in episode.decisions],
        "bought": title,
    }


def _examples(run: Run, tests: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """Goals on which the agents differ most, each agent's episode on them."""
    by_goal = zip(*(test.episodes for test in tests.values()), strict=True)
    spread = [(max(e.reward for e in same) - min(e.reward for e in same), i) for i, same in enumerate(by_goal)]
    chosen: Sequence[int] = [i for _, i in sorted(spread, key=lambda pair: (-pair[0], pair[1]))[:EXAMPLES]]
    return [_example(run, name, test.episodes[i]) for i in chosen for name, test in tests.items()]


def write_run_report(run: Run, outcome: Outcome, results: Mapping[str, Any]) -> None:
    """Write ``figures/*.png`` and ``report.html`` into the run folder."""
    shown = {
        **{key: results[key] for key in ("agents", "comparison", "thompson", "best_policy") if key in results},
        "wall_seconds": run.wall,
        "run": {key: results[key] for key in ("budget", "seed", "threads", "machine", "versions", "hashes")},
    }
    if outcome.thompson is not None:
        shown["thompson"] = {"arms": [{"arm": name, **row} for name, row in results["thompson"]["arms"].items()]}
    write_report(run.folder / "report.html", shown, _figures(run, outcome), _examples(run, outcome.tests))
