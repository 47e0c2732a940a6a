"""Changes to a shop from a feed: whole rows replace products, rows without a title change the fields that they hold."""

import tempfile
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from shoprl.catalog.attributes import mine_attributes
from shoprl.catalog.catalog import Catalog
from shoprl.catalog.ids import asin_of
from shoprl.catalog.money import price_tag
from shoprl.catalog.product import Product
from shoprl.errors import CatalogError
from shoprl.feeds.drafts import Draft
from shoprl.feeds.entries import Fault
from shoprl.feeds.mapping import FeedMapping, mapping_from_json, read_mapping
from shoprl.feeds.reader import Feed
from shoprl.feeds.rows import Origin, RowReader
from shoprl.feeds.summary import Summary
from shoprl.feeds.values import RowError
from shoprl.reading import read_json, read_lines
from shoprl.shop.importing import ABOUT_IMPORT, ATTRIBUTES
from shoprl.shop.planning import Updated
from shoprl.shop.store import is_store, open_store
from shoprl.shop.updating import update_store


@dataclass(frozen=True)
class Refreshed:
    """What an update did.

    Attributes:
        updated: to the shop.
        summary: what became of the feed's rows.
        rejects: the rows that nothing was made of.
    """

    updated: Updated
    summary: Summary
    rejects: tuple[Fault, ...]


def update_from_feed(
    store: Path,
    sources: Sequence[str | Path],
    origin: Origin | None = None,
    mapping: Path | None = None,
    removed: Path | None = None,
    whole: bool = False,
    strict: bool = False,
) -> Refreshed:
    """Add, change and remove products of a shop.

    Args:
        store: the shop.
        sources: as for :func:`shoprl.shop.importing.import_feed`; fields and prices are read as they were when the shop
            was made, as far as the feed has those fields.
        origin: as there.
        mapping: as there.
        removed: a file of identifiers to remove, one a line.
        whole: the feed is the whole catalogue: products that it does not hold are removed.
        strict: whether a row that cannot be used is an error.

    Raises:
        CatalogError: there is no shop, a source cannot be read, no row can be used, or an identifier to remove is not
            there.
        StorageError: the store cannot be written; it is then as before.
    """
    if not is_store(store):
        raise CatalogError(f"{store}: is no shop. Give one that `shoprl catalog import` or `build --out` wrote.")
    catalog = open_store(store).catalog
    gone = [] if removed is None else [asin_in(catalog, identifier) for identifier in _identifiers(removed)]
    known = imported_mapping(store)
    rows = RowReader([str(source) for source in sources], origin or Origin())
    with tempfile.TemporaryDirectory(prefix="shoprl-update-") as work:
        given = (read_mapping(mapping), mapping) if mapping is not None else None
        feed = Feed(rows, Path(work) / "feed", given, known=known)
        partial = not feed.mapping.of("title")
        changed = _patched(feed, catalog) if partial else _with_attributes(feed, catalog)
        feed.check(strict)
    if whole:
        if partial:
            raise CatalogError("A feed without titles names no whole products, so it cannot be the whole catalogue.")
        kept = {product.asin for product in changed}
        gone += [product.asin for product in catalog if product.asin not in kept]
    updated = update_store(store, changed, gone)
    return Refreshed(updated, feed.summary, tuple(feed.rejects))


def _identifiers(path: Path) -> list[str]:
    """The identifiers of a file with one a line."""
    return [line.decode(errors="replace").strip() for _, line in read_lines(path, CatalogError)]


def asin_in(catalog: Catalog, identifier: str, taken: Set[str] = frozenset()) -> str:
    """The ASIN of an identifier in a shop: that of its product there, or a new one.

    Args:
        catalog: the shop's products.
        identifier: as its feed writes it.
        taken: further ASINs, in lower case.
    """
    asin = asin_of(identifier)
    escaped = asin_of(identifier, {asin.lower()})
    if asin in catalog or escaped in catalog:
        return asin if asin in catalog else escaped
    others = (asin.lower(), asin.upper(), asin.title())  # of another product whose identifier differs in case
    return escaped if any(other in catalog for other in others) else asin_of(identifier, taken)


def imported_mapping(store: Path) -> FeedMapping | None:
    """What each field was of the feed that a shop was made of, and how it wrote prices; None for other shops."""
    path = store / ABOUT_IMPORT
    if not path.is_file():
        return None
    try:
        return mapping_from_json(read_json(path, CatalogError)["mapping"])
    except (KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"{path}: is not what the import wrote. Import the shop again.") from error


def _with_attributes(feed: Feed, catalog: Catalog) -> list[Product]:
    """The feed's products; one that brings no attributes keeps those it has, or gets those that set it apart here."""
    products = list(feed.products(partial(asin_in, catalog)))
    mined = mine_attributes(products, ATTRIBUTES, readable=True)
    return [_attributed(product, terms, catalog) for product, terms in zip(products, mined, strict=True)]


def _attributed(product: Product, mined: tuple[str, ...], catalog: Catalog) -> Product:
    if product.attributes:
        return product
    if product.asin in catalog and _told_by(catalog[product.asin]) == _told_by(product):
        return replace(product, attributes=catalog[product.asin].attributes)
    return replace(product, attributes=mined)


def _told_by(product: Product) -> tuple[object, ...]:
    """What attributes are mined from."""
    return product.title, product.bullets, product.category


def _patched(feed: Feed, catalog: Catalog) -> list[Product]:
    """The shop's products with the fields changed that the feed's rows hold."""
    groups = list(feed.groups())
    owners = _owners(catalog, {name for group in groups if asin_in(catalog, name := group.identifier) not in catalog})
    changed: dict[str, Product] = {}
    for group in groups:
        asin = owners.get(group.identifier) or asin_in(catalog, group.identifier)
        try:
            if asin not in catalog:
                what = f"the shop has no product {group.identifier[:60]!r}, and the feed no title to make it of"
                raise RowError("not in the shop", what)
            product = changed.get(asin) or catalog[asin]
            for draft in group.drafts:
                product = _changed(product, draft)
        except RowError as error:
            feed.reject(group, error)
            continue
        changed[asin] = product
        feed.summary.used += len(group.lines)
    for product in changed.values():
        feed.summary.add(product)
    return list(changed.values())


def _owners(catalog: Catalog, names: set[str]) -> dict[str, str]:
    """Variant's id -> ASIN of the product that has it, for ids that are no product's."""
    if not names:
        return {}
    return {variant.id: product.asin for product in catalog for variant in product.variants if variant.id in names}


_TEXTS = ("description", "brand", "url", "availability")


def _changed(product: Product, draft: Draft) -> Product:
    """A product with what one row says of it."""
    fields: dict[str, Any] = {name: getattr(draft, name) for name in _TEXTS if getattr(draft, name)}
    fields |= {name: value for name in ("rating", "rating_count") if (value := getattr(draft, name)) is not None}
    if draft.images:
        fields |= {"image": draft.images[0], "images": draft.images[1:]}
    if draft.bullets:
        fields["bullets"] = draft.bullets
    currency = draft.price.currency or product.currency
    amounts = list(draft.price.amounts)
    if product.variants and (amounts or draft.availability):
        variants = [variant for variant in product.variants if variant.id == draft.id]
        if len(variants) != 1:
            raise RowError("no such variant", f"the product has variants, and {draft.id[:60]!r} is the id of none")
        new = replace(
            variants[0],
            price=amounts[0] if amounts else variants[0].price,
            availability=draft.availability or variants[0].availability,
        )
        every = tuple(new if variant is variants[0] else variant for variant in product.variants)
        amounts = [variant.price for variant in every if variant.price is not None] if amounts else []
        words = {variant.availability for variant in every}
        fields |= {"variants": every, "availability": "in stock" if "in stock" in words else new.availability}
    if amounts:
        fields |= {"price": min(amounts), "price_tag": price_tag(amounts, currency), "currency": currency}
    return replace(product, **fields)
