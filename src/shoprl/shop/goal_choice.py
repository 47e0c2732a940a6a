"""Which goals a shop has: those of a goals file, or those made of its instructions."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ConfigError
from shoprl.shop.goal import GOAL_SEED, Goal, goals_file, goals_hash, read_goals
from shoprl.shop.making import GoalKind, MadeGoals, make_goals
from shoprl.shop.splits import named_goals
from shoprl.shop.webshop_goals import TooManyGoalsError, WebShopGoals

log = logging.getLogger(__name__)

OLDER: Mapping[MadeGoals, MadeGoals] = {"synthetic": "synthetic-numpy", "human": "human-numpy"}


class Found(NamedTuple):
    """The goals of a shop, and what they were made as; None for goals that were given."""

    goals: Sequence[Goal]
    made: MadeGoals | None


def chosen_goals(
    goals: MadeGoals | Path | str | None, human_goals: bool | int | None = None
) -> MadeGoals | Path | None:
    """What was asked for: goals to make, a goals file, or None for the shop's own.

    Args:
        goals: ``synthetic`` or ``human``: WebShop's goals of that kind in its order; ``synthetic-numpy`` or
            ``human-numpy``: in the order of earlier versions; or a goals file.
        human_goals: WebShop's name for ``human`` (true) and ``synthetic`` (false).

    Raises:
        ConfigError: both are given.
    """
    if goals is not None and human_goals is not None:
        raise ConfigError("goals, human_goals: they name the same thing. Give one of them.")
    if human_goals is not None:
        return "human" if human_goals else "synthetic"
    made: dict[str, MadeGoals] = {name: name for name in get_args(MadeGoals)}
    return made.get(str(goals)) or Path(goals) if goals is not None else None


def kinds_held(goals: Sequence[Goal]) -> set[GoalKind]:
    """The kinds of some goals: ``synthetic`` ones have an object of options, ``human`` ones a list of values."""
    return {"synthetic" if isinstance(goal.options, Mapping) else "human" for goal in goals}


def check_held(goals: Sequence[Goal], human_goals: bool | int | None) -> None:
    """Refuse loaded goals that are not all of the kind asked for.

    Raises:
        ConfigError: they are not.
    """
    if human_goals is None:
        return
    wanted, held = "human" if human_goals else "synthetic", kinds_held(goals)
    if held != {wanted}:
        raise ConfigError(
            f"human_goals {human_goals!r}: the data holds {' and '.join(sorted(held))} goals. Leave it out, or give a "
            f"data folder with {wanted} goals in place of loaded data (`read_data` takes human_goals as well)."
        )


def made_goals(catalog: Catalog, made: MadeGoals) -> Sequence[Goal]:
    """Goals made of the requests of a catalogue's products.

    Raises:
        GoalError: there are none of that kind, or too many.
    """
    kind: GoalKind = "human" if made.startswith("human") else "synthetic"
    if made in OLDER:
        return WebShopGoals(catalog, kind)
    return make_goals(catalog, np.random.default_rng(GOAL_SEED), kind)


def goals_of_folder(
    folder: Path, catalog: Catalog, wanted: MadeGoals | Path | None, make: Callable[[MadeGoals], Sequence[Goal]]
) -> Found:
    """The goals of a data folder.

    Those of its ``goals.jsonl`` where it has one, unless others are wanted. Without one they are made of its synthetic
    instructions, or of its human ones where it has no others: in WebShop's order, or in that of earlier versions where
    the folder holds splits of such goals.

    Args:
        folder: the data folder.
        catalog: its products.
        wanted: as :func:`chosen_goals` gives it.
        make: makes goals of the catalogue.

    Raises:
        GoalError: they cannot be read, or there are none.
    """
    if isinstance(wanted, Path):
        return Found(read_goals(wanted, catalog), None)
    path = goals_file(folder)
    given = read_goals(path, catalog) if path else None
    if given is not None and (wanted is None or kinds_held(given) == {wanted}):
        return Found(given, None)
    if wanted is not None:
        return Found(make(wanted), wanted)
    synthetic = any(request.options is None for product in catalog for request in product.requests)
    human = not synthetic and any(product.requests for product in catalog)
    kind: GoalKind = "human" if human else "synthetic"
    named = named_goals(folder)
    try:
        goals = make(kind)
        older = named is not None and named != goals_hash(goals)
    except TooManyGoalsError as error:
        log.warning("%s: %s They are made as %s.", folder, error, OLDER[kind])
        older = True
    return Found(make(OLDER[kind]), OLDER[kind]) if older else Found(goals, kind)
