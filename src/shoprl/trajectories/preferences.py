"""Preference pairs as files, in the ``prompt`` / ``chosen`` / ``rejected`` form that TRL and others read.

A file holds one JSON object per line. The three texts suffice to train a language model; ``goal_index``, ``actions``
and ``goals_sha256`` suffice to restore the state in the shop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shoprl.errors import TrajectoryError
from shoprl.files import write_json_lines
from shoprl.policies.prompts import Messages, answered, asked, prompt_of
from shoprl.progress import track
from shoprl.reading import read_json_lines
from shoprl.shop.session import MAX_ACTION
from shoprl.tasks.base import State, Task, index_of
from shoprl.tasks.instruction import WISH, Queries
from shoprl.trajectories.examples import Example
from shoprl.trajectories.lines import OTHER_GOALS, take, take_texts

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Preference:
    """Two actions in one state, the first preferred over the second.

    Attributes:
        goal_index: position of the goal in the goal list.
        actions: the actions before, from the start of the episode.
        prompt: the state as text; see :func:`shoprl.policies.prompts.prompt_of`.
        chosen, rejected: the two actions.
        about: other JSON values: ``page`` is the kind of the page, ``margin`` how much better the chosen action is.
    """

    goal_index: int
    actions: tuple[str, ...]
    prompt: str
    chosen: str
    rejected: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The preference as JSON, the three texts first."""
        return {
            **self.texts(),
            "goal_index": self.goal_index,
            "actions": list(self.actions),
            "about": dict(self.about),
        }

    def texts(self) -> dict[str, str]:
        """The three texts of the standard form."""
        return {"prompt": self.prompt, "chosen": self.chosen, "rejected": self.rejected}

    def messages(self) -> dict[str, Messages]:
        """The same as messages, for models with a chat template."""
        return {"prompt": asked(self.prompt), "chosen": answered(self.chosen), "rejected": answered(self.rejected)}


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
        task: the task.
        goal_index: position of the goal in its list.
        goal: the goal.
        actions: from the start of the episode.
        chosen: the better action.
        rejected: the worse action.
        about: other values of the preference; the kind of the page is added.
        queries: a policy's ``queries``, which decide the available searches.

    Raises:
        TrajectoryError: an action is not available, or both are the same.
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
    """Write pairs as JSON lines, atomically; gzipped if the name ends in ``.gz``.

    Args:
        path: the file.
        preferences: the pairs.
        goals_sha256: hash of the goal list that ``goal_index`` points into.
    """
    write_json_lines(path, ({**each.to_json(), "goals_sha256": goals_sha256} for each in preferences))


def write_texts(path: Path, preferences: Sequence[Preference], chat: bool = False) -> None:
    """Write only ``prompt``, ``chosen`` and ``rejected``, as texts or as messages, as JSON lines, atomically."""
    write_json_lines(path, (each.messages() if chat else each.texts() for each in preferences))


def read_preferences(path: Path, goals_sha256: str) -> list[Preference]:
    """Read the pairs of a file.

    Args:
        path: the file.
        goals_sha256: hash of the goal list that they must have been made on.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or is of another goal list.
    """
    preferences: list[Preference] = []
    for number, row in read_json_lines(path, TrajectoryError):
        where = f"{path}: line {number}"
        if number != len(preferences) + 1:  # later errors name lines by the pairs' positions
            raise TrajectoryError(f"{path}: line {len(preferences) + 1}: is blank. Remove it.")
        if take(row, "goals_sha256", str, where) != goals_sha256:
            raise TrajectoryError(f"{where}: {OTHER_GOALS}")
        chosen, rejected = take(row, "chosen", str, where), take(row, "rejected", str, where)
        goal_index = take(row, "goal_index", int, where)
        if goal_index < 0 or max(len(chosen), len(rejected)) > MAX_ACTION or not chosen or chosen == rejected:
            raise TrajectoryError(
                f"{where}: 'goal_index' must be at least 0, 'chosen' and 'rejected' two different actions of at most "
                f"{MAX_ACTION:,} characters. Fix or remove the line."
            )
        actions, prompt = take_texts(row, "actions", where), take(row, "prompt", str, where)
        about = take(row, "about", dict, where) if "about" in row else {}
        preferences.append(Preference(goal_index, tuple(actions), prompt, chosen, rejected, about))
    if not preferences:
        raise TrajectoryError(f"{path}: holds no preference.")
    return preferences


def rebuild(
    task: Task[G],
    goals: Sequence[G],
    preferences: Sequence[Preference],
    queries: Queries = WISH,
) -> list[tuple[Example, int]]:
    """Restore the states of a file's pairs in their task.

    Args:
        task: the task.
        goals: the list that ``goal_index`` points into.
        preferences: the result of :func:`read_preferences`.
        queries: a policy's ``queries``, which decide the available searches.

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
        # Episodes are not in the file: pairs on one goal count as one episode.
        pairs.append((Example(state.observe(), chosen, episode=each.goal_index), rejected))
    return pairs
