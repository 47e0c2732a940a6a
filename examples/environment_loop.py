"""The environment: one episode by hand, then eight random shoppers side by side."""

import gymnasium
import numpy as np

import shoprl

data = shoprl.generated_data(products=60, seed=0)  # or shoprl.read_data("PATH")

# One environment. Actions are texts; `available_actions` says which of them the page offers.
env = shoprl.make("shoprl/WebShop-v0", data=data, split="train")
observation, info = env.reset(seed=0)
print(observation)
for action in ["search[lipstick]", "click[back to search]"]:
    observation, reward, terminated, truncated, info = env.step(action)
    print(action, "->", info["available_actions"]["clickables"][:4])
env.close()


def random_action(searches: bool, clickables: list[str], rng: np.random.Generator) -> str:
    if searches or not clickables:  # a finished episode offers nothing; its next step resets it whatever the action
        return "search[gift]"
    return f"click[{rng.choice(clickables)}]"


# Eight at once, in one process, on the same catalogue and index.
envs = gymnasium.make_vec("shoprl/WebShop-v0", num_envs=8, data=data, split="train", autoreset_mode="NextStep")
observations, infos = envs.reset(seed=0)
rng = np.random.default_rng(0)
earned: list[float] = []
for _ in range(50):
    pages = zip(*(infos["available_actions"][name] for name in ("has_search_bar", "clickables")), strict=True)
    actions = [random_action(searches, clickables, rng) for searches, clickables in pages]
    observations, rewards, terminations, truncations, infos = envs.step(actions)
    earned += rewards[terminations | truncations].tolist()
envs.close()
print(f"{len(earned)} episodes ended, mean reward {np.mean(earned):.2f}")
