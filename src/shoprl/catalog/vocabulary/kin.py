"""Families next to a family: the same thing made for other people, and what goes with it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.family import Family, words

_PEOPLE: Mapping[str, str] = {"men's": "Men", "women's": "Women", "girls'": "Girls", "boys'": "Boys"}
_YOUNG = ("girls'", "boys'")
_GOES_WITH: Mapping[str, tuple[str, ...]] = {  # department -> kinds of things that go with another
    "beauty": words("travel cases, organizers, holders, storage bags, dispensers, gift boxes"),
    "electronics": words("cases, carrying bags, stands, dust covers, chargers, wall mounts, replacement parts"),
    "fashion": words("storage bags, hangers, care kits, repair kits, garment covers, gift boxes"),
    "garden": words("covers, replacement parts, hooks, protective pads, repair kits, storage bags"),
    "computers": words("sleeves, stands, chargers, keyboard covers, carrying cases, screen filters, replacement parts"),
    "jewelry": words("boxes, repair kits, cleaning cloths, replacement straps, travel pouches, display stands"),
    "grocery": words("storage jars, dispensers, gift boxes, serving trays, storage tins, scoops"),
}
_ANYWHERE = words("storage bags, covers, holders, replacement parts, carrying cases, gift boxes, repair kits")
_TRAITS = words("easy carry, light weight, water resistant, heavy duty, space saving, easy install, eco friendly")
_PARTS = words("carrying bag, stainless steel, zipper closure, tool kit, braided nylon")
_USES = words("daily protection, home office, road trips, guest room, business trips")


def _whom(family: Family) -> str:
    """Whom a family is made for, as its name begins: "men's", or an empty string."""
    first = family.query.split(" ", 1)[0]
    return first if first in _PEOPLE else ""


def with_kin(family: Family) -> bool:
    """Whether a family is made for some people, so that the same could be made for others."""
    return bool(_whom(family))


@lru_cache(maxsize=1024)
def _for(family: Family, who: str) -> Family:
    old = _whom(family)
    sized = options.KIDS if who in _YOUNG else options.CLOTHES
    pools = tuple(sized if pool in (options.KIDS, options.CLOTHES) else pool for pool in family.pools)
    return replace(
        family,
        query=family.query.replace(old, who, 1),
        path=family.path.replace(f"› {_PEOPLE[old]} ›", f"› {_PEOPLE[who]} ›", 1),
        kinds=tuple(kind.replace(old, who, 1) for kind in family.kinds),
        pools=pools,
    )


def kin(draws: Draws, family: Family) -> Family:
    """A family of the same things for other people; see :func:`with_kin`."""
    return _for(family, draws.pick([who for who in _PEOPLE if who != _whom(family)]))


@lru_cache(maxsize=2048)
def accessory(department: str, host: str) -> Family:
    """What goes with a product: cases, stands, and what else its department has."""
    kinds = tuple(f"{host} {noun}" for noun in _GOES_WITH.get(department, _ANYWHERE))
    return Family(
        query=f"{host} accessories",
        path=f"{department.capitalize()} › Accessories › {host.capitalize()} Accessories",
        kinds=kinds,
        traits=_TRAITS,
        parts=_PARTS,
        uses=_USES,
        themes=words("Classic, Compact, Studio, Voyager, Everyday, Basic"),
        pools=(options.COLOR, options.PACK),
        price=(5, 45),
        accessory=True,
    )
