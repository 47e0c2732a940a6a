"""Actions of a random shopper, legal or not."""

import re
from collections.abc import Collection

import numpy as np

from tests.support.toyshop import EVERYTHING

SEARCH = f"search[{EVERYTHING}]"
ILLEGAL = ("", "nonsense", "click[no such thing]", "search[]", "click[[x]]", "search[日本 ★]", "click[Buy Now", "é\n")


def choose(draw: np.random.Generator, clickables: list[str]) -> str:
    """A legal action, buying often, or now and then an illegal one."""
    if draw.random() < 0.2:
        return str(draw.choice(ILLEGAL))
    if "buy now" in clickables and draw.random() < 0.5:
        return "click[buy now]"
    return f"click[{draw.choice(clickables)}]" if len(clickables) > 1 else SEARCH


def accepted(clickables: Collection[str], action: str) -> bool:
    """Whether the original takes an action on a page that offers these clickables; a search it takes on any page."""
    match = re.match(r"(.+)\[(.+)\]", action)  # its parser: what follows the last bracket is not looked at
    if match is None:
        return False
    name, argument = match[1], match[2].lower()
    return name == "search" or (name == "click" and argument != "search" and argument in clickables)
