"""``shoprl recommend``: a ranked list of products for a request, from the pretrained agent or one of your own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from shoprl.cli.options import Confirming, Printing, Searching, Seeded, Threaded, prepare
from shoprl.cli.output import emit, percent, table
from shoprl.errors import ConfigError
from shoprl.settings import Count
from shoprl.shop.data import read_shop
from shoprl.tasks.shop.task import ShopTask
from shoprl.terminal import shown


@dataclass(frozen=True, kw_only=True)
class Recommend(Searching, Confirming, Seeded, Threaded, Printing):
    """Recommend products for a request.

    The agent shops several times for the request, and what it buys is ranked. In a shell, put the request in single
    quotes, which keep a $ as it is: shoprl recommend 'a red mug under $10' --data SHOP

    Attributes:
        request: what you are looking for, in plain words.
        run: a run folder of shoprl reproduce or shoprl train: its policy (of several the best) shops in its catalogue.
        data: a shop, a data folder or a product feed to shop in; the run's when left out.
        policy: a policy folder, or one of the built-in policies: rule, rule-options, random, pretrained; when left out,
            the run's or, without a run, pretrained.
        runs: how many times the agent shops.
        top: length of the list, at most.
    """

    request: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="REQUEST")]
    run: Path | None = None
    data: Path | None = None
    policy: str | None = None
    runs: Count = 20
    top: Count = 10

    def execute(self) -> None:
        """Run the command."""
        prepare(self.seed, self.threads)
        from shoprl.policies.saving import load_policy
        from shoprl.recommender.recommend import recommend

        chosen, data = self._agent_and_shop()
        task = ShopTask(read_shop(data, search=self.search, encoder=self.encoder(data)))
        policy = load_policy(chosen, backbone=self.backbone)
        ranked = recommend(policy, task, self.request, self.runs, self.top, self.seed)
        rows = []
        for number, r in enumerate(ranked, start=1):
            options = ", ".join(f"{name}: {value}" for name, value in r.options.items())
            share, chance = percent(r.share), f"{r.probability:.3f}"
            rows.append((number, r.asin, share, chance, r.price, shown(r.title, 60), options))
        text = table(("#", "product", "bought", "probability", "price", "title", "options"), rows)
        answer = {"request": self.request, "runs": self.runs, "recommendations": [r.to_json() for r in ranked]}
        emit(answer, text if rows else "Nothing was bought in any run. Try other words.", self.json)

    def _agent_and_shop(self) -> tuple[str, Path]:
        """The policy, by name or folder, and the data folder: those given, then the run's, then the pretrained one."""
        from shoprl.policies.packaged import PRETRAINED
        from shoprl.runlog import policy_of

        policy, data = self.policy, self.data
        if self.run is not None and (policy is None or data is None):
            own_policy, own_data = policy_of(self.run)
            policy, data = policy or str(own_policy), data or own_data
        if data is None:
            raise ConfigError("There is no shop to recommend from. Give one with --data, or a run folder with --run.")
        return policy or PRETRAINED, data
