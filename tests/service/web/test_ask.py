import json
from typing import Any

import pytest

from shoprl.service.config import ServiceConfig
from shoprl.service.database import reading
from shoprl.service.tables import decisions, events
from shoprl.service.web.ask import Given
from tests.support.pages import Pages
from tests.support.serving import REQUEST, Served, running


@pytest.fixture
def pages(served: Served) -> Pages:
    return Pages(served)


def kept(served: Served) -> list[tuple[Any, ...]]:
    with reading(served.service.engine) as connection:
        rows = connection.execute(events.select().order_by(events.c.sequence))
        return [(row.type, row.item_id, row.value, tuple(row.over), row.status) for row in rows]


def test_a_request_leads_to_ranked_cards(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    assert pages.status == 200
    assert pages.soup.h1.get_text() == REQUEST
    cards = pages.soup.select("ol.cards > li")
    assert cards[0]["data-item"] == "B0LAMP0002"
    assert len(cards) == 2
    first = cards[0].get_text(" ")
    assert "$64.00" in first
    assert "Matches toymart, brass, lamp" in " ".join(first.split())
    assert cards[0].img["src"] == "https://img.example/B0LAMP0002.jpg"
    assert cards[0].svg is not None  # behind the picture
    with reading(served.service.engine) as connection:
        row = connection.execute(decisions.select()).one()
    assert pages.address == f"/lists/{row.decision_id}"
    assert row.context == {"source": "page"}
    assert row.activated_at is not None


def test_limits_reach_the_agent_and_stay_in_the_form(served: Served, pages: Pages) -> None:
    pages.ask(k="3", price_min="20", price_max="70,5", in_stock="yes")
    job = served.workers.jobs[-1]
    assert (job.k, job.filters.price_min, job.filters.price_max, job.filters.in_stock) == (3, 20.0, 70.5, True)
    assert pages.soup.find(id="price_max")["value"] == "70.5"
    assert pages.soup.find(id="in_stock").has_attr("checked")
    assert pages.soup.find("details", class_="more").has_attr("open")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"request": " "}, "Say what you are looking for."),
        ({"k": "0"}, "give a number from 1 to 100"),
        ({"k": "many"}, "give a number from 1 to 100"),
        ({"price_min": "9", "price_max": "2"}, "The lowest price is above the highest."),
        ({"price_max": "nan"}, "give one price, or nothing"),
        ({"price_max": "5-9"}, "give one price, or nothing"),
        ({"price_max": "-5"}, "price_max: '-5' is below 0."),
        ({"price_max": "1e9"}, "is written with an exponent."),
        ({"request": "x" * 2_001}, "at most 2,000 characters"),
        ({"request": "a\0b"}, "zero byte"),
    ],
)
def test_what_cannot_be_asked_is_said(served: Served, pages: Pages, fields: dict[str, str], fault: str) -> None:
    pages.open("/").submit("/ask", **{"request": REQUEST} | fields)
    assert pages.status == 422
    assert fault in pages.text()
    assert served.workers.jobs == []
    typed = {each["name"]: each.get("value", each.get_text()) for each in pages.soup.find_all(["input", "textarea"])}
    assert all(typed[name] == value[:2_000].replace("\0", "\ufffd") for name, value in fields.items())
    assert pages.open("/ask").status == 200  # where the address bar is now


@pytest.mark.parametrize("type_", ["like", "dislike", "purchase"])
def test_what_is_said_of_a_product_is_kept_once(served: Served, pages: Pages, type_: str) -> None:
    pages.ask(k="2")
    feedback = f"{pages.address}/feedback"
    form = pages.soup.find("form", action=feedback)
    event = form.find("input", {"name": "event"})["value"]
    pages.submit(feedback, "type", type_)
    assert kept(served) == [(type_, "B0LAMP0002", 64.0 if type_ == "purchase" else None, (), "accepted")]
    assert pages.soup.find("button", value=type_)["aria-pressed"] == "true"
    pages.send(feedback, item="B0LAMP0002", event=event, type=type_)  # the same form again
    assert len(kept(served)) == 1


def test_the_last_of_liking_and_disliking_is_shown(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    for said in ("like", "dislike", "like"):
        pages.submit(f"{pages.address}/feedback", "type", said)
    pressed = {
        each["value"] for each in pages.soup.find("li").find_next("ol").find_all("button", {"aria-pressed": "true"})
    }
    assert pressed == {"like"}
    assert [row[0] for row in kept(served)] == ["like", "dislike", "like"]


def test_a_product_is_preferred_to_the_others_of_the_list(served: Served, pages: Pages) -> None:
    pages.ask(k="3")
    items = [card["data-item"] for card in pages.soup.select("ol.cards > li")]
    pages.submit(f"{pages.address}/feedback", "type", "prefers")
    assert kept(served) == [("prefers", items[0], None, tuple(items[1:]), "accepted")]


def test_late_feedback_is_said_to_be_late(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    served.hands.now += served.service.config.reward_window + 1
    pages.submit(f"{pages.address}/feedback", "type", "like")
    assert kept(served)[0][-1] == "late"
    assert "nothing is learned from it" in pages.text()


def test_asking_again_leaves_out_what_was_turned_down(served: Served, pages: Pages) -> None:
    first = pages.ask(k="3").address
    pages.submit(f"{first}/feedback", "type", "dislike")
    assert "Without the 1 product I do not want" in pages.text()
    again = pages.submit("/ask", request=f"{REQUEST} for my desk").address
    job = served.workers.jobs[-1]
    assert (job.request, job.filters.exclude) == (f"{REQUEST} for my desk", ("B0LAMP0002",))
    assert "B0LAMP0002" not in [card["data-item"] for card in pages.soup.select("ol.cards > li")]
    with reading(served.service.engine) as connection:
        row = connection.execute(decisions.select().where(decisions.c.decision_id == again.split("/")[-1])).one()
    assert row.context == {"source": "page", "corrects": first.split("/")[-1]}
    pages.submit("/ask")  # and it stays left out
    assert served.workers.jobs[-1].filters.exclude == ("B0LAMP0002",)


def test_a_correction_keeps_what_is_left_out_where_a_limit_is_wrong(served: Served, pages: Pages) -> None:
    first = pages.ask(k="3").address
    pages.submit(f"{first}/feedback", "type", "dislike").submit("/ask", price_max="cheap")
    assert pages.status == 422
    assert pages.submit("/ask", price_max="").status == 200
    assert served.workers.jobs[-1].filters.exclude == ("B0LAMP0002",)


@pytest.mark.parametrize(
    ("typed", "price", "again"),
    [
        ("1,000", 1000.0, "1000"),
        ("1,000.50", 1000.5, "1000.5"),
        ("12,5", 12.5, "12.5"),
        ("$ 20", 20.0, "20"),
        ("1234567", 1234567.0, "1234567"),
        ("12345.67", 12345.67, "12345.67"),
        ("12.3450", 12.345, "12.3450"),
    ],
)
def test_a_price_is_read_as_people_write_it(served: Served, pages: Pages, typed: str, price: float, again: str) -> None:
    for _ in range(2):
        pages.ask(price_max=typed)
        assert served.workers.jobs[-1].filters.price_max == price
        typed = pages.soup.find(id="price_max")["value"]
        assert typed == again


def test_a_product_has_a_page_and_opening_it_is_a_click(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    title = pages.soup.select("ol.cards h2 a")[0].get_text()
    pages.follow(title)
    assert pages.soup.h1.get_text() == title
    assert "Features" in pages.text()
    pages.open(pages.address)
    assert kept(served) == [("click", "B0LAMP0002", None, (), "accepted")]
    pages.follow("Back to the list")
    assert pages.address.startswith("/lists/")
    assert pages.open(f"{pages.address}/items/9").status == 404


def test_what_was_looked_at_is_an_impression(served: Served, pages: Pages) -> None:
    pages.ask(k="3")
    items = [card["data-item"] for card in pages.soup.select("ol.cards > li")][:2]
    for _ in range(2):
        pages.send(f"{pages.address.split('/feedback')[0]}/feedback", type="impression", item=items)
    assert [(row[0], row[1]) for row in kept(served)] == [("impression", item) for item in items]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": "like", "item": "B0NOTHING"}, 422),
        ({"type": "like"}, 422),
        ({"type": "declined", "item": "B0LAMP0002"}, 422),
        ({"item": "B0LAMP0002"}, 422),
    ],
)
def test_odd_feedback_is_refused(served: Served, pages: Pages, fields: dict[str, str], status: int) -> None:
    address = pages.ask(k="2").address
    assert pages.send(f"{address}/feedback", **fields).status == status
    assert kept(served) == []
    assert pages.send("/lists/d_nothing/feedback", type="like", item="x").status == 404


def test_runs_are_streamed_in_sentences(served: Served) -> None:
    for _ in range(2):  # also of a request whose list is remembered
        answer = served.client.post("/ask", data={"request": REQUEST}, headers={"Accept": "text/event-stream"})
        assert answer.headers["content-type"].startswith("text/event-stream")
        parts = [dict(line.split(": ", 1) for line in each.split("\n")) for each in answer.text.strip().split("\n\n")]
        steps = [json.loads(each["data"]) for each in parts if each["event"] == "step"]
        assert {step["run"] for step in steps} == {*range(10), None}
        assert any(step["text"].startswith("Searches for “toymart brass lamp”: ") for step in steps)
        assert any(step["over"] and step["text"].startswith("Buys “") for step in steps)
        assert any(step["text"].startswith("Compares what was seen. Best so far: “") for step in steps)
        assert parts[-1]["event"] == "list"
        assert json.loads(parts[-1]["data"])["address"].startswith("/lists/d_")
    assert served.service.streams == 0


def test_a_crowded_service_says_so_on_a_page(served: Served, pages: Pages) -> None:
    served.workers.busy = True
    pages.ask()
    assert (pages.status, "Try again later" in pages.text()) == (503, True)
    assert pages.headers["retry-after"]


def test_nothing_found_is_said(tmp_path: Any) -> None:
    with running(f"sqlite:///{tmp_path / 'a.db'}", ServiceConfig(min_fit=1.0)) as served:
        pages = Pages(served).ask("zzz qqq")
        assert "The agent found nothing in this shop that fits." in pages.text()


def test_a_form_without_limits_keeps_them_closed() -> None:
    assert not Given("mug").limits
    assert Given("mug", k="5").limits
