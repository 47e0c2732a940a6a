"""The files of a training, read before any work: the policy it starts from, and what it learns from."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask

if TYPE_CHECKING:
    from shoprl.policies.learned import LearnedPolicy
    from shoprl.policies.query.policy import QueryOffer
    from shoprl.trajectories.examples import Example

NetworkName = Literal["choice", "bi-attention", "rnn"]


class Work:
    """The files of a training.

    Args:
        data: the shop.
        demonstrations: a trajectory file.
        offer: a query policy whose queries a new policy chooses among.
    """

    def __init__(self, data: ShopData, demonstrations: Path | None, offer: "QueryOffer | None") -> None:
        self.data, self.task, self.offer = data, ShopTask(data.shop), offer
        self._demonstrations = demonstrations
        self._pairs: list[tuple[Example, int]] | None = None
        self._examples: dict[tuple[str, QueryOffer | None], list[Example]] = {}

    def goals(self) -> list[tuple[int, Goal]]:
        """The training goals."""
        return [(index, self.data.goals[index]) for index in self.data.split.train]

    def copy_of(self, folder: Path) -> "LearnedPolicy":
        """The policy of a folder, which is not changed."""
        from shoprl.policies.saving import load_learned

        policy = load_learned(folder)
        policy.offer = self.offer or policy.offer
        return policy

    def new_policy(self, network: NetworkName, seed: int, name: str, tuned_layers: int = 0) -> "LearnedPolicy":
        """A policy with fresh weights."""
        import torch

        from shoprl.policies.networks.backbone import load_backbone
        from shoprl.policies.networks.bi_attention import new_bi_attention
        from shoprl.policies.networks.choice import ChoicePolicy, new_model
        from shoprl.policies.networks.encoder import TokenStore
        from shoprl.policies.networks.rnn import new_rnn

        generator = torch.Generator().manual_seed(seed)
        policy: LearnedPolicy
        if network == "bi-attention":
            policy = new_bi_attention(generator)
        elif network == "rnn":
            policy = new_rnn([example.state for example in self.examples(None)], generator)
        else:
            store = TokenStore(load_backbone(), tuned_layers=tuned_layers)
            policy = ChoicePolicy(new_model(store, generator), store, name=name)
        policy.offer = self.offer
        return policy

    def examples(self, policy: "LearnedPolicy | None") -> "list[Example]":
        """The demonstrated decisions, read once for policies that search alike; none without a file."""
        from shoprl.policies.query.policy import queries_with
        from shoprl.trajectories.examples import examples
        from shoprl.trajectories.files import read_trajectories

        path = self._demonstrations
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
        """The pairs of a preference file, read once."""
        from shoprl.trajectories.preferences import read_preferences, rebuild

        if self._pairs is None:
            pairs = read_preferences(path, self.data.hashes()["goals"])
            self._check_goals(path, [pair.goal_index for pair in pairs])
            self._pairs = rebuild(self.task, self.data.goals, pairs, policy.queries)
        return self._pairs

    def _check_goals(self, path: Path, indices: Sequence[int]) -> None:
        held = set(self.data.split.test) | set(self.data.split.eval)
        if not held.isdisjoint(indices):
            raise ConfigError(f"{path}: holds trajectories on test or eval goals, which are never trained on.")
