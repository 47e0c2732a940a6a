from pathlib import Path

import pytest

from shoprl.bench.process import bench_memory, bench_startup, memory_of, run_measured
from shoprl.errors import ShopRLError
from tests.support.toyshop import write_toy_folder


def test_figures_of_processes(tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "toy")
    started = bench_startup(tmp_path / "toy", repeats=1)
    assert 0 < started.import_seconds < 60
    assert not started.store
    figures = bench_memory(tmp_path / "toy", environments=3, workers=2)
    assert 10 < figures.worker_private_mb <= figures.worker_pss_mb < figures.workers_pss_mb
    assert figures.environments_rss_mb - figures.one_environment_rss_mb == pytest.approx(figures.extra_mb, abs=0.2)


def test_memory_of_a_process_that_is_not_there() -> None:
    with pytest.raises(ShopRLError, match="smaps_rollup"):
        memory_of(2**22 + 1)


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShopRLError, match=r"catalog build .* ended with code 2"):
        run_measured(["catalog", "build", "--data", str(tmp_path / "nowhere")])
