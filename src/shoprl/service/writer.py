"""Group commit: what is to be written waits for one thread, which commits many requests' work together."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shoprl.errors import ShopRLError, StorageError
from shoprl.service.database import name_of, reason, writing

WAITING = 10_000  # requests that wait at most
TOGETHER = 500  # requests in one transaction: a commit waits for the disk once for all of them
T = TypeVar("T")
Work = Callable[[Connection], T]


class BusyError(ShopRLError):
    """More work waits than can be done soon."""


class _Job(Generic[T]):
    def __init__(self, work: Work[T]) -> None:
        self.work, self.future, self.result = work, Future[T](), list[T]()

    def run(self, connection: Connection) -> None:
        """Do the work; what goes wrong with it alone is undone alone."""
        try:
            with connection.begin_nested():
                self.result = [self.work(connection)]
        except SQLAlchemyError:
            raise
        except Exception as error:
            self.future.set_exception(error)

    def committed(self) -> None:
        if self.result:
            self.future.set_result(self.result[0])


class Writer:
    """Does work in transactions, in the order in which it is submitted.

    Args:
        engine: the database.
        waiting: how much work may wait.
    """

    def __init__(self, engine: Engine, waiting: int = WAITING) -> None:
        self._engine = engine
        self._queue: queue.Queue[_Job[Any] | None] = queue.Queue(waiting)
        self._closed = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How much work waits."""
        return self._queue.qsize()

    def submit(self, work: Work[T]) -> "Future[T]":
        """Have work done; when the future holds its result, what was written is on the disk.

        Args:
            work: gets the connection, and may be done twice where the database fails in between: it must not change
                anything but the database.

        Raises:
            BusyError: too much work waits, or the writer is closed.

        The future raises a :class:`StorageError` where the database refuses, and what the work itself raises.
        """
        job = _Job(work)
        with self._closed:
            if not self._open:
                raise BusyError("The service is shutting down. Try again later.")
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise BusyError("Too much waits to be written. Try again later.") from None
        return job.future

    def close(self) -> None:
        """Do what waits, and take no more."""
        with self._closed:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            jobs, last = [first], False
            while len(jobs) < TOGETHER and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                jobs.append(more)
            self._commit(jobs)
            if last:
                return

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        try:
            with writing(self._engine) as connection:
                for job in jobs:
                    job.run(connection)
        except SQLAlchemyError as error:
            if len(jobs) > 1 and not getattr(error, "connection_invalidated", False):
                for job in jobs:  # one of them may be to blame
                    if not job.future.done():
                        self._commit([job])
                return
            fault = StorageError(f"{name_of(self._engine)}: {reason(error, self._engine)}.")
            for job in jobs:
                if not job.future.done():
                    job.future.set_exception(fault)
            return
        for job in jobs:
            job.committed()
