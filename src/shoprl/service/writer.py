"""Group commit: what is to be written waits for one thread, which commits many requests' work together."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import groupby
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shoprl.errors import ShopRLError, StorageError
from shoprl.service.database import name_of, reason, writing

WAITING = 10_000  # requests that wait at most
TOGETHER = 500  # requests in one transaction: a commit waits for the disk once for all of them
T = TypeVar("T")
A = TypeVar("A")
Work = Callable[[Connection], T]
WorkOfMany = Callable[[Connection, Sequence[A]], Sequence[T]]


class BusyError(ShopRLError):
    """More work waits than can be done soon.

    Args:
        message: what waits.
        retry_after: seconds after which there may be room.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _Job(Generic[T]):
    """Work with one argument; work of the same kind may be done for several at once."""

    def __init__(self, kind: WorkOfMany[Any, T], argument: object) -> None:
        self.kind, self.argument, self.future, self.result = kind, argument, Future[T](), list[T]()
        self.future.set_running_or_notify_cancel()  # who no longer waits for it cannot take it back

    def committed(self) -> None:
        if self.result:
            self.future.set_result(self.result[0])


def _run(connection: Connection, jobs: Sequence[_Job[Any]]) -> None:
    """Do work of one kind; what goes wrong with one alone is undone alone."""
    try:
        with connection.begin_nested():
            results = jobs[0].kind(connection, [job.argument for job in jobs])
    except SQLAlchemyError:
        raise
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].future.set_exception(error)
        else:
            for job in jobs:
                _run(connection, [job])
        return
    for job, result in zip(jobs, results, strict=True):
        job.result = [result]


def _each(connection: Connection, works: Sequence[Work[T]]) -> list[T]:
    return [work(connection) for work in works]


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
        return self._queued(_Job(_each, work))

    def submit_to(self, kind: WorkOfMany[A, T], argument: A) -> "Future[T]":
        """Have work done with one argument, together with that of others where many wait; see :meth:`submit`."""
        return self._queued(_Job(kind, argument))

    def _queued(self, job: _Job[T]) -> "Future[T]":
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
        begun = False
        try:
            with writing(self._engine) as connection:
                begun = True
                if len(jobs) == 1:  # no savepoint: what goes wrong with it undoes the transaction
                    jobs[0].result = list(jobs[0].kind(connection, [jobs[0].argument]))
                else:
                    for kind, own in groupby(jobs, lambda job: job.kind):
                        for some in [[job] for job in own] if kind is _each else [list(own)]:
                            _run(connection, some)
        except Exception as error:
            if isinstance(error, SQLAlchemyError):
                if begun and len(jobs) > 1 and not getattr(error, "connection_invalidated", False):
                    for job in jobs:  # one of them may be to blame
                        if not job.future.done():
                            self._commit([job])
                    return
                error = StorageError(f"{name_of(self._engine)}: {reason(error, self._engine)}.")
            for job in jobs:  # and the thread goes on, whatever it was
                if not job.future.done():
                    job.future.set_exception(error)
            return
        for job in jobs:
            job.committed()
