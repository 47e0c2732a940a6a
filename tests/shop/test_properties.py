"""What holds for any action at any page, for any texts, and over very many actions."""

import gc
import random
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product
from shoprl.shop.env import WebShopEnv
from shoprl.shop.goal import Goal
from shoprl.shop.page import Page
from shoprl.shop.render import observe
from shoprl.shop.reward import reward
from shoprl.shop.session import Session, Shop
from tests.support.actions import accepted
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_data, toy_goals

GOALS = st.integers(0, len(toy_data().goals) - 1)
WORDS = sorted({word for product in PRODUCTS for word in product.title.lower().split()})
QUERIES = (EVERYTHING, "mint meadow", "nimbus", "harbor brass", "<q> herbal tea", "<c> fashion", "xyzzy")


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """The tagger's libraries draw numbers when they are imported, which no strategy may."""
    after(("search[nimbus]", "click[b0shoe0001]", "click[buy now]"))


def available(page: Page) -> list[str]:
    clicks = [f"click[{each}]" for each in page.clickables]
    return [f"search[{query}]" for query in QUERIES] + clicks if page.has_search_bar else clicks


def views(page: Page) -> tuple[str, ...]:
    return page.url, observe(page, "text"), observe(page, "text_rich")


def after(path: Sequence[str], goal: int = 0) -> Session:
    session = toy_data().session(goal)
    for action in path:
        session.step(action)
    return session


@st.composite
def walks(draw: st.DrawFn) -> list[str]:
    """A walk of available actions from the start, to any page that there is."""
    path: list[str] = []
    session = toy_data().session(0)
    for _ in range(draw(st.integers(0, 12))):
        offered = available(session.page)
        if not offered:
            break
        path.append(draw(st.sampled_from(offered)))
        session.step(path[-1])
    return path


# Any action

ANY_TEXT = st.text(max_size=40) | st.text(st.characters(categories=("Cs", "Cc", "Zl", "Zp", "Lu", "Lo")), max_size=10)
SYNTAX = st.text(st.sampled_from("[]\n \r\u2028\x00ab<>'\"/+{}%İΣß"), max_size=40)
FORMS = ("{}", "{} and more", "{} ", "{}]", "\n{}", " {}", "{}\nclick[buy now]", "[{}", "x{}", "{}[a]")


@st.composite
def actions(draw: st.DrawFn, page: Page) -> str:
    """Anything at all, or something that is close to an action of the page."""
    arguments = [ANY_TEXT, SYNTAX, st.sampled_from((*QUERIES, "search", "buy now", "< prev", "b0tea00001"))]
    if page.clickables:
        arguments.append(st.sampled_from(page.clickables))
    change = draw(st.sampled_from((str, str, str.upper, str.title)))
    name = draw(st.sampled_from(("click", "click", "search", "Click", "search ", "think", "")))
    formed = draw(st.sampled_from(FORMS)).format(f"{name}[{change(draw(st.one_of(arguments)))}]")
    return draw(st.sampled_from((formed, formed, formed[:-1], draw(ANY_TEXT), draw(SYNTAX))))


@settings(max_examples=300)
@given(data=st.data(), goal=GOALS, path=walks())
def test_any_text_is_an_action_and_one_that_the_original_rejects_changes_nothing(
    data: st.DataObject, goal: int, path: list[str]
) -> None:
    session = after(path, goal)
    before, purchase, seen = session.page, session.purchase, views(session.page)
    action = data.draw(actions(before))
    gained = session.step(action)
    if not accepted(before.clickables, action):
        assert (session.page, session.purchase, gained) == (before, purchase, 0.0)
        assert views(session.page) == seen
    assert 0.0 <= gained <= 1.0
    if gained:
        assert session.done
        assert session.purchase is not None
        assert session.purchase.total == gained
    assert all(views(session.page))


@pytest.mark.parametrize("path", [(), ("search[toymart]",), ("search[nimbus]", "click[b0shoe0001]", "click[buy now]")])
@pytest.mark.parametrize("length", [10_000, 1_000_000])
@pytest.mark.parametrize("form", ["{}", "search[{}]", "click[{}]", "{}[a]"])
def test_actions_of_any_length(form: str, length: int, path: tuple[str, ...]) -> None:
    for filler in "x[] é":
        session = after(path)
        before, action = session.page, form.format(filler * length)
        session.step(action)
        assert session.page == before or accepted(before.clickables, action)


# Every available action


def stays(page: Page, action: str) -> bool:
    """The two available actions that lead nowhere: the search button's own text, and an option already chosen."""
    return action == "click[search]" or action in [f"click[{value}]" for value in page.options.values()]


@settings(max_examples=150)
@given(goal=GOALS, path=walks())
def test_every_other_available_action_changes_the_address(goal: int, path: list[str]) -> None:
    page = after(path, goal).page
    for action in available(page):
        found = after([*path, action], goal).page
        if stays(page, action):
            assert views(found) == views(page)
        else:
            assert accepted(page.clickables, action)
            assert found.url != page.url


def test_there_is_always_a_next_page_and_never_one_before_the_first() -> None:
    path = ["search[xyzzy]"]
    for number in range(1, 30):
        page = after(path).page
        assert page.number == number
        assert ("< prev" in page.clickables, "next >" in page.clickables) == (number > 1, True)
        path.append("click[next >]")


@given(data=st.data(), goal=GOALS)
def test_two_sessions_with_the_same_actions_agree(data: st.DataObject, goal: int) -> None:
    one, two = (toy_data().session(goal) for _ in range(2))
    for _ in range(data.draw(st.integers(0, 12))):
        action = data.draw(st.sampled_from(available(one.page) or ["click[a]"]) | actions(one.page))
        assert one.step(action) == two.step(action)
        assert (one.page, one.purchase) == (two.page, two.purchase)
        assert views(one.page) == views(two.page)


# Any text in products and instructions

HOSTILE = (
    *("", "\n", " ", "search", "< prev", "buy now", "Description", "[button] x [button_]", " [SEP] ", "a[b]", "]"),
    *(
        "<script>alert(1)</script>",
        "&amp;<b>",
        "'\"",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "%s {0}",
        "\\u003c",
        "\x00",
        "\u202e",
    ),
    *("日本語 ★", "İΣß", "\u2028", "</html>", '{"color": "red"}', "/", "+", "#?&=", "http://x.example/a.jpg"),
)
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=20)
OPTIONS = st.dictionaries(TEXTS, st.lists(TEXTS, max_size=4).map(tuple), max_size=3)
HOSTILE_PRODUCTS = st.builds(
    Product,
    asin=TEXTS,
    title=TEXTS,
    description=TEXTS,
    bullets=st.lists(TEXTS, max_size=3).map(tuple),
    category=TEXTS,
    query=TEXTS,
    product_category=TEXTS,
    price=st.floats(0, 1e6),
    price_tag=TEXTS,
    options=OPTIONS,
    attributes=st.lists(TEXTS, max_size=3).map(tuple),
    image=TEXTS,
)
HOSTILE_GOALS = st.builds(
    Goal,
    asin=TEXTS,
    category=TEXTS,
    query=TEXTS,
    name=TEXTS,
    product_category=TEXTS,
    instruction=TEXTS,
    attributes=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    options=st.dictionaries(TEXTS, TEXTS, max_size=3) | st.lists(TEXTS, max_size=3).map(tuple),
    price_upper=st.floats(0.01, 1e6),
)


class FindsAll:
    """A search that finds every product, in order."""

    def __init__(self, catalog: Catalog) -> None:
        self._asins = [product.asin for product in catalog]

    def find(self, query: str) -> Sequence[str]:
        return self._asins


def hostile_session(products: Sequence[Product], goal: Goal) -> Session:
    catalog = Catalog(products)
    return Session(Shop(catalog, FindsAll(catalog), toy_data().tagger), goal)


CATALOGUES = st.lists(HOSTILE_PRODUCTS, min_size=1, max_size=3, unique_by=lambda product: product.asin)


HAS_HTML = find_spec("jinja2") is not None  # an extra


def html_of(page: Page) -> str:
    return observe(page, "html") if HAS_HTML else ""


@settings(max_examples=150)
@given(data=st.data(), products=CATALOGUES, goal=HOSTILE_GOALS)
def test_pages_show_any_text_and_sessions_go_through_them(
    data: st.DataObject, products: list[Product], goal: Goal
) -> None:
    session = hostile_session(products, goal)
    for _ in range(8):
        page = session.page
        assert all(isinstance(view, str) for view in views(page))
        assert goal.instruction in observe(page, "text_rich") or page.kind == "done" or goal.instruction == "\n"
        assert "<script" not in html_of(page)
        action = data.draw(st.sampled_from((*available(page), "search[a]", "click[buy now]")))
        assert 0.0 <= session.step(action) <= 1.0
        if not accepted(page.clickables, action):
            assert session.page == page


@settings(max_examples=150)
@given(product=HOSTILE_PRODUCTS, goal=HOSTILE_GOALS, visited=st.booleans(), data=st.data())
def test_every_kind_of_page_shows_any_text(product: Product, goal: Goal, visited: bool, data: st.DataObject) -> None:
    chosen = {name: data.draw(st.sampled_from(values)) for name, values in product.options.items() if values}
    url = data.draw(TEXTS)
    pages = [
        Page("search", url, goal.instruction),
        Page("results", url, goal.instruction, 2, 11, (product,), visited={product.asin} if visited else frozenset()),
        Page("item", url, goal.instruction, product=product, options=chosen),
        *(
            Page("sub", url, goal.instruction, product=product, section=section, options=chosen)
            for section in ("Description", "Features", "Reviews")
        ),
        Page("done", url, goal.instruction, product=product, options=chosen, reward=0.5),
    ]
    for page in pages:
        assert all(isinstance(view, str) for view in (*views(page), html_of(page)))
        assert "<script" not in html_of(page)
    assert product.title.strip() in observe(pages[1], "text")
    assert product.title.strip() in observe(pages[2], "text")
    assert product.description.strip() in observe(pages[3], "text")


# Rewards


@settings(max_examples=150)
@given(product=HOSTILE_PRODUCTS, goal=HOSTILE_GOALS, chosen=st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_rewards_of_any_texts_lie_between_0_and_1(product: Product, goal: Goal, chosen: dict[str, str]) -> None:
    found = reward(product, chosen, goal, toy_data().tagger)
    numbers = [value for value in found.components().values() if value is not None]
    assert 0.0 <= found.total <= 1.0
    assert all(0.0 <= number <= 1.0 for number in numbers)


def test_rewards_of_every_product_for_every_goal_lie_between_0_and_1() -> None:
    goals = toy_goals("synthetic") + toy_goals("human")
    for goal in goals:
        for product in PRODUCTS:
            for chosen in ({}, {name: values[-1] for name, values in product.options.items()}):
                assert 0.0 <= reward(product, chosen, goal, toy_data().tagger).total <= 1.0


# Very many actions

ACTIONS = 100_000
REMEMBERED_QUERIES = 20_000


def noise(draw: random.Random) -> str:
    return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz0123456789é№ ", k=draw.randint(1, 12)))


NOISE = [noise(random.Random(number)) for number in range(2_000)]  # of searches, whose words are remembered


def query(draw: random.Random) -> str:
    return " ".join(draw.choice(WORDS if draw.random() < 0.7 else NOISE) for _ in range(draw.randint(1, 4)))


def some_action(draw: random.Random, offered: dict[str, Any]) -> str:
    kind = draw.random()
    if kind < 0.75 and offered["clickables"]:
        return f"click[{draw.choice(offered['clickables'])}]"
    if kind < 0.9:
        return f"search[{query(draw)}]"
    return draw.choice((f"click[{noise(draw)}]", f"{noise(draw)}[{noise(draw)}]", noise(draw), "search[]", ""))


def resident_bytes() -> int:
    """Memory held, where the system tells; 0 elsewhere."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * 4096 if path.is_file() else 0


def test_a_hundred_thousand_random_actions_do_not_grow_memory() -> None:
    draw = random.Random(0)  # much faster than a generator of numpy's for single draws
    env = WebShopEnv(toy_data(), max_steps=None)

    def play(count: int) -> int:
        ended, done = 0, True
        for _ in range(count):
            if done:
                ended += 1
                _, info = env.reset(seed=ended)
            observation, gained, done, truncated, info = env.step(some_action(draw, info["available_actions"]))
            assert observation
            assert 0.0 <= gained <= 1.0
            assert not truncated
        return ended

    for _ in range(REMEMBERED_QUERIES * 2):  # fill what remembers queries, so that it only replaces from here on
        env.data.shop.search.find(query(draw))
    play(ACTIONS // 20)
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), resident_bytes()
    assert play(ACTIONS) > 500
    gc.collect()
    # A small object kept an episode, of which there are hundreds, is thousands of blocks; one kept an action, 100,000.
    assert sys.getallocatedblocks() - blocks < ACTIONS // 20
    # One observation kept an action would be about 100 MB.
    assert resident_bytes() - resident < 32_000_000
