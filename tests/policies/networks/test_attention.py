import math

import pytest
import torch

from shoprl.policies.networks.attention import BiAttention, members, span_means

OF_TOKEN, OF_MEMORY, SCALE = [0.5, -1.0], [1.0, 0.25], [2.0, 0.5]
SPANS = [[[1.0, 0.0], [0.0, 2.0]], [[1.0, 1.0]]]
MEMORY = [[1.0, 2.0], [3.0, 0.0]]
JUNK = [1e3, -1e3]


def layer() -> BiAttention:
    attention = BiAttention(2)
    with torch.no_grad():
        attention.of_token.weight.copy_(torch.tensor([OF_TOKEN]))
        attention.of_memory.weight.copy_(torch.tensor([OF_MEMORY]))
        attention.scale.copy_(torch.tensor(SCALE))
    return attention


def softmax(values: list[float]) -> list[float]:
    exps = [math.exp(value) for value in values]
    return [each / sum(exps) for each in exps]


def mean(weights: list[float], rows: list[list[float]]) -> list[float]:
    return [sum(w * row[i] for w, row in zip(weights, rows, strict=True)) for i in range(2)]


def by_hand(span: list[list[float]]) -> list[list[float]]:
    match = [
        [sum(OF_TOKEN[i] * t[i] + OF_MEMORY[i] * m[i] + t[i] * SCALE[i] * m[i] for i in range(2)) for m in MEMORY]
        for t in span
    ]
    summary = mean(softmax([max(row) for row in match]), span)
    rows = []
    for token, row in zip(span, match, strict=True):
        found = mean(softmax(row), MEMORY)
        rows.append(
            [*token, *found, *(t * f for t, f in zip(token, found, strict=True))]
            + [s * f for s, f in zip(summary, found, strict=True)]
        )
    return rows


def test_attention_by_hand() -> None:
    tokens = torch.tensor([[*SPANS[0], *SPANS[1]]])
    out = layer()(tokens, torch.tensor([[0, 0, 1]]), torch.tensor([MEMORY]), torch.ones(1, 2, dtype=torch.bool), 2)
    assert out.shape == (1, 3, 8)
    expected = torch.tensor([by_hand(SPANS[0]) + by_hand(SPANS[1])])
    torch.testing.assert_close(out, expected)
    # The first token by numbers alone: its matches are 0.5 + 1.5 + 2 = 4 and 0.5 + 3 + 6 = 9.5.
    near = 1 / (1 + math.exp(5.5))
    assert out[0, 0, 2].item() == pytest.approx(near * 1 + (1 - near) * 3, abs=1e-5)


def test_padding_weighs_nothing() -> None:
    attention = layer()
    alone = attention(
        torch.tensor([SPANS[0]]), torch.tensor([[0, 0]]), torch.tensor([MEMORY]), torch.ones(1, 2).bool(), 1
    )
    tokens, owner = torch.tensor([[*SPANS[0], JUNK, JUNK]]), torch.tensor([[0, 0, -1, -1]])
    real = torch.tensor([[True, True, False]])
    padded = attention(tokens, owner, torch.tensor([[*MEMORY, JUNK]]), real, 3)
    torch.testing.assert_close(padded[:, :2], alone)
    means = span_means(tokens, owner, 3)
    torch.testing.assert_close(means, torch.tensor([[[0.5, 1.0], [0.0, 0.0], [0.0, 0.0]]]))
    assert members(owner, 2).tolist() == [[[True, True, False, False], [False] * 4]]


def test_fresh_scales_are_the_originals() -> None:
    scale = BiAttention(400).scale
    assert 0.05 <= scale.min() < 0.2
    assert 0.9 < scale.max() <= 1.0
