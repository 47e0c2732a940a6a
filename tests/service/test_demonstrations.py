import re
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.service.database import close_database, open_database, reading, writing
from shoprl.service.demonstrations import (
    MAX_CONSENT,
    Demonstration,
    extend,
    find,
    forget,
    latest_demonstrations,
    new_code,
    page_of_demonstrations,
    read_consent,
    session_of,
    start,
    takes,
    unchosen,
)
from shoprl.shop.data import ShopData

NEW = Demonstration("AAAA-BBBB-CCCC", "a lamp", None, None, "f" * 64, "I agree.", 100.0, 100.0)


def test_codes_are_easy_to_copy_and_differ() -> None:
    codes = {new_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert all(re.fullmatch(r"([A-HJKMNP-Z2-9]{4}-){2}[A-HJKMNP-Z2-9]{4}", code) for code in codes)


def test_a_session_is_kept_as_it_is(address: str, toy: ShopData) -> None:
    given = replace(NEW, code="D", goal=toy.goals[3].to_json(), goal_index=3, reward=0.25, status="bought")
    engine = open_database(address)
    with writing(engine) as connection:
        start(connection, NEW)
        start(connection, replace(given, actions=("search[ü]", "click[x]")))
    with reading(engine) as connection:
        assert find(connection, NEW.code) == NEW
        assert find(connection, "D") == replace(given, actions=("search[ü]", "click[x]"))
        assert find(connection, "E") is None
    close_database(engine)


def test_of_two_tabs_the_first_goes_on(address: str) -> None:
    engine = open_database(address)
    after = replace(NEW, actions=("search[lamp]",), changed_at=101.0)
    with writing(engine) as connection:
        start(connection, NEW)
        assert extend(connection, NEW, after)
        assert not extend(connection, NEW, replace(after, actions=("search[mug]",)))
        assert find(connection, NEW.code) == after
        assert forget(connection, NEW.code)
        assert not forget(connection, NEW.code)
        assert not extend(connection, after, NEW)
    close_database(engine)


def test_sessions_come_page_by_page_and_the_latest_first(address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        for number in range(6):
            status = "bought" if number % 2 else "open"
            start(connection, replace(NEW, code=str(number), status=status, changed_at=100.0 - number))
        found = page_of_demonstrations(connection, 0, 2)
        more = page_of_demonstrations(connection, found[-1][0], 2)
        assert [each.code for _, each in (*found, *more)] == ["1", "3", "5"]
        assert len(page_of_demonstrations(connection, status=None)) == 6
        assert [each.code for each in latest_demonstrations(connection, 3)] == ["0", "1", "2"]
    close_database(engine)


def test_a_session_is_where_its_actions_left_it(toy: ShopData) -> None:
    at = replace(NEW, actions=("search[brass lamp]", "click[b0lamp0002]"))
    session = session_of(toy.shop, at)
    assert (session.page.kind, session.instruction) == ("item", "a lamp")
    assert takes(session, "click[description]")
    assert not takes(session, "search[lamp]")  # the page has no search bar
    assert not takes(session, "click[next >]")
    assert not takes(session, "buy now")
    assert takes(session_of(toy.shop, NEW), "search[lamp]")
    assert not takes(session_of(toy.shop, NEW), "search[ ]")
    options = dict(session.page.product.options)  # type: ignore[union-attr]
    assert unchosen(session) == list(options)
    for values in options.values():
        session.step(f"click[{values[0]}]")
    assert unchosen(session) == []
    given = replace(NEW, request=toy.goals[0].instruction, goal=toy.goals[0].to_json())
    assert session_of(toy.shop, given).goal == toy.goals[0]


def test_a_text_to_agree_to_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "consent.txt"
    path.write_text("\n Ich bin einverstanden: ä.\n", encoding="utf-8")
    assert read_consent(path) == "Ich bin einverstanden: ä."


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"x" * (MAX_CONSENT + 1), b"a\0b", None])
def test_no_text_to_agree_to_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "consent.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"consent\.txt: "):
        read_consent(path)
