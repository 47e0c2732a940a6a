"""Every learner once, from one start, on an average shopper's demonstrations: the table in docs/results/learners.md.

python benchmarks/learners.py --data PATH --out FOLDER [--seed 0] [--threads 2]

Calls the command line as a user would. Rows that are finished are kept, so that an interrupted run is resumed.
"""

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calling import options, shoprl

from shoprl.files import write_json

EVERY = "--updates 160 --checkpoint-every 80 --log-every 16 --learning-rate 3e-5"  # of all but the paper's own setting


@dataclass(frozen=True)
class Learner:
    """A row of the table: the method, the row it starts from, and whether it is given the demonstrations."""

    name: str
    method: str
    start: int | None
    given: bool
    options: str


LEARNERS = (
    Learner("imitation: the start of those below", "imitation", None, True, "--updates 600"),
    Learner("control: imitation continued", "imitation", 0, True, EVERY),
    Learner("DPO", "dpo", 0, True, EVERY),
    Learner("IPO", "dpo", 0, True, f"{EVERY} --variant ipo"),
    Learner("SimPO", "dpo", 0, True, f"{EVERY} --variant simpo"),
    Learner("PPO", "ppo", 0, True, EVERY),
    Learner("self-learning, 100 trajectories", "self-learning", 0, False, EVERY),
    Learner("self-learning, 2 rounds", "self-learning", 0, False, f"{EVERY} --rounds 2"),
    Learner("stacked: self-learning on DPO", "self-learning", 2, False, EVERY),
    Learner("DPO, 3,000 updates of one episode", "dpo", 0, True, "--updates 3000 --by-episode --batch-size 1"),
    Learner("policy gradient", "policy-gradient", 0, True, EVERY),
)


def row_of(number: int, shown: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Train a learner and evaluate it on the test goals."""
    learner, folder = LEARNERS[number], given.out / f"{number:02d}"
    shutil.rmtree(folder, ignore_errors=True)  # a training that was cut off is timed again from its start
    more: list[object] = [] if learner.start is None else ["--policy", given.out / f"{learner.start:02d}" / "policy"]
    more += ["--demonstrations", shown] if learner.given else []
    files = ("--data", given.data, "--out", folder)
    begun = time.perf_counter()
    shoprl(
        *("train", learner.method, *files, "--threads", given.threads, "--seed", given.seed, *more),
        *learner.options.split(),
    )
    seconds = time.perf_counter() - begun
    measure = ("evaluate", "--policy", folder / "policy", "--data", given.data, "--first", 500, "--seed", given.seed)
    scores = {decode: shoprl(*measure, "--decode", decode) for decode in ("greedy", "sample")}
    return {
        "learner": learner.name,
        "seconds": round(seconds, 1),
        **scores,
        "run": json.loads((folder / "run.json").read_text()),
    }


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(LEARNERS)), help="only these, in this order")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    shown = given.out / "average.jsonl.gz"
    if not shown.exists():
        made = ("--count", 1200, "--skill", "average", "--seed", given.seed, "--out", shown)
        shoprl("trajectories", "demonstrate", "--data", given.data, *made)
    rows = []
    for number in given.rows:
        file = given.out / f"{number:02d}.json"
        if not file.exists():
            write_json(file, row_of(number, shown, given))
        rows.append(json.loads(file.read_text()))
        rates = [
            f"{100 * rows[-1][way]['success_rate']:.1f} / {rows[-1][way]['score']:.1f}" for way in ("greedy", "sample")
        ]
        print(
            f"{rows[-1]['learner']:36} greedy {rates[0]}   sampled {rates[1]}   {rows[-1]['seconds']:.0f} s", flush=True
        )
    write_json(given.out / "learners.json", rows)


if __name__ == "__main__":
    main()
