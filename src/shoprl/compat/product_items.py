"""Products, prices and rewards in WebShop's fields, made of the catalogue when they are asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product
from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.shop.goal import goal_from_json
from shoprl.shop.page import rating_shown
from shoprl.shop.reward import reward
from shoprl.shop.tagger import Tagger


class ProductItem(dict[str, Any]):
    """A product in WebShop's fields; a change of them changes no page.

    Attributes:
        product: the same as ShopRL has it.
        tagger: of its shop's rewards.
    """

    def __init__(self, product: Product, tagger: Tagger) -> None:
        self.product, self.tagger = product, tagger
        super().__init__(
            asin=product.asin,
            name=product.title,
            Title=product.title,
            Description=product.description,
            BulletPoints=list(product.bullets),
            category=product.category,
            query=product.query,
            product_category=product.product_category,
            Price=product.price_tag,
            options={name: list(values) for name, values in product.options.items()},
            customization_options={
                name: [{"value": value} for value in values] for name, values in product.options.items()
            },
            Attributes=list(product.attributes),
            MainImage=product.image,
            Rating=rating_shown(product),
            Reviews=[],
        )


class ProductItems(Mapping[str, ProductItem]):
    """ASIN -> product in WebShop's fields, as WebShop's ``product_item_dict``."""

    def __init__(self, data: ShopData) -> None:
        self._data = data

    def __getitem__(self, asin: str) -> ProductItem:
        return ProductItem(self._data.catalog[asin], self._data.tagger)

    def __iter__(self) -> Iterator[str]:
        return (product.asin for product in self._data.catalog)

    def __len__(self) -> int:
        return len(self._data.catalog)

    def __contains__(self, asin: object) -> bool:
        return asin in self._data.catalog


class ProductPrices(Mapping[str, float | None]):
    """ASIN -> price, None where it is unknown, as WebShop's ``product_prices``."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __getitem__(self, asin: str) -> float | None:
        return self._catalog[asin].price

    def __iter__(self) -> Iterator[str]:
        return (product.asin for product in self._catalog)

    def __len__(self) -> int:
        return len(self._catalog)

    def __contains__(self, asin: object) -> bool:
        return asin in self._catalog


def get_reward(
    purchased_product: Mapping[str, Any],
    goal: dict[str, Any],
    price: float | None,
    options: Mapping[str, str],
    *,
    verbose: bool = False,
) -> float | tuple[float, dict[str, Any]]:
    """The reward of a purchase, with WebShop's arguments.

    Args:
        purchased_product: of a server's ``product_item_dict``.
        goal: in WebShop's fields.
        price: what the product costs.
        options: option name -> value chosen.
        verbose: also return the reward's parts.

    Raises:
        ConfigError: the product comes from elsewhere.
        GoalError: the goal lacks a field.
    """
    if not isinstance(purchased_product, ProductItem):
        raise ConfigError("purchased_product: must be one of an environment's server.product_item_dict.")
    product = purchased_product.product
    if price != product.price:
        product = replace(product, price=price, variants=())
    earned = reward(product, options, goal_from_json(goal), purchased_product.tagger)
    return (earned.total, earned.components()) if verbose else earned.total
