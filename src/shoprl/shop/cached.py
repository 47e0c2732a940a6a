"""A feed given in a shop's place: imported once into the user's cache, opened from there by every later command."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

from shoprl.catalog.webshop import folder_and_products
from shoprl.errors import CatalogError, ShopRLError, StorageError
from shoprl.files import content_hash, sha256_of
from shoprl.shop.store import is_store, open_store, store_of
from shoprl.version import __version__

log = logging.getLogger(__name__)

CACHE = "SHOPRL_CACHE"  # the environment variable that names another folder
_FORM = 2  # of imports; raise it where a feed becomes other products than before


def cache_folder() -> Path:
    """Where imported feeds are kept: ``SHOPRL_CACHE``, or ``shoprl`` in the user's cache."""
    return Path(os.environ[CACHE]) if os.environ.get(CACHE) else user_cache_path("shoprl")


def shop_of(data: Path, strict: bool = False) -> Path | None:
    """The store to open for data: of a feed the one that it was imported to, else see :func:`store_of`.

    Args:
        data: a data folder, an ``items_shuffle*.json`` in one, a store or a feed.
        strict: whether a row of a feed that cannot be used is an error.

    Raises:
        CatalogError: the feed cannot be read; or as :func:`store_of`.
        StorageError: the cache cannot be written.
    """
    folder, named = folder_and_products(data)
    if named is not None:  # a store would be of another one
        return None
    return _imported(folder, strict) if folder.is_file() else store_of(folder)


def _imported(feed: Path, strict: bool) -> Path:
    key = content_hash([sha256_of(feed), feed.name, __version__, _FORM])
    store = cache_folder() / f"{feed.name.split('.')[0][:40] or 'feed'}-{key[:16]}"
    skipped = _skipped(store)
    if skipped is None:
        from shoprl.shop.importing import import_feed  # here, as few commands read a feed

        try:
            store.parent.mkdir(parents=True, exist_ok=True)
            made = import_feed([feed], store, strict=strict)
        except (OSError, StorageError) as error:
            raise StorageError(f"{store}: cannot be written ({error}). Set {CACHE} to a folder that can be.") from error
        log.warning("%s: imported into %s\n%s", feed, store, made.summary.text())
        skipped = made.summary.rejected
    if strict and skipped:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in skipped.items())
        raise CatalogError(f"{feed}: rows that cannot be used: {reasons}. They stand in {store / 'rejects.jsonl'}.")
    return store


def _skipped(store: Path) -> Mapping[str, int] | None:
    """Reason -> rows that were left out of an imported feed; None where there is none, or what was damaged since."""
    try:
        return open_store(store).catalog.skipped if is_store(store) else None
    except ShopRLError:
        return None
