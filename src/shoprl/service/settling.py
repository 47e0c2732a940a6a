"""When a comparison of a candidate with the active policy is over, and how it ended."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from shoprl.service.arms import Arm
from shoprl.service.policies import Role

SURE = 0.95  # probability of being the better one, from which on a candidate takes the active policy's place
HOPELESS = 0.05  # and below which it is off
ENOUGH, MOST = 50, 2_000  # decisions that must count of each before that, and after which one that is no better is off
DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a comparison ended.

    Attributes:
        name: the candidate.
        role: ``active``, ``off``, or ``candidate`` of one that is better and held back.
        better: the probability that it earns more than the active policy.
    """

    name: str
    role: Role
    better: float


def verdicts(
    active: Arm, candidates: list[Arm], rng: np.random.Generator, held_back: Collection[str] = ()
) -> list[Verdict]:
    """The candidates whose comparison is over; at most one of them becomes active, the likeliest.

    Args:
        active: the policy that they are compared with.
        candidates: the others.
        rng: of the posterior draws.
        held_back: names of candidates that do not become active.
    """
    mean = active.posterior.sample(rng, DRAWS)
    chances = {arm: float(np.mean(arm.posterior.sample(rng, DRAWS) > mean)) for arm in candidates}
    over: list[Verdict] = []
    for arm, better in sorted(chances.items(), key=lambda pair: (-pair[1], -pair[0].posterior.mean)):
        if min(arm.decisions, active.decisions) < ENOUGH:
            continue
        first = not any(each.role == "active" for each in over)
        if better >= SURE and arm.name in held_back:
            over.append(Verdict(arm.name, "candidate", better))
        elif better >= SURE and first:
            over.append(Verdict(arm.name, "active", better))
        elif better <= HOPELESS or arm.decisions >= MOST:
            over.append(Verdict(arm.name, "off", better))
    return over
