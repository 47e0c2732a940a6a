"""One study with one seed: its policies made, evaluated on the test goals and compared, in a run folder of its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.statistics import INTERVAL_SEED, compare_paired, summarize
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.comparison import compare_policies
from shoprl.experiments.engine import Experiment
from shoprl.experiments.plan import Plan, Shoppers
from shoprl.experiments.studies.plans import DEPARTMENT, HELD_OUT, Study
from shoprl.files import read_json, write_json
from shoprl.policies.base import Decode
from shoprl.policies.learned import LearnedPolicy
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


def run_study(run: StudyRun) -> dict[str, Any]:
    """Make everything of a study that is not there yet; its results, for ``results.json``."""
    policies, experiment = run.policies(), run.experiment
    tests = {name: run.test(policy) for name, policy in policies.items()}
    rows = {name: _row(run, name, test) for name, test in tests.items()}
    drawn = {name: run.test(policy, "sample") for name, policy in policies.items()}
    for name, found in drawn.items():
        rows[name]["sampled"] = found.summary.to_json()
    comparisons = [*_compared(run.study, tests, "greedy"), *_compared(run.study, drawn, "drawn actions")]
    comparisons += _on_groups(run, policies, rows)
    results: dict[str, Any] = {
        "agents": rows,
        "comparisons": comparisons,
        "not_made": run.not_made,
        "demonstrations": {name: _quality(experiment, name) for name in _data_sets(run)},
        "hashes": experiment.data.hashes(),
    }
    if run.study.groups:
        results["left_out_department"] = left_out_department(experiment)
    arms = {name: policies[name] for name in run.study.arms if name in policies}
    if arms:
        with experiment.timed("thompson sampling"):
            results["thompson"] = _thompson(run, arms)
    _keep_logs(run, tests)
    return results


def _compared(study: Study, found: Mapping[str, Evaluation], how: str) -> Iterator[dict[str, Any]]:
    """The study's differences, goal by goal."""
    for first, second in study.differences:
        if first in found and second in found:
            difference = compare_paired(found[first].episodes, found[second].episodes)
            yield {"name": f"{first} less {second}, {how}", **difference.to_json()}


def _row(run: StudyRun, name: str, test: Evaluation) -> dict[str, Any]:
    """A policy's row; what it came from is counted in."""
    experiment = run.experiment
    line, record = experiment.plan.line(name), experiment.record(name)
    configs = [recipe.config for recipe in line.values()]
    shown = {each for recipe in line.values() for each in recipe.data}
    return {
        **test.summary.to_json(),
        "demonstrations": sum(part.count for each in shown for part in _parts(experiment, each)),
        "generated": sum(config.generated for config in configs),
        "updates": sum(config.all_updates for config in configs),
        "own_updates": line[name].config.all_updates,
        "played": sum(
            recipe.config.episodes + experiment.record(each).counts.get("played", 0) for each, recipe in line.items()
        ),
        "seconds": record.seconds,
        "processor_seconds": record.processor_seconds,
        "weights": record.weights,
        "commit": record.commit,
    }


def _parts(experiment: Experiment, data_set: str) -> tuple[Shoppers, ...]:
    parts = experiment.plan.data[data_set]
    assert isinstance(parts, tuple), "studies learn from simulated shoppers"
    return parts


def _data_sets(run: StudyRun) -> list[str]:
    """The demonstrations that the study's policies and their starts learn from."""
    lines = (run.experiment.plan.line(name).values() for name in run.study.agents)
    return list(dict.fromkeys(name for line in lines for recipe in line for name in recipe.data))


def _quality(experiment: Experiment, name: str) -> dict[str, Any]:
    """How good demonstrations are."""
    (part,) = _parts(experiment, name)
    without = {HELD_OUT: HELD, DEPARTMENT: "a department"}.get(part.goals, "nothing")
    row = summarize(experiment.episodes(name), np.random.default_rng(INTERVAL_SEED)).to_json()
    return {"shoppers": part.skill, "without": without, **row}


def _on_groups(
    run: StudyRun, policies: Mapping[str, LearnedPolicy], rows: Mapping[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Measure the groups, note them in the policies' rows, and compare who saw them with who did not."""
    for group, (goals, of) in run.groups().items():
        found = {
            name: run.experiment.evaluate(policy, group.replace(" ", "-"), goals, goals_hash=of)
            for name, policy in policies.items()
        }
        for name, each in found.items():
            summary = each.summary.to_json()
            rows[name].setdefault("groups", {})[group] = {**summary, "n": summary["episodes"]}
        first, second = UNSEEN.get(group, ("", ""))
        if first in found and second in found:
            difference = compare_paired(found[first].episodes, found[second].episodes)
            yield {"name": f"{first} less {second}, {group}", **difference.to_json()}


def _thompson(run: StudyRun, arms: Mapping[str, LearnedPolicy]) -> dict[str, Any]:
    """One run of Thompson sampling on the test goals; every seed is a run of its own."""
    experiment, folder = run.experiment, run.folder / THOMPSON
    weights = {name: experiment.record(name).weights for name in arms}
    if folder.is_dir() and (not (folder / ARMS).is_file() or read_json(folder / ARMS, RunError) != weights):
        shutil.rmtree(folder)  # rollouts of other policies
    write_json(folder / ARMS, weights)
    config, goals = thompson_config(experiment.plan, experiment.seed), thompson_goals(experiment.plan, experiment.data)
    return compare_policies(arms, experiment.data, goals, config, folder).to_json()


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
