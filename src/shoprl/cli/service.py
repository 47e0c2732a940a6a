"""What commands share that open a service: its shop, its database and its policies."""

import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoprl.cli.database import opened
from shoprl.cli.options import Confirming
from shoprl.errors import BackboneError, PolicyError, ShopRLError
from shoprl.service.config import ServiceConfig
from shoprl.settings import Settings, Threads
from shoprl.shop.searching import SearchKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shoprl.service.running import Service


_log = logging.getLogger("shoprl")
BASELINE = "rule-options"  # what people can compare a policy's lists with, where there is no other one


@dataclass(frozen=True, kw_only=True)
class OnService(Confirming, Settings):
    """Options of commands that open a service.

    Attributes:
        catalog: a product feed, which is imported once, a shop or a data folder.
        policy: a policy folder, or one of the built-in policies: pretrained, rule, rule-options, random; becomes the
            active one, in the place of the one in the database.
        database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; SQLite beside the shop when left out.
        search: bm25 searches as WebShop does; hybrid by all fields of a product and by meaning, with the vectors that
            shoprl catalog vectors made. When left out, hybrid where the shop has vectors.
        threads: processor threads of each process that makes lists.
    """

    catalog: Path
    policy: str | None = None
    database: str | None = None
    search: SearchKind | None = None
    threads: Threads = 1

    def service(self, config: ServiceConfig, check: Callable[["Engine"], None] = lambda engine: None) -> "Service":
        """Open the service.

        Args:
            config: its settings.
            check: is shown the database before anything is written to it.
        """
        from shoprl.recommender.prepared import prepared_tagger
        from shoprl.service.database import close_database
        from shoprl.service.policies import version_of
        from shoprl.service.running import Service
        from shoprl.service.shopping import Opening
        from shoprl.shop.cached import shop_of
        from shoprl.shop.data import read_shop
        from shoprl.shop.store import build_store

        data = shop_of(self.catalog) or build_store(self.catalog)
        if self.policy is not None:
            version_of(self._folder(self.policy))
        _prepare(data, self.policy or "pretrained", self.backbone)
        engine = opened(self.database, self.catalog)
        try:
            check(engine)
            first = self._register(engine)
            shop = read_shop(data, tagger=prepared_tagger(data))
            return Service(shop, Opening(data, self.search, self.threads, self.backbone, first), engine, config)
        except BaseException:
            close_database(engine)
            raise

    def _register(self, engine: "Engine") -> str:
        """Make known what may answer, and see that one policy is active; returns that one's folder."""
        from shoprl.policies.packaged import PRETRAINED
        from shoprl.service.database import reported, writing
        from shoprl.service.policies import all_policies, register, set_role

        with reported(engine), writing(engine) as connection:
            now, known = time.time(), all_policies(connection)
            for name in (PRETRAINED, BASELINE):
                register(connection, name, name, now)
            if self.policy is not None:
                folder = self._folder(self.policy)
                name = next((each.name for each in known if each.folder == folder), Path(folder).name)
                set_role(connection, register(connection, name, folder, now).name, "active", now)
            elif not any(each.role == "active" for each in known):
                set_role(connection, PRETRAINED, "active", now)
            return next(each.folder for each in all_policies(connection) if each.role == "active")

    @staticmethod
    def _folder(policy: str) -> str:
        """As the database knows it: absolute, or the name of a built-in policy."""
        from shoprl.policies.packaged import NAMES

        return policy if policy in NAMES else str(Path(policy).absolute())


def _prepare(data: Path, policy: str, backbones: tuple[str, ...]) -> None:
    """Encode a shop's words, unless that was done, and see that a policy of the user's own can be loaded.

    In a process of its own, which frees its memory.

    Raises:
        PolicyError: it cannot be loaded.
        BackboneError: what it reads texts with cannot.
    """
    from shoprl.policies.packaged import NAMES
    from shoprl.policies.simple import SIMPLE
    from shoprl.recommender.prepared import is_prepared

    own, encode = policy not in NAMES, not is_prepared(data)
    if policy in SIMPLE or not (own or encode):
        return
    if encode:
        sys.stderr.write("Encoding the words of the shop's products, once; the first answer then comes at once.\n")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        try:
            process.submit(_encode, data if encode else None, policy, backbones).result()
        except (ShopRLError, BrokenProcessPool) as error:
            if own and isinstance(error, (PolicyError, BackboneError)):
                raise
            _log.warning("%s", error)  # lists come all the same, the first ones slowly


def _encode(data: Path | None, policy: str, backbones: tuple[str, ...]) -> None:
    from shoprl.policies.saving import load_policy
    from shoprl.recommender.prepared import prepare_words

    os.environ.setdefault("OMP_NUM_THREADS", "2")
    loaded = load_policy(policy, backbone=backbones)
    if data is not None:
        prepare_words(loaded, data)
