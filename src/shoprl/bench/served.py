"""A running ``shoprl serve`` and other commands, as somebody would use them: by processes and HTTP alone."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from shoprl.errors import ShopRLError

if TYPE_CHECKING:
    import httpx2

CODE = "import sys; from shoprl.cli.main import main; sys.argv[0] = 'shoprl'; main()"
TRIES = 30  # of a request that the server has no room for
TIMEOUT = 120.0  # seconds for an answer
STARTING = 300.0  # seconds in which a server must answer
STOPPING = 30.0  # seconds after which a server that was asked to stop is killed
_ADDRESS = re.compile(r"^Serving .* on (http://\S+)")


def json_of(arguments: Sequence[str], log: Path) -> dict[str, Any]:
    """What a ``shoprl`` command prints as JSON.

    Args:
        arguments: of the command, ``--json`` among them.
        log: what it says besides is added to this file.

    Raises:
        ShopRLError: it failed.
    """
    with log.open("ab") as said:
        command = [sys.executable, "-c", CODE, *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, check=False)
    if done.returncode:
        raise ShopRLError(f"`shoprl {' '.join(arguments)}` ended with code {done.returncode}; {log} says why.")
    row: dict[str, Any] = json.loads(done.stdout)
    return row


class Client:
    """Calls a service, from any number of threads.

    Args:
        http: sends requests to its address.

    Raises:
        ShopRLError: of the methods: the service refuses, or cannot be reached.
    """

    def __init__(self, http: "httpx2.Client") -> None:
        self._http = http

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer to a request; where the server has no room, it is sent again after a while."""
        import httpx2

        for _ in range(TRIES):
            try:
                answer = self._http.request(method, path, json=body)
            except httpx2.HTTPError as error:
                raise ShopRLError(f"{path}: {error or type(error).__name__}.") from error
            if answer.status_code not in (429, 503):
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        if not answer.is_success:
            raise ShopRLError(f"{path}: status {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def recommend(self, request: str, seed: int, policy: str | None = None) -> dict[str, Any]:
        """A list; of a policy, or of the one that the service draws.

        One that is asked for by name is not shown to anybody: it is measured, and no arm gains or loses by it.
        """
        body = {"request": request, "seed": seed} | ({} if policy is None else {"policy": policy, "activate": False})
        answer: dict[str, Any] = self.ask("POST", "/v1/recommendations", body)
        return answer

    def tell(self, events: Sequence[Mapping[str, Any]]) -> list[str]:
        """Send events; what became of each."""
        results = self.ask("POST", "/v1/feedback", {"events": list(events)})["results"]
        return [str(each["status"]) for each in results]

    def play(self, policy: str, role: str) -> None:
        """Give a policy a role."""
        self.ask("POST", f"/v1/policies/{policy}/activate", {"role": role})


@contextmanager
def serving(arguments: Sequence[str], log: Path) -> Iterator[Client]:
    """A server on a free port.

    Args:
        arguments: of ``shoprl serve``.
        log: gets what it says.

    Raises:
        ShopRLError: it does not start.
    """
    import httpx2

    command = [sys.executable, "-c", CODE, "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    found: list[str] = []
    said = threading.Event()
    reader = threading.Thread(target=_read, args=(process.stderr, log, found, said), daemon=True)
    reader.start()
    try:
        if not said.wait(STARTING) or not found:
            raise ShopRLError(f"`shoprl serve {' '.join(arguments)}` did not start; {log} says why.")
        with httpx2.Client(base_url=found[0], timeout=TIMEOUT, trust_env=False) as http:  # no proxy
            yield Client(http)
    finally:
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(STOPPING)
        process.stderr.close()


def _read(stream: IO[bytes], log: Path, found: list[str], said: threading.Event) -> None:
    """Copy what a server says, and find its address in it."""
    with log.open("ab") as copy:
        for line in stream:
            copy.write(line)
            copy.flush()
            match = None if found else _ADDRESS.match(line.decode(errors="replace"))
            if match:
                found.append(match[1])
                said.set()
    said.set()  # it ended
