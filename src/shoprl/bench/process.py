"""Measures processes: how fast one starts, and what memory one, many environments and many workers take (Linux)."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from shoprl.bench.env import bench_search, instructions
from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import read_json, write_json
from shoprl.shop.data import read_data
from shoprl.shop.store import FOLDER, build_store, store_of

ENVIRONMENTS = 100
WORKERS = 8

_IMPORT = "import time; t = time.perf_counter(); import shoprl.shop; print(time.perf_counter() - t)"


def memory_of(process: int) -> dict[str, float]:
    """Resident, proportional (``Pss``) and private megabytes of a process.

    Raises:
        ConfigError: the system does not say.
    """
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError as cause:
        raise ConfigError("Memory is measured from Linux's /proc/PID/smaps_rollup, which is not here.") from cause
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {name: value * 1.024e-3 for name, value in
            {"rss": kilobytes["Rss"], "pss": kilobytes["Pss"], "private": private}.items()}  # fmt: skip


class _Worker:
    def __init__(self, data: Path, environments: int, steps: int) -> None:
        command = [sys.executable, "-m", "shoprl.bench.worker", str(data), str(environments), str(steps)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self) -> dict[str, float]:
        """Wait until it has stepped; its times."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ShopRLError(f"A worker ended with code {self._process.wait()}; what it wrote stands above.")
        times: dict[str, float] = json.loads(line)
        return times

    def memory(self) -> dict[str, float]:
        return memory_of(self._process.pid)

    def close(self) -> None:
        self._process.communicate("")


def _measured(data: Path, environments: int, steps: int, workers: int = 1) -> list[dict[str, float]]:
    """Memory of processes that all are up at once, and their times."""
    running = [_Worker(data, environments, steps) for _ in range(workers)]
    try:
        times = [worker.ready() for worker in running]
        return [worker.memory() | each for worker, each in zip(running, times, strict=True)]
    finally:
        for worker in running:
            worker.close()


def bench_startup(data: Path, repeats: int = 5) -> dict[str, Any]:
    """Seconds to import ``shoprl.shop``, and from opening the data to the first search's page, in new processes."""
    command = [sys.executable, "-c", _IMPORT]
    imports = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(repeats)
    ]
    opened = [_measured(data, 1, 0)[0]["first_step_seconds"] for _ in range(repeats)]
    return {
        "import_seconds": round(median(imports), 3),
        "open_to_first_step_seconds": round(median(opened), 3),
        "store": store_of(data) is not None,
        "repeats": repeats,
    }


def bench_memory(data: Path, environments: int = ENVIRONMENTS, workers: int = WORKERS) -> dict[str, Any]:
    """Megabytes of one environment, of many in one process, and of worker processes on one store."""
    one, many = (_measured(data, number, steps=2_000 // number)[0] for number in (1, environments))
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(data) or build_store(data, Path(folder) / "store")
        size = _size(store)
        alone = _measured(store, 1, steps=500)[0]
        together = _measured(store, 1, steps=500, workers=workers)
    return {
        "one_environment_rss_mb": round(one["rss"], 1),
        "environments": environments,
        "environments_rss_mb": round(many["rss"], 1),
        "extra_mb": round(many["rss"] - one["rss"], 1),
        "store_mb": size,
        "store_worker_rss_mb": round(alone["rss"], 1),
        "workers": workers,
        "workers_pss_mb": round(sum(each["pss"] for each in together), 1),
        "worker_pss_mb": round(max(each["pss"] for each in together), 1),
        "worker_private_mb": round(max(each["private"] for each in together), 1),
    }


def bench_size(folder: Path, products: int, seed: int = 0) -> dict[str, Any]:
    """Generate a shop of a size, build its store, open it and search it.

    Args:
        folder: where to; ``data`` in it is kept, and used again where it is there.
        products: how many.
        seed: of the shop.

    Returns:
        Seconds, megabytes (peaks are of the resident memory, mapped files included) and milliseconds.
    """
    data = folder / "data"
    made = {} if data.is_dir() else run_measured(
        ["catalog", "generate", "--products", str(products), "--seed", str(seed), "--out", str(data)]
    )  # fmt: skip
    if made:
        write_json(folder / "generated.json", made)
    made = read_json(folder / "generated.json", ConfigError)
    built = run_measured(["catalog", "build", "--data", str(data)])
    store = data / FOLDER
    opened = _measured(store, 1, steps=500)[0]
    workers = _measured(store, 1, steps=500, workers=WORKERS)
    shop = read_data(store)
    found = bench_search(shop, instructions(shop, np.random.default_rng(seed)))
    return {
        "products": products,
        "source_mb": round(_size(data) - _size(store), 1),
        "generate_seconds": made["seconds"],
        "generate_peak_mb": made["peak_mb"],
        "build_seconds": built["seconds"],
        "build_peak_mb": built["peak_mb"],
        "store_mb": _size(store),
        "index_mb": _size(store / "index"),
        "open_to_first_step_seconds": round(opened["first_step_seconds"], 3),
        "search_median_ms": found["median_ms"],
        "search_p99_ms": found["p99_ms"],
        "words_per_query": found["words_per_query"],
        "worker_private_mb": round(max(each["private"] for each in workers), 1),
        "workers_pss_mb": round(sum(each["pss"] for each in workers), 1),
    }


def _size(folder: Path) -> float:
    """Megabytes of all files in a folder."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def run_measured(arguments: list[str]) -> dict[str, float]:
    """Run a ``shoprl`` command in a process of its own; its seconds and its peak resident megabytes.

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
    return {"seconds": round(os.times().elapsed - start, 1), "peak_mb": round(used.ru_maxrss * 1.024e-3, 1)}
