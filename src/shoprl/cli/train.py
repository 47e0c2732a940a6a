"""``shoprl train METHOD``: one learner, from files to a policy folder."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from shoprl.cli.output import Json, emit, table
from shoprl.cli.train_work import Work
from shoprl.errors import ConfigError, ShopRLError
from shoprl.shop.data import read_data
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import LoopConfig
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.training.ppo import PPOConfig
from shoprl.training.processes import DeviceName, device_for, team_on
from shoprl.training.rollout import RLConfig
from shoprl.training.self_learning import SelfLearningConfig

if TYPE_CHECKING:
    from shoprl.policies.learned import LearnedPolicy
    from shoprl.policies.query.policy import QueryOffer


@dataclass(frozen=True, kw_only=True)
class Training(ABC):
    """What every method takes.

    Attributes:
        data: the data folder.
        out: the run folder: ``policy``, ``training`` (checkpoint, ``log.jsonl``, TensorBoard's files) and ``run.json``.
        policy: a policy folder to start from; it is not changed.
        demonstrations: a trajectory file made on this data's goals.
        query_policy: the folder of a query policy; its best queries are searches that the policy chooses among too, in
            place of those that ``policy`` had of another.
        queries: how many of them, from 1 to 10; 3 when left out.
        threads: processor threads; results are repeatable for one seed and one number of threads.
        device: where the network is trained; ``auto`` is a GPU where torch finds one, with mixed precision.
        resume: go on with a training that was cut off.
        strict: a product that cannot be read is an error.
        config: settings of the method.
    """

    data: Path
    out: Path
    policy: Path | None = None
    demonstrations: Path | None = None
    query_policy: Path | None = None
    queries: int | None = None
    threads: int = 2
    device: DeviceName = "auto"
    resume: bool = False
    strict: bool = False
    json: Json = False
    config: LoopConfig | SelfLearningConfig
    method: ClassVar[str]

    @abstractmethod
    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """Train a policy in place; the log's rows."""

    @property
    def loop(self) -> LoopConfig:
        """The settings of the updates."""
        return self.config.dpo if isinstance(self.config, SelfLearningConfig) else self.config

    def check(self) -> None:
        """Refuse what cannot be done, before any work."""
        if self.threads < 1:
            raise ConfigError(f"--threads {self.threads}: must be at least 1.")
        if self.queries is not None:
            from shoprl.policies.query.policy import check_count

            _needs(self.query_policy, "query-policy", "--queries says how many of its queries to choose among.")
            check_count(self.queries)

    def offer(self) -> "QueryOffer | None":
        """The query policy to choose among the queries of, read."""
        from shoprl.policies.query.loading import load_query_policy
        from shoprl.policies.query.policy import QueryOffer

        if self.query_policy is None:
            return None
        given = {} if self.queries is None else {"n": self.queries}
        return QueryOffer(load_query_policy(self.query_policy), **given)

    def execute(self) -> None:
        """Run the command."""
        import torch

        from shoprl.files import sha256_of
        from shoprl.policies.query.policy import MANIFEST
        from shoprl.policies.saving import save_policy
        from shoprl.runlog import end_run, start_run

        self.check()
        team = team_on(device_for(self.device))
        team.check(self.loop.batch_size)
        if isinstance(self.loop, RLConfig):
            team.check(self.loop.demonstrated, "demonstrated")
        torch.set_num_threads(self.threads)
        work = Work(self, self.offer(), read_data(self.data, self.strict))
        start = work.start()
        team.take(start.model)
        about = {"method": self.method, "config": asdict(self.config)}
        names = ("policy", "demonstrations", "preferences")
        given: dict[str, Any] = {name: str(getattr(self, name, None) or "") for name in names}
        given |= {name: str(getattr(self, name, "")) for name in ("head", "tuned_layers")}
        if self.query_policy is not None and work.offer is not None:
            sha256 = sha256_of(self.query_policy / MANIFEST)
            given["query_policy"] = {"folder": str(self.query_policy), "sha256": sha256, "queries": work.offer.n}
        settings = {**about, **given, "threads": self.threads, "hashes": work.data.hashes()}
        if not team.first:  # which writes the files
            self.train(start, work)
            return
        start_run(self.out, settings, self.data, self.resume, team.about())
        try:
            log = self.train(start, work)
            save_policy(start, self.out / "policy", {**about, "last": log[-1]})
        except ShopRLError:
            end_run(self.out, "failed")
            raise
        end_run(self.out, "done", {"policy": "policy", "last": log[-1]})
        answer = {"policy": str(self.out / "policy"), "method": self.method, "log": log}
        emit(answer, _shown(log, self.out), self.json)


def _shown(log: Sequence[dict[str, Any]], out: Path) -> str:
    """The first and the last rows of a log."""
    rows = [*log[:1], *log[-1:]] if len(log) > 1 else log
    names = list(log[-1])
    cells = [
        [f"{row[name]:.4g}" if isinstance(row.get(name), float) else row.get(name) for name in names] for row in rows
    ]
    return f"{table(names, cells)}\n\npolicy: {out / 'policy'}"


def _needs(value: Path | None, name: str, why: str) -> None:
    if value is None:
        raise ConfigError(f"--{name} is missing: {why}")


@dataclass(frozen=True, kw_only=True)
class Imitation(Training):
    """Imitate demonstrations: cross entropy of the demonstrated action over the available ones.

    Attributes:
        head: the network of a new policy: ``fast`` (cached states of the frozen backbone), ``bi-attention`` (WebShop's
            BERT, tuned; for a GPU) or ``rnn`` (no pretrained weights).
        tuned_layers: how many of the backbone's last layers a new policy with the fast head trains.
        config: settings.
    """

    head: Literal["fast", "bi-attention", "rnn"] = "fast"
    tuned_layers: int = 0
    config: ImitationConfig = field(default_factory=ImitationConfig)
    method: ClassVar[str] = "imitation"

    def check(self) -> None:
        """See above."""
        super().check()
        _needs(self.demonstrations, "demonstrations", "give a trajectory file to imitate.")
        if self.tuned_layers and (self.head != "fast" or self.policy is not None):
            raise ConfigError("--tuned-layers goes with a new policy that has the fast head. Leave it out.")

    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """See above."""
        import numpy as np

        from shoprl.policies.networks.choice import ChoicePolicy
        from shoprl.policies.networks.token_batch import cut_candidates
        from shoprl.training.imitation import train_imitation

        data = work.examples(policy)
        if not isinstance(policy, ChoicePolicy):  # as WebShop trains these heads
            rng = np.random.default_rng([self.config.seed, 6])
            cut = [cut_candidates(each.state, each.chosen, rng) for each in data]
            data = [replace(each, state=state, chosen=at) for each, (state, at) in zip(data, cut, strict=True)]
        return train_imitation(policy, data, self.config, work.folder)


@dataclass(frozen=True, kw_only=True)
class DPO(Training):
    """Prefer what was demonstrated to what the policy would do: DPO with rejected actions drawn from the policy itself.

    Attributes:
        preferences: a preference file, in place of demonstrations.
        config: settings.
    """

    preferences: Path | None = None
    config: DPOConfig = field(default_factory=DPOConfig)
    method: ClassVar[str] = "dpo"

    def check(self) -> None:
        """See above."""
        super().check()
        _needs(self.policy, "policy", "DPO starts from a policy, which is its reference too.")
        if (self.demonstrations is None) == (self.preferences is None):
            raise ConfigError("Give either --demonstrations, whose actions are preferred, or --preferences.")

    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """See above."""
        import numpy as np

        from shoprl.training.dpo import given_pairs, preference_pairs, train_dpo

        if self.preferences is not None:
            pairs = given_pairs(policy, work.preferences(self.preferences, policy), work.folder)
        else:
            rng = np.random.default_rng([self.config.seed, 5])
            pairs, _ = preference_pairs(policy, work.examples(policy), self.config, rng, work.folder)
        return train_dpo(policy, pairs, self.config, work.folder)


@dataclass(frozen=True, kw_only=True)
class PolicyGradient(Training):
    """Policy gradient on training goals: WebShop's advantage actor-critic.

    Attributes:
        config: settings.
    """

    config: PolicyGradientConfig = field(default_factory=PolicyGradientConfig)
    method: ClassVar[str] = "policy-gradient"

    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """See above."""
        from shoprl.training.policy_gradient import train_policy_gradient

        shown = work.examples(policy)
        return train_policy_gradient(policy, work.task, work.goals(), shown, self.config, work.folder)


@dataclass(frozen=True, kw_only=True)
class PPO(Training):
    """PPO on training goals.

    Attributes:
        config: settings.
    """

    config: PPOConfig = field(default_factory=PPOConfig)
    method: ClassVar[str] = "ppo"

    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """See above."""
        from shoprl.training.ppo import train_ppo

        return train_ppo(policy, work.task, work.goals(), work.examples(policy), self.config, work.folder)


@dataclass(frozen=True, kw_only=True)
class SelfLearning(Training):
    """DPO on preferences the policy generates itself on training goals, in rounds.

    Attributes:
        config: settings.
    """

    config: SelfLearningConfig = field(default_factory=SelfLearningConfig)
    method: ClassVar[str] = "self-learning"

    def check(self) -> None:
        """See above."""
        super().check()
        _needs(self.policy, "policy", "self-learning starts from a policy that is right at times.")
        if self.demonstrations is not None:
            raise ConfigError("--demonstrations: self-learning uses none. Leave it out, or use `shoprl train dpo`.")

    def train(self, policy: "LearnedPolicy", work: Work) -> list[dict[str, Any]]:
        """See above."""
        from shoprl.training.self_learning import self_learn

        data = work.data
        return self_learn(policy, work.task, data.goals, data.split.train, self.config, work.folder)


@dataclass(frozen=True)
class TrainCommand:
    """Train a policy by one method.

    Attributes:
        command: the method.
    """

    command: (
        Annotated[Imitation, tyro.conf.subcommand("imitation")]
        | Annotated[DPO, tyro.conf.subcommand("dpo")]
        | Annotated[PolicyGradient, tyro.conf.subcommand("policy-gradient")]
        | Annotated[PPO, tyro.conf.subcommand("ppo")]
        | Annotated[SelfLearning, tyro.conf.subcommand("self-learning")]
    )

    def execute(self) -> None:
        """Run the command."""
        self.command.execute()
