"""Who plays the episodes of a comparison: this process, or several that each open the shop and the arms once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from shoprl.errors import RunError, ShopRLError
from shoprl.evaluation.thompson.arms import load_arms, share_tokens
from shoprl.evaluation.thompson.rounds import Task
from shoprl.policies.base import Policy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.splits import SplitName
from shoprl.tasks.shop.task import ShopTask

Submit = Callable[[Task], "Future[list[Episode]]"]


@dataclass(frozen=True)
class Table:
    """What a process needs to play.

    Attributes:
        policies: the arms, in order.
        data: the shop.
    """

    policies: Mapping[str, Policy]
    data: ShopData

    def play(self, task: Task) -> list[Episode]:
        """Play a task's episodes, actions sampled.

        Raises:
            RunError: the policy failed.
        """
        name, policy = list(self.policies.items())[task.arm]
        goals = [(index, self.data.goals[index]) for index in task.goals]
        try:
            return run_episodes(policy, ShopTask(self.data.shop), goals, task.seeds, "sample", label="")
        except ShopRLError as error:
            raise type(error)(f"Arm {name!r}: {error}") from error
        except Exception as error:  # a policy of any kind may raise anything
            raise RunError(
                f"Arm {name!r}: failed in rollouts {task.indices[0]} to {task.indices[-1]} "
                f"({type(error).__name__}: {error}). Fix it and continue with `resume`."
            ) from error


@dataclass(frozen=True)
class Setup:
    """Where a worker finds its table.

    Attributes:
        data: the data folder.
        strict: a product that cannot be read is an error.
        split: the part of the goals that is played.
        arms: name -> policy, as :func:`shoprl.evaluation.thompson.arms.load_arms` takes them.
        folder: where the token states are kept.
    """

    data: Path
    strict: bool
    split: SplitName
    arms: Mapping[str, str]
    folder: Path

    def table(self, data: ShopData | None = None) -> Table:
        """Open the shop, unless it is open, and the arms."""
        data = data or read_data(self.data, self.strict)
        policies = load_arms(self.arms)
        share_tokens(policies, data, data.split.part(self.split), self.folder)
        return Table(policies, data)


@contextmanager
def here(table: Table) -> Iterator[Submit]:
    """Play in this process, when asked."""

    def submit(task: Task) -> "Future[list[Episode]]":
        done: Future[list[Episode]] = Future()
        done.set_result(table.play(task))
        return done

    yield submit


@contextmanager
def processes(setup: Setup, workers: int) -> Iterator[Submit]:
    """Play in ``workers`` processes of one thread each; ends them at the end, after the tasks under way.

    Args:
        setup: what each of them opens; the token states must be in its folder.
        workers: how many.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (setup,))
    try:
        yield lambda task: pool.submit(_play, task)
    finally:
        pool.shutdown(cancel_futures=True)


_opened: list[Setup | Table] = []  # of a worker: what to open at its first task, then what it opened


def _start(setup: Setup) -> None:
    """Prepare a worker; what may fail waits for the first task, whose error reaches the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _opened[:] = [setup]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play(task: Task) -> list[Episode]:
    if isinstance(_opened[0], Setup):
        _opened[:] = [_opened[0].table()]
    table = _opened[0]
    assert isinstance(table, Table)
    return table.play(task)
