"""The files of a training, read: the policy it starts from, and what it learns from."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.self_learning import SelfLearningConfig

if TYPE_CHECKING:
    from shoprl.cli.train import Training
    from shoprl.policies.learned import LearnedPolicy
    from shoprl.policies.query.policy import QueryOffer
    from shoprl.trajectories.examples import Example


class Work:
    """The files of a training, read."""

    def __init__(self, command: "Training", offer: "QueryOffer | None", data: ShopData) -> None:
        self.data, self.folder, self.offer = data, command.out / "training", offer
        self.task = ShopTask(data.shop)
        self._command = command
        self._examples: dict[tuple[str, QueryOffer | None], list[Example]] = {}

    def goals(self) -> list[tuple[int, Goal]]:
        """The training goals."""
        return [(index, self.data.goals[index]) for index in self.data.split.train]

    def start(self) -> "LearnedPolicy":
        """The policy to train: a copy of the one given, or a new one."""
        from shoprl.policies.saving import load_learned

        given = self._command.policy
        policy = self._new() if given is None else load_learned(given)
        policy.offer = self.offer or policy.offer
        return policy

    def _new(self) -> "LearnedPolicy":
        import torch

        from shoprl.policies.networks.backbone import load_backbone
        from shoprl.policies.networks.bi_attention import new_bi_attention
        from shoprl.policies.networks.choice import ChoicePolicy, new_model
        from shoprl.policies.networks.encoder import TokenStore
        from shoprl.policies.networks.rnn import new_rnn

        command = self._command
        settings, head = command.config, getattr(command, "head", "fast")
        seed = settings.dpo.seed if isinstance(settings, SelfLearningConfig) else settings.seed
        generator = torch.Generator().manual_seed(seed)
        if head == "bi-attention":
            return new_bi_attention(generator)
        if head == "rnn":
            return new_rnn([example.state for example in self.examples(None)], generator)
        store = TokenStore(load_backbone(), tuned_layers=getattr(command, "tuned_layers", 0))
        return ChoicePolicy(new_model(store, generator), store, name=command.method)

    def examples(self, policy: "LearnedPolicy | None") -> "list[Example]":
        """The demonstrated decisions; none where no file was given."""
        from shoprl.policies.query.policy import queries_with
        from shoprl.trajectories.examples import examples
        from shoprl.trajectories.files import read_trajectories

        path = self._command.demonstrations
        if path is None:
            return []
        searches = (policy.strategy, policy.offer) if policy else ("wish", self.offer)
        if searches not in self._examples:
            episodes = read_trajectories(path, self.data.hashes()["goals"])
            self._check_goals(path, [episode.goal_index for episode in episodes])
            queries = partial(queries_with, *searches)
            self._examples[searches] = examples(self.task, self.data.goals, episodes, queries)
        return self._examples[searches]

    def preferences(self, path: Path, policy: "LearnedPolicy") -> "list[tuple[Example, int]]":
        """The pairs of a preference file."""
        from shoprl.trajectories.preferences import read_preferences, rebuild

        pairs = read_preferences(path, self.data.hashes()["goals"])
        self._check_goals(path, [pair.goal_index for pair in pairs])
        return rebuild(self.task, self.data.goals, pairs, policy.queries)

    def _check_goals(self, path: Path, indices: Sequence[int]) -> None:
        held = set(self.data.split.test) | set(self.data.split.eval)
        if not held.isdisjoint(indices):
            raise ConfigError(f"{path}: holds trajectories on test or eval goals. Nothing is trained on those.")
