"""Records of episodes: enough to replay, score, learn from and reweight them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoprl.errors import TrajectoryError


@dataclass(frozen=True, slots=True)
class Decision:
    """One action of an episode.

    Attributes:
        page: kind of the page (search, results, item, sub).
        action: the action in WebShop's grammar.
        available: number of candidates.
        probability: the action's propensity, the chance with which the policy chose it; 1.0 for a greedy choice.
    """

    page: str
    action: str
    available: int
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Episode:
    """A recorded episode.

    Attributes:
        goal_index: position of the goal in the goal list it was drawn from.
        decisions: the decisions, in order.
        reward: in [0, 1]; 0 if nothing was bought; None where it is unknown, as for a user's request.
        done: whether it terminated, in a shop by a purchase; False if truncated at the step limit.
        components: the parts of the reward if something was bought.
        asin, options: the product bought and its options.
        slips: positions of a demonstrator's mistakes, which must not be learned.
    """

    goal_index: int
    decisions: tuple[Decision, ...]
    reward: float | None
    done: bool
    components: Mapping[str, Any] = field(default_factory=dict)
    asin: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    slips: tuple[int, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the reward is exactly 1."""
        return self.reward == 1.0

    @property
    def earned(self) -> float:
        """The reward.

        Raises:
            TrajectoryError: the episode was not scored, which is not a reward of 0.
        """
        if self.reward is None:
            raise TrajectoryError(f"The episode on request {self.goal_index} has no reward: its request has no goal.")
        return self.reward

    def to_json(self) -> dict[str, object]:
        """The episode as JSON; :func:`episode_from_json` reads it."""
        return {
            "goal_index": self.goal_index,
            "actions": [d.action for d in self.decisions],
            "pages": [d.page for d in self.decisions],
            "available": [d.available for d in self.decisions],
            "probabilities": [d.probability for d in self.decisions],
            "reward": self.reward,
            "done": self.done,
            "components": dict(self.components),
            "asin": self.asin,
            "options": self.options,
            "slips": list(self.slips),
        }


def episode_from_json(row: Mapping[str, Any]) -> Episode:
    """Read what :meth:`Episode.to_json` gives.

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
