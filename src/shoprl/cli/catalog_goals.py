"""``shoprl catalog goals``: make goals of a catalogue itself."""

from dataclasses import dataclass
from pathlib import Path

from shoprl.cli.options import OnData, Printing, Seeded, Strict
from shoprl.cli.output import emit
from shoprl.errors import ConfigError
from shoprl.settings import Count
from shoprl.shop.catalog_goals import Wording, goals_for, write_catalog_goals
from shoprl.shop.data import read_products


@dataclass(frozen=True, kw_only=True)
class Goals(OnData, Seeded, Strict, Printing):
    """Make goals of a catalogue's own attributes, options and prices, and split them.

    All products are asked for evenly; none needs instructions. The same seed gives the same goals.

    Attributes:
        out: the folder to write, which gets goals.jsonl.gz, split.json and split_disjoint.json; must be new or empty.
        wording: WebShop's synthetic instructions; requests as people phrase them; the same with other words than the
            shop's (everyday); keywords as typed into a search box; half webshop and half people (both); or a fourth of
            each (all).
        goals: how many; when left out one a product, of 20,000 products at most.
    """

    out: Path
    wording: Wording = "both"
    goals: Count | None = None

    def execute(self) -> None:
        """Run the command."""
        import numpy as np

        if self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
            raise ConfigError(f"{self.out}: not an empty folder. Choose another one with --out.")
        catalog = read_products(self.data, self.strict)
        made = goals_for(catalog, np.random.default_rng(self.seed), self.wording, self.goals)
        hashes = write_catalog_goals(self.out, made.goals, np.random.default_rng([self.seed, 2]))
        answer = {
            "folder": str(self.out),
            "goals": len(made.goals),
            "products": made.products,
            "products_askable": made.askable,
            "products_without_attributes": made.without,
            "wording": self.wording,
            "hashes": {"catalog": catalog.content_hash, **hashes},
        }
        text = (
            f"{len(made.goals)} goals for {made.products} of {len(catalog)} products in {self.out}"
            + (f"; {made.without} products have no attribute to ask for" if made.without else "")
            + "".join(f"\n{name}: {digest}" for name, digest in hashes.items())
        )
        emit(answer, text, self.json)
