"""``shoprl compare``: which of several agents is best, by sharing rollouts between them."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shoprl.cli.output import Json, check_seed, emit, percent, table
from shoprl.errors import ConfigError, ShopRLError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.splits import SplitName

if TYPE_CHECKING:
    from shoprl.evaluation.thompson.workers import Setup, Submit


@dataclass(frozen=True)
class Compare:
    """Compare agents with Thompson sampling: most rollouts go to those that look good, and every one is kept.

    Attributes:
        data: the data folder.
        arms: the agents, each NAME=POLICY_FOLDER, or ``rule`` or ``random``; at least two.
        out: the run folder; must be new or empty, or an unfinished run with ``resume``.
        objective: what allocates the rollouts; both are measured.
        allocation: ``thompson`` plays an arm as often as it is believed the best, ``top-two`` plays the others more,
            ``uniform`` all equally.
        top_two_beta: share of the believed best in ``top-two``.
        floor: share of the rollouts that all arms get equally; 0.1 keeps off-policy estimates of weak arms honest.
        split: which part of the data folder's goals is drawn from.
        rollouts: episodes of a run.
        runs: independent runs.
        batch: rollouts between two updates of what is believed.
        seed: of every draw.
        workers: processes that play, of one thread each; the results are the same for any number.
        resume: go on with a run that was cut off.
        strict: a product that cannot be read is an error.
    """

    data: Path
    arms: tuple[str, ...]
    out: Path = Path("runs/compare")
    objective: Literal["success", "score"] = "score"
    allocation: Literal["thompson", "top-two", "uniform"] = "thompson"
    top_two_beta: float = 0.5
    floor: float = 0.0
    split: SplitName = "test"
    rollouts: int = 1000
    runs: int = 3
    batch: int = 32
    seed: int = 0
    workers: int = 1
    resume: bool = False
    strict: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        import matplotlib  # noqa: F401  (what only the figures need is missed now, not after playing)
        import torch

        from shoprl.evaluation.thompson.arms import digest, load_arms, parse_arms
        from shoprl.evaluation.thompson.sampling import ThompsonConfig
        from shoprl.evaluation.thompson.workers import Setup
        from shoprl.runlog import end_run, start_run

        check_seed(self.seed)
        if self.workers < 1:
            raise ConfigError(f"--workers {self.workers}: must be at least 1.")
        names = [each for each in ThompsonConfig.__dataclass_fields__ if hasattr(self, each)]
        config = ThompsonConfig(**{name: getattr(self, name) for name in names})
        arms = parse_arms(self.arms)
        torch.set_num_threads(1)
        load_arms(arms)  # bad input is named before any work
        data = read_data(self.data, self.strict)
        settings = {
            "arms": {name: digest(policy) for name, policy in arms.items()},
            "split": self.split,
            "config": asdict(config),
            "hashes": data.hashes(),
        }
        start_run(self.out, settings, self.data, self.resume)
        try:
            setup = Setup(self.data, self.strict, self.split, arms, self.out)
            results = self._compared(setup, data, config)
        except ShopRLError:
            end_run(self.out, "failed")
            raise
        end_run(self.out, "done", {"wall_seconds": results["wall_seconds"]})
        shown = {**results.pop("thompson"), "config": settings["config"], "split": self.split, **results}
        emit(shown, self._text(shown), self.json)

    def _compared(self, setup: "Setup", data: ShopData, config: Any) -> dict[str, Any]:
        from shoprl.evaluation.thompson.compare import play
        from shoprl.experiments.comparison import write_comparison

        start = time.perf_counter()
        table = setup.table(data)
        ready = time.perf_counter()
        with self._players(setup, table) as submit:
            found = play(list(setup.arms), data.split.part(self.split), config, self.out, submit)
        played = time.perf_counter()
        return write_comparison(found, data, self.out, {"encoding": ready - start, "rollouts": played - ready})

    def _players(self, setup: "Setup", table: Any) -> "AbstractContextManager[Submit]":
        from shoprl.evaluation.thompson.workers import here, processes

        return here(table) if self.workers == 1 else processes(setup, self.workers)

    def _text(self, results: Mapping[str, Any]) -> str:
        header = ("arm", "rollouts", "success [95%]", "score [95%]", "best", "best in each run")
        rows = [
            (
                name,
                row["rollouts"],
                percent(row["success_rate"], row["success_rate_interval"]),
                _score(row["score"], row["score_interval"]),
                percent(row["probability_best"]),
                ", ".join(percent(run["arms"][name]["probability_best"]) for run in results["runs"]),
            )
            for name, row in results["arms"].items()
        ]
        return (
            f"{table(header, rows)}\n\n"
            f"{len(results['runs'])} run(s) of {self.rollouts} rollouts, {self.allocation} allocation by "
            f"{self.objective}, goals: {self.split}   ({results['wall_seconds']['total']:.0f} s)\n"
            f"figures: {self.out / 'figures'}   rollouts: {self.out / 'run-0' / 'rollouts.jsonl.gz'} and so on"
        )


def _score(value: float | None, interval: list[float] | None) -> str:
    return "-" if value is None or interval is None else f"{value:.1f} [{interval[0]:.1f}, {interval[1]:.1f}]"
