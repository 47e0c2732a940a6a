"""Preference pairs as files, in the ``prompt`` / ``chosen`` / ``rejected`` form that TRL and others read.

A file holds one JSON object a line. The three texts are enough to train a language model; ``goal_index``, ``actions``
and ``goals_sha256`` are enough to find the same state in the shop again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shoprl.errors import TrajectoryError
from shoprl.files import write_json_lines
from shoprl.progress import track
from shoprl.shop.session import MAX_ACTION
from shoprl.tasks.base import State, Task, index_of
from shoprl.tasks.instruction import WISH, Queries
from shoprl.trajectories.examples import Example
from shoprl.trajectories.lines import Fields, read_lines, take, take_texts

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Preference:
    """Two actions in one state, the first better than the second.

    Attributes:
        goal_index: position of the goal in the goal list.
        actions: what was done before, from the start of the episode.
        prompt: the state as text; see :func:`prompt_of`.
        chosen, rejected: the two actions.
        about: anything else, as JSON: ``page`` is the kind of the page, ``margin`` how much better the chosen one is.
    """

    goal_index: int
    actions: tuple[str, ...]
    prompt: str
    chosen: str
    rejected: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form, the three texts first."""
        return {
            **self.texts(),
            "goal_index": self.goal_index,
            "actions": list(self.actions),
            "about": dict(self.about),
        }

    def texts(self) -> dict[str, str]:
        """The standard form alone."""
        return {"prompt": self.prompt, "chosen": self.chosen, "rejected": self.rejected}


def prompt_of(state: State) -> str:
    """A state as plain text: the request, what is shown, and the available actions; ends in a line break."""
    actions = "".join(f"- {candidate.action}\n" for candidate in state.candidates)
    shown = state.text.rstrip("\n")
    return f"Instruction: {state.request}\n\nPage:\n{shown}\n\nAvailable actions:\n{actions}\nAction:\n"


def _state_after(task: Task[G], goal: G, actions: Sequence[str], queries: Queries) -> State:
    live = task.start(goal, queries)
    for action in actions:
        live.step(action)
    return live.state


def _index(state: State, action: str, what: str, where: str) -> int:
    index = index_of(state, action)
    if index is None:
        raise TrajectoryError(
            f"{where}: the {what} action {action!r:.200} is not available on the {state.page} page that is reached. "
            "Use the data folder and a policy with the searches that the pair was made with, or remove the line."
        )
    return index


def preference(
    task: Task[G],
    goal_index: int,
    goal: G,
    actions: Sequence[str],
    chosen: str,
    rejected: str,
    about: Mapping[str, Any] | None = None,
    queries: Queries = WISH,
) -> Preference:
    """A preference in the state that ``actions`` lead to.

    Args:
        task: where.
        goal_index: position of the goal in its list.
        goal: what is wanted.
        actions: from the start of the episode.
        chosen: the better action.
        rejected: the other.
        about: more to keep with the pair; the kind of the page is added.
        queries: the searches that are available, a policy's ``queries``.

    Raises:
        TrajectoryError: an action is not available there, or both are the same.
    """
    state = _state_after(task, goal, actions, queries)
    where = f"goal {goal_index}, step {len(actions) + 1}"
    for what, action in (("chosen", chosen), ("rejected", rejected)):
        _index(state, action, what, where)
    if chosen == rejected:
        raise TrajectoryError(f"{where}: {chosen!r:.200} is both chosen and rejected.")
    details = {"page": state.page, **(about or {})}
    return Preference(goal_index, tuple(actions), prompt_of(state), chosen, rejected, details)


def write_preferences(path: Path, preferences: Sequence[Preference], goals_sha256: str) -> None:
    """Write pairs as JSON lines, atomically (gzipped where the name ends in ``.gz``).

    Args:
        path: where to.
        preferences: what.
        goals_sha256: hash of the goal list that ``goal_index`` points into.
    """
    write_json_lines(path, ({**each.to_json(), "goals_sha256": goals_sha256} for each in preferences))


def write_texts(path: Path, preferences: Sequence[Preference]) -> None:
    """Write only ``prompt``, ``chosen`` and ``rejected``, as JSON lines, atomically."""
    write_json_lines(path, (each.texts() for each in preferences))


def _preference(row: Fields, where: str) -> Preference:
    chosen, rejected = take(row, "chosen", str, where), take(row, "rejected", str, where)
    goal_index = take(row, "goal_index", int, where)
    if goal_index < 0 or max(len(chosen), len(rejected)) > MAX_ACTION or not chosen or chosen == rejected:
        raise TrajectoryError(
            f"{where}: 'goal_index' must be at least 0, 'chosen' and 'rejected' two different actions of at most "
            f"{MAX_ACTION:,} characters. Mend or remove the line."
        )
    actions, prompt = take_texts(row, "actions", where), take(row, "prompt", str, where)
    about = take(row, "about", dict, where) if "about" in row else {}
    return Preference(goal_index, tuple(actions), prompt, chosen, rejected, about)


def read_preferences(path: Path, goals_sha256: str) -> list[Preference]:
    """Read pairs that were made on the goal list with this hash.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or was made on other goals.
    """
    found: list[Preference] = []
    for number, row in read_lines(path):
        where = f"{path}: line {number}"
        if number != len(found) + 1:  # so that later errors can name lines by the pairs' positions
            raise TrajectoryError(f"{path}: line {len(found) + 1}: is blank. Remove it.")
        if take(row, "goals_sha256", str, where) != goals_sha256:
            raise TrajectoryError(f"{where}: made on another goal list. Use the goals it was made on.")
        found.append(_preference(row, where))
    if not found:
        raise TrajectoryError(f"{path}: holds no preference.")
    return found


def rebuild(
    task: Task[G],
    goals: Sequence[G],
    preferences: Sequence[Preference],
    queries: Queries = WISH,
) -> list[tuple[Example, int]]:
    """Find the states of a file's pairs in their task again.

    Args:
        task: where.
        goals: the list that ``goal_index`` points into.
        preferences: as :func:`read_preferences` gave them.
        queries: the searches that are available, a policy's ``queries``.

    Returns:
        For each pair the state with the chosen candidate, and the index of the rejected one.

    Raises:
        TrajectoryError: there is no such goal, or an action is not available; the message names the line.
    """
    pairs = []
    for number, each in enumerate(track(preferences, "replaying preferences", unit="pair"), start=1):
        where = f"line {number}"
        if each.goal_index >= len(goals):
            raise TrajectoryError(f"{where}: goal_index is {each.goal_index}; there are {len(goals)} goals.")
        state = _state_after(task, goals[each.goal_index], each.actions, queries)
        chosen, rejected = (
            _index(state, action, what, where)
            for what, action in (("chosen", each.chosen), ("rejected", each.rejected))
        )
        # A pair's episode is not in the file: pairs on one goal count as of one, so that they stay together.
        pairs.append((Example(state.observe(), chosen, episode=each.goal_index), rejected))
    return pairs
