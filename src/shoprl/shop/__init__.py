"""The shop: goals, sessions, pages, the reward, and the Gymnasium environment ``shoprl/WebShop-v0``."""

import gymnasium

gymnasium.register(
    id="shoprl/WebShop-v0",
    entry_point="shoprl.shop.env:registered",
    vector_entry_point="shoprl.shop.vector:registered",
    max_episode_steps=15,  # MAX_STEPS, which would import the shop
)
gymnasium.register(id="shoprl/WebShopNumeric-v0", entry_point="shoprl.tasks.shop.numeric:numeric_shop")
