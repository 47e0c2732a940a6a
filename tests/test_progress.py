import pytest

from shoprl import progress
from shoprl.progress import bar, track


def test_items_pass_unchanged_and_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "letters", total=3)) == ["a", "b", "c"]
    with bar(10, "bytes", unit="B") as shown:
        shown.update(10)
    assert shown.n == 10
    assert capsys.readouterr().out == ""


def test_a_bar_is_drawn_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with bar(4, "updates") as shown:
        shown.delay = 0  # it waits a second otherwise
        shown.update(3)
        shown.refresh()
    assert "updates: " in capsys.readouterr().err
    with bar(4, "updates", hidden=True) as shown:
        shown.delay = 0
        shown.update(3)
        shown.refresh()
    assert capsys.readouterr().err == ""


def test_of_several_processes_the_first_alone_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENT", True)
    with bar(4, "updates") as shown:
        shown.refresh()
    assert list(track([1], "more")) == [1]
    assert shown.disable
    assert capsys.readouterr().err == ""
