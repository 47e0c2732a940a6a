"""``shoprl train-query``: learn from people's searches to turn instructions into queries."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shoprl.cli.options import OnAnyData, OnDevice, Printing, RunFolder, Seeded, Strict, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError
from shoprl.files import write_json
from shoprl.shop.data import ShopData, read_data

if TYPE_CHECKING:
    from shoprl.policies.query.policy import QueryPolicy
    from shoprl.training.loop import LoopConfig
    from shoprl.trajectories.typed_queries import TypedQueries


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
    updates: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    eval_too: bool = False
    split: Literal["eval", "test"] = "eval"

    def execute(self) -> None:
        """Run the command."""
        if self.eval_too and self.split == "eval":
            raise ConfigError("--eval-too trains on the eval split, so it cannot be reported on. Add --split test.")
        team = prepare(self.seed, self.threads, self.device)
        from shoprl.runlog import running
        from shoprl.trajectories.typed_queries import read_typed_queries

        config = self._config()
        team.check(config.batch_size)
        typed = read_typed_queries(self.pairs, self.goals, self.eval_too)
        data = read_data(self.data, self.strict) if self.data else None  # bad input is named before any work
        policy = self._start()
        team.take(policy.writer.model)
        hashes = {"pairs": typed.content_hash, **(data.hashes() if data else {})}
        settings = {"model": self.model, "base": self.base, "config": asdict(config), "hashes": hashes}
        if not team.first:  # which writes the files
            self._train(policy, typed, config)
            return
        run = {**settings, "split": self.split, "threads": self.threads}
        with running(self.out, run, self.data, self.resume, team.about()):
            log = self._train(policy, typed, config)
            results = self._results(policy, typed, data, log)
            policy.save(self.out / "policy", {**settings, "results": results})
            write_json(self.out / "results.json", results)
        emit({**results, "hashes": hashes, "policy": str(self.out / "policy")}, self._text(results), self.json)

    def _config(self) -> "LoopConfig":
        from shoprl.training.query import ExtractiveTraining, Seq2SeqTraining

        given = {"updates": self.updates, "batch_size": self.batch_size, "learning_rate": self.learning_rate}
        default: LoopConfig = ExtractiveTraining() if self.model == "extractive" else Seq2SeqTraining()
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return replace(default, seed=self.seed, **changes)

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

    def _train(self, policy: "QueryPolicy", typed: "TypedQueries", config: "LoopConfig") -> list[dict[str, Any]]:
        from shoprl.policies.query.extractive import Extractive
        from shoprl.policies.query.seq2seq import Seq2Seq
        from shoprl.training.query import train_extractive, train_seq2seq

        folder = self.out / "training"
        if isinstance(policy.writer, Extractive):
            return train_extractive(policy.writer, typed.train, config, folder)
        assert isinstance(policy.writer, Seq2Seq)
        return train_seq2seq(policy.writer, typed.train, config, folder)

    def _results(
        self, policy: "QueryPolicy", typed: "TypedQueries", data: ShopData | None, log: list[dict[str, Any]]
    ) -> dict[str, Any]:
        from shoprl.evaluation.queries import search_report, word_report

        sizes = {name: len(typed.part(name)) for name in ("train", "eval", "test")}
        results: dict[str, Any] = {"model": self.model, "split": self.split, "instructions": sizes, "last": log[-1]}
        if typed.part(self.split):
            results["words"] = word_report(policy, typed.part(self.split)).to_json()
        if data is not None:
            goals = [data.goals[index] for index in data.split.part(self.split)]
            results["search"] = search_report(policy, data.index, goals).to_json()
        return results

    def _text(self, results: dict[str, Any]) -> str:
        parts = []
        if "words" in results:
            words = results["words"]
            measures = list(words["query"])
            rows = [(name, *(_interval(words[name][measure]) for measure in measures)) for name in ("query", "wish")]
            title = f"words against people's, {words['instructions']} {self.split} instructions"
            parts.append(table((title, *measures), rows))
        if "search" in results:
            names = [name for name in results["search"]["rows"][0] if name != "n"]
            columns = results["search"]["rows"]
            rows = [(name, *(_interval(column[name]) for column in columns)) for name in names]
            title = f"goal's product among the results, {results['search']['goals']} {self.split} goals"
            parts.append(table((title, *(f"n={column['n']}" for column in columns)), rows))
        parts.append(f"policy: {self.out / 'policy'}")
        return "\n\n".join(parts)


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
