"""One study with one seed: its policies made, evaluated on the test goals and compared, in a run folder of its own."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.results import DemonstrationsRow, Difference, Measurement, PolicyRow, RunResults, ThompsonResults
from shoprl.evaluation.statistics import INTERVAL_SEED, Summary, compare_paired, summarize
from shoprl.evaluation.thompson.compare import ArmComparison
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.comparison import compare_policies
from shoprl.experiments.engine import Experiment
from shoprl.experiments.plan import Plan, Shoppers
from shoprl.experiments.studies.plans import DEPARTMENT, HELD_OUT, Study
from shoprl.files import write_json
from shoprl.policies.base import Decode
from shoprl.policies.learned import LearnedPolicy
from shoprl.reading import read_json
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goals_hash
from shoprl.training.loop import LOG

HELD, LEFT_OUT, NATURAL = "held-out products", "left-out department", "natural goals"
THOMPSON, ARMS = "thompson", "arms.json"  # a folder of the run's, and in it the digests of its arms' weights
# Of the groups: a policy that did not see them less one that did.
UNSEEN = {HELD: ("expert-fewer-products", "expert"), LEFT_OUT: ("expert-fewer-departments", "expert")}


def left_out_department(experiment: Experiment) -> str:
    """The department that is left out: another one for each seed."""
    departments = sorted({product.category for product in experiment.data.catalog})
    return departments[experiment.seed % len(departments)]


def held_products(experiment: Experiment) -> frozenset[str]:
    """Products that the disjoint split holds out for testing."""
    data = experiment.data
    return frozenset(data.goals[index].asin for index in data.disjoint.test) if data.disjoint else frozenset()


def _without_held_out(experiment: Experiment) -> list[int]:
    data, held = experiment.data, held_products(experiment)
    if not held:
        raise TrajectoryError("The data's splits hold no product out of training.")
    return [index for index in data.split.train if data.goals[index].asin not in held]


def _without_department(experiment: Experiment) -> list[int]:
    data, left_out = experiment.data, left_out_department(experiment)
    return [index for index in data.split.train if data.catalog[data.goals[index].asin].category != left_out]


GROUPS = {HELD_OUT: _without_held_out, DEPARTMENT: _without_department}


@dataclass
class StudyRun:
    """A study under way with one seed.

    Attributes:
        study: what is compared.
        experiment: makes its policies.
        folder: its run folder.
        natural: goals in people's own words, for measuring alone; empty where there are none.
    """

    study: Study
    experiment: Experiment
    folder: Path
    natural: Sequence[Goal] = ()
    not_made: dict[str, str] = field(default_factory=dict, init=False)

    def policies(self) -> dict[str, LearnedPolicy]:
        """The study's policies; one that cannot be made is noted with the reason, and is not scored."""
        made = {}
        for name in self.study.agents:
            try:
                made[name] = self.experiment.policy(name)
            except TrajectoryError as error:
                self.not_made[name] = str(error)
        return made

    def test(self, policy: LearnedPolicy, decode: Decode = "greedy") -> Evaluation:
        """A policy on the test goals."""
        return self.experiment.evaluate(policy, "test", self.experiment.test_goals(), decode)

    def groups(self) -> dict[str, tuple[list[tuple[int, Goal]], str]]:
        """Test and eval goals of products and of a department that some agents never saw, and goals in other words."""
        if not self.study.groups:
            return {}
        experiment, data = self.experiment, self.experiment.data
        kept, own = [*experiment.test_goals(), *experiment.eval_goals()], data.hashes()["goals"]
        held, left_out = held_products(experiment), left_out_department(experiment)
        parts = {
            HELD: [(i, goal) for i, goal in kept if goal.asin in held],
            LEFT_OUT: [(i, goal) for i, goal in kept if data.catalog[goal.asin].category == left_out],
        }
        groups = {name: (goals, own) for name, goals in parts.items() if goals}
        if self.natural:
            groups[NATURAL] = (list(enumerate(self.natural)), goals_hash(self.natural))
        return groups

    def test_groups(self, policies: Mapping[str, LearnedPolicy]) -> dict[str, dict[str, Evaluation]]:
        """Each group -> policies on its goals."""
        return {
            group: {
                name: self.experiment.evaluate(policy, group.replace(" ", "-"), goals, goals_hash=of)
                for name, policy in policies.items()
            }
            for group, (goals, of) in self.groups().items()
        }


def run_study(run: StudyRun) -> RunResults:
    """Train, measure and compare what the run folder does not hold yet; returns the results."""
    policies, experiment, study = run.policies(), run.experiment, run.study
    tests = {name: run.test(policy) for name, policy in policies.items()}
    sampled = {name: run.test(policy, "sample") for name, policy in policies.items()}
    groups = run.test_groups(policies)
    rows = {
        name: replace(
            _row(experiment, name, tests[name].summary),
            sampled=Measurement.of(sampled[name].summary),
            groups={
                group: replace(Measurement.of(parts[name].summary), n=parts[name].summary.episodes)
                for group, parts in groups.items()
            }
            or None,
        )
        for name in policies
    }
    differences = [*_differences(study.differences, tests, "greedy")]
    differences += _differences(study.differences, sampled, "drawn actions")
    for group, parts in groups.items():
        differences += _differences([UNSEEN[group]] if group in UNSEEN else [], parts, group)
    demonstrations = {name: _quality(experiment, name) for name in _data_sets(run)}
    arms, thompson = {name: policies[name] for name in study.arms if name in policies}, None
    if arms:
        with experiment.timed("thompson sampling"):
            thompson = ThompsonResults.of(_thompson(run, arms))
    _keep_logs(run, tests)
    return RunResults(
        agents=rows,
        comparisons=tuple(differences),
        not_made=run.not_made,
        demonstrations=demonstrations,
        hashes=experiment.data.hashes(),
        left_out_department=left_out_department(experiment) if study.groups else None,
        thompson=thompson,
    )


def _differences(
    pairs: Iterable[tuple[str, str]], evaluations: Mapping[str, Evaluation], how: str
) -> Iterator[Difference]:
    """The differences of pairs of policies, where both were measured, goal by goal."""
    for first, second in pairs:
        if first in evaluations and second in evaluations:
            comparison = compare_paired(evaluations[first].episodes, evaluations[second].episodes)
            yield Difference.between(comparison, f"{first} less {second}, {how}")


def _row(experiment: Experiment, name: str, summary: Summary) -> PolicyRow:
    """A policy's row; the policies that it comes from are counted in."""
    line, record = experiment.plan.line(name), experiment.record(name)
    configs = [recipe.config for recipe in line.values()]
    shown = {each for recipe in line.values() for each in recipe.data}
    more_played = [experiment.record(each).counts.get("played", 0) for each in line]
    return replace(
        PolicyRow.of(summary),
        demonstrations=sum(part.count for each in shown for part in _parts(experiment, each)),
        generated=sum(config.generated for config in configs),
        updates=sum(config.all_updates for config in configs),
        own_updates=line[name].config.all_updates,
        played=sum(config.episodes for config in configs) + sum(more_played),
        seconds=record.seconds,
        processor_seconds=record.processor_seconds,
        weights=record.weights,
        commit=record.commit,
    )


def _parts(experiment: Experiment, data_set: str) -> tuple[Shoppers, ...]:
    parts = experiment.plan.data[data_set]
    assert isinstance(parts, tuple), "studies learn from simulated shoppers"
    return parts


def _data_sets(run: StudyRun) -> list[str]:
    """The demonstrations that the study's policies and their starts learn from."""
    lines = (run.experiment.plan.line(name).values() for name in run.study.agents)
    return list(dict.fromkeys(name for line in lines for recipe in line for name in recipe.data))


def _quality(experiment: Experiment, name: str) -> DemonstrationsRow:
    """How good demonstrations are."""
    (part,) = _parts(experiment, name)
    row = Measurement.of(summarize(experiment.episodes(name), np.random.default_rng(INTERVAL_SEED)))
    return DemonstrationsRow(
        shoppers=part.skill,
        without={HELD_OUT: HELD, DEPARTMENT: "a department"}.get(part.goals, "nothing"),
        episodes=row.episodes,
        success_rate=row.success_rate,
        success_rate_interval=row.success_rate_interval,
        score=row.score,
        score_interval=row.score_interval,
    )


def _thompson(run: StudyRun, arms: Mapping[str, LearnedPolicy]) -> ArmComparison:
    """One run of Thompson sampling on the test goals; every seed is a run of its own."""
    experiment, folder = run.experiment, run.folder / THOMPSON
    weights = {name: experiment.record(name).weights for name in arms}
    if folder.is_dir() and (not (folder / ARMS).is_file() or read_json(folder / ARMS, RunError) != weights):
        shutil.rmtree(folder)  # rollouts of other policies
    write_json(folder / ARMS, weights)
    config, goals = thompson_config(experiment.plan, experiment.seed), thompson_goals(experiment.plan, experiment.data)
    return compare_policies(arms, experiment.data, goals, config, folder)


def thompson_config(plan: Plan, seed: int) -> ThompsonConfig:
    """How a seed's run is played."""
    return ThompsonConfig(rollouts=plan.rollouts, batch=plan.rollout_batch, runs=1, seed=seed)


def thompson_goals(plan: Plan, data: ShopData) -> list[int]:
    """The goals that a run draws from."""
    return list(data.split.test[: plan.test_goals])


def _keep_logs(run: StudyRun, tests: Mapping[str, Evaluation]) -> None:
    """Copy the policies' episodes and logs from the folder that the studies share."""
    shared = run.experiment.folder
    for name in tests:
        files = [shared / "episodes" / "test" / f"{name}.jsonl.gz", *(shared / "training" / name).glob(f"**/{LOG}")]
        for file in files:
            copy = run.folder / file.relative_to(shared)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
