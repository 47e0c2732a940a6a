"""``shoprl compare``: which of several policies is best, by Thompson sampling."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from shoprl.cli.options import Confirming, OnData, OnGoals, Printing, RunFolder, Searching, Seeded, Strict, prepare
from shoprl.cli.output import emit, percent, points, table
from shoprl.settings import Count, Range, Share
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.splits import SplitName

if TYPE_CHECKING:
    from shoprl.evaluation.results import RunResults
    from shoprl.evaluation.thompson.sampling import ThompsonConfig
    from shoprl.evaluation.thompson.workers import Setup


@dataclass(frozen=True, kw_only=True)
class Compare(OnData, OnGoals, Searching, RunFolder, Confirming, Seeded, Strict, Printing):
    """Find the best of several policies by Thompson sampling.

    Most episodes (rollouts) go to the policies (arms) that look good, and all of them are recorded.

    Attributes:
        arms: the policies, at least two: each NAME=POLICY_FOLDER, or a built-in one: rule, rule-options, random,
            pretrained.
        objective: the measure that allocates the rollouts; both are reported.
        allocation: thompson plays an arm in proportion to the probability that it is the best, top-two plays the others
            more often, uniform plays all equally.
        top_two_beta: share of the best arm in top-two.
        floor: share of the rollouts that is divided equally; 0.1 keeps off-policy estimates of weak arms reliable.
        split: the split that goals are drawn from. To choose a policy, use eval; report on test once.
        rollouts: rollouts of a run.
        runs: independent runs.
        batch: rollouts between two updates of the arms' posteriors.
        workers: processes that play, of one thread each; the results are the same for any number.
    """

    arms: tuple[str, ...]
    out: Path = Path("runs/compare")
    objective: Literal["success", "score"] = "score"
    allocation: Literal["thompson", "top-two", "uniform"] = "thompson"
    top_two_beta: Annotated[float, Range(0, 1, above=True, below=True)] = 0.5
    floor: Share = 0.0
    split: SplitName = "eval"
    rollouts: Count = 1000
    runs: Count = 3
    batch: Count = 32
    workers: Annotated[int, Range(1, 256)] = 1

    def execute(self) -> None:
        """Run the command."""
        import matplotlib  # noqa: F401  (what only the figures need is missed now, not after playing)

        prepare(self.seed, threads=1)
        from shoprl.evaluation.results import RESULTS, read_results
        from shoprl.evaluation.thompson.arms import digest, load_arms, parse_arms
        from shoprl.evaluation.thompson.sampling import ThompsonConfig
        from shoprl.evaluation.thompson.workers import Setup
        from shoprl.runlog import carry_out

        names = [each for each in ThompsonConfig.__dataclass_fields__ if hasattr(self, each)]
        config = ThompsonConfig(**{name: getattr(self, name) for name in names})
        arms = parse_arms(self.arms)
        load_arms(arms, self.backbone)  # bad input is named before any work
        encoder = self.encoder(self.data)
        data = read_data(self.data, self.strict, search=self.search, encoder=encoder, goals=self.goals)
        settings = {
            "arms": {name: digest(policy) for name, policy in arms.items()},
            "split": self.split,
            "config": asdict(config),
            "hashes": data.hashes(),
        }

        def work(record: "dict[str, object]") -> "RunResults":
            where = (self.data, self.strict, self.split, arms, self.out, self.backbone, self.search, encoder)
            setup = Setup(*where, goals=self.goals)
            results = self._compared(setup, data, config)
            record["wall_seconds"] = results.wall_seconds
            return results

        results = carry_out(
            self.out,
            settings,
            self.data,
            self.resume,
            made=RESULTS,
            work=work,
            again=lambda: read_results(self.out / RESULTS),
        )
        written = results.to_json()
        thompson = written.pop("thompson")
        assert isinstance(thompson, dict)
        shown = {**thompson, "config": settings["config"], "split": self.split, **written}
        emit(shown, self._text(results), self.json)

    def _compared(self, setup: "Setup", data: ShopData, config: "ThompsonConfig") -> "RunResults":
        from shoprl.evaluation.thompson.compare import play
        from shoprl.evaluation.thompson.workers import here, processes
        from shoprl.experiments.comparison import write_comparison

        start = time.perf_counter()
        worker = setup.worker(data)
        ready = time.perf_counter()
        players = here(worker) if self.workers == 1 else processes(setup, self.workers)
        with players as submit:
            played = play(list(setup.arms), data.split.part(self.split), config, self.out, submit)
        seconds = {"encoding": ready - start, "rollouts": time.perf_counter() - ready}
        return write_comparison(played, data, self.out, seconds)

    def _text(self, results: "RunResults") -> str:
        thompson, wall = results.thompson, results.wall_seconds or {}
        assert thompson is not None
        runs = [run.arms or {} for run in thompson.runs or ()]
        header = ("arm", "rollouts", "success [95%]", "score [95%]", "best", "best in each run")
        rows = [
            (
                name,
                row.rollouts,
                percent(row.success_rate, row.success_rate_interval),
                points(row.score, row.score_interval),
                percent(row.probability_best),
                ", ".join(percent(arms[name].probability_best) for arms in runs),
            )
            for name, row in (thompson.arms or {}).items()
        ]
        return (
            f"{table(header, rows)}\n\n"
            f"{len(runs)} run(s) of {self.rollouts} rollouts, {self.allocation} allocation by "
            f"{self.objective}, goals: {self.split}   ({wall.get('total', 0):.0f} s)\n"
            f"figures: {self.out / 'figures'}   rollouts: {self.out / 'run-0' / 'rollouts.jsonl.gz'} and so on"
        )
