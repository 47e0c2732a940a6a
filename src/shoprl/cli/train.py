"""``shoprl train METHOD``: one learner, from files to a policy folder."""

import sys
from dataclasses import asdict, dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from shoprl.cli.options import (
    Confirming,
    OnData,
    OnDevice,
    OnGoals,
    PolicyName,
    Printing,
    RunFolder,
    Searching,
    StepLimit,
    Strict,
    Threaded,
    prepare,
)
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError, RunError
from shoprl.experiments.from_files import TrainingFiles
from shoprl.experiments.methods import METHODS, Learned, Method, Rows, learn
from shoprl.experiments.plan import Recipe
from shoprl.files import sha256_of, write_json_lines
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.packaged import MANIFEST, PRETRAINED, policy_folder
from shoprl.policies.query.loading import load_query_policy
from shoprl.policies.query.policy import MAX_QUERIES, QueryOffer
from shoprl.policies.saving import save_policy
from shoprl.reading import read_json_lines
from shoprl.runlog import carry_out
from shoprl.settings import Range
from shoprl.shop.data import read_data
from shoprl.training.loop import LoopConfig
from shoprl.training.rollout import RLConfig
from shoprl.training.self_learning import SelfLearningConfig

ROWS = "training/rows.jsonl"  # of a finished run: what it reports


@dataclass(frozen=True, kw_only=True)
class Training(OnData, OnGoals, Searching, RunFolder, Confirming, StepLimit, Threaded, OnDevice, Strict, Printing):
    """What every method takes.

    Attributes:
        out: the run folder: policy, training (checkpoint, log.jsonl, rows.jsonl, TensorBoard's files) and run.json.
            Must be new or empty, or an unfinished run to continue with --resume.
        query_policy: the folder of a query policy, whose best queries the policy can choose as searches; they take the
            place of those that --policy had from another one.
        backbone: hub id or folder of the pretrained encoder of a new policy; or that which --policy or --query-policy
            was trained on, where that is not the default one. Give it once for each, if there are several.
        queries: how many of its queries, from 1 to 10; 3 when left out.
        config: settings of the learner.
    """

    query_policy: Path | None = None
    queries: Annotated[int, Range(1, MAX_QUERIES)] | None = None
    config: LoopConfig | SelfLearningConfig
    method: ClassVar[str]

    @property
    def loop(self) -> LoopConfig:
        """The settings of the updates."""
        return self.config.dpo if isinstance(self.config, SelfLearningConfig) else self.config

    @property
    def recipe(self) -> Recipe:
        """How the policy is made."""
        network = str(getattr(self, "network", "choice")).replace("-", "_")
        tuned = getattr(self, "tuned_layers", 0)
        return Recipe(self.method, self.config, network=network, sizes={"tuned_layers": tuned} if tuned else {})

    @property
    def start(self) -> str | None:
        """The policy that the training starts from; None for a new one."""
        given: str | None = getattr(self, "policy", None)
        return given

    def path(self, name: str) -> Path | None:
        """An option that not every method takes."""
        given: Path | None = getattr(self, name, None)
        return given

    def check(self) -> None:
        """Refuse what cannot be done, before any work."""
        method, shown = METHODS[self.method], (self.path("demonstrations"), self.path("preferences"))
        if method.preferences and (shown[0] is None) == (shown[1] is None):
            raise ConfigError("Give either --demonstrations, whose actions are preferred, or --preferences.")
        if method.demonstrations == "needed" and not any(shown):
            raise ConfigError("--demonstrations is missing: give a trajectory file to learn from.")
        new = not method.starts and self.start is None
        if self.recipe.sizes and not (new and self.recipe.network == "choice"):
            raise ConfigError("--tuned-layers goes with a new policy that has the choice network. Leave it out.")
        if self.backbone and new:
            if self.recipe.network == "rnn":
                raise ConfigError("--backbone goes with the networks choice, match and bi-attention. Leave it out.")
            if len(self.backbone) > 1:
                raise ConfigError("--backbone is given several times: a new policy has one. Give one.")
        if self.recipe.network in ("match", "rnn") and new and self.path("demonstrations") is None:
            raise ConfigError(
                f"--network {self.recipe.network}: a new one takes its words from demonstrations. Give "
                "--demonstrations."
            )
        if self.queries is not None and self.query_policy is None:
            raise ConfigError("--query-policy is missing: --queries says how many of its queries to choose among.")

    def settings(self, files: TrainingFiles) -> dict[str, object]:
        """What defines the run."""
        given: dict[str, object] = {"policy": "" if self.start is None else str(Path(self.start))}
        if self.start == PRETRAINED:  # of which each version of the package has its own
            given["pretrained"] = sha256_of(policy_folder(PRETRAINED) / MANIFEST)
        given |= {name: str(self.path(name) or "") for name in ("demonstrations", "preferences")}
        given |= {"network": self.recipe.network, "sizes": dict(self.recipe.sizes), "max_steps": self.max_steps}
        if self.query_policy is not None and files.offer is not None:
            sha256 = sha256_of(self.query_policy / MANIFEST)
            given["query_policy"] = {"folder": str(self.query_policy), "sha256": sha256, "queries": files.offer.n}
        if self.backbone:
            given["backbone"] = [load_backbone(name).sha256 for name in self.backbone]
        about = {"method": self.method, "config": asdict(self.config)}
        return {**about, **given, "threads": self.threads, "hashes": files.data.hashes()}

    def execute(self) -> None:
        """Run the command."""
        seed = self.loop.seed
        self.check()
        team = prepare(seed, self.threads, self.device)
        team.check(self.loop.batch_size)
        if isinstance(self.loop, RLConfig):
            team.check(self.loop.demonstrated, "demonstrated")
        offer = None
        if self.query_policy is not None:
            given = {} if self.queries is None else {"n": self.queries}
            offer = QueryOffer(load_query_policy(self.query_policy, backbone=self.backbone), **given)
        files = TrainingFiles(
            read_data(self.data, self.strict, search=self.search, encoder=self.encoder(self.data), goals=self.goals),
            policy=None if self.start is None else policy_folder(self.start),
            demonstrations=self.path("demonstrations"),
            preferences=self.path("preferences"),
            offer=offer,
            max_steps=self.max_steps,
            backbone=self.backbone,
        )
        policy, folder = files.start(self.recipe, seed), self.out / "training"
        team.take(policy.model)
        inputs = files.inputs(policy, self.recipe, seed, folder)  # bad input is named before the folder is claimed
        if not team.first:  # which writes the files, and knows whether the run is finished
            if team.from_first(lambda: True):
                learn(self.method, policy, self.config, inputs, folder, self.method)
            return
        settings = self.settings(files)

        def work(record: dict[str, object]) -> Rows:
            team.from_first(lambda: True)
            learned = learn(self.method, policy, self.config, inputs, folder, self.method)
            log = _with_counts(learned)
            about = {"method": self.method, "config": settings["config"], "last": log[-1]}
            save_policy(policy, self.out / "policy", about)
            write_json_lines(self.out / ROWS, log)
            record |= {"policy": "policy", "last": log[-1]}
            return log

        def again() -> Rows:
            team.from_first(lambda: False)
            return [row for _, row in read_json_lines(self.out / ROWS, RunError)]

        log = carry_out(
            self.out, settings, self.data, self.resume, made=ROWS, work=work, again=again, device=team.about()
        )
        answer = {"policy": str(self.out / "policy"), "method": self.method, "log": log}
        emit(answer, _text(log, self.out), self.json)


@dataclass(frozen=True, kw_only=True)
class FromPolicy(Training):
    """A method that starts from a policy.

    Attributes:
        policy: the policy folder to start from, or pretrained; DPO takes it as its reference policy too. It is not
            changed.
    """

    policy: PolicyName


@dataclass(frozen=True, kw_only=True)
class FromPolicyOrNew(Training):
    """A method that starts from a policy or from a new one.

    Attributes:
        policy: a policy folder to start from, or pretrained; it is not changed. A new policy when left out.
        network: the network of a new policy: choice (on cached states of the frozen backbone), match (on states of its
            words, and on all that the episode has shown), bi-attention (WebShop's, with a BERT that is trained too; for
            a GPU) or rnn (no pretrained weights).
        tuned_layers: how many of the backbone's last layers a new policy with the choice network trains.
    """

    policy: PolicyName | None = None
    network: Literal["choice", "match", "bi-attention", "rnn"] = "choice"
    tuned_layers: Annotated[int, Range(0, 1_000)] = 0


@dataclass(frozen=True, kw_only=True)
class WithDemonstrations(Training):
    """A method that learns, or may learn, from demonstrations.

    Attributes:
        demonstrations: a trajectory file made on this data folder's goals, or imported with goals of its own
            (NAME.goals.jsonl beside it).
    """

    demonstrations: Path | None = None


@dataclass(frozen=True, kw_only=True)
class WithPreferences(Training):
    """A method that may learn from given preferences.

    Attributes:
        preferences: a preference file, in place of --demonstrations.
    """

    preferences: Path | None = None


def _command(name: str, method: Method[Any]) -> type[Training]:
    """The command of a method."""
    bases: list[type[Training]] = [FromPolicy if method.starts else FromPolicyOrNew]
    bases += [WithDemonstrations] if method.demonstrations != "none" else []
    bases += [WithPreferences] if method.preferences else []
    config = ("config", method.config, field(default_factory=method.config))
    made: Any = make_dataclass(
        "".join(word.capitalize() for word in name.split("-")), [config], bases=tuple(bases), frozen=True, kw_only=True
    )
    made.__doc__, made.method, made.__module__ = method.about, name, __name__
    command: type[Training] = made
    return command


COMMANDS = {name: _command(name, method) for name, method in METHODS.items()}


def _with_counts(learned: Learned) -> Rows:
    """The log, its last row with what was counted; says so where most decisions were skipped, in any round."""
    log = [*learned.log[:-1], {**learned.log[-1], **learned.counts}]
    for row in log:
        pairs, skipped = row.get("pairs", 0), row.get("skipped", 0)
        if skipped > pairs:
            sys.stderr.write(
                f"Warning: {skipped} of {pairs + skipped} decisions were skipped, because the policy drew no action "
                f"there but the chosen one; it learns from {pairs} pairs. Try more --draws, or an earlier policy.\n"
            )
    return log


def _text(log: Rows, out: Path) -> str:
    """The first and the last rows of a log."""
    rows = [*log[:1], *log[-1:]] if len(log) > 1 else log
    names = list(log[-1])
    cells = [
        [f"{row[name]:.4g}" if isinstance(row.get(name), float) else row.get(name, "") for name in names]
        for row in rows
    ]
    return f"{table(names, cells)}\n\npolicy: {out / 'policy'}"
