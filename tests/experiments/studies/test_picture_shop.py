from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
import torch

from shoprl.catalog.product import Product
from shoprl.errors import ConfigError
from shoprl.experiments.studies.picture_shop import WORDS, PictureShop, names_a_look, picture_shop
from shoprl.shop.html import html
from shoprl.shop.page import SECTIONS
from shoprl.shop.render import text, text_rich
from shoprl.shop.reward import reward
from shoprl.shop.session import Session
from shoprl.trajectories.shoppers import plan_for

FAMILIES = 8


@pytest.fixture(scope="module")
def shop() -> PictureShop:
    return picture_shop(FAMILIES, 2, 0)


def family_of(shop: PictureShop, asin: str) -> list[Product]:
    return [each for each in shop.data.catalog if shop.families[each.asin] == shop.families[asin]]


def test_the_same_seed_gives_the_same_shop(shop: PictureShop) -> None:
    again, other = picture_shop(FAMILIES, 2, 0), picture_shop(FAMILIES, 2, 1)
    assert again.data.hashes() == shop.data.hashes()
    assert all(torch.equal(again.pictures[asin], picture) for asin, picture in shop.pictures.items())
    assert other.data.hashes() != shop.data.hashes()


def test_a_family_is_two_colours_times_two_shapes_and_else_alike(shop: PictureShop) -> None:
    assert len(shop.data.catalog) == 4 * FAMILIES
    kinds = set()
    for product in shop.data.catalog:
        family = family_of(shop, product.asin)
        looks = {shop.looks[each.asin] for each in family}
        assert len(looks) == 4
        assert len({look.colour for look in looks}) == len({look.shape for look in looks}) == 2
        for name in ("title", "description", "bullets", "options", "price", "price_tag", "query", "category"):
            assert all(getattr(each, name) == getattr(product, name) for each in family)
        kinds.add(product.query)
    assert len(kinds) == FAMILIES
    assert set(shop.pictures) == set(shop.looks) == {each.asin for each in shop.data.catalog}
    assert len({tuple(picture.tolist()) for picture in shop.pictures.values()}) == 4 * FAMILIES


def test_no_page_names_a_look(shop: PictureShop) -> None:
    for product in shop.data.catalog:
        goal = next(goal for goal in shop.data.goals if goal.asin == family_of(shop, product.asin)[0].asin)
        session = Session(shop.data.shop, goal)
        session.page = session.page._replace(kind="item", product=product, instruction="")
        pages = [session.page, session.page._replace(kind="results", products=(product,), product=None)]
        pages += [session.page._replace(kind="sub", section=section) for section in SECTIONS]
        pages.append(session.page._replace(kind="done"))
        for page in pages:
            assert not names_a_look([text_rich(page), text(page), html(page), page.url])


def test_every_request_asks_for_its_products_look(shop: PictureShop) -> None:
    for goal in shop.data.goals:
        look = shop.looks[goal.asin]
        assert goal.attributes[-2:] == look
        named = [word for word in WORDS if word in goal.instruction.lower()]
        assert sorted(named) == sorted(look)


def test_the_reward_depends_on_the_look_and_on_each_of_its_parts(shop: PictureShop) -> None:
    for goal in list(shop.data.goals)[:30]:
        for product in family_of(shop, goal.asin):
            plan = plan_for(shop.data.catalog[goal.asin], goal, shop.data.shop)
            found = reward(product, plan.options, goal, shop.data.tagger)
            wrong = sum(a != b for a, b in zip(shop.looks[product.asin], shop.looks[goal.asin], strict=True))
            asked = len(goal.attributes) + len(goal.option_values) + 1
            assert found.total == pytest.approx(1 - wrong / asked)


def test_no_family_is_in_two_parts(shop: PictureShop) -> None:
    goals, split = shop.data.goals, shop.data.split
    parts = [{shop.families[goals[i].asin] for i in split.part(name)} for name in ("train", "eval", "test")]
    assert all(parts)
    assert not any(first & second for first, second in combinations(parts, 2))
    assert set().union(*parts) == set(range(FAMILIES))


def test_the_place_in_a_search_does_not_tell_the_look() -> None:
    shop = picture_shop(60, 1, 0)
    members = defaultdict(list)
    for asin, family in shop.families.items():  # in the order in which looks are given out
        members[family].append(asin)
    first = [sorted(asins).index(asins[0]) for asins in members.values()]  # a search puts equals in order of ASIN
    assert np.bincount(first, minlength=4).min() > 5


def test_shuffled_pictures_are_the_same_ones_elsewhere(shop: PictureShop) -> None:
    found = shop.shuffled(np.random.default_rng(0))
    assert set(found) == set(shop.pictures)
    assert {id(each) for each in found.values()} == {id(each) for each in shop.pictures.values()}
    assert sum(found[asin] is not shop.pictures[asin] for asin in found) > len(found) / 2


def test_words_for_looks_are_found_within_words() -> None:
    assert names_a_look(["a plain mug", "Evergreen tree"])
    assert not names_a_look(["a plain mug"])


@pytest.mark.parametrize("families", [2, pytest.param(150, marks=pytest.mark.slow)])
def test_a_number_of_families_that_cannot_be_made_is_an_error(families: int) -> None:
    with pytest.raises(ConfigError, match=f"families {families}"):
        picture_shop(families, 1, 0)


def test_a_search_knows_nothing_of_looks(shop: PictureShop) -> None:
    for goal in list(shop.data.goals)[:20]:
        words = goal.instruction.lower().split()
        plain = [word for word in words if not names_a_look([word])]
        assert len(plain) < len(words)
        assert list(shop.data.shop.find(words)) == list(shop.data.shop.find(plain))
