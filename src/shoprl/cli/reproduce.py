"""``shoprl reproduce``: the whole chain, from a catalogue to a compared and saved agent, in one run folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shoprl.cli.output import Json, check_seed, emit, percent, table
from shoprl.cli.study import StudyCommand, StudyName
from shoprl.errors import ConfigError, RunError
from shoprl.shop.data import read_data

PAPER: tuple[StudyName, ...] = ("learners", "data", "stacked")  # the studies of the paper's own claims


@dataclass(frozen=True)
class Reproduce:
    """Run the chain: demonstrations, imitation, DPO and its control, evaluation on test goals, Thompson sampling.

    With ``--budget standard``: the recipe of the best agent. With ``--budget paper``: the paper's experiments.

    Attributes:
        data: the data folder; left out, a shop of 2,000 products is generated in the run folder.
        budget: how much of everything: ``quick`` takes minutes on two cores, ``tiny`` shows that it runs;
            ``standard`` makes the best agent, within 45 minutes; ``paper`` runs the first three studies at the paper's
            size, with three seeds from ``seed`` on, which takes hours.
        out: the run folder; must be new or empty, or an unfinished run with ``resume``.
        seed: of every draw.
        threads: processor threads; results are repeatable for one seed and one number of threads.
        resume: go on with a run that was cut off.
        strict: a product that cannot be read is an error.
    """

    data: Path | None = None
    budget: Literal["paper", "standard", "quick", "tiny"] = "quick"
    out: Path = Path("runs/quick")
    seed: int = 0
    threads: int = 2
    resume: bool = False
    strict: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        if self.budget == "paper":
            self._paper()
        else:
            self._chain()

    def _paper(self) -> None:
        """The studies of the paper's claims at its size."""
        from shoprl.runlog import RUN

        if (self.out / RUN).is_file():
            raise RunError(f"{self.out}: holds a run of another budget. Choose another folder with --out.")
        if self.out.is_dir() and any(self.out.iterdir()) and not self.resume:
            raise RunError(f"{self.out}: not empty. Go on with --resume, or choose another folder with --out.")
        seeds = (self.seed, self.seed + 1, self.seed + 2)
        StudyCommand(PAPER, self.out, self.data, seeds, "paper", self.threads, self.strict, self.json).execute()

    def _chain(self) -> None:
        import matplotlib  # noqa: F401  (what only the report needs is missed now, not after training)
        import torch

        from shoprl.experiments.reproducing import run_recipe

        check_seed(self.seed)
        if self.threads < 1:
            raise ConfigError(f"--threads {self.threads}: must be at least 1.")
        torch.set_num_threads(self.threads)
        torch.use_deterministic_algorithms(True)
        given = read_data(self.data, self.strict) if self.data else None  # bad input is named before any work
        assert self.budget != "paper"
        results = run_recipe(self.out, given, self.data, self.budget, self.seed, self.resume)
        emit(results, self._text(results), self.json)

    def _text(self, results: dict[str, Any]) -> str:
        rows = [
            (
                name,
                percent(row["success_rate"], row["success_rate_interval"]),
                f"{row['score']:.1f} [{row['score_interval'][0]:.1f}, {row['score_interval'][1]:.1f}]",
                *_more(row),
            )
            for name, row in results["agents"].items()
        ]
        header = ("agent", "success [95%]", "score [95%]", "unseen products (n)", "demonstrations", "updates")
        return (
            f"{table(header[: len(rows[0])], rows)}\n\n{_compared(results)}"
            f"best policy on the eval goals: {self.out / results['best_policy']}\n"
            f"report: {self.out / 'report.html'}   ({results['wall_seconds']['total']:.0f} s)\n\n"
            f'Try: shoprl recommend --run {self.out} "a long lasting lipstick in dark red under 20 dollars"'
        )


def _more(row: dict[str, Any]) -> tuple[Any, ...]:
    """What the chain knows of each agent beside success and score."""
    if "unseen_products" not in row:
        return ()
    unseen = row["unseen_products"]
    return f"{percent(unseen['success_rate'])} ({unseen['n']})", row["demonstrations"], row["updates"]


def _compared(results: dict[str, Any]) -> str:
    if "comparison" not in results:
        return ""
    change = results["comparison"]["success_rate_difference"]
    return f"dpo less control, success: {percent(change['value'], [change['low'], change['high']])}\n"
