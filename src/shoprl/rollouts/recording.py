"""Records an episode in progress, decision by decision."""

from typing import Generic, TypeVar

from shoprl.rollouts.records import Decision, Episode
from shoprl.tasks.base import LiveEpisode, State

E = TypeVar("E", bound=LiveEpisode)


class Recording(Generic[E]):
    """Steps an episode and records its decisions.

    Args:
        live: an episode that has just started.
        goal_index: position of its goal in the goal list.
    """

    def __init__(self, live: E, goal_index: int) -> None:
        self.live, self.goal_index = live, goal_index
        self._decisions: list[Decision] = []
        self._slips: list[int] = []

    @property
    def state(self) -> State:
        """The current state."""
        return self.live.state

    @property
    def over(self) -> bool:
        """Whether the episode is over."""
        return self.live.over

    def take(self, action: str, probability: float = 1.0, slip: bool = False) -> None:
        """Take an action.

        Args:
            action: in the task's grammar; it need not be among the candidates.
            probability: the chance with which it was chosen.
            slip: whether it was a mistake that must not be learned.
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
