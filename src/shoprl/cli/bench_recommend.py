"""``shoprl bench recommend``: how long a recommendation takes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from shoprl.cli.bench import report
from shoprl.cli.options import Confirming, OnData, OnGoals, Printing, SearchingBest, Seeded, Threaded, policy_of_name
from shoprl.policies.packaged import PRETRAINED
from shoprl.recommender.prepared import use_prepared
from shoprl.recommender.recommend import MAX_RUNS, RUNS
from shoprl.settings import Range, Threads
from shoprl.shop.data import read_data
from shoprl.tasks.shop.task import ShopTask

TARGETS = {"p95_ms": "<= 300", "first_answer_seconds": "<= 3"}


@dataclass(frozen=True, kw_only=True)
class Recommend(OnData, OnGoals, SearchingBest, Confirming, Seeded, Threaded, Printing):
    """Measure the time of a recommendation.

    Of a warm one, and of the first answer of a new process, which imports and opens everything; and memory.

    Attributes:
        policy: a policy folder, or one of the built-in policies: rule, rule-options, random, pretrained.
        runs: how many times the agent shops for a request.
        requests: how many, drawn from the shop's eval goals; some general ones where it has no goals.
        threads: processor threads; the pretrained agent's matrices are too small to share out.
    """

    policy: str = PRETRAINED
    runs: Annotated[int, Range(1, MAX_RUNS)] = RUNS
    requests: Annotated[int, Range(2, 10**5)] = 105
    threads: Threads = 1

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.recommend import bench_recommend, requests_of

        search = self.search_of(self.data)
        data = read_data(self.data, search=search, encoder=self.encoder(self.data), goals=self.goals)
        policy = policy_of_name(self.policy, self.seed, self.threads, self.backbone)
        use_prepared(policy, self.data)
        requests = requests_of(data, self.requests, np.random.default_rng(self.seed))
        command = ["--policy", self.policy, "--data", str(self.data), "--runs", str(self.runs), "--search", search]
        command += ["--threads", str(self.threads), "--seed", str(self.seed), "--json"]
        command += [word for each in self.backbone for word in ("--backbone", each)]
        figures = bench_recommend(policy, ShopTask(data.shop), requests, self.runs, command)
        about = {"hashes": data.hashes(), "policy": self.policy, "threads": self.threads, "search": search}
        report(figures.to_json(), TARGETS, self.json, about)
