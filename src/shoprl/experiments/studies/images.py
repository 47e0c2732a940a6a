"""Study: image features on and off, and on with the pictures shuffled, on a shop whose pictures matter.

The pictures are drawn and their encoder is small and fixed (:mod:`shoprl.experiments.studies.pictures`): the study
shows whether the choice network can use what a picture shows, not what photographs would be worth to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from shoprl.evaluation.results import Difference, PolicyRow, RunResults
from shoprl.evaluation.statistics import compare_paired
from shoprl.experiments.engine import Experiment
from shoprl.experiments.plan import Plan, Recipe, Shoppers
from shoprl.experiments.studies.picture_shop import picture_shop
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import write_split
from shoprl.training.imitation import ImitationConfig

ON, OFF, SHUFFLED = "pictures_on", "pictures_off", "pictures_shuffled"
COMPARED = ((ON, OFF), (ON, SHUFFLED), (SHUFFLED, OFF))
STREAMS = {"demonstrations": 1, "network": 2, "shuffling": 3}


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        families: of four products that only their pictures tell apart.
        requests: requests for each product.
        shop_seed: of the shop, which is the same for every seed of the study.
        demonstrations: of an expert, the same for every policy.
        recovery: the expert's chance of opening a wrong product first, so that looking and going back is shown. Where
            it is so high that most products opened are wrong, a policy that sees nothing goes back until time is up,
            and does worse than by buying what it opened first.
        imitation: settings of every policy's training.
    """

    families: int = 90
    requests: int = 4
    shop_seed: int = 0
    demonstrations: int = 1_600
    recovery: float = 0.4
    imitation: ImitationConfig = field(default_factory=lambda: ImitationConfig(updates=1_000, learning_rate=2e-3))

    def plan(self) -> Plan:
        """A policy with pictures, one without and one with shuffled ones; all but for those layers start the same."""
        blind = Recipe("imitation", self.imitation, data=("expert",))
        seeing = replace(blind, sizes={"image": True})
        return Plan(
            recipes={ON: replace(seeing, pictures=ON), OFF: blind, SHUFFLED: replace(seeing, pictures=SHUFFLED)},
            data={"expert": (Shoppers(self.demonstrations, "demonstrations", recovery=self.recovery),)},
            streams=STREAMS,
        )


SIZES: Mapping[str, Sizes] = {
    # For tests: everything happens, nothing is learned.
    "tiny": Sizes(
        families=6,
        requests=1,
        demonstrations=12,
        recovery=0.7,
        imitation=ImitationConfig(updates=6, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
    ),
}


def run(folder: Path, seed: int, sizes: Sizes | None = None) -> RunResults:
    """Make every step of the study that the run folder does not hold yet.

    Args:
        folder: the run folder.
        seed: of the demonstrations, the weights, the batches and the shuffling.
        sizes: other ones need another folder.

    Returns:
        Its policies on the test goals, and their differences on the same goals with 95% intervals.
    """
    sizes = sizes or Sizes()
    shop = picture_shop(sizes.families, sizes.requests, sizes.shop_seed)
    experiment = Experiment(folder, shop.data, seed, sizes.plan())
    experiment.pictures = {ON: shop.pictures, SHUFFLED: shop.shuffled(experiment.rng("shuffling"))}
    write_goals(folder / "goals.jsonl.gz", shop.data.goals)
    write_split(folder / "split.json", shop.data.split)
    policies = {name: experiment.policy(name) for name in experiment.plan.recipes}
    goals = experiment.test_goals()
    tests = {name: experiment.evaluate(policy, "test", goals) for name, policy in policies.items()}
    rows = {
        name: replace(
            PolicyRow.of(test.summary),
            demonstrations=sizes.demonstrations,
            updates=sizes.imitation.updates,
            seconds=experiment.record(name).seconds,
        )
        for name, test in tests.items()
    }
    differences = tuple(
        Difference.between(
            compare_paired(tests[first].episodes, tests[second].episodes), f"{first} less {second}".replace("_", " ")
        )
        for first, second in COMPARED
    )
    return RunResults(
        agents=rows, comparisons=differences, hashes=shop.data.hashes(), wall_seconds=experiment.seconds()
    )
