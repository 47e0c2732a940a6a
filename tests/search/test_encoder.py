from shoprl.search.encoder import MAX_TEXT, encoded_text
from tests.support.products import product


def test_the_text_is_the_title_and_what_the_description_adds() -> None:
    assert encoded_text(product("A", "Red hat", description=" Warm wool ")) == "Red hat. Warm wool"
    assert encoded_text(product("A", "Red hat")) == "Red hat"
    assert encoded_text(product("A", "Red hat, warm", description="Red hat")) == "Red hat, warm"
    assert len(encoded_text(product("A", "x", description="word " * MAX_TEXT))) == MAX_TEXT
