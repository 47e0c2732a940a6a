"""The quick recipe: demonstrations, imitation, DPO and its control, an expert's imitator; compared on test goals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import Evaluation, success_on
from shoprl.evaluation.results import (
    DemonstrationsRow,
    Difference,
    Measurement,
    PolicyRow,
    RunResults,
    ThompsonResults,
    UnseenProducts,
)
from shoprl.evaluation.statistics import INTERVAL_SEED, compare_paired, summarize
from shoprl.evaluation.thompson.compare import ArmComparison, play
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Worker, here
from shoprl.experiments.engine import Experiment, ExperimentOutcome, best_of
from shoprl.experiments.plan import Plan, Recipe, Shoppers
from shoprl.policies.base import Policy
from shoprl.policies.packaged import PRETRAINED
from shoprl.policies.simple import RuleOptionsPolicy, RulePolicy
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.shop.splits import write_split
from shoprl.tasks.shop.texts import wishes
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import LoopConfig

STREAMS = {
    "skill": 0,
    "average demonstrations": 1,
    "expert demonstrations": 2,
    "imitation network": 3,
    "expert network": 4,
    "pairs": 5,
}


def _plan(
    demonstrations: int,
    imitation: ImitationConfig,
    expert: ImitationConfig,
    dpo: DPOConfig,
    pretrained: ImitationConfig | None = None,
    **sizes: int,
) -> Plan:
    """The recipe at some sizes; the control makes as many updates as DPO, with every setting that both share.

    With ``pretrained``, the package's agent is measured too, as it is and after it has learned from the experts.
    """
    control = ImitationConfig(**{each.name: getattr(dpo, each.name) for each in fields(LoopConfig)})
    shown = "not held out"
    started = Recipe("imitation", pretrained, PRETRAINED, ("expert",)) if pretrained else None
    return Plan(
        recipes={
            "imitation": Recipe("imitation", imitation, data=("average",), stream="imitation network"),
            "dpo": Recipe("dpo", dpo, "imitation", ("average",)),
            "control": Recipe("imitation", control, "imitation", ("average",)),
            "imitation_expert": Recipe("imitation", expert, data=("expert",), stream="expert network"),
            **({"pretrained_expert": started} if started else {}),
        },
        data={
            "average": (Shoppers(demonstrations, "average demonstrations", "average", shown),),
            "expert": (Shoppers(demonstrations, "expert demonstrations", "expert", shown, recovery=0.3),),
        },
        streams=STREAMS,
        **sizes,
    )


C = TypeVar("C", bound=LoopConfig)


def _tiny(config: C) -> C:
    return replace(config, batch_size=4, checkpoint_every=2, log_every=2, warmup=2)


PLANS: Mapping[str, Plan] = {
    "quick": _plan(
        1_200,
        ImitationConfig(updates=600),
        ImitationConfig(updates=900),
        DPOConfig(updates=300),
        pretrained=ImitationConfig(updates=600, learning_rate=3e-4),
        products=2_000,
        eval_goals=200,
        disjoint_goals=200,
        rollouts=600,
    ),
    # For tests: everything happens, nothing is learned well.
    "tiny": _plan(
        30,
        _tiny(ImitationConfig(updates=6)),
        _tiny(ImitationConfig(updates=6)),
        _tiny(DPOConfig(updates=4)),
        products=120,
        eval_goals=8,
        disjoint_goals=8,
        rollouts=24,
    ),
}


def _shown_goals(experiment: Experiment) -> list[int]:
    """Standard training goals but for those whose product the disjoint split holds out for testing."""
    data = experiment.data
    held = set(data.disjoint.test) if data.disjoint is not None else set()
    return [index for index in data.split.train if index not in held]


def _disjoint_goals(experiment: Experiment) -> list[tuple[int, Goal]]:
    """Goals on products that no training goal asks for, outside the standard test and eval goals."""
    data = experiment.data
    if data.disjoint is None:
        return []
    standard = set(data.split.train)
    return experiment.goals([i for i in data.disjoint.test if i in standard][: experiment.plan.disjoint_goals])


def _texts(experiment: Experiment) -> Iterator[str]:
    """What the goals that are shown or measured ask for."""
    shown = [episode.goal_index for name in experiment.plan.data for episode in experiment.episodes(name)]
    measured = [*experiment.test_goals(), *experiment.eval_goals(), *_disjoint_goals(experiment)]
    return wishes(experiment.data.goals, [*shown, *(index for index, _ in measured)])


def quick_experiment(folder: Path, data: ShopData, seed: int, plan: Plan) -> Experiment:
    """The recipe in a folder."""
    return Experiment(folder, data, seed, plan, {"not held out": _shown_goals}, _texts)


def _quality(experiment: Experiment, name: str) -> DemonstrationsRow:
    """How good demonstrations are."""
    episodes = experiment.episodes(name)
    summary = summarize(episodes, np.random.default_rng(INTERVAL_SEED))
    (part,) = (each for each in experiment.plan.data[name] if isinstance(each, Shoppers))  # type: ignore[union-attr]
    return DemonstrationsRow(
        demonstrations=len(episodes),
        decisions=len(experiment.examples(name)),
        products=len(_products(experiment, name)),
        skill=experiment.skill(part),
        success_rate=summary.success_rate.value,
        score=summary.score.value,
    )


def _products(experiment: Experiment, name: str) -> frozenset[str]:
    """The products that demonstrations asked for or bought."""
    goals, episodes = experiment.data.goals, experiment.episodes(name)
    asked = {goals[episode.goal_index].asin for episode in episodes}
    return frozenset(asked | {episode.asin for episode in episodes if episode.asin is not None})


def _row(experiment: Experiment, policy: Policy, test: Evaluation) -> PolicyRow:
    """A policy's row of the results."""
    recipes = experiment.plan.line(policy.name) if policy.name in experiment.plan.recipes else {}
    shown = sorted({name for recipe in recipes.values() for name in recipe.data})
    products = frozenset().union(*(_products(experiment, name) for name in shown))
    unseen, count = success_on(test.episodes, experiment.data.goals, products)
    goals, apart = _disjoint_goals(experiment), None
    if goals:
        summary = experiment.evaluate(policy, "disjoint", goals).summary
        apart = replace(Measurement.of(summary), episodes=None, score_interval=None, n=summary.episodes)
    return replace(
        PolicyRow.of(test.summary),
        demonstrations=sum(len(experiment.episodes(name)) for name in shown),
        updates=sum(recipe.config.all_updates for recipe in recipes.values()),
        unseen_products=UnseenProducts(
            success_rate=unseen.value if unseen else None,
            success_rate_interval=(unseen.low, unseen.high) if unseen else None,
            n=count,
        ),
        disjoint=apart,
    )


def _thompson(experiment: Experiment, arms: Sequence[Policy]) -> ArmComparison:
    plan, test = experiment.plan, experiment.data.split.test
    config = ThompsonConfig(rollouts=plan.rollouts, runs=1, batch=plan.rollout_batch, seed=experiment.seed)
    worker = Worker({arm.name: arm for arm in arms}, experiment.data)
    with experiment.timed("thompson sampling"), here(worker) as submit:
        return play(list(worker.policies), test[: plan.test_goals], config, experiment.folder / "thompson", submit)


def reproduce(experiment: Experiment) -> ExperimentOutcome:
    """Make and measure what the folder does not hold yet.

    Raises:
        RunError: the splits leave nothing to train on.
    """
    data, folder = experiment.data, experiment.folder
    if not _shown_goals(experiment):
        raise RunError("The splits leave no training goal. Bring more goals.")
    write_split(folder / "split.json", data.split)
    if data.disjoint is not None:
        write_split(folder / "split_disjoint.json", data.disjoint)
    trained = {name: experiment.policy(name) for name in experiment.plan.recipes}
    rule = RulePolicy()
    given = (
        [experiment.policy(PRETRAINED)] if any(r.start == PRETRAINED for r in experiment.plan.recipes.values()) else []
    )
    policies: list[Policy] = [rule, RuleOptionsPolicy(), *given, *trained.values()]
    tests = {policy.name: experiment.evaluate(policy, "test", experiment.test_goals()) for policy in policies}
    rows = {policy.name: _row(experiment, policy, tests[policy.name]) for policy in policies}
    on_eval = {name: experiment.evaluate(policy, "eval", experiment.eval_goals()) for name, policy in trained.items()}
    thompson = _thompson(experiment, [rule, *trained.values()])
    comparison = compare_paired(tests["dpo"].episodes, tests["control"].episodes)
    results = RunResults(
        agents=rows,
        comparison=Difference.between(comparison, of="dpo less control, same test goals"),
        best_policy=f"policies/{best_of(on_eval)}",
        chosen_on_eval_goals={name: Measurement.of(each.summary) for name, each in on_eval.items()},
        demonstrations={name: _quality(experiment, name) for name in experiment.plan.data},
        thompson=ThompsonResults.of(thompson),
        hashes=data.hashes(),
    )
    return ExperimentOutcome(results, tests, thompson)
