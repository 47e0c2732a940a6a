"""``shoprl replay-decision``: make a decision of a service again, from its log."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from shoprl.cli.database import opened
from shoprl.cli.options import Confirming, Printing
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError, PolicyError
from shoprl.shop.searching import SearchKind
from shoprl.terminal import shown


@dataclass(frozen=True, kw_only=True)
class ReplayDecision(Confirming, Printing):
    """Make a decision again from its log, and compare: which policy was drawn, and the list with its propensities.

    It ends with 1 where they differ.

    Attributes:
        decision_id: of the decision.
        catalog: what shoprl serve was given.
        database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; the one beside the catalogue when left out.
        search: as shoprl serve had it.
    """

    decision_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DECISION_ID")]
    catalog: Path
    database: str | None = None
    search: SearchKind | None = None

    def execute(self) -> None:
        """Run the command."""
        from shoprl.service.database import close_database, reading
        from shoprl.service.decisions import find
        from shoprl.service.policies import version_of
        from shoprl.service.replay import replay
        from shoprl.service.shopping import Opening
        from shoprl.shop.cached import shop_of
        from shoprl.shop.data import read_products

        engine = opened(self.database, self.catalog)
        with reading(engine) as connection:
            decision = find(connection, self.decision_id)
        close_database(engine)
        if decision is None:
            raise ConfigError(f"decision {self.decision_id[:100]!r}: there is none in this database.")
        data = shop_of(self.catalog) or self.catalog
        if read_products(data).content_hash != decision.shop:
            raise ConfigError(f"--catalog {self.catalog}: its products are not those that the decision was made among.")
        folder = str(decision.settings["folder"])
        if version_of(folder) != decision.policy_version:
            raise PolicyError(f"{folder}: not the policy that made the decision: its files were changed.")
        found = replay(decision, Opening(data, self.search, 1, self.backbone).shopper())
        rows = [
            (place, item["id"], f"{item['propensity']:.4f}", shown(item["title"], 60))
            for place, item in enumerate(found.items, start=1)
        ]
        drawn, made = ("same" if each else "DIFFERS" for each in (found.same_policy, found.same_items))
        text = f"Policy {decision.policy}: {drawn}. List: {made}.\n" + table(("#", "id", "propensity", "title"), rows)
        answer = {"decision_id": decision.decision_id, "same_policy": found.same_policy, "same_items": found.same_items}
        emit(answer | {"items": [dict(item) for item in found.items]}, text, self.json)
        if not (found.same_policy and found.same_items):
            sys.exit(1)
