import re
from typing import Any

import pytest

from shoprl.service.database import writing
from shoprl.service.policies import register, set_role
from tests.support.pages import Pages
from tests.support.serving import NOW, REQUEST, Served
from tests.support.toyshop import EVERYTHING


@pytest.fixture
def pages(served: Served) -> Pages:
    return Pages(served)


def table(pages: Pages, caption: str) -> list[list[str]]:
    found = next(each for each in pages.soup.find_all("table") if caption in each.caption.get_text())
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in found.tbody.find_all("tr")
    ]


def test_a_new_service_has_little_to_show(pages: Pages) -> None:
    pages.open("/watch")
    assert pages.status == 200
    assert "No list counts yet" in pages.text()
    assert table(pages, "last lists") == [["Nothing yet."]]
    assert [row[0] for row in table(pages, "What is registered")] == ["plain", "pretrained"]


def test_arms_feedback_and_comparisons_are_shown(served: Served, pages: Pages) -> None:
    with writing(served.service.engine) as connection:
        set_role(connection, "plain", "candidate", NOW)
    served.service.decider.forget()
    for number in range(12):
        pages.ask(f"{REQUEST} {number}", k="2")
        if number % 2:
            pages.submit(f"{pages.address}/feedback", "type", "purchase")
    pages.open("/compare").submit("/compare", request=REQUEST)
    pages.submit(pages.address, "preferred", "left")
    served.hands.now += served.service.config.reward_window + 1
    pages.open("/watch")
    arms = {row[0]: row for row in table(pages, "What the arms earned")}
    counts = {name: int(row[2]) for name, row in arms.items()}
    assert sum(counts.values()) == 12
    assert sum(float(row[3]) for row in arms.values()) == 6
    assert len(pages.soup.select("svg.densities polyline")) == 2
    rates = table(pages, "Lists with feedback")
    assert sum(int(row[2]) for row in rates) == 12
    assert sum(int(row[-1].split()[0]) for row in rates) == 6
    (compared,) = table(pages, "Blind comparisons")
    assert compared[0] == "plain and pretrained"
    assert sorted(compared[1:3]) == ["0", "1"]


def test_evidence_is_shown_without_the_folders_of_the_machine(served: Served, pages: Pages, tmp_path: Any) -> None:
    evidence = {"guard": {"candidate": {"worse": True, "difference": -0.12345}}, "out": "/home/somebody/runs/a", "n": 3}
    with writing(served.service.engine) as connection:
        register(connection, "learned-1", "random", NOW, "candidate", "pretrained", evidence)
    pages.open("/watch")
    row = next(row for row in table(pages, "What is registered") if row[0] == "learned-1")
    assert row[1:3] == ["candidate", "pretrained"]
    assert row[-1] == "held back by the guard"
    facts = pages.soup.find("summary", string=re.compile("learned-1")).find_next("dl").get_text(" ", strip=True)
    assert facts == "guard · candidate · worse true guard · candidate · difference -0.1235 out a n 3"
    assert "somebody" not in pages.html


def test_the_runs_of_a_list_are_shown_step_by_step(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    pages.submit(f"{pages.address}/feedback", "type", "like")
    pages.open("/watch").follow(REQUEST)
    runs = pages.soup.find_all("details", class_="run")
    assert len(runs) == 11
    assert runs[0].summary.get_text().startswith("Run 1: ")
    steps = [step.get_text() for step in runs[0].find_all("li")]
    assert steps[0].startswith(f"Searches for “{REQUEST}”: ")
    assert steps[-1].startswith("Buys “")
    assert "like" in pages.soup.table.get_text()


def test_runs_that_cannot_be_taken_again_are_said_so(
    served: Served, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = pages.ask(k="2").address.replace("/lists", "/watch/lists")
    served.workers.busy = True
    assert "The runs cannot be shown: Too many requests wait." in pages.open(address).text()
    served.workers.busy = False
    monkeypatch.setitem(served.service.shop.catalog.__dict__, "content_hash", "other")
    assert "the catalogue was changed since" in pages.open(address).text()


def test_the_sessions_of_people_are_shown_step_by_step(served: Served, pages: Pages) -> None:
    pages.shop(kind="own", request="a lamp").step("search", EVERYTHING).step("click", "next >").step("click", "< prev")
    pages.step("click", "b0lamp0002").step("click", "features").step("click", "< prev").step("click", "< prev")
    pages.open("/watch").follow("a lamp")
    steps = [step.get_text() for step in pages.soup.main.ol.find_all("li")]
    assert [each.split(" “")[0] for each in steps] == [
        "Searches for",
        "Looks at page 2 of the results.",
        "Goes back to page 1 of the results.",
        "Opens",
        "Reads the features of",
        "Goes back to",
        "Goes back to page 1 of the results.",
    ]
    assert pages.open("/watch/sessions/NOTHING").status == 404


def test_what_was_read_is_shown_for_some_seconds(served: Served, pages: Pages) -> None:
    pages.open("/watch")
    pages.ask(k="2")
    assert table(pages.open("/watch"), "last lists") == [["Nothing yet."]]
    served.hands.now += 4
    assert table(pages.open("/watch"), "last lists")[0][0] == REQUEST
