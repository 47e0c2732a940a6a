"""``shoprl goals``: the goals of a shop, one JSON object a line."""

import json
import sys
from dataclasses import dataclass

from shoprl.cli.options import OnData, Strict
from shoprl.settings import Count
from shoprl.shop.data import read_catalog_and_goals
from shoprl.shop.making import MadeGoals
from shoprl.terminal import escaped


@dataclass(frozen=True, kw_only=True)
class Goals(OnData, Strict):
    """Print goals as JSON lines, those made of WebShop's files in WebShop's order.

    A line holds WebShop's fields, so that what is printed can be a goals file. It is printed as it is made.

    Attributes:
        kind: synthetic or human, in WebShop's order (synthetic-numpy and human-numpy: in that of earlier versions); the
            shop's own when left out.
        first: only this many, from the first on; all when left out.
    """

    kind: MadeGoals | None = None
    first: Count | None = None

    def execute(self) -> None:
        """Run the command."""
        _, goals = read_catalog_and_goals(self.data, self.strict, self.kind)
        for number in range(min(len(goals), self.first or len(goals))):
            sys.stdout.write(f"{escaped(json.dumps(goals[number].to_json(), ensure_ascii=False))}\n")
