"""Imitation: a policy learns to do what an expert demonstrates."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

import shoprl


@dataclass(frozen=True)
class Settings:
    """Sizes: these learn something in seconds; the best agent takes 9,500 demonstrations and 7,000 updates."""

    products: int = 60
    demonstrations: int = 15
    updates: int = 30
    seed: int = 0
    out: Path = Path("runs/imitation")


def main(settings: Settings) -> None:
    rng = np.random.default_rng(settings.seed)
    data = shoprl.generated_data(products=settings.products, seed=0)
    task = shoprl.ShopTask(data.shop, max_steps=15)

    # An expert who knows each goal shops for training goals.
    episodes = shoprl.demonstrations(
        task, data.goals, data.split.train, count=settings.demonstrations, skill=1.0, rng=rng
    )
    examples = shoprl.examples(task, data.goals, episodes)

    # A fresh network on the frozen default backbone; a second run with the same folder goes on from its checkpoint.
    policy = shoprl.new_choice_policy(seed=settings.seed)
    config = shoprl.ImitationConfig(updates=settings.updates, warmup=10, seed=settings.seed)
    log = shoprl.train_imitation(policy, examples, config, settings.out / "training")
    print(f"{len(examples)} decisions; loss {log[0]['loss']:.3f} -> {log[-1]['loss']:.3f}")

    result = shoprl.evaluate(policy, task, data.goals_of("eval", first=10))
    print(f"success {result.summary.success_rate.value:.0%}, score {result.summary.score.value:.1f}")
    shoprl.save_policy(policy, settings.out / "policy")


if __name__ == "__main__":
    main(tyro.cli(Settings))
