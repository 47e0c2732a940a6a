"""``/v1/policies`` and ``/v1/experiments``: which policies answer, and what their lists earn."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path

from shoprl.service.access import Caller
from shoprl.service.arms import Arm, shares
from shoprl.service.database import reading
from shoprl.service.deciding import Standing, standing
from shoprl.service.models import ArmModel, Experiments, NewRole, Policies, PolicyModel, moment
from shoprl.service.policies import Registered, find_policy, set_role, version_of
from shoprl.service.problems import ProblemError, ProblemRoute, responses
from shoprl.service.rewards import earned
from shoprl.service.routes.common import PAGE, Cursor, Limit, needs, page, read
from shoprl.service.running import Service

DRAWS = 20_000
PolicyName = Annotated[str, Path(max_length=100)]


def router(service: Service) -> APIRouter:
    """The endpoints."""
    routes = APIRouter(prefix="/v1", tags=["policies"], route_class=ProblemRoute)
    needed = needs(service, "admin")

    @routes.get("/policies", responses=responses("invalid", "database_unavailable"))
    async def policies(cursor: Cursor = None, limit: Limit = PAGE, caller: Caller = needed) -> Policies:
        """The policies that the service knows, the oldest first."""
        known = (await read(lambda: _standing(service))).policies
        rows, following = page(known, cursor, limit)
        return Policies(results=[_policy(service, each) for each in rows], next_cursor=following)

    @routes.post(
        "/policies/{name}/activate",
        responses=responses("not_found", "policy_unavailable", "unsupported_media_type", "database_unavailable"),
    )
    async def activate(name: PolicyName, asked: NewRole | None = None, caller: Caller = needed) -> PolicyModel:
        """Give a policy a role: `active` (the one before is off then), `candidate`, or `off`."""
        role = (asked or NewRole(role="active")).role
        now = service.clock()
        known = await read(lambda: _named(service, name))
        if known is None:
            raise ProblemError("not_found", f"policy {name!r}: none is registered under this name.")
        if role != "off":
            found = await asyncio.to_thread(version_of, known.folder)
            if found != known.version:
                text = f"{name!r}: the files at {known.folder} were changed since. Register them under another name."
                raise ProblemError("policy_unavailable", text)
        if known.role == "active" and role != "active":
            raise ProblemError("policy_unavailable", f"{name!r} is the active policy. Activate another one first.")
        changed = await asyncio.wrap_future(service.writer.submit(lambda rows: set_role(rows, name, role, now)))
        service.decider.forget()
        return _policy(service, changed)

    @routes.get("/experiments", responses=responses("database_unavailable"))
    async def experiments(caller: Caller = needed) -> Experiments:
        """The arms of the running experiment: what they earned, how likely each is the best, and its share."""
        return await read(lambda: experiments_of(service)[1])

    return routes


def _standing(service: Service) -> Standing:
    with reading(service.engine) as connection:
        return standing(connection, service.config, service.clock())


def _named(service: Service, name: str) -> Registered | None:
    with reading(service.engine) as connection:
        return find_policy(connection, name)


def _policy(service: Service, each: Registered) -> PolicyModel:
    row: dict[str, Any] = asdict(each)
    times = {name: moment(row[name]) for name in ("registered_at", "changed_at")}
    return PolicyModel(**row | times, available=each.name not in service.decider.broken)


def experiments_of(service: Service) -> tuple[Standing, Experiments]:
    """How the policies stand, and the running experiment.

    Raises:
        StorageError: the database cannot be read.
    """
    now = service.clock()
    with reading(service.engine) as connection:
        stand = standing(connection, service.config, now)
        earnings = earned(connection, service.config.reward, stand.since, now)
    arms = [Arm(each.name, each.version, *earnings.get((each.name, each.version), (0, 0.0))) for each in stand.arms]
    roles = {each.name: each.role for each in stand.policies}
    rng = np.random.default_rng(0)  # of a report, not of what is drawn
    chances = shares(arms, service.config.floor, rng) if len(arms) > 1 else np.ones(len(arms))
    draws = np.stack([arm.posterior.sample(rng, DRAWS) for arm in arms]) if arms else np.zeros((0, DRAWS))
    best = np.bincount(draws.argmax(axis=0), minlength=len(arms)) / DRAWS if arms else np.zeros(0)
    return stand, Experiments(
        since=moment(stand.since),
        reward_events=list(service.config.reward_events),
        floor=service.config.floor,
        arms=[
            ArmModel(
                policy=arm.name,
                version=arm.version,
                role=roles[arm.name],
                decisions=arm.decisions,
                reward=arm.reward,
                mean=arm.reward / arm.decisions if arm.decisions else None,
                interval=(float(np.quantile(own, 0.025)), float(np.quantile(own, 0.975))),
                probability_best=float(chance),
                share=float(share),
            )
            for arm, own, chance, share in zip(arms, draws, best, chances, strict=True)
        ],
    )
