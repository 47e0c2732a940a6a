"""What is kept of an episode: enough to replay it, score it, learn from it and weigh it."""

from dataclasses import dataclass, field
from typing import Any

from shoprl.errors import TrajectoryError


@dataclass(frozen=True, slots=True)
class Decision:
    """One action of an episode.

    Attributes:
        page: kind of page it was taken on (search, results, item, sub).
        action: the action in WebShop's grammar.
        available: how many actions there were to choose from.
        probability: the chance that the policy gave the action (its propensity); 1.0 for a greedy choice.
    """

    page: str
    action: str
    available: int
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Episode:
    """One run from a goal or request to its end.

    Attributes:
        goal_index: position of the goal in the goal list it was drawn from.
        decisions: what was done, in order.
        reward: in [0, 1]; 0 where nothing was bought; None where nobody can tell, as for a user's request.
        done: whether it came to its end, in a shop a purchase (False: cut at the step limit).
        components: the reward's parts where something was bought.
        asin, options: what was bought.
        slips: positions of decisions that a demonstrator did not mean: they happened but are not to be learned.
    """

    goal_index: int
    decisions: tuple[Decision, ...]
    reward: float | None
    done: bool
    components: dict[str, Any] = field(default_factory=dict)
    asin: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    slips: tuple[int, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the purchase was exactly right."""
        return self.reward == 1.0

    @property
    def earned(self) -> float:
        """The reward.

        Raises:
            TrajectoryError: there is none: not scored is not zero.
        """
        if self.reward is None:
            raise TrajectoryError(f"The episode on request {self.goal_index} has no reward: its request has no goal.")
        return self.reward

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form, read back by :func:`episode_from_json`."""
        return {
            "goal_index": self.goal_index,
            "actions": [d.action for d in self.decisions],
            "pages": [d.page for d in self.decisions],
            "available": [d.available for d in self.decisions],
            "probabilities": [d.probability for d in self.decisions],
            "reward": self.reward,
            "done": self.done,
            "components": self.components,
            "asin": self.asin,
            "options": self.options,
            "slips": list(self.slips),
        }


def episode_from_json(row: dict[str, Any]) -> Episode:
    """Rebuild an episode.

    Raises:
        TrajectoryError: a field is missing or has the wrong type.
    """
    try:
        decisions = tuple(
            Decision(page=str(p), action=str(a), available=int(n), probability=float(q))
            for p, a, n, q in zip(row["pages"], row["actions"], row["available"], row["probabilities"], strict=True)
        )
        return Episode(
            goal_index=int(row["goal_index"]),
            decisions=decisions,
            reward=None if row["reward"] is None else float(row["reward"]),
            done=bool(row["done"]),
            components=dict(row["components"]),
            asin=row["asin"],
            options=dict(row["options"]),
            slips=tuple(int(position) for position in row.get("slips", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TrajectoryError(f"not a trajectory record: {error!r}") from error
