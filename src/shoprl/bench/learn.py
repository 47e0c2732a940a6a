"""Measures the learners: seconds an update of each method, and decisions a second of the agent."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertConfig

from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.bi_attention import BiAttentionConfig, BiAttentionModel, BiAttentionPolicy, with_buttons
from shoprl.policies.networks.choice import ChoicePolicy, new_model
from shoprl.policies.networks.encoder import TokenStore
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.dpo import DPOConfig, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.processes import Team
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations

TRIPS = 150  # demonstrations to learn from
EPISODES = 100  # of the agent, for its speed


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _shown(data: ShopData, trips: int, rng: np.random.Generator) -> Sequence[Example]:
    """Demonstrated decisions on the training goals."""
    task = ShopTask(data.shop)
    shown = demonstrations(task, data.goals, data.split.train, trips, EXPERT, rng)
    return examples(task, data.goals, shown)


def bench_learn(data: ShopData, updates: int, seed: int, team: Team) -> dict[str, Any]:
    """Train the fast head for some updates by each method, and let it shop.

    Args:
        data: the shop; its training goals are used.
        updates: of each method, a multiple of 16 (PPO's updates a rollout).
        seed: of everything drawn.
        team: says where the network is trained; of one process.

    Returns:
        Seconds an update by method (the rollouts of policy gradient and PPO included), seconds to encode the texts that
        are then reused, seconds of the reference's pass, decisions a second with every text encoded, and the sizes.
    """
    goals = [(index, data.goals[index]) for index in data.split.train]
    task, rng = ShopTask(data.shop), np.random.default_rng(seed)
    decisions = _shown(data, TRIPS, rng)
    store = TokenStore(load_backbone())
    start = ChoicePolicy(new_model(store, torch.Generator().manual_seed(seed)), store)
    team.take(start.model)
    found: dict[str, Any] = {"encoding_seconds": _timed(lambda: start.prepare(each.state for each in decisions))}
    settings: dict[str, Any] = {"updates": updates, "checkpoint_every": updates, "log_every": updates}
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        imitated = copy_of(start, "imitation")
        imitation = ImitationConfig(**settings)
        spent = {"imitation": _timed(lambda: train_imitation(imitated, decisions, imitation, at / "i"))}
        episodes = run_episodes(imitated, task, goals[:EPISODES], seed, label="")  # encodes what is new
        taken = _timed(lambda: run_episodes(imitated, task, goals[:EPISODES], seed, label=""))
        found["decisions_per_second"] = sum(len(each.decisions) for each in episodes) / taken
        dpo = DPOConfig(**settings)
        begun = time.perf_counter()
        pairs, _ = preference_pairs(imitated, decisions, dpo, rng)
        found["reference_seconds"] = time.perf_counter() - begun
        spent["dpo"] = _timed(lambda: train_dpo(copy_of(imitated, "dpo"), pairs, dpo, at / "d"))
        gradient, ppo = PolicyGradientConfig(**settings), PPOConfig(**settings)
        spent["policy_gradient"] = _timed(
            lambda: train_policy_gradient(copy_of(imitated, "pg"), task, goals, decisions, gradient, at / "g")
        )
        spent["ppo"] = _timed(lambda: train_ppo(copy_of(imitated, "ppo"), task, goals, decisions, ppo, at / "p"))
    found["seconds_per_update"] = {name: round(seconds / updates, 4) for name, seconds in spent.items()}
    rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in found.items()}
    sizes = {"batch_size": dpo.batch_size, "decisions": len(decisions), "updates": updates}
    return {**rounded, **sizes, "threads": torch.get_num_threads(), **team.about()}


def _untrained(seed: int) -> BiAttentionPolicy:
    """A bi-attention policy of BERT-base's size with random weights and the default backbone's words."""
    tokenizer = with_buttons(load_backbone().tokenizer)
    encoder = BertConfig(vocab_size=len(tokenizer))  # whose other defaults are BERT-base's
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(seed)
        model = BiAttentionModel(BiAttentionConfig("random weights", encoder.to_dict()))
    return BiAttentionPolicy(model.eval(), tokenizer)


def bench_bi_attention(data: ShopData, updates: int, seed: int, team: Team) -> dict[str, Any]:
    """Train WebShop's network, its encoder of BERT-base's size included, by DPO, an episode an update.

    Args:
        data: the shop; its training goals are used.
        updates: how many.
        seed: of everything drawn; the weights are random.
        team: says where the network is trained; of one process.

    Returns:
        Seconds of all updates (the checkpoint at the end included) and of one, seconds of the reference's pass, sizes,
        and on what it ran.
    """
    rng = np.random.default_rng(seed)
    policy = _untrained(seed)
    team.take(policy.model)
    decisions = _shown(data, min(TRIPS, updates), rng)
    config = DPOConfig(updates=updates, batch_size=1, by_episode=True, checkpoint_every=updates, log_every=updates)
    begun = time.perf_counter()
    pairs, _ = preference_pairs(policy, decisions, config, rng)
    reference = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        spent = _timed(lambda: train_dpo(policy, pairs, config, Path(folder)))
    return {
        "seconds": round(spent, 2),
        "seconds_per_update": round(spent / updates, 4),
        "reference_seconds": round(reference, 2),
        "updates": updates,
        "episodes": len({pair.example.episode for pair in pairs}),
        "pairs": len(pairs),
        "parameters": policy.model.num_parameters(),
        "threads": torch.get_num_threads(),
        **team.about(),
    }
