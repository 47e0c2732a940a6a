import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from shoprl.errors import ConfigError, StorageError
from shoprl.service import loop
from shoprl.service.loop import Every, Loop
from tests.support.served import wait_for


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("90s", Every(90)),
        ("30m", Every(1_800)),
        ("1.5h", Every(5_400)),
        ("2d", Every(172_800)),
        ("idle", Every(300, True)),
    ],
)
def test_times_are_read(text: str, every: Every) -> None:
    assert Every.parse(text) == every


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "0m", "1w", "1h30m", "nan", "1e3s"])
def test_other_times_are_named(text: str) -> None:
    with pytest.raises(ConfigError, match="every"):
        Every.parse(text)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKED", 0.01)


class Runs:
    """Notes what is carried out."""

    def __init__(self, code: int = 0, text: str = "registered") -> None:
        self.words, self.code, self.text = list[list[str]](), code, text

    def __call__(self, words: Sequence[str], written: Path, closing: threading.Event) -> int:
        self.words.append(list(words))
        written.write_text(self.text)
        return self.code


def test_it_learns_again_and_again_until_it_is_closed(tmp_path: Path) -> None:
    runs = Runs()
    own = Loop(Every(0.01), ["learn", "--data", "shop"], tmp_path / "learned", lambda: 0.0, lambda: True, runs)
    own.start()
    wait_for(lambda: len(runs.words) >= 3)
    own.close()
    done = len(runs.words)
    assert runs.words[0][:4] == ["learn", "--data", "shop", "--out"]
    assert Path(runs.words[0][4]).parent == tmp_path / "learned"
    threading.Event().wait(0.05)
    assert len(runs.words) == done


def test_an_idle_service_learns_and_a_busy_one_does_not(tmp_path: Path) -> None:
    runs, quiet = Runs(), [0.0]
    own = Loop(Every(0.02, idle=True), [], tmp_path, lambda: quiet[0], lambda: True, runs)
    own.start()
    threading.Event().wait(0.2)
    assert runs.words == []
    quiet[0] = 1.0
    wait_for(lambda: runs.words)
    own.close()


@pytest.mark.parametrize(
    ("code", "level"), [(0, logging.INFO), (2, logging.INFO), (1, logging.ERROR), (-9, logging.ERROR)]
)
def test_how_it_ended_is_logged(tmp_path: Path, code: int, level: int, caplog: pytest.LogCaptureFixture) -> None:
    runs = Runs(code, "ConfigError: too few pairs")
    own = Loop(Every(0.01), [], tmp_path, lambda: 0.0, lambda: True, runs)
    with caplog.at_level(logging.INFO, "shoprl.service.loop"):
        own.start()
        wait_for(lambda: caplog.records)
        own.close()
    assert caplog.records[0].levelno == level
    assert "too few pairs" in caplog.records[0].getMessage()


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    own = Loop(Every(0.01), [], tmp_path / "file" / "below", lambda: 0.0, lambda: True, Runs())
    own.start()
    wait_for(lambda: len(caplog.records) >= 2)
    own.close()
    assert "learning failed" in caplog.text


def test_nothing_is_learned_while_a_candidate_is_compared(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[bool | Exception] = [False, StorageError("gone"), True]

    def settle() -> bool:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    runs = Runs()
    own = Loop(Every(0.01), [], tmp_path, lambda: 0.0, settle, runs)
    own.start()
    wait_for(lambda: runs.words)
    own.close()
    assert answers == [True]
    assert "gone" in caplog.text
