"""A recipe in a run folder, from a catalogue to results and a report."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch

from shoprl.experiments.engine import Experiment
from shoprl.experiments.outcome import Outcome
from shoprl.experiments.quick import PLANS, quick_experiment, reproduce
from shoprl.experiments.run_report import write_run_report
from shoprl.experiments.standard import SIZES, make_agent, standard_experiment
from shoprl.files import write_json
from shoprl.machine import machine, versions
from shoprl.runlog import running
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import write_generated

Budget = Literal["standard", "quick", "tiny"]


def run_recipe(
    out: Path, given: ShopData | None, data: Path | None, budget: Budget, seed: int, resume: bool = False
) -> tuple[dict[str, Any], ShopData]:
    """Carry out a recipe, or go on with one that was cut off.

    Args:
        out: the run folder.
        given: the shop; None generates one in ``out``.
        data: the folder that it was read from.
        budget: which recipe, and how much of everything.
        seed: of every draw.
        resume: go on with a run that was cut off.

    Returns:
        The content of ``results.json``, and the shop.

    Raises:
        RunError: the folder is in use, or holds a run with other settings.
        StorageError: a file cannot be written.
    """
    plan = SIZES.plan() if budget == "standard" else PLANS[budget]
    settings: dict[str, Any] = {
        "budget": budget,
        "plan": asdict(plan),
        "seed": seed,
        "threads": torch.get_num_threads(),
        "hashes": given.hashes() if given else "generated",
    }
    if budget == "standard":
        settings["sizes"] = asdict(SIZES)
    with running(out, settings, data or out / "data", resume) as record:
        shop = given or _generated(out / "data", plan.products, seed)
        if budget == "standard":
            experiment = standard_experiment(out, shop, seed)
            outcome = make_agent(experiment, shop)
        else:
            experiment = quick_experiment(out, shop, seed, plan)
            outcome = reproduce(experiment)
        results = _finish(experiment, outcome, {name: settings[name] for name in ("budget", "seed", "threads")})
        record |= {name: results[name] for name in ("best_policy", "wall_seconds")}
    return results, shop


def _generated(folder: Path, products: int, seed: int) -> ShopData:
    if not folder.is_dir():
        write_generated(folder, products, seed)
    return read_data(folder)


def _finish(experiment: Experiment, outcome: Outcome, about: dict[str, Any]) -> dict[str, Any]:
    results = {**outcome.results, **about, "machine": machine(), "versions": versions()}
    with experiment.timed("report"):
        write_run_report(experiment, outcome, results)
    results["wall_seconds"] = {**experiment.wall, "total": round(sum(experiment.wall.values()), 2)}
    write_json(experiment.folder / "results.json", results)
    return results
