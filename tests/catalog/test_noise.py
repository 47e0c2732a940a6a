from dataclasses import replace

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.noise import DROPPED, FEWEST, FOREIGN, noisy
from tests.support.products import product
from tests.support.toyshop import PRODUCTS, toy_catalog


def test_titles_alone_change_and_come_from_the_generator() -> None:
    made = noisy(toy_catalog(), np.random.default_rng(0))
    assert [replace(own, title="") for own in made] == [replace(own, title="") for own in PRODUCTS]
    assert all(own.title != other.title for own, other in zip(made, PRODUCTS, strict=True))
    assert list(noisy(toy_catalog(), np.random.default_rng(0))) == list(made)
    assert list(noisy(toy_catalog(), np.random.default_rng(1))) != list(made)


def test_words_are_left_out_and_others_put_in() -> None:
    titles = [" ".join(f"w{number}x{place}" for place in range(20)) for number in range(200)]
    made = noisy(Catalog([product(f"B{n}", title) for n, title in enumerate(titles)]), np.random.default_rng(0))
    left, foreign = [], []
    for number, own in enumerate(made):
        kept = [word for word in own.title.split() if word.startswith(f"w{number}x")]
        left.append(len(set(kept)) / 20)
        foreign.append(len(own.title.split()) - len(kept))
    assert min(left) < 0.5
    assert max(left) > 0.95
    assert pytest.approx(sum(left) / len(left), abs=0.04) == 1 - DROPPED / 2
    assert set(foreign) <= set(range(FOREIGN + 1))
    assert sum(foreign) / len(foreign) == pytest.approx((FEWEST + FOREIGN) / 2, abs=0.2)


def test_short_titles_keep_what_they_have() -> None:
    made = noisy(Catalog([product("A", "mug"), product("B", "")]), np.random.default_rng(3))
    assert "mug" in made["A"].title.split()
    assert made["B"].title
