from shoprl.shop.env import MAX_OBSERVATION
from shoprl.shop.spaces import UnicodeText


def test_unicode_text_holds_any_text_up_to_its_length() -> None:
    space = UnicodeText(5)
    assert all(space.contains(text) for text in ("", "abcde", "日本★\n\t"))
    assert not any(space.contains(text) for text in ("abcdef", None, 5, b"abc", ["a"]))


def test_samples_lie_in_the_space_and_follow_the_seed() -> None:
    def samples(space: UnicodeText) -> list[str]:
        return [space.sample() for _ in range(50)]

    for length in (1, 5, 40, MAX_OBSERVATION):
        found = samples(UnicodeText(length, seed=1))
        assert all(UnicodeText(length).contains(text) for text in found)
        assert found == samples(UnicodeText(length, seed=1))
        assert len(set(found)) > 10
    assert samples(UnicodeText(40, seed=1)) != samples(UnicodeText(40, seed=2))


def test_spaces_of_one_length_are_equal() -> None:
    assert UnicodeText(5) == UnicodeText(5, seed=3) != UnicodeText(6)
    assert len({UnicodeText(5), UnicodeText(5), UnicodeText(6)}) == 2
    assert repr(UnicodeText(5)) == "UnicodeText(max_length=5)"
    assert not UnicodeText(5).is_np_flattenable
