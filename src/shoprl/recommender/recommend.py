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
from shoprl.tasks.shop.task import ShopTask

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


def _usual_options(episodes: Sequence[Episode]) -> dict[str, str]:
    """The options chosen most often; of equally frequent ones the first in order."""
    counts = Counter(json.dumps(episode.options, sort_keys=True) for episode in episodes)
    usual: dict[str, str] = json.loads(min(counts, key=lambda options: (-counts[options], options)))
    return usual


def _chance(episode: Episode) -> float:
    return float(np.prod([decision.probability for decision in episode.decisions]))


def recommend(
    policy: Policy,
    task: ShopTask,
    request: str,
    runs: int = 20,
    top: int = 10,
    seed: int = 0,
) -> list[Recommendation]:
    """Let the agent shop several times for a request and rank what it buys.

    Every run draws its actions from the policy, so what is bought more often is what the policy holds more likely.

    Args:
        policy: the agent.
        task: where it shops.
        request: what is looked for, in plain words.
        runs: how many times.
        top: length of the list, at most.
        seed: of the draws.

    Returns:
        Products by how often they were bought, then by the policy's probability; may be empty.

    Raises:
        ConfigError: the request is empty or too long, or ``runs`` or ``top`` is out of range.
    """
    if not 1 <= runs <= MAX_RUNS or top < 1:
        raise ConfigError(f"runs must be from 1 to {MAX_RUNS} and top at least 1.")
    requests = [(index, request) for index in range(runs)]
    episodes = run_episodes(policy, task, requests, seed, "sample", "recommending")
    bought: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        if episode.asin is not None:
            bought[episode.asin].append(episode)
    items = []
    for asin, own in bought.items():
        product = task.shop.catalog[asin]
        probability = float(np.mean([_chance(episode) for episode in own]))
        items.append(
            Recommendation(
                asin, product.title, product.price_tag, _usual_options(own), len(own), len(own) / runs, probability
            )
        )
    return sorted(items, key=lambda r: (-r.bought, -r.probability, r.asin))[:top]
