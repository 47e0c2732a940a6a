import torch

from shoprl.policies.encoder import TokenStore
from tests.policies.fakes import WIDTH, FakeBackbone, fake_store


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
