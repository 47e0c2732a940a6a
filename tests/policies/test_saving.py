import json
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import BackboneError, PolicyError, StorageError
from shoprl.policies.choice import ChoiceModel, ChoicePolicy
from shoprl.policies.encoder import TokenStore
from shoprl.policies.saving import load_choice, load_policy, save_policy
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.shop.data import ShopData
from tests.policies.fakes import FakeBackbone, fake_policy, random_walk


@pytest.fixture
def policy() -> ChoicePolicy:
    return fake_policy(seed=5)


@pytest.fixture
def folder(policy: ChoicePolicy, tmp_path: Path) -> Path:
    save_policy(policy, tmp_path / "policy", {"updates": 3})
    return tmp_path / "policy"


def test_round_trip(policy: ChoicePolicy, folder: Path, toy: ShopData) -> None:
    before = torch.get_rng_state()
    loaded = load_choice(folder, policy.store)
    assert torch.equal(torch.get_rng_state(), before)
    states = random_walk(toy.shop, toy.goals[0], 0).states
    for first, second in zip(policy.probabilities(states), loaded.probabilities(states), strict=True):
        assert np.array_equal(first, second)
    assert (loaded.name, loaded.strategy) == (policy.name, policy.strategy)
    assert loaded.store is policy.store
    assert not loaded.model.training


def test_the_folder_holds_what_the_docs_say(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "policy.json"]
    manifest = json.loads((folder / "policy.json").read_text())
    assert manifest["about"] == {"updates": 3}
    assert manifest["search"] == "wish"
    assert ChoiceModel.from_pretrained(folder).config.backbone == "fake"


def test_saving_twice_gives_the_same_bytes(policy: ChoicePolicy, folder: Path, tmp_path: Path) -> None:
    save_policy(policy, tmp_path / "again", {"updates": 3})
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_an_old_folder_is_replaced(folder: Path, tmp_path: Path) -> None:
    (folder / "stale.txt").write_text("old")
    other = fake_policy(seed=6)
    save_policy(other, folder)
    assert not (folder / "stale.txt").exists()
    loaded = load_choice(folder, other.store)
    assert torch.equal(loaded.model.score[1].weight, other.model.score[1].weight)
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_changed_files_are_refused(policy: ChoicePolicy, folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-3] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(PolicyError, match=name):
        load_choice(folder, policy.store)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "policy.json"])
def test_missing_files_are_named(policy: ChoicePolicy, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PolicyError, match=name):
        load_choice(folder, policy.store)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"kind": "query"},
        {"search": "everything"},
        {"search": None},
        {"sha256": "abc"},
        {"sha256": {}},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(policy: ChoicePolicy, folder: Path, change: dict[str, object]) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PolicyError, match="policy"):
        load_choice(folder, policy.store)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff"])
def test_a_manifest_that_is_none_is_refused(policy: ChoicePolicy, folder: Path, text: str) -> None:
    (folder / "policy.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PolicyError, match=r"policy\.json"):
        load_choice(folder, policy.store)


def forge(folder: Path, change: dict[str, object]) -> None:
    """Change the configuration and its digest with it."""
    from shoprl.files import sha256_of

    config, manifest = folder / "config.json", folder / "policy.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    row = json.loads(manifest.read_text())
    row["sha256"]["config.json"] = sha256_of(config)
    manifest.write_text(json.dumps(row))


@pytest.mark.parametrize("change", [{"hidden": 32}, {"features": 3}, {"heads": 0}, {"match": "wide"}, {"heads": 3}])
def test_weights_that_do_not_fit_the_sizes_are_refused(
    policy: ChoicePolicy, folder: Path, change: dict[str, object]
) -> None:
    forge(folder, change)
    with pytest.raises(PolicyError, match="policy"):
        load_choice(folder, policy.store)


def test_another_backbone_is_refused(folder: Path) -> None:
    store = TokenStore(FakeBackbone(sha256="1" * 64))  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="other weights"):
        load_choice(folder, store)


def test_a_backbone_that_is_nowhere_is_named(folder: Path, tmp_path: Path) -> None:
    forge(folder, {"backbone": str(tmp_path / "nowhere")})
    with pytest.raises(BackboneError, match="nowhere"):
        load_choice(folder)


def test_policies_by_name(tmp_path: Path) -> None:
    assert isinstance(load_policy("rule"), RulePolicy)
    assert isinstance(load_policy("random"), RandomPolicy)
    with pytest.raises(PolicyError, match="no such policy"):
        load_policy(str(tmp_path / "nothing"))


@pytest.mark.parametrize("old", [False, True])
def test_a_write_that_fails_leaves_nothing(
    policy: ChoicePolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    folder = tmp_path / "policy"
    if old:
        save_policy(policy, folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def fail(self: ChoiceModel, target: Path) -> None:
        (Path(target) / "config.json").write_text("{")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ChoiceModel, "save_pretrained", fail)
    with pytest.raises(StorageError, match="No space left"):
        save_policy(policy, folder)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == (["policy"] if old else [])


def test_a_disk_full_of_weights_is_a_storage_error(
    policy: ChoicePolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError

    def fail(self: ChoiceModel, target: Path) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(ChoiceModel, "save_pretrained", fail)
    with pytest.raises(StorageError, match="No space left"):
        save_policy(policy, tmp_path / "policy")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(policy: ChoicePolicy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        save_policy(policy, tmp_path / "file" / "policy")
