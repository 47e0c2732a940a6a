"""The words that generated shops are made of: fourteen departments, their families, and how products are described."""

from collections.abc import Mapping
from types import MappingProxyType

from shoprl.catalog.vocabulary import (
    automotive,
    beauty,
    computers,
    electronics,
    fashion,
    garden,
    grocery,
    jewelry,
    kitchen,
    office,
    pets,
    sports,
    tools,
    toys,
)
from shoprl.catalog.vocabulary.family import Family, Pool, roles

DEPARTMENTS: Mapping[str, tuple[Family, ...]] = MappingProxyType(
    {
        "beauty": beauty.FAMILIES,
        "electronics": electronics.FAMILIES,
        "garden": garden.FAMILIES,
        "fashion": fashion.FAMILIES,
        "grocery": grocery.FAMILIES,
        "computers": computers.FAMILIES,
        "tools": tools.FAMILIES,
        "toys": toys.FAMILIES,
        "kitchen": kitchen.FAMILIES,
        "sports": sports.FAMILIES,
        "pets": pets.FAMILIES,
        "office": office.FAMILIES,
        "automotive": automotive.FAMILIES,
        "jewelry": jewelry.FAMILIES,
    }
)

ROLES: Mapping[str, str] = MappingProxyType(roles(family for group in DEPARTMENTS.values() for family in group))
"""Attribute -> "trait" (how it is), "part" (what it has) or "use" (what it is for)."""

__all__ = ["DEPARTMENTS", "ROLES", "Family", "Pool"]
