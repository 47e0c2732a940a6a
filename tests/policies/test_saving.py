import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from shoprl.errors import BackboneError, PolicyError, StorageError
from shoprl.files import sha256_of
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks import backbone
from shoprl.policies.networks.choice import ChoiceModel, ChoicePolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from shoprl.policies.query.policy import QueryOffer, QueryPolicy
from shoprl.policies.saving import load_learned, load_policy, save_policy
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from tests.support.fakequery import fake_backbone, fake_extractive, tiny_bart
from tests.support.fakes import FakeBackbone, fake_policy, random_walk
from tests.support.tiny_bert import tiny_bert, tiny_policy, tiny_rnn, toy_states, tuned_policy, write_tiny_bert


@pytest.fixture
def policy() -> ChoicePolicy:
    return fake_policy(seed=5)


@pytest.fixture
def folder(policy: ChoicePolicy, tmp_path: Path) -> Path:
    save_policy(policy, tmp_path / "policy", {"updates": 3})
    return tmp_path / "policy"


def test_round_trip(policy: ChoicePolicy, folder: Path, toy: ShopData) -> None:
    before = torch.get_rng_state()
    loaded = load_learned(folder, policy.store)
    assert torch.equal(torch.get_rng_state(), before)
    states = random_walk(toy.shop, toy.goals[0], 0).states
    for first, second in zip(policy.probabilities(states), loaded.probabilities(states), strict=True):
        assert np.array_equal(first, second)
    assert (loaded.name, loaded.strategy) == (policy.name, policy.strategy)
    assert loaded.store is policy.store
    assert not loaded.model.training


def test_a_policy_that_looks_at_pictures_comes_back(tmp_path: Path) -> None:
    seeing, page = fake_policy(seed=5, image=True), replace(toy_states()[0], picture="A")
    seeing.pictures = {"A": torch.linspace(-1, 1, PICTURE)}
    save_policy(seeing, tmp_path / "seeing")
    loaded = load_learned(tmp_path / "seeing", seeing.store)
    assert loaded.model.config.image
    assert loaded.pictures == {}
    with torch.inference_mode():
        assert not torch.equal(loaded.logits([page]), seeing.logits([page]))
        loaded.pictures = seeing.pictures
        assert torch.equal(loaded.logits([page]), seeing.logits([page]))


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
    loaded = load_learned(folder, other.store)
    assert torch.equal(loaded.model.score[1].weight, other.model.score[1].weight)
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_changed_files_are_refused(policy: ChoicePolicy, folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-3] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(PolicyError, match=name):
        load_learned(folder, policy.store)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "policy.json"])
def test_missing_files_are_named(policy: ChoicePolicy, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PolicyError, match=name):
        load_learned(folder, policy.store)


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
        load_learned(folder, policy.store)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2, "shoprl": "0.9.0"}, "a policy of ShopRL 0.9.0 in format 2; this is ShopRL .* reads format 1"),
        (
            {"kind": "oracle", "shoprl": "0.9.0"},
            "a policy of ShopRL 0.9.0 of the kind 'oracle'.* networks are choice, ",
        ),
        ({"kind": ["choice"]}, "of the kind"),
        ({"format": "1"}, "names no format"),
        ({"format": True}, "names no format"),
    ],
)
def test_a_policy_of_another_version_is_refused_with_what_to_do(
    policy: ChoicePolicy, folder: Path, change: dict[str, object], said: str
) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PolicyError, match=said):
        load_learned(folder, policy.store)


def test_a_policy_saved_before_offers_and_pictures_still_loads(policy: ChoicePolicy, folder: Path) -> None:
    """As the first version wrote it: fewer fields in the configuration, fewer entries in the manifest."""
    written = json.loads((folder / "config.json").read_text())
    newer = ("image", "tuned_layers", "encoder")
    (folder / "config.json").write_text(json.dumps({name: v for name, v in written.items() if name not in newer}))
    forge(folder, {})
    manifest = folder / "policy.json"
    row = {name: value for name, value in json.loads(manifest.read_text()).items() if name not in ("about", "rule")}
    manifest.write_text(json.dumps(row))
    state = toy_states()[0]
    with torch.inference_mode():
        assert torch.equal(load_learned(folder, policy.store).logits([state]), policy.logits([state]))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff"])
def test_a_manifest_that_is_none_is_refused(policy: ChoicePolicy, folder: Path, text: str) -> None:
    (folder / "policy.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PolicyError, match=r"policy\.json"):
        load_learned(folder, policy.store)


def forge(folder: Path, change: dict[str, object], name: str = "config.json") -> None:
    """Change a JSON file and its digest with it."""
    path, manifest = folder / name, folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    row = json.loads(manifest.read_text())
    row["sha256"][name] = sha256_of(path)
    manifest.write_text(json.dumps(row))


@pytest.mark.parametrize(
    "change",
    [{"hidden": 32}, {"features": 3}, {"heads": 0}, {"match": "wide"}, {"heads": 3}, {"layers": 2}, {"image": True}],
)
def test_weights_that_do_not_fit_the_sizes_are_refused(
    policy: ChoicePolicy, folder: Path, change: dict[str, object]
) -> None:
    forge(folder, change)
    with pytest.raises(PolicyError, match="policy"):
        load_learned(folder, policy.store)


def test_another_backbone_is_refused(folder: Path) -> None:
    store = TokenStore(FakeBackbone(sha256="1" * 64))  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="other weights"):
        load_learned(folder, store)


def test_a_backbone_that_is_nowhere_is_named(folder: Path, tmp_path: Path) -> None:
    forge(folder, {"backbone": str(tmp_path / "nowhere")})
    with pytest.raises(BackboneError, match="nowhere"):
        load_learned(folder)


def test_a_backbone_is_loaded_only_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy's own word for its backbone, here the right folder, is not enough."""
    tuned = tuned_policy(4)
    save_policy(tuned, tmp_path / "policy")
    asked: list[str] = []
    real = backbone.load_backbone
    monkeypatch.setattr(backbone, "load_backbone", lambda *name: asked.append(*name) or real(*name))
    with pytest.raises(BackboneError, match=r"policy: was trained on the backbone .*as `backbone`"):
        load_learned(tmp_path / "policy")
    assert asked == []
    other = write_tiny_bert(tmp_path / "other", ["a mug"])
    with pytest.raises(PolicyError, match=r"other weights of its backbone than those of .*other"):
        load_learned(tmp_path / "policy", backbone=str(other))
    copy = shutil.copytree(tiny_bert(), tmp_path / "copy")  # the weights count, not where they lie
    for given in (str(copy), [str(copy)], (str(other), str(copy))):
        loaded = load_policy(str(tmp_path / "policy"), backbone=given)
        assert loaded.backbone.sha256 == tuned.backbone.sha256  # type: ignore[attr-defined]


def test_code_beside_a_policys_backbone_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda question: "y")
    trap = shutil.copytree(tiny_bert(), tmp_path / "trap")
    (trap / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    change = {"model_type": "new", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (trap / "config.json").write_text(json.dumps(json.loads((trap / "config.json").read_text()) | change))
    save_policy(fake_policy(), tmp_path / "policy")
    forge(tmp_path / "policy", {"backbone": str(trap)})
    for given in ((), str(trap)):
        with pytest.raises(BackboneError, match="trap"):
            load_learned(tmp_path / "policy", backbone=given)
    assert not (tmp_path / "ran").exists()


def tampered(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the weights and their digest with them."""
    path, manifest = folder / "model.safetensors", folder / "policy.json"
    weights = load_file(path)
    change(weights)
    save_file(weights, path, {"format": "pt"})
    row = json.loads(manifest.read_text())
    row["sha256"][path.name] = sha256_of(path)
    manifest.write_text(json.dumps(row))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda weights: [weight.fill_(float("nan")) for weight in weights.values()], "NaN or infinity"),
        (lambda weights: weights["join.weight"][0].fill_(float("inf")), "tensor 'join.weight' holds NaN or infinity"),
        (lambda weights: weights.pop("join.weight"), "lacks the weights"),
        (lambda weights: weights.update(more=torch.zeros(1)), "unknown weights"),
        (lambda weights: weights.update({"join.weight": torch.zeros(1)}), "weight 'join.weight' is"),
        (lambda weights: weights.update({"join.weight": weights["join.weight"].to(torch.int64)}), "int64"),
        (lambda weights: weights.update({"join.weight": weights["join.weight"].half()}), "float16"),
        (lambda weights: weights.update({"join.weight": weights["join.weight"].to(torch.complex64)}), "complex"),
    ],
)
def test_tampered_weights_are_refused(
    policy: ChoicePolicy, folder: Path, change: Callable[[dict[str, torch.Tensor]], None], what: str
) -> None:
    tampered(folder, change)
    with pytest.raises(PolicyError, match=f"policy.*{what}"):
        load_learned(folder, policy.store)


@pytest.mark.parametrize(
    "change",
    [
        *({"layers": value} for value in (0, -1, 100_000, 10**60, 1.0, "1", None, True, [1])),
        *({"dropout": value} for value in (float("nan"), float("inf"), -1, 1, 2, "0.1")),
        *({"hidden": value} for value in (0, -16, 10**9)),
        *({"backbone_width": value} for value in (0, 10**12)),
        {"tuned_layers": 2},
        {"encoder": {"model_type": "bert", "num_hidden_layers": 100_000}},
        {"image": "yes"},
        {"backbone": {"a": 1}},
        {"something": 1},
        {"attn_implementation": "somebody/kernel"},
        {"auto_map": {"AutoModel": "code.Model"}},
        {"model_type": "bert"},
    ],
)
def test_tampered_configurations_are_refused_before_anything_is_built(
    policy: ChoicePolicy, folder: Path, change: dict[str, object]
) -> None:
    forge(folder, change)
    start = time.perf_counter()
    with pytest.raises(PolicyError, match="policy"):
        load_learned(folder, policy.store)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "size", "nesting"])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        *((fake_policy, name) for name in ("policy.json", "config.json", "model.safetensors")),
        (tiny_rnn, "vocabulary.json"),
        (tiny_policy, "tokenizer.json"),
    ],
)
def test_what_is_no_file_of_a_policy_is_refused_at_once(
    tmp_path: Path, make: Callable[[], LearnedPolicy], name: str, kind: str
) -> None:
    save_policy(make(), tmp_path / "policy")
    path = tmp_path / "policy" / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "size":
        with path.open("wb") as stream:
            stream.truncate(2**40)
    else:
        path.write_text("[" * 100_000)
        row = json.loads((tmp_path / "policy" / "policy.json").read_text()) if name != "policy.json" else None
        if row:
            row["sha256"][name] = sha256_of(path)
            (tmp_path / "policy" / "policy.json").write_text(json.dumps(row))
    start = time.perf_counter()
    with pytest.raises(PolicyError, match=name):
        load_learned(tmp_path / "policy", fake_policy().store)
    assert time.perf_counter() - start < 5


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


OTHERS = {"bi_attention": ("tokenizer.json", tiny_policy), "rnn": ("vocabulary.json", tiny_rnn)}


@pytest.fixture(params=sorted(OTHERS))
def other(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, LearnedPolicy, Path]:
    """Another kind, a policy of it, and its folder."""
    policy = OTHERS[request.param][1](4)
    save_policy(policy, tmp_path / "other", {"updates": 3})
    return request.param, policy, tmp_path / "other"


def test_other_kinds_come_back_the_same(other: tuple[str, LearnedPolicy, Path]) -> None:
    kind, policy, folder = other
    before = torch.get_rng_state()
    loaded = load_policy(str(folder))
    assert torch.equal(torch.get_rng_state(), before)
    assert isinstance(loaded, type(policy))
    batch = list(toy_states()[:8])
    for first, second in zip(policy.logits_and_values(batch), loaded.logits_and_values(batch), strict=True):
        assert torch.equal(first, second)
    assert (loaded.name, loaded.strategy) == (policy.name, policy.strategy)
    assert not loaded.model.training
    manifest = json.loads((folder / "policy.json").read_text())
    names = {path.name for path in folder.iterdir()} - {"policy.json"}
    assert names == {"config.json", "model.safetensors", OTHERS[kind][0]} == set(manifest["sha256"])
    assert manifest["kind"] == kind


def test_saving_other_kinds_twice_gives_the_same_bytes(other: tuple[str, LearnedPolicy, Path], tmp_path: Path) -> None:
    _, _, folder = other
    save_policy(load_learned(folder), tmp_path / "again", {"updates": 3})
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_every_file_of_other_kinds_is_checked(other: tuple[str, LearnedPolicy, Path]) -> None:
    _, _, folder = other
    for name in json.loads((folder / "policy.json").read_text())["sha256"]:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + b" ")
        with pytest.raises(PolicyError, match=name):
            load_learned(folder)
        (folder / name).unlink()
        with pytest.raises(PolicyError, match=name):
            load_learned(folder)
        (folder / name).write_bytes(content)
    load_learned(folder)


def test_a_folder_without_digests_of_its_words_is_refused(other: tuple[str, LearnedPolicy, Path]) -> None:
    kind, _, folder = other
    path = folder / "policy.json"
    row = json.loads(path.read_text())
    del row["sha256"][OTHERS[kind][0]]
    path.write_text(json.dumps(row))
    with pytest.raises(PolicyError, match=OTHERS[kind][0]):
        load_learned(folder)


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("bi_attention", "config.json", {"tuned_layers": 9}),
        ("bi_attention", "config.json", {"image": True}),
        ("bi_attention", "config.json", {"encoder": {"model_type": "nothing"}}),
        ("bi_attention", "config.json", {"encoder": "bert"}),
        ("bi_attention", "config.json", {"encoder": {"model_type": "bert", "hidden_size": "wide"}}),
        ("bi_attention", "tokenizer.json", {"model": {}}),
        ("rnn", "config.json", {"hidden": 9}),
        ("rnn", "config.json", {"vocabulary": -1}),
        ("rnn", "vocabulary.json", {"words": ["mug"]}),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, kind: str, name: str, change: dict[str, object]) -> None:
    save_policy(OTHERS[kind][1](), tmp_path / "policy")
    forge(tmp_path / "policy", change, name)
    with pytest.raises(PolicyError, match="policy"):
        load_learned(tmp_path / "policy")


def test_a_choice_policy_is_not_mistaken_for_another(
    other: tuple[str, LearnedPolicy, Path], policy: ChoicePolicy, folder: Path
) -> None:
    kind, _, elsewhere = other
    assert load_learned(elsewhere).kind == kind
    loaded = load_learned(folder, policy.store)
    assert isinstance(loaded, ChoicePolicy)
    assert loaded.store is policy.store
    with pytest.raises(PolicyError, match="not one of the networks that can be saved"):
        save_policy(object(), folder)  # type: ignore[arg-type]


def test_the_format_of_choice_policies_has_not_changed(folder: Path) -> None:
    manifest = json.loads((folder / "policy.json").read_text())
    assert list(manifest) == ["format", "kind", "name", "search", "rule", "shoprl", "sha256", "about"]
    assert (manifest["format"], manifest["kind"]) == (1, "choice")
    assert list(manifest["sha256"]) == ["config.json", "model.safetensors"]


ASKED = parse_instruction("hello i like red find me blue mug")


def offered(policy: LearnedPolicy, folder: Path, n: int = 2) -> LearnedPolicy:
    policy.offer = QueryOffer(QueryPolicy(tiny_bart(3), "asker", {"updates": 7}), n)
    save_policy(policy, folder)
    return policy


@pytest.mark.parametrize("make", [fake_policy, tiny_policy, tiny_rnn])
def test_the_query_policy_goes_with_the_policy(make: Callable[[], LearnedPolicy], tmp_path: Path) -> None:
    policy = offered(make(), tmp_path / "policy")
    assert policy.offer is not None
    (tmp_path / "policy").rename(tmp_path / "moved")
    store = policy.store if isinstance(policy, ChoicePolicy) else None
    before = torch.get_rng_state()
    loaded = load_learned(tmp_path / "moved", store)
    assert torch.equal(torch.get_rng_state(), before)
    assert loaded.offer is not None
    assert (loaded.offer.n, loaded.offer.policy.name, loaded.offer.policy.about) == (2, "asker", {"updates": 7})
    assert loaded.queries(ASKED) == policy.queries(ASKED)
    assert len(loaded.queries(ASKED)) == 3
    save_policy(loaded, tmp_path / "again")
    for name in ("model.safetensors", "query/model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "moved" / name).read_bytes()
    again = load_learned(tmp_path / "again", store)
    assert again.queries(ASKED) == policy.queries(ASKED)


def test_the_query_policy_reads_on_the_backbone_in_memory(tmp_path: Path) -> None:
    store = TokenStore(fake_backbone())
    policy = fake_policy(store=store)
    policy.offer = QueryOffer(QueryPolicy(fake_extractive(backbone=store.backbone)), 4)
    save_policy(policy, tmp_path / "policy")
    loaded = load_learned(tmp_path / "policy", store)
    assert loaded.offer is not None
    assert loaded.offer.policy.writer.backbone is store.backbone  # type: ignore[attr-defined]
    assert loaded.queries(ASKED) == policy.queries(ASKED)
    assert len(loaded.queries(ASKED)) > 2


def test_the_manifest_names_the_query_policy(tmp_path: Path) -> None:
    offered(fake_policy(), tmp_path / "policy", 5)
    manifest = json.loads((tmp_path / "policy" / "policy.json").read_text())
    assert manifest["query"] == {"name": "asker", "n": 5}
    assert list(manifest["sha256"]) == ["config.json", "model.safetensors", "query/policy.json"]
    names = ["config.json", "model.safetensors", "policy.json", "query"]
    assert sorted(path.name for path in (tmp_path / "policy").iterdir()) == names


def test_every_file_of_the_query_policy_is_checked(tmp_path: Path) -> None:
    policy = offered(fake_policy(), tmp_path / "policy")
    assert isinstance(policy, ChoicePolicy)
    paths = sorted((tmp_path / "policy" / "query").iterdir())
    assert len(paths) > 4
    for path in paths:
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        with pytest.raises(PolicyError, match=rf"query/{path.name}: its content is not what was saved"):
            load_learned(tmp_path / "policy", policy.store)
        path.unlink()
        with pytest.raises(PolicyError, match=rf"query/{path.name}: missing"):
            load_learned(tmp_path / "policy", policy.store)
        path.write_bytes(content)
    load_learned(tmp_path / "policy", policy.store)
    shutil.rmtree(tmp_path / "policy" / "query")
    with pytest.raises(PolicyError, match=r"query/policy\.json: missing"):
        load_learned(tmp_path / "policy", policy.store)


@pytest.mark.parametrize("entry", [None, 3, {}, {"n": 0}, {"n": 11}, {"n": True}, {"n": "3"}])
def test_an_offer_that_is_none_is_refused(tmp_path: Path, entry: object) -> None:
    policy = offered(fake_policy(), tmp_path / "policy")
    path = tmp_path / "policy" / "policy.json"
    row = json.loads(path.read_text())
    for changed in (row | {"query": entry}, {name: row[name] for name in row if name != "query"}):
        path.write_text(json.dumps(changed))
        with pytest.raises(PolicyError, match=r"policy\.json: field 'query' is missing or wrong"):
            load_learned(tmp_path / "policy", policy.store)  # type: ignore[attr-defined]


def test_another_query_policy_is_refused(tmp_path: Path) -> None:
    policy = offered(fake_policy(), tmp_path / "policy")
    QueryPolicy(tiny_bart(4)).save(tmp_path / "policy" / "query")
    with pytest.raises(PolicyError, match=r"query/policy\.json: its content is not what was saved"):
        load_learned(tmp_path / "policy", policy.store)  # type: ignore[attr-defined]


def test_a_policy_that_lost_its_offer_leaves_no_folder_of_it(tmp_path: Path) -> None:
    policy = offered(fake_policy(), tmp_path / "policy")
    policy.offer = None
    save_policy(policy, tmp_path / "policy")
    assert not (tmp_path / "policy" / "query").exists()
    assert load_learned(tmp_path / "policy", policy.store).offer is None  # type: ignore[attr-defined]


def test_a_query_policy_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: QueryPolicy, folder: Path, about: object = None) -> None:
        (folder / "config.json").write_text("{")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(QueryPolicy, "write", fail)
    with pytest.raises(StorageError, match=r"/policy: cannot be written .*No space left"):
        offered(fake_policy(), tmp_path / "policy")
    assert list(tmp_path.iterdir()) == []
