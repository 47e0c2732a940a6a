"""Plans: how policies are made, as data. The engine (:mod:`shoprl.experiments.engine`) carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shoprl.experiments.methods import MethodConfig
from shoprl.policies.packaged import PRETRAINED


@dataclass(frozen=True)
class Shoppers:
    """Demonstrations of simulated shoppers.

    Attributes:
        count: how many.
        stream: the random stream that they are drawn from.
        skill: an expert's, or that of shoppers who succeed as often as people did.
        goals: name of the group of training goals that are shown.
        recovery: the expert's chance of a slip, recovered from, on a results page.
    """

    count: int
    stream: str
    skill: Literal["expert", "average"] = "expert"
    goals: str = "training"
    recovery: float = 0.0


@dataclass(frozen=True)
class Corrections:
    """Episodes in which an expert corrects a policy.

    Attributes:
        policy: name of the one that is corrected.
        stream: the random stream that they are drawn from.
        goals: name of the group of training goals.
        repeats: how often each decision counts.
    """

    policy: str
    stream: str
    goals: str
    repeats: int = 1


DataSet = tuple[Shoppers, ...] | Corrections


@dataclass(frozen=True)
class Recipe:
    """How a policy is made.

    Attributes:
        method: what trains it, one of :data:`shoprl.experiments.methods.METHODS`.
        config: settings of the method; its seed is the experiment's.
        start: the policy that it starts from, also its reference: another recipe's, or the package's pretrained agent;
            None for a new network.
        data: names of the data sets that it learns from.
        network: of a new policy.
        sizes: of a new network.
        stream: the random stream of a new network's weights.
        pairs: the random stream of rejected actions; the plan need not number the default one.
        temperature: at which its start's trajectories and rejected actions are drawn.
        seed_offset: added to the seed of its updates.
        pictures: name of the pictures that it looks at; empty for none.
    """

    method: str
    config: MethodConfig
    start: str | None = None
    data: tuple[str, ...] = ()
    network: str = "choice"
    sizes: Mapping[str, int] = field(default_factory=dict)
    stream: str = "network"
    pairs: str = "pairs"
    temperature: float = 1.0
    seed_offset: int = 0
    pictures: str = ""


@dataclass(frozen=True)
class Plan:
    """What an experiment makes and measures; sizes are counted in updates, episodes and goals, never in seconds.

    Attributes:
        recipes: name -> how the policy is made.
        data: name -> demonstrations.
        streams: name of a random stream -> its number; the second number of its generator's seed, after the
            experiment's own.
        products: of a generated catalogue, where no data is given.
        test_goals, eval_goals, disjoint_goals: at most so many.
        rollouts: of Thompson sampling; 0 for none.
        rollout_batch: of them between updates of the beliefs.
    """

    recipes: Mapping[str, Recipe]
    data: Mapping[str, DataSet]
    streams: Mapping[str, int]
    products: int = 2_000
    test_goals: int = 500
    eval_goals: int = 1_000
    disjoint_goals: int = 0
    rollouts: int = 0
    rollout_batch: int = 50

    def line(self, name: str) -> dict[str, Recipe]:
        """The recipes that a policy comes from, the first one first, and its own; none for the pretrained agent."""
        if name == PRETRAINED:
            return {}
        recipe = self.recipes[name]
        return {**(self.line(recipe.start) if recipe.start else {}), name: recipe}
