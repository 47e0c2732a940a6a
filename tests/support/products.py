"""Products of few words, for search indexes."""

import random

from shoprl.catalog.product import Product

WORDS = ("red", "blue", "wool", "cotton", "shoe", "boot", "hat", "scarf", "soft", "warm", "light", "★", "10", "wide")


def product(asin: str, title: str, **fields: object) -> Product:
    texts: dict[str, object] = {"description": "", "bullets": (), "query": "", "product_category": "", "category": ""}
    return Product(asin, title, **(texts | {"price": 1.0, "price_tag": "$1.0"} | fields))  # type: ignore[arg-type]


def random_products(count: int) -> list[Product]:
    draw = random.Random(7)
    return [product(f"B{n:04d}", " ".join(draw.choices(WORDS, k=draw.randint(1, 60)))) for n in range(count)]
