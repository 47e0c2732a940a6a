"""ShopRL: a WebShop-compatible shop, agents that learn to shop in it, and recommendations made of them."""

__version__ = "0.1.0"
