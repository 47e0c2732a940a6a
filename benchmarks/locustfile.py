"""Users of a running service, for locust: `benchmarks/service_load.py` starts it and gives what it needs.

SHOPRL_LOAD names a JSON file: {"requests": [...], "pace": seconds, "decisions": {id: [item, ...]}, "out": FILE}. With
requests each user asks for a list every `pace` seconds and tells what became of it; with decisions alone it sends
feedback. With "browsers": N as many browsers are among the users: each asks every `browsing` seconds in the page,
reads the stream of the runs to its end, opens the list, likes a product, and looks at the page Watch. Each answer
becomes a line of `out`: when it was asked, what, milliseconds, status, what is wrong with it.
"""

import html
import itertools
import json
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from locust import FastHttpUser, events, task

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


class Visitor(FastHttpUser):
    """Does something every so many seconds, each visitor at moments of its own."""

    abstract = True
    connection_timeout = network_timeout = 60.0
    every = 0.0

    def on_start(self) -> None:
        self.rng = random.Random(next(NUMBERS))
        self.due = time.monotonic() + self.rng.uniform(0, self.every)
        time.sleep(max(0.0, self.due - time.monotonic()))  # gevent's: other users go on

    def wait_time(self) -> float:
        """Until the next task is due; locust's own pacing has all users ask at the same moment."""
        self.due = self.due + self.every
        return max(0.0, self.due - time.monotonic())


class Shopper(Visitor):
    """Asks for lists, and tells what became of them."""

    every = GIVEN["pace"]

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
            whole = answer.json() if answer.status_code == 200 else None
            note(asked, name, began, answer.status_code, wrong(name, answer.status_code, answer.headers or {}, whole))
            answer.success()
        return whole


class Browser(Visitor):  # no Shopper: locust would have it do the tasks of one as well
    """Asks in the pages, as their script does."""

    fixed_count = GIVEN.get("browsers", 0)
    abstract = not fixed_count  # else locust would make as many of them as of the others
    every = GIVEN.get("browsing", 0.0)

    @task
    def browse(self) -> None:
        request = next(REQUESTS, None)
        if request is None:
            raise RuntimeError("too few requests were made")
        self.page("page", "GET", "/")
        address = self.stream(request)
        if address is None:
            return
        text = self.page("page", "GET", address)
        item = re.search(r'data-item="([^"]+)"', text)
        if item:
            data = {"type": "like", "item": html.unescape(item[1]), "event": f"{RUN}-{next(NUMBERS)}"}
            self.page("page", "POST", f"{address}/feedback", urlencode(data))
        self.page("watch", "GET", "/watch")

    def page(self, name: str, method: str, address: str, data: str = "") -> str:
        """A page, after the redirects that lead to it."""
        asked, began = time.time(), time.perf_counter()
        with self.client.request(method, address, data=data, headers=FORM, name=name, catch_response=True) as answer:
            text = answer.text or ""
            fault = "" if answer.status_code in (429, 503) or "</html>" in text else f"status {answer.status_code}"
            note(asked, name, began, answer.status_code, fault)
            answer.success()
        return text

    def stream(self, request: str) -> str | None:
        """The address of a list, once its runs have been streamed."""
        asked, began, first = time.time(), time.perf_counter(), True
        headers, address = FORM | {"Accept": "text/event-stream"}, None
        body = urlencode({"request": request})
        with self.client.post(
            "/ask", data=body, headers=headers, name="stream", stream=True, catch_response=True
        ) as answer:
            for line in lines_of(answer) if answer.status_code == 200 else ():
                if first and line.startswith("event: step"):
                    note(asked, "first step", began, 200, "")
                    first = False
                if line.startswith('data: {"address"'):
                    address = json.loads(line[6:])["address"]
            good = answer.status_code in (429, 503) or address is not None
            note(asked, "stream", began, answer.status_code, "" if good else "a stream without a list")
            answer.success()
        return address


def lines_of(answer: Any) -> Iterator[str]:
    """The lines of a stream, as they come."""
    rest = ""
    for chunk in answer.iter_content(chunk_size=256, decode_content=True):
        *lines, rest = (rest + (chunk if isinstance(chunk, str) else chunk.decode(errors="replace"))).split("\n")
        yield from lines


def note(asked: float, name: str, began: float, status: int, fault: str) -> None:
    """Write a line."""
    OUT.write(json.dumps([asked, name, 1000 * (time.perf_counter() - began), status, fault]) + "\n")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REQUESTS_LEFT = bool(GIVEN.get("requests"))


@events.quitting.add_listener
def finished(**_: Any) -> None:
    OUT.close()
