"""The stop words are scikit-learn's."""

import pytest

from shoprl.catalog.stop_words import ENGLISH


def test_there_are_318() -> None:
    assert len(ENGLISH) == 318


def test_they_are_those_of_scikit_learn() -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="compares with scikit-learn (the extra test)")
    assert text.ENGLISH_STOP_WORDS == ENGLISH
