import pytest

from shoprl.report.text import MAX_TEXT, Long, bounded, command_text, duration, number, shown


def test_bounded_replaces_controls_that_html_forbids_or_that_disguise_text() -> None:
    assert bounded("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert bounded("café 👩‍🍳 5 × 2\n") == "café 👩‍🍳 5 × 2\n"
    assert bounded("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_long_texts_are_kept_longer() -> None:
    assert shown("x" * 999) == "x" * (MAX_TEXT - 1) + "…"
    assert shown(Long("x" * 999)) == "x" * 999


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("see /home/alice/runs/a.png here", "see a.png here"),
        ("file:///home/alice/x", "x"),
        ("at '/home/alice'", "at 'PATH'"),
        ("--out=/home/alice/x/", "--out=x"),
        ("a:/home/alice/x", "a:x"),
        ("and/or 1/2/3 w/ 3/4 sleeves", "and/or 1/2/3 w/ 3/4 sleeves"),
        ("../shared/data and runs/quick/x", "../shared/data and runs/quick/x"),
        ("https://example.org/a/b", "https://example.org/a/b"),
    ],
)
def test_absolute_paths_lose_their_folders(text: str, kept: str) -> None:
    assert shown(text) == kept


def test_commands_are_reduced_argument_by_argument() -> None:
    command = "shoprl report '/home/alice/my runs/a' --out=/tmp/x.html --title 'a b' / /root/x ../y"
    assert command_text(command) == "shoprl report a --out=x.html --title 'a b' PATH PATH ../y"
    assert shown(command_text("open ' /home/alice/x")) == "open ' x"


def test_only_finite_numbers_are_scored() -> None:
    others = (True, "1", None, float("nan"), float("inf"), 1e308, -(10**400))
    assert [number(value) for value in (1, 0.5, -1e38, *others)] == [1.0, 0.5, -1e38] + [None] * 7


def test_durations_as_a_person_says_them() -> None:
    assert [duration(seconds) for seconds in (None, 1.24, 812.3, 5400)] == ["–", "1.2 s", "13 min 32 s", "1 h 30 min"]
