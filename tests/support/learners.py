"""Every learner, with every network, for four updates without dropout on the toy shop."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from shoprl.policies.learned import LearnedPolicy
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.dpo import DPOConfig, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.loop import LoopConfig
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.query import train_extractive, train_seq2seq
from shoprl.training.self_learning import SelfLearningConfig, copy_of, self_learn
from shoprl.trajectories.examples import Example
from tests.support.fakequery import fake_extractive, picky, tiny_bart
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy
from tests.support.tiny_bert import tiny_policy, tiny_rnn, tuned_policy
from tests.support.toyshop import toy_data
from tests.support.training import expert_examples

Rows = list[dict[str, Any]]
Place = Callable[[nn.Module], object]  # puts a model on its device
Learner = Callable[[Path, Place], tuple[nn.Module, Rows]]
LOOP: dict[str, Any] = {"updates": 4, "batch_size": 4, "warmup": 2, "checkpoint_every": 2, "log_every": 1}
DPO = DPOConfig(learning_rate=1e-3, by_episode=True, **LOOP)
RL: dict[str, Any] = {**LOOP, "learning_rate": 1e-3, "demonstrated": 4}


def without_dropout(policy: LearnedPolicy) -> LearnedPolicy:
    for module in policy.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return policy


HEADS: dict[str, Callable[[], LearnedPolicy]] = {
    "choice": lambda: fake_policy(dropout=0.0),
    "choice, tuned": lambda: without_dropout(tuned_policy(dropout=0.0)),
    "bi-attention": lambda: without_dropout(tiny_policy()),
    "match": lambda: without_dropout(match_policy(words_dropped=0.0)),
    "rnn": lambda: tiny_rnn(page_tokens=16, action_tokens=6),
}


@cache
def shown() -> list[Example]:
    return expert_examples(toy_data(), 10)


def imitation(head: str) -> Learner:
    def learn(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
        policy = HEADS[head]()
        place(policy.model)
        return policy.model, train_imitation(policy, shown(), ImitationConfig(**LOOP), folder)

    return learn


def dpo(head: str) -> Learner:
    def learn(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
        policy = HEADS[head]()
        place(policy.model)
        pairs, _ = preference_pairs(policy, shown(), DPO, np.random.default_rng(0), folder)
        return policy.model, train_dpo(policy, pairs, DPO, folder)

    return learn


@cache
def able() -> LearnedPolicy:
    """A policy that is right at times."""
    policy = fake_policy(dropout=0.0)
    config = ImitationConfig(updates=80, batch_size=8, learning_rate=5e-3, warmup=10)
    with TemporaryDirectory() as folder:
        train_imitation(policy, expert_examples(toy_data(), 40), config, Path(folder))
    return policy


def self_learning(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
    policy, data = copy_of(able(), "self"), toy_data()
    place(policy.model)
    config = SelfLearningConfig(trajectories=2, rounds=1, dpo=replace(DPO, batch_size=2))
    return policy.model, self_learn(policy, ShopTask(data.shop), data.goals, data.split.train, config, folder)


def policy_gradient(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
    policy, data = fake_policy(dropout=0.0), toy_data()
    place(policy.model)
    goals = [(index, data.goals[index]) for index in data.split.train]
    return policy.model, train_policy_gradient(
        policy, ShopTask(data.shop), goals, shown(), PolicyGradientConfig(**RL), folder
    )


def ppo(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
    policy, data = fake_policy(dropout=0.0), toy_data()
    place(policy.model)
    goals = [(index, data.goals[index]) for index in data.split.train]
    config = PPOConfig(epochs=1, minibatches=2, **RL)
    return policy.model, train_ppo(policy, ShopTask(data.shop), goals, shown(), config, folder)


def extractive(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
    writer = fake_extractive()
    place(writer.model)
    return writer.model, train_extractive(writer, picky(), LoopConfig(learning_rate=1e-3, **LOOP), folder)


def seq2seq(folder: Path, place: Place) -> tuple[nn.Module, Rows]:
    writer = tiny_bart()
    place(writer.model)
    return writer.model, train_seq2seq(writer, picky(), LoopConfig(learning_rate=1e-3, **LOOP), folder)


EXACT: dict[str, Learner] = {  # their updates do not depend on draws from the policy itself while it changes
    **{f"imitation {head}": imitation(head) for head in HEADS},
    **{f"dpo {head}": dpo(head) for head in HEADS},
    "self-learning": self_learning,
    "extractive": extractive,
    "seq2seq": seq2seq,
}
SAMPLING: dict[str, Learner] = {"policy gradient": policy_gradient, "ppo": ppo}
ALL = {**EXACT, **SAMPLING}


def put(model: nn.Module, device: torch.device) -> None:
    """Move a model; weights that are one stay one on the stand-in device too, as they do on others by themselves."""
    model.to(device)
    getattr(model, "tie_weights", lambda: None)()


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
