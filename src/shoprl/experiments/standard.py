"""The recipe of the best agent that two processor cores make within 45 minutes: ``shoprl reproduce --budget standard``.

An expert's demonstrations on the training goals, half of them worded as people ask, are imitated. Then the agent shops
for more training goals, an expert corrects it where it goes wrong, and it continues to learn from the corrections and
the demonstrations together. Which of the two agents is kept is decided on the eval goals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from shoprl.errors import RunError
from shoprl.evaluation.results import Measurement, PolicyRow, RunResults
from shoprl.experiments.engine import Experiment, ExperimentOutcome, best_of
from shoprl.experiments.plan import Corrections, Plan, Recipe, Shoppers
from shoprl.policies.simple import RuleOptionsPolicy, RulePolicy
from shoprl.shop.data import ShopData
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import write_split
from shoprl.tasks.shop.texts import wishes
from shoprl.training.imitation import ImitationConfig
from shoprl.trajectories.rewording import with_reworded

STREAMS = {
    "often goals": 1,
    "even demonstrations": 2,
    "often demonstrations": 3,
    "reworded demonstrations": 4,
    "network": 5,
    "corrected goals": 6,
    "corrections": 7,
    "rewording": 9,
}


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        wordings: how often each training goal is reworded.
        even: demonstrations on the training goals as they are, evenly over products.
        often: on as many of them drawn at random: a product with many goals is shown as often as it is asked for.
        reworded: on reworded ones, evenly over products.
        recovery: the expert's chance of a slip, recovered from, on a results page.
        imitation: settings of imitation.
        corrected_own, corrected_reworded: goals that the agent is corrected on, drawn at random.
        repeats: how often each decision of a corrected episode counts.
        correction: settings of the imitation that continues with the corrections.
        products: of a generated catalogue.
        eval_goals: goals on which the kept agent is chosen.
    """

    wordings: int = 2
    even: int = 2_000
    often: int = 2_500
    reworded: int = 5_000
    recovery: float = 0.3
    imitation: ImitationConfig = field(default_factory=lambda: ImitationConfig(updates=5_000, checkpoint_every=500))
    corrected_own: int = 3_000
    corrected_reworded: int = 4_000
    repeats: int = 2
    correction: ImitationConfig = field(
        default_factory=lambda: ImitationConfig(updates=2_000, learning_rate=6e-4, checkpoint_every=500)
    )
    products: int = 2_000
    eval_goals: int = 1_000

    def plan(self) -> Plan:
        """The recipe at these sizes."""
        shoppers = partial(Shoppers, recovery=self.recovery)
        return Plan(
            recipes={
                "imitation": Recipe("imitation", self.imitation, data=("expert",)),
                "corrected": Recipe("imitation", self.correction, "imitation", ("expert", "corrected"), seed_offset=1),
            },
            data={
                "expert": (
                    shoppers(self.even, "even demonstrations", goals="own"),
                    shoppers(self.often, "often demonstrations", goals="often"),
                    shoppers(self.reworded, "reworded demonstrations", goals="reworded"),
                ),
                "corrected": Corrections("imitation", "corrections", "corrected", self.repeats),
            },
            streams=STREAMS,
            products=self.products,
            eval_goals=self.eval_goals,
        )


SIZES = Sizes()


def standard_experiment(folder: Path, given: ShopData, seed: int, sizes: Sizes | None = None) -> Experiment:
    """Reword the training goals of a shop and prepare the recipe in a folder.

    Raises:
        RunError: there is no training goal.
    """
    if not given.split.train:
        raise RunError("The splits leave no training goal. Bring more goals.")
    sizes = sizes or SIZES
    data = with_reworded(given, sizes.wordings, np.random.default_rng([seed, STREAMS["rewording"]]))

    def part(own: bool) -> list[int]:
        return [index for index in data.split.train if (index < len(given.goals)) == own]

    def drawn(rng: np.random.Generator, indices: list[int], count: int) -> list[int]:
        return [indices[i] for i in rng.permutation(len(indices))[:count]]

    def often(experiment: Experiment) -> list[int]:
        return drawn(experiment.rng("often goals"), part(True), sizes.often)

    def corrected(experiment: Experiment) -> list[int]:
        rng = experiment.rng("corrected goals")
        return drawn(rng, part(True), sizes.corrected_own) + drawn(rng, part(False), sizes.corrected_reworded)

    def texts(experiment: Experiment) -> Iterator[str]:
        shown = [episode.goal_index for episode in experiment.episodes("expert")]
        measured = [index for index, _ in (*experiment.eval_goals(), *experiment.test_goals())]
        return wishes(data.goals, [*shown, *corrected(experiment), *measured])

    groups = {"own": lambda _: part(True), "reworded": lambda _: part(False), "often": often, "corrected": corrected}
    return Experiment(folder, data, seed, sizes.plan(), groups, texts)


def make_agent(experiment: Experiment, given: ShopData) -> ExperimentOutcome:
    """Make every step of the recipe that the folder does not hold yet, and measure the kept agent once.

    Args:
        experiment: see :func:`standard_experiment`.
        given: the shop without the reworded goals.
    """
    write_goals(experiment.folder / "goals.jsonl.gz", experiment.data.goals)
    write_split(experiment.folder / "split.json", experiment.data.split)
    policies = {name: experiment.policy(name) for name in experiment.plan.recipes}
    eval_goals, test_goals = experiment.eval_goals(), experiment.test_goals()
    on_eval = {name: experiment.evaluate(policy, "eval", eval_goals) for name, policy in policies.items()}
    best = best_of(on_eval)
    measured = (RulePolicy(), RuleOptionsPolicy(), policies[best])
    tests = {policy.name: experiment.evaluate(policy, "test", test_goals) for policy in measured}
    sampled = experiment.evaluate(policies[best], "test", test_goals, "sample")
    evaluations = {**tests, f"{best}, sampled": sampled}
    results = RunResults(
        agents={name: PolicyRow.of(each.summary) for name, each in evaluations.items()},
        best_policy=f"policies/{best}",
        chosen_on_eval_goals={name: Measurement.of(each.summary) for name, each in on_eval.items()},
        demonstrations={
            "episodes": len(experiment.episodes("expert")),
            "decisions": len(experiment.examples("expert")),
            "corrected_episodes": len(experiment.episodes("corrected")),
        },
        hashes=given.hashes(),
        training_hashes=experiment.data.hashes(),
    )
    return ExperimentOutcome(results, tests)
