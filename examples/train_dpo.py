"""DPO: the demonstrated action is preferred to one that the policy itself would draw, against a control."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

import shoprl


@dataclass(frozen=True)
class Settings:
    """Sizes; `variant` is dpo, ipo or simpo."""

    products: int = 60
    demonstrations: int = 15
    imitation_updates: int = 10
    updates: int = 20
    variant: str = "dpo"
    seed: int = 0
    out: Path = Path("runs/dpo")


def main(settings: Settings) -> None:
    rng = np.random.default_rng(settings.seed)
    data = shoprl.generated_data(products=settings.products, seed=0)
    task = shoprl.ShopTask(data.shop, max_steps=15)
    episodes = shoprl.demonstrations(task, data.goals, data.split.train, settings.demonstrations, skill=0.8, rng=rng)
    examples = shoprl.examples(task, data.goals, episodes)

    # The start, which is also the reference policy.
    start = shoprl.new_choice_policy(seed=settings.seed)
    imitation = shoprl.ImitationConfig(updates=settings.imitation_updates, warmup=5, seed=settings.seed)
    shoprl.train_imitation(start, examples, imitation, settings.out / "start")

    # One preference a decision: the demonstrated action over one drawn from the start in the same state.
    config = shoprl.DPOConfig(
        updates=settings.updates, learning_rate=1e-4, warmup=5, variant=settings.variant, seed=settings.seed
    )
    pairs, skipped = shoprl.preference_pairs(start, examples, config, rng)
    print(f"{len(pairs)} pairs, {skipped} decisions on which the start only ever draws the demonstrated action")
    policy = copy.deepcopy(start)
    log = shoprl.train_dpo(policy, pairs, config, settings.out / "training")
    print(f"margin {log[0]['margin']:.3f} -> {log[-1]['margin']:.3f}")

    # Was it DPO, or would more updates of imitation have done the same? The control tells.
    control = copy.deepcopy(start)
    more = shoprl.ImitationConfig(
        updates=settings.updates, warmup=5, learning_rate=config.learning_rate, seed=settings.seed
    )
    shoprl.train_imitation(control, examples, more, settings.out / "control")
    goals = data.goals_of("eval", first=10)
    first, second = (shoprl.evaluate(each, task, goals, decode="sample", seed=0) for each in (policy, control))
    difference = shoprl.compare_paired(first.episodes, second.episodes).score_difference
    print(f"DPO less control, score: {difference.value:+.1f} [{difference.low:.1f}, {difference.high:.1f}]")
    shoprl.save_policy(policy, settings.out / "policy")


if __name__ == "__main__":
    main(tyro.cli(Settings))
