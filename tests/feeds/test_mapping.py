from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.errors import ConfigError
from shoprl.feeds.mapping import (
    TARGETS,
    FeedMapping,
    PriceSettings,
    read_mapping,
    with_rules,
    write_mapping,
)
from shoprl.feeds.prices import PriceRules

NAME = st.text(st.characters(codec="utf-8"), max_size=12)
TABLE = st.dictionaries(NAME, NAME, max_size=4)
MAPPINGS = st.builds(
    FeedMapping,
    fields=st.dictionaries(st.sampled_from(TARGETS), st.lists(NAME, min_size=1, max_size=3).map(tuple)),
    options=TABLE,
    features=TABLE,
    prices=st.builds(
        PriceSettings,
        currency=st.none() | st.sampled_from(["EUR", "USD"]),
        decimal=st.none() | st.sampled_from([".", ","]),
        minor_units=st.none() | st.booleans(),
    ),
    ignored=st.lists(NAME, max_size=3).map(tuple),
    why=TABLE,
)


@settings(max_examples=30)
@given(mapping=MAPPINGS, about=NAME)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, mapping: FeedMapping, about: str
) -> None:
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    why = dict.fromkeys(mapping.used, "because\n[of] this")
    write_mapping(path, replace(mapping, why=why), about)
    assert read_mapping(path) == replace(mapping, why={})


def test_names_that_toml_cannot_hold_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    write_mapping(path, FeedMapping({"title": ("a",), "id": ("\ud83d",)}, ignored=("\udc00", "b")), "\ud83d")
    assert read_mapping(path) == FeedMapping({"title": ("a",)}, ignored=("b",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = [", "not a mapping file in TOML"),
        ("[feilds]", "no such table: 'feilds'. Did you mean 'fields'?"),
        ("fields = 5", "'fields' is no table"),
        ('[fields]\ntitel = "x"', "no such field: 'titel'. Did you mean 'title'?"),
        ("[fields]\ntitle = 5", "title: must be the name of a field"),
        ("[fields]\ntitle = [5]", "title: must be the name of a field"),
        ("[options]\ncolor = ['a']", "options.color: must be the name of one field"),
        ("[features]\ncolor = true", "features.color: must be the name of one field"),
        ("[ignored]\nrows = []", "no such key: 'rows'"),
        ("[ignored]\nfields = 5", "ignored.fields: must be"),
        ("[prices]\ncurrency = 'EURO'", "prices.currency: must be a code of three letters"),
        ("[prices]\ndecimal = ';'", "prices.decimal: must be '.' or ','"),
        ("[prices]\nminor_units = 1", "prices.minor_units: must be true or false"),
        ("[prices]\ncents = true", "no such setting of prices: 'cents'"),
        ("\ufeff[fields]", "not a mapping file in TOML"),
    ],
)
def test_errors_name_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_mapping(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_other_files_are_no_mappings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_mapping(tmp_path / "missing.toml")
    for content in (b"\xff\xfe", b"a = " + b"[" * 100_000):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(ConfigError, match="not a mapping file"):
            read_mapping(tmp_path / "bad.toml")


def test_what_a_person_says_of_prices_goes_first() -> None:
    found = PriceRules(",", False, True, True)
    assert with_rules(FeedMapping(), found) == found
    said = FeedMapping(prices=PriceSettings("EUR", ".", False))
    assert with_rules(said, found) == PriceRules(".", False, True, False)
