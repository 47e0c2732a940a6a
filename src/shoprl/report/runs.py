"""Finished run folders, and which of them may be averaged: the same recipe on the same data with other seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoprl.errors import RunError
from shoprl.files import content_hash, read_json
from shoprl.report.text import bounded
from shoprl.runlog import RUN

RESULTS = "results.json"
_NOT_RECIPE = ("seed", "threads", "hashes")  # settings in which runs of one recipe may differ

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """A run folder as it was read.

    Attributes:
        folder: where it is.
        name: how the report calls it; no two of a report have the same.
        record: of ``run.json``.
        results: of ``results.json``; empty where there is none.
    """

    folder: Path
    name: str
    record: Row
    results: Row

    @property
    def settings(self) -> Row:
        """What defines the run."""
        return _mapping(self.record.get("settings"))

    @property
    def seed(self) -> Any:
        """The seed of every draw; None where it is not known."""
        return self.results.get("seed", self.settings.get("seed"))

    @property
    def label(self) -> str:
        """What was run."""
        known = (self.results.get("study"), self.settings.get("study"), self.settings.get("budget"))
        return next((name for name in known if isinstance(name, str)), self.name)

    @property
    def hashes(self) -> Row:
        """Content hashes of the data; empty where they are not known."""
        return _mapping(self.results.get("hashes")) or _mapping(self.settings.get("hashes"))

    @property
    def generated(self) -> bool:
        """Whether ShopRL generated the run's shop."""
        return self.settings.get("hashes") == "generated" or self.settings.get("generated") is True

    @property
    def agents(self) -> Mapping[str, Row]:
        """The row of each agent."""
        return _rows(self.results.get("agents"))

    @property
    def comparisons(self) -> dict[str, Row]:
        """The differences between agents, by name; of an older run the only one."""
        found = self.results.get("comparisons")
        rows = found if isinstance(found, list) else [self.results.get("comparison")]
        named = [row for row in rows if isinstance(row, Mapping)]
        return {_comparison_name(row): row for row in named}

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

    def agents(self) -> dict[str, list[tuple[RunFolder, Row]]]:
        """Each agent's row in each of its runs; agents of several recipes are told apart by the recipe's label."""
        found: dict[str, list[tuple[RunFolder, Row]]] = {}
        for batch in self.batches:
            for run in batch.runs:
                for name, row in run.agents.items():
                    found.setdefault(self.named(name, batch), []).append((run, row))
        return found

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
    places = [folder.resolve() for folder in folders]
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
        raise RunError(f"{folder}: holds no {RUN}. Give a folder that `shoprl reproduce --out` wrote.")
    record = _read_mapping(folder / RUN)
    results = _read_mapping(folder / RESULTS) if (folder / RESULTS).is_file() else {}
    for key in ("agents", "thompson", "wall_seconds", "hashes"):
        if results.get(key) is not None and not isinstance(results[key], Mapping):
            raise RunError(f"{folder / RESULTS}: {key} is not a JSON object. Make the run again.")
    return RunFolder(folder, name, record, results)


def _read_mapping(path: Path) -> Row:
    value = read_json(path, RunError)
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}. Make the run again.")
    return value


def grouped(runs: Sequence[RunFolder]) -> list[Group]:
    """The runs by their data, in the order given; a run whose data is not known is a group of its own."""
    by_data: dict[str, list[RunFolder]] = {}
    for run in runs:
        by_data.setdefault(content_hash(run.hashes) if run.hashes else run.name, []).append(run)
    return [Group(_data_title(same[0]), tuple(_batches(same))) for same in by_data.values()]


def _batches(runs: Sequence[RunFolder]) -> Iterator[Batch]:
    found: list[list[RunFolder]] = []
    for run in runs:
        fits = (same for same in found if same[0].recipe == run.recipe and run.seed not in [r.seed for r in same])
        place = next(fits, None) if run.seed is not None else None
        if place is None:
            found.append([run])
        else:
            place.append(run)
    labels = [same[0].label for same in found]
    for same, label in zip(found, labels, strict=True):
        yield Batch(label if labels.count(label) == 1 else f"{label}, {same[0].name}", tuple(same))


def _data_title(run: RunFolder) -> str:
    data = run.record.get("data")
    name = "Generated shop" if run.generated else Path(data).name if isinstance(data, str) else "Data"
    hashes = ", ".join(f"{key} {str(run.hashes[key])[:8]}" for key in ("catalog", "goals") if key in run.hashes)
    return f"{bounded(name, 80)}: {hashes or f'hashes not known, run {bounded(run.name, 80)}'}"


def _comparison_name(row: Row) -> str:
    """What is compared; older runs say it at length, or compare only DPO and its control."""
    return str(row.get("name") or str(row.get("of", "")).split(",")[0] or "dpo less control")


def _mapping(value: object) -> Row:
    return value if isinstance(value, Mapping) else {}


def _rows(value: object) -> dict[str, Row]:
    return {str(name): row for name, row in _mapping(value).items() if isinstance(row, Mapping)}


def _without_seeds(value: Any) -> Any:
    """Settings without any nested seed."""
    if isinstance(value, Mapping):
        return {key: _without_seeds(part) for key, part in value.items() if key != "seed"}
    return [_without_seeds(part) for part in value] if isinstance(value, list) else value
