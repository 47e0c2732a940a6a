import pytest

from shoprl.feeds.dialect import ONE_COLUMN, Dialect, find_dialect


def dialect(text: str, given: str | None = None) -> Dialect:
    return find_dialect(text.splitlines(keepends=True), given)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^"])
def test_the_delimiter_is_found(sign: str) -> None:
    rows = [["id", "title, long", "price"], ["1", "Mug, red; big", "3,50"], ["2", "Lamp | desk", "4,00"]]
    quoted = [[f'"{cell}"' if sign in cell else cell for cell in row] for row in rows]
    assert dialect("\n".join(sign.join(row) for row in quoted)) == Dialect(sign)


def test_a_delimiter_of_the_header_alone_counts_little() -> None:
    assert dialect("id\tname (en, de)\tprice\n1\tMug\t3\n2\tLamp\t4\n").delimiter == "\t"


def test_decimal_commas_do_not_make_a_comma_the_delimiter() -> None:
    assert dialect("id;price\n1;3,50\n2;4,00\n3;1,25\n").delimiter == ";"


@pytest.mark.parametrize("text", ["title\nMug, red\n", "title\n", "", "\n\n"])
def test_a_text_without_delimiters(text: str) -> None:
    assert dialect(text).delimiter == (ONE_COLUMN if text.strip() else ",")


def test_what_is_given_goes_before_what_is_found() -> None:
    assert dialect("a,b\n1,2\n", ";") == Dialect(";")
    assert dialect("sep=;\na,b;c\n") == Dialect(";", named=True)
    assert dialect('"sep=|"\na,b;c\n', ",") == Dialect(",", named=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'id','t'\n'1','a, b'\n", Dialect(",", quote="'")),
        ('id, "t", p\n1, "a, b", 3\n2, "c", 4\n', Dialect(",", spaced=True)),
        ('id,t,p\n1,"24\\" wide, red",3\n', Dialect(",", escaped=True)),
        ("id,t,p\n1,24 wide\\, red,3\n", Dialect(",", escaped=True)),
        ('id,t,p\n1,"C:\\dir\\",3\n', Dialect(",")),
    ],
)
def test_quotes_and_escapes_are_found(text: str, expected: Dialect) -> None:
    assert dialect(text) == expected
