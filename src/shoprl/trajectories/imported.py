"""What importers share: replaying actions recorded elsewhere, and the report of what became of each source."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from shoprl.errors import TrajectoryError
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.shop.session import Session, parse_action
from shoprl.tasks.shop.task import ShopTask

Status = Literal["used", "malformed", "no goal", "held out", "not in the catalogue", "not replayable", "not bought"]
SHOWN = 5  # missing products named in a reason
_PRICE = ", and price lower than"  # starts the price clause of WebShop's instructions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recorded trajectory.

    Attributes:
        source: the file, or ``FILE: line N``.
        status: ``used``, or in which way it could not be.
        reason: why it could not be used; empty where it was.
        instruction: what the person was asked for.
        steps: how many actions were taken.
        restored: how many of them the record does not show, since the browser's own buttons were used.
        logged_reward: what the record says the purchase earned; None where it says nothing.
        reward: what the same purchase earns in the shop at hand; None where it was not used.
    """

    source: str
    status: Status
    reason: str = ""
    instruction: str = ""
    steps: int = 0
    restored: int = 0
    logged_reward: float | None = None
    reward: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Imported:
    """Demonstrations and where they came from.

    Attributes:
        goals: the list that the episodes' ``goal_index`` points into.
        episodes: those that could be used.
        outcomes: one a source, used or not.
    """

    goals: Sequence[Goal]
    episodes: tuple[Episode, ...]
    outcomes: tuple[Outcome, ...]

    def counts(self) -> dict[str, int]:
        """Status -> how many sources."""
        return dict(Counter(outcome.status for outcome in self.outcomes))


def plain_wish(instruction: str) -> str:
    """An instruction for comparing: lower case, without quotation marks, blanks at the ends and WebShop's price clause.

    WebShop draws the price ceiling anew in each process, so that the same goal is shown with several.
    """
    text = instruction.lower().replace('"', "").replace("'", "").split(_PRICE, 1)[0]
    return " ".join(text.split()).strip(" .")


def held_out(data: ShopData) -> frozenset[int]:
    """Indices of the goals that nothing may be learned from."""
    return frozenset((*data.split.eval, *data.split.test))


def _refusal(session: Session, action: str) -> str | None:
    """Why an action cannot be taken where a session stands, or None."""
    name, argument = parse_action(action)
    if session.done:
        return f"{action!r:.200} comes after the purchase"
    if name == "search" and argument:
        return None
    if name == "click" and argument and argument != "search" and argument in session.clickables:
        return None
    return f"{action!r:.200} is not offered by the {session.page.kind} page that this shop shows"


def take_recorded(task: ShopTask, goal: Goal, goal_index: int, actions: Sequence[str]) -> Episode:
    """Take recorded actions in a shop; more than the task's step limit are taken all the same.

    Args:
        task: the shop.
        goal: what was wanted.
        goal_index: its position in its list.
        actions: in WebShop's grammar.

    Raises:
        TrajectoryError: the page reached does not offer an action.
    """
    recording = Recording(task.start(goal), goal_index)
    for number, action in enumerate(actions, start=1):
        refusal = _refusal(recording.live.session, action)
        if refusal:
            raise TrajectoryError(f"step {number} of {len(actions)}: {refusal}")
        recording.take(action)
    return recording.episode()


def replayed(
    task: ShopTask, goal: Goal, goal_index: int, actions: Sequence[str], asins: Sequence[str]
) -> tuple[Episode | None, Status, str]:
    """Take recorded actions in a shop, as far as it sells what they need.

    Args:
        task: the shop.
        goal: what was wanted.
        goal_index: its position in its list.
        actions: in WebShop's grammar.
        asins: the products that the actions, or the goal, need.

    Returns:
        The episode where it could be used, its status, and the reason where it could not.
    """
    needed = list(dict.fromkeys(asins))
    missing = [asin for asin in needed if asin not in task.shop.catalog]
    if missing:
        named = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
        reason = f"{len(missing)} of the {len(needed)} products that it needs are not in the catalogue: {named}"
        return None, "not in the catalogue", reason
    try:
        episode = take_recorded(task, goal, goal_index, actions)
    except TrajectoryError as error:
        return None, "not replayable", str(error)
    if not episode.done:
        return None, "not bought", "it ends without a purchase"
    return episode, "used", ""
