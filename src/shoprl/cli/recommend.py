"""``shoprl recommend``: a ranked list of products for a request, from the pretrained agent or one of your own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from shoprl.cli.options import Confirming, Printing, SearchingBest, Seeded, Threaded, policy_of_name
from shoprl.cli.output import emit, percent, table
from shoprl.errors import ConfigError
from shoprl.recommender.recommend import MAX_RUNS, MIN_FIT, RUNS, TOP, Recommendations
from shoprl.settings import Count, NotNegative, Range, Share, Threads
from shoprl.shop.data import read_shop
from shoprl.shop.default_data import default_folder
from shoprl.tasks.shop.task import ShopTask
from shoprl.terminal import shown


@dataclass(frozen=True, kw_only=True)
class Recommend(SearchingBest, Confirming, Seeded, Threaded, Printing):
    """Recommend products for a request.

    The agent shops several times for the request, and what it has seen and bought is ranked. In a shell, put
    the request in single quotes, which keep a $ as it is: shoprl recommend 'a red mug under $10' --data SHOP

    Attributes:
        request: what you are looking for, in plain words.
        run: a run folder of shoprl reproduce or shoprl train: its policy (of several the best) shops in its catalogue.
        data: a shop, a data folder or a product feed to shop in; the run's when left out.
        policy: a policy folder, or one of the built-in policies: rule, rule-options, random, pretrained; when left out,
            the run's or, without a run, pretrained.
        runs: how many times the agent shops.
        top: length of the list, at most.
        temperature: above 0 the list is drawn at random by the products' scores, the more evenly the higher it is, to
            learn from what people choose; 0 ranks.
        min_fit: products estimated to fit less are left out, of an agent that can estimate it; where one fits well,
            those that fit a third of it.
        threads: processor threads; the pretrained agent's matrices are too small to share out.
    """

    request: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="REQUEST")]
    run: Path | None = None
    data: Path | None = None
    policy: str | None = None
    runs: Annotated[int, Range(1, MAX_RUNS)] = RUNS
    top: Count = TOP
    temperature: NotNegative = 0.0
    min_fit: Share = MIN_FIT
    threads: Threads = 1

    def execute(self) -> None:
        """Run the command."""
        from shoprl.recommender.prepared import prepared_tagger, use_prepared
        from shoprl.recommender.recommend import recommend

        chosen, data = self._agent_and_shop()
        search, encoder = self.search_of(data), self.encoder(data)
        task = ShopTask(read_shop(data, tagger=prepared_tagger(data), search=search, encoder=encoder))
        policy = policy_of_name(chosen, self.seed, self.threads, self.backbone)
        use_prepared(policy, data)
        numbers = (self.runs, self.top, self.seed, self.temperature, self.min_fit)
        found = recommend(policy, task, self.request, *numbers)
        answer = {
            **{name: getattr(self, name) for name in ("request", "runs", "top", "temperature", "min_fit")},
            "left_out": {"unfit": found.unfit, "too_dear": found.too_dear},
            "recommendations": [each.to_json() for each in found],
        }
        emit(answer, _text(found, self), self.json)

    def _agent_and_shop(self) -> tuple[str, Path]:
        """The policy, by name or folder, and the data folder: those given, then the run's, then the pretrained one."""
        from shoprl.policies.packaged import PRETRAINED
        from shoprl.runlog import policy_of

        policy, data = self.policy, self.data
        if self.run is not None and (policy is None or data is None):
            own_policy, own_data = policy_of(self.run)
            policy, data = policy or str(own_policy), data or own_data
        data = data or default_folder()
        if data is None:
            raise ConfigError(
                "There is no shop to recommend from. Give one with --data or SHOPRL_DATA, or a run folder with --run."
            )
        return policy or PRETRAINED, data


def _text(found: Recommendations, asked: Recommend) -> str:
    """The list as a table, and where it is shorter than asked for, why."""
    rows = []
    for number, each in enumerate(found, start=1):
        options = ", ".join(f"{name}: {value}" for name, value in each.options.items())
        fit = "-" if each.fit is None else f"{each.fit:.2f}"
        drawn = (f"{each.propensity:.3f}",) if asked.temperature else ()
        missing = " ".join(each.why.missing)
        rows.append(
            (number, each.asin, fit, percent(each.share), *drawn, each.price, shown(each.title, 60), options, missing)
        )
    header = (
        "#",
        "product",
        "fit",
        "bought",
        *(("propensity",) if asked.temperature else ()),
        "price",
        "title",
        "options",
    )
    lines = [table((*header, "not met"), rows)] if rows else ["Nothing in this shop fits the request. Try other words."]
    if len(found) < asked.top:
        left_out = (
            (found.unfit, f"estimated to fit less than {asked.min_fit:g} (--min-fit)"),
            (found.too_dear, "more expensive than the request allows"),
        )
        lines += [f"Left out as {why}: {count:,} of the products seen." for count, why in left_out if count]
    return "\n".join(lines)
