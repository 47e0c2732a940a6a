"""Processes that make lists, so that the one that answers stays free to take feedback."""

import ctypes
import logging
import math
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from shoprl import errors
from shoprl.errors import ShopRLError
from shoprl.service.policies import version_of
from shoprl.service.shopping import Job, Made, Opening, Shopper
from shoprl.service.writer import BusyError

log = logging.getLogger(__name__)

TOGETHER = 4  # requests that one process takes at once, when many wait
MANY = 4  # for each process: handing over saves little, and until all are made none is answered
TRIES = 2  # of a request whose process ends
NICE = 10  # by which the process that answers goes first: taking feedback needs little, and at once
TRIMMED = 50  # requests after which a process gives memory back
UNHEARD = "qzxvw"  # a word that no policy knows
LOOK = 0.25  # seconds between two looks at what waits
FINISHING = 15.0  # seconds after SIGTERM; longer than a server takes to finish
PAUSE = 1.0  # seconds before a process that cannot start is started again, or an idle one alone goes on preparing
T = TypeVar("T")
Step = Mapping[str, Any]
Watch = Callable[[Step], None]


class WorkerError(ShopRLError):
    """A process that makes lists failed; the log says why."""


class _Ticket:
    """What waits for a process."""

    def __init__(self, call: str, argument: object, until: float, watch: Watch | None = None) -> None:
        self.call, self.argument, self.until, self.watch = call, argument, until, watch
        self.future: Future[Any] = Future()
        self.tries, self._claimed, self._claiming = 0, False, threading.Lock()

    def claim(self) -> bool:
        """Whether it is the caller's to answer: the first who asks gets it, unless who waited has taken it back."""
        with self._claiming:
            if self._claimed:
                return False
            self._claimed = True
        return self.future.set_running_or_notify_cancel()

    def fail(self, error: BaseException) -> None:
        with suppress(InvalidStateError):  # it was taken back
            self.future.set_exception(error)


class Workers:
    """Processes with a queue in front.

    Args:
        opening: how each opens the shop.
        count: how many.
        waiting: requests that wait at most.
        patience: seconds that one waits at most.
    """

    def __init__(self, opening: Opening, count: int, waiting: int, patience: float) -> None:
        self._opening, self._count, self._patience = opening, count, patience
        self._queue: queue.Queue[_Ticket] = queue.Queue(waiting)
        self._closing = threading.Event()
        self._ready = [threading.Event() for _ in range(count)]
        self._seconds = 0.2  # of a request, lately
        self._preparing = threading.Lock()
        self.fault: str | None = None
        self._threads = [
            threading.Thread(target=self._serve, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]
        self._threads.append(threading.Thread(target=self._give_up, name="patience", daemon=True))

    def start(self) -> None:
        """Start the processes; :attr:`ready` tells when they are."""
        for thread in self._threads:
            thread.start()

    @property
    def ready(self) -> bool:
        """Whether all processes take requests."""
        return all(each.is_set() for each in self._ready)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._queue.qsize()

    @property
    def wait(self) -> float:
        """Seconds until what waits now is done, about."""
        return max(1.0, math.ceil(self._queue.qsize() * self._seconds / self._count))

    def make(self, job: Job, watch: Watch | None = None) -> "Future[Made]":
        """Have a list made.

        Args:
            job: which.
            watch: called with each step of a watched job, from another thread.

        Raises:
            BusyError: too many wait.

        The future raises what :meth:`shoprl.service.shopping.Shopper.make` does, a :class:`BusyError` where it has
        waited too long, and a :class:`WorkerError`.
        """
        return self._submit("make", job, watch)

    def search(self, query: str) -> "Future[list[str]]":
        """Have the shop's search find products; see :meth:`make`."""
        return self._submit("search", query)

    def close(self) -> None:
        """End the processes after what they do; what waits fails."""
        self._closing.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(10)

    def _submit(self, call: str, argument: object, watch: Watch | None = None) -> "Future[Any]":
        if self._closing.is_set():
            raise BusyError("The service is shutting down. Try again later.")
        ticket = _Ticket(call, argument, time.monotonic() + self._patience, watch)
        if self._queue.qsize() * self._seconds / self._count > self._patience:  # it would wait in vain
            raise BusyError("Too many requests wait. Try again later.", self.wait)
        try:
            self._queue.put_nowait(ticket)
        except queue.Full:
            raise BusyError("Too many requests wait. Try again later.", self.wait) from None
        return ticket.future

    def _serve(self, number: int) -> None:
        """Hand tickets to one process, and start it again when it ends."""
        while not self._closing.is_set():
            process = _Process(self._opening)
            try:
                process.opened()
                self.fault = None
                self._ready[number].set()
                free, prepared = time.monotonic(), self._opening.first is None  # since when nobody asks
                while not self._closing.is_set():
                    if not prepared:
                        prepared = self._prepare(process, number, time.monotonic() - free)
                    if tickets := self._taken():
                        self._hand(process, tickets)
                        free = time.monotonic()
            except (EOFError, OSError) as error:
                log.error("a worker process ended (%s); another is started", type(error).__name__)
            except ShopRLError as error:  # the shop cannot be opened
                self.fault = str(error)
                log.error("%s", error)
                self._closing.wait(PAUSE)
            finally:
                self._ready[number].clear()
                process.close()
        self._refuse_rest()

    def _prepare(self, process: "_Process", number: int, idle: float) -> bool:
        """Have a process load what encodes new words, which takes seconds: while another answers, or nobody asks."""
        others = any(each.is_set() for place, each in enumerate(self._ready) if place != number)
        if not (others or idle > PAUSE) or not self._preparing.acquire(blocking=False):
            return False
        try:
            process.ask("prepare", [_Ticket("prepare", self._opening.first, math.inf)])
        finally:
            self._preparing.release()
        return True

    def _give_up(self) -> None:
        """Refuse what has waited too long, where no process takes it: each may be busy, or still starting."""
        while not self._closing.wait(LOOK):
            with self._queue.mutex:
                waiting = list(self._queue.queue)
            now = time.monotonic()
            for ticket in waiting:
                if ticket.until < now and (ticket.tries or ticket.claim()):
                    ticket.fail(self._too_long())

    def _too_long(self) -> BusyError:
        return BusyError("The request has waited too long. Try again later.", self.wait)

    def _taken(self) -> list[_Ticket]:
        """The next tickets; none where nothing comes for a moment."""
        try:
            first = self._queue.get(timeout=0.1)
        except queue.Empty:
            return []
        tickets = [first]
        share = TOGETHER if self._queue.qsize() >= MANY * self._count else 1
        while len(tickets) < share:
            try:
                tickets.append(self._queue.get_nowait())
            except queue.Empty:
                break
        now, kept = time.monotonic(), []
        for ticket in tickets:
            if not (ticket.tries or ticket.claim()) or ticket.future.done():
                continue
            if ticket.until < now:
                ticket.fail(self._too_long())
            else:
                kept.append(ticket)
        return kept

    def _hand(self, process: "_Process", tickets: Sequence[_Ticket]) -> None:
        began = time.monotonic()
        try:
            for call in dict.fromkeys(ticket.call for ticket in tickets):
                own = [ticket for ticket in tickets if ticket.call == call]
                for ticket, answer in zip(own, process.ask(call, own), strict=True):
                    if isinstance(answer, BaseException):
                        ticket.fail(answer)
                    else:
                        ticket.future.set_result(answer)
        except (EOFError, OSError):
            for ticket in tickets:
                self._again(ticket)
            raise
        self._seconds += 0.1 * ((time.monotonic() - began) / len(tickets) - self._seconds)

    def _again(self, ticket: _Ticket) -> None:
        """Put back a ticket whose process has ended, which may be the ticket's fault."""
        ticket.tries += 1
        ticket.until = time.monotonic() + self._patience
        if ticket.future.done():
            return
        try:
            if ticket.tries < TRIES:
                self._queue.put_nowait(ticket)
                return
        except queue.Full:
            pass
        ticket.fail(WorkerError("The process that made this list ended. Try again; the server's log may say why."))

    def _refuse_rest(self) -> None:
        while True:
            try:
                self._queue.get_nowait().fail(BusyError("The service is shutting down. Try again later."))
            except queue.Empty:
                return


class _Process:
    """A process that makes lists, and the pipe to it."""

    def __init__(self, opening: Opening) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_run, args=(opening, other), name="shoprl-worker", daemon=True)
        self._process.start()
        other.close()

    def opened(self) -> None:
        """Wait until it has opened the shop.

        Raises:
            ShopRLError: it cannot.
            EOFError: it ended.
        """
        answer = self._pipe.recv()
        if answer is not None:
            raise _known(*answer)

    def ask(self, call: str, tickets: Sequence[_Ticket]) -> list[object]:
        """Have it answer; an exception stands in the place of an answer.

        Raises:
            EOFError, OSError: it ended.
        """
        self._pipe.send((call, [ticket.argument for ticket in tickets]))
        while True:
            step, found = self._pipe.recv()
            if step is None:
                answers: list[tuple[bool, Any]] = found
                return [answer if good else _known(*answer) for good, answer in answers]
            watch = tickets[step].watch
            if watch is not None:
                watch(found)

    def close(self) -> None:
        """End it, after what it does."""
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _known(name: str, message: str) -> ShopRLError:
    """An error of another process."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, ShopRLError):
        return kind(message)
    return WorkerError("A list could not be made. The server's log says why.")


def _finish(*_: object) -> None:
    """Go on, since the server finishes what is open and then closes the pipe; but not for ever."""
    timer = threading.Timer(FINISHING, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _run(opening: Opening, pipe: Connection) -> None:
    """What a process does until its pipe is closed."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the server ends these
    signal.signal(signal.SIGTERM, _finish)  # as service managers send it to all processes of a service
    logging.basicConfig(level=logging.WARNING)
    try:
        shopper = opening.shopper()
    except ShopRLError as error:
        pipe.send((type(error).__name__, str(error)))
        return
    pipe.send(None)
    if opening.first is not None:
        _warm_up(shopper, opening.first)
    done = 0
    while True:
        try:
            call, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send((None, _answers(shopper, call, arguments, pipe)))
        except (EOFError, OSError):
            return
        done += len(arguments)
        if done >= TRIMMED:
            done = 0
            shopper.forget()
            _give_back()


def _warm_up(shopper: Shopper, policy: str, word: str = "") -> None:
    with suppress(ShopRLError):  # named when it is asked for
        shopper.warm_up(policy, version_of(policy), word)


def _give_back() -> None:
    """Return to the system what tensors left free, which the C library keeps in pieces: a third of the process."""
    with suppress(OSError, AttributeError, TypeError):  # another system's C library
        ctypes.CDLL(None).malloc_trim(0)


def _answers(shopper: Shopper, call: str, arguments: Sequence[Any], pipe: Connection) -> list[tuple[bool, Any]]:
    """Each answer, or the error in its place; where several fail together each is tried alone."""
    try:
        if call == "search":
            return [(True, shopper.search(query)) for query in arguments]
        if call == "prepare":
            for policy in arguments:
                _warm_up(shopper, policy, UNHEARD)
            return [(True, None)] * len(arguments)
        return [(True, made) for made in shopper.make(arguments, lambda place, step: pipe.send((place, step)))]
    except Exception as error:
        if len(arguments) > 1:
            return [answer for argument in arguments for answer in _answers(shopper, call, [argument], pipe)]
        if not isinstance(error, ShopRLError):
            log.exception("a list could not be made")
        return [(False, (type(error).__name__, str(error)))]
