"""The pages in a real browser: the four paths, by mouse and by keyboard alone, with and without JavaScript."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.service.app import create_app
from shoprl.service.config import ServiceConfig
from shoprl.service.database import reading
from shoprl.service.demonstrations import latest_demonstrations
from shoprl.service.running import Service
from shoprl.service.tables import comparisons, events
from shoprl.shop.data import ShopData, shop_data
from tests.support.browser import opened, serious, started_browser
from tests.support.serving import NOW, REQUEST, parts
from tests.support.toyshop import EVERYTHING, toy_data

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
SECONDS = 20_000  # milliseconds that anything may take
ATTACKS = (
    "<script>window.attacked = 1</script>",
    '"><img src=x onerror="window.attacked = 1">',
    "{{ 7 * 7 }}{% raw %}</textarea><svg onload=window.attacked=1>",
    "\u202ereversed\u0000 </title></button></form><form action=https://evil.example><button>",
)
IMAGES = ("javascript:window.attacked=1", "data:text/html,<script>1</script>", '" onerror="window.attacked=1', "//x/y")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started_browser() as started:
        yield started


def hostile_data() -> ShopData:
    """The toy shop with an attack in every text."""
    toy = toy_data()
    products = []
    for number, product in enumerate(toy.catalog):
        attack, image = ATTACKS[number % len(ATTACKS)], IMAGES[number % len(IMAGES)]
        options = {attack: (f"a{attack}", "b")} if number % 2 else product.options
        texts = {
            "title": f"{product.title} {attack}",
            "description": f"{EVERYTHING} {attack}",
            "bullets": (attack,),
            "brand": attack,
        }
        more = {"image": image, "url": image, "availability": attack, "category": attack, "options": options}
        products.append(replace(product, **texts, **more))  # type: ignore[arg-type]
    goals = [replace(goal, instruction=f"{goal.instruction} {ATTACKS[0]}") for goal in toy.goals]
    return shop_data(Catalog(products), goals)


@pytest.fixture(scope="module", params=[("toy", "desk"), ("toy", "phone"), ("hostile", "phone")], ids="-".join)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which shop, and which screen."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture(scope="module")
def site(place: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    database = f"sqlite:///{tmp_path_factory.mktemp('site') / 'service.db'}"
    data = toy_data() if place[0] == "toy" else hostile_data()
    service, _, _ = parts(database, ServiceConfig(min_fit=0.0, temperature=0.0), data)
    with opened(create_app(service)) as address:
        yield address, service


class Visitor:
    """A browser tab that notes what goes wrong."""

    def __init__(self, browser: Any, base: str, width: str = "desk", scripts: bool = True) -> None:
        sizes = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        self.context = browser.new_context(viewport=sizes, java_script_enabled=scripts)
        self.page = self.context.new_page()
        self.page.set_default_timeout(SECONDS)
        self.base, self.scripts, self.faults = base, scripts, list[str]()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda message: self._said(message))
        # nothing outside is reached, and nothing but pictures may be asked for
        self.page.route(lambda url: not url.startswith(base), self._outside)

    def _said(self, message: Any) -> None:
        if message.type == "error" and "ERR_FAILED" not in message.text:
            self.faults.append(message.text)

    def _outside(self, route: Any) -> None:
        if route.request.resource_type != "image":
            self.faults.append(route.request.url)
        route.abort()

    def open(self, path: str) -> Any:
        self.page.goto(self.base + path)
        return self.page

    def check(self) -> None:
        """What holds on every page."""
        assert self.faults == []
        if self.scripts:
            assert self.page.evaluate("window.attacked === undefined")
            assert serious(self.page) == []
        sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        if self.scripts:
            wide, room = self.page.evaluate(sizes)
            assert wide <= room

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visitor(place: tuple[str, str], browser: Any, site: tuple[str, Service]) -> Iterator[Visitor]:
    made = Visitor(browser, site[0], place[1])
    yield made
    made.close()


def kept(service: Service) -> list[tuple[str, str]]:
    with reading(service.engine) as connection:
        rows = connection.execute(events.select().order_by(events.c.sequence))
        return [(row.type, row.decision_id) for row in rows]


def test_ask(visitor: Visitor, site: tuple[str, Service]) -> None:
    page = visitor.open("/")
    visitor.check()
    page.get_by_label("What are you looking for?").fill(REQUEST)
    page.get_by_text("Limits").click()
    page.get_by_label("Products").fill("4")
    with page.expect_response(lambda answer: answer.url.endswith("/ask")) as asked:
        page.get_by_role("button", name="Shop for me").click()
    assert asked.value.headers["content-type"].startswith("text/event-stream")
    page.wait_for_url("**/lists/*")
    assert page.locator("h1").inner_text() == REQUEST
    assert page.locator("ol.cards > li").count() == 4
    visitor.check()
    decision = page.url.rsplit("/", 1)[-1]
    said = (("Like", 2), ("Not this", 2), ("Prefer this one", 2), ("Bought", 2), ("Not this", 3))
    for name, place in said:
        page.locator(f"#item-{place}").get_by_role("button", name=name).click()
        page.wait_for_selector(f'#item-{place} button[aria-pressed="true"]:text-is("{name}")')
        focused = page.evaluate("document.activeElement.textContent")
        assert focused == name  # a click does not send the keyboard's user to the top
    assert [kind for kind, own in kept(site[1]) if own == decision and kind != "impression"] == [
        "like",
        "dislike",
        "prefers",
        "purchase",
        "dislike",
    ]
    visitor.check()
    turned_down = page.locator("#item-3").get_attribute("data-item")
    page.get_by_label("Without the 1 product I do not want").check()
    page.get_by_role("button", name="Shop again").click()
    page.wait_for_url(lambda url: "/lists/" in url and not url.endswith(decision))
    assert turned_down not in page.locator("ol.cards > li").evaluate_all("all => all.map(each => each.dataset.item)")
    page.locator("ol.cards h2 a").first.click()
    page.wait_for_selector("article.product")
    visitor.check()
    page.go_back()
    page.wait_for_selector("ol.cards")


def test_products_that_were_looked_at_are_told_of(visitor: Visitor, site: tuple[str, Service]) -> None:
    page = visitor.open("/")
    page.get_by_label("What are you looking for?").fill(f"{REQUEST} seen")
    with page.expect_request(lambda sent: "type=impression" in (sent.post_data or "")):
        page.get_by_role("button", name="Shop for me").click()
    page.wait_for_timeout(300)
    decision = page.url.rsplit("/", 1)[-1]
    assert ("impression", decision) in kept(site[1])


def test_the_runs_are_shown_while_they_happen(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => window.seen.push(...[...document.querySelectorAll(
        ".runs li")].map(each => each.textContent))).observe(document.body, {childList: true, subtree: true}); }"""
    )
    page.get_by_label("What are you looking for?").fill(f"{REQUEST} live")
    page.get_by_role("button", name="Shop for me").click()
    page.wait_for_url("**/lists/*")
    seen = page.evaluate("window.seen")
    assert any(each.startswith("Run 10") for each in seen)
    assert any("Searches for" in each or "Opens" in each or "Buys" in each for each in seen)
    assert visitor.faults == []


def test_shop(visitor: Visitor, site: tuple[str, Service]) -> None:
    page = visitor.open("/shop")
    visitor.check()
    page.get_by_role("button", name="Start").click()
    assert page.url.endswith("/shop")  # the browser asks for consent first
    page.get_by_label("My request").fill("a lamp")
    assert page.get_by_label("A request of my own").is_checked()
    page.get_by_label("My request").fill("")
    assert page.get_by_label("Give me a request").is_checked()
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector("#search")
    visitor.check()
    page.get_by_label("Search words").fill(EVERYTHING)
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_selector("ol.cards")
    visitor.check()
    page.get_by_role("button", name="Next >").click()
    page.wait_for_selector("text=Page 2")
    page.locator("ol.cards button").first.click()
    page.wait_for_selector("article.product")
    visitor.check()
    option = page.locator("fieldset.choices button")
    if option.count():
        option.last.click()
        page.wait_for_selector('fieldset.choices button[aria-pressed="true"]')
        assert page.evaluate("document.activeElement.ariaPressed") == "true"  # the keyboard goes on from there
    page.get_by_role("button", name="Features").click()
    page.wait_for_selector("text=Features:")
    visitor.check()
    page.get_by_role("button", name="< Prev").click()
    page.get_by_role("button", name="Buy Now").click()
    page.wait_for_selector("text=Thank you for shopping")
    visitor.check()
    assert page.get_by_text("Your score:").is_visible()
    with reading(site[1].engine) as connection:
        (made,) = latest_demonstrations(connection, 1)
    assert (made.status, made.actions[0]) == ("bought", f"search[{EVERYTHING}]")
    with page.expect_download() as saved:
        page.get_by_text("Log (WebShop's format)").click()
    assert saved.value.suggested_filename == f"{made.code}.log.jsonl"
    page.get_by_role("button", name="Delete this session").click()
    page.wait_for_selector("text=The session was deleted.")
    visitor.check()


def test_compare(visitor: Visitor, site: tuple[str, Service]) -> None:
    page = visitor.open("/compare")
    visitor.check()
    page.get_by_label("What are you looking for?").fill(REQUEST)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector("text=List B is better")
    visitor.check()
    page.get_by_role("button", name="List B is better").click()
    page.wait_for_selector("text=You preferred list B.")
    visitor.check()
    with reading(site[1].engine) as connection:
        rows = list(connection.execute(comparisons.select().order_by(comparisons.c.sequence)))
    assert rows[-1].preferred == "right"


def test_watch(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.get_by_label("What are you looking for?").fill(f"{REQUEST} watched")
    page.get_by_role("button", name="Shop for me").click()
    page.wait_for_url("**/lists/*")
    visitor.page.wait_for_timeout(100)
    page = visitor.open("/watch")
    visitor.check()
    pause = page.get_by_role("button", name="Pause updates")
    pause.click()
    assert pause.get_attribute("aria-pressed") == "true"
    for details in page.locator("details").all():
        details.locator("summary").click()
    visitor.check()
    page.locator("section[aria-labelledby=episodes] a").first.click()
    page.wait_for_selector("details.run")
    assert page.locator("details.run").count() == 11
    visitor.check()


def test_a_server_that_is_gone_is_said_to_be(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.get_by_label("What are you looking for?").fill(f"{REQUEST} gone")
    page.route("**/ask", lambda route: route.abort())
    for _ in range(2):  # said once, however often it is tried
        page.get_by_role("button", name="Shop for me").click()
        page.wait_for_selector(".notice.failed")
        page.wait_for_selector("button.main:not([aria-disabled])")
    assert page.locator(".failed").all_inner_texts() == ["The server could not be reached. Try again."]
    assert not page.locator("#runs").is_visible()
    visitor.faults.clear()  # the browser tells of the request itself
    page.unroute("**/ask")
    page.get_by_role("button", name="Shop for me").click()
    page.wait_for_url("**/lists/*")


def press(page: Any, text: str, most: int = 60) -> None:
    """Go on with the Tab key until something with a text has the focus."""
    said = "document.activeElement.textContent.trim() || document.activeElement.labels?.[0]?.textContent.trim() || ''"
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(said).startswith(text):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"  # where the keyboard is can be seen
            return
    raise AssertionError(f"the Tab key does not reach {text}")


def test_by_keyboard_alone(browser: Any, site: tuple[str, Service]) -> None:
    visitor = Visitor(browser, site[0])
    page = visitor.open("/")
    press(page, "Skip to the content")
    page.keyboard.press("Enter")
    press(page, "What are you looking for?")
    page.keyboard.type(f"{REQUEST} keys")
    press(page, "Shop for me")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lists/*")
    assert page.evaluate("document.activeElement.id") == "main"
    press(page, "Like")
    page.keyboard.press("Space")
    page.wait_for_selector('#item-1 button[aria-pressed="true"]:text-is("Like")')
    press(page, "Not this")
    page.keyboard.press("Enter")
    page.wait_for_selector('#item-1 button[aria-pressed="true"]:text-is("Not this")')
    page = visitor.open("/shop")
    press(page, "I have read this and agree.")
    page.keyboard.press("Space")
    press(page, "Start")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search")
    press(page, "Search words")
    page.keyboard.type(EVERYTHING)
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.cards")
    press(page, page.locator("ol.cards button").nth(1).inner_text()[:20])
    page.keyboard.press("Enter")
    page.wait_for_selector("article.product")
    press(page, "Buy Now")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Thank you for shopping")
    page = visitor.open("/compare")
    press(page, "What are you looking for?")
    page.keyboard.type(REQUEST)
    press(page, "Compare")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=List A is better")
    press(page, "List A is better")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=You preferred list A.")
    assert visitor.faults == []
    visitor.close()


def test_without_javascript(browser: Any, site: tuple[str, Service]) -> None:
    visitor = Visitor(browser, site[0], "phone", scripts=False)
    page = visitor.open("/")
    page.get_by_label("What are you looking for?").fill(f"{REQUEST} plain")
    page.get_by_role("button", name="Shop for me").click()
    page.wait_for_url("**/lists/*")
    page.locator("#item-2").get_by_role("button", name="Not this").click()
    page.wait_for_selector('#item-2 button[aria-pressed="true"]')
    assert page.url.endswith("#item-2")  # where the visitor was
    page.get_by_role("button", name="Shop again").click()
    page.wait_for_selector("text=Without the", state="detached")
    page = visitor.open("/shop")
    page.get_by_label("A request of my own:").check()
    page.get_by_label("My request").fill("a lamp without scripts")
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_label("Search words").fill(EVERYTHING)
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("ol.cards button").first.click()
    page.get_by_role("button", name="Buy Now").click()
    page.wait_for_selector("text=Thank you for shopping")
    with reading(site[1].engine) as connection:
        (made,) = latest_demonstrations(connection, 1)
    assert (made.request, made.status, len(made.actions)) == ("a lamp without scripts", "bought", 3)
    visitor.check()
    visitor.close()


def test_a_key_is_asked_for_once(browser: Any, tmp_path: Path) -> None:
    from shoprl.service.database import writing
    from shoprl.service.keys import make_key

    service, _, _ = parts(f"sqlite:///{tmp_path / 'service.db'}", None, toy_data())
    with writing(service.engine) as connection:
        _, sent = make_key(connection, "somebody", ("recommend", "feedback"), NOW)
    with opened(create_app(service)) as address:
        visitor = Visitor(browser, address)
        page = visitor.open("/shop")
        visitor.check()
        page.get_by_label("Key").fill(sent)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("text=Shop yourself")
        page = visitor.open("/")
        page.get_by_label("What are you looking for?").fill(REQUEST)
        page.get_by_role("button", name="Shop for me").click()
        page.wait_for_url("**/lists/*")
        visitor.check()
        visitor.close()


@pytest.mark.parametrize("place", [("toy", "desk")], ids="-".join, indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes_have_enough_contrast(browser: Any, site: tuple[str, Service], scheme: str) -> None:
    visitor = Visitor(browser, site[0])
    visitor.page.emulate_media(color_scheme=scheme)
    for path in ("/", "/shop", "/compare", "/watch", "/sign-in", "/lists/nothing"):
        visitor.page.goto(site[0] + path)
        assert serious(visitor.page) == []
    visitor.close()
