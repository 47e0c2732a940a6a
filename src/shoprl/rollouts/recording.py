"""An episode under way, recorded decision by decision: the one place where states, actions and steps meet."""

from typing import Generic, TypeVar

from shoprl.rollouts.records import Decision, Episode
from shoprl.tasks.base import LiveEpisode, State

E = TypeVar("E", bound=LiveEpisode)


class Recording(Generic[E]):
    """Steps an episode and keeps what was done.

    Args:
        live: the episode, at its start.
        goal_index: position of its goal in the goal list.
    """

    def __init__(self, live: E, goal_index: int) -> None:
        self.live, self.goal_index = live, goal_index
        self._decisions: list[Decision] = []
        self._slips: list[int] = []

    @property
    def state(self) -> State:
        """The state now."""
        return self.live.state

    @property
    def over(self) -> bool:
        """Whether the episode is over."""
        return self.live.over

    def take(self, action: str, probability: float = 1.0, slip: bool = False) -> None:
        """Take an action.

        Args:
            action: of the task's grammar; not every action that is taken need be among the candidates.
            probability: the chance it had to be taken.
            slip: it was not meant, and is not to be learned.
        """
        state = self.live.state
        if slip:
            self._slips.append(len(self._decisions))
        self._decisions.append(Decision(state.page, action, len(state.candidates), probability))
        self.live.step(action)

    def episode(self) -> Episode:
        """The record so far."""
        end = self.live.outcome()
        return Episode(
            goal_index=self.goal_index,
            decisions=tuple(self._decisions),
            reward=end.reward,
            done=end.done,
            components=dict(end.components),
            asin=end.asin,
            options=dict(end.options),
            slips=tuple(self._slips),
        )
