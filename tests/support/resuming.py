"""Every learner on a backbone whose token states depend on what is encoded together, stopped and resumed."""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch

from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.backbone import Backbone, load_backbone
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.dpo import DPOConfig, given_pairs, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.loop import Training
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.self_learning import SelfLearningConfig, self_learn
from shoprl.trajectories.examples import Example
from tests.support.fakes import FakeBackbone, fake_policy
from tests.support.learners import able
from tests.support.matching import match_policy
from tests.support.tiny_bert import tiny_bert
from tests.support.toyshop import toy_data
from tests.support.training import expert_examples, training_goals

Learner = Callable[[LearnedPolicy, Path], object]
LOOP: dict[str, Any] = {"updates": 8, "batch_size": 3, "warmup": 2, "checkpoint_every": 2, "log_every": 1}
RL: dict[str, Any] = {**LOOP, "learning_rate": 1e-3, "demonstrated": 4}
DPO = DPOConfig(learning_rate=1e-3, **LOOP)


@dataclass
class PaddedBackbone(FakeBackbone):
    """Padding shows in its token states, as in the last bits of a real one's, but in more of them."""

    def token_states(self, texts: Sequence[str], max_tokens: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        found = super().token_states(texts, max_tokens)
        return [(states + _trace(found), ids) for states, ids in found]


class PaddedBert(Backbone):
    """The same for the inputs of a BERT's last layers."""

    def inner_states(
        self, texts: Sequence[str], max_tokens: int, layers: int
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        found = super().inner_states(texts, max_tokens, layers)
        return [(states + _trace(found), ids) for states, ids in found]


def _trace(found: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> float:
    return 0.01 * max(len(ids) for _, ids in found) + 0.001 * len(found)


def padded_store() -> TokenStore:
    return TokenStore(PaddedBackbone())  # type: ignore[arg-type]


def new_policy() -> ChoicePolicy:
    return fake_policy(store=padded_store())


def able_policy() -> ChoicePolicy:
    return ChoicePolicy(copy.deepcopy(able().model), padded_store())  # type: ignore[arg-type]


def new_tuned_policy() -> ChoicePolicy:
    bert = load_backbone(str(tiny_bert()))
    return fake_policy(store=TokenStore(PaddedBert(**vars(bert)), tuned_layers=1))


def new_match_policy() -> MatchPolicy:
    return match_policy(store=padded_store())


def able_match_policy() -> MatchPolicy:
    policy = new_match_policy()
    policy.model.load_state_dict(_able_match_weights())
    return policy


@cache
def _able_match_weights() -> dict[str, torch.Tensor]:
    """Of one that is right at times."""
    policy, config = new_match_policy(), ImitationConfig(updates=60, batch_size=8, learning_rate=5e-3, warmup=10)
    with TemporaryDirectory() as folder:
        train_imitation(policy, expert_examples(toy_data(), 30), config, Path(folder))
    return dict(policy.model.state_dict())


@cache
def shown() -> list[Example]:
    return expert_examples(toy_data(), 10)


def imitation(policy: LearnedPolicy, folder: Path) -> None:
    train_imitation(policy, shown(), ImitationConfig(**LOOP), folder)


def dpo(policy: LearnedPolicy, folder: Path) -> None:
    pairs, _ = preference_pairs(policy, shown(), DPO, np.random.default_rng(0), folder)
    train_dpo(policy, pairs, DPO, folder)


def dpo_on_given_pairs(policy: LearnedPolicy, folder: Path) -> None:
    given = [(example, (example.chosen + 1) % len(example.state.texts)) for example in shown()]
    train_dpo(policy, given_pairs(policy, given, folder), DPO, folder)


def policy_gradient(policy: LearnedPolicy, folder: Path) -> None:
    config, data = PolicyGradientConfig(**RL), toy_data()
    train_policy_gradient(policy, ShopTask(data.shop), training_goals(data), shown()[:3], config, folder)


def ppo(policy: LearnedPolicy, folder: Path) -> None:
    config, data = PPOConfig(epochs=1, minibatches=2, **RL), toy_data()
    train_ppo(policy, ShopTask(data.shop), training_goals(data), shown()[:3], config, folder)


def self_learning(policy: LearnedPolicy, folder: Path) -> None:
    data, config = toy_data(), SelfLearningConfig(trajectories=3, rounds=2, dpo=replace(DPO, updates=4, batch_size=2))
    self_learn(policy, ShopTask(data.shop), data.goals, data.split.train, config, folder)


LEARNERS: Mapping[str, tuple[Callable[[], LearnedPolicy], Learner]] = {
    "imitation": (new_policy, imitation),
    "dpo": (new_policy, dpo),
    "dpo on given pairs": (new_policy, dpo_on_given_pairs),
    "dpo, tuned": (new_tuned_policy, dpo),
    "policy gradient": (new_policy, policy_gradient),
    "ppo": (new_policy, ppo),
    "ppo, tuned": (new_tuned_policy, ppo),
    "self-learning": (able_policy, self_learning),
    "match, imitation": (new_match_policy, imitation),
    "match, dpo": (new_match_policy, dpo),
    "match, policy gradient": (new_match_policy, policy_gradient),
    "match, ppo": (new_match_policy, ppo),
    "match, self-learning": (able_match_policy, self_learning),
}


def trained(learner: str, folder: Path) -> dict[str, torch.Tensor]:
    """The weights after a training, which goes on from a checkpoint in the folder; nothing is encoded at the start."""
    new, train = LEARNERS[learner]
    policy = new()
    train(policy, folder)
    return dict(policy.model.state_dict())


def stopped(learner: str, folder: Path, method: str, call: int) -> bool:
    """Start a training that is stopped before a call of a method of :class:`Training`; whether it came to it."""
    real, calls = getattr(Training, method), iter(range(10_000))

    def stop(self: Training, *arguments: Any) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return real(self, *arguments)

    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(Training, method, stop)
        trained(learner, folder)
        return False
    return True
