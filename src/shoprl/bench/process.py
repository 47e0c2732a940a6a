"""Measures processes: how fast one starts, and what memory one, many environments and many workers take (Linux)."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from shoprl import errors
from shoprl.bench.env import bench_search, instructions
from shoprl.bench.figures import Figures
from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.shop.cached import shop_of
from shoprl.shop.data import read_data
from shoprl.shop.store import FOLDER, build_store

ENVIRONMENTS = 100
WORKERS = 8

_IMPORT = "import time; t = time.perf_counter(); import shoprl.shop; print(time.perf_counter() - t)"


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident, proportional (``Pss``) and private megabytes of a process."""

    rss: float
    pss: float
    private: float


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a worker: imports, then opening the shop up to the first search's page."""

    import_seconds: float
    first_step_seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and peak resident megabytes of a command."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class StartupFigures(Figures):
    """How fast a process starts, the median of several.

    Attributes:
        import_seconds: to import ``shoprl.shop``.
        open_to_first_step_seconds: from opening the data to the first search's page.
        store: whether the data has a store.
        repeats: how often each was measured.
    """

    import_seconds: float
    open_to_first_step_seconds: float
    store: bool
    repeats: int


@dataclass(frozen=True)
class MemoryFigures(Figures):
    """Megabytes of processes; see :class:`Memory` for resident, proportional and private.

    Attributes:
        one_environment_rss_mb: resident, with one environment.
        environments, environments_rss_mb, extra_mb: of many in one process, and how much more that is.
        store_mb: size of the store on disk.
        store_worker_rss_mb: resident, of one worker on the store.
        workers, workers_pss_mb, worker_pss_mb, worker_private_mb: of workers that share the store: the sum, and the
            largest of one.
    """

    one_environment_rss_mb: float
    environments: int
    environments_rss_mb: float
    extra_mb: float
    store_mb: float
    store_worker_rss_mb: float
    workers: int
    workers_pss_mb: float
    worker_pss_mb: float
    worker_private_mb: float


@dataclass(frozen=True)
class ScaleFigures(Figures):
    """A shop of one size; peaks are of the resident memory, mapped files included.

    Attributes:
        products, source_mb: the shop, and its files' size without the store.
        generate_seconds, generate_peak_mb, build_seconds, build_peak_mb: generating it and building its store.
        store_mb, index_mb: size of the store and of the index in it.
        open_to_first_step_seconds: from opening the store to the first search's page.
        search_median_ms, search_p99_ms, words_per_query: searches for instructions.
        worker_private_mb, workers_pss_mb: of workers that share the store: the largest, and the sum.
    """

    products: int
    source_mb: float
    generate_seconds: float
    generate_peak_mb: float
    build_seconds: float
    build_peak_mb: float
    store_mb: float
    index_mb: float
    open_to_first_step_seconds: float
    search_median_ms: float
    search_p99_ms: float
    words_per_query: float
    worker_private_mb: float
    workers_pss_mb: float


def memory_of(process: int) -> Memory:
    """The memory of a process.

    Raises:
        ConfigError: the system does not report it.
    """
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError as cause:
        raise ConfigError(
            "Memory is measured from Linux's /proc/PID/smaps_rollup, which this system does not have."
        ) from cause
    megabytes = {line.split(":")[0]: int(line.split()[1]) * 1.024e-3 for line in lines}
    return Memory(megabytes["Rss"], megabytes["Pss"], megabytes["Private_Clean"] + megabytes["Private_Dirty"])


class _Worker:
    def __init__(self, data: Path, environments: int, steps: int) -> None:
        command = [sys.executable, "-m", "shoprl.bench.worker", str(data), str(environments), str(steps)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self) -> Times:
        """Wait until it has made its steps; its times."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ShopRLError(f"A worker ended with code {self._process.wait()}; its output is above.")
        row = json.loads(line)
        if "error" in row:
            raise getattr(errors, row["error"], ShopRLError)(row["message"])
        return Times(**row)

    def memory(self) -> Memory:
        return memory_of(self._process.pid)

    def close(self) -> None:
        self._process.communicate("")


def _measured(data: Path, environments: int, steps: int, workers: int = 1) -> list[tuple[Memory, Times]]:
    """Memory of processes that all run at the same time, and their times."""
    running = [_Worker(data, environments, steps) for _ in range(workers)]
    try:
        times = [worker.ready() for worker in running]
        return [(worker.memory(), each) for worker, each in zip(running, times, strict=True)]
    finally:
        for worker in running:
            worker.close()


def bench_startup(data: Path, repeats: int = 5) -> StartupFigures:
    """Seconds to import ``shoprl.shop``, and from opening the data to the first search's page, in new processes."""
    command = [sys.executable, "-c", _IMPORT]
    imports = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(repeats)
    ]
    first_steps = [times.first_step_seconds for _ in range(repeats) for _, times in _measured(data, 1, 0)]
    return StartupFigures(
        import_seconds=round(median(imports), 3),
        open_to_first_step_seconds=round(median(first_steps), 3),
        store=shop_of(data) is not None,
        repeats=repeats,
    )


def bench_memory(data: Path, environments: int = ENVIRONMENTS, workers: int = WORKERS) -> MemoryFigures:
    """Megabytes of one environment, of many in one process, and of worker processes on one store."""
    (one, _), (many, _) = (_measured(data, number, steps=2_000 // number)[0] for number in (1, environments))
    with tempfile.TemporaryDirectory() as folder:
        store = shop_of(data) or build_store(data, Path(folder) / "store")
        size = _size(store)
        alone, _ = _measured(store, 1, steps=500)[0]
        together = [memory for memory, _ in _measured(store, 1, steps=500, workers=workers)]
    return MemoryFigures(
        one_environment_rss_mb=round(one.rss, 1),
        environments=environments,
        environments_rss_mb=round(many.rss, 1),
        extra_mb=round(many.rss - one.rss, 1),
        store_mb=size,
        store_worker_rss_mb=round(alone.rss, 1),
        workers=workers,
        workers_pss_mb=round(sum(each.pss for each in together), 1),
        worker_pss_mb=round(max(each.pss for each in together), 1),
        worker_private_mb=round(max(each.private for each in together), 1),
    )


def bench_size(folder: Path, products: int, seed: int = 0) -> ScaleFigures:
    """Generate a shop of a size, build its store, open it and search it.

    Args:
        folder: where to; ``data`` in it is kept, and used again where it is there.
        products: how many.
        seed: of the shop.

    Returns:
        Seconds, megabytes and milliseconds.
    """
    data, record = folder / "data", folder / "generated.json"
    if not data.is_dir():
        size = ("--products", str(products), "--seed", str(seed), "--out", str(data))
        write_json(record, asdict(run_measured(["catalog", "generate", *size])))
    generated = Cost(**read_json(record, ConfigError))
    built = run_measured(["catalog", "build", "--data", str(data)])
    store = data / FOLDER
    _, opened = _measured(store, 1, steps=500)[0]
    workers = [memory for memory, _ in _measured(store, 1, steps=500, workers=WORKERS)]
    shop = read_data(store)
    searches = bench_search(shop, instructions(shop, np.random.default_rng(seed)))
    return ScaleFigures(
        products=products,
        source_mb=round(_size(data) - _size(store), 1),
        generate_seconds=generated.seconds,
        generate_peak_mb=generated.peak_mb,
        build_seconds=built.seconds,
        build_peak_mb=built.peak_mb,
        store_mb=_size(store),
        index_mb=_size(store / "index"),
        open_to_first_step_seconds=round(opened.first_step_seconds, 3),
        search_median_ms=searches.median_ms,
        search_p99_ms=searches.p99_ms,
        words_per_query=searches.words_per_query,
        worker_private_mb=round(max(each.private for each in workers), 1),
        workers_pss_mb=round(sum(each.pss for each in workers), 1),
    )


def _size(folder: Path) -> float:
    """Megabytes of all files in a folder."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def run_measured(arguments: list[str]) -> Cost:
    """Run a ``shoprl`` command in a process of its own.

    Raises:
        ShopRLError: it failed.
    """
    code = "import sys; from shoprl.cli.main import main; sys.argv[0] = 'shoprl'; main()"
    start = os.times().elapsed
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ShopRLError(f"`shoprl {' '.join(arguments)}` ended with code {process.returncode}; see above.")
    return Cost(round(os.times().elapsed - start, 1), round(used.ru_maxrss * 1.024e-3, 1))
