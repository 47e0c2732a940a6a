"""A service on the toy shop, whose lists are made in this process by a rule."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from shoprl.errors import PolicyError
from shoprl.policies.base import Policy
from shoprl.policies.simple import simple_policy
from shoprl.service.app import create_app
from shoprl.service.config import ServiceConfig
from shoprl.service.database import open_database, writing
from shoprl.service.deciding import Clock
from shoprl.service.policies import register
from shoprl.service.running import Service
from shoprl.service.shopping import Job, Made, Opening, Shopper
from shoprl.service.workers import Watch
from shoprl.service.writer import BusyError
from shoprl.shop.data import ShopData
from shoprl.shop.session import Shop
from tests.support.clock import Clock as Hands
from tests.support.judging import JudgingRule
from tests.support.toyshop import toy_data

REQUEST = "toymart brass lamp"
NOW = 1_000_000.0


def load_rule(name: str) -> Policy:
    """A rule that judges in the place of the pretrained agent."""
    if name == "pretrained":
        return JudgingRule()
    found = simple_policy(name)
    if found is None:
        raise PolicyError(f"{name}: no such policy.")
    return found


class Inside:
    """What :class:`shoprl.service.workers.Workers` does, in this process.

    Attributes:
        busy: refuse everything.
        failing: names of policies that cannot be loaded.
    """

    def __init__(self, shop: Shop) -> None:
        self.shopper, self.busy, self.failing = Shopper(shop, self._load), False, set[str]()
        self.ready, self.waiting, self.jobs = False, 0, list[Job]()

    def _load(self, name: str) -> Policy:
        if name in self.failing:
            raise PolicyError(f"{name}: no such policy.")
        return load_rule(name)

    def start(self) -> None:
        self.ready = True

    def close(self) -> None:
        self.ready = False

    def make(self, job: Job, watch: Watch | None = None) -> "Future[Made]":
        self.jobs.append(job)
        return self._done(lambda: self.shopper.make([job], lambda _, step: watch(step) if watch else None)[0])

    def search(self, query: str) -> "Future[list[str]]":
        return self._done(lambda: self.shopper.search(query))

    def _done(self, work: Any) -> "Future[Any]":
        if self.busy:
            raise BusyError("Too many requests wait. Try again later.")
        future: Future[Any] = Future()
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)
        return future


class Served:
    """A running service and its parts.

    Attributes:
        client: sends requests.
        workers: make the lists.
        hands: of the server's clock.
    """

    def __init__(self, client: TestClient, service: Service, workers: Inside, hands: Hands) -> None:
        self.client, self.service, self.workers, self.hands = client, service, workers, hands

    def ask(self, **fields: Any) -> dict[str, Any]:
        """A list that is answered."""
        found = self.client.post("/v1/recommendations", json={"request": REQUEST} | fields)
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        return answer

    def tell(self, *events: dict[str, Any]) -> list[str]:
        """The statuses of feedback."""
        found = self.client.post("/v1/feedback", json={"events": list(events)})
        assert found.status_code == 200, found.text
        return [each["status"] for each in found.json()["results"]]


@contextmanager
def running(
    address: str, config: ServiceConfig | None = None, data: ShopData | None = None, **kept: Any
) -> Iterator[Served]:
    """A service on a database, with the rule as the active policy and plain rules beside it."""
    service, workers, hands = parts(address, config, data or toy_data())
    app = create_app(service, **kept)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        yield Served(client, service, workers, hands)


def parts(address: str, config: ServiceConfig | None, data: ShopData) -> tuple[Service, Inside, Hands]:
    """What a service is made of."""
    hands = Hands()
    hands.now = NOW
    engine = open_database(address)
    with writing(engine) as connection:
        register(connection, "pretrained", "pretrained", NOW, "active")
        register(connection, "plain", "rule", NOW)
    service = Service(data.shop, Opening(Path()), engine, config or ServiceConfig(), Clock(hands))
    service.__dict__ |= {"hybrid": False, "_data": data}
    workers = Inside(data.shop)
    service.workers = service.decider._workers = workers  # type: ignore[assignment]
    return service, workers, hands
