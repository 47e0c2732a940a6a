"""Recommendations: products ranked by how often a policy buys them for a request."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

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
        options: the option values chosen most often with it; of equally frequent ones the first in sorted order.
        bought: number of runs in which it was bought.
        share: the same as a share of all runs.
        probability: mean over those runs of the product of the decisions' probabilities. Digits after the third vary
            with the number of threads and the processor, by which matrix products are divided; the order and the JSON
            leave them out.
    """

    asin: str
    title: str
    price: str
    options: dict[str, str]
    bought: int
    share: float
    probability: float

    def to_json(self) -> dict[str, object]:
        """The recommendation as JSON, the probability to three significant digits."""
        return {name: getattr(self, name) for name in self.__slots__} | {"probability": self.shown_probability}

    @property
    def shown_probability(self) -> float:
        """The probability's three significant digits."""
        return float(f"{self.probability:.3g}")


def recommend(
    policy: Policy,
    task: ShopTask,
    request: str,
    runs: int = 20,
    top: int = 10,
    seed: int = 0,
) -> list[Recommendation]:
    """Run several episodes for a request and rank the products bought.

    Actions are sampled from the policy, so products that it considers more likely are bought more often.

    Args:
        policy: chooses the actions.
        task: the shop.
        request: what the user looks for, in natural language.
        runs: number of episodes.
        top: maximum length of the list.
        seed: of the sampled actions.

    Returns:
        Products by how often they were bought, then by probability; may be empty.

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
    for asin, purchases in bought.items():
        counts = Counter(json.dumps(episode.options, sort_keys=True) for episode in purchases)
        _, usual = min((-count, options) for options, count in counts.items())
        chances = [np.prod([decision.probability for decision in episode.decisions]) for episode in purchases]
        product = task.shop.catalog[asin]
        items.append(
            Recommendation(
                asin=asin,
                title=product.title,
                price=product.price_tag,
                options=json.loads(usual),
                bought=len(purchases),
                share=len(purchases) / runs,
                probability=float(np.mean(chances)),
            )
        )
    return sorted(items, key=lambda r: (-r.bought, -r.shown_probability, r.asin))[:top]
