"""A comparison of policies with its figures and results, in a folder of its own."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from shoprl.evaluation.results import RESULTS, RunResults, ThompsonResults, write_results
from shoprl.evaluation.thompson.compare import ArmComparison, play
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Worker, here
from shoprl.machine import machine, versions
from shoprl.policies.base import Policy
from shoprl.report.plots_compare import plot_comparison
from shoprl.shop.data import ShopData


def compare_policies(
    policies: Mapping[str, Policy], data: ShopData, goals: Sequence[int], config: ThompsonConfig, folder: Path
) -> ArmComparison:
    """Compare policies in this process, or continue a comparison that was cut off in ``folder``.

    Choice policies should have met the same texts whenever this is called; see
    :func:`shoprl.evaluation.thompson.arms.share_tokens`.

    Args:
        policies: name -> policy; the arms.
        data: the shop.
        goals: goal indices to draw from, such as ``data.split.test``.
        config: how to play.
        folder: gets ``run-R/rollouts.jsonl.gz``, ``results.json`` and ``figures/``.

    Raises:
        ConfigError: no arms, no goals, or Matplotlib is not installed.
        RunError: ``folder`` holds rollouts of another comparison, or an arm failed.
        StorageError: a file cannot be written.
    """
    start = time.perf_counter()
    with here(Worker(policies, data)) as submit:
        comparison = play(list(policies), goals, config, folder, submit)
    write_comparison(comparison, data, folder, {"rollouts": time.perf_counter() - start})
    return comparison


def write_comparison(
    comparison: ArmComparison, data: ShopData, folder: Path, seconds: Mapping[str, float]
) -> RunResults:
    """Write ``figures/`` and ``results.json`` into ``folder``; returns the content of the latter.

    Args:
        comparison: what to write.
        data: the shop it was played in.
        folder: where to write.
        seconds: name of a step -> seconds.
    """
    start = time.perf_counter()
    plot_comparison(comparison.results, folder / "figures")
    wall = {**seconds, "figures": time.perf_counter() - start}
    results = RunResults(
        thompson=ThompsonResults.of(comparison),
        hashes=data.hashes(),
        seed=comparison.config.seed,
        wall_seconds={name: round(each, 2) for name, each in (*wall.items(), ("total", sum(wall.values())))},
        machine=machine(),
        versions=versions(),
    )
    write_results(folder / RESULTS, results)
    return results
