"""Recommendations: a trained agent shops several times for a request, and what it buys is ranked."""

from pathlib import Path

import numpy as np

import shoprl

data = shoprl.generated_data(products=60, seed=0)  # or shoprl.read_data("PATH")
task = shoprl.ShopTask(data.shop, max_steps=15)

# An agent: here trained for a few seconds; elsewhere shoprl.load_policy("runs/quick/policies/imitation_expert").
rng = np.random.default_rng(0)
episodes = shoprl.demonstrations(task, data.goals, data.split.train, count=15, skill=1.0, rng=rng)
policy = shoprl.new_choice_policy(seed=0)
config = shoprl.ImitationConfig(updates=30, warmup=10)
shoprl.train_imitation(policy, shoprl.examples(task, data.goals, episodes), config, Path("runs/recommend"))

for item in shoprl.recommend(policy, task, "a long lasting lipstick under 20 dollars", runs=5, top=3):
    print(f"{item.share:5.0%}  {item.price:>8}  {item.title}")
