"""WebShop's imitation file (``il_trajs_finalized_images.jsonl``): people's trajectories as texts.

One JSON object a line, each field a list with one entry a step:

- ``states``: the page as text, WebShop's ``text_rich``; the first starts with a heading and ``Instruction:``
- ``actions``: what was done, products by ASIN
- ``actions_translate``: the same, products as ``click[item - TITLE]``
- ``available_actions``: the page's clicks in that form; a page with a search bar offers none
- ``action_idxs``: position of the action among them; -1 for a search
- ``images``: picture features (not read, may be left out)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shoprl.errors import TrajectoryError
from shoprl.progress import track
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION, Goal
from shoprl.shop.session import parse_action
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.imported import Imported, Outcome, held_out, plain_wish, replayed
from shoprl.trajectories.lines import MAX_TEXT, Fields, read_lines, take, take_texts

_ITEM = "click[item - "


@dataclass(frozen=True, slots=True)
class TextDecision:
    """A choice as texts alone, for a model that reads them.

    Attributes:
        state: the page.
        candidates: the actions to choose from, products by their titles.
        chosen: index of the one that was taken.
    """

    state: str
    candidates: tuple[str, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class TextTrajectory:
    """One line of the file.

    Attributes:
        source: ``FILE: line N``.
        instruction: what the person was asked for, price clause included.
        actions: what was done, in the shop's grammar.
        asins: the products clicked.
        decisions: the choices among available actions; searches are none.
        unclear: steps left out of ``decisions`` because their index does not point at what was done.
    """

    source: str
    instruction: str
    actions: tuple[str, ...]
    asins: tuple[str, ...]
    decisions: tuple[TextDecision, ...]
    unclear: int


def _instruction(state: str, where: str) -> str:
    """The instruction of a first page: what stands between ``Instruction:`` and the search button."""
    _, found, rest = state.partition("Instruction:")
    text = " ".join(rest.split("[button]", 1)[0].replace("[SEP]", " ").split())
    if not found or not text or len(text) > MAX_INSTRUCTION:
        raise TrajectoryError(f"{where}: field 'states' does not start with an instruction. Mend or remove the line.")
    return text


def _available(row: Fields, where: str) -> list[list[str]]:
    found = take(row, "available_actions", list, where)
    return [take_texts({"available_actions": each}, "available_actions", where) for each in found]


def _trajectory(row: Fields, where: str) -> TextTrajectory:
    states = take_texts(row, "states", where, MAX_TEXT)
    actions, titled = take_texts(row, "actions", where), take_texts(row, "actions_translate", where)
    available, indices = _available(row, where), take(row, "action_idxs", list, where)
    if not len(states) == len(actions) == len(titled) == len(available) == len(indices) > 0:
        raise TrajectoryError(f"{where}: its lists are empty or of unequal length. Mend or remove the line.")
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


def _read(path: Path) -> Iterator[TextTrajectory | Outcome]:
    number = 0
    for number, row in read_lines(path):
        where = f"{path}: line {number}"
        try:
            yield _trajectory(row, where)
        except TrajectoryError as error:
            yield Outcome(where, "malformed", str(error))
    if not number:
        raise TrajectoryError(f"{path}: holds no line. Give WebShop's imitation file.")


def read_imitation_file(path: Path) -> tuple[list[TextTrajectory], list[Outcome]]:
    """Read the file (gzipped where its name ends in ``.gz``); no catalogue is needed.

    Returns:
        The trajectories, and what is wrong with the lines that cannot be read.

    Raises:
        TrajectoryError: the file is missing, empty or not JSON lines.
    """
    found = list(track(_read(path), "reading the imitation file", unit="line"))
    trajectories = [each for each in found if isinstance(each, TextTrajectory)]
    return trajectories, [each for each in found if isinstance(each, Outcome)]


class _Goals:
    """Finds the goal that a trajectory is of."""

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = goals
        self._by_wish: dict[str, list[int]] = defaultdict(list)
        for index, goal in enumerate(goals):
            self._by_wish[plain_wish(goal.instruction)].append(index)

    def of(self, trajectory: TextTrajectory) -> int | None:
        """The goal with its instruction; of several one with its price clause too, then one for what was bought."""

        def rank(index: int) -> tuple[bool, bool]:
            goal = self._goals[index]
            return goal.instruction.lower() == trajectory.instruction.lower(), goal.asin in trajectory.asins[-1:]

        return max(self._by_wish.get(plain_wish(trajectory.instruction), []), key=rank, default=None)


def _replay(
    trajectory: TextTrajectory, data: ShopData, goals: _Goals, unseen: frozenset[int]
) -> tuple[Episode | None, Outcome]:
    outcome = Outcome(trajectory.source, "no goal", "", trajectory.instruction, steps=len(trajectory.actions))
    index = goals.of(trajectory)
    if index is None:
        return None, replace(outcome, reason="no goal of the data folder has its instruction")
    if index in unseen:
        return None, replace(outcome, status="held out", reason=f"its goal {index} is an eval or test goal")
    episode, status, reason = replayed(
        ShopTask(data.shop), data.goals[index], index, trajectory.actions, trajectory.asins
    )
    return episode, replace(outcome, status=status, reason=reason, reward=episode.reward if episode else None)


def import_imitation_file(path: Path, data: ShopData) -> Imported:
    """Demonstrations from the file, on the data folder's own goals.

    A trajectory can be used where a goal has its instruction (the price clause aside, which WebShop draws anew), the
    catalogue holds the products it clicks, and every action is offered by the page that the shop at hand shows. The
    file holds no reward: that is the one earned here, under this goal's own price ceiling. Trajectories on eval and
    test goals are left out: nothing is learned from those.

    Args:
        path: the file.
        data: the shop to replay it in, and its goals.

    Raises:
        TrajectoryError: the file is missing, empty or not JSON lines. What is wrong with a line is told by its outcome.
    """
    goals, unseen = _Goals(data.goals), held_out(data)
    episodes, outcomes = [], []
    for each in track(_read(path), "replaying the imitation file", unit="line"):
        if isinstance(each, Outcome):
            outcomes.append(each)
            continue
        episode, outcome = _replay(each, data, goals, unseen)
        outcomes.append(outcome)
        if episode is not None:
            episodes.append(episode)
    return Imported(data.goals, tuple(episodes), tuple(outcomes))
