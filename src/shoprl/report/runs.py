"""Finished run folders, and which of them may be averaged: the same recipe on the same data with other seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import RunError
from shoprl.evaluation.results import RESULTS, Difference, PolicyRow, RunRecord, RunResults, read_record, read_results
from shoprl.files import content_hash, real_path
from shoprl.report.text import bounded
from shoprl.runlog import RUN

# The catalogue of WebShop's small set-up, whose licence asks for a notice where its texts are shown.
WEBSHOP_SMALL = "79aef27c7c374ff051e33bc2060a92380287d6fc219b7fa804009fada4d3cc3d"
_NOT_RECIPE = ("seed", "threads", "hashes")  # settings in which runs of one recipe may differ

Settings = Mapping[str, object]


@dataclass(frozen=True)
class RunFolder:
    """A run folder as it was read.

    Attributes:
        folder: where it is.
        name: how the report calls it; no two of a report have the same.
        record: ``run.json``.
        results: ``results.json``; without a value where there is none.
    """

    folder: Path
    name: str
    record: RunRecord
    results: RunResults

    @property
    def settings(self) -> Settings:
        """What defines the run."""
        return self.record.settings or {}

    @property
    def seed(self) -> object:
        """The seed of every draw; None where it is not known."""
        if self.results.seed is not None:
            return self.results.seed
        config = mapping(self.settings.get("config"))
        nested = (self.settings, config, mapping(config.get("dpo")))  # of self-learning, the last
        return next((part["seed"] for part in nested if part.get("seed") is not None), None)

    @property
    def label(self) -> str:
        """What was run."""
        settings = self.settings
        known = (self.results.study, settings.get("study"), settings.get("budget"), self.method)
        return next((name for name in known if isinstance(name, str)), self.name)

    @property
    def method(self) -> str | None:
        """What a run of ``shoprl train`` trained by; None of other runs."""
        if self.last is None:
            return None
        known = (self.settings.get("method"), self.settings.get("model"))  # the latter of a query policy
        return next((name for name in known if isinstance(name, str)), None)

    @property
    def last(self) -> Mapping[str, object] | None:
        """The last row of the log of ``shoprl train``; None of other runs."""
        return self.record.last or mapping((self.results.more or {}).get("last")) or None

    @property
    def hashes(self) -> Mapping[str, object]:
        """Content hashes of the data; empty where they are not known."""
        return self.results.hashes or mapping(self.settings.get("hashes"))

    @property
    def generated(self) -> bool:
        """Whether ShopRL generated the run's catalogue."""
        return self.settings.get("hashes") == "generated" or self.settings.get("generated") is True

    @property
    def data_name(self) -> str:
        """What is known of the data: where it is from, and its hashes."""
        if self.generated:
            name = "Generated catalogue"
        elif self.hashes.get("catalog") == WEBSHOP_SMALL:
            name = "WebShop's small catalogue"
        else:
            name = Path(self.record.data).name if self.record.data else "Data"
        hashes = ", ".join(f"{key} {str(self.hashes[key])[:8]}" for key in ("catalog", "goals") if key in self.hashes)
        return f"{bounded(name, 80)}: {hashes or f'hashes not known, run {bounded(self.name, 80)}'}"

    @property
    def agents(self) -> Mapping[str, PolicyRow]:
        """The row of each agent."""
        return self.results.agents or {}

    @property
    def differences(self) -> Mapping[str, Difference]:
        """The differences between agents, by name."""
        return self.results.differences

    @property
    def recipe(self) -> str:
        """The same for runs that differ in their seeds alone."""
        settings = {key: value for key, value in self.settings.items() if key not in _NOT_RECIPE}
        return content_hash(_without_seeds(settings))


@dataclass(frozen=True)
class Batch:
    """Runs of one recipe on the same data, no seed twice."""

    label: str
    runs: tuple[RunFolder, ...]


@dataclass(frozen=True)
class Group:
    """Batches on the same catalogue and goals."""

    title: str
    batches: tuple[Batch, ...]

    @property
    def runs(self) -> list[RunFolder]:
        """All runs of the group."""
        return [run for batch in self.batches for run in batch.runs]

    def agents(self) -> dict[str, list[tuple[RunFolder, PolicyRow]]]:
        """Each agent's row in each of its runs; agents of several recipes carry the recipe's label."""
        rows: dict[str, list[tuple[RunFolder, PolicyRow]]] = {}
        for batch in self.batches:
            for run in batch.runs:
                for name, row in run.agents.items():
                    rows.setdefault(self.named(name, batch), []).append((run, row))
        return rows

    def named(self, name: str, batch: Batch) -> str:
        """How something of a batch is called in the group's tables."""
        return f"{bounded(name, 120)} ({bounded(batch.label, 120)})" if len(self.batches) > 1 else name


def read_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """Read run folders; the folder of a study stands for its runs ``seed-S``.

    Raises:
        RunError: none is given, one is given twice, is no run folder, or holds a malformed file.
    """
    if not folders:
        raise RunError("No run folder is given. Name at least one, such as `shoprl report runs/quick --out FILE`.")
    folders = [run for folder in folders for run in _runs_of(folder)]
    places = [real_path(folder) for folder in folders]
    twice = [str(folder) for i, folder in enumerate(folders) if places[i] in places[:i]]
    if twice:
        raise RunError(f"{twice[0]}: given twice. Give each run once.")
    return [_read(folder, name) for folder, name in zip(folders, _names(places), strict=True)]


def _runs_of(folder: Path) -> list[Path]:
    seeds = [path.parent for path in folder.glob(f"seed-*/{RUN}")]
    return [folder] if (folder / RUN).is_file() or not seeds else sorted(seeds, key=lambda seed: (len(seed.name), seed))


def _names(places: Sequence[Path]) -> Iterator[str]:
    """The folders' names, with the folder above where two are the same."""
    names = [place.name for place in places]
    longer = [f"{place.parent.name}/{place.name}" if names.count(place.name) > 1 else place.name for place in places]
    for i, name in enumerate(longer):
        yield name if longer.count(name) == 1 else f"{name} ({longer[: i + 1].count(name)})"


def _read(folder: Path, name: str) -> RunFolder:
    if not (folder / RUN).is_file():
        raise RunError(f"{folder}: holds no {RUN}. Give a folder that `shoprl reproduce --out` or another run wrote.")
    results = read_results(folder / RESULTS) if (folder / RESULTS).is_file() else RunResults()
    return RunFolder(folder, name, read_record(folder), results)


def grouped(runs: Sequence[RunFolder]) -> list[Group]:
    """The runs by their data, in the order given; a run whose data is not known is a group of its own."""
    by_data: dict[str, list[RunFolder]] = {}
    for run in runs:
        by_data.setdefault(content_hash(run.hashes) if run.hashes else run.name, []).append(run)
    return [Group(same[0].data_name, tuple(_batches(same))) for same in by_data.values()]


def _batches(runs: Sequence[RunFolder]) -> Iterator[Batch]:
    batches: list[list[RunFolder]] = []
    for run in runs:
        fits = (same for same in batches if same[0].recipe == run.recipe and run.seed not in [r.seed for r in same])
        place = next(fits, None) if run.seed is not None else None
        if place is None:
            batches.append([run])
        else:
            place.append(run)
    labels = [same[0].label for same in batches]
    for same, label in zip(batches, labels, strict=True):
        yield Batch(label if labels.count(label) == 1 else f"{label}, {same[0].name}", tuple(same))


def mapping(value: object) -> Mapping[str, object]:
    """``value`` where it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _without_seeds(value: object) -> object:
    """Settings without any nested seed."""
    if isinstance(value, Mapping):
        return {key: _without_seeds(part) for key, part in value.items() if key != "seed"}
    return [_without_seeds(part) for part in value] if isinstance(value, list) else value
