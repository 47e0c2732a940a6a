"""Corrections: an expert takes over where a policy makes a mistake (after DAgger, arXiv 1011.0686).

The policy acts first. Its mistakes on the way to an item are recorded as slips, which are not learned. Where it differs
from the expert on an item page, or few steps are left, the expert acts for the rest of the episode. The policy thus
learns to recover from its own mistakes, which are seldom those of a demonstrator.
"""

from collections.abc import Sequence

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.base import Choice
from shoprl.policies.learned import LearnedPolicy
from shoprl.progress import bar
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import PARALLEL
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopEpisode, ShopTask
from shoprl.trajectories.shoppers import EXPERT, Shopper, habits

NEEDED = 8  # steps reserved for the expert's purchase


class _Corrected:
    """An episode in progress in which an expert may take over.

    Attributes:
        recording: the episode.
        rng: its own generator.
        corrected: whether the policy differed from the expert.
        taken_over: whether the expert acts.
    """

    def __init__(self, policy: LearnedPolicy, task: ShopTask, index: int, goal: Goal, rng: np.random.Generator) -> None:
        live = task.start(goal, policy.queries)
        self.recording, self.rng, self._task = Recording[ShopEpisode](live, index), rng, task
        self._expert = Shopper(goal, task.shop, live.queries[0], habits(EXPERT), 0.0, rng)
        self.corrected = self.taken_over = False

    def expert_action(self) -> str:
        """The expert's action in the current state."""
        live = self.recording.live
        return self._expert.act(live.page, self._task.max_steps - live.steps)

    def propose(self, choice: Choice) -> None:
        """Take the policy's action, unless the expert takes over."""
        live, right = self.recording.live, self.expert_action()
        differs = choice.action != right
        self.corrected |= differs
        self.taken_over = (differs and live.page.kind == "item") or self._task.max_steps - live.steps <= NEEDED
        if self.taken_over:
            self.recording.take(right)
        else:
            self.recording.take(choice.action, choice.probability, slip=differs)


def corrected_episodes(
    policy: LearnedPolicy, task: ShopTask, goals: Sequence[tuple[int, Goal]], rng: np.random.Generator
) -> list[Episode]:
    """Run episodes of a policy, with sampled actions, in which an expert takes over at mistakes.

    Args:
        policy: acts first.
        task: the shop and the step limit.
        goals: (index in its goal list, goal); training goals only.
        rng: spawns each episode's own generator.

    Returns:
        The episodes in which the policy differed from the expert, in the order of ``goals``.

    Raises:
        ConfigError: the policy has a query policy; the expert plans with a single query.
    """
    if policy.offer is not None:
        raise ConfigError("Corrections need a policy with one query. Give it without its query policy.")
    kept: list[Episode] = []
    with bar(len(goals), "corrections", "episode") as progress:
        for start in range(0, len(goals), PARALLEL):
            part = goals[start : start + PARALLEL]
            drawn = zip(part, rng.spawn(len(part)), strict=True)
            episodes = [_Corrected(policy, task, index, goal, own) for (index, goal), own in drawn]
            while running := [each for each in episodes if not (each.recording.over or each.taken_over)]:
                states = [each.recording.state for each in running]
                choices = policy.act(states, [each.rng for each in running], "sample")
                for each, choice in zip(running, choices, strict=True):
                    each.propose(choice)
            for each in episodes:
                while not each.recording.over:
                    each.recording.take(each.expert_action())
                if each.corrected:
                    kept.append(each.recording.episode())
            progress.update(len(part))
    return kept
