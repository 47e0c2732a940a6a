"""A goal made of a purchase: what somebody bought for a request of their own is taken as what they wanted."""

from collections.abc import Mapping

from shoprl.catalog.kinds import kind_of
from shoprl.catalog.product import Product
from shoprl.shop.goal import NO_CEILING, Goal
from shoprl.tasks.instruction import terms_of

MAX_ATTRIBUTES = 5  # of a goal; WebShop's have at most five


def goal_of_purchase(request: str, product: Product, options: Mapping[str, str]) -> Goal:
    """The goal that a purchase answers.

    Its attributes are those of the product that the request names. A goal needs one: where the request names none it is
    the product's first, or its type. There is no price ceiling: what was paid was not too much.

    Args:
        request: what the shopper looked for.
        product: what was bought.
        options: with which options.
    """
    asked = terms_of(request)
    named = [name for name in product.attributes if (terms := terms_of(name)) and terms <= asked][:MAX_ATTRIBUTES]
    return Goal(
        asin=product.asin,
        category=product.category,
        query=product.query,
        name=product.title,
        product_category=product.product_category,
        instruction=request,
        attributes=tuple(named) or product.attributes[:1] or (kind_of(product),),
        options=dict(options),
        price_upper=NO_CEILING,
    )
