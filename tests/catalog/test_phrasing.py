"""Instructions in shoppers' words: everything asked for is in them, in many forms."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.phrasing import find_me, keywords, keywords_price, phrase, phrase_price, said
from shoprl.catalog.vocabulary import DEPARTMENTS, ROLES

QUERIES = [family.query for families in DEPARTMENTS.values() for family in families]
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20)
ATTRIBUTES = st.sampled_from(sorted(ROLES)) | TEXTS
OPTION_NAMES = (
    st.sampled_from(["color", "size", "flavor name", "scent", "style", "fit type", "item package quantity"]) | TEXTS
)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    query=st.sampled_from(QUERIES) | TEXTS,
    attributes=st.lists(ATTRIBUTES, max_size=6, unique=True),
    options=st.dictionaries(OPTION_NAMES, TEXTS, max_size=4),
)
def test_attributes_and_options_are_verbatim(
    seed: int, query: str, attributes: list[str], options: dict[str, str]
) -> None:
    text = phrase(np.random.default_rng(seed), query, attributes, options)
    for attribute in attributes:
        assert said(attribute) in text
    for value in options.values():
        assert value.lower() in text


def test_all_is_verbatim_in_many_draws() -> None:
    rng = np.random.default_rng(1)
    for families in DEPARTMENTS.values():
        for family in families:
            for _ in range(20):
                asked = [family.traits[0], family.traits[1], family.parts[0], family.uses[0]]
                options = {pool.name: pool.values[-1] for pool in family.pools}
                text = phrase(rng, family.query, asked, options)
                for part in [*asked, *(value.lower() for value in options.values())]:
                    assert part in text


def test_there_are_many_forms() -> None:
    rng = np.random.default_rng(2)
    texts = {phrase(rng, "floor lamps", ["dimmable light"], {"color": "navy"}) for _ in range(1000)}
    assert len(texts) > 300
    assert len({text.split()[0] for text in texts}) > 20


def test_same_generator_same_text() -> None:
    texts = [phrase(np.random.default_rng(7), "boots", ["rubber sole"], {"size": "9"}) for _ in range(2)]
    assert texts[0] == texts[1]


def test_nothing_asked_still_names_the_product() -> None:
    assert "lamp" in phrase(np.random.default_rng(0), "floor lamps", [], {})


def test_a_price_may_follow() -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        assert not phrase(rng, "popcorn", ["low sodium"], {"flavor name": "Sea Salt"}).endswith((".", "?", "!", " "))


@pytest.mark.parametrize(("price", "written"), [(30.0, "30"), (12.5, "12.50"), (1250.0, "1250")])
def test_price_is_named(price: float, written: str) -> None:
    rng = np.random.default_rng(3)
    texts = {phrase_price(rng, price) for _ in range(300)}
    assert len(texts) >= 10
    for text in texts:
        assert float(re.findall(r"\d+(?:\.\d+)?", text)[0]) == price
        assert written in text
        assert text.startswith((" ", ","))


def test_price_in_webshops_form_occurs() -> None:
    rng = np.random.default_rng(5)
    assert ", and price lower than 30.00 dollars" in {phrase_price(rng, 30.0) for _ in range(200)}


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("machine washable", "machine washable"),
        ("display diagonal: 17 inch", "display diagonal 17 inch"),
        ("touchscreen: Yes", "touchscreen"),
        ("ratio 16:9", "ratio 16:9"),
    ],
)
def test_how_an_attribute_is_said(attribute: str, words: str) -> None:
    assert said(attribute) == words
    assert words in phrase(np.random.default_rng(0), "laptops", [attribute], {})


def test_webshops_synthetic_form() -> None:
    asked = ("usb port", "dimmable", "living room", "power: 5 w")
    text, order = find_me("lamps", asked)
    assert text == "Find me dimmable lamps with usb port, power: 5 w for living room"
    assert order == ("dimmable", "usb port", "power: 5 w", "living room")
    assert find_me("lamps", ()) == ("Find me lamps", ())


@pytest.mark.parametrize(("currency", "sign", "word"), [("EUR", "€", "euros"), ("CHF", "CHF ", "francs")])
def test_a_price_in_another_currency_has_the_same_forms(currency: str, sign: str, word: str) -> None:
    rng = np.random.default_rng(3)
    texts = {phrase_price(rng, 30.0, currency) for _ in range(300)}
    assert len(texts) >= 10
    assert f", and price lower than 30.00 {word}" in texts
    assert f" for less than {sign}30" in texts
    assert not any("$" in text or "dollar" in text or "buck" in text for text in texts)


# Keywords


def test_keywords_name_all_that_is_asked_for_and_nothing_else() -> None:
    texts = {
        keywords(np.random.default_rng(seed), "laptops", ["touchscreen"], ["16 gb", "black"]) for seed in range(99)
    }
    assert len(texts) > 20
    for text in texts:
        assert sorted(text.replace("16gb", "16 gb").replace("laptops", "laptop").split()) == sorted(
            ["laptop", "touchscreen", "16", "gb", "black"]
        )
    assert any("16gb" in text for text in texts)
    assert any("16 gb" in text for text in texts)
    assert {keywords(np.random.default_rng(seed), "laptops", [], []) for seed in range(20)} == {"laptop", "laptops"}


@pytest.mark.parametrize(("currency", "price", "said"), [("USD", 30.0, "$30"), ("EUR", 12.5, "€12.50")])
def test_a_price_among_keywords(currency: str, price: float, said: str) -> None:
    texts = {keywords_price(np.random.default_rng(seed), price, currency) for seed in range(50)}
    assert texts == {f" {word} {said}" for word in ("under", "below", "max")}
