"""LoRA adapters are merged into the model that the user names; their files have nothing else loaded."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import shoprl
from shoprl.errors import PolicyError
from shoprl.policies.causal.lora import ADAPTER, WEIGHTS
from tests.support.tiny_lm import tiny_lm, tiny_model, toy_walks

peft = pytest.importorskip("peft", reason="of the extra lora")


def write_adapter(folder: Path, base: str, **settings: Any) -> Any:
    """Write an adapter with random weights; the model that has it."""
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", **settings)
    model = peft.get_peft_model(tiny_model(), config)
    model.peft_config["default"].base_model_name_or_path = base
    generator = torch.Generator().manual_seed(3)
    for name, weight in model.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            weight.data += torch.randn(weight.shape, generator=generator)
    model.save_pretrained(folder)
    return model.eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_adapter(tmp_path, str(tiny_lm()))
    return tmp_path


def change(folder: Path, **fields: object) -> None:
    path = folder / ADAPTER
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    "settings",
    [{}, {"use_rslora": True, "lora_alpha": 3}, {"use_dora": True}, {"modules_to_save": ["norm"]}],
    ids=["plain", "rslora", "dora", "saved"],
)
def test_an_adapter_acts_as_peft_has_it(tmp_path: Path, settings: dict[str, Any]) -> None:
    own = write_adapter(tmp_path, "elsewhere", **settings)
    state = toy_walks()[0]
    base, tuned = (shoprl.load_policy(f"lm:{place}", backbone=str(tiny_lm())) for place in (tiny_lm(), tmp_path))
    before, after = base.scores([state])[0], tuned.scores([state])[0]
    base.model = own
    assert after == pytest.approx(base.scores([state])[0], abs=1e-2)
    assert abs(after - before).max() > 1


def test_an_adapter_of_a_plain_configuration_is_read(tmp_path: Path) -> None:
    model = peft.get_peft_model(tiny_model(), peft.LoraConfig())
    model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / ADAPTER).read_text())["auto_mapping"]
    assert shoprl.load_policy(f"lm:{tmp_path}", backbone=str(tiny_lm()))


def test_what_a_note_names_is_not_imported(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named_by_a_note.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    change(folder, auto_mapping={"parent_library": "named_by_a_note", "base_model_class": "x"})
    assert shoprl.load_policy(f"lm:{folder}", backbone=str(tiny_lm()))
    assert "named_by_a_note" not in sys.modules


def test_loading_draws_nothing_from_the_global_generator(folder: Path) -> None:
    before = torch.get_rng_state()
    shoprl.load_policy(f"lm:{folder}", backbone=str(tiny_lm()))
    assert torch.equal(torch.get_rng_state(), before)


def test_its_model_is_loaded_only_if_the_user_names_it(folder: Path) -> None:
    with pytest.raises(PolicyError, match="loaded only if you name it yourself"):
        shoprl.load_policy(f"lm:{folder}")
    with pytest.raises(PolicyError, match="loaded only if you name it yourself"):
        shoprl.load_policy(f"lm:{folder}", backbone=["one", "two"])
    assert shoprl.load_policy(f"lm:{folder}", backbone=["one", str(tiny_lm())])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "PREFIX_TUNING"),
        ({"target_modules": "(a+)+$"}, "target_modules"),
        ({"megatron_config": {"a": 1}}, "megatron_config"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"layer_replication": [[0, 1000]]}, "layer_replication"),
        ({"rank_pattern": {"(a+)+$": 4}}, "rank_pattern"),
        ({"bias": "all"}, "bias"),
        ({"r": 10**9}, "'r'"),
        ({"layers_to_transform": "0"}, "layers_to_transform"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_else_a_configuration_asks_for_is_refused(folder: Path, fields: dict[str, Any], named: str) -> None:
    change(folder, **fields)
    with pytest.raises(PolicyError, match=named):
        shoprl.load_policy(f"lm:{folder}", backbone=str(tiny_lm()))


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(b"cposix\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(PolicyError, match=WEIGHTS):
        shoprl.load_policy(f"lm:{folder}", backbone=str(tiny_lm()))


@pytest.mark.parametrize("fields", [{"r": 8}, {"target_modules": ["q_proj"]}, {"target_modules": ["nowhere"]}])
def test_an_adapter_of_another_model(folder: Path, fields: dict[str, Any]) -> None:
    change(folder, **fields)
    with pytest.raises(PolicyError, match="does not fit the model"):
        shoprl.load_policy(f"lm:{folder}", backbone=str(tiny_lm()))
