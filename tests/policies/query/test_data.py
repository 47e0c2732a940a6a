import pytest

from shoprl.policies.query.data import plain_instruction, plain_query


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  I'd like a 5\" Screen ", "id like a 5 screen"),
        ("a mug, and price lower than 40.00 dollars", "a mug"),
        ("WebShop\nInstruction:\na mug\n[button] Search [button_]", "a mug"),
        ("a mug and price lower than 40 dollars", "a mug and price lower than 40 dollars"),
        ("", ""),
    ],
)
def test_instructions_as_webshop_takes_them(text: str, plain: str) -> None:
    assert plain_instruction(text) == plain


def test_queries_as_webshop_takes_them() -> None:
    assert plain_query(' Men\'s "Big" Mug, and price lower than 4 ') == "mens big mug, and price lower than 4"
