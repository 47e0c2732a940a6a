"""``shoprl env-server``: the environment over HTTP, for agents in other processes and languages."""

import contextlib
import socket
import sys
from dataclasses import dataclass, fields, replace
from typing import Annotated

from shoprl.cli.options import OnData, OnGoals, Searching, Seeded, Strict
from shoprl.errors import ConfigError
from shoprl.serve.sessions import ClientShare, Limits
from shoprl.settings import Count, Positive, Range
from shoprl.shop.data import read_data


@dataclass(frozen=True, kw_only=True)
class EnvServer(OnData, OnGoals, Searching, Seeded, Strict):
    """Serve the environment over HTTP.

    AgentGym's clients call it at ``/agentgym``, WebShop's at ``/site``, where people shop, too.

    It runs until it is interrupted. It has no authentication: anyone who can reach the address can use it. Web pages
    in this machine's browsers cannot.

    Attributes:
        host: the address to listen on; 0.0.0.0 means every address of this machine.
        port: the port; 0 takes a free one.
        allowed_hosts: names and addresses by which clients call the server, beside localhost, --host and the address
            by which they reach it. Needed where they use a name, or there is a proxy in between.
        max_sessions: sessions open at the same time, at most.
        client_share: the share of them that one client's address may hold; 1 means all.
        idle_seconds: a session without a request for this long is closed.
        max_body: bytes of a request's body, at most.
        max_connections: connections open at the same time, at most.
        header_seconds: a request's headers must arrive within this time.
        body_seconds: a request's body must arrive within this time after its headers.
        answer_seconds: a client must read an answer within this time.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Range(0, 2**16 - 1)] = 8700
    allowed_hosts: tuple[str, ...] = ()
    max_sessions: Count = Limits.max_sessions
    client_share: ClientShare = Limits.client_share
    idle_seconds: Positive = Limits.idle_seconds
    max_body: Count = Limits.max_body
    max_connections: Count = Limits.max_connections
    header_seconds: Positive = Limits.header_seconds
    body_seconds: Positive = Limits.body_seconds
    answer_seconds: Positive = Limits.answer_seconds

    def execute(self) -> None:
        """Run the command."""
        from shoprl.compat.env_server import create_compatible_app
        from shoprl.serve.connections import RESERVE, Server, connections_within, open_files
        from shoprl.serve.guard import allowed_names

        limits = Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})
        possible = connections_within(open_files(limits.max_connections + RESERVE), limits.max_connections)
        with listen(self.host, self.port) as listening, contextlib.suppress(KeyboardInterrupt):
            host, port = listening.getsockname()[:2]
            named = (*self.allowed_hosts, self.host, host)
            hosts = allowed_names([each.partition("%")[0] for each in named if each])
            if possible < limits.max_connections:
                limits = replace(limits, max_connections=possible)
                sys.stderr.write(f"At most {possible} connections, for want of open files (`ulimit -n`).\n")
            encoder = self.encoder(self.data)
            data = read_data(self.data, self.strict, search=self.search, encoder=encoder, goals=self.goals)
            app = create_compatible_app(data, limits, self.seed, hosts=hosts)
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            sys.stderr.write(
                f"Serving {self.data} on http://{address} (API: /openapi.json, shop: /site). Ctrl-C stops it.\n"
            )
            Server(app, limits).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Raises:
        ConfigError: the address cannot be used.
    """
    if not 0 <= port < 2**16:
        raise ConfigError(f"--port {port}: must be from 0 to {2**16 - 1}.")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host {host} --port {port}: {error}. Choose others.") from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
    return listening
