"""Words that a shop keeps for a policy."""

from pathlib import Path

import pytest

from shoprl.errors import CatalogError, PolicyError
from shoprl.policies.networks.match.words import words_in
from shoprl.policies.simple import RulePolicy
from shoprl.recommender.prepared import NOUNS, prepare_words, prepared_tagger, use_prepared
from shoprl.shop.data import ShopData
from shoprl.shop.store import build_store
from shoprl.shop.tagger import TextBlobTagger
from shoprl.tasks.shop.texts import product_texts
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy


@pytest.fixture
def stored(toy_folder: Path) -> Path:
    build_store(toy_folder)
    return toy_folder


def test_a_prepared_shop_needs_no_encoder(stored: Path, toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = match_policy(), match_policy()
    assert not use_prepared(first, stored)
    prepared = prepare_words(first, stored)
    assert prepared is not None
    assert prepared.path.parent == stored / "store" / "words"
    assert prepared.words == len(first.words)
    assert use_prepared(second, stored)
    monkeypatch.setattr(second.words, "_encode", lambda batch: pytest.fail(f"{batch} encoded again"))
    texts = list(product_texts(toy.catalog))
    second.words.add(texts)
    for word in {word for text in texts for word, _ in words_in(text)}:
        assert word in second.words
    rows = first.words[texts[0]].rows, second.words[texts[0]].rows
    assert (first.words.states[rows[0]] == second.words.states[rows[1]]).all()


def test_what_was_prepared_is_made_again(stored: Path) -> None:
    first = prepare_words(match_policy(), stored)
    assert first == prepare_words(match_policy(), stored)
    assert prepare_words(match_policy(1), stored) == first  # as its words have the same states
    assert prepare_words(match_policy(width=8), stored) != first


def test_what_cannot_be_prepared_is_named(toy_folder: Path) -> None:
    with pytest.raises(CatalogError, match="catalog build"):
        prepare_words(match_policy(), toy_folder)
    build_store(toy_folder)
    for policy in (RulePolicy(), fake_policy()):
        assert prepare_words(policy, toy_folder) is None
        assert not use_prepared(policy, toy_folder)


def test_damaged_words_are_named(stored: Path) -> None:
    prepared = prepare_words(match_policy(), stored)
    assert prepared is not None
    prepared.path.write_bytes(prepared.path.read_bytes()[:-2])
    with pytest.raises(PolicyError, match=prepared.path.name):
        use_prepared(match_policy(), stored)


def test_prepared_nouns_are_the_taggers(stored: Path, toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepared_tagger(stored) is None
    prepare_words(match_policy(), stored)
    titles = [product.title for product in toy.catalog]
    wanted = [TextBlobTagger().nouns(title) for title in titles]
    tagger = prepared_tagger(stored)
    assert tagger is not None
    assert tagger.nouns("A shiny new kettle") == TextBlobTagger().nouns("A shiny new kettle")
    monkeypatch.setattr(TextBlobTagger, "nouns", lambda self, text: pytest.fail(f"{text} tagged again"))
    assert [tagger.nouns(title) for title in titles] == wanted


@pytest.mark.parametrize("content", ["[]", '{"a mug": "mug"}', '{"a mug": [1]}', "{"])
def test_damaged_nouns_are_named(stored: Path, content: str) -> None:
    prepared = prepare_words(match_policy(), stored)
    assert prepared is not None
    prepared.path.with_name(NOUNS).write_text(content)
    with pytest.raises(CatalogError, match="nouns"):
        prepared_tagger(stored)
