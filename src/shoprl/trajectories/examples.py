"""Demonstrated decisions as training examples, got by walking the trajectories through the shop again."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoprl.errors import TrajectoryError
from shoprl.policies.learned import Encoded, encode_state
from shoprl.progress import track
from shoprl.rollouts.records import Episode
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Session, Shop
from shoprl.tasks.instruction import WISH, Queries, parse_instruction
from shoprl.tasks.shop.state import State, Tracker


@dataclass(frozen=True, slots=True)
class Example:
    """A state and the action demonstrated in it.

    Attributes:
        state: what the policy saw.
        chosen: index of the demonstrated candidate.
        episode: number of the trajectory that it is from.
        step: its place in that trajectory, from 0.
    """

    state: Encoded
    chosen: int
    episode: int = 0
    step: int = 0


def shown_by(example: Example) -> list[object]:
    """What an example is, JSON-able: two trainings on the same ones are told to be the same."""
    state = example.state
    return [state.instruction, state.page, state.asin, state.texts, state.actions, example.chosen]


def replay(
    shop: Shop, goal: Goal, episode: Episode, queries: Queries = WISH, max_steps: int = MAX_STEPS
) -> list[tuple[State, int | None]]:
    """Walk a trajectory through the shop.

    Args:
        shop: where.
        goal: what was wanted.
        episode: the trajectory.
        queries: the searches that are available, a policy's ``queries``.
        max_steps: the step limit that the states are told.

    Returns:
        (state, index of the action taken) a step; None for an action that is not among the state's candidates.

    Raises:
        TrajectoryError: the walk does not end with the recorded reward, so it was made in another shop.
    """
    session, tracker = Session(shop, goal), Tracker(queries(parse_instruction(goal.instruction)), max_steps)
    steps = []
    reward = 0.0
    for decision in episode.decisions:
        state = tracker.state(session.page)
        steps.append((state, state.index_of(decision.action)))
        tracker.took(session.page, decision.action)
        reward = session.step(decision.action)
    if reward != episode.reward:
        raise TrajectoryError(
            f"The trajectory on goal {episode.goal_index} earns {reward:.4f} here and was recorded with "
            f"{episode.reward:.4f}: it was made in another shop. Use the catalogue it was made on."
        )
    return steps


def examples(shop: Shop, goals: Sequence[Goal], episodes: Sequence[Episode], queries: Queries = WISH) -> list[Example]:
    """The decisions to learn from: those with a choice to make, without slips and actions a policy cannot take."""
    found = []
    for number, episode in enumerate(track(episodes, "replaying demonstrations", unit="trip")):
        if not 0 <= episode.goal_index < len(goals):
            raise TrajectoryError(f"A trajectory is of goal {episode.goal_index}; there are {len(goals)} goals.")
        slips = set(episode.slips)
        for position, (state, chosen) in enumerate(replay(shop, goals[episode.goal_index], episode, queries)):
            if chosen is not None and position not in slips and len(state.candidates) > 1:
                found.append(Example(encode_state(state), chosen, number, position))
    if not found:
        raise TrajectoryError("The demonstrations hold no decision to learn from.")
    return found
