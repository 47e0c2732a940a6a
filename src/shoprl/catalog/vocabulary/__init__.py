"""The words that generated shops are made of: five departments, their families, and how products are described."""

from collections.abc import Mapping
from types import MappingProxyType

from shoprl.catalog.vocabulary import beauty, electronics, fashion, garden, grocery
from shoprl.catalog.vocabulary.family import Family, Pool, roles

DEPARTMENTS: Mapping[str, tuple[Family, ...]] = MappingProxyType(
    {
        "beauty": beauty.FAMILIES,
        "electronics": electronics.FAMILIES,
        "garden": garden.FAMILIES,
        "fashion": fashion.FAMILIES,
        "grocery": grocery.FAMILIES,
    }
)

ROLES: Mapping[str, str] = MappingProxyType(roles(family for group in DEPARTMENTS.values() for family in group))
"""Attribute -> "trait" (how it is), "part" (what it has) or "use" (what it is for)."""

__all__ = ["DEPARTMENTS", "ROLES", "Family", "Pool"]
