"""How agents shop for products that they know, that they never saw, and that people ask for in their own words.

python benchmarks/unseen.py measure --data PATH --policy FOLDER-or-pretrained --out FILE
python benchmarks/unseen.py without --data PATH --out FOLDER

`measure` takes the standard test goals (500 at most), the first 300 test goals of the disjoint split, and the goals of
`natural_goals.jsonl.gz` in the data folder, where it is there; greedy, with 95% intervals. `without` writes a data
folder that lacks the products of the disjoint split's test goals, to train or adapt an agent that never saw them.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from shoprl.evaluation.evaluate import evaluate
from shoprl.evaluation.results import Measurement
from shoprl.files import write_folder, write_json
from shoprl.machine import commit, machine, versions
from shoprl.policies.saving import load_policy
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import Goal, read_goals
from shoprl.tasks.shop.task import ShopTask

TEST, UNSEEN, NATURAL = 500, 300, "natural_goals.jsonl.gz"


def goals_of(data: ShopData, natural: Path) -> dict[str, Sequence[tuple[int, Goal]]]:
    """The three lists of goals, each with its indices."""
    assert data.disjoint is not None, "the shop has too few products for a disjoint split"
    goals: dict[str, Sequence[tuple[int, Goal]]] = {"test": data.goals_of("test", TEST)}
    goals["unseen"] = [(index, data.goals[index]) for index in data.disjoint.test[:UNSEEN]]
    if natural.is_file():
        goals["natural"] = list(enumerate(read_goals(natural, data.catalog)))
    return goals


def measure(given: argparse.Namespace) -> None:
    """Evaluate a policy on each list and write the record."""
    torch.set_num_threads(given.threads)
    data, policy = read_data(given.data), load_policy(given.policy)
    rows = {}
    for name, goals in goals_of(data, given.data / NATURAL).items():
        rows[name] = Measurement.of(evaluate(policy, ShopTask(data.shop), goals).summary).to_json()
        print(name, {key: rows[name][key] for key in ("success_rate", "success_rate_interval", "score")}, flush=True)
    about = {"policy": str(given.policy), "threads": given.threads, "hashes": data.hashes()}
    write_json(given.out, {"goals": rows, **about, "machine": machine(), "versions": versions(), "commit": commit()})


def without(given: argparse.Namespace) -> None:
    """Copy a data folder's files, less the products of the disjoint split's test goals."""
    data = read_data(given.data)
    assert data.disjoint is not None, "the shop has too few products for a disjoint split"
    held = {data.goals[index].asin for index in data.disjoint.test}
    (items,) = given.data.glob("items_shuffle*.json")
    kept = [item for item in json.loads(items.read_text(encoding="utf-8")) if item.get("asin") not in held]

    def fill(folder: Path) -> None:
        for path in (*given.data.glob("items_ins_v2*.json"), *given.data.glob("prices.json")):
            shutil.copy(path, folder)
        write_json(folder / f"items_shuffle_{len(kept)}.json", kept)

    write_folder(given.out, fill)
    print(f"{len(kept)} products, without {len(held)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "without"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--policy", default="pretrained")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    {"measure": measure, "without": without}[arguments.what](arguments)
