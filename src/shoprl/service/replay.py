"""A decision made again from its log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoprl.service.arms import replayed
from shoprl.service.deciding import job_of
from shoprl.service.decisions import Decision
from shoprl.service.shopping import Shopper

CLOSE = 1e-6  # propensities computed on another processor differ by less


@dataclass(frozen=True)
class Replay:
    """What came out.

    Attributes:
        same_policy: whether the same policy was drawn, with the same propensity.
        same_items: whether the list is the same, options and propensities included.
        items: the list.
    """

    same_policy: bool
    same_items: bool
    items: tuple[Mapping[str, Any], ...]


def replay(decision: Decision, shopper: Shopper) -> Replay:
    """Make a decision again.

    Args:
        decision: from the log.
        shopper: in the shop that it was made in.

    Raises:
        PolicyError: its policy cannot be loaded.
    """
    drawn = replayed(dict(decision.allocation))
    same_policy = (drawn.arm.name, drawn.arm.version) == (decision.policy, decision.policy_version)
    same_policy &= abs(drawn.propensity - decision.policy_propensity) < CLOSE
    made = shopper.make([job_of(decision)])[0]
    alike = len(made.items) == len(decision.items) and all(
        (new["id"], new["options"]) == (old.item_id, old.shown["options"])
        and abs(new["propensity"] - old.propensity) < CLOSE
        for new, old in zip(made.items, decision.items, strict=True)
    )
    return Replay(same_policy, alike, made.items)
