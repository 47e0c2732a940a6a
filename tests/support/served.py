"""A server on a free port of this machine, in a thread. Needs the extra ``serve``."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shoprl.cli.env_server import listen
from shoprl.serve.sessions import Limits
from tests.support.clock import Clock
from tests.support.toyshop import toy_data


@contextmanager
def served(limits: Limits | None = None, clock: Clock | None = None) -> Iterator[str]:
    """The address of a server of the toy shop."""
    from shoprl.compat.env_server import create_compatible_app
    from shoprl.serve.connections import Server

    app = create_compatible_app(toy_data(), limits, seed=0, clock=clock or Clock())
    with listen("127.0.0.1", 0) as listening:
        server = Server(app, limits or Limits())
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
