"""Corrections: an agent shops, an expert takes over where it goes wrong, and the agent imitates that too."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

import shoprl
from shoprl.trajectories.corrections import corrected_episodes


@dataclass(frozen=True)
class Settings:
    """Sizes; the best agent is corrected on 7,000 goals."""

    products: int = 60
    demonstrations: int = 15
    imitation_updates: int = 20
    corrected: int = 15
    repeats: int = 2
    updates: int = 15
    seed: int = 0
    out: Path = Path("runs/corrections")


def main(settings: Settings) -> None:
    rng = np.random.default_rng(settings.seed)
    data = shoprl.generated_data(products=settings.products, seed=0)
    task = shoprl.ShopTask(data.shop, max_steps=15)

    # 1. Imitation of an expert.
    shown = shoprl.demonstrations(
        task, data.goals, data.split.train, settings.demonstrations, skill=1.0, rng=rng, recovery=0.3
    )
    policy = shoprl.new_choice_policy(seed=settings.seed)
    start = shoprl.ImitationConfig(updates=settings.imitation_updates, warmup=5, seed=settings.seed)
    shoprl.train_imitation(policy, shoprl.examples(task, data.goals, shown), start, settings.out / "start")

    # 2. The agent shops with its actions drawn; episodes on which the expert disagrees are kept.
    goals = data.goals_of("train", first=settings.corrected)
    corrected = corrected_episodes(policy, task, goals, rng)
    print(f"corrected in {len(corrected)} of {len(goals)} episodes")

    # 3. Imitation goes on, with the corrections counted `repeats` times.
    examples = shoprl.examples(task, data.goals, shown + settings.repeats * corrected)
    more = shoprl.ImitationConfig(updates=settings.updates, warmup=5, learning_rate=6e-4, seed=settings.seed)
    shoprl.train_imitation(policy, examples, more, settings.out / "training")

    result = shoprl.evaluate(policy, task, data.goals_of("eval", first=10))
    print(f"success {result.summary.success_rate.value:.0%}, score {result.summary.score.value:.1f}")
    shoprl.save_policy(policy, settings.out / "policy")


if __name__ == "__main__":
    main(tyro.cli(Settings))
