"""A policy learned from the log of a service, with a control beside it, and what is known of both."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Engine

from shoprl.errors import ConfigError, PolicyError, SupportError, TrajectoryError
from shoprl.evaluation.lists import ListLog, doubly_robust, ips, snips
from shoprl.evaluation.statistics import INTERVAL_SEED, Estimate
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.policies.packaged import PRETRAINED, policy_folder
from shoprl.policies.saving import load_learned, save_policy
from shoprl.recommender.prepared import use_prepared
from shoprl.service.database import reading, writing
from shoprl.service.deciding import job_of
from shoprl.service.decisions import Decision
from shoprl.service.filters import Facets, Filters
from shoprl.service.guarding import Guard, guarded
from shoprl.service.judging import Judge
from shoprl.service.logged import Logged, orphans, whole_log
from shoprl.service.policies import Registered, Role, all_policies, register
from shoprl.service.preferences import Counts, LeftOut, ListPreference, counted, preferences_of
from shoprl.settings import Count, Range, Settings, Share, Whole
from shoprl.shop.data import ShopData
from shoprl.shop.session import Shop
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.lists import Floats, ListConfig, ShownList, chances, fit_logits, swapped, train_lists

DRAWS = 2_000  # of a bootstrap
CANDIDATE, CONTROL = "policy", "control"  # folders


@dataclass(frozen=True)
class LearnConfig(Settings):
    """Settings of learning from a log.

    Attributes:
        learning: of the learner.
        least: pairs that are needed.
        new: pairs that must have come since a policy was last learned from the same parent.
        most: decisions that are learned from, the newest.
        held_out: share of the requests that are not learned from, on which the policies are compared.
        guard: eval goals of the shop for which the policies make lists; 0 for no guard.
        since: decisions made before are left out, in seconds since 1970.
    """

    learning: ListConfig = field(default_factory=ListConfig)
    least: Count = 100
    new: Whole = 50
    most: Annotated[int, Range(1, 100_000)] = 5_000
    held_out: Share = 0.2
    guard: Whole = 250
    since: float | None = None


@dataclass(frozen=True)
class Feedback:
    """What a log holds to learn from.

    Attributes:
        log: the decisions with preferences, the newest of them, in order.
        counts: of all preferences in the log.
    """

    log: Sequence[Logged]
    counts: Counts


def read_feedback(engine: Engine, config: LearnConfig) -> Feedback:
    """Read the log, a page at a time.

    Raises:
        StorageError: the database cannot be read.
    """
    kept: deque[Logged] = deque(maxlen=config.most)
    pairs: list[ListPreference] = []
    left_out: Counter[LeftOut] = Counter()
    totals = counted([], {})
    for each in whole_log(engine, config.since):
        pairs, other = preferences_of(each.decision, each.reactions)
        left_out += other
        totals = _added(totals, counted(pairs, {}))
        if each.decision.activated_at is not None and each.decision.items:
            kept.append(each)
    left_out["orphan"] += orphans(engine)
    return Feedback(list(kept), replace(totals, left_out=dict(+left_out)))


def _added(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.pairs + other.pairs,
        {name: count + other.rules[name] for name, count in one.rules.items()},
        {name: count + other.against[name] for name, count in one.against.items()},
        {},
    )


def parent_of(engine: Engine, name: str | None) -> Registered:
    """The policy to learn from: one that is registered, the active one by default; the package's where none is.

    Raises:
        ConfigError: there is none of this name.
    """
    with reading(engine) as connection:
        known = all_policies(connection)
    wanted = [each for each in known if (each.role == "active" if name is None else each.name == name)]
    if not wanted and name in (None, PRETRAINED):
        return Registered(PRETRAINED, "", PRETRAINED, "off")
    if not wanted:
        raise ConfigError(
            f"from_policy {str(name)[:100]!r}: no such policy. Known: {', '.join(x.name for x in known)}."
        )
    return wanted[0]


def too_little(engine: Engine, parent: Registered, counts: Counts, config: LearnConfig) -> str | None:
    """Why there is nothing new to learn for a parent since a policy was last learned from it; None where there is."""
    with reading(engine) as connection:
        known = all_policies(connection)
    before = [each.evidence for each in known if parent.name in (each.parent, each.name) and "pairs" in each.evidence]
    if not before:
        return None
    last = max(int(evidence["pairs"]["pairs"]) for evidence in before)
    new = counts.pairs - last
    if new >= config.new:
        return None
    return (
        f"Too little new feedback: {max(0, new):,} preference pairs since a policy was last learned from "
        f"{parent.name}, and {config.new:,} are asked for."
    )


def check_enough(counts: Counts, config: LearnConfig) -> None:
    """Refuse a log that holds too little.

    Raises:
        TrajectoryError: it does.
    """
    if counts.pairs < config.least:
        raise TrajectoryError(
            f"The log holds {counts.pairs:,} preference pairs, and {config.least:,} are needed. Collect more feedback "
            "(impressions tell what was seen and passed over), or ask for fewer with `least_pairs`."
        )


def load_judging(folder: str, data: Path | None = None, backbone: Sequence[str] = ()) -> MatchPolicy:
    """A policy that can learn from lists.

    Raises:
        PolicyError: it cannot be loaded, or does not judge products by a network.
    """
    policy = load_learned(policy_folder(folder), backbone=backbone)
    if not isinstance(policy, MatchPolicy):
        raise PolicyError(
            f"{folder}: its network ({policy.kind}) does not judge products, by which lists are made. Give a policy "
            "with the match network, such as `pretrained`."
        )
    if data is not None:
        use_prepared(policy, data)
    return policy


def shops_of(shop: Shop) -> Callable[[Decision], ShopTask]:
    """The shop that each decision's list was made in, with what its filters hide out of reach."""
    facets, whole = Facets(shop.catalog), ShopTask(shop)
    tasks: dict[Filters, ShopTask] = {}

    def task(decision: Decision) -> ShopTask:
        filters = job_of(decision).filters if decision.settings.get("filters") else Filters()
        if not filters:
            return whole
        if filters not in tasks:
            tasks[filters] = ShopTask(shop.without(facets.hidden(filters)))
        return tasks[filters]

    return task


def split_by_request(
    log: Sequence[Logged], share: float, rng: np.random.Generator
) -> tuple[list[Logged], list[Logged]]:
    """Decisions to learn from, and those held out; all of one request are on the same side."""
    requests = sorted({" ".join(each.decision.request.lower().split()) for each in log})
    order = rng.permutation(len(requests)).tolist()
    held = {requests[place] for place in order[: round(share * len(requests))]}
    sides: tuple[list[Logged], list[Logged]] = ([], [])
    for each in log:
        sides[" ".join(each.decision.request.lower().split()) in held].append(each)
    return sides


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        policy: the candidate.
        control: trained alike on swapped preferences.
        evidence: what is known of both, as JSON.
        guard: the candidate less its parent on the guard's goals; None without them.
    """

    policy: MatchPolicy
    control: MatchPolicy
    evidence: Mapping[str, Any]
    guard: Guard | None


def learn(
    folder: Path, shop: Shop, goals: ShopData | None, feedback: Feedback, load: Callable[[], MatchPolicy], name: str,
    config: LearnConfig,
) -> Learned:  # fmt: skip
    """Learn from feedback, and compare.

    Args:
        folder: for ``policy``, ``control`` and ``training``.
        shop: where the decisions were made.
        goals: the shop with goals for the guard; None for none.
        feedback: see :func:`read_feedback`.
        load: loads the parent, anew each time.
        name: of the candidate.
        config: settings.

    Raises:
        TrajectoryError: what is left of the feedback is too little, as where the shop sells other products now.
    """
    seed = config.learning.seed
    parent, rng = load(), np.random.default_rng([seed, 21])
    own, held = split_by_request(feedback.log, config.held_out, rng)
    judge = Judge(parent, shops_of(shop), config.learning)
    data, unseen = judge.all(own), judge.all(held)
    candidate, control = load(), load()
    candidate.words = control.words = parent.words  # so that each is encoded once
    candidate.name, control.name = name, f"{name}-control"
    log = train_lists(candidate, data, config.learning, folder / "training" / CANDIDATE, "candidate")
    train_lists(control, swapped(data, rng), config.learning, folder / "training" / CONTROL, "control")
    policies = {"parent": parent, "candidate": candidate, "control": control}
    guard = guarded(policies, goals, config.guard)
    evidence = {
        "pairs": feedback.counts.to_json(),
        "learned_from": {"lists": len(data), "pairs": sum(len(each.pairs) for each in data)},
        "settings": asdict(config),
        "last": dict(log[-1]),
        "held_out": held_out(policies, unseen),
        "guard": {name: each.to_json() for name, each in guard.items()} or None,
        "off_policy": off_policy_values(policies, unseen, held, config.learning.temperature),
    }
    save_policy(candidate, folder / CANDIDATE, {"learned": evidence})
    save_policy(control, folder / CONTROL)
    return Learned(candidate, control, evidence, guard.get("candidate"))


def held_out(policies: Mapping[str, MatchPolicy], data: Sequence[ShownList]) -> dict[str, Any] | None:
    """Share of the pairs held out that each policy's fits order rightly, weighted as in training, with 95% intervals.

    Args:
        policies: ``parent`` and others, which are compared with it.
        data: lists that they did not learn from.

    Returns:
        Name -> the share, and the difference to the parent; None without a pair.
    """
    paired = [each for each in data if each.pairs]
    if not paired:
        return None
    weights = np.array([sum(each.weights) for each in paired])
    right = {}
    for name, policy in policies.items():
        policy.prepare([state for each in paired for state in each.states])
        fits = fit_logits(policy, paired)
        right[name] = np.array(
            [
                sum(weight * (own[i] > own[j]) for (i, j), weight in zip(each.pairs, each.weights, strict=True))
                for each, own in zip(paired, fits, strict=True)
            ]
        )
    found: dict[str, Any] = {"lists": len(paired), "pairs": sum(len(each.pairs) for each in paired)}
    for name, own in right.items():
        found[name] = _ratio(own, weights).to_json()
        if name != "parent":
            found[f"{name}_less_parent"] = _ratio(own - right["parent"], weights).to_json()
    return found


def _ratio(values: Floats, weights: Floats) -> Estimate:
    """The sum of values over that of weights, with the 95% interval of a bootstrap over lists."""
    rng = np.random.default_rng(INTERVAL_SEED)
    picked = rng.integers(len(values), size=(DRAWS, len(values)))
    means = values[picked].sum(axis=1) / weights[picked].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.sum() / weights.sum()), float(low), float(high))


def off_policy(
    policy: MatchPolicy, data: Sequence[ShownList], temperature: float = ListConfig.temperature
) -> tuple[Floats, NDArray[np.bool_]]:
    """The probability with which a policy would put each logged item at its place, given those above it.

    From the scores that the logged propensities tell, moved by what the policy changes of the fits; what was not listed
    keeps its score.

    Args:
        policy: the target.
        data: lists that were drawn.
        temperature: of lists that were not.

    Returns:
        The probabilities, shape (decisions, positions), and where an item stands; 1 elsewhere.
    """
    policy.prepare([state for each in data for state in each.states])
    width = max((len(each.fits) for each in data), default=0)
    target, listed = np.ones((len(data), width)), np.zeros((len(data), width), dtype=np.bool_)
    for row, (each, logits) in enumerate(zip(data, fit_logits(policy, data), strict=True)):
        fits = torch.tensor(1 / (1 + np.exp(-logits)))
        listed[row, : len(fits)] = True
        target[row, : len(fits)] = chances(each, fits, temperature).numpy()
    return np.clip(target, 0, 1), listed


def off_policy_values(
    policies: Mapping[str, MatchPolicy], data: Sequence[ShownList], log: Sequence[Logged], temperature: float
) -> dict[str, Any] | str:
    """Purchases a list that each policy would have had, estimated from lists that were drawn; or why not."""
    drawn = [(each, logged) for each, logged in zip(data, log, strict=True) if each.temperature]
    if not drawn:
        return "No list that was held out was drawn: serve with a temperature above 0."
    lists = [each for each, _ in drawn]
    found: dict[str, Any] = {"decisions": len(drawn)}
    for name, policy in policies.items():
        target, listed = off_policy(policy, lists, temperature)
        propensities, rewards = np.ones(target.shape), np.zeros(target.shape)
        for row, (each, logged) in enumerate(drawn):
            propensities[row, : len(each.fits)] = each.propensities
            bought = {x.item_id for x in logged.reactions if x.type == "purchase" and x.status == "accepted"}
            rewards[row, : len(each.fits)] = [item.item_id in bought for item in logged.decision.items]
        try:
            values = ListLog(propensities, target, rewards, listed)
            estimates = {"ips": ips(values), "snips": snips(values), "doubly_robust": doubly_robust(values)}
        except SupportError as error:
            found[name] = str(error)
        else:
            found[name] = {kind: each.to_json() for kind, each in estimates.items()}
    return found


def next_name(engine: Engine) -> str:
    """``learned-1``, ``learned-2``, ...: the first that no policy has."""
    with reading(engine) as connection:
        taken = {each.name for each in all_policies(connection)}
    return next(name for number in range(1, len(taken) + 2) if (name := f"learned-{number}") not in taken)


def register_learned(
    engine: Engine, learned: Learned, folder: Path, parent: Registered, wanted: Role, now: float, force: bool = False
) -> Registered:
    """Make a learned policy known to the service; one whose lists are worse on the guard's goals is not activated.

    Args:
        engine: the database.
        learned: the policy.
        folder: of the policy's files.
        parent: what it was learned from.
        wanted: its role.
        now: seconds since 1970.
        force: give it the role whatever the guard says.
    """
    worse = learned.guard is not None and learned.guard.worse
    role: Role = "candidate" if wanted == "active" and worse and not force else wanted
    with writing(engine) as connection:
        return register(
            connection, learned.policy.name, str(folder.absolute()), now, role, parent.name, learned.evidence
        )
