"""One training from files: the policy it starts from, and what it learns from, read before any work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from shoprl.experiments.methods import Inputs
from shoprl.experiments.plan import Recipe
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.token_batch import cut_candidates
from shoprl.policies.query.policy import QueryOffer, queries_with
from shoprl.policies.saving import load_learned, network_of
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import Queries
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.given import check_learnable, given_goals, given_trajectories
from shoprl.trajectories.preferences import read_preferences, rebuild

STREAMS = {"pairs": 5, "cut candidates": 6}


@dataclass(frozen=True)
class TrainingFiles:
    """What a training is given.

    Attributes:
        data: the shop.
        policy: a policy folder to start from; None for a new policy.
        demonstrations: a trajectory file, on the shop's goals or on those beside it
            (:func:`shoprl.trajectories.files.goals_beside`).
        preferences: a preference file, likewise.
        offer: a query policy whose queries the policy chooses among.
        max_steps: an episode is cut after so many steps.
        backbone: pretrained encoders that the user named: that of the policy's folder, or that of a new policy.
    """

    data: ShopData
    policy: Path | None = None
    demonstrations: Path | None = None
    preferences: Path | None = None
    offer: QueryOffer | None = None
    max_steps: int = ShopTask.max_steps
    backbone: Sequence[str] = ()

    @property
    def task(self) -> ShopTask:
        """Where the policy acts."""
        return ShopTask(self.data.shop, self.max_steps)

    def start(self, recipe: Recipe, seed: int) -> LearnedPolicy:
        """The policy to train: that of the folder, which is not changed, or a new one.

        Raises:
            PolicyError, BackboneError: it cannot be loaded.
            TrajectoryError: a new network's vocabulary cannot be had from the demonstrations.
        """
        if self.policy is not None:
            policy = load_learned(self.policy, backbone=self.backbone)
        else:
            states = (example.state for example in self.examples(partial(queries_with, "wish", self.offer)))
            generator = torch.Generator().manual_seed(seed)
            policy = network_of(recipe.network).new(generator, states, None, **recipe.sizes, **self._encoder())
            policy.name = recipe.method
        policy.offer = self.offer or policy.offer
        return policy

    def _encoder(self) -> dict[str, str]:
        """What a new network is made of besides its sizes."""
        return {"backbone": self.backbone[0]} if self.backbone else {}

    def inputs(self, policy: LearnedPolicy, recipe: Recipe, seed: int, cache: Path) -> Inputs[Goal]:
        """What the policy learns from.

        Args:
            policy: whose searches are available.
            recipe: says by which method.
            seed: of the draws.
            cache: a folder for the reference's log-probabilities.

        Raises:
            TrajectoryError: a file is malformed or belongs to other data.
            ConfigError: a file holds trajectories on test or eval goals.
        """
        shown = self.examples(policy.queries)
        if recipe.method == "imitation" and policy.cuts_candidates:
            rng = np.random.default_rng([seed, STREAMS["cut candidates"]])
            cut = [cut_candidates(each.state, each.chosen, rng) for each in shown]
            shown = [replace(each, state=state, chosen=at) for each, (state, at) in zip(shown, cut, strict=True)]
        pairs: Sequence[tuple[Example, int]] = ()
        if self.preferences is not None:
            on = given_goals(self.preferences, self.data)
            given = read_preferences(self.preferences, on.sha256)
            check_learnable(self.preferences, self.data, on, [pair.goal_index for pair in given])
            pairs = rebuild(self.task, on.goals, given, policy.queries)
        rng = np.random.default_rng([seed, STREAMS["pairs"]])
        return Inputs(self.task, self.data.goals, self.data.split.train, shown, rng, pairs, cache=cache)

    def examples(self, queries: Queries) -> list[Example]:
        """The demonstrated decisions; none without a file."""
        path = self.demonstrations
        if path is None:
            return []
        given, episodes = given_trajectories(path, self.data)
        return examples(self.task, given.goals, episodes, queries)
