"""Which policy answers a request: Thompson sampling over the active policy and the candidates beside it.

Each arm has a Beta posterior of its mean reward, from decisions whose windows are over; an arm is drawn with the
probability that it is the best, and at least with a floor. The probability is logged, and the draw depends on nothing
but the counts and the seed, which are logged too (see :mod:`shoprl.evaluation.thompson.sampling`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.evaluation.thompson.posteriors import BetaPosterior
from shoprl.evaluation.thompson.sampling import PROPENSITY_DRAWS, arm_probabilities

FLOOR = 0.1  # of the requests are shared out evenly


@dataclass(frozen=True, slots=True)
class Arm:
    """A policy among others.

    Attributes:
        name, version: the policy.
        decisions: how many of its decisions count.
        reward: the sum of their rewards, each from 0 to 1.
    """

    name: str
    version: str
    decisions: int = 0
    reward: float = 0.0

    @property
    def posterior(self) -> BetaPosterior:
        """Of its mean reward; a reward between 0 and 1 counts as so much of a success."""
        return BetaPosterior(self.reward, self.decisions - self.reward)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A draw among arms.

    Attributes:
        arms: among which.
        propensities: the probability of each.
        chosen: the place of the one drawn.
        seed, floor: see :func:`allocate`.
    """

    arms: tuple[Arm, ...]
    propensities: tuple[float, ...]
    chosen: int
    seed: int
    floor: float

    @property
    def arm(self) -> Arm:
        """The one drawn."""
        return self.arms[self.chosen]

    @property
    def propensity(self) -> float:
        """Its probability."""
        return self.propensities[self.chosen]

    def to_json(self) -> dict[str, Any]:
        """As it is logged."""
        return {"arms": [asdict(arm) for arm in self.arms], "propensities": list(self.propensities)} | {
            name: getattr(self, name) for name in ("chosen", "seed", "floor")
        }


def shares(arms: Sequence[Arm], floor: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """The probability with which each arm is drawn; shape (arms,)."""
    draws = np.stack([arm.posterior.sample(rng, PROPENSITY_DRAWS) for arm in arms])
    best = arm_probabilities(np.argmax(draws, axis=0), len(arms))
    return np.asarray((1 - floor) * best + floor / len(arms))


def allocate(arms: Sequence[Arm], seed: int, floor: float = FLOOR) -> Allocation:
    """Draw an arm.

    Args:
        arms: at least one.
        seed: of the posterior draws and of the arm's.
        floor: share of the requests that are divided equally over the arms.
    """
    rng = np.random.default_rng(seed)
    chances = shares(arms, floor, rng) if len(arms) > 1 else np.ones(1)
    chosen = int(rng.choice(len(arms), p=chances))
    return Allocation(tuple(arms), tuple(chances.tolist()), chosen, seed, floor)


def replayed(logged: dict[str, Any]) -> Allocation:
    """The draw that a log tells of, made again."""
    return allocate([Arm(**arm) for arm in logged["arms"]], logged["seed"], logged["floor"])
