"""The learners by name: the inputs of each, and what is counted. A new learner is a line in :data:`METHODS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

import numpy as np

from shoprl.policies.learned import LearnedPolicy
from shoprl.tasks.base import Task
from shoprl.training.dpo import DPOConfig, given_pairs, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.self_learning import SelfLearningConfig, self_learn
from shoprl.trajectories.examples import Example

G = TypeVar("G")
C = TypeVar("C", bound="MethodConfig")
C_contra = TypeVar("C_contra", contravariant=True)
Rows = Sequence[Mapping[str, float]]


class MethodConfig(Protocol):
    """Settings of any learner."""

    @property
    def all_updates(self) -> int:
        """How many updates a training makes in all."""

    @property
    def episodes(self) -> int:
        """How many episodes it runs by plan."""

    @property
    def generated(self) -> int:
        """How many trajectories it generates to learn from."""

    def seeded(self, seed: int) -> Self:
        """The same with another seed."""


@dataclass(frozen=True)
class Inputs(Generic[G]):
    """What a learner may learn from.

    Attributes:
        task: where a policy acts.
        goals: the goal list.
        training: indices of the goals that it may be trained on.
        examples: demonstrated decisions; may be empty.
        rng: of the rejected actions.
        pairs: preferences that are given: a state with its chosen candidate, and the rejected one.
        temperature: at which the start's trajectories and rejected actions are drawn.
        cache: a folder for the reference's log-probabilities; None keeps none.
    """

    task: Task[G]
    goals: Sequence[G]
    training: Sequence[int]
    examples: Sequence[Example]
    rng: np.random.Generator
    pairs: Sequence[tuple[Example, int]] = ()
    temperature: float = 1.0
    cache: Path | None = None

    def training_goals(self) -> list[tuple[int, G]]:
        """The goals that it may be trained on, with their indices."""
        return [(index, self.goals[index]) for index in self.training]


@dataclass(frozen=True)
class Learned:
    """What came of a training.

    Attributes:
        log: rows of its log; of self-learning a row a round.
        counts: what was counted, such as ``pairs``.
    """

    log: Rows
    counts: Mapping[str, int] = field(default_factory=dict)


class Learn(Protocol[C_contra]):
    """Trains a policy in place."""

    def __call__(
        self, policy: LearnedPolicy, config: C_contra, inputs: Inputs[Any], folder: Path, label: str
    ) -> Learned:
        """Train, resuming from ``folder`` where it holds a checkpoint."""


def _imitation(
    policy: LearnedPolicy, config: ImitationConfig, inputs: Inputs[Any], folder: Path, label: str
) -> Learned:
    return Learned(train_imitation(policy, inputs.examples, config, folder, label))


def _dpo(policy: LearnedPolicy, config: DPOConfig, inputs: Inputs[Any], folder: Path, label: str) -> Learned:
    if inputs.pairs:
        pairs, skipped = given_pairs(policy, inputs.pairs, inputs.cache), 0
    else:
        policy.temperature = inputs.temperature
        pairs, skipped = preference_pairs(policy, inputs.examples, config, inputs.rng, inputs.cache)
        policy.temperature = 1.0
    return Learned(train_dpo(policy, pairs, config, folder, label), {"pairs": len(pairs), "skipped": skipped})


def _policy_gradient(
    policy: LearnedPolicy, config: PolicyGradientConfig, inputs: Inputs[Any], folder: Path, label: str
) -> Learned:
    goals = inputs.training_goals()
    return Learned(train_policy_gradient(policy, inputs.task, goals, inputs.examples, config, folder, label))


def _ppo(policy: LearnedPolicy, config: PPOConfig, inputs: Inputs[Any], folder: Path, label: str) -> Learned:
    return Learned(train_ppo(policy, inputs.task, inputs.training_goals(), inputs.examples, config, folder, label))


def _self_learning(
    policy: LearnedPolicy, config: SelfLearningConfig, inputs: Inputs[Any], folder: Path, label: str
) -> Learned:
    policy.temperature = inputs.temperature
    rows = self_learn(policy, inputs.task, inputs.goals, inputs.training, config, folder, label)
    policy.temperature = 1.0
    counts = {name: int(rows[-1][name]) for name in ("actions_pruned", "pairs", "skipped")}
    return Learned(rows, {"played": sum(row["sampled"] for row in rows), **counts})


@dataclass(frozen=True)
class Method(Generic[C]):
    """A learner.

    Attributes:
        config: class of its settings.
        learn: trains.
        about: what it does, in a line.
        starts: whether it needs a policy to start from.
        demonstrations: whether it needs demonstrations, may use them, or uses none.
        preferences: whether it may learn from a preference file in place of demonstrations.
    """

    config: type[C]
    learn: Learn[C]
    about: str
    starts: bool = False
    demonstrations: Literal["needed", "optional", "none"] = "optional"
    preferences: bool = False


METHODS: dict[str, Method[Any]] = {
    "imitation": Method(
        ImitationConfig,
        _imitation,
        "Imitate demonstrations: cross entropy of the demonstrated action over the available ones.",
        demonstrations="needed",
    ),
    "dpo": Method(
        DPOConfig,
        _dpo,
        "Prefer what was demonstrated to what the policy would do: DPO with rejected actions drawn from it.",
        starts=True,
        demonstrations="needed",
        preferences=True,
    ),
    "policy-gradient": Method(
        PolicyGradientConfig, _policy_gradient, "Policy gradient on training goals: WebShop's advantage actor-critic."
    ),
    "ppo": Method(PPOConfig, _ppo, "PPO on training goals."),
    "self-learning": Method(
        SelfLearningConfig,
        _self_learning,
        "DPO on preferences that the policy generates itself on training goals, in rounds.",
        starts=True,
        demonstrations="none",
    ),
}


def learn(
    method: str, policy: LearnedPolicy, config: MethodConfig, inputs: Inputs[Any], folder: Path, label: str
) -> Learned:
    """Train a policy in place by a method, resuming from ``folder`` where it holds a checkpoint."""
    call: Callable[..., Learned] = METHODS[method].learn
    return call(policy, config, inputs, folder, label)
