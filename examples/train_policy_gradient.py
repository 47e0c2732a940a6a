"""Policy gradient: WebShop's advantage actor-critic, from rewards and a few demonstrations."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

import shoprl


@dataclass(frozen=True)
class Settings:
    """Sizes; an update is one batch of episodes, played and learned from."""

    products: int = 60
    demonstrations: int = 15
    imitation_updates: int = 10
    updates: int = 4
    seed: int = 0
    out: Path = Path("runs/policy-gradient")


def main(settings: Settings) -> None:
    rng = np.random.default_rng(settings.seed)
    data = shoprl.generated_data(products=settings.products, seed=0)
    task = shoprl.ShopTask(data.shop, max_steps=15)

    # The start: a little imitation, so that some episodes earn a reward to learn from.
    episodes = shoprl.demonstrations(task, data.goals, data.split.train, settings.demonstrations, skill=0.8, rng=rng)
    examples = shoprl.examples(task, data.goals, episodes)
    policy = shoprl.new_choice_policy(seed=settings.seed)
    imitation = shoprl.ImitationConfig(updates=settings.imitation_updates, warmup=5, seed=settings.seed)
    shoprl.train_imitation(policy, examples, imitation, settings.out / "start")

    # The policy shops for training goals and learns from the rewards; `examples` keep it near the demonstrations.
    config = shoprl.PolicyGradientConfig(
        updates=settings.updates, batch_size=8, warmup=2, log_every=1, seed=settings.seed
    )
    log = shoprl.train_policy_gradient(
        policy, task, data.goals_of("train"), examples, config, settings.out / "training"
    )
    for row in log:
        print(f"update {row['update']}: score {row['score']:.1f}, entropy {row['entropy']:.2f} nats")

    result = shoprl.evaluate(policy, task, data.goals_of("eval", first=10))
    print(f"success {result.summary.success_rate.value:.0%}, score {result.summary.score.value:.1f}")
    shoprl.save_policy(policy, settings.out / "policy")


if __name__ == "__main__":
    main(tyro.cli(Settings))
