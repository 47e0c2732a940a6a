"""Rows and events of the service."""

from typing import Any

from shoprl.service.decisions import Decision, Listed
from shoprl.service.feedback import Event


def decision(decision_id: str = "d_1", expires_at: float | None = 200.0, **changes: Any) -> Decision:
    """A decision on two products, at second 100."""
    given: dict[str, Any] = {
        "decision_id": decision_id,
        "decided_at": 100.0,
        "activated_at": 100.0 if expires_at is not None else None,
        "expires_at": expires_at,
        "request": "a red mug",
        "settings": {"k": 2},
        "context": {},
        "policy": "pretrained",
        "policy_version": "1",
        "policy_propensity": 1.0,
        "allocation": {},
        "shop": "f" * 64,
        "items": (Listed(1, "B1", 0.5, {"title": "red mug"}), Listed(2, "B2", 1.0, {"title": "mug"})),
    }
    return Decision(**given | changes)


def decided(decision_id: str) -> dict[str, Any]:
    """A row of the table of decisions."""
    made = decision(decision_id)
    return {name: getattr(made, name) for name in made.__slots__ if name != "items"}


def happened(event_id: str, **changes: Any) -> Event:
    """A click on a product of the decision."""
    given = {"decision_id": "d_1", "item_id": "B1", "type": "click", "value": None, "timestamp": 101.0}
    return Event(event_id, **given | changes)
