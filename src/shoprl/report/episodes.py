"""Episodes of several agents with the same goals, for the goals on which they differ most."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ShopRLError, TrajectoryError
from shoprl.reading import read_json_lines
from shoprl.report.document import ShownEpisode, ShownGoal
from shoprl.report.runs import RunFolder
from shoprl.report.text import MAX_TITLE, bounded
from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import read_catalog_and_goals
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.shop.goal_choice import made_goals
from shoprl.shop.making import MadeGoals
from shoprl.trajectories.files import read_trajectories

GOALS = 3
_AGENTS = 4  # shown of a goal
_STEPS = 30  # shown of an episode
_ACTION = 160  # characters of an action
_SUFFIX = ".jsonl.gz"


@dataclass(frozen=True)
class ShopTexts:
    """Where instructions and titles are looked up; either may be missing."""

    goals: Sequence[Goal] = ()
    catalog: Catalog | None = None

    def instruction(self, index: int) -> str:
        """Of a goal, or its number."""
        return self.goals[index].instruction if 0 <= index < len(self.goals) else f"goal {index}"

    def title(self, asin: str | None) -> str:
        """Of a product, or its ASIN."""
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


def most_different(episodes: Sequence[Sequence[Episode]], count: int = GOALS) -> list[int]:
    """The positions of the goals on which rewards differ most, of agents that met the same goals in the same order."""
    apart = []
    for i, same in enumerate(zip(*episodes, strict=True)):
        rewards = [episode.earned for episode in same]
        apart.append((min(rewards) - max(rewards), i))
    return [i for difference, i in sorted(apart)[:count] if difference < 0]


def goals_apart(episodes: Mapping[str, Sequence[Episode]], texts: ShopTexts) -> tuple[ShownGoal, ...]:
    """The goals on which agents differ most, with each agent's episode; the first is opened.

    Args:
        episodes: agent -> episodes, of all agents with the same goals in the same order.
        texts: of their shop.
    """
    positions = most_different(list(episodes.values()))
    return tuple(
        _shown_goal({name: own[i] for name, own in episodes.items()}, texts, opened=i == positions[0])
        for i in positions
    )


def _shown_goal(episodes: Mapping[str, Episode], texts: ShopTexts, opened: bool) -> ShownGoal:
    """A goal; of many agents those with the highest and the lowest rewards."""
    order = sorted(episodes, key=lambda name: -episodes[name].earned)
    kept = order if len(order) <= _AGENTS else [*order[: _AGENTS // 2], *order[-(_AGENTS // 2) :]]
    shown = []
    for name in (name for name in episodes if name in kept):
        episode = episodes[name]
        steps = [texts.step(decision) for decision in episode.decisions[:_STEPS]]
        left = len(episode.decisions) - len(steps)
        more = [(f"… and {left} more", "")] if left else []
        shown.append(ShownEpisode(name, f"{episode.earned:.2f}", (*steps, *more), texts.title(episode.asin)))
    return ShownGoal(texts.instruction(next(iter(episodes.values())).goal_index), tuple(shown), opened)


@dataclass(frozen=True)
class Compared:
    """Goals on which the agents of a run differ, and what the reader should know of them."""

    run: RunFolder | None = None
    goals: tuple[ShownGoal, ...] = ()
    notes: tuple[str, ...] = ()


def compared_episodes(runs: Iterable[RunFolder]) -> Compared:
    """The episodes of the first run that has those of two agents.

    Raises:
        TrajectoryError: a file of episodes is malformed.
    """
    for run in runs:
        episodes, goals_sha256 = _read(run)
        if len(episodes) > 1:
            texts = _texts_of(run, goals_sha256)
            notes = []
            if texts.catalog is None:
                notes.append("The run's data folder was not found: products are named by their ASINs.")
            if len(episodes) > _AGENTS:
                notes.append(f"Of {len(episodes)} agents, those with the highest and the lowest rewards are shown.")
            goals = goals_apart(episodes, texts)
            return Compared(run, goals, tuple(notes) if goals else ())
    return Compared()


def _read(run: RunFolder) -> tuple[dict[str, list[Episode]], str]:
    """Each agent's episodes, of agents that met the same goals as the first, and the hash of their goal list."""
    folder = run.folder / "episodes" / "test"
    files = {path.name.removesuffix(_SUFFIX): path for path in sorted(folder.glob(f"*{_SUFFIX}"))}
    names = [name for name in run.agents if name in files]
    if len(names) < 2:
        names = [name for name in files if not name.endswith("-sample")]
    kept: dict[str, list[Episode]] = {}
    goals: list[int] | None = None
    for name in names:
        episodes = read_trajectories(files[name], _goals_of(files[name]))
        goals = goals or [episode.goal_index for episode in episodes]
        if [episode.goal_index for episode in episodes] == goals:
            kept[name] = episodes
    return kept, _goals_of(files[next(iter(kept))]) if kept else ""


def _goals_of(path: Path) -> str:
    """The hash of the goal list that a file's episodes were made on."""
    return next((str(row.get("goals_sha256")) for _, row in read_json_lines(path, TrajectoryError)), "")


def _texts_of(run: RunFolder, goals_sha256: str) -> ShopTexts:
    """Catalogue and goals of a run where its data folder can be read; goals only where they are the episodes'."""
    if run.record.data is None:
        return ShopTexts()
    try:
        catalog, goals = read_catalog_and_goals(run.folder / run.record.data)
    except ShopRLError:
        return ShopTexts()
    if goals_hash(goals) == goals_sha256:
        return ShopTexts(goals, catalog)
    for name in ("goals.jsonl.gz", "goals.jsonl"):
        path = run.folder / name
        if path.is_file() and goals_hash(own := read_goals(path, catalog)) == goals_sha256:
            return ShopTexts(own, catalog)
    for made in get_args(MadeGoals):  # those chosen for the run, or that the folder had with earlier versions
        with suppress(ShopRLError):
            if goals_hash(goals := made_goals(catalog, made)) == goals_sha256:
                return ShopTexts(goals, catalog)
    return ShopTexts((), catalog)
