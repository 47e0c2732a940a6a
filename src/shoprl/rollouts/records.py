"""Records of episodes: enough to replay, score, learn from and reweight them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shoprl.errors import TrajectoryError

T = TypeVar("T")

_ROUNDING = 1e-6  # above 1, of probabilities that were added up


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
        TrajectoryError: a field is missing, has the wrong type or is out of range.
    """
    try:
        if len({len(_of(list, row[name], name)) for name in ("pages", "actions", "available", "probabilities")}) > 1:
            raise ValueError("pages, actions, available and probabilities differ in length")
        slips = tuple(_whole(position, "slips", 0, len(row["actions"]) - 1) for position in row.get("slips", ()))
        if len(set(slips)) < len(slips):
            raise ValueError("slips names a position twice")
        decisions = tuple(
            Decision(
                page=_of(str, page, "pages"),
                action=_of(str, action, "actions"),
                available=_whole(available, "available", 1),
                probability=_share(chance, "probabilities"),
            )
            for page, action, available, chance in zip(
                row["pages"], row["actions"], row["available"], row["probabilities"], strict=True
            )
        )
        return Episode(
            goal_index=_whole(row["goal_index"], "goal_index"),
            decisions=decisions,
            reward=None if row["reward"] is None else _share(row["reward"], "reward"),
            done=_of(bool, row["done"], "done"),
            components=_of(dict, row["components"], "components"),
            asin=None if row["asin"] is None else _of(str, row["asin"], "asin"),
            options={
                _of(str, name, "options"): _of(str, value, "options")
                for name, value in _of(dict, row["options"], "options").items()
            },
            slips=slips,
        )
    except KeyError as error:
        raise TrajectoryError(f"field {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise TrajectoryError(f"not a trajectory record: {error}") from error


def _of(kind: type[T], value: Any, name: str) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{name} holds {str(value)[:40]!r}, which is no {kind.__name__}")
    return value


def _whole(value: Any, name: str, low: int = 0, high: int = 2**31) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} holds {str(value)[:40]!r}, which is no whole number from {low} to {high}")
    return value


def _share(value: Any, name: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1 + _ROUNDING:
        raise ValueError(f"{name} holds {str(value)[:40]!r}, which is no number from 0 to 1")
    return float(value)
