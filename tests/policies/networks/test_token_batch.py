from collections.abc import Sequence

import numpy as np
import pytest
import torch

from shoprl.policies.networks.token_batch import (
    PASS,
    action_texts,
    candidate_mask,
    candidates_of,
    cut_candidates,
    pack,
    plain,
)
from shoprl.tasks.base import Observation
from shoprl.tasks.shop.features import COUNT
from tests.support.tiny_bert import toy_states


def encoded(count: int) -> Observation:
    features = np.zeros((count, COUNT), dtype=np.float32)
    features[:, -1] = np.arange(count)
    names = tuple(f"value {i}" for i in range(count))
    actions = tuple(f"click[{name}]" for name in names)
    return Observation("a wish", names, features, "a page", actions, ("option",) * count)


def letters(texts: Sequence[str]) -> list[list[int]]:
    return [[ord(letter) for letter in text] for text in texts]


def test_plain_texts() -> None:
    assert plain('  Men\'s "Big" Mug [SEP] 5" \n') == "mens big mug [SEP] 5"


def test_products_are_called_by_their_titles() -> None:
    results = next(state for state in toy_states() if candidates_of(state, "product"))
    texts = action_texts(results)
    for i, (text, action) in enumerate(zip(texts, results.actions, strict=True)):
        if i in candidates_of(results, "product"):
            assert text == plain(f"click[item - {results.texts[i]}]")
            assert action[6:-1] not in text
        else:
            assert text == action
    item = next(state for state in toy_states() if candidates_of(state, "buy"))
    assert action_texts(item)[candidates_of(item, "buy")[0]] == "click[buy now]"


@pytest.mark.parametrize("count", [1, 6, 20])
def test_short_lists_are_left_alone(count: int) -> None:
    state = encoded(count)
    assert cut_candidates(state, count - 1, np.random.default_rng(0)) == (state, count - 1)


@pytest.mark.parametrize("count", [21, 22, 60])
@pytest.mark.parametrize("chosen", [0, 5, 6, 20])
def test_long_lists_are_cut_to_six_and_ten(count: int, chosen: int) -> None:
    state, seen, sizes = encoded(count), set[int](), set[int]()
    for seed in range(40):
        fewer, index = cut_candidates(state, chosen, np.random.default_rng(seed))
        kept = [int(number) for number in fewer.features[:, -1]]
        assert kept == sorted(set(kept))
        assert kept[:6] == list(range(6))
        assert kept[index] == chosen
        assert fewer.texts == tuple(state.texts[i] for i in kept)
        assert fewer.actions == tuple(state.actions[i] for i in kept)
        assert (fewer.page, fewer.request) == (state.page, state.request)
        seen |= set(kept)
        sizes.add(len(kept))
    assert seen == set(range(count))
    assert sizes <= ({16} if chosen < 6 else {16, 17})
    assert 16 in sizes


def test_the_draw_is_of_the_generator() -> None:
    state = encoded(60)
    first, second, other = (cut_candidates(state, 30, np.random.default_rng(seed))[0].texts for seed in (1, 1, 2))
    assert first == second != other


def test_a_text_is_tokenized_once() -> None:
    asked: list[str] = []

    def noting(texts: Sequence[str]) -> list[list[int]]:
        asked.extend(texts)
        return letters(texts)

    tokens = pack([["ab", "c"], ["c", "ab", "ab"]], noting)
    assert sorted(asked) == ["ab", "c"]
    assert sum(len(ids) for ids, _ in tokens.passes) == 2
    flat = torch.cat([ids.flatten() for ids, _ in tokens.passes])
    spelled = [
        [chr(i) for i in flat[place[owner >= 0]]] for place, owner in zip(tokens.place, tokens.owner, strict=True)
    ]
    assert spelled == [list("abc"), list("cabab")]
    assert tokens.owner.tolist() == [[0, 0, 1, -1, -1], [0, 1, 1, 2, 2]]


def test_states_are_put_in_their_places() -> None:
    tokens = pack([["abc", "d"], ["e" * 9]], letters)
    states = tokens.states(lambda ids, lengths: torch.stack([ids, ids * 0 + lengths[:, None]], dim=-1))
    assert states.shape == (2, 9, 2)
    assert states[0, :4].tolist() == [[ord("a"), 3], [ord("b"), 3], [ord("c"), 3], [ord("d"), 1]]
    assert states[1, :, 0].tolist() == [ord("e")] * 9


def test_texts_of_similar_length_go_together() -> None:
    rng = np.random.default_rng(0)
    texts = [chr(97 + i % 26) * int(n) + str(i) for i, n in enumerate(rng.integers(1, 400, size=300))]
    tokens = pack([texts], letters)
    for ids, lengths in tokens.passes:
        assert ids.numel() <= PASS
        assert int(lengths.max()) == ids.shape[1] <= 2 * int(lengths.min())
    padding = sum(ids.numel() - int(lengths.sum()) for ids, lengths in tokens.passes)
    assert padding < 0.5 * sum(map(len, texts))
    assert len(pack([texts], letters, float("inf")).passes) < len(tokens.passes)


def test_masks() -> None:
    assert candidate_mask([encoded(1), encoded(3)]).tolist() == [[True, False, False], [True, True, True]]
