"""What a product family is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


def words(text: str) -> tuple[str, ...]:
    """The comma-separated parts of ``text``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Pool:
    """The values that one option of a product is drawn from.

    Attributes:
        name: the option's name as product files write it.
        values: every value, in a shop's order.
        ordered: whether a product offers neighbouring values (sizes) rather than any of them (colours).
    """

    name: str
    values: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Products of one type.

    Attributes:
        query: the product type, plural or uncountable.
        path: its place in the shop, parts separated by ``›``.
        kinds: sorts of this product, plural or uncountable.
        traits: attributes that say how it is ("machine washable").
        parts: attributes that say what it has ("memory foam").
        uses: attributes that say what it is for ("living room").
        themes: words for its look or line, as titles use them.
        pools: the options it may come with, the likeliest first.
        price: lowest and highest usual price, in dollars.
        accessory: whether it is made to go with a product of another family.
    """

    query: str
    path: str
    kinds: tuple[str, ...]
    traits: tuple[str, ...]
    parts: tuple[str, ...]
    uses: tuple[str, ...]
    themes: tuple[str, ...]
    pools: tuple[Pool, ...]
    price: tuple[float, float]
    accessory: bool = False

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute a product of this family may have."""
        return self.traits + self.parts + self.uses


def sold(
    root: str,
    themes: tuple[str, ...],
    query: str,
    leaf: str,
    kinds: str,
    traits: str,
    parts: str,
    uses: str,
    pools: tuple[Pool, ...],
    price: tuple[float, float],
    accessory: bool = False,
) -> Family:
    """A family of a department, whose first part of the path and themes it has; lists are given as texts."""
    told = (words(kinds), words(traits), words(parts), words(uses))
    return Family(query, f"{root} › {leaf}", *told, themes, pools, price, accessory)


def roles(families: Iterable[Family]) -> Mapping[str, str]:
    """Attribute -> "trait", "part" or "use"; the first family to name an attribute decides."""
    role_of: dict[str, str] = {}
    for family in families:
        for role, names in (("trait", family.traits), ("part", family.parts), ("use", family.uses)):
            for name in names:
                role_of.setdefault(name, role)
    return role_of
