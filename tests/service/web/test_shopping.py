import json
import re
from typing import Any

import pytest

from shoprl.service.database import reading
from shoprl.service.demonstrations import Demonstration, find
from shoprl.shop.data import ShopData
from shoprl.shop.session import Session
from tests.support.pages import Pages
from tests.support.serving import Served, running
from tests.support.toyshop import EVERYTHING


@pytest.fixture
def pages(served: Served) -> Pages:
    return Pages(served)


def kept(served: Served, pages: Pages) -> Demonstration:
    with reading(served.service.engine) as connection:
        found = find(connection, pages.address.split("/")[2])
    assert found is not None
    return found


def test_nothing_is_recorded_without_consent(served: Served, pages: Pages) -> None:
    pages.open("/shop")
    assert served.service.consent.split("\n")[0] in pages.text()
    assert pages.soup.find("input", {"name": "consent"}).has_attr("required")
    pages.send("/shop", kind="given")
    assert (pages.status, "agree to what is recorded first" in pages.text()) == (422, True)


def test_people_agree_to_the_text_that_they_read(served: Served, pages: Pages) -> None:
    pages.open("/shop")
    served.service.consent = "Recorded: everything."
    pages.submit("/shop", consent="yes", kind="own", request="a lamp")
    assert (pages.status, "was changed since you read it" in pages.text()) == (422, True)
    assert pages.shop(kind="own", request="a lamp").status == 200
    assert kept(served, pages).consent == "Recorded: everything."


def test_a_request_is_given_or_written_not_both(pages: Pages) -> None:
    pages.shop(kind="given", request="a lamp")
    assert (pages.status, "choose one of them" in pages.text()) == (422, True)


def test_a_person_shops_in_the_pages_of_the_agent(served: Served, pages: Pages, toy: ShopData) -> None:
    pages.shop(kind="own", request=" a brass  lamp ")
    assert re.fullmatch(r"/shop/[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", pages.address)
    session = Session(toy.shop, "a brass lamp")
    for name, value in (("search", EVERYTHING), ("click", "next >"), ("click", "< prev"), ("click", "b0lamp0002")):
        pages.step(name, value)
        session.step(f"{name}[{value}]")
        assert "a brass lamp" in pages.text()
        assert [product.title in pages.text() for product in session.page.products] == [True] * len(
            session.page.products
        )
    product = session.page.product
    assert product is not None
    for section in ("description", "features", "reviews"):
        pages.step("click", section)
        session.step(f"click[{section}]")
        text = " ".join(product.description.split()) if section == "description" else ""
        assert text in pages.text()
        pages.step("click", "< prev")
        session.step("click[< prev]")
    name, values = next(iter(product.options.items()))
    assert f"Not chosen yet: {name}" in pages.text()
    pages.step("click", values[1])
    assert pages.soup.find("button", value=values[1])["aria-pressed"] == "true"
    pages.step("click", "buy now")
    assert "Thank you for shopping" in pages.text()
    assert "Your score" not in pages.text()
    made = kept(served, pages)
    assert (made.request, made.goal, made.status, made.reward) == ("a brass lamp", None, "bought", None)
    assert made.actions[:2] == (f"search[{EVERYTHING}]", "click[next >]")
    assert made.actions[-2:] == (f"click[{values[1]}]", "click[buy now]")
    assert made.consent == served.service.consent
    assert made.shop == toy.catalog.content_hash


def test_a_request_that_is_given_is_a_training_goal_and_is_scored(served: Served, pages: Pages, toy: ShopData) -> None:
    given = set()
    for _ in range(12):
        pages.shop()
        made = kept(served, pages)
        assert made.goal == toy.goals[made.goal_index or 0].to_json()
        given.add(made.goal_index)
    assert given <= set(toy.split.train)
    assert len(given) > 1
    goal = toy.goals[made.goal_index or 0]
    assert goal.instruction in pages.text()
    pages.step("search", EVERYTHING)
    while not pages.soup.find("button", value=goal.asin.lower()):
        pages.step("click", "next >")
    pages.step("click", goal.asin.lower())
    for value in goal.option_values:
        pages.step("click", value)
    pages.step("click", "buy now")
    assert "Your score: 1.00 of 1" in pages.text()
    assert kept(served, pages).reward == 1.0


def test_the_goal_stays_hidden(served: Served, pages: Pages, toy: ShopData) -> None:
    pages.shop()
    goal = toy.goals[kept(served, pages).goal_index or 0]
    assert goal.asin not in pages.html
    assert str(goal.price_upper) not in pages.html.replace(goal.instruction, "")
    for kind in ("trajectory", "log"):
        answer = served.client.get(f"{pages.address}/{kind}.jsonl")
        assert (answer.status_code, goal.asin in answer.text) == (404, False)
    pages.submit(f"{pages.address}/leave")
    assert served.client.get(f"{pages.address}/trajectory.jsonl").status_code == 404


def test_files_of_a_session_can_be_had(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "lamp").step("click", "b0lamp0002")
    code = kept(served, pages).code
    assert served.client.get(f"/shop/{code}/log.jsonl").status_code == 404  # nothing was bought yet
    pages.step("click", "buy now")
    answer = served.client.get(f"/shop/{code}/trajectory.jsonl")
    assert answer.headers["content-disposition"] == f'attachment; filename="{code}.trajectory.jsonl"'
    (row,) = map(json.loads, answer.text.splitlines())
    assert row["actions"] == ["search[lamp]", "click[b0lamp0002]", "click[buy now]"]
    assert (row["request"], row["reward"], row["goal"], row["about"]["code"]) == ("a lamp", None, None, code)
    log = [json.loads(line) for line in served.client.get(f"/shop/{code}/log.jsonl").text.splitlines()]
    assert [line["page"] for line in log] == ["index", "search_results", "item_page", "done"]
    assert served.client.get(f"/shop/{code}/other.jsonl").status_code == 404


def test_going_back_in_the_browser_leads_to_where_the_session_stands(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", EVERYTHING)
    old = pages.soup
    first, second = [button["value"] for button in old.select("li button.link")][:2]
    pages.step("click", str(first))
    pages.soup = old
    pages.step("click", str(second))
    assert "That page was an older one." in pages.text()
    assert kept(served, pages).actions == (f"search[{EVERYTHING}]", f"click[{first}]")


@pytest.mark.parametrize(
    "fields",
    [{"search": "lamp"}, {"click": "next >"}, {"click": "b0shoe0001"}, {"click": "x] click[buy now"}, {"click": ""}],
)
def test_what_the_page_does_not_offer_changes_nothing(served: Served, pages: Pages, fields: dict[str, str]) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "lamp").step("click", "b0lamp0002")
    before = kept(served, pages)
    pages.send(pages.address, step="2", **fields)
    assert kept(served, pages) == before


def test_an_empty_search_changes_nothing(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "  ")
    assert kept(served, pages).actions == ()
    assert pages.soup.find(id="search") is not None


def test_brackets_are_no_part_of_what_is_searched(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "lamp [2 pack]")
    assert kept(served, pages).actions == ("search[lamp 2 pack]",)


def test_a_session_can_be_stopped_found_and_deleted(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "lamp")
    address = pages.address
    pages.submit(f"{address}/leave")
    assert "Stopped without buying" in pages.text()
    assert kept(served, pages).status == "left"
    code = address.split("/")[2]
    assert pages.open(f"/shop/find?code=%20{code.lower()}").address == address
    pages.submit(f"{address}/forget")
    assert "The session was deleted." in pages.text()
    assert pages.open(address).status == 404
    assert pages.send(f"{address}/forget").status == 404


def test_a_session_does_not_go_on_in_another_catalogue(
    served: Served, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.shop(kind="own", request="a lamp").step("search", "lamp")
    before, code = pages.address, kept(served, pages).code
    monkeypatch.setitem(served.service.shop.catalog.__dict__, "content_hash", "other")
    assert pages.step("search", "lamp").status == 404
    assert pages.open(before).status == 200
    assert "catalogue was changed" in pages.text()
    assert served.client.get(f"{before}/trajectory.jsonl").status_code == 404
    pages.open(f"/watch/sessions/{code}")
    assert [each.get_text() for each in pages.soup.select("ol li")] == ["search[lamp]"]
    pages.open(before).submit(f"{before}/forget")
    assert pages.open(before).status == 404


def test_a_shop_without_goals_asks_for_a_request(tmp_path: Any) -> None:
    with running(f"sqlite:///{tmp_path / 'a.db'}") as served:
        served.service.__dict__["_data"] = None
        pages = Pages(served).open("/shop")
        assert pages.soup.find(id="given") is None
        assert pages.send("/shop", kind="given", consent="yes").status == 422
        assert pages.open("/shop").submit("/shop", consent="yes", request="a lamp").status == 200
        assert pages.open("/shop").submit("/shop", consent="yes", request=" ").status == 422
