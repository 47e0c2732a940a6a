import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.product import Product
from shoprl.errors import TrajectoryError
from shoprl.reading import read_json_lines
from shoprl.shop.data import read_data
from shoprl.shop.html import html
from shoprl.shop.page import Page
from shoprl.shop.render import text, text_rich
from tests.support.parsing import available_actions, parsed, rich_text, simple_text
from tests.support.realdata import real_data
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_data

SHOE = PRODUCTS[0]


def toy_pages() -> Iterator[Page]:
    session = toy_data().session(0)
    yield session.page
    clicks = (
        *("next >", "next >", "< prev", "< prev", "b0shoe0001", "red", "10 | 10.5", "features", "< prev"),
        *("description", "< prev", "reviews", "< prev", "< prev", "b0lamp0001", "buy now"),
    )
    for action in (f"search[{EVERYTHING}]", *(f"click[{each}]" for each in clicks)):
        before = session.page
        session.step(action)
        assert session.page is not before
        yield session.page


def hostile_page(kind: str, texts: list[str], number: int = 1) -> Page:
    title, description, bullet, name, value, instruction = texts
    product = replace(
        SHOE, title=title, description=description, bullets=(bullet,), options={name: (value, "red"), "size": (value,)}
    )
    found = (product, PRODUCTS[1]) if kind == "results" else ()
    return Page(
        kind.split()[0],  # type: ignore[arg-type]
        f'http://x/{{"{name}": "{value}"}}',
        instruction,
        number,
        12,
        found,
        product,
        kind.partition(" ")[2],
        options={name: value},
        visited=frozenset({SHOE.asin}),
    )


def check_parses_as(page: Page) -> None:
    soup = parsed(html(page))
    assert available_actions(soup) == {"has_search_bar": page.has_search_bar, "clickables": list(page.clickables)}
    if page.kind != "done":
        assert simple_text(soup) == text(page)
        assert rich_text(soup, page.url, page.visited) == text_rich(page)


def check_valid(source: str) -> None:
    html5lib.HTMLParser(strict=True).parse(source)


@pytest.mark.parametrize("page", list(toy_pages()), ids=lambda page: f"{page.kind} {page.section}")
def test_a_page_is_valid_and_read_by_agents_as_its_text(page: Page) -> None:
    check_valid(html(page))
    check_parses_as(page)


def test_the_toy_pages_are_of_every_kind() -> None:
    pages = list(toy_pages())
    assert {page.kind for page in pages} == {"search", "results", "item", "sub", "done"}
    assert {page.section for page in pages} == {"", "Description", "Features", "Reviews"}
    assert {page.number for page in pages if page.kind == "results"} == {1, 2, 3}


# Hostile texts

KINDS = ("search", "results", "item", "sub Description", "sub Features", "sub Reviews", "done")
ATTACKS = (
    *("<script>alert(1)</script>", "</title></style></pre><script>", '"><img src=x onerror=alert(1)>', "' onclick='x"),
    *("&lt;b&gt;", "&amp;", "&#x3c;", "&", "<!--", "-->", "]]>", "<![CDATA[", "{{ 7 * 7 }}", "{% raw %}", "</li></ul>"),
    *(
        "\u202egnp.exe",
        "\u2066x",
        "👩‍👩‍👧 🇨🇭",
        "a\u0301",
        "日本★",
        "\u200b",
        "a\nb",
        "a\r\nb",
        "\ta",
        "a\x0cb",
        " a ",
        "\xa0",
    ),
)
CONTROLS = tuple(chr(code) for code in (*range(9), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFFFE))
ASCII_SPACES = " \n\t\f\r"


def texts(*special: str, categories: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """Six texts; one of spaces alone is not among them, since parsers shorten it."""
    one = st.one_of(st.sampled_from(special), st.text(st.characters(exclude_categories=categories), max_size=20))
    some = st.lists(one, min_size=1, max_size=3).map("".join)
    return st.lists(some.filter(lambda found: found.strip(ASCII_SPACES) != ""), min_size=6, max_size=6)


@given(st.sampled_from(KINDS), texts(*ATTACKS, categories=("Cs", "Cc", "Cn")), st.sampled_from([1, 2]))
def test_hostile_texts_are_texts(kind: str, hostile: list[str], number: int) -> None:
    page = hostile_page(kind, hostile, number)
    source = html(page)
    check_parses_as(page)
    check_valid(source)
    soup = parsed(source)
    assert soup.find("script") is None
    allowed = {"src", "href"}
    for element in soup.find_all(True):
        assert not any(name.startswith("on") for name in element.attrs)
        assert not any(str(element.get(name)).lower().startswith(("javascript", "data")) for name in allowed)


@given(st.sampled_from(KINDS), texts(*ATTACKS, *CONTROLS, categories=()))
def test_control_characters_reach_the_agent(kind: str, hostile: list[str]) -> None:
    check_parses_as(hostile_page(kind, hostile))


@pytest.mark.parametrize("kind", KINDS)
def test_empty_texts_leave_no_trace(kind: str) -> None:
    check_parses_as(hostile_page(kind, ["", "", "", "", "", "find it"]))


# Elements that agents look for


def test_the_search_page() -> None:
    soup = parsed(html(Page("search", "http://x", "find <it>")))
    assert soup.find(id="instruction-text").h4.text == "Instruction: find <it>"  # type: ignore[union-attr]
    assert soup.find("input", id="search_input")["type"] == "text"  # type: ignore[index]
    assert [button.text for button in soup.find_all(class_="btn")] == ["Search"]


def test_the_results_page() -> None:
    soup = parsed(html(hostile_page("results", ["A & B", "", "", "", "", "find it"], 2)))
    assert soup.find(id="instruction-text").h4.text == "Instruction:find it"  # type: ignore[union-attr]
    links = soup.find_all(class_="product-link")
    assert [(link.name, link.text) for link in links] == [("a", "B0SHOE0001"), ("a", "B0SHOE0002")]
    assert links[0]["href"] == "?click=b0shoe0001"
    assert [image["src"] for image in soup.find_all(class_="product-image")] == [
        "https://img.example/B0SHOE0001.jpg",
        "https://img.example/B0SHOE0002.jpg",
    ]


def test_the_item_page() -> None:
    soup = parsed(html(Page("item", "http://x", "find it", product=SHOE, options={"color": "red"})))
    radios = soup.select('input[type="radio"]')
    assert [(radio["name"], radio["value"]) for radio in radios] == [
        *(("color", "black"), ("color", "red"), ("size", "9 wide"), ("size", "10 | 10.5")),
    ]
    assert [radio["value"] for radio in radios if radio.has_attr("checked")] == ["red"]
    labels = {label["for"]: label.text for label in soup.find_all("label")}
    assert [labels[radio["id"]] for radio in radios] == [radio["value"] for radio in radios]
    assert soup.find(id="product-image")["src"] == SHOE.image  # type: ignore[index]


def test_the_done_page() -> None:
    soup = parsed(html(Page("done", "http://x", "", product=SHOE, options={"size": "9 wide"}, reward=2 / 3)))
    assert float(soup.find(id="reward").find_all("pre")[0].string) == 2 / 3  # type: ignore[union-attr, arg-type]
    assert soup.find(id="asin").pre.text == SHOE.asin  # type: ignore[union-attr]
    assert soup.find(id="options").pre.text == '{"size": "9 wide"}'  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "address",
    [
        *("", "x.jpg", "//img.example/x.jpg", "/x.jpg", "javascript:alert(1)", "data:image/png;base64,AA", "ftp://x/y"),
        *(
            "file:///etc/passwd",
            "https://",
            " https://x/y",
            "https://x/ y",
            'https://x/"y',
            "https://x/\ny",
            "\x00http://x",
        ),
    ],
)
def test_only_web_addresses_become_pictures(address: str) -> None:
    for kind in ("results", "item", "done"):
        product: Product = replace(SHOE, image=address)
        source = html(Page(kind, "http://x", "", product=product, products=(product,)))  # type: ignore[arg-type]
        assert parsed(source).find("img") is None


@pytest.mark.parametrize("address", ["http://x/y.jpg", "HTTPS://m.example/I/51+é%20._AC_.jpg?a=1&b='2'"])
def test_a_picture_keeps_its_address(address: str) -> None:
    source = html(Page("item", "http://x", "", product=replace(SHOE, image=address)))
    check_valid(source)
    assert parsed(source).find(id="product-image")["src"] == address  # type: ignore[index]


def test_nothing_is_loaded_from_elsewhere() -> None:
    for page in toy_pages():
        soup = parsed(html(page))
        assert soup.find(["script", "link", "iframe"]) is None
        assert "url(" not in soup.style.text  # type: ignore[union-attr]
        assert "@import" not in soup.style.text  # type: ignore[union-attr]


def test_the_template_engine_is_loaded_with_the_first_page() -> None:
    code = "import sys, shoprl.compat.legacy; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Recordings of the original


def test_every_recorded_step_is_read_from_the_html() -> None:
    folder, steps = real_data(), 0
    data = read_data(folder, strict=True)
    for _, episode in read_json_lines(folder / "golden" / "episodes.jsonl.gz", TrajectoryError):
        name = episode["steps"][0]["url"].rsplit("/", 1)[-1]
        session = data.session(episode["goal_index"], name)
        for step in episode["steps"]:
            if step["action"] is not None:
                session.step(step["action"])
            soup = parsed(html(session.page))
            assert available_actions(soup) == step["available"]
            if step["done"]:
                assert float(soup.find(id="reward").pre.text) == step["reward"]  # type: ignore[union-attr]
            else:
                assert simple_text(soup) == step["text"]
                assert rich_text(soup, step["url"], session.page.visited) == step["text_rich"]
            steps += 1
    assert steps == 2_351
