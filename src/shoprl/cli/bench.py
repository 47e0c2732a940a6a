"""``shoprl bench``: how fast and how small everything is, measured here and now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from shoprl.bench.figures import Figures
from shoprl.catalog.webshop import products_file
from shoprl.cli.options import OnAnyData, OnData, OnDevice, Printing, Seeded, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError
from shoprl.files import write_json
from shoprl.machine import commit, machine, versions
from shoprl.reading import read_json
from shoprl.settings import Count, Range
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.default_data import default_folder
from shoprl.shop.generated import generated_data

SMALLEST_SCALE = 100  # products
SCALE_TARGETS = {
    "generate_peak_mb": "<= 4000",
    "build_peak_mb": "<= 4000",
    "open_to_first_step_seconds": "< 1",
    "search_median_ms": "< 10",
    "search_p99_ms": "< 50",
    "worker_private_mb": "<= 300",
}


def report(
    figures: Mapping[str, object], targets: Mapping[str, str], as_json: bool, about: Mapping[str, object] | None = None
) -> None:
    """Print figures, each beside its target where it has one."""
    rows = [(name, value, targets.get(name, "")) for name, value in figures.items()]
    facts = {"targets": targets, "machine": machine(), "versions": versions(), "commit": commit(), **(about or {})}
    emit({**figures, **facts}, table(("figure", "measured", "target"), rows), as_json)


def _data(folder: Path | None) -> ShopData:
    return generated_data() if folder is None else read_data(folder)


def _golden(golden: Path | None, data: Path | None) -> Path | None:
    """The recordings given, or those in the data folder."""
    if golden is not None and not golden.is_dir():
        raise ConfigError(f"{golden}: no such folder. Give the folder of the recordings, or leave out --golden.")
    inside = data / "golden" if data else None
    return golden or (inside if inside and inside.is_dir() else None)


@dataclass(frozen=True, kw_only=True)
class Env(OnAnyData, Seeded, Printing):
    """Measure environment steps a second in one process.

    A step includes the observation (text_rich) and the available actions; every query is a new one.

    Attributes:
        data: the data folder; a small generated shop when left out.
        golden: recordings whose actions are replayed; when left out, those in the data folder, or else random episodes.
        passes: how often all are replayed; the median is reported.
    """

    golden: Path | None = None
    passes: Count = 10

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.env import bench_env, random_episodes, recorded_episodes

        folder = self.data or default_folder()
        data, golden = _data(folder), _golden(self.golden, folder)
        recorded = recorded_episodes(golden, data) if golden else []
        episodes = recorded or random_episodes(data, np.random.default_rng(self.seed))
        figures = bench_env(data, episodes, self.passes).to_json()
        targets = {"steps_per_second": ">= 10000", "steps_per_second_without_searches": ">= 50000"}
        report({**figures, "recorded": bool(recorded)}, targets, self.json, {"hashes": data.hashes()})


@dataclass(frozen=True, kw_only=True)
class Search(OnAnyData, Seeded, Printing):
    """Measure the time of a search.

    No answer is cached.

    Attributes:
        data: the data folder; a small generated shop when left out.
        golden: recordings whose queries are searched; when left out, those in the data folder, or else the
            instructions of goals.
    """

    golden: Path | None = None

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.env import bench_search, instructions, recorded_queries

        folder = self.data or default_folder()
        data, golden = _data(folder), _golden(self.golden, folder)
        recorded = recorded_queries(golden) if golden else []
        searches = bench_search(data, recorded or instructions(data, np.random.default_rng(self.seed)))
        targets = {"median_ms": "<= 0.3"} if len(data.catalog) <= 1_000 else {"median_ms": "<= 10", "p99_ms": "<= 50"}
        figures = {**searches.to_json(), "products": len(data.catalog), "recorded": bool(recorded)}
        report(figures, targets, self.json, {"hashes": data.hashes()})


def _in_processes(data: Path, measure: Callable[[Path], Figures], targets: dict[str, str], json: bool) -> None:
    if not (data / "store.json").is_file() and not data.is_file():
        products_file(data)  # a wrong folder is named before processes are started
    report(measure(data).to_json(), targets, json)


@dataclass(frozen=True, kw_only=True)
class Startup(OnData, Printing):
    """Measure import time and the time to the first step.

    In new processes: seconds to import shoprl.shop, and from opening the data to the first page of results.
    """

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.process import bench_startup

        targets = {"import_seconds": "< 0.5", "open_to_first_step_seconds": "< 1"}
        _in_processes(self.data, bench_startup, targets, self.json)


@dataclass(frozen=True, kw_only=True)
class Memory(OnData, Printing):
    """Measure the memory of environments and workers.

    Of one environment, of 100 in one process, and of 8 workers that share one store.

    Attributes:
        data: the data folder; if it has no store, one is built in a temporary folder.
    """

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.process import bench_memory

        _in_processes(self.data, bench_memory, {"extra_mb": "< 50", "worker_private_mb": "<= 300"}, self.json)


@dataclass(frozen=True, kw_only=True)
class Scale(Seeded, Printing):
    """Measure build time, search time and memory for shops of several sizes.

    Attributes:
        out: the folder to work in; sizes finished there before are not measured again.
        sizes: products of each generated shop; 1,180,000 is WebShop's full size and takes about half an hour.
    """

    out: Path
    sizes: tuple[Annotated[int, Range(SMALLEST_SCALE, 10**8)], ...] = (1_000, 10_000, 100_000)

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.process import bench_size

        if not self.sizes:
            raise ConfigError("--sizes: give the number of products of each shop.")
        rows = []
        for size in sorted(self.sizes):
            path = self.out / f"{size}-{self.seed}" / "row.json"
            if not path.is_file():
                figures = bench_size(path.parent, size, self.seed).to_json()
                write_json(path, {**figures, "machine": machine(), "commit": commit()})
            rows.append(read_json(path, ConfigError))
        figure = self._draw(rows)
        names = [name for name in rows[0] if name not in ("machine", "commit", "products")]
        cells = [(name, *(row[name] for row in rows), SCALE_TARGETS.get(name, "")) for name in names]
        text = table(("products", *(f"{row['products']:,}" for row in rows), "target at 1.18M"), cells)
        emit({"rows": rows, "targets": SCALE_TARGETS, "figure": figure}, f"{text}\n\n{figure or ''}", self.json)

    def _draw(self, rows: Sequence[Mapping[str, float]]) -> str | None:
        try:
            from shoprl.report.plots import plot_scaling

            path = self.out / "scaling.png"
            plot_scaling(rows, path)
        except (ConfigError, ModuleNotFoundError):
            return None  # the table is all there is without Matplotlib
        return str(path)


@dataclass(frozen=True, kw_only=True)
class Update(OnData, Seeded, Printing):
    """Measure an update of a store, and searches before and after it.

    Works on a copy of the store, which shares its files: the store is checked whole when it is opened next.

    Attributes:
        data: a store, or a data folder that holds one.
        rows: of the update; a quarter each of new, reworded, repriced and removed products.
    """

    rows: Annotated[int, Range(4, 10**6)] = 1_000

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.update import bench_update

        report(bench_update(self.data, self.rows, self.seed).to_json(), {"update_seconds": "< 10"}, self.json)


@dataclass(frozen=True, kw_only=True)
class Feeds(Seeded, Printing):
    """Measure the import of product feeds of several sizes.

    Rows a second, peak memory and size on disk, of generated feeds in CSV.

    Attributes:
        out: the folder to work in; feeds written there before are used again.
        sizes: rows of each feed; 1,180,000 takes about half an hour.
    """

    out: Path
    sizes: tuple[Annotated[int, Range(SMALLEST_SCALE, 10**8)], ...] = (10_000, 100_000)

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.feeds import bench_import

        if not self.sizes:
            raise ConfigError("--sizes: give the number of rows of each feed.")
        rows = [
            bench_import(self.out / f"{size}-{self.seed}", size, self.seed).to_json() for size in sorted(self.sizes)
        ]
        targets = {"import_peak_mb": "<= 4000"}
        cells = [(name, *(row[name] for row in rows), targets.get(name, "")) for name in rows[0] if name != "rows"]
        text = table(("rows", *(f"{row['rows']:,}" for row in rows), "target at 1.18M"), cells)
        facts = {"machine": machine(), "versions": versions(), "commit": commit()}
        emit({"rows": rows, "targets": targets, **facts}, text, self.json)


@dataclass(frozen=True, kw_only=True)
class Learn(OnAnyData, Seeded, Threaded, OnDevice, Printing):
    """Measure seconds an update of each learner, and decisions a second.

    Decisions are greedy and in batches.

    Attributes:
        data: the data folder; a small generated shop when left out.
        method: all learners on the choice network; two trainings of it at once, each with --threads, beside one alone
            (together); DPO (bi-attention), PPO or policy gradient of a bi-attention network
            of BERT-base's size with random weights, for a GPU; or the backbone's encoding of titles.
        updates: of each learner; must be a multiple of 16 for all and bi-attention-ppo.
        titles: of generated products, to encode.
        size: tiny takes seconds on a CPU: few demonstrations and episodes, a bi-attention network of one layer.
    """

    method: Literal["all", "together", "bi-attention", "bi-attention-policy-gradient", "bi-attention-ppo", "encode"] = (
        "all"
    )
    updates: Count = 48
    titles: Count = 10_000
    size: Literal["full", "tiny"] = "full"

    def execute(self) -> None:
        """Run the command."""
        if self.method in ("all", "bi-attention-ppo") and self.updates % 16:
            raise ConfigError(f"--updates {self.updates}: must be a multiple of 16.")
        team = prepare(self.seed, self.threads, self.device)
        from shoprl.bench.learn import LEARNERS, SIZES, bench_bi_attention, bench_encoding, bench_learn
        from shoprl.bench.together import bench_together

        folder = self.data or default_folder()
        if self.method == "together":
            if team.device.type != "cpu":
                raise ConfigError("--method together measures the processor. Add --device cpu.")
            shop = _data(folder)  # bad input is named before processes are started
            together = bench_together(folder, self.updates, self.seed, self.threads, self.size)
            report(together.to_json(), {"slowdown": "< 3"}, self.json, {"hashes": shop.hashes()})
            return
        if self.method == "encode":
            report(bench_encoding(self.titles, self.seed, team).to_json(), {}, self.json)
            return
        data, about = _data(folder), (self.updates, self.seed, team, SIZES[self.size])
        targets: dict[str, str] = {}
        if self.method == "all":
            figures, targets = bench_learn(data, *about).to_json(), {"decisions_per_second": ">= 300"}
        else:
            figures = bench_bi_attention(data, *about, LEARNERS[self.method]).to_json()
        report(figures, targets, self.json, {"hashes": data.hashes()})
