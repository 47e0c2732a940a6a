import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import CatalogError, ConfigError, PolicyError
from shoprl.service import workers
from shoprl.service.shopping import Job, Opening
from shoprl.service.workers import WorkerError, Workers
from shoprl.service.writer import BusyError
from shoprl.shop.store import build_store
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
    # The last ones wait together and are handed over together.
    asked = (job(), job("a lamp"), job("brass"), job(" "), job(policy="nobody"), job("lamp"))
    futures = [pool.make(each) for each in asked]
    for each in (*futures[:3], futures[5]):
        assert each.result(30).items
    with pytest.raises(ConfigError, match="empty"):
        futures[3].result(30)
    with pytest.raises(PolicyError, match="no such policy"):
        futures[4].result(30)


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


def test_a_process_finishes_what_is_open_when_all_are_told_to_end(pool: Workers) -> None:
    before = _process_of(pool)
    futures = [pool.make(job(f"a shoe {number}")) for number in range(6)]
    os.kill(before, signal.SIGTERM)
    for future in futures:
        future.result(60)
    assert _process_of(pool) == before
    os.kill(before, signal.SIGKILL)  # it would end by itself later
    wait_for(lambda: pool.make(job("tea")).result(60) is not None)


def test_a_queue_is_bounded_and_impatient(tmp_path: Path) -> None:
    made = Workers(Opening(tmp_path), 1, 2, 0.21)  # not started
    futures = [made.make(job()), made.make(job())]
    with pytest.raises(BusyError, match="Too many"):
        made.make(job())
    time.sleep(0.25)
    for _ in futures:
        assert not made._taken()
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


def test_who_waits_is_answered_in_time_also_while_no_process_runs(tmp_path: Path) -> None:
    made = Workers(Opening(tmp_path / "nowhere"), 1, 2, 0.2)
    made.start()
    with pytest.raises(BusyError, match="waited too long") as caught:
        made.make(job()).result(5)
    assert caught.value.retry_after is not None
    made.close()


def test_who_would_wait_in_vain_is_refused_at_once(tmp_path: Path) -> None:
    made = Workers(Opening(tmp_path / "nowhere"), 1, 50, 1.0)
    for _ in range(6):  # at a fifth of a second each, as is supposed before one was made
        made.make(job())
    with pytest.raises(BusyError, match="Too many") as caught:
        made.make(job())
    assert caught.value.retry_after == 2.0


def test_errors_come_back_as_what_they_are() -> None:
    assert isinstance(workers._known("CatalogError", "x"), CatalogError)
    assert isinstance(workers._known("ValueError", "secret"), WorkerError)
    assert "secret" not in str(workers._known("ValueError", "secret"))


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="looks at a process's files as Linux lists them")
class Process:
    """Stands for one that takes a tenth of a second to load what encodes new words."""

    preparing, most, made = 0, 0, 0  # of all

    def __init__(self, opening: Opening) -> None:
        self.prepared = False

    def opened(self) -> None:
        pass

    def ask(self, call: str, tickets: Sequence[object]) -> list[object]:
        if call == "prepare":
            Process.preparing += 1
            Process.most = max(Process.most, Process.preparing)
            time.sleep(0.1)
            Process.preparing -= 1
            Process.made += 1
        return ["a list"] * len(tickets)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("count", "busy"), [(3, True), (3, False), (1, False)])
def test_processes_load_what_encodes_new_words_one_after_the_other(
    count: int, busy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("preparing", "most", "made"):
        monkeypatch.setattr(Process, name, 0)
    monkeypatch.setattr(workers, "_Process", Process)
    made = Workers(Opening(tmp_path, first="pretrained"), count, 8, 30.0)
    made.start()
    wait_for(lambda: made.ready)
    wait_for(lambda: (not busy or made.make(job()).result(5)) and Process.made == count)
    assert Process.most == 1
    made.close()


def test_a_process_alone_answers_before_it_loads_what_encodes_new_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Process, "made", 0)
    monkeypatch.setattr(workers, "_Process", Process)
    monkeypatch.setattr(workers, "PAUSE", 60.0)
    made = Workers(Opening(tmp_path, first="pretrained"), 1, 8, 30.0)
    made.start()
    wait_for(lambda: made.ready)
    for _ in range(20):
        assert made.make(job()).result(5) == "a list"
    assert Process.made == 0
    made.close()


@pytest.mark.slow
def test_busy_processes_have_loaded_what_encodes_new_words_in_the_end(tmp_path: Path) -> None:
    from shoprl.policies.saving import load_policy
    from shoprl.recommender.prepared import prepare_words

    write_toy_folder(tmp_path)
    build_store(tmp_path)
    prepare_words(load_policy("pretrained"), tmp_path)
    before = set(multiprocessing.active_children())
    made = Workers(Opening(tmp_path, first="pretrained"), 2, 8, 30.0)
    made.start()
    wait_for(lambda: made.ready, 120)
    pids = [each.pid for each in set(multiprocessing.active_children()) - before]
    assert len(pids) == 2

    def loaded() -> bool:
        made.make(job()).result(60)  # nobody is ever idle
        return all("tokenizers" in Path(f"/proc/{pid}/maps").read_text() for pid in pids)

    wait_for(loaded, 120)
    made.close()


def test_closing_ends_the_process(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    made = Workers(Opening(tmp_path), 1, 2, 30.0)
    made.start()
    wait_for(lambda: made.ready)
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 8
    assert not made.ready
