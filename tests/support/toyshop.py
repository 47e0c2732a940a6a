"""A shop of twelve hand-made products with 35 goals, in memory or as a data folder."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product, Request
from shoprl.shop.data import ShopData, shop_data
from shoprl.shop.goal import Goal
from shoprl.shop.making import GoalKind
from shoprl.shop.webshop_goals import WebShopGoals
from shoprl.tasks.shop.tracker import price_range

EVERYTHING = "toymart"  # a search that finds every product: more than a page of results

# product type -> department and path
KINDS = {
    "running shoes": ("fashion", "Clothing › Men › Shoes"),
    "table lamps": ("garden", "Home & Kitchen › Lighting › Table Lamps"),
    "herbal tea": ("grocery", "Grocery › Beverages › Tea"),
    "linen shirts": ("fashion", "Clothing › Women › Shirts"),
}


def _product(
    asin: str,
    title: str,
    query: str,
    prices: tuple[float, ...],
    attributes: tuple[str, ...],
    options: Mapping[str, tuple[str, ...]] | None = None,
) -> Product:
    category, path = KINDS[query]
    options = options or {}
    firsts = tuple(values[0] for values in options.values())
    return Product(
        asin=asin,
        title=title,
        description=f"{title}, sold by {EVERYTHING}. " + ", ".join(attributes).capitalize() + ".",
        bullets=(f"Made with {attributes[0]}", f"Item {asin} ships in one box "),
        category=category,
        query=query,
        product_category=path,
        price=round(sum(prices) / len(prices), 2),
        price_tag=" to ".join(f"${price}" for price in prices),
        options=options,
        attributes=attributes,
        image=f"https://img.example/{asin}.jpg",
        requests=(
            Request(f"Find me {', '.join(attributes)} {query}", attributes),
            Request(f"i would like {query} with {attributes[0]}.", attributes[:1], firsts),
        ),
    )


PRODUCTS = (
    _product(
        "B0SHOE0001",
        "Nimbus Mesh Trainer for Men",
        "running shoes",
        (49.99,),
        ("arch support", "rubber sole"),
        {"color": ("black", "red"), "size": ("9 wide", "10 | 10.5")},
    ),
    _product(
        "B0SHOE0002",
        "Trailhawk Grip Sneaker for Men",
        "running shoes",
        (79.5, 99.0),
        ("ankle strap", "rubber sole"),
        {"color": ("olive", "navy blue"), "size": ("9 wide", "11")},
    ),
    _product("B0SHOE0003", "Feather Sprint Racer", "running shoes", (129.0,), ("carbon plate",), {"size": ("9", "10")}),
    _product("B0LAMP0001", "Aurora Glass Bedside Light", "table lamps", (24.95,), ("glass shade", "easy assemble")),
    _product(
        "B0LAMP0002",
        "Harbor Brass Reading Lamp",
        "table lamps",
        (64.0,),
        ("brass base", "easy assemble"),
        {"color": ("antique brass", "white"), "style": ("short", "tall", "dimmable")},
    ),
    _product("B0LAMP0003", "Paper Moon Lantern", "table lamps", (12.5, 9.99), ("rice paper",), {"color": ("white",)}),
    _product(
        "B0TEA00001",
        "Kräuter Garten Tisane № 5",
        "herbal tea",
        (8.99,),
        ("caffeine free", "usda organic"),
        {"flavor name": ("crème caramel", "früchte"), "size": ("20 count", "100 count")},
    ),
    _product("B0TEA00002", "Mint Meadow Leaves", "herbal tea", (6.25,), ("loose leaf", "usda organic")),
    _product(
        "B0TEA00003",
        "Ginger Fire Infusion",
        "herbal tea",
        (7.0,),
        ("caffeine free", "ginger root"),
        {"size": ("1 lb",)},
    ),
    _product(
        "B0SHIRT001",
        "Breeze Button Blouse for Women",
        "linen shirts",
        (34.0,),
        ("machine wash", "long sleeve"),
        {"color": ("white", "sky blue"), "size": ("small", "x-large")},
    ),
    _product(
        "B0SHIRT002",
        "Sailor Stripe Top for Women",
        "linen shirts",
        (28.0,),
        ("hand wash", "short sleeve"),
        {"color": ("navy", "red"), "size": ("small", "large")},
    ),
    _product(
        "B0SHIRT003",
        "Desert Dune Tunic",
        "linen shirts",
        (995.0,),
        ("hand wash", "long sleeve"),
        {"size": ("small", "medium", "large")},
    ),
)


@cache
def toy_catalog() -> Catalog:
    return Catalog(PRODUCTS)


def toy_goals(kind: GoalKind = "synthetic") -> list[Goal]:
    return list(WebShopGoals(toy_catalog(), kind))


@cache
def toy_data() -> ShopData:
    return shop_data(toy_catalog(), toy_goals())


def item_row(product: Product) -> dict[str, Any]:
    """A product as ``items_shuffle*.json`` holds it."""
    options = {
        name.title(): [{"value": value.replace(" | ", "/").title(), "asin": "B1", "image": None} for value in values]
        for name, values in product.options.items()
    }
    return {
        "name": product.title,
        "full_description": product.description,
        "images": [product.image, "https://img.example/other.jpg"],
        "product_category": product.product_category,
        "small_description": list(product.bullets),
        "customization_options": options | {"Style Set": None} if options else "",
        "asin": product.asin,
        "category": product.category,
        "query": product.query,
        "pricing": product.price_tag.replace(" to ", " - "),
    }


def _wording(product: Product) -> dict[str, Any]:
    row: dict[str, Any] = {"attributes": list(product.attributes)}
    for request in product.requests:
        if request.options is None:
            row |= {"instruction": request.text, "instruction_attributes": list(request.attributes)}
    return row


def _human(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "asin": product.asin,
            "instruction": request.text,
            "instruction_attributes": list(request.attributes),
            "instruction_options": list(request.options),
        }
        for request in product.requests
        if request.options is not None
    ]


def write_toy_folder(folder: Path) -> None:
    """Write the toy shop as a data folder in WebShop's formats; its goals are made when it is read."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "items_shuffle_12.json": [item_row(product) for product in PRODUCTS],
        "items_ins_v2_12.json": {product.asin: _wording(product) for product in PRODUCTS},
        "items_human_ins.json": {product.asin: _human(product) for product in PRODUCTS},
        "prices.json": {product.asin: product.price for product in PRODUCTS},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def hidden_changed(product: Product) -> Product:
    """Another product that no page tells apart until its sections are read."""
    low, high = price_range(product.price_tag)
    return replace(
        product,
        attributes=("something else",),
        requests=(Request("other", ("other",)),),
        description="other words",
        bullets=("other",),
        category="other",
        query="other",
        product_category="other",
        image="",
        price=low + (high - low) / 3,
    )
