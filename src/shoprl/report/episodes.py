"""Episodes of several agents with the same goals, for the goals on which they differ most."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ShopRLError, TrajectoryError
from shoprl.files import read_json_lines
from shoprl.report.document import Walk, Walks
from shoprl.report.runs import RunFolder
from shoprl.report.text import MAX_TITLE, bounded
from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import read_catalog_and_goals
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.trajectories.files import read_trajectories

GOALS = 3
_AGENTS = 4  # shown of a goal
_STEPS = 30  # shown of an episode
_ACTION = 160  # characters of an action
_SUFFIX = ".jsonl.gz"


@dataclass(frozen=True)
class Compared:
    """Episodes where agents differ, and what the reader should know of them."""

    walks: tuple[Walks, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Told:
    """What is known of the shop: instructions and titles, either may be missing."""

    goals: Sequence[Goal] = ()
    catalog: Catalog | None = None

    def instruction(self, index: int) -> str:
        return self.goals[index].instruction if 0 <= index < len(self.goals) else f"goal {index}"

    def title(self, asin: str | None) -> str:
        if not asin:
            return "nothing"
        known = self.catalog is not None and asin in self.catalog
        return bounded(self.catalog[asin].title, MAX_TITLE) if known and self.catalog else asin

    def step(self, decision: Decision) -> tuple[str, str]:
        """An action, and the page it was taken on or the product that it opens."""
        asin = decision.action.removeprefix("click[").removesuffix("]").upper()
        about = f"on {decision.page}"
        if self.catalog is not None and asin in self.catalog:
            about = f"{self.title(asin)}, {about}"
        chance = "" if decision.probability == 1.0 else f", probability {decision.probability:.2f}"
        return bounded(decision.action, _ACTION), about + chance


def most_apart(episodes: Sequence[Sequence[Episode]], count: int = GOALS) -> list[int]:
    """The positions of the goals on which rewards differ most, of agents that met the same goals in the same order."""
    apart = []
    for i, same in enumerate(zip(*episodes, strict=True)):
        rewards = [episode.reward for episode in same]
        apart.append((min(rewards) - max(rewards), i))
    return [i for difference, i in sorted(apart)[:count] if difference < 0]


def compared_episodes(runs: Iterable[RunFolder]) -> tuple[RunFolder | None, Compared]:
    """The episodes of the first run that has those of two agents, and that run.

    Raises:
        TrajectoryError: a file of episodes is malformed.
    """
    for run in runs:
        found = _read(run)
        if len(found) > 1:
            return run, _compared(run, found)
    return None, Compared()


def _read(run: RunFolder) -> dict[str, list[Episode]]:
    """Each agent's episodes, of agents that met the same goals as the first."""
    folder = run.folder / "episodes" / "test"
    files = {path.name.removesuffix(_SUFFIX): path for path in sorted(folder.glob(f"*{_SUFFIX}"))}
    names = [name for name in run.agents if name in files]
    if len(names) < 2:
        names = [name for name in files if not name.endswith("-sample")]
    found: dict[str, list[Episode]] = {}
    goals: list[int] | None = None
    for name in names:
        episodes = read_trajectories(files[name], _goals_of(files[name]))
        goals = goals or [episode.goal_index for episode in episodes]
        if [episode.goal_index for episode in episodes] == goals:
            found[name] = episodes
    return found


def _goals_of(path: Path) -> str:
    """The hash of the goal list that a file's episodes were made on."""
    return next((str(row.get("goals_sha256")) for _, row in read_json_lines(path, TrajectoryError)), "")


def _compared(run: RunFolder, found: dict[str, list[Episode]]) -> Compared:
    told = _told(run, _goals_of(run.folder / "episodes" / "test" / f"{next(iter(found))}{_SUFFIX}"))
    notes = []
    if told.catalog is None:
        notes.append("The run's data folder was not found: products are named by their ASINs.")
    if len(found) > _AGENTS:
        notes.append(f"Of {len(found)} agents, those with the highest and the lowest rewards are shown.")
    positions = most_apart(list(found.values()))
    walks = [_walks(told, {name: rows[i] for name, rows in found.items()}, first=i == positions[0]) for i in positions]
    return Compared(tuple(walks), tuple(notes) if walks else ())


def _walks(told: _Told, episodes: dict[str, Episode], first: bool) -> Walks:
    order = sorted(episodes, key=lambda name: -episodes[name].earned)
    kept = order if len(order) <= _AGENTS else [*order[: _AGENTS // 2], *order[-(_AGENTS // 2) :]]
    goal = next(iter(episodes.values())).goal_index
    walks = tuple(walk(name, episodes[name], told.step, told.title) for name in episodes if name in kept)
    return Walks(told.instruction(goal), walks, first)


def walk(
    name: str, episode: Episode, step: Callable[[Decision], tuple[str, str]], title: Callable[[str | None], str]
) -> Walk:
    """An episode as it is shown, its steps bounded."""
    steps = [step(decision) for decision in episode.decisions[:_STEPS]]
    left = len(episode.decisions) - len(steps)
    more = [(f"… and {left} more", "")] if left else []
    return Walk(name, f"{episode.reward:.2f}", (*steps, *more), title(episode.asin))


def _told(run: RunFolder, goals_sha256: str) -> _Told:
    """Catalogue and goals of a run where its data folder can be read; goals only where they are the episodes'."""
    data = run.record.get("data")
    try:
        catalog, goals = read_catalog_and_goals(run.folder / data) if isinstance(data, str) else (None, ())
    except ShopRLError:
        return _Told()
    if catalog is None or goals_hash(goals) == goals_sha256:
        return _Told(goals, catalog)
    for name in ("goals.jsonl.gz", "goals.jsonl"):
        path = run.folder / name
        if path.is_file() and goals_hash(own := read_goals(path, catalog)) == goals_sha256:
            return _Told(own, catalog)
    return _Told((), catalog)
