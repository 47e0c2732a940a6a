"""``shoprl env-server``: the environment over HTTP, for agents in other processes and languages."""

import contextlib
import socket
import sys
from dataclasses import dataclass
from typing import Annotated

from shoprl.cli.options import OnData, Seeded, Strict
from shoprl.errors import ConfigError
from shoprl.serve.sessions import Limits
from shoprl.settings import Range
from shoprl.shop.data import read_data

KEEP_ALIVE = 75  # seconds; longer than the client's


@dataclass(frozen=True, kw_only=True)
class EnvServer(OnData, Seeded, Strict):
    """Serve the environment over HTTP.

    It runs until it is interrupted. It has no authentication: anyone who can reach the address can use it.

    Attributes:
        host: the address to listen on; 0.0.0.0 means every address of this machine.
        port: the port; 0 takes a free one.
        max_sessions: sessions open at the same time, at most.
        idle_seconds: a session without a request for this long is closed.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Range(0, 2**16 - 1)] = 8700
    max_sessions: int = Limits.max_sessions
    idle_seconds: float = Limits.idle_seconds

    def execute(self) -> None:
        """Run the command."""
        import uvicorn

        from shoprl.serve.server import create_app

        limits = Limits(self.max_sessions, self.idle_seconds)
        with listen(self.host, self.port) as listening, contextlib.suppress(KeyboardInterrupt):
            app = create_app(read_data(self.data, self.strict), limits, self.seed)
            host, port = listening.getsockname()[:2]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            sys.stderr.write(f"Serving {self.data} on http://{address} (API: /openapi.json). Ctrl-C stops it.\n")
            config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE)
            uvicorn.Server(config).run(sockets=[listening])


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
