"""``shoprl reproduce``: the whole chain, from a catalogue to a compared and saved agent, in one run folder."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from shoprl.cli.output import Json, check_seed, emit, percent, table
from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import write_json
from shoprl.shop.data import ShopData, read_data


@dataclass(frozen=True)
class Reproduce:
    """Run the chain: demonstrations, imitation, DPO and its control, evaluation on test goals, Thompson sampling.

    Attributes:
        data: the data folder; left out, a shop of 2,000 products is generated in the run folder.
        budget: how much of everything: ``quick`` takes minutes on two cores, ``tiny`` shows that it runs.
        out: the run folder; must be new or empty, or an unfinished run with ``resume``.
        seed: of every draw.
        threads: processor threads; results are repeatable for one seed and one number of threads.
        resume: go on with a run that was cut off.
        strict: a product that cannot be read is an error.
    """

    data: Path | None = None
    budget: Literal["quick", "tiny"] = "quick"
    out: Path = Path("runs/quick")
    seed: int = 0
    threads: int = 2
    resume: bool = False
    strict: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        import matplotlib  # noqa: F401  (what only the report needs is missed now, not after training)
        import torch

        from shoprl.evaluation.budgets import BUDGETS
        from shoprl.evaluation.reproduce import ChainRun, reproduce
        from shoprl.evaluation.runlog import end_run, start_run

        check_seed(self.seed)
        if self.threads < 1:
            raise ConfigError(f"--threads {self.threads}: must be at least 1.")
        torch.set_num_threads(self.threads)
        torch.use_deterministic_algorithms(True)
        given = read_data(self.data, self.strict) if self.data else None  # bad input is named before any work
        settings: dict[str, Any] = {
            "budget": self.budget,
            "sizes": asdict(BUDGETS[self.budget]),
            "seed": self.seed,
            "threads": self.threads,
            "hashes": given.hashes() if given else "generated",
        }
        start_run(self.out, settings, self.data or self.out / "data", self.resume)
        try:
            data = given or self._generated(BUDGETS[self.budget].products)
            run = ChainRun(self.out, data, self.seed, budget=BUDGETS[self.budget])
            outcome = reproduce(run)
            results = self._finish(run, outcome)
        except ShopRLError:
            end_run(self.out, "failed")
            raise
        end_run(self.out, "done", {"best_policy": results["best_policy"], "wall_seconds": results["wall_seconds"]})
        emit(results, self._text(results), self.json)

    def _generated(self, products: int) -> ShopData:
        from shoprl.shop.generated import write_generated

        folder = self.out / "data"
        if not folder.is_dir():
            write_generated(folder, products, self.seed)
        return read_data(folder)

    def _finish(self, run: Any, outcome: Any) -> dict[str, Any]:
        from shoprl.evaluation.run_report import write_run_report
        from shoprl.machine import machine, versions

        results = {
            **outcome.results,
            "budget": self.budget,
            "seed": self.seed,
            "threads": self.threads,
            "machine": machine(),
            "versions": versions(),
        }
        with run.timed("report"):
            write_run_report(run, outcome, results)
        results["wall_seconds"] = {**run.wall, "total": round(sum(run.wall.values()), 2)}
        write_json(self.out / "results.json", results)
        return results

    def _text(self, results: dict[str, Any]) -> str:
        rows = [
            (
                name,
                percent(row["success_rate"], row["success_rate_interval"]),
                f"{row['score']:.1f} [{row['score_interval'][0]:.1f}, {row['score_interval'][1]:.1f}]",
                f"{percent(row['unseen_products']['success_rate'])} ({row['unseen_products']['n']})",
                row["demonstrations"],
                row["updates"],
            )
            for name, row in results["agents"].items()
        ]
        header = ("agent", "success [95%]", "score [95%]", "unseen products (n)", "demonstrations", "updates")
        change = results["comparison"]["success_rate_difference"]
        bounds = [change["low"], change["high"]]
        best = results["best_policy"]
        return (
            f"{table(header, rows)}\n\n"
            f"dpo less control, success: {percent(change['value'], bounds)}\n"
            f"best policy on the eval goals: {self.out / best}\n"
            f"report: {self.out / 'report.html'}   ({results['wall_seconds']['total']:.0f} s)\n\n"
            f'Try: shoprl recommend --run {self.out} "a long lasting lipstick in dark red under 20 dollars"'
        )
