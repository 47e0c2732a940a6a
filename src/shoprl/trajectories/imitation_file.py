"""WebShop's imitation file (``il_trajs_finalized_images.jsonl``): people's trajectories as texts.

One JSON object per line, each field a list with one entry per step:

- ``states``: the page as text, WebShop's ``text_rich``; the first starts with a heading and ``Instruction:``
- ``actions``: the actions, products by ASIN
- ``actions_translate``: the same, products as ``click[item - TITLE]``
- ``available_actions``: the page's clicks in that form; a page with a search bar has none
- ``action_idxs``: index of the action among them; -1 for a search
- ``images``: picture features (not read, optional)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shoprl.errors import TrajectoryError
from shoprl.progress import track
from shoprl.reading import read_json_lines
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION, Goal
from shoprl.shop.session import parse_action
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.imported import Imported, ImportOutcome, held_out, plain_wish, replayed
from shoprl.trajectories.lines import MAX_TEXT, Fields, take, take_texts

_ITEM = "click[item - "


@dataclass(frozen=True, slots=True)
class TextDecision:
    """A decision as texts, for language models.

    Attributes:
        state: the page.
        candidates: the available actions, products by title.
        chosen: index of the action taken.
    """

    state: str
    candidates: tuple[str, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class TextTrajectory:
    """One line of the file.

    Attributes:
        source: ``FILE: line N``.
        instruction: the instruction, with its price clause.
        actions: the actions, in the shop's grammar.
        asins: the products clicked.
        decisions: the decisions except searches, which have no available actions.
        unclear: number of steps left out of ``decisions`` because their index does not match the action.
    """

    source: str
    instruction: str
    actions: tuple[str, ...]
    asins: tuple[str, ...]
    decisions: tuple[TextDecision, ...]
    unclear: int


def _instruction(state: str, where: str) -> str:
    """The instruction of a first page: the text between ``Instruction:`` and the search button."""
    _, marker, rest = state.partition("Instruction:")
    text = " ".join(rest.split("[button]", 1)[0].replace("[SEP]", " ").split())
    if not marker or not text or len(text) > MAX_INSTRUCTION:
        raise TrajectoryError(f"{where}: field 'states' does not start with an instruction. Fix or remove the line.")
    return text


def _trajectory(row: Fields, where: str) -> TextTrajectory:
    states = take_texts(row, "states", where, MAX_TEXT)
    actions, titled = take_texts(row, "actions", where), take_texts(row, "actions_translate", where)
    name = "available_actions"
    available = [take_texts({name: each}, name, where) for each in take(row, name, list, where)]
    indices = take(row, "action_idxs", list, where)
    if not len(states) == len(actions) == len(titled) == len(available) == len(indices) > 0:
        raise TrajectoryError(f"{where}: its lists are empty or of unequal length. Fix or remove the line.")
    decisions, unclear = [], 0
    for state, offered, index, taken in zip(states, available, indices, titled, strict=True):
        if index == -1:
            continue
        if type(index) is int and 0 <= index < len(offered) and offered[index].strip() == taken.strip():
            decisions.append(TextDecision(state, tuple(offered), index))
        else:
            unclear += 1
    products = [a for a, t in zip(actions, titled, strict=True) if t.lower().startswith(_ITEM)]
    asins = [(parse_action(action)[1] or action).upper() for action in products]
    return TextTrajectory(
        where, _instruction(states[0], where), tuple(actions), tuple(asins), tuple(decisions), unclear
    )


def _read(path: Path) -> Iterator[TextTrajectory | ImportOutcome]:
    number = 0
    for number, row in read_json_lines(path, TrajectoryError):
        where = f"{path}: line {number}"
        try:
            yield _trajectory(row, where)
        except TrajectoryError as error:
            yield ImportOutcome(where, "malformed", str(error))
    if not number:
        raise TrajectoryError(f"{path}: holds no line. Give WebShop's imitation file.")


def read_imitation_file(path: Path) -> tuple[list[TextTrajectory], list[ImportOutcome]]:
    """Read the file, gzipped if its name ends in ``.gz``; no catalogue is needed.

    Returns:
        The trajectories, and an outcome for each malformed line.

    Raises:
        TrajectoryError: the file is missing, empty or not JSON lines.
    """
    lines = list(track(_read(path), "reading the imitation file", unit="line"))
    trajectories = [each for each in lines if isinstance(each, TextTrajectory)]
    return trajectories, [each for each in lines if isinstance(each, ImportOutcome)]


class _Goals:
    """Finds the goals of trajectories by instruction."""

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = goals
        self._by_wish: dict[str, list[int]] = defaultdict(list)
        for index, goal in enumerate(goals):
            self._by_wish[plain_wish(goal.instruction)].append(index)

    def of(self, trajectory: TextTrajectory) -> int | None:
        """The goal with its instruction; of several, one with the same price clause, then with the product bought."""

        def rank(index: int) -> tuple[bool, bool]:
            goal = self._goals[index]
            return goal.instruction.lower() == trajectory.instruction.lower(), goal.asin in trajectory.asins[-1:]

        return max(self._by_wish.get(plain_wish(trajectory.instruction), []), key=rank, default=None)


def import_imitation_file(path: Path, data: ShopData) -> Imported:
    """Demonstrations from the file, on the data folder's own goals.

    A trajectory is used if a goal has its instruction (except for the price clause, which WebShop draws anew), the
    catalogue holds the products it clicks, and the shop's pages offer all of its actions. The file holds no rewards:
    they are computed here, with the goal's own price ceiling. Trajectories on eval and test goals are left out.

    Args:
        path: the file.
        data: the shop to replay it in, and its goals.

    Raises:
        TrajectoryError: the file is missing, empty or not JSON lines. A malformed line is reported by its outcome.
    """
    goals, unseen, task = _Goals(data.goals), held_out(data), ShopTask(data.shop)
    episodes, outcomes = [], []
    for line in track(_read(path), "replaying the imitation file", unit="line"):
        if isinstance(line, ImportOutcome):
            outcomes.append(line)
            continue
        outcome = ImportOutcome(line.source, "no goal", "", line.instruction, steps=len(line.actions))
        index = goals.of(line)
        if index is None:
            outcomes.append(replace(outcome, reason="no goal of the data folder has its instruction"))
        elif index in unseen:
            outcomes.append(replace(outcome, status="held out", reason=f"its goal {index} is an eval or test goal"))
        else:
            episode, status, reason = replayed(task, data.goals[index], index, line.actions, line.asins)
            outcomes.append(replace(outcome, status=status, reason=reason, reward=episode.reward if episode else None))
            if episode is not None:
                episodes.append(episode)
    return Imported(data.goals, tuple(episodes), tuple(outcomes))
