"""``shoprl evaluate``: how good a policy is on the goals of a data folder."""

from dataclasses import dataclass, replace
from pathlib import Path

from shoprl.cli.options import (
    Confirming,
    DeviceName,
    OnData,
    OnGoals,
    Printing,
    Searching,
    Seeded,
    StepLimit,
    Strict,
    Threaded,
    prepare,
)
from shoprl.cli.output import emit, percent, points
from shoprl.policies.base import Decode, Policy
from shoprl.policies.packaged import CHAT, PLAIN
from shoprl.policies.simple import simple_policy
from shoprl.settings import Count
from shoprl.shop.data import read_data, read_shop
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.shop.goal_choice import chosen_goals
from shoprl.shop.session import Shop
from shoprl.shop.splits import SplitName
from shoprl.tasks.shop.task import ShopTask


@dataclass(frozen=True, kw_only=True)
class Evaluate(OnData, OnGoals, Searching, Confirming, Seeded, Threaded, StepLimit, Strict, Printing):
    """Measure a policy: success rate and score with 95% intervals.

    Attributes:
        policy: a policy folder; one of the built-in policies: rule, rule-options, random, pretrained; or a causal
            language model, lm:NAME with plain prompts or chat:NAME with its chat template, where NAME is a hub id, a
            folder, or the folder of a LoRA adapter, whose model --backbone names.
        split: the split of the goals; a goals file is used whole.
        first: only this many goals, from the first on; all when left out.
        decode: greedy takes the most likely action, sample draws it.
        device: where a language model computes, in bfloat16 on a GPU; other policies act on the processor.
    """

    policy: str
    split: SplitName = "test"
    first: Count | None = None
    decode: Decode = "greedy"
    device: DeviceName = "auto"

    def execute(self) -> None:
        """Run the command."""
        from shoprl.evaluation.evaluate import evaluate
        from shoprl.evaluation.results import PolicyRow

        policy = simple_policy(self.policy) or self._trained()
        shop, goals, hashes = self._goals()
        evaluation = evaluate(policy, ShopTask(shop, self.max_steps), goals[: self.first], self.decode, self.seed)
        summary = evaluation.summary
        row = replace(
            PolicyRow.of(summary),
            policy=self.policy,
            decode=self.decode,
            decisions_per_second=round(evaluation.decisions_per_second, 1),
            hashes=hashes,
        )
        text = (
            f"{policy.name}, {self.decode}, {summary.episodes} goals\n"
            f"success  {percent(row.success_rate, row.success_rate_interval)}\n"
            f"score    {points(row.score, row.score_interval)}\n"
            f"speed    {evaluation.decisions_per_second:.0f} decisions/s"
        )
        emit(row.to_json(), text, self.json)

    def _trained(self) -> Policy:
        written = self.policy.startswith((PLAIN, CHAT))
        team = prepare(self.seed, self.threads, self.device if written else "cpu")  # no built-in policy needs torch
        from shoprl.policies.causal.policy import LanguagePolicy
        from shoprl.policies.saving import load_policy

        policy = load_policy(self.policy, backbone=self.backbone)
        if isinstance(policy, LanguagePolicy) and team.device.type != "cpu":
            import torch

            policy.model.to(team.device, torch.bfloat16)
        return policy

    def _goals(self) -> tuple[Shop, list[tuple[int, Goal]], dict[str, str]]:
        encoder = self.encoder(self.data)
        wanted = chosen_goals(self.goals)
        if isinstance(wanted, Path):
            shop = read_shop(self.data, self.strict, search=self.search, encoder=encoder)
            given = read_goals(wanted, shop.catalog)
            return shop, list(enumerate(given)), {"catalog": shop.catalog.content_hash, "goals": goals_hash(given)}
        data = read_data(self.data, self.strict, search=self.search, encoder=encoder, goals=wanted)
        return data.shop, [(index, data.goals[index]) for index in data.split.part(self.split)], data.hashes()
