"""Users of a running service, for locust: `benchmarks/service_load.py` starts it and gives what it needs.

SHOPRL_LOAD names a JSON file: {"requests": [...], "pace": seconds, "decisions": {id: [item, ...]}, "out": FILE}. With
requests each user asks for a list every `pace` seconds and tells what became of it; with decisions alone it sends
feedback. Each answer becomes a line of `out`: when it was asked, what, milliseconds, status, what is wrong with it.
"""

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant_pacing, events, task

GIVEN = json.loads(Path(os.environ["SHOPRL_LOAD"]).read_text())
EVENTS = 4  # of an answer, sent together
TYPES = ("impression", "impression", "click", "add_to_cart", "purchase", "declined")
OUT = Path(GIVEN["out"]).open("w", encoding="utf-8")  # noqa: SIM115 (until locust ends)
REQUESTS = iter(GIVEN.get("requests", ()))
DECISIONS = list(GIVEN.get("decisions", {}).items())
NUMBERS = itertools.count()
RUN = GIVEN["run"]  # event ids of another run would be duplicates


def wrong(name: str, status: int, headers: Any, body: Any) -> str:
    """What an answer lacks, besides success."""
    if status in (429, 503):
        return "" if "retry-after" in {each.lower() for each in headers} else "no Retry-After"
    if status != 200:
        return f"status {status}"
    if name == "feedback":
        odd = {each["status"] for each in body["results"]} - {"accepted"}
        return f"{sorted(odd)}" if odd else ""
    return "" if body["items"] else "an empty list"


class Shopper(FastHttpUser):
    """Asks for lists, and tells what became of them."""

    wait_time = constant_pacing(GIVEN["pace"])
    connection_timeout = network_timeout = 60.0

    def on_start(self) -> None:
        self.rng = random.Random(next(NUMBERS))
        time.sleep(self.rng.uniform(0, GIVEN["pace"]))  # gevent's: other users go on

    @task
    def shop(self) -> None:
        if not REQUESTS_LEFT:
            decision, ids = self.rng.choice(DECISIONS)
        else:
            request = next(REQUESTS, None)
            if request is None:
                raise RuntimeError("too few requests were made")
            answer = self.ask("recommendations", {"request": request})
            if answer is None:
                return
            decision, ids = answer["decision_id"], [each["id"] for each in answer["items"]] or ["none"]
        self.ask("feedback", {"events": [self.event(decision, ids) for _ in range(EVENTS)]})

    def event(self, decision: str, ids: list[str]) -> dict[str, Any]:
        made = {"event_id": f"{RUN}-{next(NUMBERS)}", "decision_id": decision, "item_id": self.rng.choice(ids)}
        return made | {"type": self.rng.choice(TYPES), "timestamp": time.time()}

    def ask(self, name: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """What comes back; None unless it is what was asked for."""
        asked, began = time.time(), time.perf_counter()
        with self.client.post(f"/v1/{name}", json=body, name=name, catch_response=True) as answer:
            seconds = time.perf_counter() - began
            whole = answer.json() if answer.status_code == 200 else None
            fault = wrong(name, answer.status_code, answer.headers or {}, whole)
            OUT.write(json.dumps([asked, name, 1000 * seconds, answer.status_code, fault]) + "\n")
            answer.success()
        return whole


REQUESTS_LEFT = bool(GIVEN.get("requests"))


@events.quitting.add_listener
def finished(**_: Any) -> None:
    OUT.close()
