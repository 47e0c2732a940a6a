"""Recommendations: many runs of the agent on one request, counted and ranked."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Policy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.goal import MAX_INSTRUCTION, Goal
from shoprl.shop.session import MAX_STEPS, Shop

MAX_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One line of the ranked list.

    Attributes:
        asin, title, price: the product; the price as the shop shows it.
        options: the option values that the agent chose most often with it.
        bought: in how many runs the agent bought it.
        share: the same as a share of all runs.
        probability: the policy's own: mean over those runs of the product of the chances of its decisions.
    """

    asin: str
    title: str
    price: str
    options: dict[str, str]
    bought: int
    share: float
    probability: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {name: getattr(self, name) for name in self.__slots__}


def _wish(instruction: str, shop: Shop) -> Goal:
    """A goal whose hidden part is empty: nothing but the instruction is known of what a user wants."""
    text = " ".join(instruction.split())
    if not text:
        raise ConfigError("The request is empty. Say what you are looking for.")
    if len(text) > MAX_INSTRUCTION:
        raise ConfigError(f"The request is longer than {MAX_INSTRUCTION} characters. Shorten it.")
    return Goal(
        asin="", category="", query="", name="", product_category="", instruction=text,
        attributes=("",), options=(), price_upper=float("inf"),
    )  # fmt: skip


def _usual_options(episodes: Sequence[Episode]) -> dict[str, str]:
    """The options chosen most often; of equally frequent ones the first in order."""
    counts = Counter(json.dumps(episode.options, sort_keys=True) for episode in episodes)
    usual: dict[str, str] = json.loads(min(counts, key=lambda options: (-counts[options], options)))
    return usual


def _chance(episode: Episode) -> float:
    return float(np.prod([decision.probability for decision in episode.decisions]))


def recommend(
    policy: Policy,
    shop: Shop,
    instruction: str,
    runs: int = 20,
    top: int = 10,
    seed: int = 0,
    max_steps: int = MAX_STEPS,
) -> list[Recommendation]:
    """Let the agent shop several times for a request and rank what it buys.

    Every run draws its actions from the policy, so what is bought more often is what the policy holds more likely.

    Args:
        policy: the agent.
        shop: where it shops.
        instruction: the request, in plain words.
        runs: how many times.
        top: length of the list, at most.
        seed: of the draws.
        max_steps: a run is cut after so many steps.

    Returns:
        Products by how often they were bought, then by the policy's probability; may be empty.

    Raises:
        ConfigError: the request is empty or too long, or ``runs`` or ``top`` is out of range.
    """
    if not 1 <= runs <= MAX_RUNS or top < 1:
        raise ConfigError(f"runs must be from 1 to {MAX_RUNS} and top at least 1.")
    goal = _wish(instruction, shop)
    wanted = [(index, goal) for index in range(runs)]
    episodes = run_episodes(policy, shop, wanted, seed, "sample", max_steps, "recommending")
    bought: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        if episode.asin is not None:
            bought[episode.asin].append(episode)
    found = []
    for asin, own in bought.items():
        product = shop.catalog[asin]
        probability = float(np.mean([_chance(episode) for episode in own]))
        found.append(
            Recommendation(
                asin, product.title, product.price_tag, _usual_options(own), len(own), len(own) / runs, probability
            )
        )
    return sorted(found, key=lambda r: (-r.bought, -r.probability, r.asin))[:top]
