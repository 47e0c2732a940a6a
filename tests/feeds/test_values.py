import pytest
from hypothesis import given

from shoprl.feeds.values import (
    RowError,
    address,
    addresses,
    availability,
    bounded,
    bullet_points,
    category_path,
    feature_name,
    feature_pairs,
    feature_values,
    identifier_of,
    option_lists,
    parsed,
    plain_lines,
    several,
    tags,
    text_of,
)
from tests.support.strategies import JSON


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("A > B > C", "A|B|C"),
        ("A &gt; B", "A|B"),
        ("A›B » C → D", "A|B|C|D"),
        ('["A >> B >> C"]', "A|B|C"),
        ("Furniture / Beds/Cots", "Furniture|Beds/Cots"),
        ("Home/Garden", "Home|Garden"),
        (["A", "B"], "A|B"),
        ([["A"], ["A", "B"]], "A|B"),
        (["A > B", "A > B > C"], "A|B|C"),
        ({"lvl0": "A", "lvl1": "A > B", "lvl10": ["A > B > C"]}, "A|B|C"),
        ("Clothing, Clothing > T-shirts", "Clothing|T-shirts"),
        ("Apparel > Handbags, Wallets & Cases > Handbags", "Apparel|Handbags, Wallets & Cases|Handbags"),
        ("212", ""),
        ("A | B", "A|B"),
        (5, ""),
        ([], ""),
        ("Kitchen, Kitchen > Cups, Sale", "Kitchen|Cups"),
        ("Clothing > Handbags, Wallets & Cases", "Clothing|Handbags, Wallets & Cases"),
        ("Default/Gear,Default/Gear/Bags", "Default|Gear|Bags"),
        ("Shop All;Kitchen/Mugs", "Kitchen|Mugs"),
        ("Mugs; Cups", "Mugs|Cups"),
        ("Handbags, Wallets & Cases", "Handbags, Wallets & Cases"),
    ],
)
def test_category_paths(value: object, path: str) -> None:
    assert "|".join(category_path(value)) == path


def test_features() -> None:
    assert feature_pairs("a:b|c : d|c : e|loose")[0] == [("a", "b"), ("c", "d"), ("c", "e")]
    assert feature_pairs("a:b|loose")[1] == ["loose"]
    assert feature_pairs("General:Fabric:Cotton,General:Fit:Slim")[0] == [("fabric", "Cotton"), ("fit", "Slim")]
    assert feature_pairs("aspect ratio : 16:9|ratio:4:3")[0] == [("aspect ratio", "16:9"), ("ratio", "4:3")]
    assert feature_pairs("activity=Gym|Hiking,care=Wash, cold,fit=slim")[0] == [
        ("activity", "Gym|Hiking"), ("care", "Wash, cold"), ("fit", "slim")
    ]  # fmt: skip
    assert feature_pairs("see https://x.example:80/")[1] == ["see https://x.example:80/"]
    assert feature_pairs({"Material": ["Oak", "Ash"], "Big": True, "None": None})[0] == [
        ("material", "Oak"), ("material", "Ash"), ("big", "yes")
    ]  # fmt: skip
    assert feature_pairs([{"name": "Form", "value": 5.0}, "k: v", "loose"]) == ([("form", "5"), ("k", "v")], ["loose"])
    assert feature_pairs('{"specs"=>[{"key"=>"Fabric", "value"=>"a => b"}, {"value"=>nil}]}')[0] == [
        ("fabric", "a => b")
    ]
    assert feature_name("attr_t_product_colour") == "product colour"
    assert feature_values(["a", 1, [2]]) == ["a", "1"]
    assert plain_lines("<b>a</b>\n\nb") == "a\nb"


def test_options() -> None:
    assert several("S, M, L") == ("S", "M", "L")
    assert several("Fish &amp; Chips") == ("Fish & Chips",)
    assert several("Red|Blue;Red") == ("Red", "Blue")
    assert several("a sentence, with more than one word") == ("a sentence, with more than one word",)
    assert option_lists([{"name": "Size", "values": ["S", {"value": "M"}]}]) == {"size": ("S", "M")}
    assert option_lists([{"option_display_name": "Size", "label": "S"}]) == {"size": ("S",)}
    assert option_lists({"Color": "Red", "Empty": None}) == {"color": ("Red",)}
    assert option_lists([{"name": "Title", "values": ["Default Title"]}]) == {}


def test_texts_in_texts() -> None:
    assert parsed('["a"]') == parsed("['a']") == ["a"]
    assert parsed("[not a list]") == "[not a list]"
    assert parsed("{[]: 1}") == "{[]: 1}"
    assert parsed("[" * 5_000 + "]" * 5_000).startswith("[[")
    assert parsed('[__import__("os").getcwd()]') == '[__import__("os").getcwd()]'


def test_numbers_as_texts() -> None:
    texts = [
        text_of(value) for value in (17.0, 17.25, 1234567.5, 123456789.0, True, None, [3], {"name": "x"}, 10**4_000)
    ]
    assert texts == ["17", "17.25", "1234567.5", "123456789", "yes", "", "3", "x", ""]


def test_identifiers() -> None:
    assert [identifier_of(value) for value in (" a  b ", 12.0, ["x"], None, {}, "NaN", float("inf"))] == [
        "a b", "12", "x", "", "", "", "inf"
    ]  # fmt: skip
    with pytest.raises(RowError, match="1001 characters"):
        identifier_of("x" * 1_001)


@pytest.mark.parametrize(
    ("value", "word"),
    [("in_stock", "in stock"), ("https://schema.org/InStock", "in stock"), ("OutOfStock", "out of stock"),
     (True, "in stock"),
     ("0", "out of stock"), ("-3", "out of stock"), ("12.0", "in stock"), ("preorder", "preorder"), (0, "out of stock"),
     ("pre_order", "pre order"), ("ships today / tomorrow", "ships today / tomorrow")],
)  # fmt: skip
def test_availability(value: object, word: str) -> None:
    assert availability(value) == word


def test_addresses() -> None:
    assert addresses("https://a.example/1.jpg,https://a.example/2.jpg") == [
        "https://a.example/1.jpg",
        "https://a.example/2.jpg",
    ]
    assert addresses("['https://a.example/1.jpg']") == ["https://a.example/1.jpg"]
    assert addresses([{"src": "//a.example/1.jpg"}, {"large": "https://l", "hi_res": None}]) == [
        "https://a.example/1.jpg",
        "https://l",
    ]
    for bad in (
        "javascript:alert(1)",
        "data:image/png;base64,x",
        'https://x/"><script>',
        "https://x/\ud83d",
        "/relative",
        5,
    ):
        assert address(bad) == ""


def test_bullets_and_tags() -> None:
    assert list(bullet_points("<ul><li>a</li><li>b</li></ul>")) == ["a", "b"]
    assert list(bullet_points('["a", "b|c"]')) == ["a", "b", "c"]
    assert list(tags("Soft, warm|WOOL;x")) == ["soft", "warm", "wool"]
    assert sum(map(len, bounded(str(n) * 50 for n in range(100_000)))) <= 100_000


@given(JSON)
def test_any_value_is_read(value: object) -> None:
    for read in (category_path, feature_pairs, several, option_lists, availability, addresses, text_of, identifier_of):
        read(value)  # type: ignore[operator]
    list(bullet_points(value))
    list(tags(value))
