"""Runs studies in one folder: what they share is made once, each (study, seed) is a run folder of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import torch

from shoprl.errors import ConfigError, GoalError
from shoprl.evaluation.results import RESULTS, RunRecord, RunResults, read_record, read_results, write_results
from shoprl.experiments.engine import Experiment
from shoprl.experiments.studies import images
from shoprl.experiments.studies.figures import draw_study
from shoprl.experiments.studies.plans import PAPER, SMALL, TINY, Size, plan, studies
from shoprl.experiments.studies.study import GROUPS, StudyRun, run_study
from shoprl.files import content_hash, optional_file
from shoprl.machine import machine, versions
from shoprl.policies.networks.encoder import TokenStore, encoded
from shoprl.runlog import RUN, carry_out
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.tasks.shop.texts import product_texts, wishes_of

SIZES: Mapping[str, Size] = {"small": SMALL, "paper": PAPER, "tiny": TINY}
NATURAL, IMAGES = "natural_goals.jsonl.gz", "images"
TITLES = {name: study.title for name, study in studies(SMALL).items()} | {
    IMAGES: "Pictures on and off, on a drawn shop"
}


class Studies:
    """The studies of a folder.

    Args:
        out: the folder: ``STUDY/seed-S`` are run folders, ``seed-S`` holds the agents that studies share.
        data: the data folder; the study of pictures needs none.
        size: name of one of :data:`SIZES`.
        threads: processor threads.
        strict: a product that cannot be read is an error.
        goals: as :func:`shoprl.shop.data.read_data` takes them.
    """

    def __init__(
        self, out: Path, data: Path | None, size: str, threads: int, strict: bool = False, goals: str | None = None
    ) -> None:
        if threads < 1:
            raise ConfigError(f"threads {threads}: must be at least 1.")
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        self._out, self._folder, self._threads, self._strict = out, data, threads, strict
        self._goals = goals
        self._size_name, self._size, self._images = size, SIZES[size], images.SIZES.get(size, images.Sizes())
        self._experiments: dict[int, Experiment] = {}

    @cached_property
    def _data(self) -> ShopData:
        if self._folder is None:
            raise ConfigError("These studies need WebShop's files or a catalogue of yours. Give it with `data`.")
        return read_data(self._folder, self._strict, goals=self._goals)

    @cached_property
    def _natural(self) -> Sequence[Goal]:
        path = optional_file(self._folder / NATURAL, GoalError) if self._folder else None
        return read_goals(path, self._data.catalog) if path else ()

    @cached_property
    def _store(self) -> TokenStore:
        """Every text that any agent can meet, encoded together."""
        data = self._data
        texts = [*wishes_of(data.goals), *wishes_of(self._natural)]
        known = content_hash([data.hashes(), goals_hash(self._natural)])
        return encoded(lambda: [*product_texts(data.catalog), *texts], self._out / f"tokens-{known[:16]}.safetensors")

    def _experiment(self, seed: int) -> Experiment:
        if seed not in self._experiments:
            self._experiments.clear()  # one seed's policies at a time in memory
            folder = self._out / f"seed-{seed}"
            made = Experiment(folder, self._data, seed, plan(self._size), GROUPS, tokens=lambda: self._store)
            self._experiments[seed] = made
        return self._experiments[seed]

    def settings(self, name: str, seed: int) -> dict[str, object]:
        """What defines a run."""
        about = {"study": name, "size": self._size_name, "seed": seed, "threads": self._threads}
        if name == IMAGES:
            return {**about, "sizes": asdict(self._images), "generated": True}
        hashes = {**self._data.hashes(), **({"natural_goals": goals_hash(self._natural)} if self._natural else {})}
        return {**about, "sizes": asdict(self._size), "hashes": hashes}

    def run(self, name: str, seed: int) -> RunResults:
        """The results of a study with a seed: run, continued, or read where the run is finished.

        Raises:
            RunError: the folder holds a run with other settings.
        """
        folder = self._out / name / f"seed-{seed}"
        settings = self.settings(name, seed)
        record = read_record(folder) if (folder / RUN).is_file() else RunRecord()

        def work(recorded: dict[str, object]) -> RunResults:
            made = images.run(folder, seed, self._images) if name == IMAGES else self._made(name, seed, folder)
            earlier, now = record.wall_seconds or {}, made.wall_seconds or {}
            wall = {step: round(earlier.get(step, 0) + now.get(step, 0), 2) for step in {**earlier, **now}}
            about = replace(made, study=name, title=TITLES[name], seed=seed, machine=machine(), versions=versions())
            results = replace(about, wall_seconds=wall)
            write_results(folder / RESULTS, results)
            recorded["wall_seconds"] = wall
            return results

        data = None if name == IMAGES else self._folder
        return carry_out(
            folder,
            settings,
            data,
            resume=True,
            made=RESULTS,
            work=work,
            again=lambda: read_results(folder / RESULTS),
        )

    def _made(self, name: str, seed: int, folder: Path) -> RunResults:
        experiment = self._experiment(seed)
        experiment.wall.clear()
        results = run_study(StudyRun(studies(self._size)[name], experiment, folder, self._natural))
        return replace(results, wall_seconds=experiment.seconds())

    def draw(self, name: str) -> None:
        """Draw what all finished seeds of a study show together, into ``STUDY/figures``."""
        runs = [read_results(path) for path in sorted((self._out / name).glob(f"seed-*/{RESULTS}"))]
        if name != IMAGES:
            draw_study(self._out / name, studies(self._size)[name], plan(self._size), self._data, runs)
