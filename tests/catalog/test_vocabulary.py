"""The words that generated shops are made of, and how they are drawn and joined."""

from dataclasses import replace

import numpy as np
import pytest

from shoprl.catalog.style import EVERY, TIDY, Style
from shoprl.catalog.vocabulary import DEPARTMENTS, ROLES, options
from shoprl.catalog.vocabulary.blueprint import Blueprint, draw_blueprint, near_duplicate, stock
from shoprl.catalog.vocabulary.disguise import disguised
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.everyday import SIZES
from shoprl.catalog.vocabulary.family import Family, words
from shoprl.catalog.vocabulary.kin import kin, with_kin
from shoprl.catalog.vocabulary.nouns import article, counted, heading, is_many, singular, unit
from shoprl.catalog.vocabulary.prose import bullets, description, title, told
from shoprl.catalog.vocabulary.untidy import noisy, stuffing

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


# Kin and accessories


def clothes(query: str) -> Family:
    return next(family for family in DEPARTMENTS["fashion"] if family.query == query)


def test_kin_are_the_same_things_for_other_people() -> None:
    draws = Draws(np.random.default_rng(7))
    assert with_kin(clothes("women's boots"))
    assert not with_kin(clothes("belts"))
    others = [kin(draws, clothes("women's dresses")) for _ in range(60)]
    assert {family.query for family in others} == {"men's dresses", "girls' dresses", "boys' dresses"}
    for family in others:
        who = family.query.split(" ")[0]
        assert all(kind.startswith(who) for kind in family.kinds)
        assert f"› {who[:-2].capitalize()}" in family.path or f"› {who[:-1].capitalize()} ›" in family.path
        assert (options.KIDS in family.pools) == (who in ("girls'", "boys'"))


def test_look_alikes_may_be_for_others_or_go_with_the_product() -> None:
    style = replace(PLAIN, kin=0.5, accessories=0.4)
    draws = Draws(np.random.default_rng(8))
    moved = {"kin": 0, "accessory": 0}
    for original in blueprints(300):
        other = near_duplicate(draws, original, style)
        if other.family is original.family:
            continue
        kind = "accessory" if other.family.accessory else "kin"
        moved[kind] += 1
        assert other.brand == original.brand
        assert other.kind in other.family.kinds
        assert set(other.attributes) <= set(other.family.attributes)
        assert other.asked <= len(other.attributes)
        assert set(ROLES) >= set(other.attributes)
        assert kind == "kin" or other.query == f"{singular(original.kind)} accessories"
    assert min(moved.values()) > 20


def test_prices_of_look_alikes_lie_as_near_as_the_style_says() -> None:
    draws = Draws(np.random.default_rng(9))
    near = replace(PLAIN, spread=0.0, unpriced=0.0)
    for original in blueprints(100):
        if original.prices:
            assert near_duplicate(draws, original, near).prices == original.prices


def test_a_shop_may_sell_some_families_only() -> None:
    draws = Draws(np.random.default_rng(1))
    sold = stock(draws, replace(PLAIN, families=0.2, departments=("pets", "tools")))
    assert set(sold) == {"pets", "tools"}
    assert [len(families) for families in sold.values()] == [2, 2]
    assert set(sold["pets"]) < set(DEPARTMENTS["pets"])


# Options as sellers write them


def test_disguised_values_hold_the_plain_ones_or_a_synonym() -> None:
    draws = Draws(np.random.default_rng(2))
    ways = set()
    for pool in {pool for families in DEPARTMENTS.values() for family in families for pool in family.pools}:
        plain = list(dict.fromkeys(pool.values))[:6]
        for _ in range(20):
            shown = disguised(draws, pool.name, plain)
            assert list(shown.values()) == plain
            assert len({value.lower() for value in shown}) == len(plain)
            for value, own in shown.items():
                assert not any(sign in value for sign in "/[]")
                words = (own, own.replace(" ", ""), *SIZES.get(own.lower(), ()))
                assert any(each.lower() in value.lower() for each in words)
                ways.add(value.lower().replace(own.lower(), "*"))
    assert len(ways) > 200
    assert disguised(draws, "Color", []) == {}


# Noise

NOISY = replace(PLAIN, dropped=0.7, foreign=1.0, stuffed=1.0, hidden=1.0, shuffled=1.0)


def test_titles_lose_words_and_get_foreign_ones() -> None:
    draws = Draws(np.random.default_rng(5))
    lost, foreign = [], []
    for each in blueprints(300):
        text = " ".join(f"w{place}" for place in range(12))
        left = noisy(draws, text, each, NOISY).split()
        own = [word for word in left if word[0] == "w" and word[1:].isdigit()]
        lost.append(12 - len(own))
        foreign.append(len(left) - len(own))
        assert own == sorted(own, key=lambda word: int(word[1:]))  # what is left stands in its order
        assert len(own) >= 3
    assert 3 < np.mean(lost) < 5.5  # 35% of 12
    assert min(foreign) > 0
    assert np.mean(foreign) > 3


@pytest.mark.parametrize(("shortest", "longest"), [(3, 5), (3, 8), (12, 40)])
def test_titles_are_as_long_as_the_style_says(shortest: int, longest: int) -> None:
    draws = Draws(np.random.default_rng(5))
    style = replace(PLAIN, shortest=shortest, longest=longest)
    lengths = [len(title(each, draws, style).split()) for each in blueprints(300)]
    assert sum(shortest - 1 <= length <= longest + 1 for length in lengths) > 290  # a stray sign may part words
    if longest == 40:
        assert max(lengths) > 32
    else:
        assert np.mean(lengths) > longest - 2


def test_short_titles_keep_the_kind() -> None:
    draws = Draws(np.random.default_rng(5))
    style = replace(PLAIN, shortest=3, longest=5)
    named = [singular(each.kind).split()[-1].lower() in title(each, draws, style).lower() for each in blueprints(200)]
    assert np.mean(named) > 0.95


def test_stuffing_tells_no_attribute() -> None:
    draws = Draws(np.random.default_rng(6))
    told = total = 0
    for each in blueprints(200):
        text = stuffing(draws, each)
        assert len(text.split()) >= 5
        told += sum(name in text for name in each.family.attributes if " " in name)
        total += sum(" " in name for name in each.family.attributes)
    assert told < 0.02 * total


def test_hidden_attributes_are_told_in_one_text_only() -> None:
    draws = Draws(np.random.default_rng(6))
    for each in blueprints(100):
        listed, described = told(each, draws, replace(PLAIN, buried=1.0))
        assert sorted([*listed, *described]) == sorted(each.attributes)
        assert told(each, draws, PLAIN) == (list(each.attributes), list(each.attributes))


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
