"""Attacks on the service: schemathesis on what it documents; tests/service/test_faults.py has a real process."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="needs the extra test")
pytest.importorskip("prometheus_client", reason="needs the extra service")
pytest.importorskip("fastapi", reason="needs the extra service")

from shoprl.service.config import ServiceConfig
from tests.support.documented import CHECKS, compared
from tests.support.serving import running


def consistent(body: Any) -> bool:
    """Whether a body keeps the rules between fields, which the document has in words alone."""
    if isinstance(body, list):
        return all(map(consistent, body))
    if not isinstance(body, dict):
        return not (isinstance(body, str) and (body.isspace() or "\0" in body))
    low, high = body.get("min"), body.get("max")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        return False
    if "event_id" in body and ((body.get("type") == "prefers") != bool(body.get("over")) or _itself(body)):
        return False
    if isinstance(when := body.get("timestamp"), str) and not "1971" < when[:4] < "5000":
        return False
    return all(map(consistent, body.values())) and all(map(consistent, body))


def _itself(event: dict[str, Any]) -> bool:
    over = event.get("over")
    return isinstance(over, list) and event.get("item_id") in over


@pytest.mark.parametrize("examples", [4, pytest.param(300, marks=[pytest.mark.hostile, pytest.mark.timeout(1_200)])])
def test_what_is_documented_is_what_happens(tmp_path: Path, examples: int) -> None:
    config = ServiceConfig(rate=1e9)
    with running(f"sqlite:///{tmp_path / 'service.db'}", config, hosts=["testserver"]) as served:
        faults, ran = compared(served.client.app, examples, consistent)
        assert faults == ""
        assert ran.keys() >= CHECKS
        assert served.tell({"event_id": "last", "decision_id": "d", "item_id": "x", "type": "click"}) == ["orphan"]
