"""``shoprl serve``: recommendations over HTTP, with a database of decisions and feedback."""

import contextlib
import ipaddress
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from shoprl.cli.env_server import listen
from shoprl.cli.service import OnService
from shoprl.errors import ConfigError
from shoprl.service.config import ServiceConfig
from shoprl.settings import Range

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shoprl.service.loop import Every
    from shoprl.service.running import Service

SWITCH = 0.0005  # seconds after which a thread lets another one run: an answer must not wait for the log to be written
GRACE = 8.0  # seconds in which open requests are finished after a signal to stop


@dataclass(frozen=True, kw_only=True)
class Serve(ServiceConfig, OnService):
    """Serve recommendations over HTTP, keep feedback, and learn from it.

    It runs until it is interrupted, finishes what is open, and leaves. Decisions and feedback are kept in a database;
    what was acknowledged is on the disk.

    Attributes:
        host: the address to listen on; any but a loopback one needs a key (shoprl keys make).
        port: the port; 0 takes a free one.
        allowed_hosts: names and addresses by which clients call the server, beside localhost, --host and the address
            by which they reach it. Needed where they use a name, or there is a proxy in between.
        allowed_origins: web pages elsewhere that may use the server, such as https://shop.example.org.
        consent: a file with the text that people agree to who shop in the pages (/shop); a plain one when left out.
        every: learn from new feedback by itself, as shoprl learn does, so often (30m, 1h, 1d) or when the service is
            idle; what is learned becomes a candidate, and takes the active policy's place once its lists earn more.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Range(0, 2**16 - 1)] = 8000
    allowed_hosts: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    allowed_origins: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    consent: Path | None = None
    every: str | None = None

    def execute(self) -> None:
        """Run the command."""
        from shoprl.serve.connections import RESERVE, Server, connections_within, open_files
        from shoprl.serve.guard import allowed_names
        from shoprl.serve.sessions import Limits
        from shoprl.service.app import create_app
        from shoprl.service.database import name_of
        from shoprl.service.demonstrations import read_consent
        from shoprl.service.loop import Every
        from shoprl.service.observed import json_log
        from shoprl.service.problems import refused

        every = None if self.every is None else Every.parse(self.every)
        consent = None if self.consent is None else read_consent(self.consent)
        sys.setswitchinterval(SWITCH)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of a service is no failure
        connections = connections_within(open_files(self.max_connections + RESERVE), self.max_connections)
        with listen(self.host, self.port) as listening, contextlib.suppress(KeyboardInterrupt):
            host, port = listening.getsockname()[:2]
            named = [each.partition("%")[0] for each in (*self.allowed_hosts, self.host, host) if each]
            allowed_names(named)
            config = ServiceConfig(**{each.name: getattr(self, each.name) for each in fields(ServiceConfig)})
            service = self.service(config, lambda engine: self._check_keys(engine, host))
            service.consent = consent or service.consent
            app = create_app(service, named, self.allowed_origins)
            limits = Limits(max_connections=connections, max_body=self.max_body)
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            sys.stderr.write(
                f"Serving {self.catalog} on http://{address} (API: /openapi.json), decisions and feedback in "
                f"{name_of(service.engine)}. Ctrl-C stops it.\n"
            )
            with json_log(), self._learning(service, every):
                Server(app, limits, refused, GRACE).run(sockets=[listening])

    @contextlib.contextmanager
    def _learning(self, service: "Service", every: "Every | None") -> Iterator[None]:
        """Learn meanwhile, if that is wanted."""
        if every is None:
            yield
            return
        from shoprl.cli.background import in_background
        from shoprl.service.loop import Loop

        words = ["learn", "--data", str(self.catalog.absolute()), "--activate", "candidate"]
        words += [] if self.database is None else ["--from", self.database]
        words += [word for name in self.backbone for word in ("--backbone", name)]
        words += [] if self.search is None else ["--search", self.search]
        folder = self.catalog.absolute().with_name(f"{self.catalog.name}.learned")
        words += ["--threads", "1", "--json"]
        loop = Loop(every, words, folder, lambda: service.quiet, service.decider.settle, in_background)
        loop.start()
        try:
            yield
        finally:
            loop.close()

    def _check_keys(self, engine: "Engine", host: str) -> None:
        """Refuse to listen where others can reach it, unless they need a key."""
        from shoprl.service.database import reading
        from shoprl.service.keys import all_keys

        if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return
        with reading(engine) as connection:
            if all(key.revoked_at is not None for key in all_keys(connection)):
                raise ConfigError(
                    f"--host {self.host}: others can reach this address, and no key was made. Make one: "
                    f"shoprl keys make --name NAME --scopes admin --database {_shell(engine)}"
                )


def _shell(engine: "Engine") -> str:
    return f"sqlite:///{engine.url.database}" if engine.dialect.name == "sqlite" else "postgresql://..."
