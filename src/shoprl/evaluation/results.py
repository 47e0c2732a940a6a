"""Typed records of ``results.json`` and ``run.json``, which runs write and reports read.

As in :mod:`shoprl.evaluation.json_records`, None stands for an absent key, except for the fields in a class's ``null``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from shoprl.errors import RunError
from shoprl.evaluation.json_records import LARGEST, NOT_RECORDED, NotRecorded, Record, types_of
from shoprl.evaluation.statistics import Estimate, McNemar, PairedComparison, Summary
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.runlog import RUN

if TYPE_CHECKING:
    from shoprl.evaluation.thompson.compare import ArmComparison
    from shoprl.evaluation.thompson.sampling import ArmResult

RESULTS = "results.json"
Interval = tuple[float, float]
_COUNT, _RATE, _POINTS = (0.0, LARGEST), (0.0, 1.0), (0.0, 100.0)
_SCORED = {"success_rate": _RATE, "success_rate_interval": _RATE, "score": _POINTS, "score_interval": _POINTS}


@dataclass(frozen=True)
class Measurement(Record):
    """Success rate and score of a policy on some episodes.

    Attributes:
        episodes: number of episodes.
        success_rate: in 0..1; None (``null``) if there were no episodes.
        score: 100 x mean reward, in 0..100.
        success_rate_interval, score_interval: 95% intervals (bootstrap over goals), in the unit of the value.
        n: as ``episodes``; the key used for subsets of the goals.
    """

    null: ClassVar[tuple[str, ...]] = ("success_rate",)
    ranges: ClassVar[Mapping[str, Interval]] = {**_SCORED, "episodes": _COUNT, "n": _COUNT}
    episodes: int | None = None
    success_rate: float | None = None
    success_rate_interval: Interval | None = None
    score: float | None = None
    score_interval: Interval | None = None
    n: int | None = None

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """The measurement of a summary; set other fields with :func:`dataclasses.replace`."""
        success, score = summary.success_rate, summary.score
        return cls(
            summary.episodes, success.value, (success.low, success.high), score.value, (score.low, score.high), None
        )


@dataclass(frozen=True)
class UnseenProducts(Measurement):
    """How a policy did on the goals whose product its demonstrations did not hold."""

    def _keys(self) -> tuple[str, ...]:
        return "success_rate", "n", "success_rate_interval"


@dataclass(frozen=True)
class Commit(Record):
    """The commit of the code, and whether its files were modified."""

    null: ClassVar[tuple[str, ...]] = ("sha",)
    sha: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True)
class PolicyRow(Measurement):
    """A policy on the test goals, with greedy actions, and the cost of its training.

    Attributes:
        demonstrations, generated: number of trajectories that it and its predecessors learned from.
        updates: of it and its predecessors; ``own_updates`` of its own training.
        played: number of episodes run in training.
        seconds, processor_seconds: of its own training; None (``null``) if it was interrupted and resumed.
        weights: digest of its weights.
        commit: of the code that trained it; None (``null``) for an installed package.
        sampled: the same goals with sampled actions.
        groups: name of a group of goals -> measurement.
        unseen_products: the test goals whose product is not in its demonstrations.
        disjoint: goals on products that are held out of all training.
        decode, decisions_per_second, policy, hashes: of ``shoprl evaluate``.
    """

    demonstrations: int | None = None
    generated: int | None = None
    updates: int | None = None
    own_updates: int | None = None
    played: int | None = None
    seconds: float | NotRecorded | None = NOT_RECORDED
    processor_seconds: float | NotRecorded | None = NOT_RECORDED
    weights: str | None = None
    commit: Commit | NotRecorded | None = NOT_RECORDED
    sampled: Measurement | None = None
    groups: Mapping[str, Measurement] | None = None
    unseen_products: UnseenProducts | None = None
    disjoint: Measurement | None = None
    decisions_per_second: float | None = None
    policy: str | None = None
    decode: str | None = None
    hashes: Mapping[str, str] | None = None
    null: ClassVar[tuple[str, ...]] = ("success_rate", "seconds", "processor_seconds", "commit")
    ranges: ClassVar[Mapping[str, Interval]] = {
        **Measurement.ranges,
        **dict.fromkeys(("demonstrations", "generated", "updates", "own_updates", "played"), _COUNT),
        **dict.fromkeys(("seconds", "processor_seconds", "decisions_per_second"), _COUNT),
    }

    def _keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("policy", "decode", *super()._keys())))


@dataclass(frozen=True)
class Difference(Record):
    """The first policy less the second, on the same goals.

    Attributes:
        name: of the comparison, such as "dpo less control".
        of: the same in results of ``shoprl reproduce``.
        episodes: number of episodes of each.
        success_rate_difference: in -1..1, with its 95% interval.
        score_difference: in points, with its 95% interval.
        mcnemar: None (``null``) if a goal occurs more than once.
    """

    null: ClassVar[tuple[str, ...]] = ("mcnemar",)
    ranges: ClassVar[Mapping[str, Interval]] = {
        "episodes": _COUNT,
        "success_rate_difference": (-1.0, 1.0),
        "score_difference": (-100.0, 100.0),
        "mcnemar": _COUNT,
    }
    name: str | None = None
    of: str | None = None
    episodes: int | None = None
    success_rate_difference: Estimate | None = None
    score_difference: Estimate | None = None
    mcnemar: McNemar | NotRecorded | None = NOT_RECORDED

    @classmethod
    def between(cls, comparison: PairedComparison, name: str | None = None, of: str | None = None) -> Self:
        """The difference of a comparison, with its name."""
        parts = (comparison.success_rate_difference, comparison.score_difference)
        return cls(name, of, comparison.episodes, *parts, comparison.mcnemar)


@dataclass(frozen=True)
class ArmRow(Record):
    """An arm of Thompson sampling; the fields are those of :class:`shoprl.evaluation.thompson.sampling.ArmResult`."""

    null: ClassVar[tuple[str, ...]] = ("score", "score_interval", "success_rate", "success_rate_interval")
    ranges: ClassVar[Mapping[str, Interval]] = {**_SCORED, "rollouts": _COUNT, "probability_best": _RATE}
    rollouts: int | None = None
    score: float | None = None
    score_interval: Interval | None = None
    success_rate: float | None = None
    success_rate_interval: Interval | None = None
    probability_best: float | None = None

    @classmethod
    def of(cls, arm: "ArmResult") -> Self:
        """An arm's row."""
        return cls(**{name: getattr(arm, name) for name in types_of(cls)})


Arms = Mapping[str, ArmRow]


def _arms_by_name(value: Mapping[str, object]) -> Mapping[str, object]:
    """Convert the list of arms of older files to a mapping."""
    arms = value.get("arms")
    if not isinstance(arms, list) or not all(isinstance(row, Mapping) for row in arms):
        return value
    return {**value, "arms": {str(row.get("arm")): row for row in arms}}


@dataclass(frozen=True)
class ThompsonRunRow(Record):
    """A run of Thompson sampling: its number, its arms and its cumulative regret."""

    run: int | None = None
    arms: Arms | None = None
    regret: float | None = None

    @classmethod
    def _prepared(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        return _arms_by_name(value)


@dataclass(frozen=True)
class ThompsonResults(Record):
    """A comparison by Thompson sampling.

    Attributes:
        objective, allocation, rollouts, batch: of the configuration.
        arms: each arm over all runs.
        runs: each run; older files have a single run, with ``seed`` and ``regret`` at the top level.
    """

    objective: str | None = None
    allocation: str | None = None
    rollouts: int | None = None
    batch: int | None = None
    seed: int | None = None
    arms: Arms | None = None
    runs: tuple[ThompsonRunRow, ...] | None = None
    regret: float | None = None

    @classmethod
    def _prepared(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        return _arms_by_name(value)

    @classmethod
    def of(cls, comparison: "ArmComparison") -> Self:
        """The results of a comparison, without the rollouts."""
        config = comparison.config
        return cls(
            objective=config.objective,
            allocation=config.allocation,
            rollouts=config.rollouts,
            batch=config.batch,
            arms={name: ArmRow.of(arm) for name, arm in comparison.arms().items()},
            runs=tuple(
                ThompsonRunRow(
                    result.run,
                    {name: ArmRow.of(arm) for name, arm in result.arms.items()},
                    float(result.cumulative_regret()[-1]),
                )
                for result in comparison.results
            ),
        )


@dataclass(frozen=True)
class DemonstrationsRow(Record):
    """Quality of demonstrations.

    Attributes:
        shoppers: "average" or "expert"; ``skill`` as a number in 0..1.
        without: which training goals were left out.
        demonstrations, episodes: number of episodes.
        decisions, products: number of decisions and of distinct products.
        success_rate, score: of the demonstrators, with 95% intervals over goals.
    """

    ranges: ClassVar[Mapping[str, Interval]] = {
        **_SCORED,
        **dict.fromkeys(("demonstrations", "decisions", "products", "episodes"), _COUNT),
        "skill": _RATE,
    }
    shoppers: str | None = None
    without: str | None = None
    demonstrations: int | None = None
    decisions: int | None = None
    products: int | None = None
    skill: float | None = None
    episodes: int | None = None
    success_rate: float | None = None
    success_rate_interval: Interval | None = None
    score: float | None = None
    score_interval: Interval | None = None


# The first keys; the others follow in the order of the fields.
_STUDY_ORDER = (
    *("study", "title", "seed", "machine", "versions", "agents", "comparisons", "not_made", "demonstrations"),
    *("hashes", "left_out_department", "thompson"),
)
_COMPARE_ORDER = ("thompson", "hashes", "seed", "wall_seconds")


@dataclass(frozen=True)
class RunResults(Record):
    """The results of a run of any command, ``results.json``.

    Attributes:
        agents: name -> policy on the test goals.
        comparison, comparisons: differences between policies; ``shoprl reproduce`` has only one.
        not_made: name -> why the policy could not be trained.
        best_policy: folder of the policy chosen on the eval goals, relative to the run's.
        chosen_on_eval_goals: the measurements of that choice.
        demonstrations: name -> quality, or name -> count.
        left_out_department: of a study's seed.
        thompson: Thompson sampling between the policies.
        hashes, training_hashes: content hashes of the data, and of training goals that were reworded.
        study, title, budget: of the run.
        seed, threads, machine, versions: of the run.
        wall_seconds: name of a step -> seconds.
        more: unknown keys.
    """

    agents: Mapping[str, PolicyRow] | None = None
    comparison: Difference | None = None
    comparisons: tuple[Difference, ...] | None = None
    not_made: Mapping[str, str] | None = None
    best_policy: str | None = None
    chosen_on_eval_goals: Mapping[str, Measurement] | None = None
    demonstrations: Mapping[str, DemonstrationsRow | int] | None = None
    left_out_department: str | None = None
    thompson: ThompsonResults | None = None
    hashes: Mapping[str, str] | None = None
    training_hashes: Mapping[str, str] | None = None
    study: str | None = None
    title: str | None = None
    budget: str | None = None
    seed: int | None = None
    threads: int | None = None
    machine: Mapping[str, object] | None = None
    versions: Mapping[str, str] | None = None
    wall_seconds: Mapping[str, float] | None = None
    more: Mapping[str, object] | None = None

    @property
    def differences(self) -> dict[str, Difference]:
        """The differences between policies by name."""
        rows = self.comparisons if self.comparisons is not None else (self.comparison,) if self.comparison else ()
        return {row.name or (row.of or "dpo less control").split(",")[0]: row for row in rows if row != Difference()}

    def to_json(self) -> dict[str, object]:
        """The JSON object, keys in the order of the command that wrote it."""
        return {**replace(self, more=None)._known_to_json(), **(self.more or {})}

    def _known_to_json(self) -> dict[str, object]:
        return super().to_json()

    @classmethod
    def _prepared(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        return {**value, "more": {name: part for name, part in value.items() if name not in types_of(cls)} or None}

    def _keys(self) -> tuple[str, ...]:
        first = _STUDY_ORDER if self.study is not None else _COMPARE_ORDER if self.agents is None else ()
        return tuple(dict.fromkeys((*first, *super()._keys())))


@dataclass(frozen=True)
class RunRecord(Record):
    """The record of a run, ``run.json``, which :mod:`shoprl.runlog` writes.

    Attributes:
        status: "running", "failed" or "done".
        command, started, ended: command line and times.
        settings: the settings that define the run.
        data: the data folder, relative to the run's.
        versions, commit, machine: of the run.
        wall_seconds, best_policy: as in :class:`RunResults`.
        policy: folder of the policy that ``shoprl train`` made, relative to the run's.
        last: the last row of its log: update, loss and other metrics.
    """

    status: str | None = None
    command: str | None = None
    started: str | None = None
    settings: Mapping[str, object] | None = None
    data: str | None = None
    versions: Mapping[str, str] | None = None
    commit: Commit | None = None
    machine: Mapping[str, object] | None = None
    ended: str | None = None
    wall_seconds: Mapping[str, float] | None = None
    best_policy: str | None = None
    policy: str | None = None
    last: Mapping[str, object] | None = None


def read_results(path: Path) -> RunResults:
    """Read a ``results.json``.

    Raises:
        RunError: it is missing or malformed; the message names file and field.
    """
    return RunResults.from_json(read_json(path, RunError), path)


def write_results(path: Path, results: RunResults) -> None:
    """Write a ``results.json``.

    Raises:
        StorageError: it cannot be written.
    """
    write_json(path, results.to_json())


def read_record(folder: Path) -> RunRecord:
    """Read the ``run.json`` of a run folder, finished or not.

    Raises:
        RunError: it is missing or malformed; the message names file and field.
    """
    return RunRecord.from_json(read_json(folder / RUN, RunError), folder / RUN)
