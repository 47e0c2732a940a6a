"""What a step of an episode is, in a sentence, and how pages write prices and times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shoprl.catalog.money import price_tag
from shoprl.shop.page import PREVIOUS
from shoprl.shop.session import parse_action

TITLE = 80  # characters of a title in a sentence
NAMED = 3  # products that a comparison names
_PREVIOUS = PREVIOUS.lower()


def price_text(price: float | None, currency: str) -> str:
    """A price as pages write it."""
    return "Price unknown" if price is None else price_tag({price}, currency)


def limit_text(price: float) -> str:
    """A price as people type it into a field, and as the field is understood again."""
    text = f"{price:.15g}"
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text  # three decimals may be thousands


def moment_text(seconds: float | None) -> str:
    """A time in UTC."""
    return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def sentence(step: Mapping[str, Any]) -> str:
    """A step as :meth:`shoprl.service.shopping.Shopper.make` tells of it, as people read it."""
    if step["kind"] == "comparing":
        return f"Compares what was seen. Best so far: {_titles(step['products'])}."
    argument = parse_action(step["action"])[1] or ""
    product = _title(step["product"]) if "product" in step else ""
    if step["kind"] == "results":
        if step["action"].startswith("search["):
            return f"Searches for “{argument}”: {step['found']} found."
        back = "Goes back to" if argument == _PREVIOUS else "Looks at"
        return f"{back} page {step['page']} of the results."
    if step["kind"] == "sub":
        return f"Reads the {argument} of {product}."
    if step["kind"] == "done":
        return f"Buys {product}{_options(step['options'])}."
    if step["kind"] == "search":
        return "Goes back to the search."
    return _on_item(argument, product, step["options"])


def _on_item(argument: str, product: str, options: Mapping[str, str]) -> str:
    if argument == _PREVIOUS:
        return f"Goes back to {product}."
    chosen = next((name for name, value in options.items() if value == argument), None)
    return f"Opens {product}." if chosen is None else f"Chooses {chosen}: {argument}."


def _title(product: Mapping[str, str]) -> str:
    title = " ".join(product["title"].split())
    return f"“{title if len(title) <= TITLE else title[: TITLE - 1] + '…'}”"


def _titles(products: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(_title(each) for each in products[:NAMED]) or "nothing yet"


def _options(options: Mapping[str, str]) -> str:
    return f" ({', '.join(f'{name}: {value}' for name, value in options.items())})" if options else ""
