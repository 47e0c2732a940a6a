"""How a study's agents are made: each from its start, its demonstrations and its method, once a seed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.statistics import INTERVAL_SEED, summarize
from shoprl.experiments.chain import Run, fresh, shopped_as, trained
from shoprl.files import content_hash
from shoprl.machine import commit, machine
from shoprl.policies.base import Decode
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.rnn import new_rnn
from shoprl.rollouts.records import Episode
from shoprl.training.dpo import DPOConfig, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.loop import weights_digest
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.self_learning import SelfLearningConfig, copy_of, self_learn
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, average_skill, demonstrations

Method = Literal["imitation", "rnn", "dpo", "ppo", "policy-gradient", "self-learning"]
LeftOut = Literal["nothing", "held-out products", "a department"]


@dataclass(frozen=True)
class Shown:
    """Demonstrations.

    Attributes:
        count: how many.
        expert: by an expert who now and then slips and recovers, or by average shoppers.
        without: training goals that are not shown.
    """

    count: int
    expert: bool = False
    without: LeftOut = "nothing"

    @property
    def name(self) -> str:
        """Of its file."""
        kind = "expert" if self.expert else "average"
        return f"{kind}-{self.count}" + ("" if self.without == "nothing" else f"-without-{self.without.split()[0]}")


@dataclass(frozen=True)
class Agent:
    """How an agent is made.

    Attributes:
        method: what trains it.
        config: settings of the method; its seed is the run's.
        start: the agent that it starts from, also its reference; a new one without.
        shown: the demonstrations that it learns from, if any.
        temperature: at which its start's trajectories and rejected actions are drawn.
        sizes: of a new network.
    """

    method: Method
    config: ImitationConfig | DPOConfig | PPOConfig | PolicyGradientConfig | SelfLearningConfig
    start: str | None = None
    shown: Shown | None = None
    temperature: float = 1.0
    sizes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        """Made in its own training."""
        config = self.config
        return config.rounds * config.dpo.updates if isinstance(config, SelfLearningConfig) else config.updates

    @property
    def played(self) -> int:
        """Episodes that its training plays by plan; those of self-learning depend on how often it is right."""
        config = self.config
        if isinstance(config, PPOConfig):
            return -(-config.updates // (config.epochs * config.minibatches)) * config.batch_size
        return config.updates * config.batch_size if isinstance(config, PolicyGradientConfig) else 0

    @property
    def generated(self) -> int:
        """Trajectories that it generated for itself."""
        config = self.config
        return config.rounds * config.trajectories if isinstance(config, SelfLearningConfig) else 0


@dataclass
class Workshop(Run):
    """Where the agents of a seed are made, for all studies; ``folder`` keeps them.

    Attributes:
        plan: name -> how the agent is made.
        left_out: the department that ``a department`` is.
    """

    plan: Mapping[str, Agent] = field(kw_only=True)
    _shown: dict[Shown, list[Example]] = field(default_factory=dict, init=False)
    _made: dict[str, LearnedPolicy] = field(default_factory=dict, init=False)

    @property
    def left_out(self) -> str:
        """The department that is left out: another one for each seed."""
        departments = sorted({product.category for product in self.data.catalog})
        return departments[self.seed % len(departments)]

    def line(self, name: str) -> dict[str, Agent]:
        """The plans of the agents that an agent comes from, the first one first, and its own."""
        agent = self.plan[name]
        return {**(self.line(agent.start) if agent.start else {}), name: agent}

    def made(self, name: str) -> LearnedPolicy:
        """An agent, made with all it comes from where that is not there yet.

        Raises:
            RunError: one of that name was made in another way.
            TrajectoryError: it cannot learn, such as from a start that is never right.
        """
        if name not in self._made:
            self._made[name] = _trained(self, name)
        return self._made[name]

    def training_goals(self, without: LeftOut = "nothing") -> list[int]:
        """The training goals but for those left out."""
        kept, data = self.data.split.train, self.data
        if without == "held-out products":
            held = self.held_products()
            if not held:
                raise TrajectoryError("The data's splits hold no product out of training.")
            return [index for index in kept if data.goals[index].asin not in held]
        if without == "a department":
            return [index for index in kept if data.catalog[data.goals[index].asin].category != self.left_out]
        return list(kept)

    def held_products(self) -> frozenset[str]:
        """Products that the disjoint split holds out for testing."""
        split = self.data.disjoint
        return frozenset(self.data.goals[index].asin for index in split.test) if split else frozenset()

    def demonstrations(self, shown: Shown) -> list[Episode]:
        """Demonstrations, made or read."""
        return self.kept(shown.name, lambda: self._demonstrate(shown))

    def _demonstrate(self, shown: Shown) -> list[Episode]:
        data, goals = self.data, self.training_goals(shown.without)
        skill = EXPERT if shown.expert else average_skill(self.task, data.goals, goals, self.rng(0))
        recovery = 0.3 if shown.expert else 0.0
        return demonstrations(self.task, data.goals, goals, shown.count, skill, self.rng(1), recovery)

    def examples(self, shown: Shown) -> list[Example]:
        """The decisions of demonstrations."""
        if shown not in self._shown:
            self._shown[shown] = examples(self.task, self.data.goals, self.demonstrations(shown))
        return self._shown[shown]

    def quality(self, shown: Shown) -> dict[str, Any]:
        """How good demonstrations are."""
        row = summarize(self.demonstrations(shown), np.random.default_rng(INTERVAL_SEED)).to_json()
        return {"shoppers": "expert" if shown.expert else "average", "without": shown.without, **row}


def _trained(work: Workshop, name: str) -> LearnedPolicy:
    agent = work.plan[name]
    identity = content_hash(
        {"line": [asdict(each) for each in work.line(name).values()], "seed": work.seed, "data": work.data.hashes()}
    )
    about: dict[str, Any] = {
        "identity": identity,
        "method": agent.method,
        "start": agent.start,
        "commit": commit(),
        "machine": machine(),
    }

    def make(folder: Path) -> LearnedPolicy:
        policy = _start(work, name, agent)
        cut_off = folder.exists()
        _shown(work, agent)  # made once for all agents, and no part of a training's time
        start = time.perf_counter(), time.process_time()
        about.update(_METHODS[agent.method](work, agent, policy, folder))
        about["seconds"] = None if cut_off else round(time.perf_counter() - start[0], 2)
        about["processor_seconds"] = None if cut_off else round(time.process_time() - start[1], 2)
        about["weights"] = weights_digest(policy.model)
        for decode in get_args(Decode):
            for old in (work.folder / "episodes").glob(f"*/{shopped_as(policy, decode)}.jsonl.gz"):
                old.unlink()  # of an agent of that name that is no more
        return policy

    if agent.start:
        work.made(agent.start)
    found = trained(work, name, make, about)
    known = work.about(name)
    if known["identity"] != identity or known["machine"]["threads"] != torch.get_num_threads():
        raise RunError(
            f"{work.folder / 'policies' / name}: made in another way, on other data or with another number of threads. "
            "Choose another folder with --out."
        )
    return found


def _start(work: Workshop, name: str, agent: Agent) -> LearnedPolicy:
    if agent.start:
        return copy_of(work.made(agent.start), name)
    if agent.method == "rnn":
        assert agent.shown is not None
        generator = torch.Generator().manual_seed(work.seed)
        policy = new_rnn([each.state for each in work.examples(agent.shown)], generator, **agent.sizes)
        policy.name = name
        return policy
    return fresh(work, name, 3)


def _shown(work: Workshop, agent: Agent) -> list[Example]:
    return work.examples(agent.shown) if agent.shown else []


def _imitate(work: Workshop, agent: Agent, policy: LearnedPolicy, folder: Path) -> dict[str, Any]:
    assert isinstance(agent.config, ImitationConfig)
    train_imitation(policy, _shown(work, agent), replace(agent.config, seed=work.seed), folder, policy.name)
    return {}


def _prefer(work: Workshop, agent: Agent, policy: LearnedPolicy, folder: Path) -> dict[str, Any]:
    assert isinstance(agent.config, DPOConfig)
    policy.temperature = agent.temperature
    pairs, skipped = preference_pairs(policy, _shown(work, agent), agent.config, work.rng(5))
    policy.temperature = 1.0
    train_dpo(policy, pairs, replace(agent.config, seed=work.seed), folder, policy.name)
    return {"pairs": len(pairs), "skipped": skipped}


def _reinforce(work: Workshop, agent: Agent, policy: LearnedPolicy, folder: Path) -> dict[str, Any]:
    goals, config = work.goals(work.training_goals()), agent.config
    task, data, label = work.task, _shown(work, agent), policy.name
    if isinstance(config, PPOConfig):
        train_ppo(policy, task, goals, data, replace(config, seed=work.seed), folder, label)
    else:
        assert isinstance(config, PolicyGradientConfig)
        train_policy_gradient(policy, task, goals, data, replace(config, seed=work.seed), folder, label)
    return {}


def _self_learn(work: Workshop, agent: Agent, policy: LearnedPolicy, folder: Path) -> dict[str, Any]:
    assert isinstance(agent.config, SelfLearningConfig)
    # A stacked agent draws other goals than the one it starts from did.
    seed = work.seed * 10 + sum(each.method == "self-learning" for each in work.line(policy.name).values())
    config = replace(agent.config, dpo=replace(agent.config.dpo, seed=seed))
    policy.temperature = agent.temperature
    rows = self_learn(policy, work.task, work.data.goals, work.training_goals(), config, folder, policy.name)
    policy.temperature = 1.0
    played = sum(row["sampled"] for row in rows)
    return {"played": played, **{name: rows[-1][name] for name in ("actions_pruned", "pairs", "skipped")}}


_METHODS: dict[Method, Callable[[Workshop, Agent, LearnedPolicy, Path], dict[str, Any]]] = {
    "imitation": _imitate,
    "rnn": _imitate,
    "dpo": _prefer,
    "ppo": _reinforce,
    "policy-gradient": _reinforce,
    "self-learning": _self_learn,
}
