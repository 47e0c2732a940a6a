"""Lists of a small match policy, and people who like red things whatever they ask for."""

import numpy as np
import torch

from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.training.lists import ShownList, order_weight, scale_of
from tests.support.matching import shown

NOUNS = ("mug", "lamp", "shoe", "bag", "chair", "hat", "pen", "rug")
COLOURS = ("red", "blue", "green", "black")
TEMPERATURE = 0.1


def titles(rng: np.random.Generator, count: int = 4) -> list[str]:
    """As many titles, each with a colour."""
    return [f"{COLOURS[rng.integers(4)]} {NOUNS[rng.integers(8)]} {rng.integers(1_000)}" for _ in range(count)]


def red_lists(
    policy: MatchPolicy, count: int, seed: int = 0, temperature: float | None = TEMPERATURE
) -> list[ShownList]:
    """Lists that were drawn by a policy's fits, of which the first red thing is taken, and else nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        state = shown(f"a {NOUNS[rng.integers(8)]}", *titles(rng))
        policy.prepare([state])
        with torch.no_grad():
            fits = torch.sigmoid(policy.logits_and_fits([state])[1])[0].double().numpy()
        weights = np.exp(fits / TEMPERATURE)
        order = rng.choice(4, size=4, replace=False, p=weights / weights.sum()).tolist()
        left = [weights[order[place:]].sum() for place in range(4)]
        chances = np.array([weights[own] / rest for own, rest in zip(order, left, strict=True)])
        rest, others = scale_of(chances, fits[order], TEMPERATURE) if temperature else (np.zeros(4), 1e-12)
        red = [state.texts[own].startswith("red") for own in order]
        at = red.index(True) if any(red) else 3
        rewards = np.zeros(4)
        rewards[at] = float(any(red))
        pairs = tuple((at, place) for place in range(at)) if any(red) else ()
        scores = fits[order] + rest
        made.append(
            ShownList(
                states=(state,),
                rows=tuple((0, own) for own in order),
                fits=fits[order],
                rest=rest,
                others=others,
                temperature=temperature,
                propensities=chances if temperature else np.ones(4),
                seen=np.arange(4) <= at,
                rewards=rewards,
                pairs=pairs,
                weights=tuple(order_weight(scores[low], scores[high], TEMPERATURE) for high, low in pairs),
            )
        )
    return made
