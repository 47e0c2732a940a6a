"""The options to take a product with where nobody has chosen any."""

from shoprl.catalog.product import Product
from shoprl.shop.page import item_clickables
from shoprl.tasks.instruction import named_values


def named_options(product: Product, wish: str) -> dict[str, str]:
    """The options that a wish names verbatim, as :class:`shoprl.policies.simple.RuleOptionsPolicy` selects them."""
    values = ((option, value) for value, option in item_clickables(product).items() if option is not None)
    return named_values(values, wish)
