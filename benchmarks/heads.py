"""Every choice network once: some updates of imitation of an expert, then test goals: docs/results/networks.md.

python benchmarks/heads.py --data PATH --out FOLDER [--seed 0] [--threads 2]

On a CPU the large networks get few updates and few goals; each row says how many.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calling import options

from shoprl.evaluation.evaluate import evaluate
from shoprl.files import write_json
from shoprl.machine import commit, machine, versions
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.bi_attention import new_bi_attention
from shoprl.policies.networks.choice import ChoicePolicy, new_model
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.rnn import new_rnn
from shoprl.policies.networks.token_batch import cut_candidates
from shoprl.shop.data import ShopData, read_data
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations


def fast(generator: torch.Generator, tuned_layers: int = 0) -> LearnedPolicy:
    """A choice network."""
    store = TokenStore(load_backbone(), tuned_layers=tuned_layers)
    return ChoicePolicy(new_model(store, generator), store)


@dataclass(frozen=True)
class Network:
    """A row: how to make the policy, how long to train it, and how many test goals measure it."""

    name: str
    make: Callable[[list[Example], torch.Generator], LearnedPolicy]
    config: ImitationConfig
    goals: int


NETWORKS = (
    Network("fast", lambda shown, generator: fast(generator), ImitationConfig(updates=600), 500),
    Network("fast, 1 tuned layer", lambda shown, generator: fast(generator, 1), ImitationConfig(updates=200), 500),
    Network(
        "RNN", lambda shown, generator: new_rnn((e.state for e in shown), generator), ImitationConfig(updates=30), 50
    ),
    Network(
        "bi-attention, all of MiniLM tuned",
        lambda shown, generator: new_bi_attention(generator),
        ImitationConfig(updates=3, learning_rate=2e-5, warmup=1),
        5,
    ),
)


def row_of(network: Network, data: ShopData, shown: list[Example], seed: int, folder: Path) -> dict[str, Any]:
    """Train a network and evaluate it twice, the second time with its texts encoded."""
    policy = network.make(shown, torch.Generator().manual_seed(seed))
    if not isinstance(policy, ChoicePolicy):  # as WebShop trains these networks
        rng = np.random.default_rng(seed)
        cut = [cut_candidates(example.state, example.chosen, rng) for example in shown]
        shown = [Example(state, chosen, old.episode, old.step) for (state, chosen), old in zip(cut, shown, strict=True)]
    policy.prepare(example.state for example in shown)
    begun = time.perf_counter()
    log = train_imitation(policy, shown, network.config, folder)
    seconds = time.perf_counter() - begun
    task, goals = ShopTask(data.shop), data.goals_of("test", first=network.goals)
    evaluate(policy, task, goals[:100], "greedy", seed)
    timed = evaluate(policy, task, goals[:100], "greedy", seed)
    test = evaluate(policy, task, goals, "greedy", seed)
    return {
        "head": network.name,
        "trained_weights": sum(w.numel() for w in policy.model.parameters() if w.requires_grad),
        "updates": network.config.updates,
        "seconds_per_update": round(seconds / network.config.updates, 3),
        "decisions_per_second": round(timed.decisions_per_second, 1),
        "last": log[-1],
        "test": test.summary.to_json(),
    }


def main() -> None:
    given = options(__doc__).parse_args()
    torch.set_num_threads(given.threads)
    data = read_data(given.data)
    task, rng = ShopTask(data.shop), np.random.default_rng(given.seed)
    episodes = demonstrations(task, data.goals, data.split.train, 1200, EXPERT, rng, 0.3)
    shown = examples(task, data.goals, episodes)
    rows = []
    for number, network in enumerate(NETWORKS):
        file = given.out / f"{number:02d}.json"
        if not file.exists():
            folder = given.out / f"{number:02d}"
            shutil.rmtree(folder, ignore_errors=True)  # a training that was cut off is timed again from its start
            write_json(file, row_of(network, data, shown, given.seed, folder))
        rows.append(json.loads(file.read_text()))
        print(rows[-1], flush=True)
    about = {"machine": machine(), "versions": versions(), "commit": commit(), "hashes": data.hashes()}
    write_json(given.out / "heads.json", {"rows": rows, **about})


if __name__ == "__main__":
    main()
