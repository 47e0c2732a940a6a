"""Executes the chunks of a comparison, in this process or in workers that each open the shop and the arms once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

import torch

from shoprl.errors import RunError, ShopRLError
from shoprl.evaluation.thompson.arms import load_arms, share_tokens
from shoprl.evaluation.thompson.rounds import Chunk
from shoprl.policies.base import Policy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.search.encoder import Encoder
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.searching import SearchKind
from shoprl.shop.splits import SplitName
from shoprl.tasks.shop.task import ShopTask

Submit = Callable[[Chunk], "Future[list[Episode]]"]


@dataclass(frozen=True)
class Worker:
    """The shop and the policies of a process.

    Attributes:
        policies: the arms, in order.
        data: the shop.
    """

    policies: Mapping[str, Policy]
    data: ShopData

    def play(self, chunk: Chunk) -> list[Episode]:
        """Run a chunk's episodes with sampled actions.

        Raises:
            RunError: the policy failed.
        """
        name, policy = list(self.policies.items())[chunk.arm]
        goals = [(index, self.data.goals[index]) for index in chunk.goals]
        try:
            return run_episodes(policy, ShopTask(self.data.shop), goals, chunk.seeds, "sample", label="")
        except ShopRLError as error:
            raise type(error)(f"Arm {name!r}: {error}") from error
        except Exception as error:  # a policy may raise any exception
            raise RunError(
                f"Arm {name!r}: failed in rollouts {chunk.indices[0]} to {chunk.indices[-1]} "
                f"({type(error).__name__}: {error}). Fix it and continue with `resume`."
            ) from error


@dataclass(frozen=True)
class Setup:
    """What a worker process opens the shop and the arms from.

    Attributes:
        data: the data folder.
        strict: raise an error for malformed products.
        split: the part of the goals.
        arms: name -> policy, as :func:`shoprl.evaluation.thompson.arms.load_arms` takes them.
        folder: of the cached token states.
        backbone: the encoders that the user named.
        search, encoder, goals: as :func:`shoprl.shop.data.read_data` takes them.
    """

    data: Path
    strict: bool
    split: SplitName
    arms: Mapping[str, str]
    folder: Path
    backbone: Sequence[str] = ()
    search: SearchKind = "bm25"
    encoder: Encoder | None = None
    goals: str | None = None

    def worker(self, data: ShopData | None = None) -> Worker:
        """Open the shop, unless it is given, and the arms."""
        if data is None:
            data = read_data(self.data, self.strict, search=self.search, encoder=self.encoder, goals=self.goals)
        policies = load_arms(self.arms, self.backbone)
        share_tokens(policies, data, data.split.part(self.split), self.folder)
        return Worker(policies, data)


@contextmanager
def here(worker: Worker) -> Iterator[Submit]:
    """Execute chunks in this process."""

    def submit(chunk: Chunk) -> "Future[list[Episode]]":
        done: Future[list[Episode]] = Future()
        done.set_result(worker.play(chunk))
        return done

    yield submit


@contextmanager
def processes(setup: Setup, workers: int) -> Iterator[Submit]:
    """Execute chunks in worker processes of one thread each, which end with the context.

    Args:
        setup: opened by each worker; the token states must be in its folder.
        workers: number of processes.
    """
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # it would let the signals through again that are held back below
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, _start, (setup,))

    def submit(chunk: Chunk) -> "Future[list[Episode]]":
        with _without_interrupts():  # this may start a worker
            return pool.submit(_play, chunk)

    try:
        yield submit
    except BaseException:  # nobody waits for what the workers are at
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        with _without_interrupts():
            pool.shutdown(cancel_futures=True)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back until the end, here and for good in the processes that are started meanwhile.

    A worker must never see it, not even in its first moments: the parent handles it.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)  # none where it was not set from Python
        if came:
            signal.raise_signal(signal.SIGINT)


_opened: list[Setup | Worker] = []  # in a worker process: its setup until the first chunk, then its worker


def _start(setup: Setup) -> None:
    """Initialise a worker; the setup is opened by the first chunk, so that errors reach the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which was blocked since the process began
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _opened[:] = [setup]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play(chunk: Chunk) -> list[Episode]:
    if isinstance(_opened[0], Setup):
        _opened[:] = [_opened[0].worker()]
    worker = _opened[0]
    assert isinstance(worker, Worker)
    return worker.play(chunk)
