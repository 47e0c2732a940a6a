import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import CatalogError, ConfigError, PolicyError
from shoprl.service import workers
from shoprl.service.shopping import Job, Opening
from shoprl.service.workers import WorkerError, Workers
from shoprl.service.writer import BusyError
from tests.support.served import wait_for
from tests.support.toyshop import write_toy_folder

pytest.importorskip("torch", reason="needs the extra train")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("shop")
    write_toy_folder(folder)
    made = Workers(Opening(folder), 1, 8, 30.0)
    made.start()
    wait_for(lambda: made.ready)
    yield made
    made.close()


def job(request: str = "a brass lamp", policy: str = "rule", **fields: Any) -> Job:
    return Job(request, policy, "1", **fields)


def test_lists_are_made_elsewhere(pool: Workers) -> None:
    assert pool.make(job(k=1)).result(30).items[0]["id"] == "B0LAMP0002"
    assert pool.search("brass lamp").result(30)[0] == "B0LAMP0002"


def test_what_goes_wrong_with_one_leaves_the_others(pool: Workers) -> None:
    futures = [pool.make(each) for each in (job(), job(" "), job(policy="nobody"), job("lamp"))]
    futures[0].result(30)
    with pytest.raises(ConfigError, match="empty"):
        futures[1].result(30)
    with pytest.raises(PolicyError, match="no such policy"):
        futures[2].result(30)
    assert futures[3].result(30).items


def test_a_list_that_nobody_waits_for_any_more_is_left_out(pool: Workers) -> None:
    futures = [pool.make(job(f"lamp {number}")) for number in range(5)]
    taken_back = [each.cancel() for each in futures]
    assert taken_back[-1]
    for each, gone in zip(futures, taken_back, strict=True):
        assert gone or each.result(30).items
    assert pool.make(job("lamp")).result(30).items


def _process_of(pool: Workers) -> int:
    import multiprocessing

    (child,) = [each for each in multiprocessing.active_children() if each.name == "shoprl-worker"]
    assert child.pid is not None
    return child.pid


def test_a_process_that_is_killed_is_replaced(pool: Workers) -> None:
    before = _process_of(pool)
    futures = [pool.make(job(f"a lamp {number}")) for number in range(6)]
    os.kill(before, signal.SIGKILL)
    for future in futures:
        future.result(60)  # made again
    wait_for(lambda: pool.ready)
    assert _process_of(pool) != before


def test_a_queue_is_bounded_and_impatient(tmp_path: Path) -> None:
    made = Workers(Opening(tmp_path), 1, 2, -1.0)  # not started
    futures = [made.make(job()), made.make(job())]
    with pytest.raises(BusyError, match="Too many"):
        made.make(job())
    made._taken()
    for future in futures:
        with pytest.raises(BusyError, match="waited too long"):
            future.result(1)


def test_a_shop_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    made = Workers(Opening(tmp_path / "nowhere"), 1, 2, 30.0)
    made.start()
    wait_for(lambda: made.fault)
    assert "nowhere" in str(made.fault)
    assert not made.ready
    waiting: Future[Any] = made.make(job())
    made.close()
    with pytest.raises(BusyError, match="shutting down"):
        waiting.result(1)
    with pytest.raises(BusyError, match="shutting down"):
        made.make(job())


def test_errors_come_back_as_what_they_are() -> None:
    assert isinstance(workers._known("CatalogError", "x"), CatalogError)
    assert isinstance(workers._known("ValueError", "secret"), WorkerError)
    assert "secret" not in str(workers._known("ValueError", "secret"))


def test_closing_ends_the_process(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    made = Workers(Opening(tmp_path), 1, 2, 30.0)
    made.start()
    wait_for(lambda: made.ready)
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 8
    assert not made.ready
