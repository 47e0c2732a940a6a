"""``shoprl train-query``: learn to turn instructions into search queries from what people typed."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shoprl.cli.output import Json, check_seed, emit, table
from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import write_json
from shoprl.shop.data import ShopData, read_data

if TYPE_CHECKING:
    from shoprl.policies.query.policy import QueryPolicy
    from shoprl.training.loop import LoopConfig
    from shoprl.trajectories.typed_queries import TypedQueries


@dataclass(frozen=True)
class TrainQuery:
    """Train a query policy: an instruction becomes search queries.

    Attributes:
        pairs: instruction -> the queries people typed (WebShop's ``goal_query_map.json``).
        goals: the list of instructions whose positions split the pairs (WebShop's ``human_goals.json``).
        model: choose words of the instruction (``extractive``), or write freely (``seq2seq``, fine-tunes ``base``).
        out: the run folder; must be new or empty, or an unfinished run with ``resume``.
        base: hub id or folder of the pretrained model; left out, all-MiniLM-L6-v2 or, for seq2seq, facebook/bart-base.
        updates: how many; left out, the model's default.
        batch_size: examples an update; left out, the model's default.
        learning_rate: the peak; left out, the model's default.
        eval_too: train on the eval part as well, as WebShop does; goes with ``split`` test.
        split: the part to report on; choose settings on ``eval`` and report ``test`` once.
        data: a data folder in whose shop the queries are tried on the goals of that part; left out, none is.
        seed: of the fresh weights, the batches and dropout.
        threads: processor threads; results are repeatable for one seed and one number of threads.
        device: where the model is trained; ``auto`` is a GPU where torch finds one, with mixed precision.
        resume: go on with a run that was cut off.
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
    data: Path | None = None
    seed: int = 0
    threads: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    resume: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        import torch

        from shoprl.runlog import end_run, start_run
        from shoprl.training.processes import device_for, team_on
        from shoprl.trajectories.typed_queries import read_typed_queries

        check_seed(self.seed)
        if self.threads < 1:
            raise ConfigError(f"--threads {self.threads}: must be at least 1.")
        if self.eval_too and self.split == "eval":
            raise ConfigError("--eval-too trains on the eval part, so nothing can be said of it. Add --split test.")
        config = self._config()
        team = team_on(device_for(self.device))
        team.check(config.batch_size)
        torch.set_num_threads(self.threads)
        torch.use_deterministic_algorithms(team.device.type == "cpu")  # a GPU has none for some operations
        typed = read_typed_queries(self.pairs, self.goals, self.eval_too)
        data = read_data(self.data) if self.data else None  # bad input is named before any work
        policy = self._start()
        team.take(policy.writer.model)
        hashes = {"pairs": typed.content_hash, **(data.hashes() if data else {})}
        settings = {"model": self.model, "base": self.base, "config": asdict(config), "hashes": hashes}
        if not team.first:  # which writes the files
            self._train(policy, typed, config)
            return
        run = {**settings, "split": self.split, "threads": self.threads}
        start_run(self.out, run, self.data, self.resume, team.about())
        try:
            log = self._train(policy, typed, config)
            results = self._results(policy, typed, data, log)
            policy.save(self.out / "policy", {**settings, "results": results})
        except ShopRLError:
            end_run(self.out, "failed")
            raise
        write_json(self.out / "results.json", results)
        end_run(self.out, "done")
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
            results["words"] = word_report(policy, typed.part(self.split))
        if data is not None:
            goals = [data.goals[index] for index in data.split.part(self.split)]
            results["search"] = search_report(policy, data.index, goals)
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
            title = f"goal's product found, {results['search']['goals']} {self.split} goals"
            parts.append(table((title, *(f"n={column['n']}" for column in columns)), rows))
        parts.append(f"policy: {self.out / 'policy'}")
        return "\n\n".join(parts)


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
