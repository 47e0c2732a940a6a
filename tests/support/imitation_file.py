"""Recorded episodes in the form of WebShop's imitation file."""

import gzip
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.catalog.catalog import Catalog
from shoprl.shop.session import parse_action
from tests.support.recorder import toy_recordings
from tests.support.toyshop import toy_catalog

Row = dict[str, Any]


def _translated(argument: str, catalog: Catalog) -> str:
    asin = argument.upper()
    return f"click[item - {catalog[asin].title.lower()}]" if asin in catalog else f"click[{argument}]"


def _taken(before: Mapping[str, Any], action: str) -> bool:
    """Whether a recorded action did something: a person's file holds no others."""
    name, argument = parse_action(action)
    offered = before["available"]["clickables"]
    return bool(argument) and (name == "search" or (name == "click" and argument != "search" and argument in offered))


def imitation_row(steps: Sequence[Mapping[str, Any]], catalog: Catalog, images: bool = True) -> Row:
    """A recorded episode as a line of the imitation file."""
    row: Row = {name: [] for name in ("states", "actions", "available_actions", "action_idxs", "actions_translate")}
    for before, after in itertools.pairwise(steps):
        action = after["action"]
        if not _taken(before, action):
            continue
        name, argument = parse_action(action)
        assert argument is not None
        searches, bar = name == "search", before["available"]["has_search_bar"]
        offered = [] if bar else [_translated(text, catalog) for text in before["available"]["clickables"]]
        row["states"].append(before["text_rich"])
        row["actions"].append(action if searches else f"click[{argument}]")
        row["actions_translate"].append(action if searches else _translated(argument, catalog))
        row["available_actions"].append(offered)
        row["action_idxs"].append(-1 if searches else before["available"]["clickables"].index(argument))
    return row | {"images": [0 if "item -" in each else [0.5] * 4 for each in row["actions"]]} if images else row


def write_file(path: Path, rows: Iterable[Row]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def toy_rows() -> list[Row]:
    """Three recorded episodes of the toy shop: the second and the third end with a purchase."""
    return [imitation_row(episode["steps"], toy_catalog()) for episode in toy_recordings()["episodes"]]
