"""The system's browser, and a service whose pages it can open; tests that need one are skipped without it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def started_browser() -> Iterator[Any]:
    """A browser that Playwright drives."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


def serious(page: Any) -> list[tuple[str, str, str]]:
    """What axe finds on a page that is not minor: the rule, its impact, and the first element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [(x["id"], x["impact"], x["nodes"][0]["html"][:200]) for x in found if x["impact"] != "minor"]


@contextmanager
def opened(app: Any) -> Iterator[str]:
    """The address of an application that listens on a free port of this machine."""
    from shoprl.cli.env_server import listen
    from shoprl.serve.connections import Server
    from shoprl.serve.sessions import Limits
    from tests.support.served import wait_for

    with listen("127.0.0.1", 0) as listening:
        server = Server(app, Limits())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
