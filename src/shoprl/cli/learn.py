"""``shoprl learn``: a better policy from the feedback of a service."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from shoprl.cli.options import Confirming, OnData, Printing, SearchingBest, Seeded, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.settings import Count, Range, Share, Whole

LearnerName = Literal["dpo", "imitation", "policy-gradient"]
RoleName = Literal["off", "candidate", "active"]


@dataclass(frozen=True, kw_only=True)
class Learn(OnData, SearchingBest, Confirming, Seeded, Threaded, Printing):
    """Learn a policy from the feedback of a service, with a control beside it, and register it there.

    Where nothing new has come since a policy was last learned from the same one, it says so and does nothing.

    Attributes:
        data: the shop that the service has.
        from_: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; the one beside the shop when left out.
        out: the run folder; must be new or empty.
        learner: dpo, imitation of what was chosen, or policy-gradient, which needs lists that were drawn.
        from_policy: the registered policy to learn from; the active one when left out.
        name: of the new policy; learned-1, learned-2, ... when left out.
        updates: of the training.
        activate: the role of the new policy: off; candidate shares the requests with the active one; active takes its
            place, unless its lists are worse on the guard's goals: then it becomes a candidate.
        force: give it that role whatever the guard says.
        least_pairs: preference pairs that are needed.
        new_pairs: pairs that must have come since a policy was last learned from the same one.
        most_decisions: decisions that are learned from, the newest.
        held_out: share of the requests on which policies are compared and none is trained.
        guard_goals: eval goals of the shop for which the policies make lists; 0 for no guard.
        since_days: leave out decisions made more than so many days ago.
    """

    from_: Annotated[str | None, tyro.conf.arg(name="from", metavar="DATABASE", help_behavior_hint="")] = None
    out: Path
    learner: LearnerName = "dpo"
    from_policy: str | None = None
    name: str | None = None
    updates: Count = 800
    activate: RoleName = "off"
    force: bool = False
    least_pairs: Count = 100
    new_pairs: Whole = 50
    most_decisions: Annotated[int, Range(1, 100_000)] = 5_000
    held_out: Share = 0.2
    guard_goals: Whole = 250
    since_days: Annotated[float, Range(0, 1e5, above=True)] | None = None

    def execute(self) -> None:
        """Run the command."""
        prepare(self.seed, self.threads)
        from shoprl.cli.database import opened
        from shoprl.service.database import close_database
        from shoprl.service.learning import LearnConfig, check_enough, parent_of, read_feedback, too_little
        from shoprl.training.lists import ListConfig

        now = time.time()
        learning = ListConfig(learner=self.learner, updates=self.updates).seeded(self.seed)
        config = LearnConfig(
            learning=replace(learning, warmup=min(learning.warmup, self.updates)),
            least=self.least_pairs,
            new=self.new_pairs,
            most=self.most_decisions,
            held_out=self.held_out,
            guard=self.guard_goals,
            since=None if self.since_days is None else now - 86_400 * self.since_days,
        )
        engine = opened(self.from_, self.data)
        try:
            parent = parent_of(engine, self.from_policy)
            feedback = read_feedback(engine, config)
            nothing = too_little(engine, parent, feedback.counts, config)
            if nothing is not None:
                emit({"registered": None, "reason": nothing, "pairs": feedback.counts.to_json()}, nothing, self.json)
                return
            check_enough(feedback.counts, config)
            self._learn(engine, parent, feedback, config)
        finally:
            close_database(engine)

    def _learn(self, engine: Any, parent: Any, feedback: Any, config: Any) -> None:
        from shoprl.recommender.prepared import prepared_tagger
        from shoprl.runlog import carry_out
        from shoprl.service.database import name_of
        from shoprl.service.guarding import eval_goals
        from shoprl.service.learning import CANDIDATE, learn, load_judging, next_name, register_learned
        from shoprl.shop.data import read_data, read_shop

        name = self.name or next_name(engine)
        search, encoder = self.search_of(self.data), self.encoder(self.data)
        settings = {
            "config": asdict(config),
            "database": name_of(engine),
            "parent": {"name": parent.name, "version": parent.version},
            "name": name,
            "search": search,
            "threads": self.threads,
        }

        def work(record: dict[str, Any]) -> dict[str, Any]:
            goals = None
            if config.guard:
                goals = eval_goals(lambda: read_data(self.data, search=search, encoder=encoder))
            shop = read_shop(self.data, tagger=prepared_tagger(self.data), search=search, encoder=encoder)
            learned = learn(
                self.out,
                shop,
                goals,
                feedback,
                lambda: load_judging(parent.folder, self.data, self.backbone),
                name,
                config,
            )
            made = register_learned(
                engine, learned, self.out / CANDIDATE, parent, self.activate, time.time(), self.force
            )
            refused = made.role != self.activate
            answer = {"registered": name, "role": made.role, "refused": refused, "parent": parent.name}
            record |= {"policy": CANDIDATE, **answer, "evidence": dict(learned.evidence)}
            return answer | {"policy": str(self.out / CANDIDATE)} | dict(learned.evidence)

        answer = carry_out(self.out, settings, self.data, False, made=CANDIDATE, work=work, again=dict[str, Any])
        emit(answer, _text(answer), self.json)


def _text(answer: Mapping[str, Any]) -> str:
    """What came of it, for people."""
    pairs = answer["pairs"]
    counts = [(kind, name, f"{count:,}") for kind in ("rules", "against") for name, count in pairs[kind].items()]
    counts += [("left out", name, f"{count:,}") for name, count in pairs["left_out"].items()]
    kinds = {"rules": "chosen", "against": "rejected"}
    lines = [table(("pairs", "rule", "count"), [(kinds.get(kind, kind), *rest) for kind, *rest in counts]), ""]
    lines += [*_held_out(answer["held_out"]), *_guard(answer["guard"]), *_off_policy(answer["off_policy"]), ""]
    why = ", not active, since its lists are worse than its parent's (--force activates it all the same)"
    lines.append(f"{answer['registered']}: registered as {answer['role']}{why if answer['refused'] else ''}")
    return "\n".join((*lines, f"policy   {answer['policy']}"))


def _held_out(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return ["held out  no pair"]
    names = [name for name, each in found.items() if isinstance(each, Mapping)]
    lines = [f"{name.replace('_', ' ')}: {_interval(found[name], 100, '%')}" for name in names]
    return [f"held out, pairs in the right order ({found['pairs']:,} pairs of {found['lists']:,} lists)", *lines]


def _guard(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return ["guard  none: the shop has no eval goals, or --guard-goals is 0"]
    return [
        f"guard, {name} less parent on {each['goals']} goals: "
        f"lists that start with the goal's product {_interval(each['hit1_difference'], 100, ' points')}, "
        f"reward of the first five {_interval(each['reward5_difference'], 100, ' points')}"
        for name, each in found.items()
    ]


def _off_policy(found: Mapping[str, Any] | str) -> list[str]:
    if isinstance(found, str):
        return [f"off-policy  {found}"]
    lines = [f"off-policy, purchases a list, from {found['decisions']:,} lists held out"]
    for name, each in found.items():
        if isinstance(each, Mapping):
            own = ", ".join(f"{kind} {_interval(one, 1, '')}" for kind, one in each.items())
            lines.append(f"{name}: {own}")
        elif name != "decisions":
            lines.append(f"{name}: {each}")
    return lines


def _interval(each: Mapping[str, float], times: float, unit: str) -> str:
    value, low, high = (times * each[name] for name in ("value", "low", "high"))
    return f"{value:.3g}{unit} [{low:.3g}, {high:.3g}]"
