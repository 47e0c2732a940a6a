import subprocess
import sys

import pytest

from shoprl.search.analysis import STOP_WORDS, analyze, iter_terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The women's running SHOES", ["women", "run", "shoe"]),
        ("men’s MEN'S kids＇s boss'", ["men", "men", "kid", "boss"]),
        ("as is it's us", ["us"]),
        ("easily happy by relational technology", ["easili", "happi", "relat", "technolog"]),
        ("possibly possible archaeology", ["possibl", "possibl", "archaeolog"]),
        ("ΑΣ İX", ["ας"[:1] + "σ", "ix"]),
        ("★ 3.14 2xl", ["★", "3.14", "2xl"]),
    ],
)
def test_terms_are_lower_case_without_possessives_and_stemmed(text: str, expected: list[str]) -> None:
    assert analyze(text) == expected


def test_stop_words_give_no_terms() -> None:
    assert len(STOP_WORDS) == 33
    assert analyze(" ".join(STOP_WORDS) + " " + " ".join(STOP_WORDS).upper()) == []


def test_terms_are_made_only_as_far_as_they_are_asked_for() -> None:
    assert next(iter_terms("red shoes")) == "red"


def test_searching_leaves_nltk_out() -> None:
    code = "import sys; from shoprl.search import analyze; analyze('running shoes'); sys.exit('nltk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
