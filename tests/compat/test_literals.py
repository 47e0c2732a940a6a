import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.compat.literals import MAX_LITERAL, read_dict, read_list
from shoprl.errors import ConfigError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(TEXTS, max_size=5))
def test_lists_as_python_and_json_write_them(texts: list[str]) -> None:
    assert read_list("keywords", str(texts)) == texts
    assert read_list("keywords", json.dumps(texts)) == texts
    assert read_list("keywords", json.dumps(texts, ensure_ascii=False)) == texts


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_dictionaries_as_python_and_json_write_them(texts: dict[str, str]) -> None:
    assert read_dict("options", str(texts)) == texts
    assert read_dict("options", json.dumps(texts)) == texts


@pytest.mark.parametrize(
    "written",
    [
        "", "[", "{", "{}}", "[1]", "[['a']]", "['a' 'b']", "['a': 'b']", "[,]", "['a',,]", "['a", "['a\\']", "[a]",
        "[f'a']", "['\\q']", "['\\N{BULLET}']", "['\\UFFFFFFFF']", "['\\x1']", "__import__('os')", "['a' + 'b']",
        "[" * 5_000 + "]" * 5_000, "[" + "-" * 9_000 + "1]", "[" + "'a'," * (MAX_LITERAL // 4) + "]",
    ],
)  # fmt: skip
def test_what_is_no_list_of_texts(written: str) -> None:
    with pytest.raises(ConfigError, match=r"keywords .*must be a list of texts"):
        read_list("keywords", written)


@pytest.mark.parametrize("written", ["[]", "{'a'}", "{'a':}", "{'a': 1}", "{'a', 'b'}", "{'a': 'b': 'c'}", "{'a': {}}"])
def test_what_is_no_dictionary_of_texts(written: str) -> None:
    with pytest.raises(ConfigError, match=r"options .*must be a dictionary of texts"):
        read_dict("options", written)


@pytest.mark.parametrize("piece", ["'", "\\", " ", "'a',", "'\\'", '"\\\\', "\\'"])
def test_time_is_linear_in_the_length(piece: str) -> None:
    start = time.perf_counter()
    for written in (piece * (MAX_LITERAL // len(piece) - 1), "'" + piece * ((MAX_LITERAL - 5) // len(piece))):
        try:
            read_list("keywords", f"[{written}]")
        except ConfigError:
            continue
    assert time.perf_counter() - start < 1
