"""WebShop's site as its clients ask for it (requests and BeautifulSoup), and as a person's browser does."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

import requests
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from shoprl.catalog.catalog import Catalog
from shoprl.compat.env_server import create_compatible_app
from shoprl.shop.data import shop_data
from shoprl.shop.page import Page
from shoprl.shop.render import text
from shoprl.shop.session import Session
from tests.support.browser import started_browser
from tests.support.clock import Clock
from tests.support.served import served
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_data

SHOE = PRODUCTS[0]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield f"{address}/site"


def visible(page: str) -> list[tuple[str, str]]:
    """The texts that the published clients see, each with the element it stands in."""
    soup = BeautifulSoup(page, "html.parser")
    hidden = {"style", "script", "head", "title", "meta", "[document]"}
    texts = [each for each in soup.find_all(string=True) if each.parent is not None and each.parent.name not in hidden]
    return [(each.parent.name, str(each)) for each in texts if each.parent is not None and each.strip()]


def shown(address: str) -> list[tuple[str, str]]:
    """A page as the clients fetch it: the address is written with texts, lists and dictionaries as they are."""
    response = requests.get(address, timeout=30)
    assert response.status_code == 200, response.text
    assert response.encoding == "utf-8"
    return visible(response.text)


def expected(page: Page) -> list[str]:
    return [each for each in text(page).split(" [SEP] ") if each]


def stripped(texts: list[tuple[str, str]]) -> list[str]:
    return [each.strip() for _, each in texts]


@pytest.mark.parametrize("goal", [0, 7])
def test_an_episode_as_react_plays_it(url: str, goal: int) -> None:
    name, wanted = f"fixed_{goal}", toy_data().goals[goal]
    episode = Session(toy_data().shop, wanted)
    start = shown(f"{url}/{name}")
    assert stripped(start) == expected(episode.page)
    assert ("button", "Search") in start

    query = wanted.name
    episode.step(f"search[{query}]")
    results = shown(f"{url}/search_results/{name}/{query}/1")
    assert stripped(results) == expected(episode.page)
    assert [word for tag, word in results if tag == "a"] == [product.asin for product in episode.page.products]
    assert [word for tag, word in results if tag == "button"] == ["Back to Search", "Next >"]

    options: dict[str, str] = {}  # an empty dictionary is part of the address, too
    episode.step(f"click[{wanted.asin.lower()}]")
    item = shown(f"{url}/item_page/{name}/{wanted.asin}/{query}/1/{options}")
    assert stripped(item) == expected(episode.page)
    product = toy_data().catalog[wanted.asin]
    types, kind = {}, ""  # as the clients learn which option a value is of: by the last text before it
    for tag, word in item:
        if tag == "label":
            types[word] = kind
        elif tag != "button":
            kind = word
    assert types == {value: option for option, values in product.options.items() for value in values}
    for value in wanted.option_values:
        options[types[value]] = value
        episode.step(f"click[{value}]")
        shown(f"{url}/item_page/{name}/{wanted.asin}/{query}/1/{options}")

    for section in ("Description", "Features", "Reviews"):
        episode.step(f"click[{section.lower()}]")
        sub = shown(f"{url}/item_sub_page/{name}/{wanted.asin}/{query}/1/{section}/{options}")
        assert stripped(sub) == expected(episode.page)
        episode.step("click[< prev]")

    done = [word for _, word in shown(f"{url}/done/{name}/{wanted.asin}/{options}")]
    reward = float(done[done.index("Your score (min 0.0, max 1.0)") + 1])
    assert reward == episode.step("click[buy now]") == 1.0


def test_keywords_as_the_original_and_its_text_environment_write_them(url: str) -> None:
    words = ["running", "shoes"]
    plain = shown(f"{url}/search_results/fixed_0/running shoes/1")
    for written in (str(words), json.dumps(words), "running+shoes"):
        assert shown(f"{url}/search_results/fixed_0/{written}/1")[2:] == plain[2:]
    listed = shown(f"{url}/search_results/fixed_0/{['<q>', 'running', 'shoes']}/1")
    assert [word for tag, word in listed if tag == "a"] == [each.asin for each in PRODUCTS if "running" in each.query]


def test_pages_of_results(url: str) -> None:
    first, second, last = (shown(f"{url}/search_results/fixed_0/{EVERYTHING}/{page}") for page in (1, 2, 9))
    assert [sum(tag == "a" for tag, _ in page) for page in (first, second, last)] == [10, 2, 0]
    assert ("button", "< Prev") in second


def local(data: Any = None, seed: int = 0) -> TestClient:
    app = create_compatible_app(data or toy_data(), seed=seed, clock=Clock(), hosts=["testserver"])
    return TestClient(app, raise_server_exceptions=False)


def instruction(server: TestClient, name: str) -> str:
    return visible(server.get(f"/site/{name}").text)[2][1]


def test_goals_of_sessions() -> None:
    server = local()
    goals = toy_data().goals
    assert [instruction(server, f"fixed_{i}") for i in range(len(goals))] == [goal.instruction for goal in goals]
    drawn = [instruction(server, f"name{i}") for i in range(30)]
    assert 5 < len(set(drawn)) <= len(goals)
    again, other = local(), local(seed=1)
    assert drawn == [instruction(again, f"name{i}") for i in reversed(range(30))][::-1]
    assert drawn != [instruction(other, f"name{i}") for i in range(30)]


def test_a_server_keeps_nothing_of_a_visit() -> None:
    server = local()
    for i in range(50):
        assert server.get(f"/site/visitor{i}").status_code == 200
    assert len(server.app.state.sessions) == 0  # type: ignore[attr-defined]


def follow(server: TestClient, page: Any, button: str, fields: Mapping[str, str] | None = None) -> Any:
    """Press a button of a page's form, as a browser does: its fields are sent to the page's own address."""
    soup = BeautifulSoup(page.text, "html.parser")
    pressed = next(each for each in soup.find_all("button") if each.text == button)
    return server.get(page.url.copy_with(params={**(fields or {}), str(pressed["name"]): str(pressed["value"])}))


def test_a_person_shops_in_a_browser() -> None:
    slashed = replace(SHOE, options={"size/width": ("9 wide", "10/11"), "color": ("black",)})
    goals = [goal for goal in toy_data().goals if goal.asin != SHOE.asin]
    server = local(shop_data(Catalog([slashed, *PRODUCTS[1:]]), goals))
    page = server.get("/site/")
    assert page.url.path.count("/") == 2
    assert server.get("/site/").url != page.url  # everybody has a session of their own
    page = follow(server, page, "Search", {"search": "Toymart 3/4 [inch]"})
    assert unquote(page.url.path).endswith("/['toymart', '3/4', '[inch]']/1")
    page = follow(server, follow(server, page, "Next >"), "< Prev")
    assert BeautifulSoup(page.text, "html.parser").h3.text == "Page 1 (Total results: 12)"  # type: ignore[union-attr]
    link = BeautifulSoup(page.text, "html.parser").find("a", string=SHOE.asin)
    while link is None:
        page = follow(server, page, "Next >")
        link = BeautifulSoup(page.text, "html.parser").find("a", string=SHOE.asin)
    page = server.get(page.url.join(str(link["href"])))  # type: ignore[index]
    assert BeautifulSoup(page.text, "html.parser").h2.text == SHOE.title  # type: ignore[union-attr]
    chosen = {"size/width": "10/11", "color": "green", "made up": "x"}
    page = follow(server, page, "Description", chosen)
    page = follow(server, page, "< Prev")
    assert [str(each["value"]) for each in BeautifulSoup(page.text, "html.parser").select("[checked]")] == ["10/11"]
    page = follow(server, page, "Buy Now", {"size/width": "10/11", "color": "black"})
    bought = [word for _, word in visible(page.text)]
    assert json.loads(bought[bought.index("options") + 1]) == {"color": "black", "size/width": "10/11"}


def test_a_person_shops_in_a_real_browser(url: str) -> None:
    with started_browser() as browser:
        page = browser.new_page()
        page.goto(f"{url}/fixed_0")
        assert toy_data().goals[0].instruction in page.inner_text("#instruction-text")
        page.fill("#search_input", EVERYTHING)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Next >").click()
        page.get_by_role("button", name="< Prev").click()
        while not page.get_by_role("link", name=SHOE.asin).count():
            page.get_by_role("button", name="Next >").click()
        page.get_by_role("link", name=SHOE.asin).click()
        page.get_by_label("red").check()
        page.get_by_role("button", name="Features").click()
        page.get_by_role("button", name="< Prev").click()
        assert page.get_by_label("red").is_checked()
        page.get_by_label("9 wide").check()
        page.get_by_role("button", name="Buy Now").click()
        assert json.loads(page.inner_text("#options pre")) == {"color": "red", "size": "9 wide"}
        assert 0 <= float(page.inner_text("#reward pre")) <= 1


def test_back_to_search_and_to_results() -> None:
    server = local()
    item = server.get(f"/site/item_page/fixed_0/{SHOE.asin}/x/1/{{}}")
    assert follow(server, item, "Back to Search").url.path == "/site/fixed_0"
    assert follow(server, item, "< Prev").url.path == "/site/search_results/fixed_0/x/1"
    assert server.get("/site/fixed_0?search=+").url.path == "/site/fixed_0"


@pytest.mark.parametrize(
    ("path", "status", "error", "part"),
    [
        ("fixed_35", 422, "GoalError", "use fixed_0 to fixed_34"),
        ("fixed_-1", 422, "GoalError", "fixed_0"),
        ("fixed_" + "9" * 50, 422, "GoalError", "fixed_0"),
        ("n" * 101, 422, "ConfigError", "at most 100 characters"),
        ("search_results/fixed_0/x/0", 422, "ConfigError", "page '0'"),
        ("search_results/fixed_0/x/²", 422, "ConfigError", "page '²'"),
        ("search_results/fixed_0/[x]/1", 422, "ConfigError", "keywords '[x]': must be a list of texts"),
        ("search_results/fixed_0/[]/1", 422, "ConfigError", "keywords: give some"),
        ("search_results/fixed_0/x/1?click=nothing", 422, "ConfigError", "no such button"),
        ("item_page/fixed_0/B0SHOE0001/x/1/{'a': open('x')}", 422, "ConfigError", "must be a dictionary of texts"),
        ("item_page/fixed_0/B0SHOE0001/x/1/" + "[" * 9_000, 422, "ConfigError", "keywords/page/{options}"),
        ("item_page/fixed_0/B0SHOE0001/x/1/" + "{" * 9_000, 422, "ConfigError", "must be a dictionary of texts"),
        ("item_page/fixed_0/B0SHOE0001/x/1/{}?click=search", 422, "ConfigError", "no such button"),
        ("item_page/fixed_0/b0shoe0001/x/1/{}", 404, "NotFound", "no such product"),
        ("item_sub_page/fixed_0/B0SHOE0001/x/1/Attributes/{}", 422, "ConfigError", "Description, Features, Reviews"),
        ("done/fixed_0/B0SHOE0001/{'a': 1}", 422, "ConfigError", "must be a dictionary of texts"),
    ],
)
def test_a_wrong_address_is_named(path: str, status: int, error: str, part: str) -> None:
    start = time.perf_counter()
    answer = local().get(f"/site/{path}")
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert part in answer.json()["message"]
    assert time.perf_counter() - start < 5


def test_nothing_of_an_address_becomes_markup_or_leads_elsewhere() -> None:
    server = local()
    script = "<script>alert(1)</script>"
    done = server.get(f"/site/done/{script.replace('/', '')}/{SHOE.asin}/{ {script: script} }")
    assert done.status_code == 200
    assert "<script" not in done.text
    assert "default-src 'none'" in done.headers["content-security-policy"]
    away = server.get("/site//evil.example?click=back+to+search", follow_redirects=False)
    assert not away.headers.get("location", "/").startswith("//")
    evil = server.get("/site/search_results/..%2F..%2F%2Fevil/x/1?click=back+to+search", follow_redirects=False)
    assert evil.headers.get("location", "/site/").startswith(("/site/", "http://testserver/"))
