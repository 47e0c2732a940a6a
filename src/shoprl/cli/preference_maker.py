"""``shoprl preferences make``: pairs of demonstrated actions and actions that a policy would take instead."""

from dataclasses import dataclass
from pathlib import Path

from shoprl.cli.checks import new_file
from shoprl.cli.options import (
    Confirming,
    NewFile,
    OnData,
    OnGoals,
    PolicyName,
    Printing,
    Searching,
    Seeded,
    Strict,
    Threaded,
    prepare,
)
from shoprl.cli.output import emit
from shoprl.settings import Count
from shoprl.shop.data import read_data
from shoprl.tasks.shop.task import ShopTask


@dataclass(frozen=True, kw_only=True)
class Make(OnData, OnGoals, Searching, NewFile, Confirming, Seeded, Threaded, Strict, Printing):
    """Make pairs: a demonstrated action, and another of a policy.

    Chosen is what a trajectory did, rejected is what the policy draws in the same state.

    Attributes:
        demonstrations: a trajectory file, on this data folder's goals or on those beside it, as imports write them.
        policy: the policy folder that rejected actions are drawn from, or pretrained.
        draws: draws in a state, at most, until one differs from the chosen action; without one the state is skipped.
    """

    demonstrations: Path
    policy: PolicyName
    draws: Count = 16

    def execute(self) -> None:
        """Run the command."""
        prepare(self.seed, self.threads)
        import numpy as np

        from shoprl.policies.packaged import policy_folder
        from shoprl.policies.saving import load_learned
        from shoprl.shop.goal import write_goals
        from shoprl.training.dpo import DPOConfig, preference_pairs
        from shoprl.trajectories.examples import examples
        from shoprl.trajectories.files import goals_beside
        from shoprl.trajectories.given import given_trajectories
        from shoprl.trajectories.preferences import preference, write_preferences

        new_file(self.out)
        encoder = self.encoder(self.data)
        data = read_data(self.data, self.strict, search=self.search, encoder=encoder, goals=self.goals)
        given, episodes = given_trajectories(self.demonstrations, data)
        beside = None if given.own else new_file(goals_beside(self.out))
        policy, task = load_learned(policy_folder(self.policy), backbone=self.backbone), ShopTask(data.shop)
        decisions = examples(task, given.goals, episodes, policy.queries)
        config = DPOConfig(draws=self.draws)
        pairs, skipped = preference_pairs(policy, decisions, config, np.random.default_rng(self.seed))
        made = []
        for pair in pairs:
            of, actions = pair.example, pair.example.state.actions
            episode = episodes[of.episode]
            before = [decision.action for decision in episode.decisions[: of.step]]
            goal = given.goals[episode.goal_index]
            margin = {"margin": pair.reference_chosen - pair.reference_rejected}
            chosen, rejected = actions[of.chosen], actions[pair.rejected]
            made.append(preference(task, episode.goal_index, goal, before, chosen, rejected, margin, policy.queries))
        if beside is not None:
            write_goals(beside, given.goals)
        write_preferences(self.out, made, given.sha256)
        answer = {"file": str(self.out), "pairs": len(made), "skipped": skipped}
        emit(answer, f"{len(made)} pairs in {self.out}; {skipped} decisions without another action", self.json)
