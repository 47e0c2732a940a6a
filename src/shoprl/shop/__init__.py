"""The shop: goals, sessions, pages, the reward, and the Gymnasium environment ``shoprl/WebShop-v0``."""

import gymnasium

gymnasium.register(
    id="shoprl/WebShop-v0",
    entry_point="shoprl.shop.env:WebShopEnv",
    vector_entry_point="shoprl.shop.vector:WebShopVectorEnv",
)
gymnasium.register(id="shoprl/WebShopNumeric-v0", entry_point="shoprl.tasks.shop.numeric:numeric_shop")
