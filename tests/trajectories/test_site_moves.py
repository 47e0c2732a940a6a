"""Pages of WebShop's site; tests/trajectories/test_site_logs.py has whole logs."""

from dataclasses import replace

import pytest

from shoprl.trajectories.site_moves import BACK, BUY, NEXT, PREVIOUS, START, Place, moves_between

RESULTS = Place("search_results", "red mug")
PAGE_THREE = replace(RESULTS, number=3)
ITEM = Place("item_page", "red mug", asin="B0MUG")
CHOSEN = replace(ITEM, options={"color": "red", "size": "big"})
SECTION = replace(ITEM, kind="item_sub_page", section="Reviews")
OTHER_ITEM = replace(ITEM, asin="B0CUP")
SEARCH, OPEN = "search[red mug]", "click[b0mug]"


@pytest.mark.parametrize(
    ("here", "there", "moves"),
    [
        (RESULTS, RESULTS, []),
        (START, START, []),
        (SECTION, SECTION, []),
        (ITEM, START, [BACK]),
        (START, RESULTS, [SEARCH]),
        (START, PAGE_THREE, [SEARCH, NEXT, NEXT]),
        (PAGE_THREE, RESULTS, [PREVIOUS, PREVIOUS]),
        (replace(PAGE_THREE, query="lamp"), PAGE_THREE, [BACK, SEARCH, NEXT, NEXT]),  # a new search starts at page 1
        (ITEM, RESULTS, [PREVIOUS]),
        (SECTION, RESULTS, [PREVIOUS, PREVIOUS]),
        (RESULTS, ITEM, [OPEN]),
        (START, CHOSEN, [SEARCH, OPEN, "click[red]", "click[big]"]),
        (ITEM, CHOSEN, ["click[red]", "click[big]"]),
        (replace(ITEM, options={"color": "red"}), CHOSEN, ["click[big]"]),
        (CHOSEN, ITEM, [PREVIOUS, OPEN]),  # an option once chosen cannot be taken back
        (ITEM, OTHER_ITEM, [PREVIOUS, "click[b0cup]"]),
        (SECTION, ITEM, [PREVIOUS]),
        (ITEM, SECTION, ["click[reviews]"]),
        (SECTION, replace(SECTION, section="Features"), [PREVIOUS, "click[features]"]),
        (ITEM, replace(ITEM, kind="done"), [BUY]),
        (ITEM, replace(CHOSEN, kind="done"), ["click[red]", "click[big]", BUY]),
    ],
)
def test_moves_from_page_to_page(here: Place, there: Place, moves: list[str]) -> None:
    assert moves_between(here, there) == moves
