"""Self-learning: DPO on preferences that the policy makes of its own successful episodes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

import shoprl


@dataclass(frozen=True)
class Settings:
    """Sizes; `trajectories` are the successful episodes wanted a round."""

    products: int = 60
    demonstrations: int = 15
    imitation_updates: int = 20
    trajectories: int = 5
    rounds: int = 1
    updates: int = 20
    seed: int = 0
    out: Path = Path("runs/self-learning")


def main(settings: Settings) -> None:
    rng = np.random.default_rng(settings.seed)
    data = shoprl.generated_data(products=settings.products, seed=0)
    task = shoprl.ShopTask(data.shop, max_steps=15)

    # The start must succeed now and then: self-learning keeps the episodes that earn reward 1.
    episodes = shoprl.demonstrations(task, data.goals, data.split.train, settings.demonstrations, skill=1.0, rng=rng)
    examples = shoprl.examples(task, data.goals, episodes)
    policy = shoprl.new_choice_policy(seed=settings.seed)
    imitation = shoprl.ImitationConfig(updates=settings.imitation_updates, warmup=5, seed=settings.seed)
    shoprl.train_imitation(policy, examples, imitation, settings.out / "start")

    dpo = shoprl.DPOConfig(updates=settings.updates, warmup=5, seed=settings.seed)
    config = shoprl.SelfLearningConfig(trajectories=settings.trajectories, rounds=settings.rounds, dpo=dpo)
    rounds = shoprl.self_learn(policy, task, data.goals, data.split.train, config, settings.out / "training")
    for row in rounds:
        print(f"round {row['round']}: {row['sampled']} episodes, {row['pairs']} pairs, {row['skipped']} skipped")

    result = shoprl.evaluate(policy, task, data.goals_of("eval", first=10), decode="sample", seed=0)
    print(f"success {result.summary.success_rate.value:.0%}, score {result.summary.score.value:.1f}, actions drawn")
    shoprl.save_policy(policy, settings.out / "policy")


if __name__ == "__main__":
    main(tyro.cli(Settings))
