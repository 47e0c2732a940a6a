"""Corrections: an expert takes over where an agent goes wrong (after DAgger, arXiv 1011.0686).

The agent shops by its own choices. On its way to an item it may go wrong: those steps are slips, which happened but
are not to be learned. Where it would then do anything else than the expert on an item's page, or buy nothing before
the steps run out, the expert acts from there on. So the agent is shown the way back from its own mistakes, which are
seldom those that a demonstrator makes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Choice
from shoprl.policies.learned import LearnedPolicy
from shoprl.progress import bar
from shoprl.rollouts.records import Decision, Episode
from shoprl.rollouts.runner import PARALLEL, finished_episode
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Session, Shop
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.state import State, Tracker
from shoprl.trajectories.shoppers import EXPERT, Shopper, habits

NEEDED = 8  # steps kept for the expert to buy in


@dataclass
class _Trip:
    """A trip under way."""

    goal_index: int
    session: Session
    tracker: Tracker
    expert: Shopper
    rng: np.random.Generator
    decisions: list[Decision] = field(default_factory=list)
    slips: list[int] = field(default_factory=list)
    corrected: bool = False
    taken_over: bool = False

    def over(self) -> bool:
        return self.session.done or self.tracker.steps >= self.tracker.max_steps

    def propose(self, state: State, choice: Choice) -> None:
        """Take the agent's action, unless the expert takes over."""
        page, right = self.session.page, self.expert.act(self.session.page, state.steps_left)
        differs = choice.action != right
        self.corrected |= differs
        self.taken_over = (differs and page.kind == "item") or state.steps_left <= NEEDED
        if self.taken_over:
            self._take(state, right, 1.0)
            return
        if differs:
            self.slips.append(self.tracker.steps)
        self._take(state, choice.action, choice.probability)

    def finish(self) -> None:
        """Let the expert go on to the end."""
        while not self.over():
            state = self.tracker.state(self.session.page)
            self._take(state, self.expert.act(self.session.page, state.steps_left), 1.0)

    def _take(self, state: State, action: str, probability: float) -> None:
        self.decisions.append(Decision(state.page, action, len(state.candidates), probability))
        self.tracker.took(self.session.page, action)
        self.session.step(action)


def _trip(policy: LearnedPolicy, shop: Shop, index: int, goal: Goal, rng: np.random.Generator, max_steps: int) -> _Trip:
    queries = policy.queries(parse_instruction(goal.instruction))
    expert = Shopper(goal, shop, queries[0], habits(EXPERT), 0.0, rng)
    return _Trip(index, Session(shop, goal), Tracker(queries, max_steps), expert, rng)


def corrected_trips(
    policy: LearnedPolicy,
    shop: Shop,
    goals: Sequence[tuple[int, Goal]],
    rng: np.random.Generator,
    max_steps: int = MAX_STEPS,
) -> list[Episode]:
    """Let an agent shop, its actions drawn, with an expert who takes over where it goes wrong.

    Args:
        policy: the agent.
        shop: where.
        goals: (index in its goal list, goal); training goals alone.
        rng: seeds each trip's own generator.
        max_steps: a trip is cut after so many steps.

    Returns:
        The trips on which the expert would have done something else than the agent, in the order of ``goals``.

    Raises:
        ConfigError: the agent chooses among a query policy's queries; the expert knows what one search finds.
    """
    if policy.offer is not None:
        raise ConfigError("Corrections are for an agent with one query. Give it without its query policy.")
    kept: list[Episode] = []
    with bar(len(goals), "corrections", "trip") as progress:
        for start in range(0, len(goals), PARALLEL):
            part = goals[start : start + PARALLEL]
            owns = zip(part, rng.spawn(len(part)), strict=True)
            trips = [_trip(policy, shop, index, goal, own, max_steps) for (index, goal), own in owns]
            while running := [trip for trip in trips if not (trip.over() or trip.taken_over)]:
                states = [trip.tracker.state(trip.session.page) for trip in running]
                choices = policy.act(states, [trip.rng for trip in running], "sample")
                for trip, state, choice in zip(running, states, choices, strict=True):
                    trip.propose(state, choice)
            for trip in trips:
                trip.finish()
            kept += [finished_episode(t.goal_index, t.session, t.decisions, t.slips) for t in trips if t.corrected]
            progress.update(len(part))
    return kept
