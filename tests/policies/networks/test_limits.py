import os
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import BackboneError, PolicyError
from shoprl.policies.networks.choice import ChoiceConfig
from shoprl.policies.networks.limits import MOST_BYTES_OF, check_encoder, check_file, check_network

FOLDER = Path("a/policy")
FIELDS = ("layers", "dropout", "backbone", "image", "encoder", "mine")


def network(**change: Any) -> dict[str, Any]:
    return {"model_type": "net", "transformers_version": "5", "layers": 2, "dropout": 0.1} | change


@pytest.mark.parametrize("change", [{}, {"dropout": 0}, {"image": True}, {"backbone": "x"}, {"mine": 7}, {"mine": {}}])
def test_sensible_fields_pass(change: dict[str, Any]) -> None:
    check_network(network(**change), "net", FIELDS, FOLDER)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("layers", value) for value in (0, -1, 100_000, 10**400, 2.0, "2", True, None, [2], {})),
        *(("dropout", value) for value in (float("nan"), float("inf"), -0.1, 1.0, "0.1", None)),
        *(("backbone", value) for value in (7, None, "a\nb", "\x1b[31m", "x" * 10_000)),
        *(("image", value) for value in (1, "true", None)),
        *(("encoder", value) for value in (7, "bert", [1])),
        ("encoder", {"num_hidden_layers": 100_000}),
        ("encoder", {"auto_map": {"AutoModel": "code.Model"}}),
        ("mine", float("nan")),
        ("unknown", 1),
    ],
)
def test_others_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(PolicyError, match="a/policy") as raised:
        check_network(network(**{field: value}), "net", FIELDS, FOLDER)
    assert field in str(raised.value) or field == "encoder"
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("row", [None, 7, [], {}, {"model_type": "other"}])
def test_another_kind_is_refused(row: Any) -> None:
    with pytest.raises(PolicyError, match="another kind of model"):
        check_network(row, "net", FIELDS, FOLDER)


def test_what_is_written_passes() -> None:
    written = ChoiceConfig("fake", "0" * 64, tuned_layers=1, encoder={"model_type": "bert"}, image=True).to_dict()
    own = {
        name: written[name] for name in ("backbone", "backbone_sha256", "layers", "tuned_layers", "encoder", "image")
    }
    check_network(own | {"model_type": "shoprl-choice"}, "shoprl-choice", own.keys(), FOLDER)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_map", {"AutoModel": "code.Model"}),
        ("text_config", {"auto_map": {"AutoConfig": "code.Config"}}),
        ("list", [{"auto_map": ["a"]}]),
        ("attn_implementation", "somebody/kernel"),
        ("attn_implementation", {"": "somebody/kernel:f"}),
        ("_attn_implementation", "a/b"),
        ("quantization_config", {"quant_method": "x"}),
        ("transformers_weights", "../x.safetensors"),
        ("num_hidden_layers", 0),
        ("decoder_layers", 10**9),
        ("vocab_size", -5),
        ("vocab_size", 1.5),
        ("hidden_size", 10**9),
        ("layer_norm_eps", float("nan")),
        ("anything", float("-inf")),
        ("anything", 10**400),
    ],
)
def test_an_encoders_configuration_loads_nothing_else(name: str, value: Any) -> None:
    with pytest.raises(BackboneError, match="of somebody: its configuration: field"):
        check_encoder({"model_type": "bert", name: value}, "of somebody", BackboneError)


def test_nesting_is_bounded() -> None:
    row: dict[str, Any] = {}
    for _ in range(50):
        row = {"a": row}
    with pytest.raises(PolicyError, match="nested too deeply"):
        check_encoder(row, FOLDER, PolicyError)
    with pytest.raises(PolicyError, match="not a JSON object"):
        check_encoder([1], FOLDER, PolicyError)


def test_a_tokenizers_own_limit_is_no_size() -> None:
    check_encoder({"model_max_length": 1000000000000000019884624838656, "auto_map": None}, FOLDER, PolicyError)


def test_plain_files_and_links_to_them_pass(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to("a")
    check_file(tmp_path / "a")
    check_file(tmp_path / "b")


def test_devices_and_pipes_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, what in (("zero", "is not a file"), ("pipe", "is not a file"), (".", "not a file"), ("loop", "missing")):
        with pytest.raises(PolicyError, match=what):
            check_file(tmp_path / name)
    with pytest.raises(BackboneError, match="missing"):
        check_file(tmp_path / "none", BackboneError)


@pytest.mark.parametrize("name", [*MOST_BYTES_OF, "tokenizer.json", "other.safetensors"])
def test_an_absurd_size_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(2**40)  # takes no room
    with pytest.raises(PolicyError, match=rf"{name}: 1,048,576 MB, more than"):
        check_file(tmp_path / name)
