"""Every choice network once: some updates of imitation of an expert, then test goals: docs/results/networks.md.

python benchmarks/heads.py --data PATH --out FOLDER [--seed 0] [--threads 2]

On a CPU the large networks get few updates and few goals; each row says how many.
"""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calling import options

from shoprl.evaluation.evaluate import evaluate
from shoprl.files import write_json
from shoprl.machine import commit, machine, versions
from shoprl.policies.networks.token_batch import cut_candidates
from shoprl.policies.saving import NETWORKS
from shoprl.shop.data import ShopData, read_data
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations


@dataclass(frozen=True)
class Row:
    """A row: which network of which sizes, how long to train it, and on how many test goals it is evaluated."""

    name: str
    network: str
    config: ImitationConfig
    goals: int
    sizes: Mapping[str, Any] = field(default_factory=dict)


ROWS = (
    Row("fast", "choice", ImitationConfig(updates=600), 500),
    Row("fast, 1 tuned layer", "choice", ImitationConfig(updates=200), 500, {"tuned_layers": 1}),
    Row("RNN", "rnn", ImitationConfig(updates=30), 50),
    Row(
        "bi-attention, all of MiniLM tuned",
        "bi_attention",
        ImitationConfig(updates=3, learning_rate=2e-5, warmup=1),
        5,
    ),
)


def row_of(row: Row, data: ShopData, shown: list[Example], seed: int, folder: Path) -> dict[str, Any]:
    """Train a network and evaluate it twice, the second time with its texts encoded."""
    policy = NETWORKS[row.network].new(
        torch.Generator().manual_seed(seed), (example.state for example in shown), None, **row.sizes
    )
    if policy.cuts_candidates:
        rng = np.random.default_rng(seed)
        cut = [cut_candidates(example.state, example.chosen, rng) for example in shown]
        shown = [Example(state, chosen, old.episode, old.step) for (state, chosen), old in zip(cut, shown, strict=True)]
    policy.prepare(example.state for example in shown)
    begun = time.perf_counter()
    log = train_imitation(policy, shown, row.config, folder)
    seconds = time.perf_counter() - begun
    task, goals = ShopTask(data.shop), data.goals_of("test", first=row.goals)
    evaluate(policy, task, goals[:100], "greedy", seed)
    timed = evaluate(policy, task, goals[:100], "greedy", seed)
    test = evaluate(policy, task, goals, "greedy", seed)
    return {
        "head": row.name,
        "trained_weights": sum(w.numel() for w in policy.model.parameters() if w.requires_grad),
        "updates": row.config.updates,
        "seconds_per_update": round(seconds / row.config.updates, 3),
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
    for number, row in enumerate(ROWS):
        file = given.out / f"{number:02d}.json"
        if not file.exists():
            folder = given.out / f"{number:02d}"
            shutil.rmtree(folder, ignore_errors=True)  # a training that was cut off is timed again from its start
            write_json(file, row_of(row, data, shown, given.seed, folder))
        rows.append(json.loads(file.read_text()))
        print(rows[-1], flush=True)
    about = {"machine": machine(), "versions": versions(), "commit": commit(), "hashes": data.hashes()}
    write_json(given.out / "heads.json", {"rows": rows, **about})


if __name__ == "__main__":
    main()
