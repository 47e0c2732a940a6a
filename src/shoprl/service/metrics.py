"""What the service counts, for Prometheus."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

LATELY = 1_000  # requests of a route, of which the quantiles are
QUANTILES = (0.5, 0.95, 0.99)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0)


class _Lately(Collector):
    """Quantiles of the last requests of each route; a histogram's buckets tell them only roughly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, deque[float]] = {}

    def observe(self, route: str, seconds: float) -> None:
        with self._lock:
            self._seconds.setdefault(route, deque(maxlen=LATELY)).append(seconds)

    def collect(self) -> Iterator[Metric]:
        """The quantiles as gauges."""
        text = f"Quantiles of the seconds of the last {LATELY} requests of a route."
        family = GaugeMetricFamily("shoprl_request_seconds_lately", text, labels=["route", "quantile"])
        with self._lock:
            held = {route: list(seconds) for route, seconds in self._seconds.items()}
        for route, seconds in held.items():
            for quantile, value in zip(QUANTILES, np.quantile(seconds, QUANTILES).tolist(), strict=True):
                family.add_metric([route, f"{quantile:g}"], value)
        yield family


class Metrics:
    """The counters of one service.

    Args:
        lists: how many requests wait for a list.
        writes: how much waits to be written.
    """

    def __init__(self, lists: Callable[[], int], writes: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "shoprl_request_seconds",
            "Seconds of requests.",
            ["route", "status"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._lately = _Lately()
        self._registry.register(self._lately)
        self.events = Counter("shoprl_events", "Events of feedback.", ["type", "status"], registry=self._registry)
        self.decisions = Counter(
            "shoprl_decisions", "Lists, by policy.", ["policy", "version"], registry=self._registry
        )
        self.share = Gauge(
            "shoprl_policy_share",
            "Share of the requests that a policy answered last had.",
            ["policy"],
            registry=self._registry,
        )
        self.streams = Gauge("shoprl_streams", "Open streams.", registry=self._registry)
        for name, text, count in (
            ("shoprl_lists_waiting", "Requests that wait for a list.", lists),
            ("shoprl_writes_waiting", "Requests whose rows wait to be written.", writes),
        ):
            Gauge(name, text, registry=self._registry).set_function(count)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._seconds.labels(route, str(status)).observe(seconds)
        self._lately.observe(route, seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
