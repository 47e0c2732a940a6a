"""The environment server with what WebShop's own clients ask of theirs beside it. Needs the extra ``serve``."""

import time
from collections.abc import Callable, Collection

from fastapi import FastAPI

from shoprl.compat.agentgym import add_agentgym
from shoprl.compat.legacy_server import LegacyServer
from shoprl.compat.site import add_site
from shoprl.serve.server import create_app
from shoprl.serve.sessions import Limits
from shoprl.shop.data import ShopData


def create_compatible_app(
    data: ShopData,
    limits: Limits | None = None,
    seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    hosts: Collection[str] = (),
) -> FastAPI:
    """The application of :func:`shoprl.serve.server.create_app`, with AgentGym's endpoints and WebShop's site.

    Args:
        data: the shop.
        limits: as there; they hold for everything that is served.
        seed: as there; the goals of sessions that name none are drawn from it, too.
        clock: as there.
        hosts: as there.

    Raises:
        ConfigError: one of the hosts is no name and no address.
    """
    app = create_app(data, limits, seed, clock, hosts)
    server = LegacyServer(data, tuple(range(len(data.goals))))
    add_agentgym(app, server, seed)
    add_site(app, server, seed)
    return app
