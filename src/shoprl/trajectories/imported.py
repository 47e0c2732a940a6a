"""Shared code of the importers: replaying foreign recordings, and the outcome of each."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from shoprl.errors import GoalError, TrajectoryError
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.shop.goal_choice import made_goals
from shoprl.shop.making import GoalKind
from shoprl.shop.session import Session, parse_action
from shoprl.shop.splits import webshop_parts
from shoprl.tasks.shop.task import ShopTask

Status = Literal["used", "malformed", "no goal", "held out", "not in the catalogue", "not replayable", "not bought"]
SHOWN = 5  # missing products listed in a reason
_PRICE = ", and price lower than"  # start of the price clause in WebShop's instructions


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """The outcome of importing one trajectory.

    Attributes:
        source: the file, or ``FILE: line N``.
        status: ``used``, or the kind of reason why not.
        reason: why it could not be used; empty if it was.
        instruction: the recorded instruction.
        steps: number of actions.
        restored: how many of them were inferred, since the log does not show the browser's own buttons.
        logged_reward: the recorded reward; None if there is none.
        reward: the reward in this shop; None if the trajectory was not used.
    """

    source: str
    status: Status
    reason: str = ""
    instruction: str = ""
    steps: int = 0
    restored: int = 0
    logged_reward: float | None = None
    reward: float | None = None

    def to_json(self) -> dict[str, object]:
        """The outcome as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Imported:
    """Imported demonstrations.

    Attributes:
        goals: the list that the episodes' ``goal_index`` points into.
        episodes: the episodes that were used.
        outcomes: one per trajectory, used or not.
    """

    goals: Sequence[Goal]
    episodes: tuple[Episode, ...]
    outcomes: tuple[ImportOutcome, ...]

    def counts(self) -> dict[str, int]:
        """Status -> number of trajectories."""
        return dict(Counter(outcome.status for outcome in self.outcomes))


def plain_wish(instruction: str) -> str:
    """A normalised instruction for comparison, without case, quotation marks and WebShop's price clause.

    WebShop draws price ceilings anew in each process, so the same goal occurs with several.
    """
    text = instruction.lower().replace('"', "").replace("'", "").split(_PRICE, 1)[0]
    return " ".join(text.split()).strip(" .")


def held_out(data: ShopData) -> frozenset[int]:
    """Indices of the eval and test goals, which must not be learned from."""
    return frozenset((*data.split.eval, *data.split.test))


def held_out_goals(data: ShopData) -> list[Goal]:
    """The eval and test goals of a shop, and those of all that WebShop makes of its requests.

    Human and synthetic goals have tests of their own, and what people did may be on either, whichever are loaded.
    """
    found = [data.goals[index] for index in held_out(data)]
    for kind in get_args(GoalKind):
        with suppress(GoalError):  # there are none of that kind
            made = made_goals(data.catalog, kind)
            found += [made[index] for index in range(min(len(made), sum(webshop_parts(len(made)))))]
    return found


def _refusal(session: Session, action: str) -> str | None:
    """Why an action is not available in a session, or None."""
    name, argument = parse_action(action)
    if session.done:
        return f"{action!r:.200} comes after the purchase"
    if name == "search" and argument:
        return None
    if name == "click" and argument and argument != "search" and argument in session.clickables:
        return None
    return f"{action!r:.200} is not available on the {session.page.kind} page of this shop"


def take_recorded(task: ShopTask, goal: Goal | str, goal_index: int, actions: Sequence[str]) -> Episode:
    """Execute recorded actions in a shop, ignoring the task's step limit.

    Args:
        task: the shop.
        goal: the goal, or a request, for which there is no reward.
        goal_index: its position in its list.
        actions: in WebShop's grammar.

    Raises:
        TrajectoryError: an action is not available on the page reached.
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
    """Execute recorded actions in a shop if it sells their products.

    Args:
        task: the shop.
        goal: the goal.
        goal_index: its position in its list.
        actions: in WebShop's grammar.
        asins: the products of the actions and the goal.

    Returns:
        The episode if it can be used, its status, and the reason if it cannot.
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
