"""``shoprl evaluate``: how good a policy is on the goals of a data folder."""

from dataclasses import dataclass
from pathlib import Path

from shoprl.cli.output import Json, check_seed, emit, percent
from shoprl.errors import ConfigError
from shoprl.policies.base import Decode, Policy
from shoprl.policies.simple import simple_policy
from shoprl.shop.data import read_data, read_shop
from shoprl.shop.goal import Goal, goals_hash, read_goals
from shoprl.shop.session import MAX_STEPS, Shop
from shoprl.shop.splits import SplitName
from shoprl.tasks.shop.task import ShopTask


@dataclass(frozen=True)
class Evaluate:
    """Evaluate a policy: success rate and score with 95% intervals.

    Attributes:
        policy: a policy folder, ``rule`` or ``random``.
        data: the data folder.
        goals: a goals file (JSON lines, .gz allowed) to use in place of the data folder's goals.
        split: which part of the data folder's goals; a goals file is used whole.
        first: only the first so many goals; all when left out.
        decode: take the most likely action (``greedy``) or draw it (``sample``).
        seed: of the draws.
        max_steps: an episode is cut after so many steps.
        strict: a product that cannot be read is an error.
    """

    policy: str
    data: Path
    goals: Path | None = None
    split: SplitName = "test"
    first: int | None = None
    decode: Decode = "greedy"
    seed: int = 0
    max_steps: int = MAX_STEPS
    strict: bool = False
    json: Json = False

    def execute(self) -> None:
        """Run the command."""
        from shoprl.evaluation.evaluate import evaluate

        if self.first is not None and self.first < 1:
            raise ConfigError(f"--first {self.first}: must be at least 1.")
        check_seed(self.seed)
        policy = simple_policy(self.policy) or self._trained()
        shop, goals, hashes = self._goals()
        found = evaluate(policy, ShopTask(shop, self.max_steps), goals[: self.first], self.decode, self.seed)
        row = {"policy": self.policy, "decode": self.decode, **found.to_json(), "hashes": hashes}
        summary = found.summary
        text = (
            f"{policy.name}, {self.decode}, {summary.episodes} goals\n"
            f"success  {percent(summary.success_rate.value, [summary.success_rate.low, summary.success_rate.high])}\n"
            f"score    {summary.score.value:.1f} [{summary.score.low:.1f}, {summary.score.high:.1f}]\n"
            f"speed    {found.decisions_per_second:.0f} decisions/s"
        )
        emit(row, text, self.json)

    def _trained(self) -> Policy:
        from shoprl.policies.saving import load_learned

        return load_learned(Path(self.policy))

    def _goals(self) -> tuple[Shop, list[tuple[int, Goal]], dict[str, str]]:
        if self.goals is not None:
            shop = read_shop(self.data, self.strict)
            given = read_goals(self.goals, shop.catalog)
            return shop, list(enumerate(given)), {"catalog": shop.catalog.content_hash, "goals": goals_hash(given)}
        data = read_data(self.data, self.strict)
        return data.shop, [(index, data.goals[index]) for index in data.split.part(self.split)], data.hashes()
