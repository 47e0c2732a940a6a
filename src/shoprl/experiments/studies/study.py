"""One study with one seed: its agents made, let shop on the test goals and compared, in a run folder of its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.statistics import compare_paired
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.chain import shopped
from shoprl.experiments.comparison import compare_policies
from shoprl.experiments.studies.agents import Workshop
from shoprl.experiments.studies.plans import Size, Study
from shoprl.files import read_json, write_json
from shoprl.policies.base import Decode
from shoprl.policies.learned import LearnedPolicy
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goals_hash
from shoprl.training.loop import LOG

HELD, DEPARTMENT, NATURAL = "held-out products", "left-out department", "natural goals"
THOMPSON, ARMS = "thompson", "arms.json"  # a folder of the run's, and in it the digests of its arms' weights
# Of the groups: an agent that did not see them less one that did.
UNSEEN = {HELD: ("expert-fewer-products", "expert"), DEPARTMENT: ("expert-fewer-departments", "expert")}


@dataclass
class StudyRun:
    """A study under way with one seed.

    Attributes:
        study: what is compared.
        size: how much of everything.
        work: where its agents are.
        folder: its run folder.
        natural: goals in people's own words, for measuring alone; empty where there are none.
    """

    study: Study
    size: Size
    work: Workshop
    folder: Path
    natural: Sequence[Goal] = ()
    _failed: dict[str, str] = field(default_factory=dict, init=False)

    def policies(self) -> dict[str, LearnedPolicy]:
        """The study's agents; one that cannot be made is noted with the reason, and is not scored."""
        found = {}
        for name in self.study.agents:
            try:
                found[name] = self.work.made(name)
            except TrajectoryError as error:
                self._failed[name] = str(error)
        return found

    def test(self, policy: LearnedPolicy, decode: Decode = "greedy") -> Evaluation:
        """An agent on the test goals."""
        work = self.work
        return shopped(work, policy, "test", work.goals(work.data.split.test[: self.size.test_goals]), decode)

    def groups(self) -> dict[str, tuple[list[tuple[int, Goal]], str]]:
        """Test and eval goals of products and of a department that some agents never saw, and goals in other words."""
        if not self.study.groups:
            return {}
        work, data, held = self.work, self.work.data, self.work.held_products()
        kept = [*data.split.test[: self.size.test_goals], *data.split.eval[: self.size.eval_goals]]
        own = data.hashes()["goals"]
        parts = {
            HELD: ([i for i in kept if data.goals[i].asin in held], own),
            DEPARTMENT: ([i for i in kept if data.catalog[data.goals[i].asin].category == work.left_out], own),
        }
        found = {name: (work.goals(indices), of) for name, (indices, of) in parts.items() if indices}
        if self.natural:
            found[NATURAL] = (list(enumerate(self.natural)), goals_hash(self.natural))
        return found


def run_study(run: StudyRun) -> dict[str, Any]:
    """Make everything of a study that is not there yet; its results, for ``results.json``."""
    policies, work = run.policies(), run.work
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
        "not_made": run._failed,
        "demonstrations": {shown.name: work.quality(shown) for shown in _demonstrations(run)},
        "hashes": work.data.hashes(),
    }
    if run.study.groups:
        results["left_out_department"] = work.left_out
    arms = {name: policies[name] for name in run.study.arms if name in policies}
    if arms:
        with work.timed("thompson sampling"):
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
    """An agent's row; what it came from is counted in."""
    line, about = run.work.line(name), run.work.about(name)
    agents = line.values()
    return {
        **test.summary.to_json(),
        "demonstrations": sum(shown.count for shown in {agent.shown for agent in agents if agent.shown}),
        "generated": sum(agent.generated for agent in agents),
        "updates": sum(agent.updates for agent in agents),
        "own_updates": line[name].updates,
        "played": sum(agent.played + run.work.about(each).get("played", 0) for each, agent in line.items()),
        "seconds": about["seconds"],
        "processor_seconds": about["processor_seconds"],
        "weights": about["weights"],
        "commit": about["commit"],
    }


def _demonstrations(run: StudyRun) -> list[Any]:
    shown = [agent.shown for name in run.study.agents for agent in run.work.line(name).values() if agent.shown]
    return list(dict.fromkeys(shown))


def _on_groups(
    run: StudyRun, policies: Mapping[str, LearnedPolicy], rows: Mapping[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Measure the groups, note them in the agents' rows, and compare who saw them with who did not."""
    for group, (goals, of) in run.groups().items():
        found = {
            name: shopped(run.work, policy, group.replace(" ", "-"), goals, goals_hash=of)
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
    config, goals = thompson_config(run.size, run.work.seed), thompson_goals(run.size, run.work.data)
    folder, weights = run.folder / THOMPSON, {name: run.work.about(name)["weights"] for name in arms}
    if folder.is_dir() and (not (folder / ARMS).is_file() or read_json(folder / ARMS, RunError) != weights):
        shutil.rmtree(folder)  # rollouts of other agents
    write_json(folder / ARMS, weights)
    return compare_policies(arms, run.work.data, goals, config, run.folder / THOMPSON).to_json()


def thompson_config(size: Size, seed: int) -> ThompsonConfig:
    """How a seed's run is played."""
    return ThompsonConfig(rollouts=size.rollouts, batch=size.thompson_batch, runs=1, seed=seed)


def thompson_goals(size: Size, data: ShopData) -> list[int]:
    """The goals that a run draws from."""
    return list(data.split.test[: size.test_goals])


def _keep_logs(run: StudyRun, tests: Mapping[str, Evaluation]) -> None:
    """Copy the agents' episodes and logs from the folder that the studies share."""
    shared = run.work.folder
    for name in tests:
        files = [shared / "episodes" / "test" / f"{name}.jsonl.gz", *(shared / "training" / name).glob(f"**/{LOG}")]
        for file in files:
            copy = run.folder / file.relative_to(shared)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
