"""A recipe in a run folder, from a catalogue to results and a report."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import torch

from shoprl.evaluation.results import RESULTS, RunResults, read_results, write_results
from shoprl.experiments.engine import Experiment, ExperimentOutcome
from shoprl.experiments.quick import PLANS, quick_experiment, reproduce
from shoprl.experiments.standard import SIZES, make_agent, standard_experiment
from shoprl.machine import machine, versions
from shoprl.report import write_report
from shoprl.report.episodes import ShopTexts, goals_apart
from shoprl.report.panels import plot_panels
from shoprl.report.plots import plot_agents
from shoprl.report.plots_compare import plot_comparison
from shoprl.runlog import carry_out
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import write_generated
from shoprl.training.loop import read_log

Budget = Literal["standard", "quick", "tiny"]


def run_recipe(
    out: Path, given: ShopData | None, data: Path | None, budget: Budget, seed: int, resume: bool = False
) -> tuple[RunResults, ShopData]:
    """Carry out a recipe, continue one that was cut off, or read the results of one that is finished.

    Args:
        out: the run folder.
        given: the shop; None generates one in ``out``.
        data: the folder that it was read from.
        budget: which recipe, and how much of everything.
        seed: of every draw.
        resume: continue a run that was cut off.

    Returns:
        The content of ``results.json``, and the shop.

    Raises:
        RunError: the folder is in use, or holds a run with other settings.
        StorageError: a file cannot be written.
    """
    plan, threads = SIZES.plan() if budget == "standard" else PLANS[budget], torch.get_num_threads()
    hashes = given.hashes() if given else "generated"
    settings = {"budget": budget, "plan": asdict(plan), "seed": seed, "threads": threads, "hashes": hashes}
    if budget == "standard":
        settings["sizes"] = asdict(SIZES)

    def work(record: dict[str, object]) -> tuple[RunResults, ShopData]:
        if given is None and not (out / "data").is_dir():
            write_generated(out / "data", plan.products, seed)
        shop = given or read_data(out / "data")
        if budget == "standard":
            experiment = standard_experiment(out, shop, seed)
            outcome = make_agent(experiment, shop)
        else:
            experiment = quick_experiment(out, shop, seed, plan)
            outcome = reproduce(experiment)
        results = _finished(experiment, outcome, budget)
        record |= {"best_policy": results.best_policy, "wall_seconds": results.wall_seconds}
        return results, shop

    def again() -> tuple[RunResults, ShopData]:
        return read_results(out / RESULTS), given or read_data(out / "data")

    return carry_out(out, settings, data or out / "data", resume, made=RESULTS, work=work, again=again)


def _finished(experiment: Experiment, outcome: ExperimentOutcome, budget: Budget) -> RunResults:
    """Write the report and ``results.json``."""
    results = replace(
        outcome.results,
        budget=budget,
        seed=experiment.seed,
        threads=torch.get_num_threads(),
        machine=machine(),
        versions=versions(),
    )
    with experiment.timed("report"):
        write_run_report(experiment, outcome, results)
    results = replace(results, wall_seconds=experiment.seconds())
    write_results(experiment.folder / RESULTS, results)
    return results


def write_run_report(run: Experiment, outcome: ExperimentOutcome, results: RunResults) -> None:
    """Write ``figures/*.png`` and ``report.html`` into the run folder."""
    episodes = {name: test.episodes for name, test in outcome.tests.items()}
    goals = goals_apart(episodes, ShopTexts(run.data.goals, run.data.catalog))
    written = results.to_json()
    about = {key: written[key] for key in ("budget", "seed", "threads", "machine", "versions", "hashes")}
    figures = _figures(run, outcome)
    write_report(run.folder / "report.html", replace(results, wall_seconds=run.wall), figures, goals, about)


def _figures(run: Experiment, outcome: ExperimentOutcome) -> Sequence[tuple[str, Path]]:
    """Draw the figures: caption and file of each."""
    folder = run.folder / "figures"
    curves = {
        f"Loss: {name}": {name: [[(row["update"], row["loss"]) for row in read_log(run.folder / "training" / name)]]}
        for name in run.plan.recipes
    }
    plot_agents({name: test.summary for name, test in outcome.tests.items()}, folder / "agents.png")
    plot_panels(curves, folder / "losses.png")
    figures = [("Success and score on the test goals, with 95% intervals", folder / "agents.png")]
    if outcome.thompson is not None:
        drawn = plot_comparison(outcome.thompson.results, folder)
        figures += [(f"Thompson sampling. {caption}", folder / name) for name, caption in drawn.items()]
    return [*figures, ("Training losses, each training in a panel of its own", folder / "losses.png")]
