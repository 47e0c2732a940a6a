"""``shoprl mcp``: the service as tools of an assistant."""

import signal
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated

from shoprl.cli.service import OnService
from shoprl.errors import ConfigError
from shoprl.service.config import ServiceConfig
from shoprl.settings import Range


@dataclass(frozen=True, kw_only=True)
class Mcp(OnService):
    """Give an assistant tools to search the shop, to recommend, and to order, over the Model Context Protocol.

    It speaks on standard input and output, as assistants start it, until its input ends. Over HTTP the same tools are
    at `/mcp` of `shoprl serve`. An order is a record: nothing is paid.

    Attributes:
        workers: processes that make lists.
    """

    workers: Annotated[int, Range(1, 64)] = 1

    def execute(self) -> None:
        """Run the command."""
        if find_spec("mcp") is None:
            raise ConfigError('The package mcp is not installed. Install it: pip install "shoprl[assistants]"')
        import anyio

        from shoprl.service.assistants.server import assistant_server

        signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of a service is no failure
        service = self.service(ServiceConfig(workers=self.workers))
        service.workers.start()
        try:
            anyio.run(assistant_server(service).run_stdio_async)
        except KeyboardInterrupt:
            pass
        finally:
            service.close()
