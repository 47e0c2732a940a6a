from dataclasses import replace

import pytest

from shoprl.catalog.product import Variant
from shoprl.shop.page import Page
from shoprl.shop.render import nodes, observe, text, text_rich
from tests.support.toyshop import PRODUCTS

SHOE = PRODUCTS[0]
RESULTS = Page(
    "results", "http://x", "find it", 1, 12, PRODUCTS[:2], visited=frozenset({"B0SHOE0002"}), options={"a": "b"}
)
ITEM = Page("item", 'http://x/{"color": "red"}', "find it", product=SHOE, options={"color": "red"})
SUB = ITEM._replace(kind="sub", section="Description")
DONE = ITEM._replace(kind="done", reward=0.75)


def test_a_search_page() -> None:
    page = Page("search", "http://x", "find it")
    assert text_rich(page) == "WebShop\nInstruction: \nfind it\n[button] Search [button_]\n"
    assert text(page) == "WebShop [SEP] Instruction: [SEP] find it [SEP] Search"


def test_a_results_page() -> None:
    assert text_rich(RESULTS) == (
        "Instruction:\nfind it\n[button] Back to Search [button_]\n"
        "Page 1 (Total results: 12)\n[button] Next > [button_]\n"
        "\n[button] B0SHOE0001 [button_]\nNimbus Mesh Trainer for Men\n$49.99\n"
        "\n[clicked button] B0SHOE0002 [clicked button_]\nTrailhawk Grip Sneaker for Men\n$79.5 to $99.0\n"
    )
    assert text(RESULTS) == (
        "Instruction: [SEP] find it [SEP] Back to Search [SEP] Page 1 (Total results: 12) [SEP] Next > [SEP] "
        "B0SHOE0001 [SEP] Nimbus Mesh Trainer for Men [SEP] $49.99 [SEP] "
        "B0SHOE0002 [SEP] Trailhawk Grip Sneaker for Men [SEP] $79.5 to $99.0"
    )


def test_a_later_results_page_shows_the_way_back() -> None:
    page = RESULTS._replace(number=2, products=())
    assert text_rich(page).endswith(
        "Page 2 (Total results: 12)\n[button] < Prev [button_]\n[button] Next > [button_]\n"
    )


def test_an_item_page_marks_the_chosen_option() -> None:
    assert text_rich(ITEM) == (
        "You have clicked red.\n"
        "Instruction:\nfind it\n[button] Back to Search [button_]\n[button] < Prev [button_]\n"
        "color\n  [button] black [button_]\n  [clicked button] red [clicked button_]\n"
        "size\n  [button] 9 wide [button_]\n  [button] 10 | 10.5 [button_]\n"
        "Nimbus Mesh Trainer for Men\nPrice: $49.99\nRating: N.A.\n"
        "[button] Description [button_]\n[button] Features [button_]\n[button] Reviews [button_]\n"
        "[button] Buy Now [button_]\n"
    )
    assert text(ITEM) == (
        "Instruction: [SEP] find it [SEP] Back to Search [SEP] < Prev [SEP] color [SEP] black [SEP] red [SEP] size "
        "[SEP] 9 wide [SEP] 10 | 10.5 [SEP] Nimbus Mesh Trainer for Men [SEP] Price: $49.99 [SEP] Rating: N.A. [SEP] "
        "Description [SEP] Features [SEP] Reviews [SEP] Buy Now"
    )


def test_the_last_of_the_clicked_options_comes_first() -> None:
    page = ITEM._replace(url='{"size": "9 wide", "color": "red"}')
    assert text_rich(page).startswith("You have clicked 9 wide.\nYou have clicked red.\n")


def test_as_in_webshop_the_address_decides_what_was_clicked() -> None:
    assert "[clicked button] black" in text_rich(ITEM._replace(url='search "black"', options={}))
    assert "[clicked button]" not in text_rich(ITEM._replace(url="http://x"))


@pytest.mark.parametrize(
    ("section", "shown"),
    [
        ("Description", SHOE.description + "\n"),
        ("Features", " Made with arch support\n Item B0SHOE0001 ships in one box \n"),
        ("Reviews", ""),
    ],
)
def test_a_sub_page(section: str, shown: str) -> None:
    head = "Instruction:\nfind it\n[button] Back to Search [button_]\n[button] < Prev [button_]\n"
    assert text_rich(SUB._replace(section=section)) == head + shown


@pytest.mark.parametrize("nothing", ["", "\n"])
def test_empty_texts_are_left_out(nothing: str) -> None:
    page = SUB._replace(product=replace(SHOE, description=nothing))
    assert text(page) == "Instruction: [SEP] find it [SEP] Back to Search [SEP] < Prev"


def test_a_done_page_tells_the_purchase_and_the_reward() -> None:
    shown = text(DONE).split(" [SEP] ")
    assert shown[:8] == [
        *("Thank you for shopping with us!", "Your code:", "None", "(Paste it in your MTurk interface.)"),
        *("Purchased", "asin", "B0SHOE0001", "options"),
    ]
    assert shown[8] == '{"color": "red"}'
    assert shown[-4:] == ["Your score (min 0.0, max 1.0)", "0.75", "Reward Details", "None"]
    assert "find it" not in text(DONE)


def test_a_done_page_sorts_and_escapes_options() -> None:
    page = DONE._replace(options={"b": "<6' & up>", "a": "x"})
    assert '{"a": "x", "b": "\\u003c6\\u0027 \\u0026 up\\u003e"}' in text(page)


def test_modes() -> None:
    assert observe(ITEM, "url") == ITEM.url
    assert observe(ITEM, "text") == text(ITEM)
    assert observe(ITEM, "text_rich") == text_rich(ITEM)


def test_nodes_say_what_they_are() -> None:
    assert [content for kind, content in nodes(ITEM) if kind == "option"] == ["black", "red", "9 wide", "10 | 10.5"]
    assert [content for kind, content in nodes(RESULTS) if kind == "product"] == ["B0SHOE0001", "B0SHOE0002"]
    assert [content for kind, content in nodes(RESULTS) if kind == "button"] == ["Back to Search", "Next >"]


def test_clicked_options_are_those_whose_quoted_value_the_address_holds() -> None:
    values = ("red", 'size "9"', "red", "9", "blue")
    product = replace(SHOE, options={"a": values[:2], "b": values[2:]})
    for url in ('x"red"', 'x"size "9""', 'x"9', '"9"red"', "no quotes red", '"', '""', '"re"d"blue'):
        lines = text_rich(ITEM._replace(product=product, url=url)).split("\n")
        sought = [value for value in values if f'"{value}"' in url]
        assert [line for line in lines if line.startswith("You")] == [f"You have clicked {v}." for v in sought[::-1]]
        assert [line for line in lines if "  [clicked" in line] == [
            f"  [clicked button] {value} [clicked button_]" for value in sought
        ]


def test_an_unknown_price_is_shown_as_unknown_and_a_known_rating_is_shown() -> None:
    product = replace(SHOE, price=None, price_tag="", rating=4.5, rating_count=12)
    row, item = (Page(kind, "", "buy", products=(product,), product=product) for kind in ("results", "item"))
    assert "\nPrice unknown\n" in text_rich(row)
    assert "\nPrice: unknown\nRating: 4.5 (12 ratings)\n" in text_rich(item)
    assert "Price: unknown" in observe(item, "html")
    assert "Price unknown" in observe(row, "html")


def test_the_price_is_that_of_the_chosen_variant() -> None:
    variants = (Variant("1", {"size": "s"}, 10.0), Variant("2", {"size": "l"}, 12.5))
    product = replace(SHOE, options={"size": ("s", "l")}, price_tag="$10.00 to $12.50", variants=variants)
    before = Page("item", 'http://x/{"a"', "buy", product=product)
    chosen = Page("item", 'http://x/{"size": "l"}', "buy", product=product, options={"size": "l"})
    for mode in ("text_rich", "text", "html"):
        assert "Price: $10.00 to $12.50" in observe(before, mode)
        assert "Price: $12.50" in observe(chosen, mode)
