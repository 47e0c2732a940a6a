"""Recommendations: different products for a request, ranked by what an agent makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Judging, Policy
from shoprl.recommender.evidence import Asked, Seen, Watch, judged_runs, repeated_runs
from shoprl.recommender.ranking import BRIEF, Alike, drawn, ranked, scores
from shoprl.recommender.reasons import Why, price_of, why
from shoprl.rollouts.runner import PARALLEL
from shoprl.settings import NotNegative, Share, check_value
from shoprl.shop.page import price_shown
from shoprl.shop.reward import kind_rewards
from shoprl.shop.session import Shop
from shoprl.tasks.instruction import Instruction, parse_instruction
from shoprl.tasks.shop.task import ShopTask

MAX_RUNS = 1_000
RUNS = 10
TOP = 10
SAME_KIND = 0.3  # how alike products of one kind are at least
MIN_FIT = 0.15
"""Products that are estimated to fit less are left out of a list in which none fits well."""
WELL, LESS = 0.4, 3  # a fit that is good; below one, so many times less of a fit is enough


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One line of the ranked list.

    Attributes:
        asin, title, price: the product; the price as the shop shows it with the options, ``unknown`` where it has none.
        options: the option values chosen most often with it; if it was never bought, those that the request names word
            for word.
        fit: estimated reward, in [0, 1], of buying it; None of a policy that cannot judge.
        bought_in_runs: number of runs that bought it. Of a policy that cannot judge, of those runs in which what was
            bought in earlier rounds was out of reach.
        share: the same as a share of the runs.
        propensity: the probability with which it stands at its place, given what the runs saw and the products above
            it: 1 without a temperature.
        why: what of the request it answers.
    """

    asin: str
    title: str
    price: str
    options: dict[str, str]
    fit: float | None
    bought_in_runs: int
    share: float
    propensity: float
    why: Why

    def to_json(self) -> dict[str, object]:
        """The recommendation as JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"why": self.why.to_json()}


@dataclass(frozen=True, slots=True)
class Recommendations(Sequence[Recommendation]):
    """A ranked list.

    Attributes:
        items: the products, best first, no product twice.
        unfit: products seen that are left out because they are estimated to fit too little.
        too_dear: those left out because their page contradicts the price ceiling that the request names.
    """

    items: tuple[Recommendation, ...]
    unfit: int = 0
    too_dear: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> Recommendation: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Recommendation, ...]: ...
    def __getitem__(self, place: int | slice) -> Recommendation | tuple[Recommendation, ...]:
        return self.items[place]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list that somebody wants.

    Attributes:
        task: the shop.
        request: what the user looks for, in natural language.
        top: maximum length of the list.
        seed: of the sampled actions, and of the list where that is drawn.
        temperature: 0 ranks; above it the list is drawn, product by product, with probabilities proportional to the
            exponential of the scores divided by it.
        min_fit: products estimated to fit less are left out, where one fits well (:data:`WELL`) those that fit a third
            of it; of no effect with a policy that cannot judge.
        watch: is told of each step while it is taken.
    """

    task: ShopTask
    request: str
    top: int = TOP
    seed: int = 0
    temperature: float = 0.0
    min_fit: float = MIN_FIT
    watch: Watch | None = None


def recommend(
    policy: Policy,
    task: ShopTask,
    request: str,
    runs: int = RUNS,
    top: int = TOP,
    seed: int = 0,
    temperature: float = 0.0,
    min_fit: float = MIN_FIT,
) -> Recommendations:
    """:func:`recommend_all` for one request; see :class:`Wanted`."""
    return recommend_all(policy, [Wanted(task, request, top, seed, temperature, min_fit)], runs)[0]


def recommend_all(policy: Policy, wanted: Sequence[Wanted], runs: int = RUNS) -> list[Recommendations]:
    """Have a policy shop several times for each of some requests, and rank the products.

    A policy that can judge (:class:`shoprl.policies.base.Judging`) shops ``runs`` times; all products that it saw then,
    and all that the request's own search finds, are ranked by their estimated fit, by how often they were bought and by
    their kind (:func:`shoprl.recommender.ranking.scores`). It shops for all requests at once.
    Any other policy shops ``runs`` times, then again with everything bought out of reach, until ``top`` products are
    bought or it buys nothing more: sampling without replacement. They are ranked by round, and there by how often they
    were bought.

    A product whose page contradicts the price ceiling that the request names is never in the list; one without a price
    may be, and says so.

    Args:
        policy: chooses the actions, which are sampled.
        wanted: the requests.
        runs: number of episodes of each.

    Returns:
        The lists; one is shorter than its ``top``, or empty, where the shop holds fewer products that fit.

    Raises:
        ConfigError: a request is empty or too long, or a number is out of range.
    """
    return [listed(each, found) for each, found in zip(wanted, shopped(policy, wanted, runs), strict=True)]


def shopped(policy: Policy, wanted: Sequence[Wanted], runs: int = RUNS) -> list[list[Seen]]:
    """What :func:`recommend_all` makes its lists of; neither temperatures nor least fits matter to it."""
    instructions = []
    for each in wanted:
        if not 1 <= runs <= MAX_RUNS or each.top < 1:
            raise ConfigError(f"runs must be from 1 to {MAX_RUNS} and top at least 1.")
        check_value("temperature", each.temperature, NotNegative)
        check_value("min_fit", each.min_fit, Share)
        instructions.append(parse_instruction(each.task.start(each.request).session.instruction))
    asked = [Asked(each.task, each.request, each.seed, each.watch) for each in wanted]
    if isinstance(policy, Judging):
        return judged_runs(policy, asked, runs, "recommending" if runs > PARALLEL else "")
    return [
        repeated_runs(policy, own, runs, each.top, partial(_affordable, own.task, instruction))
        for own, each, instruction in zip(asked, wanted, instructions, strict=True)
    ]


def _affordable(task: ShopTask, instruction: Instruction, seen: Seen) -> bool:
    return price_of(task.shop.catalog[seen.asin], seen.options, instruction) != "exceeded"


def listed(wanted: Wanted, found: Sequence[Seen]) -> Recommendations:
    """The list of what :func:`shopped` found for a request."""
    task = wanted.task
    instruction = parse_instruction(task.start(wanted.request).session.instruction)
    kept = [each for each in found if _affordable(task, instruction, each)]
    good, least = max((each.fit or 0.0 for each in kept), default=0.0) >= WELL, wanted.min_fit
    fitting = [each for each in kept if each.fit is None or each.fit >= (least / LESS if good else least)]
    points = scores(fitting, _alike(task.shop), len(instruction.terms) <= BRIEF)
    if wanted.temperature:
        rng = np.random.default_rng([wanted.seed, MAX_RUNS])
        order = drawn(fitting, points, wanted.top, wanted.temperature, rng)
    else:
        order = ranked(fitting, points, wanted.top)
    items = tuple(_line(task, instruction, seen, propensity) for seen, propensity in order)
    return Recommendations(items, len(kept) - len(fitting), len(found) - len(kept))


def _alike(shop: Shop) -> Alike:
    """How far a product is of the kind of another: as it is rewarded, which titles without a common noun never are."""
    compared = kind_rewards(shop.catalog, shop.tagger)

    def alike(own: str, wanted: str) -> float:
        rewarded, same = compared(own, wanted)
        return max(rewarded, SAME_KIND if same else 0.0)

    return alike


def _line(task: ShopTask, instruction: Instruction, seen: Seen, propensity: float) -> Recommendation:
    product = task.shop.catalog[seen.asin]
    return Recommendation(
        asin=seen.asin,
        title=product.title,
        price=price_shown(product, seen.options),
        options=dict(seen.options),
        fit=seen.fit,
        bought_in_runs=seen.bought,
        share=seen.share,
        propensity=propensity,
        why=why(product, seen.options, instruction),
    )
