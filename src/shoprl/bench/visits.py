"""Sessions of simulated shoppers with a service: they ask, look, and send what they do."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from shoprl.bench.population import Population, bought
from shoprl.errors import ShopRLError
from shoprl.progress import track
from shoprl.shop.goal import Goal

BLOCK = 100  # sessions that are counted together


class Service(Protocol):
    """What shoppers need; :class:`shoprl.bench.served.Client` is one."""

    def recommend(self, request: str, seed: int, policy: str | None = None) -> Mapping[str, Any]:
        """A list."""

    def tell(self, events: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Send events."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of a session.

    Attributes:
        policy: that made the list.
        bought: whether something was bought.
        late: events that came too late to count.
    """

    policy: str
    bought: bool
    late: int = 0


def visit(service: Service, people: Population, goal: Goal, seed: int, policy: str | None = None) -> Visit:
    """One session: ask, look, and send what happened.

    Args:
        service: whom to ask.
        people: who asks.
        goal: what for.
        seed: of the list and of the shopper.
        policy: that makes the list; then nothing is sent. None for the one that the service draws.

    Raises:
        ShopRLError: the service refuses something.
    """
    answer = service.recommend(goal.instruction, seed, policy)
    reactions = people.visit(goal, answer["items"], np.random.default_rng(seed))
    if policy is not None or not reactions:
        return Visit(answer["policy"], bought(reactions))
    decision, now = answer["decision_id"], time.time()
    events = [
        {"event_id": f"{decision}-{number}", "decision_id": decision, "timestamp": now, **asdict(each)}
        for number, each in enumerate(reactions)
    ]
    became = Counter(service.tell(events))
    if set(became) - {"accepted", "late"}:
        raise ShopRLError(f"Events of decision {decision} were not kept: {dict(became)}.")
    return Visit(answer["policy"], bought(reactions), became["late"])


def visits(
    service: Service,
    people: Population,
    goals: Sequence[Goal],
    seeds: Sequence[int],
    clients: int,
    policy: str | None = None,
    label: str = "",
) -> list[Visit]:
    """Several sessions, some of them at the same time; in the order of the goals. See :func:`visit`."""
    ask = partial(visit, service, people, policy=policy)
    with ThreadPoolExecutor(clients) as pool:
        return list(track(pool.map(ask, goals, seeds), label, len(goals), "session"))


def blocks_of(made: Sequence[Visit], size: int = BLOCK) -> list[dict[str, Any]]:
    """Sessions and purchases of each policy, for so many sessions at a time."""
    rows = []
    for start in range(0, len(made), size):
        part = made[start : start + size]
        counts, sold = Counter(each.policy for each in part), Counter(each.policy for each in part if each.bought)
        rows.append({"sessions": dict(counts), "bought": {name: sold[name] for name in counts}})
    return rows
