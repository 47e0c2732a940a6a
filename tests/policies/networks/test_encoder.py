from pathlib import Path

import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel

from shoprl.errors import BackboneError, ConfigError
from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.networks.encoder import TokenStore
from tests.support.fakes import WIDTH, FakeBackbone, fake_store
from tests.support.resuming import padded_store
from tests.support.tiny_bert import tiny_store


def words_of(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    return FakeBackbone().token_states([text], 64)[0]


def test_gather_keeps_the_order_asked_for() -> None:
    store = fake_store()
    texts = ["a red mug", "", "plate", "a red mug", "one two three four"]
    states, ids, counts = store.gather(texts)
    assert counts.tolist() == [3, 0, 1, 3, 4]
    assert states.dtype == torch.float32
    assert states.shape == (11, WIDTH)
    for text, own_states, own_ids in zip(texts, states.split(counts.tolist()), ids.split(counts.tolist()), strict=True):
        expected_states, expected_ids = words_of(text)
        assert torch.equal(own_states, expected_states.float())
        assert torch.equal(own_ids, expected_ids)


def test_each_text_is_encoded_once() -> None:
    backbone = FakeBackbone()
    store = TokenStore(backbone)  # type: ignore[arg-type]
    store.add(["a b", "c", "a b", ""])
    assert backbone.asked == 2
    assert "a b" in store
    assert "d" not in store
    store.gather(["c", "a b", "d"])
    assert backbone.asked == 3


def test_empty_texts_alone() -> None:
    states, ids, counts = fake_store().gather(["", ""])
    assert states.shape == (0, WIDTH)
    assert ids.shape == (0,)
    assert counts.tolist() == [0, 0]


def test_it_grows_past_its_first_size() -> None:
    store = fake_store()
    texts = [" ".join(f"w{i}x{j}" for j in range(60)) for i in range(80)]  # 4,800 tokens of 4,096
    store.add(texts)
    states, ids, counts = store.gather(texts)
    assert counts.tolist() == [60] * 80
    for i in (0, 67, 68, 79):
        expected_states, expected_ids = words_of(texts[i])
        assert torch.equal(ids[60 * i : 60 * i + 60], expected_ids)
        assert torch.equal(states[60 * i : 60 * i + 60], expected_states.float())


def test_long_texts_are_cut() -> None:
    store = TokenStore(FakeBackbone(), max_tokens=5)  # type: ignore[arg-type]
    assert store.gather(["a b c d e f g"])[2].tolist() == [5]


def test_what_grew_while_acting_is_written_to_while_training() -> None:
    store = fake_store()
    with torch.inference_mode():
        store.add(" ".join(f"w{i}x{j}" for j in range(60)) for i in range(80))
    assert torch.equal(store.gather(["a red mug"])[1], words_of("a red mug")[1])


def test_a_store_below_tuned_layers_keeps_the_special_tokens() -> None:
    whole, below = tiny_store(0), tiny_store(1)
    texts = ["running shoes", "", "table lamps in red"]
    _, ids, counts = whole.gather(texts)
    _, more_ids, more = below.gather(texts)
    assert (more - counts).tolist() == [2, 0, 2]
    assert torch.equal(more_ids[1 : 1 + counts[0]], ids[: counts[0]])
    assert (more_ids[0], more_ids[more[0] - 1]) == (2, 3)  # [CLS] and [SEP]


@pytest.mark.parametrize("count", [3, -1])
def test_layers_that_are_not_there_cannot_be_tuned(count: int) -> None:
    with pytest.raises(ConfigError, match=f"tuned_layers {count}: .* has 2 layers"):
        tiny_store(count)


def test_layers_of_another_kind_cannot_be_tuned() -> None:
    distilled = DistilBertModel(DistilBertConfig(vocab_size=8, n_layers=1, dim=8, n_heads=1, hidden_dim=8))
    with pytest.raises(BackboneError, match="distilbert cannot be tuned"):
        TokenStore(Backbone("other", distilled, None, 8, ""), tuned_layers=1)


def test_saved_and_loaded_to_the_bit_and_it_still_grows(tmp_path: Path) -> None:
    store = fake_store()
    store.add(["a red mug", "plate"])
    store.save(tmp_path / "tokens.safetensors")
    again = TokenStore.load(tmp_path / "tokens.safetensors", store.backbone)
    assert "plate" in again
    for mine, other in zip(
        store.gather(["plate", "", "a b", "a red mug"]), again.gather(["plate", "", "a b", "a red mug"]), strict=True
    ):
        assert torch.equal(mine, other)


def test_an_empty_one_saved_and_loaded_grows(tmp_path: Path) -> None:
    store = fake_store()
    store.save(tmp_path / "tokens.safetensors")
    again = TokenStore.load(tmp_path / "tokens.safetensors", store.backbone)
    assert again.gather(["a red mug"])[2].tolist() == [3]


def test_a_damaged_or_foreign_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokens.safetensors"
    store = fake_store()
    store.save(path)
    other = FakeBackbone()
    other.sha256 = "another"
    with pytest.raises(BackboneError, match=r"tokens\.safetensors: of another backbone"):
        TokenStore.load(path, other)  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BackboneError, match=r"tokens\.safetensors: not? token states"):
        TokenStore.load(path, store.backbone)


@pytest.mark.parametrize("row", [(0, 10**9), (-1, 1), (10**9, 0), (0, -1)])
def test_token_states_that_lie_are_refused(tmp_path: Path, row: tuple[int, int]) -> None:
    store, path = fake_store(), tmp_path / "tokens.safetensors"
    store.add(["a red mug"])
    store._kept._rows["mug"] = row
    path.write_bytes(store._kept.to_bytes(store._about()))
    with pytest.raises(BackboneError, match=r"tokens\.safetensors: its parts do not fit together"):
        TokenStore.load(path, store.backbone)


def test_token_states_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    store, path = fake_store(), tmp_path / "tokens.safetensors"
    store.add(["a red mug"])
    store._kept._states[1, 1] = float("nan")
    store.save(path)
    with pytest.raises(BackboneError, match=r"tokens\.safetensors: tensor 'states' holds NaN"):
        TokenStore.load(path, store.backbone)


def test_batches_are_repeated_to_the_bit() -> None:
    first, second = padded_store(), padded_store()
    first.add(["a b c", "d"])
    first.add(["e f", "a b c", "g"])
    assert first.batches == [("d", "a b c"), ("g", "e f")]
    second.add(["d", "e f g h"])  # in another batch, which is replaced
    second.repeat(first.batches)
    texts = ["a b c", "d", "e f", "g"]
    assert torch.equal(second.gather(texts)[0], first.gather(texts)[0])
    assert [second.count(text) for text in texts] == [3, 1, 2, 1]
    second.add(texts)
    assert second.batches == [("d", "e f g h"), *first.batches]


def test_a_store_with_replaced_texts_is_loaded_and_grows(tmp_path: Path) -> None:
    store = fake_store()
    store.add(["a b c", "d"])
    store.repeat([["a b c"]])
    store.save(tmp_path / "tokens")
    again = TokenStore.load(tmp_path / "tokens", store.backbone)
    again.add(["e f"])
    texts = ["a b c", "d", "e f"]
    assert torch.equal(again.gather(texts)[0], store.gather(texts)[0])
