"""``shoprl train-query``: learn from people's searches to turn instructions into queries."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shoprl.cli.options import OnAnyData, OnDevice, Printing, RunFolder, Seeded, Strict, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError, RunError
from shoprl.files import write_json
from shoprl.reading import read_json
from shoprl.settings import Count, Positive, Size
from shoprl.shop.data import ShopData, read_data

if TYPE_CHECKING:
    from shoprl.evaluation.queries import QueryResults
    from shoprl.evaluation.statistics import Estimate
    from shoprl.experiments.methods import Rows
    from shoprl.policies.query.policy import QueryPolicy
    from shoprl.training.loop import LoopConfig
    from shoprl.trajectories.typed_queries import TypedQueries

RESULTS = "results.json"


@dataclass(frozen=True, kw_only=True)
class TrainQuery(OnAnyData, RunFolder, Seeded, Threaded, OnDevice, Strict, Printing):
    """Train a query policy, which turns instructions into searches.

    Attributes:
        pairs: instruction -> the queries that people typed (WebShop's goal_query_map.json).
        goals: the list of instructions whose positions split the pairs (WebShop's human_goals.json).
        model: extractive chooses words of the instruction, seq2seq writes freely and fine-tunes --base.
        base: hub id or folder of the pretrained model; when left out, all-MiniLM-L6-v2 or, for seq2seq,
            facebook/bart-base.
        updates: how many; the model's default when left out.
        batch_size: examples an update; the model's default when left out.
        learning_rate: the peak; the model's default when left out.
        eval_too: also train on the eval split, as WebShop does; needs --split test.
        split: the split to report on; choose settings on eval and report test once.
        data: a data folder in whose shop the queries are measured, on goals of that split; not measured when left out.
    """

    pairs: Path
    goals: Path
    model: Literal["extractive", "seq2seq"] = "extractive"
    out: Path = Path("runs/query")
    base: str | None = None
    updates: Count | None = None
    batch_size: Size | None = None
    learning_rate: Positive | None = None
    eval_too: bool = False
    split: Literal["eval", "test"] = "eval"

    def execute(self) -> None:
        """Run the command."""
        if self.eval_too and self.split == "eval":
            raise ConfigError("--eval-too trains on the eval split, so it cannot be reported on. Add --split test.")
        team = prepare(self.seed, self.threads, self.device)
        from shoprl.evaluation.queries import QueryResults
        from shoprl.runlog import carry_out
        from shoprl.trajectories.typed_queries import read_typed_queries

        config = self._config()
        team.check(config.batch_size)
        typed = read_typed_queries(self.pairs, self.goals, self.eval_too)
        data = read_data(self.data, self.strict) if self.data else None  # bad input is named before any work
        policy = self._start()
        team.take(policy.writer.model)
        hashes = {"pairs": typed.content_hash, **(data.hashes() if data else {})}
        settings = {"model": self.model, "base": self.base, "config": asdict(config), "hashes": hashes}
        if not team.first:  # which writes the files, and knows whether the run is finished
            if team.from_first(lambda: True):
                self._train(policy, typed, config)
            return
        run, path = {**settings, "split": self.split, "threads": self.threads}, self.out / RESULTS

        def work(_: object) -> "QueryResults":
            team.from_first(lambda: True)
            log = self._train(policy, typed, config)
            results = self._results(policy, typed, data, log)
            policy.save(self.out / "policy", {**settings, "results": results.to_json()})
            write_json(path, results.to_json())
            return results

        def again() -> "QueryResults":
            team.from_first(lambda: False)
            return QueryResults.from_json(read_json(path, RunError), path)

        results = carry_out(
            self.out, run, self.data, self.resume, made=RESULTS, work=work, again=again, device=team.about()
        )
        written = results.to_json()
        emit({**written, "hashes": hashes, "policy": str(self.out / "policy")}, self._text(results), self.json)

    def _config(self) -> "LoopConfig":
        from shoprl.training.query import ExtractiveTraining, Seq2SeqTraining

        default: LoopConfig = ExtractiveTraining() if self.model == "extractive" else Seq2SeqTraining()
        config = replace(default, seed=self.seed)
        if self.updates is not None:
            config = replace(config, updates=self.updates)
        if self.batch_size is not None:
            config = replace(config, batch_size=self.batch_size)
        if self.learning_rate is not None:
            config = replace(config, learning_rate=self.learning_rate)
        return config

    def _start(self) -> "QueryPolicy":
        """The policy before training."""
        import torch

        from shoprl.policies.networks.backbone import DEFAULT, load_backbone
        from shoprl.policies.query.policy import QueryPolicy

        if self.model == "seq2seq":
            from shoprl.policies.query.seq2seq import DEFAULT as SEQ2SEQ
            from shoprl.policies.query.seq2seq import read_seq2seq

            return QueryPolicy(read_seq2seq(self.base or SEQ2SEQ))
        from shoprl.policies.query.extractive import Extractive, new_extractive

        backbone = load_backbone(self.base or DEFAULT)
        return QueryPolicy(Extractive(new_extractive(backbone, torch.Generator().manual_seed(self.seed)), backbone))

    def _train(self, policy: "QueryPolicy", typed: "TypedQueries", config: "LoopConfig") -> "Rows":
        from shoprl.policies.query.extractive import Extractive
        from shoprl.policies.query.seq2seq import Seq2Seq
        from shoprl.training.query import train_extractive, train_seq2seq

        folder = self.out / "training"
        if isinstance(policy.writer, Extractive):
            return train_extractive(policy.writer, typed.train, config, folder)
        assert isinstance(policy.writer, Seq2Seq)
        return train_seq2seq(policy.writer, typed.train, config, folder)

    def _results(
        self, policy: "QueryPolicy", typed: "TypedQueries", data: ShopData | None, log: "Rows"
    ) -> "QueryResults":
        from shoprl.evaluation.queries import QueryResults, search_report, word_report

        measured = typed.part(self.split)
        goals = [data.goals[index] for index in data.split.part(self.split)] if data else []
        return QueryResults(
            model=self.model,
            split=self.split,
            instructions={name: len(typed.part(name)) for name in ("train", "eval", "test")},
            last=log[-1],
            words=word_report(policy, measured) if measured else None,
            search=search_report(policy, data.index, goals) if data else None,
        )

    def _text(self, results: "QueryResults") -> str:
        parts, words, search = [], results.words, results.search
        if words is not None:
            rows = [
                (name, *map(_interval, row.values())) for name, row in (("query", words.query), ("wish", words.wish))
            ]
            title = f"words against people's, {words.instructions} {self.split} instructions"
            parts.append(table((title, *words.query), rows))
        if search is not None:
            columns = search.rows
            rows = [(name, *(_interval(row.recalls[name]) for row in columns)) for name in columns[0].recalls]
            title = f"goal's product among the results, {search.goals} {self.split} goals"
            parts.append(table((title, *(f"n={row.n}" for row in columns)), rows))
        parts.append(f"policy: {self.out / 'policy'}")
        return "\n\n".join(parts)


def _interval(estimate: "Estimate") -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
