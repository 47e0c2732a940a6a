import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from shoprl.errors import PolicyError, RunError
from shoprl.policies.networks.weights import Tensors, check_finite, check_shapes, read_tensors

NAN, INFINITY = float("nan"), float("inf")


def test_written_and_read(tmp_path: Path) -> None:
    save_file({"a": torch.arange(4.0), "n": torch.arange(3), "none": torch.zeros(0)}, tmp_path / "w", {"k": "v"})
    tensors, metadata = read_tensors(tmp_path / "w", PolicyError)
    assert metadata == {"k": "v"}
    assert torch.equal(tensors["a"], torch.arange(4.0))


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_numbers_that_are_none_are_refused(value: float, kind: torch.dtype) -> None:
    tensor = torch.zeros(5, 7, dtype=kind)
    check_finite({"good": tensor}, "here", PolicyError)
    tensor[2, 3] = value
    with pytest.raises(PolicyError, match="here: tensor 'bad' holds NaN or infinity"):
        check_finite({"good": torch.ones(2), "bad": tensor}, "here", PolicyError)


def test_the_greatest_numbers_are_numbers() -> None:
    check_finite({"a": torch.full((9,), torch.finfo(torch.float32).max)}, "here", PolicyError)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(PolicyError, match="complex"):
        check_finite({"a": torch.zeros(2, dtype=torch.complex64)}, "here", PolicyError)


def lying(header: object) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(16)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08",
        b"\xff" * 64,
        (2**62).to_bytes(8, "little") + b"{}",
        lying([]),
        lying({"a": 7}),
        lying({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 999]}}),
        lying({"a": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 16]}}),
        lying({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}),
        lying({"a": {"dtype": "X99", "shape": [4], "data_offsets": [0, 16]}}),
        lying({"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}}),
        lying({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
    ],
)
def test_a_header_that_lies_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(RunError, match=r"w: not a checkpoint \(.*\)\. Delete it\."):
        read_tensors(tmp_path / "w", RunError, "a checkpoint", "Delete it.")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"weight": torch.zeros(3, 2)}, r"weight 'weight' is \(3, 2\) of torch.float32"),
        ({"weight": torch.zeros(2, 3, dtype=torch.int64)}, "of torch.int64"),
        ({"weight": torch.zeros(2, 3, dtype=torch.float16)}, "of torch.float16"),
        ({"weight": torch.zeros(2, 3, dtype=torch.complex64)}, "of torch.complex64"),
        ({"weight": None}, r"lacks the weights \['weight'\]"),
        ({"more": torch.zeros(1)}, r"unknown weights \['more'\]"),
    ],
)
def test_weights_are_those_of_the_network(change: dict[str, torch.Tensor | None], what: str) -> None:
    def build() -> nn.Module:
        return nn.Linear(3, 2)

    own: Tensors = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}
    check_shapes(own, build, Path("f"))
    given = {name: tensor for name, tensor in {**own, **change}.items() if tensor is not None}
    with pytest.raises(PolicyError, match=rf"f: .*{what}"):
        check_shapes(given, build, Path("f"))


def test_of_tied_weights_one_is_enough() -> None:
    def build() -> nn.Module:
        first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        second.weight = first.weight
        return nn.Sequential(first, second)

    check_shapes({"1.weight": torch.zeros(2, 2)}, build, Path("f"))


def test_a_network_that_cannot_be_built_is_named_and_takes_no_memory() -> None:
    def build() -> nn.Module:
        nn.Linear(10**6, 10**6)  # four terabytes
        raise ValueError("odd sizes")

    state = torch.get_rng_state()
    with pytest.raises(PolicyError, match=r"f: cannot be loaded \(odd sizes\)"):
        check_shapes({}, build, Path("f"))
    assert torch.equal(torch.get_rng_state(), state)
