"""``shoprl recommend``: a ranked list of products for a request, from the agent of a run."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from shoprl.cli.output import Json, check_seed, emit, percent, table
from shoprl.shop.data import read_shop
from shoprl.tasks.shop.task import ShopTask


@dataclass(frozen=True)
class Recommend:
    """Recommend products: the agent shops several times, and what it buys is ranked.

    Attributes:
        request: what is looked for, in plain words.
        run: a run folder that ``shoprl reproduce`` wrote; its best policy shops in its catalogue.
        data: shop in another data folder.
        policy: use another policy folder.
        runs: how many times the agent shops.
        top: length of the list, at most.
        seed: of the draws.
    """

    request: tyro.conf.Positional[str]
    run: Path
    data: Path | None = None
    policy: Path | None = None
    runs: int = 20
    top: int = 10
    seed: int = 0
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        from shoprl.policies.saving import load_learned
        from shoprl.recommend.recommender import recommend
        from shoprl.runlog import read_run

        check_seed(self.seed)
        record = read_run(self.run)
        policy = load_learned(self.policy or self.run / record["best_policy"])
        shop = read_shop(self.data or self.run / record["data"])
        found = recommend(policy, ShopTask(shop), self.request, self.runs, self.top, self.seed)
        rows = [
            (number, r.asin, percent(r.share), f"{r.probability:.3f}", r.price, _short(r.title), _options(r.options))
            for number, r in enumerate(found, start=1)
        ]
        text = table(("#", "product", "bought", "probability", "price", "title", "options"), rows)
        answer = {"request": self.request, "runs": self.runs, "recommendations": [r.to_json() for r in found]}
        emit(answer, text if rows else "Nothing was bought in any run. Try other words.", self.json)


def _short(title: str) -> str:
    return title if len(title) <= 60 else title[:59] + "…"


def _options(options: dict[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in options.items())
