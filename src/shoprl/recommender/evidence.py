"""What an agent sees and buys for a request, over several runs."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from shoprl.policies.base import Judging, Policy, Remembering, distinct
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.page import NEXT, PREVIOUS, Page
from shoprl.shop.session import MAX_STEPS, PER_PAGE
from shoprl.tasks.base import Outcome, State
from shoprl.tasks.instruction import Queries, parse_instruction
from shoprl.tasks.shop.options import named_options
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopEpisode, ShopTask

PAGES = 5  # results pages of the request's own search that are judged, which hold all that a search shows
ROUNDS, READ = 2, 10  # how often products are opened for a list, and how many at once: the best by what was seen
MAX_ROUNDS = 50  # of an agent that cannot judge
DIGITS = 3  # of a fit; those after them vary with the number of threads and the processor
_NEXT, _PREVIOUS = f"click[{NEXT.lower()}]", f"click[{PREVIOUS.lower()}]"
_READING = ("click[{}]", "click[features]", _PREVIOUS, _PREVIOUS)


@dataclass(frozen=True, slots=True)
class Seen:
    """A product that the agent has seen, and what it made of it.

    Attributes:
        asin: the product.
        options: those it was bought with most often (of equally frequent ones the first in sorted order); if it never
            was, those that the request names verbatim.
        bought: number of runs that bought it.
        runs: of how many runs in which it was in reach.
        fit: estimated reward of buying it; None of an agent that cannot judge.
        round: how often what was bought before had been taken out of reach; always 0 of an agent that judges.
        rank: its place in the request's own search, from 0; products that are not in it come after.
    """

    asin: str
    options: Mapping[str, str]
    bought: int
    runs: int
    fit: float | None
    round: int
    rank: int

    @property
    def share(self) -> float:
        """Share of the runs that bought it."""
        return self.bought / self.runs


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody who watches is told of.

    Attributes:
        run: which run took a step, from 0; None where products were compared.
        action: the step.
        page: the page that it led to.
        compared: ASINs of the products that look best so far, the best first.
    """

    run: int | None = None
    action: str = ""
    page: Page | None = None
    compared: tuple[str, ...] = ()


Watch = Callable[[Told], None]
Browsed = tuple[list[ShopState], dict[str, float]]
"""The states on a search's pages, and the fits of their products."""


class _Kept:
    """An episode that keeps the last state in which an action was taken, which remembers what the episode saw."""

    def __init__(self, live: ShopEpisode, run: int, watch: Watch | None) -> None:
        self._live, self._run, self._watch = live, run, watch
        self.last: State = live.state

    @property
    def state(self) -> State:
        return self._live.state

    @property
    def over(self) -> bool:
        return self._live.over

    def step(self, action: str) -> None:
        self.last = self._live.state
        self._live.step(action)
        if self._watch is not None:
            self._watch(Told(self._run, action, self._live.page))

    def outcome(self) -> Outcome:
        return self._live.outcome()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in a shop.

    Attributes:
        task: the shop.
        request: what the user looks for.
        seed: of the actions.
        watch: is told of each step while it is taken.
    """

    task: ShopTask
    request: str
    seed: int = 0
    watch: Watch | None = None


class _Watched:
    """A task that keeps its episodes, in the order in which they were started.

    Args:
        runs: how many are started of each request, one request after the other.
    """

    def __init__(self, runs: int) -> None:
        self._runs, self.episodes = runs, list[_Kept]()

    def start(self, goal: Asked, queries: Queries) -> _Kept:
        run = len(self.episodes) % self._runs
        self.episodes.append(_Kept(goal.task.start(goal.request, queries), run, goal.watch))
        return self.episodes[-1]

    def describe(self, goal: Asked) -> object:
        return goal.task.describe(goal.request)


def walk(
    task: ShopTask, request: str, queries: Queries, pages: int = PAGES, opened: Collection[str] = ()
) -> list[ShopState]:
    """The states of an episode that turns the pages of a request's own search, without a step limit.

    Args:
        task: the shop.
        request: what the user looks for.
        queries: a policy's ``queries``; the first of them is searched for.
        pages: how many at most.
        opened: ASINs of products to open on the way, and to read the features of.

    Returns:
        The state on each page of results, at least one, after what is opened there.
    """
    steps = max(MAX_STEPS, pages + 2 + len(_READING) * len(opened))
    episode = ShopTask(task.shop, steps).start(request, queries)
    episode.step(episode.state.candidates[0].action)
    states: list[ShopState] = []
    while True:
        for product in episode.page.products:
            if product.asin in opened:
                for action in _READING:
                    episode.step(action.format(product.asin.lower()))
        states.append(episode.state)
        if len(states) == pages or episode.page.number * PER_PAGE >= episode.page.total:
            return states
        episode.step(_NEXT)


def judged_runs(policy: Judging, asked: Sequence[Asked], runs: int, label: str = "") -> list[list[Seen]]:
    """Shop several times for each request, all in one batch, and judge what the request's own search shows.

    The products of the search's pages are judged by their titles; then, in :data:`ROUNDS`, the :data:`READ` best ones
    are opened and read about, and all are judged again. What only a run saw, by another query, is judged by what that
    run remembers in the end: a mean over the runs.

    Args:
        policy: a policy that can judge.
        asked: the requests. What is found for one does not depend on the others.
        runs: number of episodes of each, whose actions are sampled.
        label: of a progress bar; none if empty.

    Returns:
        Of each request the products, by their rank in the search.
    """
    if isinstance(policy, Remembering):
        policy = policy.remembering()
    first = [_browsed_once(policy, each) for each in asked]  # before the runs, most of whose texts are then known
    watched = _Watched(runs)
    goals = [(run, each) for each in asked for run in range(runs)]
    episodes = run_episodes(policy, watched, goals, [(each.seed, run, run) for run, each in goals], "sample", label)
    found = []
    for number, each in enumerate(asked):
        own = slice(number * runs, (number + 1) * runs)
        found.append(_judged(policy, each, first[number], episodes[own], watched.episodes[own]))
    return found


def _judged(
    policy: Judging, asked: Asked, first: Browsed, episodes: Sequence[Episode], kept: Sequence[_Kept]
) -> list[Seen]:
    """What is found for one request, whose runs are over."""
    pages, fits = browsed(policy, asked, first)
    elsewhere: dict[str, list[float]] = defaultdict(list)
    if any(asin not in fits for each in kept for asin in _shown(each.last)):
        states, places = distinct([each.last for each in kept])
        of_states = policy.fits(states)
        for place in places:
            for asin, fit in of_states[place].items():
                elsewhere[asin].append(fit)
    bought, ranks = _purchases(episodes), _ranks(pages)
    means = {asin: fmean(each) for asin, each in elsewhere.items()} | fits
    seen = [
        _seen(asked, asin, bought.get(asin, ()), len(episodes), 0, ranks, round(means.get(asin, 0.0), DIGITS))
        for asin in {**means, **bought}
    ]
    return sorted(seen, key=lambda each: (each.rank, each.asin))


def _browsed_once(policy: Judging, asked: Asked, opened: Collection[str] = ()) -> Browsed:
    pages = walk(asked.task, asked.request, policy.queries, opened=opened)
    return pages, {asin: fit for of_page in policy.fits(pages) for asin, fit in of_page.items()}


def browsed(policy: Judging, asked: Asked, first: Browsed | None = None) -> Browsed:
    """The search's pages, and the fits of their products after the best were opened.

    Args:
        policy: a policy that can judge.
        asked: the request.
        first: the same before any was opened, where it is known.
    """
    opened: set[str] = set()
    for number in range(ROUNDS + 1):
        pages, fits = first if first and not number else _browsed_once(policy, asked, opened)
        best = sorted(fits, key=lambda asin: (-round(fits[asin], DIGITS), asin))[:READ]
        if asked.watch is not None:
            asked.watch(Told(compared=tuple(best)))
        if number == ROUNDS or opened.issuperset(best):
            break
        opened.update(best)
    return pages, fits


def _shown(state: State) -> tuple[str, ...]:
    """The products that a state remembers."""
    return tuple(each.asin for each in state.seen) if isinstance(state, ShopState) else ()


def repeated_runs(
    policy: Policy, asked: Asked, runs: int, enough: int, counts: Callable[[Seen], bool] = lambda seen: True
) -> list[Seen]:
    """Shop in rounds, each in a shop in which everything bought before is out of reach.

    Args:
        policy: any policy.
        asked: the request.
        runs: number of episodes of a round, whose actions are sampled.
        enough: the rounds end once so many products were bought, when one buys nothing, or after :data:`MAX_ROUNDS`.
        counts: whether a product is one of these.

    Returns:
        The products bought, by round and there by how often.
    """
    found: list[Seen] = []
    task = asked.task
    ranks = _ranks(walk(task, asked.request, policy.queries))
    for number in range(MAX_ROUNDS):
        left = ShopTask(task.shop.without(frozenset(each.asin for each in found)), task.max_steps)
        requests = [(number * runs + index, replace(asked, task=left)) for index in range(runs)]
        bought = _purchases(run_episodes(policy, _Watched(runs), requests, asked.seed, "sample", ""))
        new = [_seen(asked, asin, each, runs, number, ranks, None) for asin, each in bought.items()]
        found += sorted(new, key=lambda each: (-each.bought, each.rank, each.asin))
        if not new or sum(map(counts, found)) >= enough:
            break
    return found


def _purchases(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    bought: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        if episode.asin is not None:
            bought[episode.asin].append(episode)
    return bought


def _ranks(pages: Sequence[ShopState]) -> dict[str, int]:
    """The place in the search of each product on its pages, which name it in lower case."""
    shown = (each.action[6:-1] for page in pages for each in page.candidates if each.kind == "product")
    return {asin: place for place, asin in enumerate(shown)}


def _seen(
    asked: Asked,
    asin: str,
    purchases: Sequence[Episode],
    runs: int,
    number: int,
    ranks: Mapping[str, int],
    fit: float | None,
) -> Seen:
    if purchases:
        counts = Counter(json.dumps(episode.options, sort_keys=True) for episode in purchases)
        _, usual = min((-count, options) for options, count in counts.items())
        options: dict[str, str] = json.loads(usual)
    else:
        options = named_options(asked.task.shop.catalog[asin], parse_instruction(asked.request).wish)
    return Seen(asin, options, len(purchases), runs, fit, number, ranks.get(asin.lower(), len(ranks)))
