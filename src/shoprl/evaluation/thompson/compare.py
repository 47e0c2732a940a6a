"""Compares policies with Thompson sampling in several parallel runs, each saved after every round and resumable."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoprl.errors import RunError
from shoprl.evaluation.statistics import INTERVAL_SEED, POINTS, RATE, bootstrap_mean
from shoprl.evaluation.thompson.posteriors import Beliefs
from shoprl.evaluation.thompson.rollout_file import RolloutFile
from shoprl.evaluation.thompson.rounds import Chunk, Rollout, Round
from shoprl.evaluation.thompson.sampling import (
    REPORT,
    REPORT_DRAWS,
    ArmResult,
    ThompsonConfig,
    ThompsonResult,
    ThompsonRun,
)
from shoprl.evaluation.thompson.workers import Submit
from shoprl.progress import bar
from shoprl.rollouts.records import Episode


@dataclass(frozen=True)
class ArmComparison:
    """The result of a comparison.

    Attributes:
        config: its configuration.
        results: one per run.
    """

    config: ThompsonConfig
    results: tuple[ThompsonResult, ...]

    def arms(self) -> dict[str, ArmResult]:
        """The result of each arm over all runs, with bootstrap intervals over goals."""
        names = list(self.results[0].arms)
        played = {name: [r for result in self.results for r in result.records if r.arm == name] for name in names}
        beliefs = Beliefs.prior(len(names))
        for arm, name in enumerate(names):
            beliefs.update(arm, [rollout.reward for rollout in played[name]])
        rng = np.random.default_rng([self.config.seed, self.config.runs, REPORT, 1])
        chances = beliefs.chances(self.config.objective, rng, REPORT_DRAWS)
        return {name: _summed(played[name], chance) for name, chance in zip(names, chances, strict=True)}

    def to_json(self) -> dict[str, object]:
        """The result as JSON, without the rollouts."""
        config = self.config
        return {
            "objective": config.objective,
            "allocation": config.allocation,
            "rollouts": config.rollouts,
            "batch": config.batch,
            "arms": {name: row.to_json() for name, row in self.arms().items()},
            "runs": [result.to_json() for result in self.results],
        }


def _summed(rollouts: Sequence[Rollout], chance: float) -> ArmResult:
    if not rollouts:
        return ArmResult(0, None, None, None, None, chance)
    goals = [rollout.goal_index for rollout in rollouts]
    points, successes = [100 * each.reward for each in rollouts], [float(each.success) for each in rollouts]
    score = bootstrap_mean(points, goals, np.random.default_rng(INTERVAL_SEED), bounds=POINTS)
    success = bootstrap_mean(successes, goals, np.random.default_rng(INTERVAL_SEED), bounds=RATE)
    return ArmResult(
        rollouts=len(rollouts),
        score=score.value,
        score_interval=(score.low, score.high),
        success_rate=success.value,
        success_rate_interval=(success.low, success.high),
        probability_best=chance,
    )


class _UnderWay:
    """A run in progress."""

    def __init__(self, run: ThompsonRun, file: RolloutFile) -> None:
        self.run, self._file = run, file
        self._round: Round | None = None
        self._played: dict[int, Episode] = {}
        self._replay(file.read())

    def _replay(self, rollouts: Sequence[Rollout]) -> None:
        """Learn from the rollouts on disk; an incomplete round is repeated."""
        position, same = 0, True
        while not self.run.over and same:
            asked = self.run.next_round()
            part = list(rollouts[position : (position := position + len(asked.goals))])
            if len(part) < len(asked.goals):
                break
            same = [rollout.goal_index for rollout in part] == list(asked.goals)
            same = same and self.run.learn(asked, [rollout.episode for rollout in part]) == part
        if not same or position < len(rollouts):
            raise RunError(f"{self._file.path.parent}: holds rollouts of another comparison. Choose another folder.")
        if not self.run.over:
            self._file.start(self.run.records)

    def start(self, size: int) -> list[Chunk]:
        """The chunks of the next round; none if the run is over."""
        if self.run.over:
            self._file.close(self.run.records)
            return []
        self._round, self._played = self.run.next_round(), {}
        return list(self._round.chunks(size))

    def took(self, chunk: Chunk, episodes: Sequence[Episode]) -> bool:
        """Record the episodes of a chunk; return whether the round is complete."""
        assert self._round is not None
        self._played.update(zip(chunk.indices, episodes, strict=True))
        if len(self._played) < len(self._round.goals):
            return False
        self._file.append(self.run.learn(self._round, [self._played[index] for index in sorted(self._played)]))
        return True


def play(
    arms: Sequence[str], goals: Sequence[int], config: ThompsonConfig, folder: Path, submit: Submit
) -> ArmComparison:
    """Run all rollouts that are not in ``folder`` yet, with the runs in parallel.

    Args:
        arms: their names.
        goals: goal indices to draw from.
        config: configuration.
        folder: for ``run-R/rollouts.jsonl.gz``, whose lines are
            :class:`shoprl.evaluation.thompson.rounds.Rollout`.
        submit: executes chunks; see :mod:`shoprl.evaluation.thompson.workers`.

    Raises:
        ConfigError: no arms, arms of the same name, or no goals.
        RunError: ``folder`` holds rollouts of another comparison, an arm failed, or a worker died.
        StorageError: a file cannot be written.
    """
    fresh = [ThompsonRun(arms, goals, config, number) for number in range(config.runs)]
    runs = [_UnderWay(run, RolloutFile(folder, number)) for number, run in enumerate(fresh)]
    waiting: dict[Future[list[Episode]], tuple[_UnderWay, Chunk]] = {}

    def start(run: _UnderWay) -> None:
        for chunk in run.start(config.chunk):
            waiting[submit(chunk)] = run, chunk

    with bar(config.runs * config.rollouts, "comparing arms", "rollout") as progress:
        progress.update(sum(len(run.run.records) for run in runs))
        try:
            for run in runs:
                start(run)
            while waiting:
                wait(waiting, return_when=FIRST_COMPLETED)
                for done in [each for each in waiting if each.done()]:
                    run, chunk = waiting.pop(done)
                    over = run.took(chunk, done.result())
                    progress.update(len(chunk.indices))
                    if over:
                        progress.set_postfix_str(_leader(arms, fresh, config), refresh=False)
                        start(run)
        except BrokenProcessPool as error:
            raise RunError("A worker died; was memory short? Continue with `resume` and fewer `workers`.") from error
    return ArmComparison(config, tuple(run.result() for run in fresh))


def _leader(arms: Sequence[str], runs: Sequence[ThompsonRun], config: ThompsonConfig) -> str:
    """The arm that looks best over all runs, for the progress bar."""
    chances = np.mean([run.best[-1][1] for run in runs if run.best], axis=0)
    arm = int(np.argmax(chances))
    played = [record for run in runs for record in run.records if record.arm == arms[arm]]
    values = [float(r.success) if config.objective == "success" else r.reward for r in played]
    mean = f"{100 * float(np.mean(values)):.1f}" if values else "-"
    return f"{arms[arm]}: {config.objective} {mean}, best at {100 * chances[arm]:.0f}%"
