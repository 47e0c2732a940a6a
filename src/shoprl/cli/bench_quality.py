"""``shoprl bench quality``: how good an agent's recommendations are, beside what searches find."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from shoprl.cli.options import (
    Confirming,
    OnData,
    OnGoals,
    Printing,
    SearchingBest,
    Seeded,
    Threaded,
    policy_of_name,
    prepare,
)
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError
from shoprl.files import sha256_of
from shoprl.machine import commit, machine, versions
from shoprl.policies.packaged import PRETRAINED
from shoprl.recommender.prepared import use_prepared
from shoprl.recommender.recommend import MAX_RUNS, RUNS
from shoprl.search.engine import SearchEngine
from shoprl.search.hybrid import HybridSearch, VectorSearch
from shoprl.search.hybrid_folder import FOLDER as HYBRID
from shoprl.search.hybrid_folder import build_hybrid, open_hybrid
from shoprl.settings import Count, Range
from shoprl.shop.cached import shop_of
from shoprl.shop.data import ShopData, read_data, read_shop
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.shop.goal_choice import chosen_goals
from shoprl.shop.searching import IndexSearch
from shoprl.shop.splits import SplitName
from shoprl.tasks.shop.task import ShopTask

if TYPE_CHECKING:
    from shoprl.bench.lists import Agent
    from shoprl.bench.quality import Judgements

NO_AGENT = "none"
MEASURES = ("hit1", "mrr", "type5", "reward5", "length", "ndcg10", "ndcg10_judged")
Methods = dict[str, dict[str, Any]]  # method -> figure -> value


@dataclass(frozen=True, kw_only=True)
class Quality(OnData, OnGoals, SearchingBest, Confirming, Seeded, Threaded, Printing):
    """Measure how good lists of products are: those of an agent, and those of searches.

    The methods are agent (what the policy recommends), bm25 (WebShop's search), vectors and hybrid search (of a shop
    with a store; the vectors are made if it has none, or older ones), and rule: BM25's order, each product with the
    options that the request names word for word.

    Goals give hit1 and mrr of the goal's own product, and of the first five of ten places type5 (the share of products
    of the right kind), reward5 (the mean reward) and length (the products listed); an empty place counts 0. Judgements
    give NDCG@10, of all products and of those that people have rated.

    Attributes:
        judgements: a CSV file with the columns query, docid (the product) and rating (a whole number, 0: irrelevant).
        split: measure on this split of the goals; a goals file is used whole. The methods see nothing but instructions.
        policy: a policy folder, or one of the built-in policies: rule, rule-options, random, pretrained; none for no
            agent.
        runs: how many times the agent shops for a request.
        first: only this many goals and queries, from the first on; all when left out.
    """

    judgements: Path | None = None
    split: SplitName | None = None
    policy: str = PRETRAINED
    runs: Annotated[int, Range(1, MAX_RUNS)] = RUNS
    first: Count | None = None

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.quality import read_judgements

        wanted = chosen_goals(self.goals)
        if self.judgements is None and self.split is None and not isinstance(wanted, Path):
            raise ConfigError(
                "There is nothing to measure on. Give rated products with --judgements, a goals file with --goals, or "
                "--split."
            )
        data, store = read_data(self.data, goals=None if isinstance(wanted, Path) else wanted), shop_of(self.data)
        goals = self._goals(data)
        judged = read_judgements(self.judgements, data.catalog.asins()) if self.judgements is not None else None
        engines, about = self._engines(data, store)
        agent = self._agent(about)
        methods: Methods = {name: {} for name in (*(["agent"] if agent else []), *engines, "rule")}
        if goals:
            from shoprl.bench.lists import bench_lists, searched

            lists = {name: searched(engine, data.shop) for name, engine in engines.items()}
            lists["rule"] = searched(engines["bm25"], data.shop, named=True)
            if agent is not None:
                lists["agent"] = agent.lists
            for name, made in lists.items():
                methods[name] |= bench_lists(made, data.shop, goals).to_json()
            about |= {"goals_hash": goals_hash(goals)}
        if judged is not None:
            about |= self._on_judgements(judged, engines, agent, methods)
        about |= {"products": len(data.catalog), "hashes": data.hashes(), "policy": self.policy}
        about |= {"search": self.search_of(self.data), "runs": self.runs, "seed": self.seed}
        facts = {"machine": machine(), "versions": versions(), "commit": commit(), **about}
        emit({"methods": methods, **facts}, _text(methods, about), self.json)

    def _on_judgements(
        self, judged: "Judgements", engines: Mapping[str, SearchEngine], agent: "Agent | None", methods: Methods
    ) -> dict[str, object]:
        """Add the methods' figures on rated products; facts about these."""
        from shoprl.bench.quality import bench_quality

        asked = judged.first(self.first)
        own: dict[str, SearchEngine] = {"agent": agent} if agent is not None else {}
        for name, engine in {**own, **engines, "rule": engines["bm25"]}.items():
            methods[name] |= bench_quality(engine, asked).to_json()
        assert self.judgements is not None
        return {
            "irrelevant_queries": judged.irrelevant,
            "unknown_products": judged.unknown,
            "judgements_sha256": sha256_of(self.judgements),
        }

    def _goals(self, data: ShopData) -> Sequence[Goal]:
        wanted = chosen_goals(self.goals)
        if isinstance(wanted, Path):
            return read_goals(wanted, data.catalog)[: self.first]
        return [goal for _, goal in data.goals_of(self.split, self.first)] if self.split is not None else ()

    def _agent(self, about: dict[str, object]) -> "Agent | None":
        if self.policy == NO_AGENT:
            return None
        try:
            policy = policy_of_name(self.policy, self.seed, self.threads, self.backbone)
        except ModuleNotFoundError as error:
            if self.policy != PRETRAINED:
                raise
            about["note"] = (
                f"{about['note'] or ''}\nthe agent needs the extra train: {error.name} is not installed".strip()
            )
            return None
        from shoprl.bench.lists import Agent

        use_prepared(policy, self.data)
        shop = read_shop(self.data, search=self.search_of(self.data), encoder=self.encoder(self.data))
        return Agent(policy, ShopTask(shop), self.runs, self.seed)

    def _engines(self, data: ShopData, store: Path | None) -> tuple[dict[str, SearchEngine], dict[str, object]]:
        """The searches by name, and facts about them."""
        engines: dict[str, SearchEngine] = {"bm25": IndexSearch(data.index)}
        if store is None:
            note = f"vectors and hybrid need a store: `shoprl catalog build --data {self.data}`"
            return engines, {"note": note, "encoder": None}
        try:
            prepare(self.seed, self.threads)
            from shoprl.policies.networks.sentences import sentence_encoder
        except ModuleNotFoundError as error:
            note = f"vectors and hybrid need the extra train: {error.name} is not installed"
            return engines, {"note": note, "encoder": None}
        encoder = sentence_encoder(named=self.backbone)
        built = build_hybrid(data.catalog, store / HYBRID, encoder)
        opened = open_hybrid(store / HYBRID)
        engines["vectors"] = VectorSearch(opened.index, opened.neighbours, encoder)
        engines["hybrid"] = HybridSearch(opened.index, opened.neighbours, encoder)
        return engines, {"note": None, "encoder": encoder.identity._asdict(), "vectors": asdict(built)}


def _text(methods: Mapping[str, Mapping[str, Any]], about: Mapping[str, object]) -> str:
    """A table of the measures, a line each, and notes."""
    shown = [name for name in MEASURES if any(name in row for row in methods.values())]
    cells = [(name, *(_cell(row, name) for row in methods.values())) for name in shown]
    counts = [(what, *(row.get(what, "") for row in methods.values())) for what in ("goals", "queries")]
    rows = [*cells, *(row for row in counts if any(row[1:]))]
    notes = []
    if "judgements_sha256" in about:
        notes += [
            f"{about['irrelevant_queries']} queries without a relevant product are left out",
            f"{about['unknown_products']} ratings are of products that the shop does not hold",
        ]
    notes += [str(about["note"])] if about["note"] else []
    return "\n".join((table(("measure", *methods), rows), "", *notes)).rstrip()


def _cell(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.3f} [{low:.3f}, {high:.3f}]"
