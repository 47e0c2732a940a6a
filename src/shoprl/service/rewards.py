"""What decisions earned, once the window in which feedback counts is over."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, exists, func, select

from shoprl.errors import ConfigError
from shoprl.service.feedback import EVENT_TYPES, EventType
from shoprl.service.tables import decisions, events, items
from shoprl.settings import Positive, Settings, Share

WINDOW = 86_400.0  # seconds


@dataclass(frozen=True)
class RewardRule(Settings):
    """When a decision has earned its reward.

    Attributes:
        events: an event of one of these types earns 1, if it comes in time and is about an item of the list.
        window: seconds from when a list is shown, in which feedback counts.
        default: what a decision has earned where none came.
    """

    events: tuple[EventType, ...] = ("purchase",)
    window: Positive = WINDOW
    default: Share = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.events or not set(self.events) <= set(EVENT_TYPES):
            raise ConfigError(f"events: give some of {', '.join(EVENT_TYPES)}.")


Earned = dict[tuple[str, str], tuple[int, float]]
"""(policy, its version) -> how many decisions count, and the sum of their rewards."""


def earned(connection: Connection, rule: RewardRule, since: float, now: float) -> Earned:
    """What each policy's decisions earned.

    A decision counts once its window is over, whether it was rewarded or not: those that were rewarded are known
    earlier, and would make a new policy look better than it is.

    Args:
        connection: a transaction.
        rule: what is rewarded.
        since: decisions made before are left out, in seconds since 1970.
        now: the server's time.
    """
    rewarded = exists().where(
        events.c.decision_id == decisions.c.decision_id,
        items.c.decision_id == decisions.c.decision_id,
        items.c.item_id == events.c.item_id,
        events.c.type.in_(rule.events),
        events.c.status == "accepted",
    )
    settled = and_(decisions.c.decided_at >= since, decisions.c.expires_at < now)
    total = func.sum(case((rewarded, 1.0), else_=rule.default))
    columns = (decisions.c.policy, decisions.c.policy_version)
    rows = connection.execute(select(*columns, func.count(), total).where(settled).group_by(*columns))
    return {(name, version): (count, float(reward)) for name, version, count, reward in rows}
