"""The words that generated shops are made of, and how they are drawn and joined."""

import numpy as np
import pytest

from shoprl.catalog.style import EVERY, TIDY, Style
from shoprl.catalog.vocabulary import DEPARTMENTS, ROLES
from shoprl.catalog.vocabulary.blueprint import Blueprint, draw_blueprint, near_duplicate, stock
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.family import words
from shoprl.catalog.vocabulary.nouns import article, counted, heading, is_many, singular, unit
from shoprl.catalog.vocabulary.prose import bullets, description, title

PLAIN = Style.plain()


def test_a_style_knows_every_department() -> None:
    assert set(EVERY) == set(DEPARTMENTS)
    assert list(TIDY) == list(DEPARTMENTS)[: len(TIDY)]


def test_an_attribute_has_one_role() -> None:
    seen: dict[str, set[str]] = {}
    for family in (family for families in DEPARTMENTS.values() for family in families):
        assert len(set(family.attributes)) == len(family.attributes), family.query
        for role, names in (("trait", family.traits), ("part", family.parts), ("use", family.uses)):
            for name in names:
                seen.setdefault(name, set()).add(role)
    assert {name: {role} for name, role in ROLES.items()} == seen


@pytest.mark.parametrize(
    ("noun", "one"),
    [
        ("floor lamps", "floor lamp"),
        ("mattresses", "mattress"),
        ("toothbrushes", "toothbrush"),
        ("nail polishes", "nail polish"),
        ("wall art", "wall art"),
        ("men's shorts", "men's shorts"),
        ("hoodies", "hoodie"),
        ("window boxes", "window box"),
        ("vases", "vase"),
        ("webcams with ring light", "webcam with ring light"),
        ("women's tops, tees & blouses", "women's tops, tees & blouses"),
        ("cube bookshelves", "cube bookshelf"),
    ],
)
def test_singular(noun: str, one: str) -> None:
    assert singular(noun) == one


def test_counted() -> None:
    assert counted("floor lamps", "eco friendly") == "an eco friendly floor lamp"
    assert counted("men's shorts", "machine washable") == "a pair of machine washable men's shorts"
    assert counted("popcorn") == "some popcorn"
    assert counted("usb c cables") == "a usb c cable"


def test_small_words() -> None:
    assert article("hdmi cable") == "an"
    assert article("") == "a"
    assert is_many("protein bars")
    assert not is_many("floor lamps")
    assert unit("protein bars") == "pack of protein bars"
    assert unit("women's boots") == "pair of women's boots"
    assert heading("women's bpa free cup") == "Women's BPA Free Cup"


# Draws


def test_draws_keep_to_their_bounds_and_reach_them() -> None:
    draws = Draws(np.random.default_rng(0), block=7)
    assert {draws.below(3) for _ in range(200)} == {0, 1, 2}
    assert {draws.between(-1, 1) for _ in range(200)} == {-1, 0, 1}
    assert {draws.pick("abc") for _ in range(200)} == set("abc")
    assert not any(draws.chance(0.0) for _ in range(100))
    assert all(draws.chance(1.0) for _ in range(100))
    assert 400 < sum(draws.chance(0.5) for _ in range(1_000)) < 600


def test_samples_hold_different_places_and_runs_neighbours() -> None:
    draws = Draws(np.random.default_rng(1))
    letters = "abcdef"
    samples = [draws.sample(letters, 4) for _ in range(300)]
    assert all(len(set(each)) == 4 for each in samples)
    assert {each[0] for each in samples} == set(letters)
    assert sorted(draws.sample(letters, 99)) == list(letters)
    assert draws.sample(letters, 0) == draws.sample(letters, -1) == draws.sample("", 3) == []
    runs = {"".join(draws.run(letters, 3)) for _ in range(300)}
    assert runs == {"abc", "bcd", "cde", "def"}
    assert draws.run(letters, 99) == list(letters)


def test_the_block_makes_no_difference() -> None:
    small, large = (Draws(np.random.default_rng(2), block=block) for block in (3, 1_000))
    assert [small.uniform() for _ in range(50)] == [large.uniform() for _ in range(50)]


# Blueprints


def blueprints(count: int, seed: int = 3) -> list[Blueprint]:
    draws = Draws(np.random.default_rng(seed))
    sold = stock(draws, PLAIN)
    return [draw_blueprint(draws, PLAIN, sold) for _ in range(count)]


def test_a_blueprint_keeps_to_its_family() -> None:
    for each in blueprints(400):
        family = each.family
        assert family in DEPARTMENTS[each.department]
        assert each.kind in family.kinds
        assert each.theme in family.themes
        assert set(each.attributes) <= set(family.attributes)
        assert len(set(each.attributes)) == len(each.attributes)
        assert 0 <= each.asked <= len(each.attributes)
        pools = [(pool.name, set(pool.values)) for pool in family.pools]  # two may share a name
        for name, values in each.options.items():
            assert any(name == own and offered.issuperset(values) for own, offered in pools)
        assert len(each.prices) in (0, 2)
        assert not each.prices or 0.99 <= each.prices[0] <= each.prices[1]
        assert each.host or not family.accessory


def test_a_near_duplicate_differs_in_little() -> None:
    draws = Draws(np.random.default_rng(4))
    for original in blueprints(300):
        other = near_duplicate(draws, original, PLAIN)
        changed = {name for name in Blueprint.__slots__ if getattr(other, name) != getattr(original, name)}
        assert any(
            changed <= part for part in ({"options", "plain"}, {"attributes", "prices"}, {"kind", "prices"}, {"theme"})
        )
        assert sum(a != b for a, b in zip(original.attributes, other.attributes, strict=True)) <= 1
        assert len(set(other.attributes)) == len(other.attributes)


# Texts


def test_titles_are_as_long_as_sellers_write_them() -> None:
    draws = Draws(np.random.default_rng(5))
    for each in blueprints(300):
        words = title(each, draws, PLAIN).split()
        assert PLAIN.shortest - 3 <= len(words) <= PLAIN.longest + 5  # a stray sign may part or join words


def test_texts_name_attributes_and_leave_no_gap() -> None:
    draws = Draws(np.random.default_rng(6))
    named = total = 0
    for each in blueprints(200):
        text = " ".join(
            [
                title(each, draws, PLAIN),
                *bullets(each, draws, PLAIN, each.attributes),
                description(each, draws, PLAIN, each.attributes),
            ]
        )
        assert not any(sign in text for sign in "{}")
        total += len(each.attributes)
        named += sum(name.lower() in text.lower() for name in each.attributes)
    assert named > 0.85 * total


# Words


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_every_family_is_complete(department: str) -> None:
    families = DEPARTMENTS[department]
    assert len({family.query for family in families}) == len(families)
    for family in families:
        assert family.query == family.query.lower()
        assert "›" in family.path
        assert 0 < family.price[0] < family.price[1]
        for parts in (family.kinds, family.traits, family.parts, family.uses, family.themes, family.pools):
            assert parts, family.query
        for texts in (family.kinds, family.attributes, family.themes):
            assert all(text == text.strip() and text for text in texts), family.query


def test_option_values_hold_no_sign_with_a_meaning() -> None:
    pools = {pool for families in DEPARTMENTS.values() for family in families for pool in family.pools}
    assert len({pool.name for pool in pools}) > 3
    assert not any(sign in value for pool in pools for value in pool.values for sign in "/[]")
    assert words(" a, b c ,, d,") == ("a", "b c", "d")
