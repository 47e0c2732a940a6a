"""What runs write and reports read: ``results.json`` and ``run.json`` as typed records, written and read here alone.

As in :mod:`shoprl.evaluation.json_records`, None stands for a key that is absent, except where a class names ``null``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from shoprl.errors import RunError
from shoprl.evaluation.json_records import NOT_RECORDED, NotRecorded, Record, types_of
from shoprl.evaluation.statistics import Comparison, Estimate, McNemar, Summary
from shoprl.files import read_json, write_json
from shoprl.runlog import RUN

if TYPE_CHECKING:
    from shoprl.evaluation.thompson.compare import Comparison as ArmComparison
    from shoprl.evaluation.thompson.sampling import ArmResult

RESULTS = "results.json"
Interval = tuple[float, float]


@dataclass(frozen=True)
class Measurement(Record):
    """How a policy did on some episodes.

    Attributes:
        episodes: how many.
        success_rate: in 0..1; None where there were no episodes (not scored is not zero), written as ``null``.
        score: 100 x mean reward, in 0..100.
        success_rate_interval, score_interval: 95% intervals (bootstrap over goals), in the unit of the value.
        n: as ``episodes``; the key that parts of the goals have.
    """

    null: ClassVar[tuple[str, ...]] = ("success_rate",)
    episodes: int | None = None
    success_rate: float | None = None
    success_rate_interval: Interval | None = None
    score: float | None = None
    score_interval: Interval | None = None
    n: int | None = None

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """A measurement; add the other fields with :func:`dataclasses.replace`."""
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
    """What the code was: a commit, and whether its files had been changed."""

    null: ClassVar[tuple[str, ...]] = ("sha",)
    sha: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True)
class PolicyRow(Measurement):
    """A policy on the test goals, greedy, and what it took to make.

    Attributes:
        demonstrations, generated: trajectories that it and the policies it comes from learned from.
        updates: of all of those; ``own_updates`` of its own training.
        played: episodes played in training.
        seconds, processor_seconds: of its own training; None (``null``) where it was cut off and resumed.
        weights: digest of its weights.
        commit: it was trained on; None (``null``) for an installed package.
        sampled: the same goals with drawn actions.
        groups: name of a group of goals -> how it did there.
        unseen_products: the test goals whose product its demonstrations did not hold.
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

    def _keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("policy", "decode", *super()._keys())))


@dataclass(frozen=True)
class Difference(Record):
    """The first policy less the second, on the same goals.

    Attributes:
        name: what is compared, such as "dpo less control".
        of: the same, as ``shoprl reproduce`` calls it.
        episodes: how many each played.
        success_rate_difference: in -1..1, with its 95% interval.
        score_difference: in points, with its 95% interval.
        mcnemar: None (``null``) where a goal was played more than once.
    """

    null: ClassVar[tuple[str, ...]] = ("mcnemar",)
    name: str | None = None
    of: str | None = None
    episodes: int | None = None
    success_rate_difference: Estimate | None = None
    score_difference: Estimate | None = None
    mcnemar: McNemar | NotRecorded | None = NOT_RECORDED

    @classmethod
    def between(cls, comparison: Comparison, name: str | None = None, of: str | None = None) -> Self:
        """A comparison under its name."""
        parts = (comparison.success_rate_difference, comparison.score_difference)
        return cls(name, of, comparison.episodes, *parts, comparison.mcnemar)


@dataclass(frozen=True)
class ArmRow(Record):
    """An arm of Thompson sampling; the fields are those of :class:`shoprl.evaluation.thompson.sampling.ArmResult`."""

    null: ClassVar[tuple[str, ...]] = ("score", "score_interval", "success_rate", "success_rate_interval")
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
    """An older file's list of arms, each with its name, as a mapping."""
    arms = value.get("arms")
    if not isinstance(arms, list) or not all(isinstance(row, Mapping) for row in arms):
        return value
    return {**value, "arms": {str(row.get("arm")): row for row in arms}}


@dataclass(frozen=True)
class ThompsonRunRow(Record):
    """A run of Thompson sampling: its number, its arms, and what was lost against playing the best arm throughout."""

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
        objective, allocation, rollouts, batch: how it was played.
        arms: each arm in all runs together.
        runs: each run; an older file has one, whose ``seed`` and ``regret`` stand beside the arms.
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
        """The results of a comparison, without its rollouts."""
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
    """How good demonstrations are.

    Attributes:
        shoppers: "average" or "expert"; ``skill`` as a number in 0..1.
        without: which training goals were left out.
        demonstrations, episodes: how many.
        decisions, products: how many decisions and different products they hold.
        success_rate, score: of the demonstrators, with 95% intervals over goals.
    """

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


# The keys that stand first; the others follow in the order of the fields.
_STUDY_ORDER = (
    *("study", "title", "seed", "machine", "versions", "agents", "comparisons", "not_made", "demonstrations"),
    *("hashes", "left_out_department", "thompson"),
)
_COMPARE_ORDER = ("thompson", "hashes", "seed", "wall_seconds")


@dataclass(frozen=True)
class RunResults(Record):
    """The results of a run, of whichever command: ``results.json``.

    Attributes:
        agents: name -> how the policy did on the test goals.
        comparison, comparisons: differences between policies; of ``shoprl reproduce`` the only one.
        not_made: name -> why the policy could not be trained.
        best_policy: folder of the policy that was chosen on the eval goals, relative to the run's.
        chosen_on_eval_goals: what it was chosen by.
        demonstrations: name -> quality, or name -> count.
        left_out_department: of a study's seed.
        thompson: Thompson sampling between the policies.
        hashes, training_hashes: content hashes of the data; of the training goals where they were reworded.
        study, title, budget: what was run.
        seed, threads, machine, versions: it was run with.
        wall_seconds: name of a step -> seconds.
        more: keys that are not known here.
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
        command, started, ended: how and when it was run.
        settings: what defines the run.
        data: the data folder, relative to the run's.
        versions, commit, machine: it was run with.
        wall_seconds, best_policy: as in :class:`RunResults`.
        policy: folder of the policy that ``shoprl train`` made, relative to the run's.
        last: the last row of its log: update, loss and the method's other measures.
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
