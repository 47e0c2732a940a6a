"""Preferences from the log: which item of a list somebody chose over which other one, and by which rule.

An item is chosen for the strongest thing that happened to it: ``bought``, ``added to cart``, ``liked`` or ``preferred``
(an event ``prefers``), ``clicked after seeing others``. It is preferred to items of the same list that were ``seen and
passed over above the chosen``, ``disliked``, ``declined``, that somebody ``reacted to less`` (a click is less than a
purchase), or that the event named (``preferred less``).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from shoprl.service.decisions import Decision, Listed
from shoprl.service.feedback import EventType, Status

Rule = Literal["bought", "added to cart", "liked", "preferred", "clicked after seeing others"]
Against = Literal[
    "seen and passed over above the chosen", "disliked", "declined", "reacted to less", "preferred less"
]  # fmt: skip
LeftOut = Literal["late", "not in the list", "not activated", "contradictory", "orphan", "product gone"]
RULES: tuple[Rule, ...] = get_args(Rule)
AGAINST: tuple[Against, ...] = get_args(Against)
CHOSEN: Mapping[EventType, tuple[int, Rule]] = {  # what happened -> how strongly it says that the item was chosen
    "purchase": (4, "bought"),
    "add_to_cart": (3, "added to cart"),
    "like": (2, "liked"),
    "prefers": (2, "preferred"),
    "click": (1, "clicked after seeing others"),
}
REJECTED: Mapping[EventType, Against] = {"dislike": "disliked", "declined": "declined"}
TAKES_BACK: Mapping[EventType, tuple[EventType, ...]] = {  # an opinion -> those before it that it takes the place of
    "like": ("dislike",),
    "prefers": ("dislike",),
    "dislike": ("like", "prefers"),
}
EARNS = (0.0, 0.2, 0.5, 0.7, 1.0)  # an item's reward by how strongly it was chosen


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is kept of an event.

    Attributes:
        item_id, type, over: see :class:`shoprl.service.feedback.Event`.
        status: an event counts where it was accepted.
    """

    item_id: str
    type: EventType
    over: tuple[str, ...] = ()
    status: Status = "accepted"


@dataclass(frozen=True, slots=True)
class ListPreference:
    """Two items of one list, the first preferred over the second.

    Attributes:
        decision: the list.
        chosen, rejected: the items.
        rule: why the one is chosen.
        against: why the other is rejected.
    """

    decision: Decision
    chosen: Listed
    rejected: Listed
    rule: Rule
    against: Against

    def to_json(self) -> dict[str, Any]:
        """In the form that TRL reads, ``about`` aside."""
        listed = (self.chosen, self.rejected)
        return {
            "prompt": f"Request: {' '.join(self.decision.request.split())}\n\nRecommended product:\n",
            "chosen": described(self.chosen),
            "rejected": described(self.rejected),
            "about": {
                "decision_id": self.decision.decision_id,
                "policy": self.decision.policy,
                "policy_version": self.decision.policy_version,
                "policy_propensity": self.decision.policy_propensity,
                "rule": self.rule,
                "against": self.against,
                "item_ids": [each.item_id for each in listed],
                "positions": [each.position for each in listed],
                "propensities": [each.propensity for each in listed],
            },
        }


def described(item: Listed) -> str:
    """An item in a line: title, options and price."""
    shown = item.shown
    options = ", ".join(f"{name}: {value}" for name, value in dict(shown.get("options") or {}).items())
    price = shown.get("price")
    cost = "" if price is None else f"{price} {shown.get('currency') or ''}".strip()
    return " | ".join(str(part) for part in (shown.get("title") or item.item_id, options, cost) if part)


def last_said(reactions: Iterable[Reaction]) -> Mapping[str, Mapping[EventType, None]]:
    """Item -> what happened to it, in order; opinions that were taken back are left out (:data:`TAKES_BACK`)."""
    said: dict[str, dict[EventType, None]] = defaultdict(dict)
    for each in reactions:
        for other in TAKES_BACK.get(each.type, ()):
            said[each.item_id].pop(other, None)
        said[each.item_id][each.type] = None
    return said


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the items of a decision.

    Attributes:
        strength: how strongly each item that was chosen was, and by which rule.
        refused: items that were disliked or declined.
        over: (item, other) of explicit preferences.
        seen: items that were seen.
        left_out: reason -> how many events do not count.
    """

    strength: Mapping[str, tuple[int, Rule]]
    refused: Mapping[str, Against]
    over: frozenset[tuple[str, str]]
    seen: frozenset[str]
    left_out: Counter[LeftOut]


def heard(decision: Decision, reactions: Sequence[Reaction]) -> Heard:
    """What events tell of the items of a decision.

    An item was seen if an impression of it was sent, or something else happened to it. Where no impression of the
    decision was sent at all, whatever stands above the lowest item that something happened to was seen too. Liking and
    disliking take each other back, the last one counts, and opening what is disliked is no choice of it.

    Args:
        decision: the list.
        reactions: its events.
    """
    places = {each.item_id: each.position for each in decision.items}
    left_out: Counter[LeftOut] = Counter()
    taken: list[Reaction] = []
    for each in reactions:
        if each.status != "accepted":
            left_out["late"] += each.status == "late"
        elif each.item_id not in places:
            left_out["not in the list"] += 1
        else:
            taken.append(each)
    said = last_said(taken)
    touched = {item for item, types in said.items() if types.keys() - {"impression"}}
    over: set[tuple[str, str]] = set()
    for each in taken:
        named = {other for other in each.over if other in places and other != each.item_id}
        touched |= named
        if each.type in said[each.item_id]:
            over |= {(each.item_id, other) for other in named}
    strength: dict[str, tuple[int, Rule]] = {}
    refused: dict[str, Against] = {}
    for item, types in said.items():
        good = [type_ for type_ in types if type_ in CHOSEN and not (type_ == "click" and "dislike" in types)]
        bad = [type_ for type_ in types if type_ in REJECTED]
        if good:
            strength[item] = max(CHOSEN[type_] for type_ in good)
        if bad:
            refused[item] = REJECTED[bad[0]]
    impressions = {each.item_id for each in taken if each.type == "impression"}
    lowest = max((places[item] for item in touched), default=0)
    above = set() if impressions else {item for item, place in places.items() if place < lowest}
    return Heard(strength, refused, frozenset(over), frozenset(touched | impressions | above), left_out)


def preferences_of(decision: Decision, reactions: Sequence[Reaction]) -> tuple[list[ListPreference], Counter[LeftOut]]:
    """The preferences within a decision.

    An order of strength holds: bought, added to cart, liked or preferred, clicked, nothing, declined or disliked. An
    item that something good happened to is preferred to those that less of it happened to, nothing only where they
    were seen above it, since people look from the top. A pair is made once, by its strongest rule; one that goes both
    ways, as where a product was bought and then disliked, is left out.

    Args:
        decision: the list. One that was never shown gives nothing.
        reactions: its events; late ones count for nothing.

    Returns:
        The pairs, and reason -> how many events or pairs were left out.
    """
    if decision.activated_at is None:
        return [], _times("not activated", len(reactions))
    known = heard(decision, reactions)
    pairs = {}
    for chosen in decision.items:
        for rejected in decision.items:
            against = _against(known, chosen, rejected)
            if against is not None:
                rule = known.strength[chosen.item_id][1]
                pairs[chosen.item_id, rejected.item_id] = ListPreference(decision, chosen, rejected, rule, against)
    both = {(one, other) for one, other in pairs if (other, one) in pairs}
    left_out = known.left_out + _times("contradictory", len(both) // 2)
    return [pair for key, pair in pairs.items() if key not in both], left_out


def _times(reason: LeftOut, count: int) -> Counter[LeftOut]:
    left_out: Counter[LeftOut] = Counter()
    left_out[reason] += count
    return +left_out


def _against(known: Heard, chosen: Listed, rejected: Listed) -> Against | None:
    """Why an item is rejected for another one; None where it is not."""
    strength = known.strength.get(chosen.item_id)
    if strength is None or chosen.item_id == rejected.item_id:
        return None
    if (chosen.item_id, rejected.item_id) in known.over:
        return "preferred less"
    if rejected.item_id in known.refused:
        return known.refused[rejected.item_id]
    other = known.strength.get(rejected.item_id)
    if other is not None:
        return "reacted to less" if other[0] < strength[0] else None
    passed_over = rejected.item_id in known.seen and rejected.position < chosen.position
    return "seen and passed over above the chosen" if passed_over else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many preferences a log holds.

    Attributes:
        pairs: all of them.
        rules, against: by the rule of the chosen, and of the rejected item.
        left_out: reason -> events or pairs that do not count.
    """

    pairs: int
    rules: Mapping[Rule, int]
    against: Mapping[Against, int]
    left_out: Mapping[LeftOut, int]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def counted(pairs: Sequence[ListPreference], left_out: Mapping[LeftOut, int]) -> Counts:
    """Preferences by their rules, each named, also those with none."""
    rules, against = Counter(each.rule for each in pairs), Counter(each.against for each in pairs)
    return Counts(
        len(pairs),
        {name: rules[name] for name in RULES},
        {name: against[name] for name in AGAINST},
        {name: count for name, count in left_out.items() if count},
    )
