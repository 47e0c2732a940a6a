"""Measures what a service learns: simulated shoppers ask and react over HTTP, and policies are trained on the log."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.bench.population import Population, TasteName
from shoprl.bench.served import Client, json_of, serving
from shoprl.bench.visits import blocks_of, visits
from shoprl.errors import ConfigError, ShopRLError
from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, bootstrap_mean, paired_difference
from shoprl.files import write_json
from shoprl.policies.packaged import PRETRAINED
from shoprl.service.config import ServiceConfig
from shoprl.service.database import close_database, open_database, writing
from shoprl.service.policies import register
from shoprl.settings import Count, NotNegative, Positive, Settings, Size, Whole
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import write_generated
from shoprl.shop.goal import Goal
from shoprl.shop.store import build_store

EVIDENCE = ("pairs", "learned_from", "last", "held_out", "guard", "off_policy")  # that shoprl learn gives
UNTOUCHED, LEARNED, CONTROL = "untouched", "learned", "control"


@dataclass(frozen=True, kw_only=True)
class FeedbackConfig(Settings):
    """Settings of a measurement.

    Attributes:
        products: of the generated shop.
        sessions: of shoppers whose reactions are learned from.
        rounds: into which these are divided; a policy is trained after each.
        held_out: requests that policies are measured on; they ask for other products than the sessions.
        temperature: of the lists that are learned from, as of shoprl serve.
        measured_temperature: of the lists on which policies are measured; that of shoprl serve by default.
        runs: how many times the agent shops for a request.
        reward_window: seconds in which feedback counts; few, so that what a round's lists earned counts while it lasts.
        guard_goals: eval goals for which each policy makes lists besides, as of shoprl learn.
        clients: shoppers at the same time.
    """

    products: Count = 2_000
    sessions: Count = 2_000
    rounds: Size = 4
    held_out: Count = 500
    temperature: NotNegative = 0.1
    measured_temperature: NotNegative = ServiceConfig.temperature
    runs: Size = 3
    reward_window: Positive = 10.0
    guard_goals: Whole = 50
    clients: Size = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sessions < self.rounds:
            raise ConfigError(f"sessions {self.sessions}: fewer than rounds ({self.rounds}).")


def measured(sold: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    """Purchase rates of policies on the same requests, and how the learned one differs; 95% intervals over requests.

    Args:
        sold: policy -> whether each request ended in a purchase; :data:`UNTOUCHED` and :data:`LEARNED` among them.
    """
    numbers = {name: [float(each) for each in own] for name, own in sold.items()}
    places = range(len(numbers[UNTOUCHED]))

    def rng() -> np.random.Generator:
        return np.random.default_rng(INTERVAL_SEED)

    rates = {name: bootstrap_mean(own, places, rng(), bounds=RATE) for name, own in numbers.items()}
    others = [name for name in numbers if name != LEARNED]
    less = {name: paired_difference(numbers[LEARNED], numbers[name], places, rng(), bounds=RATE) for name in others}
    before = rates[UNTOUCHED].value
    return {
        "requests": len(places),
        "rates": {name: rate.to_json() for name, rate in rates.items()},
        "learned_less": {name: each.to_json() for name, each in less.items()},
        "raised_by": rates[LEARNED].value / before - 1 if before else None,
    }


@dataclass(frozen=True, slots=True)
class Trained:
    """What a round's training gave.

    Attributes:
        candidate: name of the policy, which the service knows.
        control: folder of the one that was trained on preferences turned at random.
        evidence: what the training says of itself.
    """

    candidate: str
    control: str
    evidence: Mapping[str, Any]


Train = Callable[[str, int], Trained]
"""Of a candidate's name and the round: trains it on the log and registers it."""


def rounds_of(
    client: Client,
    people: Population,
    goals: Sequence[Goal],
    seeds: Sequence[int],
    config: FeedbackConfig,
    train: Train,
) -> tuple[list[dict[str, Any]], Trained]:
    """The sessions in rounds, after each of which a policy is trained that shares the next one's requests.

    The untouched policy stays the active one, and the newest other one plays beside it.

    Returns:
        A row for each round, and the last policy.
    """
    rows: list[dict[str, Any]] = []
    trained: Trained | None = None
    for number, places in enumerate(np.array_split(np.arange(len(goals)), config.rounds), start=1):
        first, last = int(places[0]), int(places[-1]) + 1
        label = f"round {number}"
        made = visits(client, people, goals[first:last], seeds[first:last], config.clients, label=label)
        row = {"sessions": len(made), "late_events": sum(each.late for each in made), "blocks": blocks_of(made)}
        arms = client.ask("GET", "/v1/experiments")["arms"]
        start = time.perf_counter()
        new = train(f"round-{number}", number)
        row |= {"arms": arms, "training_seconds": round(time.perf_counter() - start, 1), "training": new.evidence}
        if trained is not None:
            client.play(trained.candidate, "off")
        client.play(new.candidate, "candidate")
        trained = new
        rows.append(row)
    assert trained is not None
    return rows, trained


def bench_feedback(folder: Path, taste: TasteName, seed: int, config: FeedbackConfig) -> dict[str, Any]:
    """Generate a shop, serve it, and measure purchase rates before and after learning from its shoppers.

    Args:
        folder: for the shop, the database, the policies and the logs.
        taste: what the shoppers insist on.
        seed: of the shop, the taste, the requests and everything that is drawn.
        config: settings.

    Returns:
        The rounds and the measurement, in JSON-able form.

    Raises:
        ConfigError: the shop has too few requests.
        ShopRLError: a command fails, or the service refuses something.
    """
    data, work = folder / "shop", folder / "work"
    if not data.is_dir():
        write_generated(data, config.products, seed)
    shutil.rmtree(work, ignore_errors=True)  # of a run that was not finished
    work.mkdir()
    shop = read_data(build_store(data))
    assert shop.store is not None
    rng = np.random.default_rng([seed, 4])
    people = Population(shop.shop, shop.goals, taste, rng)
    asked, held = _goals(shop, config, rng)
    seeds = rng.integers(2**32, size=len(asked) + len(held)).tolist()
    place, start = Place(shop.store, work), time.perf_counter()
    with serving(place.served(config, config.temperature), place.log) as client:
        train = partial(place.train, seed=seed, guard=config.guard_goals)
        rounds, trained = rounds_of(client, people, asked, seeds[: len(asked)], config, train)
    place.register(CONTROL, trained.control)
    policies = {UNTOUCHED: PRETRAINED, LEARNED: trained.candidate, CONTROL: CONTROL}
    sold = {}
    with serving(place.served(config, config.measured_temperature), place.log) as client:
        for name, policy in policies.items():
            made = visits(client, people, held, seeds[len(asked) :], config.clients, policy, f"{name} held out")
            sold[name] = [each.bought for each in made]
    possible = [people.could_buy(goal) for goal in held]
    result = {
        "taste": taste,
        "seed": seed,
        "settings": asdict(config),
        "habits": asdict(people.habits),
        "hashes": shop.hashes(),
        "liked_share": sum(people.likes(each, held[0]) for each in shop.catalog) / len(shop.catalog),
        "rounds": rounds,
        "held_out": measured(sold) | {"could_buy": sum(possible) / len(possible)},
        "seconds": round(time.perf_counter() - start, 1),
    }
    write_json(folder / "result.json", result)
    return result


def _goals(shop: ShopData, config: FeedbackConfig, rng: np.random.Generator) -> tuple[list[Goal], list[Goal]]:
    """What is asked for in the sessions, and when policies are measured: no product in both."""
    assert shop.disjoint is not None
    asked, held = (
        [shop.goals[place] for place in rng.permutation(list(part)).tolist()]
        for part in (shop.disjoint.train, shop.disjoint.test)
    )
    if len(asked) < config.sessions or len(held) < config.held_out:
        raise ConfigError(
            f"products {config.products}: the shop has {len(asked)} requests to learn from and {len(held)} to measure "
            f"on; sessions {config.sessions} and held_out {config.held_out} are too many. Give a larger shop."
        )
    return asked[: config.sessions], held[: config.held_out]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service works.

    Attributes:
        store: its shop.
        folder: of its database, the policies and the log.
    """

    store: Path
    folder: Path

    @property
    def database(self) -> str:
        """The address of the database."""
        return f"sqlite:///{(self.folder / 'feedback.sqlite').absolute()}"

    @property
    def log(self) -> Path:
        """What commands say."""
        return self.folder / "log.txt"

    def served(self, config: FeedbackConfig, temperature: float) -> list[str]:
        """The arguments of ``shoprl serve``."""
        given = {"catalog": self.store, "database": self.database, "temperature": temperature}
        return _words(given | {"runs": config.runs, "reward-window": config.reward_window})

    def train(self, name: str, number: int, seed: int, guard: int) -> Trained:
        """Have ``shoprl learn`` train a policy on all of the log so far, and register it."""
        out = self.folder / name
        given = {"from": self.database, "data": self.store, "out": out, "name": name, "seed": seed, "threads": 1}
        row = json_of(["learn", *_words(given | {"guard-goals": guard}), "--json"], self.log)
        if row["registered"] != name:
            raise ShopRLError(f"Round {number}: no policy was trained. {row.get('reason', '')} Give more sessions.")
        return Trained(name, str(out / "control"), {part: row[part] for part in EVIDENCE})

    def register(self, name: str, folder: str) -> None:
        """Make a policy folder known to the service."""
        engine = open_database(self.database)
        try:
            with writing(engine) as connection:
                register(connection, name, folder, time.time())
        finally:
            close_database(engine)


def _words(given: Mapping[str, object]) -> list[str]:
    """Options on a command line."""
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]
