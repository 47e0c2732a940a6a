"""The whole chain in one run folder: demonstrations, imitation, DPO and its control, evaluation, Thompson sampling."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import Evaluation, success_on
from shoprl.evaluation.statistics import INTERVAL_SEED, compare_paired, summarize
from shoprl.evaluation.thompson.compare import Comparison, play
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Table, here
from shoprl.experiments.budgets import Budget
from shoprl.experiments.chain import TEST_GOALS, Outcome, Run, best_of, encode, fresh, shopped, trained
from shoprl.policies.base import Policy
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.simple import RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.shop.goal import Goal
from shoprl.shop.splits import write_split
from shoprl.tasks.shop.texts import wishes
from shoprl.training.dpo import preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, average_skill, demonstrations

TRAINED = ("imitation", "dpo", "control", "imitation_expert")


@dataclass
class ChainRun(Run):
    """A reproduction of the chain under way.

    Attributes:
        budget: sizes.
    """

    budget: Budget = field(kw_only=True)

    def disjoint_goals(self) -> list[tuple[int, Goal]]:
        """Goals on products that no training goal asks for, outside the standard test and eval goals."""
        if self.data.disjoint is None:
            return []
        standard = set(self.data.split.train)
        return self.goals([i for i in self.data.disjoint.test if i in standard][: self.budget.disjoint_goals])

    def eval_goals(self) -> list[tuple[int, Goal]]:
        """Goals to choose the best policy on."""
        return self.goals(self.data.split.eval[: self.budget.eval_goals])

    def training_goals(self) -> list[int]:
        """Standard training goals but for those whose product the disjoint split holds out for testing."""
        held = set(self.data.disjoint.test) if self.data.disjoint is not None else set()
        return [index for index in self.data.split.train if index not in held]


@dataclass(frozen=True)
class Demonstrated:
    """Demonstrations, what is learned from them, and the products that they asked for or bought."""

    skill: float
    episodes: Sequence[Episode]
    examples: Sequence[Example]
    products: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """What kind of demonstrations they are."""
        summary = summarize(self.episodes, np.random.default_rng(INTERVAL_SEED))
        return {
            "demonstrations": len(self.episodes),
            "decisions": len(self.examples),
            "products": len(self.products),
            "skill": self.skill,
            "success_rate": summary.success_rate.value,
            "score": summary.score.value,
        }


def _demonstrate(run: ChainRun, name: str, purpose: int, skill: Callable[[], float], recovery: float) -> Demonstrated:
    """Make demonstrations, or read those a killed run left."""
    goals, count = run.data.goals, run.budget.demonstrations
    with run.timed("demonstrations"):
        level = skill()
        episodes = run.kept(
            name,
            lambda: demonstrations(run.task, goals, run.training_goals(), count, level, run.rng(purpose), recovery),
        )
        data = examples(run.task, goals, episodes)
    asked = {goals[episode.goal_index].asin for episode in episodes}
    bought = {episode.asin for episode in episodes if episode.asin is not None}
    return Demonstrated(level, episodes, data, frozenset(asked | bought))


def _imitate(run: ChainRun, name: str, of: Demonstrated, config: ImitationConfig, start: ChoicePolicy) -> ChoicePolicy:
    def make(folder: Path) -> ChoicePolicy:
        train_imitation(start, of.examples, replace(config, seed=run.seed), folder, name)
        return start

    return trained(run, name, make, {"demonstrations": len(of.episodes), "updates": config.updates})


def _prefer(run: ChainRun, of: Demonstrated, reference: ChoicePolicy) -> ChoicePolicy:
    config = run.budget.dpo
    about: dict[str, Any] = {"demonstrations": len(of.episodes), "updates": config.updates}

    def make(folder: Path) -> ChoicePolicy:
        pairs, skipped = preference_pairs(reference, of.examples, config, run.rng(5))
        about.update(pairs=len(pairs), skipped=skipped)
        policy = copy_of(reference, "dpo")
        train_dpo(policy, pairs, replace(config, seed=run.seed), folder)
        return policy

    return trained(run, "dpo", make, about)


def _agent(
    run: ChainRun, policy: Policy, test: Evaluation, learned: Demonstrated | None, updates: int
) -> dict[str, Any]:
    """An agent's row of the results."""
    row = {**test.summary.to_json(), "demonstrations": len(learned.episodes) if learned else 0, "updates": updates}
    unseen, count = success_on(test.episodes, run.data.goals, learned.products if learned else ())
    row["unseen_products"] = {"success_rate": unseen.value if unseen else None, "n": count}
    if unseen is not None:
        row["unseen_products"]["success_rate_interval"] = [unseen.low, unseen.high]
    goals = run.disjoint_goals()
    if goals:
        apart = shopped(run, policy, "disjoint", goals).summary
        row["disjoint"] = {
            "success_rate": apart.success_rate.value,
            "success_rate_interval": [apart.success_rate.low, apart.success_rate.high],
            "score": apart.score.value,
            "n": apart.episodes,
        }
    return row


def _thompson(run: ChainRun, arms: Sequence[Policy]) -> Comparison:
    config = ThompsonConfig(rollouts=run.budget.rollouts, runs=1, batch=50, seed=run.seed)
    goals, folder = run.data.split.test[:TEST_GOALS], run.folder / "thompson"
    table = Table({arm.name: arm for arm in arms}, run.data)
    with run.timed("thompson sampling"), here(table) as submit:
        return play(list(table.policies), goals, config, folder, submit)


def _on_eval(run: ChainRun, policies: Mapping[str, ChoicePolicy]) -> dict[str, Evaluation]:
    """What the best policy is chosen by."""
    return {name: shopped(run, policy, "eval", run.eval_goals()) for name, policy in policies.items()}


def reproduce(run: ChainRun) -> Outcome:
    """Make every step of the chain that the run folder does not hold yet.

    Raises:
        RunError: the splits leave nothing to train on.
    """
    if not run.training_goals():
        raise RunError("The splits leave no training goal. Bring more goals.")
    write_split(run.folder / "split.json", run.data.split)
    if run.data.disjoint is not None:
        write_split(run.folder / "split_disjoint.json", run.data.disjoint)
    budget = run.budget
    average = _demonstrate(run, "average", 1, lambda: _skill(run), 0.0)
    expert = _demonstrate(run, "expert", 2, lambda: EXPERT, budget.recovery)
    shown = [episode.goal_index for part in (average, expert) for episode in part.episodes]
    held = [index for index, _ in run.test_goals() + run.eval_goals() + run.disjoint_goals()]
    encode(run, wishes(run.data.goals, shown + held))
    imitation = _imitate(run, "imitation", average, budget.imitation, fresh(run, "imitation", 3))
    policies = {
        "imitation": imitation,
        "dpo": _prefer(run, average, imitation),
        "control": _imitate(run, "control", average, budget.control(), copy_of(imitation, "control")),
        "imitation_expert": _imitate(run, "imitation_expert", expert, budget.expert, fresh(run, "imitation_expert", 4)),
    }
    rule = RulePolicy()
    everyone: list[Policy] = [rule, *policies.values()]
    tests = {p.name: shopped(run, p, "test", run.test_goals()) for p in everyone}
    first, more = budget.imitation.updates, budget.dpo.updates
    updates = dict(zip(TRAINED, (first, first + more, first + more, budget.expert.updates), strict=True))
    agents = {"rule": _agent(run, rule, tests["rule"], None, 0)}
    for name, policy in policies.items():
        learned = expert if name == "imitation_expert" else average
        agents[name] = _agent(run, policy, tests[name], learned, updates[name])
    on_eval = _on_eval(run, policies)
    thompson = _thompson(run, everyone)
    comparison = compare_paired(tests["dpo"].episodes, tests["control"].episodes)
    results = {
        "agents": agents,
        "comparison": {"of": "dpo less control, same test goals", **comparison.to_json()},
        "best_policy": f"policies/{best_of(on_eval)}",
        "chosen_on_eval_goals": {name: found.summary.to_json() for name, found in on_eval.items()},
        "demonstrations": {"average": average.to_json(), "expert": expert.to_json()},
        "thompson": thompson.to_json(),
        "hashes": run.data.hashes(),
    }
    return Outcome(results, tests, TRAINED, thompson)


def _skill(run: ChainRun) -> float:
    return average_skill(run.task, run.data.goals, run.training_goals(), run.rng(0))
