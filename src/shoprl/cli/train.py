"""``shoprl train METHOD``: one learner, from files to a policy folder."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shoprl.cli.checks import check_seed
from shoprl.cli.options import OnData, OnDevice, Printing, RunFolder, Strict, Threaded, prepare
from shoprl.cli.output import emit, table
from shoprl.cli.train_work import NetworkName, Work
from shoprl.errors import ConfigError
from shoprl.shop.data import read_data
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import LoopConfig
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.training.ppo import PPOConfig
from shoprl.training.rollout import RLConfig
from shoprl.training.self_learning import SelfLearningConfig

if TYPE_CHECKING:
    from shoprl.policies.learned import LearnedPolicy
    from shoprl.policies.query.policy import QueryOffer

Log = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Training(OnData, RunFolder, Threaded, OnDevice, Strict, Printing, ABC):
    """What every method takes.

    Attributes:
        out: the run folder: policy, training (checkpoint, log.jsonl, TensorBoard's files) and run.json. Must be new or
            empty, or an unfinished run to continue with --resume.
        policy: a policy folder to start from; it is not changed. A new policy when left out.
        demonstrations: a trajectory file made on this data folder's goals.
        query_policy: the folder of a query policy, whose best queries the policy can choose as searches; they take the
            place of those that --policy had from another one.
        queries: how many of its queries, from 1 to 10; 3 when left out.
        config: settings of the learner.
    """

    policy: Path | None = None
    demonstrations: Path | None = None
    query_policy: Path | None = None
    queries: int | None = None
    config: LoopConfig | SelfLearningConfig
    method: ClassVar[str]

    @abstractmethod
    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train a policy in place; the log's rows."""

    @property
    def loop(self) -> LoopConfig:
        """The settings of the updates."""
        return self.config.dpo if isinstance(self.config, SelfLearningConfig) else self.config

    def check(self) -> None:
        """Refuse what cannot be done, before any work."""
        if self.queries is not None:
            from shoprl.policies.query.policy import check_count

            _needs(self.query_policy, "query-policy", "--queries says how many of its queries to choose among.")
            check_count(self.queries)

    def start(self, work: Work) -> "LearnedPolicy":
        """The policy to train."""
        if self.policy is not None:
            return work.copy_of(self.policy)
        return work.new_policy("choice", self.loop.seed, self.method)

    def read(self, policy: "LearnedPolicy", work: Work) -> None:
        """Read what the policy learns from, so that bad input is named before the run folder is claimed."""
        work.examples(policy)

    def settings(self, work: Work) -> dict[str, Any]:
        """What defines the run."""
        from shoprl.files import sha256_of
        from shoprl.policies.query.policy import MANIFEST

        names = ("policy", "demonstrations", "preferences")
        given: dict[str, Any] = {name: str(getattr(self, name, None) or "") for name in names}
        given |= {name: str(getattr(self, name, "")) for name in ("network", "tuned_layers")}
        if self.query_policy is not None and work.offer is not None:
            sha256 = sha256_of(self.query_policy / MANIFEST)
            given["query_policy"] = {"folder": str(self.query_policy), "sha256": sha256, "queries": work.offer.n}
        about = {"method": self.method, "config": asdict(self.config)}
        return {**about, **given, "threads": self.threads, "hashes": work.data.hashes()}

    def execute(self) -> None:
        """Run the command."""
        check_seed(self.loop.seed)
        self.check()
        team = prepare(self.loop.seed, self.threads, self.device)
        from shoprl.policies.saving import save_policy
        from shoprl.runlog import running

        team.check(self.loop.batch_size)
        if isinstance(self.loop, RLConfig):
            team.check(self.loop.demonstrated, "demonstrated")
        work = Work(read_data(self.data, self.strict), self.demonstrations, self._offer())
        policy, folder = self.start(work), self.out / "training"
        team.take(policy.model)
        self.read(policy, work)
        if not team.first:  # which writes the files
            self.train(policy, work, folder)
            return
        settings = self.settings(work)
        with running(self.out, settings, self.data, self.resume, team.about()) as record:
            log = self.train(policy, work, folder)
            about = {"method": self.method, "config": settings["config"], "last": log[-1]}
            save_policy(policy, self.out / "policy", about)
            record |= {"policy": "policy", "last": log[-1]}
        answer = {"policy": str(self.out / "policy"), "method": self.method, "log": log}
        emit(answer, _text(log, self.out), self.json)

    def _offer(self) -> "QueryOffer | None":
        """The query policy whose queries the policy chooses among, read."""
        from shoprl.policies.query.loading import load_query_policy
        from shoprl.policies.query.policy import QueryOffer

        if self.query_policy is None:
            return None
        given = {} if self.queries is None else {"n": self.queries}
        return QueryOffer(load_query_policy(self.query_policy), **given)


def _text(log: Sequence[dict[str, Any]], out: Path) -> str:
    """The first and the last rows of a log."""
    rows = [*log[:1], *log[-1:]] if len(log) > 1 else log
    names = list(log[-1])
    cells = [
        [f"{row[name]:.4g}" if isinstance(row.get(name), float) else row.get(name, "") for name in names]
        for row in rows
    ]
    return f"{table(names, cells)}\n\npolicy: {out / 'policy'}"


def _needs(value: Path | None, name: str, why: str) -> None:
    if value is None:
        raise ConfigError(f"--{name} is missing: {why}")


def _with_pairs(row: dict[str, Any], pairs: int, skipped: int) -> dict[str, Any]:
    """A row of a log with the pairs that it was learned from; says so where they are the lesser part."""
    if skipped > pairs:
        sys.stderr.write(
            f"Warning: {skipped} of {pairs + skipped} decisions were skipped, because the policy drew no action there "
            f"but the chosen one; it learns from {pairs} pairs. Try more --draws, or an earlier policy.\n"
        )
    return {**row, "pairs": pairs, "skipped": skipped}


@dataclass(frozen=True, kw_only=True)
class Imitation(Training):
    """Imitate demonstrations: cross entropy of the demonstrated action.

    Over the available actions of each decision.

    Attributes:
        network: the network of a new policy: choice (on cached states of the frozen backbone), bi-attention (WebShop's,
            with a BERT that is trained too; for a GPU) or rnn (no pretrained weights).
        tuned_layers: how many of the backbone's last layers a new policy with the choice network trains.
    """

    network: NetworkName = "choice"
    tuned_layers: int = 0
    config: ImitationConfig = field(default_factory=ImitationConfig)
    method: ClassVar[str] = "imitation"

    def check(self) -> None:
        """Refuse a call without demonstrations, and tuned layers where there are none to tune."""
        super().check()
        _needs(self.demonstrations, "demonstrations", "give a trajectory file to imitate.")
        if self.tuned_layers and (self.network != "choice" or self.policy is not None):
            raise ConfigError("--tuned-layers goes with a new policy that has the choice network. Leave it out.")

    def start(self, work: Work) -> "LearnedPolicy":
        """The policy to train, of any network if it is a new one."""
        if self.policy is not None:
            return work.copy_of(self.policy)
        return work.new_policy(self.network, self.loop.seed, self.method, self.tuned_layers)

    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train by imitation."""
        import numpy as np

        from shoprl.policies.networks.choice import ChoicePolicy
        from shoprl.policies.networks.token_batch import cut_candidates
        from shoprl.training.imitation import train_imitation

        data = work.examples(policy)
        if not isinstance(policy, ChoicePolicy):  # as WebShop trains these networks
            rng = np.random.default_rng([self.config.seed, 6])
            cut = [cut_candidates(each.state, each.chosen, rng) for each in data]
            data = [replace(each, state=state, chosen=at) for each, (state, at) in zip(data, cut, strict=True)]
        return train_imitation(policy, data, self.config, folder)


@dataclass(frozen=True, kw_only=True)
class DPO(Training):
    """Prefer demonstrated actions to the policy's own, or learn from given pairs.

    Direct preference optimisation; the rejected actions are drawn from the policy itself.

    Attributes:
        policy: the policy folder to start from, which is the reference policy too; it is not changed.
        preferences: a preference file, in place of --demonstrations.
    """

    preferences: Path | None = None
    config: DPOConfig = field(default_factory=DPOConfig)
    method: ClassVar[str] = "dpo"

    def check(self) -> None:
        """Refuse a call without a policy, or without exactly one source of pairs."""
        super().check()
        _needs(self.policy, "policy", "DPO starts from a policy, which is its reference too.")
        if (self.demonstrations is None) == (self.preferences is None):
            raise ConfigError("Give either --demonstrations, whose actions are preferred, or --preferences.")

    def read(self, policy: "LearnedPolicy", work: Work) -> None:
        """Read the demonstrations or the preferences."""
        if self.preferences is not None:
            work.preferences(self.preferences, policy)
        else:
            work.examples(policy)

    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train by DPO."""
        import numpy as np

        from shoprl.training.dpo import given_pairs, preference_pairs, train_dpo

        if self.preferences is not None:
            pairs = given_pairs(policy, work.preferences(self.preferences, policy), folder)
            return train_dpo(policy, pairs, self.config, folder)
        rng = np.random.default_rng([self.config.seed, 5])
        pairs, skipped = preference_pairs(policy, work.examples(policy), self.config, rng, folder)
        log = train_dpo(policy, pairs, self.config, folder)
        return [*log[:-1], _with_pairs(log[-1], len(pairs), skipped)]


@dataclass(frozen=True, kw_only=True)
class PolicyGradient(Training):
    """Learn from rewards: WebShop's advantage actor-critic.

    Episodes are run on training goals.
    """

    config: PolicyGradientConfig = field(default_factory=PolicyGradientConfig)
    method: ClassVar[str] = "policy-gradient"

    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train by policy gradient."""
        from shoprl.training.policy_gradient import train_policy_gradient

        examples = work.examples(policy)
        return train_policy_gradient(policy, work.task, work.goals(), examples, self.config, folder)


@dataclass(frozen=True, kw_only=True)
class PPO(Training):
    """Learn from rewards: proximal policy optimisation.

    Episodes are run on training goals.
    """

    config: PPOConfig = field(default_factory=PPOConfig)
    method: ClassVar[str] = "ppo"

    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train by PPO."""
        from shoprl.training.ppo import train_ppo

        return train_ppo(policy, work.task, work.goals(), work.examples(policy), self.config, folder)


@dataclass(frozen=True, kw_only=True)
class SelfLearning(Training):
    """DPO on pairs from the policy's own successful episodes.

    In rounds, on training goals.

    Attributes:
        policy: the policy folder to start from; it is not changed.
    """

    config: SelfLearningConfig = field(default_factory=SelfLearningConfig)
    method: ClassVar[str] = "self-learning"

    def check(self) -> None:
        """Refuse a call without a policy, or with demonstrations."""
        super().check()
        _needs(self.policy, "policy", "self-learning starts from a policy that succeeds at times.")
        if self.demonstrations is not None:
            raise ConfigError("--demonstrations: self-learning uses none. Leave it out, or use `shoprl train dpo`.")

    def train(self, policy: "LearnedPolicy", work: Work, folder: Path) -> Log:
        """Train by self-learning; a row a round."""
        from shoprl.training.self_learning import self_learn

        data = work.data
        log = self_learn(policy, work.task, data.goals, data.split.train, self.config, folder)
        return [_with_pairs(row, row["pairs"], row["skipped"]) for row in log]
