import sys

import pytest

from shoprl.errors import ConfigError
from shoprl.shop.tagger import SpacyTagger, TextBlobTagger


def test_nouns_are_in_order_in_lower_case_and_kept_when_repeated() -> None:
    assert TextBlobTagger().nouns("a lamp that shines, and another Lamp for the Table") == ("lamp", "lamp", "table")
    assert TextBlobTagger().nouns("") == ()


def test_a_missing_spacy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)  # importing it fails
    with pytest.raises(ConfigError, match=r"'en_core_web_sm' is not installed .* use TextBlob"):
        SpacyTagger()


def test_spacys_nouns_and_names_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Token:
        def __init__(self, text: str, pos_: str) -> None:
            self.text, self.pos_ = text, pos_

    class Spacy:
        @staticmethod
        def load(model: str) -> object:
            kinds = {"Nimbus": "PROPN", "red": "ADJ", "Lamp": "NOUN", "shines": "VERB"}
            return lambda text: [Token(word, kinds[word]) for word in text.split()]

    monkeypatch.setitem(sys.modules, "spacy", Spacy)
    assert SpacyTagger("any").nouns("Nimbus red Lamp shines") == ("nimbus", "lamp")
