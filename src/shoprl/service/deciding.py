"""Makes decisions: draws the policy, has the list made, and keeps both before they are answered."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from shoprl.errors import PolicyError
from shoprl.policies.packaged import PRETRAINED
from shoprl.service.arms import Allocation, Arm, allocate
from shoprl.service.config import ServiceConfig
from shoprl.service.database import reading
from shoprl.service.decisions import Decision, Listed, keep, new_id
from shoprl.service.filters import Filters
from shoprl.service.policies import Registered, all_policies, set_role, version_of
from shoprl.service.problems import ProblemError
from shoprl.service.rewards import earned
from shoprl.service.settling import verdicts
from shoprl.service.shopping import Job, Made
from shoprl.service.workers import Watch, Workers
from shoprl.service.writer import Writer

log = logging.getLogger(__name__)

FRESH = 1.0  # seconds for which what the database said of policies and rewards is believed
RARELY = 20  # times as long as it took, where that is longer: sums over a long log take their time
RETRIED = 60.0  # seconds after which a policy that could not be loaded is tried again
HELD_BACK = (
    "policy %s: earns more than the active one, but its lists are worse on the shop's goals. It stays a candidate; "
    "POST /v1/policies/%s/activate activates it."
)


class Clock:
    """Seconds since 1970 that never run back, whatever is done to the machine's clock meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._last = clock, 0.0

    def __call__(self) -> float:
        """The time now."""
        self._last = max(self._last, self._clock())
        return self._last


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        request: in plain words.
        k: length of the list, at most.
        filters: what the agent may see.
        context: what the client says of the situation.
        policy: by name; None to draw one.
        seed: of the draws; None to draw it.
        activate: whether the list is shown now.
    """

    request: str
    k: int
    filters: Filters
    context: Mapping[str, Any] = field(default_factory=dict)
    policy: str | None = None
    seed: int | None = None
    activate: bool = True


@dataclass(frozen=True)
class Standing:
    """The policies with what their decisions earned since the running experiment began.

    Attributes:
        policies: all that are registered.
        arms: the active one first, then the candidates.
        since: when the last of them got its role, in seconds since 1970.
    """

    policies: tuple[Registered, ...]
    arms: tuple[Arm, ...]
    since: float


def standing(connection: Connection, config: ServiceConfig, now: float) -> Standing:
    """Read how the policies stand."""
    known = all_policies(connection)
    playing = sorted((each for each in known if each.role != "off"), key=lambda each: each.role != "active")
    since = max((each.changed_at for each in playing), default=0.0)
    earnings = earned(connection, config.reward, since, now) if len(playing) > 1 else {}
    arms = [Arm(each.name, each.version, *earnings.get((each.name, each.version), (0, 0.0))) for each in playing]
    return Standing(tuple(known), tuple(arms), since)


class Decider:
    """Answers wishes with decisions.

    Args:
        engine: the database.
        writer: writes to it.
        workers: make the lists.
        config: settings.
        shop: content hash of the catalogue.
        clock: seconds since 1970.

    Attributes:
        asked: when the last list was asked for, by a clock that never runs back.
    """

    def __init__(
        self, engine: Engine, writer: Writer, workers: Workers, config: ServiceConfig, shop: str, clock: Clock
    ) -> None:
        self._engine, self._writer, self._workers, self._config = engine, writer, workers, config
        self._shop, self._clock = shop, clock
        self._standing: tuple[float, Standing] | None = None  # until when it is believed
        self._broken: dict[tuple[str, str], float] = {}
        self.asked = time.monotonic()

    @property
    def broken(self) -> list[str]:
        """Names of the policies that could not be loaded lately."""
        now = time.monotonic()
        return sorted({name for (name, _), since in self._broken.items() if now - since < RETRIED})

    async def standing(self) -> Standing:
        """How the policies stand, as of a moment ago.

        Raises:
            StorageError: the database cannot be read.
        """
        began = time.monotonic()
        if self._standing is None or began >= self._standing[0]:
            stand = await asyncio.to_thread(self._read_standing)
            ended = time.monotonic()
            self._standing = (ended + max(FRESH, RARELY * (ended - began)), stand)
        return self._standing[1]

    def forget(self) -> None:
        """Read anew how the policies stand, since that was changed."""
        self._standing = None

    def _read_standing(self) -> Standing:
        with reading(self._engine) as connection:
            return standing(connection, self._config, self._clock())

    def settle(self) -> bool:
        """Give the candidates whose comparison is over their roles, and tell whether none is left.

        A better one that the guard holds back stays a candidate: only people activate it.

        Raises:
            StorageError: the database cannot be read or written.
        """
        stand = self._read_standing()
        known = {each.name: each for each in stand.policies}
        active = next((arm for arm in stand.arms if known[arm.name].role == "active"), None)
        candidates = [arm for arm in stand.arms if known[arm.name].role == "candidate"]
        if active is None or not candidates:
            return True
        held = frozenset(arm.name for arm in candidates if known[arm.name].held_back)
        over = verdicts(active, candidates, np.random.default_rng(len(stand.policies)), held)
        for each in over:
            log.info("policy %s: better than %s with probability %.3f", each.name, active.name, each.better)
            if each.role == "candidate":
                log.warning(HELD_BACK, each.name, each.name)
        changed = [each for each in over if each.role != "candidate"]
        now = self._clock()

        def give(connection: Connection) -> None:
            for each in changed:
                set_role(connection, each.name, each.role, now)

        if changed:
            self._writer.submit(give).result()
            self.forget()
        return len(over) == len(candidates)

    async def decide(self, wishes: Sequence[Wish], watch: Watch | None = None) -> list[tuple[Decision, Made]]:
        """Make decisions, which are on the disk when they come back.

        Args:
            wishes: what is asked for; their lists are made together.
            watch: called with each step of the first wish's runs, from another thread.

        Raises:
            ProblemError: a policy is unknown or cannot be loaded.
            BusyError, ConfigError, StorageError, WorkerError: see :class:`Workers` and :class:`Writer`.
        """
        self.asked = time.monotonic()
        stand = await self.standing()
        made = await asyncio.gather(*(self._made(wish, stand, watch) for wish in wishes))
        decisions = [each for each, _ in made]
        await asyncio.wrap_future(self._writer.submit(lambda connection: keep(connection, decisions)))
        return list(made)

    async def _made(self, wish: Wish, stand: Standing, watch: Watch | None) -> tuple[Decision, Made]:
        seed = secrets.randbelow(2**32) if wish.seed is None else wish.seed
        while True:
            drawn, folder = self._drawn(wish, stand, seed)
            job = Job(
                request=wish.request,
                policy=folder,
                version=drawn.arm.version,
                k=wish.k,
                runs=self._config.runs,
                seed=seed,
                temperature=self._config.temperature,
                min_fit=self._config.min_fit,
                filters=wish.filters,
                watched=watch is not None,
            )
            try:
                made = await asyncio.wrap_future(self._workers.make(job, watch))
            except PolicyError as error:
                log.error("policy %s cannot be loaded: %s", drawn.arm.name, error)
                self._broken[drawn.arm.name, drawn.arm.version] = time.monotonic()
                if wish.policy is not None:
                    raise ProblemError("policy_unavailable", f"policy {wish.policy!r} cannot be loaded.") from error
            else:
                return self._decision(wish, job, drawn, made), made

    def _drawn(self, wish: Wish, stand: Standing, seed: int) -> tuple[Allocation, str]:
        """The policy that answers, and its folder."""
        folders = {(each.name, each.version): each.folder for each in stand.policies}
        if wish.policy is not None:
            named = next((each for each in stand.policies if each.name == wish.policy), None)
            if named is None:
                raise ProblemError("not_found", f"policy {wish.policy!r}: none is registered under this name.")
            return allocate([Arm(named.name, named.version)], seed), named.folder
        now = time.monotonic()
        arms = [arm for arm in stand.arms if now - self._broken.get((arm.name, arm.version), -RETRIED) >= RETRIED]
        if arms:
            drawn = allocate(arms, seed, self._config.floor)
            return drawn, folders[drawn.arm.name, drawn.arm.version]
        if (PRETRAINED, version_of(PRETRAINED)) in self._broken:
            raise ProblemError("not_ready", "No policy can be loaded; the server's log says why.")
        return allocate([Arm(PRETRAINED, version_of(PRETRAINED))], seed), PRETRAINED  # the package's own is there

    def _decision(self, wish: Wish, job: Job, drawn: Allocation, made: Made) -> Decision:
        now = self._clock()
        settings = {name: getattr(job, name) for name in ("k", "runs", "seed", "temperature", "min_fit")}
        settings |= {"filters": asdict(job.filters) if job.filters else {}, "activate": wish.activate}
        settings |= {"left_out": {"unfit": made.unfit, "too_dear": made.too_dear}, "folder": job.policy}
        return Decision(
            decision_id=new_id(),
            decided_at=now,
            activated_at=now if wish.activate else None,
            expires_at=now + self._config.reward_window if wish.activate else None,
            request=wish.request,
            settings=settings,
            context=dict(wish.context),
            policy=drawn.arm.name,
            policy_version=drawn.arm.version,
            policy_propensity=drawn.propensity,
            allocation=drawn.to_json(),
            shop=self._shop,
            items=tuple(
                Listed(place, item["id"], item["propensity"], item) for place, item in enumerate(made.items, start=1)
            ),
        )


def job_of(decision: Decision) -> Job:
    """The job that a decision was made by."""
    settings = dict(decision.settings)
    filters: dict[str, Any] = {
        name: tuple(each) if isinstance(each, list) else each for name, each in settings["filters"].items()
    }
    numbers = {name: settings[name] for name in ("k", "runs", "seed", "temperature", "min_fit")}
    return Job(decision.request, settings["folder"], decision.policy_version, filters=Filters(**filters), **numbers)
