"""Imports session logs of WebShop's web site (``user_session_logs/*.jsonl``).

A log holds a line for each page that the site served: ``page``, ``url``, ``goal``, usually ``content``, and ``reward``
on the last. It does not hold clicks, so the actions are inferred from one page to the next. Where a person used the
browser's own buttons or several tabs, the log lacks pages, and the actions between them are restored.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from shoprl.errors import GoalError, TrajectoryError
from shoprl.progress import track
from shoprl.reading import read_json_lines
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goal_from_json
from shoprl.shop.session import parse_action
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.imported import Imported, ImportOutcome, held_out_goals, plain_wish, replayed
from shoprl.trajectories.lines import MAX_ACTIONS, Fields, take, take_texts
from shoprl.trajectories.site_moves import START, Place, moves_between

MAX_LINES = 5_000  # of a log
MAX_PAGE = 100  # of results; the shop has five


@dataclass(frozen=True, slots=True)
class SiteLog:
    """One session of the site.

    Attributes:
        path: the log.
        goal: the session's goal.
        actions: the actions, up to the first purchase.
        asins: the products clicked.
        restored: how many of the actions were inferred between pages that no single click connects.
        repeated: number of lines that repeat the page before.
        ignored: number of lines after the first purchase.
        reward: the recorded reward; None if nothing was bought.
    """

    path: Path
    goal: Goal
    actions: tuple[str, ...]
    asins: tuple[str, ...]
    restored: int
    repeated: int
    ignored: int
    reward: float | None


class _Reader:
    """Parses the lines of one log."""

    def __init__(self) -> None:
        self.goal: Goal | None = None
        self.reward: float | None = None
        self.actions: list[str] = []
        self.seen: dict[str, Place] = {}  # ASIN -> the last page that showed it
        self.restored = self.repeated = self.ignored = 0
        self._here: Place | None = None
        self._queries: dict[str, str] = {}  # keywords as on item pages -> query

    def add(self, row: Fields, where: str) -> None:
        """Parse one line."""
        if self.reward is not None:
            self.ignored += 1
            return
        goal = _goal(row, where)
        if self.goal not in (None, goal):
            raise TrajectoryError(f"{where}: another goal than on the lines before. Put each session in its own file.")
        there = self._place(row, where)
        moves = moves_between(self._here or START, there)
        if len(self.actions) + len(moves) > MAX_ACTIONS:
            raise TrajectoryError(f"{where}: more than {MAX_ACTIONS} actions. Cut the log after the purchase.")
        self.restored += max(0, len(moves) - 1)
        self.repeated += self._here == there
        self.actions += moves
        self.goal, self._here = goal, there
        self.reward = _reward(row, where) if there.kind == "done" else None

    def _place(self, row: Fields, where: str) -> Place:
        kind = take(row, "page", str, where)
        if kind == "index":
            return START
        content = take(row, "content", dict, where)
        if kind == "search_results":
            return Place(kind, self._query(content, where), _number(content.get("page"), where))
        if kind not in ("item_page", "item_sub_page", "done"):
            raise TrajectoryError(f"{where}: field 'page' is {kind!r:.40}, an unknown page. Remove the line.")
        asin, options = take(content, "asin", str, where), _options(content, where)
        if kind == "done":
            if asin not in self.seen:
                raise TrajectoryError(f"{where}: {asin!r:.40} was bought, but no line shows its page.")
            return replace(self.seen[asin], kind=kind, options=options, section="")
        place = self._item(content, asin, options, where)
        return place if kind == "item_page" else replace(place, kind=kind, section=_section(row, where))

    def _query(self, content: Fields, where: str) -> str:
        keywords = take_texts(content, "keywords", where)
        query = " ".join(keywords)
        if parse_action(f"search[{query}]") != ("search", query):
            raise TrajectoryError(f"{where}: no action can express the search {query!r:.200}.")
        self._queries[str(keywords)] = query
        return query

    def _item(self, content: Fields, asin: str, options: dict[str, str], where: str) -> Place:
        keywords = take(content, "keywords", str, where)
        if keywords not in self._queries:  # looked up, never evaluated
            raise TrajectoryError(f"{where}: field 'keywords' is {keywords!r:.200}, a search that no line shows.")
        number = _number(content.get("page"), where)
        place = Place("item_page", self._queries[keywords], number, asin, options)
        self.seen[asin] = place
        return place


def _number(value: object, where: str) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE:
        raise TrajectoryError(f"{where}: field 'page' of 'content' must be from 1 to {MAX_PAGE}, found {text!r:.40}.")
    return int(text)


def _options(content: Fields, where: str) -> dict[str, str]:
    options = take(content, "options", dict, where)
    if not all(isinstance(value, str) and len(value) <= 1_000 for value in options.values()):
        raise TrajectoryError(f"{where}: field 'options' must map names to texts. Fix or remove the line.")
    return options


def _section(row: Fields, where: str) -> str:
    """The section of a product's page, from the address ``.../PAGE/SECTION/OPTIONS``."""
    parts = urlsplit(take(row, "url", str, where)).path.split("/")
    if len(parts) < 3 or not parts[-2].isalpha():
        raise TrajectoryError(f"{where}: field 'url' names no section of a product's page. Fix or remove the line.")
    return parts[-2]


def _goal(row: Fields, where: str) -> Goal:
    try:
        return goal_from_json(take(row, "goal", dict, where))
    except GoalError as error:
        raise TrajectoryError(f"{where}: field 'goal': {error}. Fix or remove the line.") from error


def _reward(row: Fields, where: str) -> float:
    value = row.get("reward")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise TrajectoryError(f"{where}: field 'reward' must be a number from 0 to 1, found {value!r:.40}.")
    return float(value)


def read_site_log(path: Path) -> SiteLog:
    """Read one log, gzipped if the name ends in ``.gz``.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or no action can express what it holds.
    """
    reader = _Reader()
    for number, row in read_json_lines(path, TrajectoryError):
        if number > MAX_LINES:
            raise TrajectoryError(f"{path}: more than {MAX_LINES:,} lines. Put each session in its own file.")
        reader.add(row, f"{path}: line {number}")
    if reader.goal is None:
        raise TrajectoryError(f"{path}: holds no line. Give a session log of WebShop's web site.")
    return SiteLog(
        path=path,
        goal=reader.goal,
        actions=tuple(reader.actions),
        asins=tuple(reader.seen),
        restored=reader.restored,
        repeated=reader.repeated,
        ignored=reader.ignored,
        reward=reader.reward,
    )


def site_log_files(source: Path) -> list[Path]:
    """The logs in a folder, ``*.jsonl`` and ``*.jsonl.gz``, by name; or ``source`` itself if it is a log.

    Raises:
        TrajectoryError: there is none.
    """
    if not source.exists():
        raise TrajectoryError(f"{source}: no such file or folder. Check the path.")
    logs = sorted((*source.glob("*.jsonl"), *source.glob("*.jsonl.gz"))) if source.is_dir() else [source]
    if not logs:
        raise TrajectoryError(f"{source}: holds no session log (*.jsonl). Give the folder that does, or one log.")
    return logs


def import_site_logs(source: Path, data: ShopData) -> Imported:
    """Demonstrations from the site's logs, each with its own goal, since WebShop draws price ceilings anew.

    A log is used if the catalogue holds the goal's product and those it clicks, the shop's pages offer all of its
    actions, and it ends with a purchase. Rewards are computed here. Logs on eval and test goals of the data folder are
    left out.

    Args:
        source: a folder of logs, or one log.
        data: the shop to replay them in.

    Raises:
        TrajectoryError: there is no log. A malformed log is reported by its outcome.
    """
    task = ShopTask(data.shop)
    unseen = frozenset((goal.asin, plain_wish(goal.instruction)) for goal in held_out_goals(data))
    goals: list[Goal] = []
    episodes: list[Episode] = []
    outcomes = []
    for path in track(site_log_files(source), "replaying site logs", unit="log"):
        try:
            log = read_site_log(path)
        except TrajectoryError as error:
            outcomes.append(ImportOutcome(str(path), "malformed", str(error)))
            continue
        outcome = ImportOutcome(
            source=str(path),
            status="held out",
            reason="its goal is one of the data folder's eval or test goals",
            instruction=log.goal.instruction,
            steps=len(log.actions),
            restored=log.restored,
            logged_reward=log.reward,
        )
        if (log.goal.asin, plain_wish(log.goal.instruction)) not in unseen:
            asins = (log.goal.asin, *log.asins)
            episode, status, reason = replayed(task, log.goal, len(goals), log.actions, asins)
            outcome = replace(outcome, status=status, reason=reason, reward=episode.reward if episode else None)
            if episode is not None:
                goals.append(log.goal)
                episodes.append(episode)
        outcomes.append(outcome)
    return Imported(goals, tuple(episodes), tuple(outcomes))
