"""Goals made from a catalogue itself."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from shoprl.catalog.product import Product, Variant
from shoprl.errors import ConfigError, GoalError, StorageError
from shoprl.shop import catalog_goals
from shoprl.shop.catalog_goals import Made, Wording, ceilings, goals_for, write_catalog_goals
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import NO_CEILING, Goal, read_goals
from shoprl.shop.making import CEILINGS
from shoprl.shop.reward import comparable, reward
from shoprl.shop.splits import splits_of
from shoprl.shop.tagger import TextBlobTagger
from tests.support.toyshop import toy_catalog

WORDINGS: tuple[Wording, ...] = ("webshop", "people", "everyday", "keywords", "both", "all")


def made(products: list[Product], wording: Wording = "both", count: int | None = None, seed: int = 0) -> Made:
    return goals_for(products, np.random.default_rng(seed), wording, count)


def laptop(asin: str = "8700", **fields: Any) -> Product:
    texts: dict[str, Any] = {
        "title": "HP Pavilion dv7-1211ea Laptop, 17 inch",
        "category": "Computers",
        "product_category": "Computers › Laptops",
        "price": 1499.0,
        "attributes": ("touchscreen", "display diagonal: 17 inch", "backlit keyboard: yes"),
        "brand": "HP",
    }
    plain = {"description": "", "bullets": (), "query": "", "price_tag": "", "options": {}}
    return Product(**({"asin": asin} | plain | texts | fields))


def bought(product: Product, goal: Goal) -> dict[str, str]:
    """The options that a shopper chooses who reads the goal."""
    if isinstance(goal.options, dict):
        return goal.options
    left, chosen = list(goal.options), {}
    for name in sorted(product.options):
        value = next((value for value in left if value in product.options[name]), None)
        if value is not None:
            left.remove(value)
            chosen[name] = value
    return chosen


# Evenly


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("count", [5, 12, 18, 30])
def test_products_are_asked_for_evenly(wording: Wording, count: int) -> None:
    products = [product for product in toy_catalog() if len(product.attributes) > 1]
    asked = Counter(goal.asin for goal in made(products, wording, count).goals)
    assert asked.total() == count
    counts = [asked[product.asin] for product in products]
    assert max(counts) - min(counts) <= 1


def test_a_product_that_has_no_more_goals_leaves_them_to_others() -> None:
    poor = [laptop(f"P{number}", attributes=("touchscreen",)) for number in range(3)]
    rich = [laptop("R1"), laptop("R2")]
    asked = Counter(goal.asin for goal in made(poor + rich, "webshop", 13).goals)
    assert [asked[each.asin] for each in poor] == [1, 1, 1]
    assert [asked[each.asin] for each in rich] == [5, 5]


def test_no_more_goals_than_there_are() -> None:
    answer = made([laptop(attributes=("touchscreen", "light"), options={"color": ("red", "blue")})], "webshop", 100)
    asks = {(frozenset(goal.attributes), goal.option_values) for goal in answer.goals}
    assert len(answer.goals) == len(asks) == 6


def test_one_a_product_when_no_number_is_given_and_a_bounded_number_of_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    products = [laptop(str(number), attributes=("light",)) for number in range(50)]
    assert len(made(products).goals) == 50
    monkeypatch.setattr(catalog_goals, "MOST", 40)
    many = made(products, "webshop")
    assert (len(many.goals), many.products, many.askable) == (40, 40, 50)
    assert {goal.asin for goal in many.goals} & {"46", "47", "48", "49"}


def test_products_without_attributes_are_counted() -> None:
    answer = made([laptop("A"), laptop("B", attributes=()), laptop("C", attributes=("★", "x" * 61))])
    assert (answer.askable, answer.without, len(answer.goals)) == (1, 2, 1)
    with pytest.raises(GoalError, match=r"None of the 2 products has an attribute.*shoprl catalog attributes"):
        made([laptop("B", attributes=()), laptop("C", attributes=())])


def test_no_goals_are_refused() -> None:
    with pytest.raises(ConfigError, match="count 0: must be at least 1"):
        made([laptop()], count=0)


def test_the_same_generator_gives_the_same_goals_and_another_others() -> None:
    products = list(toy_catalog())
    assert made(products, count=20) == made(iter(products), count=20)  # type: ignore[arg-type]
    assert made(products, count=20).goals != made(products, count=20, seed=1).goals


# Words


def test_webshops_words() -> None:
    product = laptop(
        query="laptops", attributes=("touchscreen",), options={"color": ("red",), "size": ("17 in",)}, price=25.0
    )
    (goal,) = made([product], "webshop").goals
    said = r"Find me touchscreen laptops with color: red, and size: 17 in, and price lower than [3-6]0\.00 dollars"
    assert re.fullmatch(said, goal.instruction)
    assert goal.options == {"color": "red", "size": "17 in"}
    assert goal.weight == 1.0


def test_webshops_goals_have_webshops_weights() -> None:
    goals = made([laptop("A"), laptop("B", attributes=("touchscreen",))], "webshop", 8).goals
    assert {goal.weight for goal in goals} != {1.0}
    assert {goal.weight for goal in made([laptop("A")], "people", 7).goals} == {1.0}


def test_people_ask_for_a_kind_and_never_for_a_title() -> None:
    goals = made([laptop(str(number)) for number in range(60)], "people").goals
    for goal in goals:
        text = goal.instruction
        assert "laptop" in text
        assert "dv7" not in text
        for attribute in goal.attributes:
            words = {"backlit keyboard: yes": "backlit keyboard"}.get(attribute, attribute.replace(":", ""))
            assert words in text
    assert 0 < sum("HP" in goal.instruction for goal in goals) < 30
    assert len({goal.instruction for goal in goals}) == 60


def test_both_is_half_and_half() -> None:
    goals = made([laptop(str(number)) for number in range(40)]).goals
    assert sum(goal.instruction.startswith("Find me") and isinstance(goal.options, dict) for goal in goals) == 20


def test_all_is_a_fourth_of_each() -> None:
    goals = made([laptop(str(number)) for number in range(40)], "all").goals
    assert sum(goal.instruction.startswith("Find me") and isinstance(goal.options, dict) for goal in goals) == 10


def test_everyday_words_say_what_the_shop_says_in_others() -> None:
    fields: dict[str, Any] = {"attributes": ("gluten free",), "options": {"size": ("xx-large",), "color": ("a7-blue",)}}
    goals = made([laptop(str(number), **fields) for number in range(80)], "everyday").goals
    texts = [goal.instruction for goal in goals]
    assert {goal.attributes for goal in goals} == {("gluten free",)}
    assert {value for goal in goals for value in goal.option_values} == {"xx-large", "a7-blue"}
    assert any("without gluten" in text for text in texts)
    assert any("2xl" in text for text in texts)
    assert any("blue" in text and "a7" not in text for text in texts)


def test_keywords_are_few_and_often_the_kind_alone() -> None:
    products = [laptop(str(number), options={"color": ("red",)}, query="laptops") for number in range(200)]
    goals = made(products, "keywords").goals
    alone = [goal for goal in goals if goal.attributes == ("laptop",)]
    assert 30 < len(alone) < 90
    assert {"laptop", "laptops"} <= {goal.instruction for goal in alone}
    assert all(len(goal.instruction.split()) <= 12 for goal in goals)
    assert all(("$" in goal.instruction) == (goal.price_upper < NO_CEILING) for goal in goals)
    assert 10 < sum(goal.price_upper < NO_CEILING for goal in goals) < 60
    assert all(("red" in goal.instruction.split()) == (goal.options == ("red",)) for goal in goals)


def test_a_kind_that_no_text_names_is_not_all_that_is_asked_for() -> None:
    products = [laptop(str(number), query="music boxes", brand="") for number in range(50)]
    assert not any(goal.attributes == ("music box",) for goal in made(products, "keywords").goals)


@pytest.mark.parametrize(("currency", "said"), [("EUR", "00 euros"), ("JPY", "0 yen"), ("CHF", "00 francs")])
def test_a_price_is_named_in_the_catalogues_currency(currency: str, said: str) -> None:
    products = [laptop(str(number), currency=currency) for number in range(40)]
    assert all(goal.instruction.endswith(said) for goal in made(products, "webshop").goals)
    for goal in made(products, "people").goals:
        assert "$" not in goal.instruction
        assert "dollar" not in goal.instruction


def test_an_unknown_price_has_no_ceiling() -> None:
    for goal in made([laptop(str(number), price=None) for number in range(20)]).goals:
        assert goal.price_upper == NO_CEILING
        assert not re.search(r"price|under|\$|dollar|budget|spend", goal.instruction)


@pytest.mark.parametrize("price", [0.0, 0.5, 9.99, 10.0, 41.75, 949.0])
def test_ceilings_are_webshops_below_a_thousand(price: float) -> None:
    assert ceilings(price) == [each for each in CEILINGS if each > price][:4]


@pytest.mark.parametrize(
    ("price", "first", "step"), [(1_499.0, 1_500.0, 100.0), (999.0, 1_000.0, 10.0), (120_000.0, 130_000.0, 10_000.0)]
)
def test_ceilings_grow_with_the_price(price: float, first: float, step: float) -> None:
    assert ceilings(price) == [first + step * place for place in range(4)]


# What they are worth

VARIANTS = (
    Variant("1", {"color": "red", "size": "s"}, 10.0),
    Variant("2", {"color": "blue", "size": "xl"}, 2_000.0),
)


def test_only_what_is_sold_is_asked_for_and_its_own_price_is_below_the_ceiling() -> None:
    product = laptop(options={"color": ("red", "blue"), "size": ("s", "xl")}, price=10.0, variants=VARIANTS)
    goals = made([product], "webshop", 14).goals
    assert {goal.option_values for goal in goals} == {("red", "s"), ("blue", "xl")}
    assert all((goal.price_upper > 2_000) == (goal.option_values == ("blue", "xl")) for goal in goals)


def test_a_value_that_webshops_synthetic_matcher_misses_is_asked_for_in_the_other_form() -> None:
    (goal,) = made([laptop(options={"color": ("darkred",)})], "webshop").goals
    assert goal.options == ("darkred",)


def test_goals_of_a_generated_shop_are_worth_one_when_fulfilled() -> None:
    catalog, tagger = generated_data(200, 0).catalog, TextBlobTagger()
    goals = made(list(catalog), "both", 400).goals
    for goal in goals:
        product = catalog[goal.asin]
        assert reward(product, bought(product, goal), goal, tagger).total == 1.0, goal


TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=30)
ODD = st.sampled_from(
    ["12345 678", "Größenverstellbarer Tisch", "靴 メンズ", "★★★", "é", "the of", "dark red/blue", "[x]"]
)
VALUES = st.lists(TEXTS | ODD, min_size=1, max_size=3, unique=True).map(tuple)


@settings(max_examples=150, deadline=None)
@given(
    title=TEXTS | ODD,
    query=TEXTS | ODD | st.just(""),
    path=st.lists(TEXTS, max_size=2),
    attributes=VALUES,
    options=st.dictionaries(TEXTS, VALUES, max_size=3),
    price=st.none() | st.floats(0, 1e9),
    wording=st.sampled_from(WORDINGS),
    seed=st.integers(0, 1_000),
)
@example("12345", "", [], ("17 inch", "★"), {"color": ("darkred", "é")}, 1e6, "both", 0)
def test_a_goal_is_worth_one_when_its_own_product_is_bought(
    title: str,
    query: str,
    path: list[str],
    attributes: tuple[str, ...],
    options: dict[str, tuple[str, ...]],
    price: float | None,
    wording: Wording,
    seed: int,
) -> None:
    assume(any(map(comparable, attributes)))
    fields = {"title": title, "query": query, "product_category": " › ".join(path), "attributes": attributes}
    product = laptop(**fields, options=options, price=price, brand="")
    for goal in made([product], wording, 4, seed).goals:
        assert goal.instruction
        assert len(goal.instruction) < 2_000
        worth = reward(product, bought(product, goal), goal, TextBlobTagger())
        assert worth.total == 1.0, worth


def test_a_title_that_repeats_one_noun_more_than_ten_times_is_worth_a_tenth() -> None:
    """WebShop's rule counts the repeats of a title's nouns on one side alone; nothing that a goal asks for mends it."""
    product = laptop(title="lamp " * 12)
    (goal,) = made([product]).goals
    assert reward(product, bought(product, goal), goal, TextBlobTagger()).r_type == 0.1


# Files


def test_written_goals_and_splits_are_read(tmp_path: Path) -> None:
    catalog = toy_catalog()
    goals = made(list(catalog), count=30).goals
    hashes = write_catalog_goals(tmp_path / "goals", goals, np.random.default_rng(0))
    folder = tmp_path / "goals"
    assert {path.name for path in folder.iterdir()} == {"goals.jsonl.gz", "split.json", "split_disjoint.json"}
    read = read_goals(folder / "goals.jsonl.gz", catalog)
    assert read == goals
    split, disjoint = splits_of(folder, read)
    assert disjoint is not None
    assert hashes == {
        "goals": split.goals_sha256,
        "split": split.content_hash,
        "disjoint_split": disjoint.content_hash,
    }


def test_too_few_goals_leave_nothing_behind(tmp_path: Path) -> None:
    goals = made([laptop()], count=3).goals
    with pytest.raises(GoalError, match="3 goals are too few to split"):
        write_catalog_goals(tmp_path / "goals", goals, np.random.default_rng(0))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    goals = made(list(toy_catalog()), count=30).goals
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="goals"):
        write_catalog_goals(tmp_path / "file" / "goals", goals, np.random.default_rng(0))


def test_replacing_an_attribute_changes_what_is_asked() -> None:
    other = replace(laptop(), attributes=("waterproof",))
    (goal,) = made([other], "people").goals
    assert goal.attributes == ("waterproof",)
