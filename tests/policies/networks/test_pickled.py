"""Pickles from elsewhere: tensors are read, and nothing in them is run."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from shoprl.errors import ConfigError, PolicyError
from shoprl.policies.networks.pickled import read_pickled


@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_wrote_is_read(tmp_path: Path, zipped: bool) -> None:
    path, content = tmp_path / "file.pt", {"weights": torch.arange(6.0).reshape(2, 3), "names": ["a"], "size": 3}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = read_pickled(path, PolicyError)
    assert torch.equal(found["weights"], content["weights"])
    assert (found["names"], found["size"]) == (["a"], 3)


class Harmful:
    def __init__(self, left: Path) -> None:
        self.left = left

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.left),)


@pytest.mark.parametrize("by_torch", [True, False])
def test_nothing_is_run(tmp_path: Path, by_torch: bool) -> None:
    path, left = tmp_path / "file.pt", tmp_path / "was-run"
    if by_torch:
        torch.save({"weights": Harmful(left)}, path)
    else:
        path.write_bytes(pickle.dumps(Harmful(left), protocol=2))
    with pytest.raises(PolicyError, match=r"file\.pt: cannot be read as tensors"):
        read_pickled(path, PolicyError)
    assert not left.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 half", b"\x80\x02K", b"text"])
def test_what_is_broken_is_named_with_the_error_asked_for(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "file.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"file\.pt: (cannot be read as tensors \(.+\)\. Fetch|no such file)"):
        read_pickled(path, ConfigError)
