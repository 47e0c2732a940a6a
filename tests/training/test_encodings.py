import json
from pathlib import Path

import pytest
import torch

from shoprl.errors import RunError, StorageError
from shoprl.policies.networks.encoder import TokenStore
from shoprl.training.encodings import CHECKPOINT, EncodingJournal
from shoprl.training.loop import read_log
from tests.support.resuming import LEARNERS, padded_store, stopped, trained

ROUNDS = (["a b c d", "e"], ["f g", "a"], ["h i j k l", "m", "n o"])


def states(store: TokenStore, text: str) -> torch.Tensor:
    return store.gather([text])[0]


def written(folder: Path, updates: int = 3) -> tuple[TokenStore, dict[int, str]]:
    """A store with what each update added, and the digest of each checkpoint."""
    store = padded_store()
    store.add(["before it all"])
    journal = EncodingJournal(store, folder)
    digests = {}
    for update in range(1, updates + 1):
        store.add(ROUNDS[update - 1])
        digests[update] = journal.write(update)
    return store, digests


def restored(folder: Path, update: int, digest: str | None) -> TokenStore:
    store = padded_store()
    store.add(["before it all"])
    EncodingJournal(store, folder).restore(update, digest)
    return store


def test_texts_are_encoded_again_with_the_same_others(tmp_path: Path) -> None:
    whole, digests = written(tmp_path)
    again = restored(tmp_path, 3, digests[3])
    assert again.batches == whole.batches
    for text in ("before it all", *(text for texts in ROUNDS for text in texts)):
        assert torch.equal(states(again, text), states(whole, text))
    other = padded_store()
    other.add([text for texts in ROUNDS for text in texts])
    assert not torch.equal(states(other, "e"), states(whole, "e"))  # which is what the file is for


def test_the_file_holds_only_what_the_training_encoded(tmp_path: Path) -> None:
    written(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "encoded.jsonl").read_text().splitlines()]
    assert rows == [
        {"update": 1, "texts": ["e", "a b c d"]},
        {"update": 2, "texts": ["a", "f g"]},
        {"update": 3, "texts": ["m", "n o", "h i j k l"]},
    ]


@pytest.mark.parametrize("torn", [b"", b'{"update": 3, "te', b'{"update": 4, "texts": ["x"]}\n', b"\xff\n", b"7\n"])
def test_what_belongs_to_no_checkpoint_is_discarded(tmp_path: Path, torn: bytes) -> None:
    _, digests = written(tmp_path)
    path = tmp_path / "encoded.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + torn)
    again = restored(tmp_path, 2, digests[2])
    assert "n o" not in again
    assert path.read_bytes() == lines[0] + lines[1]
    journal = EncodingJournal(again, tmp_path)
    journal.restore(2, digests[2])
    again.add(ROUNDS[2])
    assert journal.write(3) == digests[3]
    assert path.read_bytes() == b"".join(lines)


@pytest.mark.parametrize("lost", [0, 1])
def test_a_file_that_lacks_a_line_is_named(tmp_path: Path, lost: int) -> None:
    _, digests = written(tmp_path)
    path = tmp_path / "encoded.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for i, line in enumerate(lines) if i != lost))
    with pytest.raises(RunError, match=rf"encoded.jsonl: not what was written.*{CHECKPOINT}"):
        restored(tmp_path, 3, digests[3])


def test_each_process_has_its_own_file_and_a_policy_without_a_store_none(tmp_path: Path) -> None:
    store = padded_store()
    journal = EncodingJournal(store, tmp_path, process=2)
    store.add(["a"])
    journal.write(1)
    none = EncodingJournal(None, tmp_path)
    none.restore(1, None)
    none.write(1)
    assert [path.name for path in tmp_path.iterdir()] == ["encoded-2.jsonl"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match=r"encoded\.jsonl.*No space left"):
        written(tmp_path)


# Before which call of a method of `Training` it stops, counted from 0: between the second checkpoint's log and weights,
# and later a second time; before any update, when DPO's references are on disk; between two checkpoints.
STOPS = [[("_save", 1), ("step", 3)], [("__enter__", 0)], [("step", 3), ("step", 2)]]


@pytest.mark.parametrize("count", [1, pytest.param(len(STOPS), marks=pytest.mark.slow)])
@pytest.mark.parametrize("learner", LEARNERS)
def test_stopped_and_resumed_equals_uninterrupted(learner: str, count: int, tmp_path: Path) -> None:
    whole = trained(learner, tmp_path / "whole")
    for number, stops in enumerate(STOPS[:count]):
        folder = tmp_path / str(number)
        for method, call in stops:
            assert stopped(learner, folder, method, call)
        again = trained(learner, folder)
        assert all(torch.equal(whole[name], again[name]) for name in whole), stops
        for log in (tmp_path / "whole").rglob("log.jsonl"):
            assert read_log(folder / log.parent.relative_to(tmp_path / "whole")) == read_log(log.parent)
