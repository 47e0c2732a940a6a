"""``/v1/products`` and ``/v1/search``: the shop itself."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query

from shoprl.catalog.ids import MAX_ID, id_of
from shoprl.catalog.product import Product
from shoprl.service.access import Caller
from shoprl.service.filters import categories_of
from shoprl.service.models import Found, FoundProduct, ProductModel
from shoprl.service.problems import ProblemError, ProblemRoute, responses
from shoprl.service.routes.common import Cursor, Limit, needs, page, read
from shoprl.service.running import Service
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.shop.page import price_shown
from shoprl.shop.session import PER_PAGE

ProductId = Annotated[str, Path(max_length=MAX_ID)]
Query_ = Annotated[str, Query(min_length=1, max_length=MAX_INSTRUCTION, description="What to search for.")]


def product_model(product: Product) -> ProductModel:
    """A product as it is answered."""
    names = ("title", "description", "brand", "currency", "availability", "image", "url", "rating", "rating_count")
    return ProductModel(
        id=id_of(product.asin),
        features=list(product.bullets),
        categories=categories_of(product),
        price=_price(product),
        price_shown=price_shown(product, {}),
        options={name: list(values) for name, values in product.options.items()},
        **{name: getattr(product, name) for name in names},
    )


def _price(product: Product) -> float | None:
    return None if product.price is None else round(product.price, 2)


async def found_asins(service: Service, query: str) -> list[str]:
    """What the shop's own search finds."""
    if service.hybrid:
        return await asyncio.wrap_future(service.workers.search(query))
    return list(await read(lambda: service.shop.search.find(query)))


def router(service: Service) -> APIRouter:
    """The endpoints."""
    routes = APIRouter(prefix="/v1", tags=["shop"], route_class=ProblemRoute)
    needed = needs(service, "recommend")

    @routes.get("/products/{product_id:path}", responses=responses("not_found"))
    async def product(product_id: ProductId, caller: Caller = needed) -> ProductModel:
        """A product by its catalogue's id."""
        found = await read(lambda: service.product(product_id))
        if found is None:
            raise ProblemError("not_found", f"product {product_id[:100]!r}: the shop sells none of this id.")
        return product_model(found)

    @routes.get("/search", responses=responses("invalid"))
    async def search(q: Query_, cursor: Cursor = None, limit: Limit = PER_PAGE, caller: Caller = needed) -> Found:
        """What the shop's own search finds, at most 50 products."""
        asins = await found_asins(service, q)
        places, following = page(list(enumerate(asins, start=1)), cursor, limit)
        return Found(results=[_found(service, place, asin) for place, asin in places], next_cursor=following)

    return routes


def _found(service: Service, place: int, asin: str) -> FoundProduct:
    product = service.shop.catalog[asin]
    names = ("title", "currency", "image")
    own = {name: getattr(product, name) for name in names}
    return FoundProduct(position=place, id=id_of(asin), price=_price(product), **own)
