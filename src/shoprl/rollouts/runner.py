"""Runs many episodes of a policy at once, one model pass for all that are still shopping."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Decode, Policy
from shoprl.progress import bar
from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Session, Shop
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.state import Tracker

PARALLEL = 64  # episodes under way at once
Seeds = int | Sequence[Sequence[int]]


@dataclass
class _Trip:
    """An episode under way."""

    goal_index: int
    session: Session
    tracker: Tracker
    rng: np.random.Generator
    decisions: list[Decision]

    def over(self) -> bool:
        return self.session.done or self.tracker.steps >= self.tracker.max_steps


def finished_episode(
    goal_index: int, session: Session, decisions: Sequence[Decision], slips: Sequence[int] = ()
) -> Episode:
    """The record of a session that is over, whoever shopped in it."""
    purchase = session.purchase if session.done else None
    product = session.page.product if purchase else None
    return Episode(
        goal_index=goal_index,
        decisions=tuple(decisions),
        reward=float(purchase.total) if purchase else 0.0,
        done=session.done,
        components=purchase.components() if purchase else {},
        asin=product.asin if product else None,
        options=dict(session.page.options) if purchase else {},
        slips=tuple(slips),
    )


def _trips(
    policy: Policy, shop: Shop, goals: Sequence[tuple[int, Goal]], seed: Seeds, max_steps: int
) -> Iterator[tuple[int, _Trip]]:
    for position, (index, goal) in enumerate(goals):
        tracker = Tracker(policy.queries(parse_instruction(goal.instruction)), max_steps)
        rng = np.random.default_rng([seed, index, position] if isinstance(seed, int) else list(seed[position]))
        yield position, _Trip(index, Session(shop, goal), tracker, rng, [])


def _advance(policy: Policy, trips: Sequence[_Trip], decode: Decode) -> None:
    states = [trip.tracker.state(trip.session.page) for trip in trips]
    choices = policy.act(states, [trip.rng for trip in trips], decode)
    for trip, state, choice in zip(trips, states, choices, strict=True):
        trip.decisions.append(Decision(state.page, choice.action, len(state.candidates), choice.probability))
        trip.tracker.took(trip.session.page, choice.action)
        trip.session.step(choice.action)


def run_episodes(
    policy: Policy,
    shop: Shop,
    goals: Sequence[tuple[int, Goal]],
    seed: Seeds,
    decode: Decode = "greedy",
    max_steps: int = MAX_STEPS,
    what: str | None = None,
) -> list[Episode]:
    """Let a policy shop for each goal.

    Args:
        policy: who acts.
        shop: where.
        goals: (index in its goal list, goal); a goal may occur several times.
        seed: each episode draws from its own generator, made of the seed, its goal index and its position; or, of a
            sequence, of the numbers given for it.
        decode: greedy or sampled actions.
        max_steps: an episode is cut after so many steps.
        what: label of the progress bar; the policy's name by default, no bar where it is empty.

    Returns:
        One episode a goal, in the order of ``goals``.
    """
    if max_steps < 1 or (isinstance(seed, int) and seed < 0):
        raise ConfigError(f"max_steps {max_steps} must be at least 1, seed {seed} at least 0.")
    if not isinstance(seed, int) and len(seed) != len(goals):
        raise ConfigError(f"Each episode needs its seed; found {len(goals)} goals and {len(seed)} seeds.")
    done: dict[int, Episode] = {}
    waiting = _trips(policy, shop, goals, seed, max_steps)
    running: list[tuple[int, _Trip]] = []
    label = f"episodes of {policy.name}" if what is None else what
    with bar(len(goals), label, "episode", hidden=not label) as progress:
        while len(done) < len(goals):
            running += itertools.islice(waiting, PARALLEL - len(running))
            _advance(policy, [trip for _, trip in running], decode)
            for position, trip in running:
                if trip.over():
                    done[position] = finished_episode(trip.goal_index, trip.session, trip.decisions)
                    progress.update()
            running = [(position, trip) for position, trip in running if not trip.over()]
    return [done[position] for position in range(len(goals))]
