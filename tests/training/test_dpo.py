import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import ConfigError, RunError, TrajectoryError
from shoprl.policies.networks.choice import ChoicePolicy, collate
from shoprl.shop.data import ShopData
from shoprl.tasks.base import Observation
from shoprl.training.dpo import (
    DPOConfig,
    log_probabilities,
    preference_loss,
    preference_pairs,
    reference_log_probabilities,
    train_dpo,
)
from shoprl.trajectories.examples import Example
from tests.support.fakes import fake_policy
from tests.support.training import expert_examples, same

CONFIG = DPOConfig(updates=6, batch_size=4, learning_rate=1e-3, warmup=2, checkpoint_every=2, log_every=1)


@pytest.fixture
def data(toy: ShopData) -> list[Example]:
    return expert_examples(toy, 12)


def copy_of(policy: ChoicePolicy) -> ChoicePolicy:
    return ChoicePolicy(copy.deepcopy(policy.model), policy.store, policy.strategy, policy.name)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_loss_and_gradients_by_hand() -> None:
    chosen = torch.tensor([-1.0, -0.2, -3.0], dtype=torch.float64, requires_grad=True)
    rejected = torch.tensor([-2.0, -0.2, -0.5], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([0.4, 0.0, -1.0], dtype=torch.float64)
    beta = 0.3
    margins = [beta * (1.0 - 0.4), 0.0, beta * (-2.5 + 1.0)]
    loss = preference_loss(chosen, rejected, reference, DPOConfig(beta=beta))
    assert loss.tolist() == pytest.approx([-math.log(sigmoid(m)) for m in margins])
    assert loss[1].item() == pytest.approx(math.log(2))
    loss.sum().backward()
    assert chosen.grad is not None
    assert rejected.grad is not None
    expected = [-beta * sigmoid(-m) for m in margins]  # equation 7's gradient
    assert chosen.grad.tolist() == pytest.approx(expected)
    assert rejected.grad.tolist() == pytest.approx([-g for g in expected])


@pytest.mark.parametrize("change", [{"beta": 0.0}, {"beta": -1.0}, {"draws": 0}, {"imitation_weight": -0.1}])
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **change)  # type: ignore[arg-type]


def test_log_probabilities_are_those_of_each_alone(data: list[Example]) -> None:
    policy = fake_policy()
    policy.model.train()  # it must look at them without dropout all the same
    found = log_probabilities(policy, data)
    assert [len(row) for row in found] == [len(example.state.texts) for example in data]
    with torch.inference_mode():
        for row, example in zip(found[:20], data[:20], strict=True):
            assert np.exp(row).sum() == pytest.approx(1.0)
            alone = torch.log_softmax(policy.model(collate([example.state], policy.store)).double(), dim=-1)[0]
            assert row == pytest.approx(alone.numpy(), abs=1e-4)


def test_pairs_are_drawn_from_the_reference(data: list[Example]) -> None:
    policy = fake_policy()
    pairs, skipped = preference_pairs(policy, data, CONFIG, np.random.default_rng(0))
    assert len(pairs) + skipped == len(data)
    logs = {id(example): row for example, row in zip(data, log_probabilities(policy, data), strict=True)}
    for pair in pairs:
        assert pair.rejected != pair.example.chosen
        assert 0 <= pair.rejected < len(pair.example.state.texts)
        row = logs[id(pair.example)]
        assert (pair.reference_chosen, pair.reference_rejected) == (row[pair.example.chosen], row[pair.rejected])
    assert (pairs, skipped) == preference_pairs(policy, data, CONFIG, np.random.default_rng(0))
    other, _ = preference_pairs(policy, data, CONFIG, np.random.default_rng(1))
    assert [pair.rejected for pair in other] != [pair.rejected for pair in pairs]


def test_rejected_actions_come_as_often_as_the_reference_takes_them(data: list[Example]) -> None:
    policy = fake_policy()
    example = max(data, key=lambda each: len(each.state.texts))
    probabilities = np.exp(log_probabilities(policy, [example])[0])
    pairs, _ = preference_pairs(policy, [example] * 800, CONFIG, np.random.default_rng(0))
    drawn = np.bincount([pair.rejected for pair in pairs], minlength=len(probabilities)) / len(pairs)
    probabilities[example.chosen] = 0.0
    assert drawn == pytest.approx(probabilities / probabilities.sum(), abs=0.07)


def test_a_temperature_changes_what_is_drawn_and_not_the_reference(data: list[Example]) -> None:
    policy = fake_policy()
    example = max(data, key=lambda each: len(each.state.texts))
    logs = log_probabilities(policy, [example])[0]
    policy.temperature = 0.25
    pairs, _ = preference_pairs(policy, [example] * 800, CONFIG, np.random.default_rng(0))
    drawn = np.bincount([pair.rejected for pair in pairs], minlength=len(logs)) / len(pairs)
    sharp = np.exp(4 * logs)
    sharp[example.chosen] = 0.0
    assert drawn == pytest.approx(sharp / sharp.sum(), abs=0.07)
    assert [pair.reference_rejected for pair in pairs] == pytest.approx([logs[pair.rejected] for pair in pairs])


def sure(policy: ChoicePolicy, monkeypatch: pytest.MonkeyPatch, data: list[Example], certain: int) -> None:
    """Make the reference certain of the chosen action of the first so many examples."""

    def fixed(_: ChoicePolicy, shown: list[Example]) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
        rows = []
        for i, example in enumerate(shown):
            count = len(example.state.texts)
            p = np.full(count, 1e-300 if i < certain else 1 / count)
            p[example.chosen] = max(p[example.chosen], 1 - p.sum() + p[example.chosen])
            rows.append(np.log(p))
        return rows

    monkeypatch.setattr("shoprl.training.dpo.log_probabilities", fixed)


def test_certain_decisions_are_skipped_and_counted(data: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fake_policy()
    sure(policy, monkeypatch, data, 5)
    pairs, skipped = preference_pairs(policy, data, CONFIG, np.random.default_rng(0))
    assert skipped == 5
    assert [pair.example for pair in pairs] == data[5:]
    sure(policy, monkeypatch, data, len(data))
    with pytest.raises(TrajectoryError, match="nothing to prefer"):
        preference_pairs(policy, data, CONFIG, np.random.default_rng(0))


def test_it_learns_to_prefer(data: list[Example], tmp_path: Path) -> None:
    reference = fake_policy(dropout=0.0)
    pairs, _ = preference_pairs(reference, data, CONFIG, np.random.default_rng(0))
    policy = copy_of(reference)
    config = replace(CONFIG, updates=60, batch_size=8, learning_rate=3e-3, checkpoint_every=60)
    rows = train_dpo(policy, pairs, config, tmp_path)
    assert rows[0]["margin"] == pytest.approx(0.0, abs=1e-3)  # the policy starts as the reference
    assert rows[0]["loss"] > math.log(2)  # of DPO, and the imitation's part
    assert rows[-1]["margin"] > 0.2
    assert rows[-1]["accuracy"] > 0.85
    before, after = log_probabilities(reference, data), log_probabilities(policy, data)
    gained = [
        (new[pair.example.chosen] - new[pair.rejected]) - (old[pair.example.chosen] - old[pair.rejected])
        for pair, old, new in zip(pairs, before, after, strict=False)
        if len(pairs) == len(data)
    ]
    assert not gained or np.mean(gained) > 0.5
    untouched, _ = preference_pairs(reference, data, CONFIG, np.random.default_rng(0))
    assert untouched == pairs  # training the copy left the reference as it was


def test_one_seed_one_result_and_resumable(
    data: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shoprl.training import loop

    reference = fake_policy()
    pairs, _ = preference_pairs(reference, data, CONFIG, np.random.default_rng(0))
    before = torch.get_rng_state()
    first, second = copy_of(reference), copy_of(reference)
    train_dpo(first, pairs, CONFIG, tmp_path / "a")
    train_dpo(second, pairs, CONFIG, tmp_path / "b")
    assert same(first, second)
    batch_of = loop.batch_of

    def interrupted(update: int, size: int, count: int, seed: int) -> torch.Tensor:
        if update == 5:
            raise KeyboardInterrupt
        return batch_of(update, size, count, seed)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "batch_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_dpo(copy_of(reference), pairs, CONFIG, tmp_path / "cut")
    resumed = copy_of(reference)
    train_dpo(resumed, pairs, CONFIG, tmp_path / "cut")
    assert same(resumed, first)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(RunError, match="other settings"):
        train_dpo(copy_of(reference), pairs, replace(CONFIG, beta=0.5), tmp_path / "cut")
    flipped = [replace(pairs[0], reference_chosen=pairs[0].reference_chosen - 1), *pairs[1:]]
    with pytest.raises(RunError, match="other settings"):
        train_dpo(copy_of(reference), flipped, CONFIG, tmp_path / "cut")


def test_log_probabilities_are_kept_on_disk(
    data: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = fake_policy()
    live = log_probabilities(policy, data)
    first = reference_log_probabilities(policy, data, tmp_path)
    monkeypatch.setattr("shoprl.training.dpo.log_probabilities", None)  # from here on they are read
    again = reference_log_probabilities(policy, data, tmp_path)
    for rows in (first, again):
        assert all(np.array_equal(a, b) for a, b in zip(rows, live, strict=True))
    with pytest.raises(TypeError):  # other weights, other examples: none are kept of those
        reference_log_probabilities(fake_policy(1), data, tmp_path)
    with pytest.raises(TypeError):
        reference_log_probabilities(policy, data[1:], tmp_path)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (DPOConfig(beta=0.5, label_smoothing=0.1), -0.9 * math.log(sigmoid(0.3)) - 0.1 * math.log(sigmoid(-0.3))),
        (DPOConfig(beta=0.5, variant="ipo"), (0.6 - 1.0) ** 2),
        (DPOConfig(beta=0.5, variant="simpo", target_margin=0.2), -math.log(sigmoid(0.5 * 1.0 - 0.2))),
    ],
)
def test_variants_by_hand(config: DPOConfig, expected: float) -> None:
    chosen, rejected, reference = (torch.tensor([x], dtype=torch.float64) for x in (-1.0, -2.0, 0.4))
    assert preference_loss(chosen, rejected, reference, config).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    "change", [{"variant": "kto"}, {"label_smoothing": 0.5}, {"variant": "ipo", "label_smoothing": 0.1}]
)
def test_variants_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(CONFIG, **change)  # type: ignore[arg-type]


def test_an_update_may_take_whole_episodes(
    data: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = fake_policy()
    pairs, _ = preference_pairs(policy, data, CONFIG, np.random.default_rng(0))
    episodes = {pair.example.episode for pair in pairs}
    of_state = {id(pair.example.state): pair.example.episode for pair in pairs}
    batches: list[list[int]] = []
    logits = policy.logits

    def seen(states: Sequence[Observation]) -> torch.Tensor:
        batches.append([id(state) for state in states])
        return logits(states)

    monkeypatch.setattr(policy, "logits", seen)
    config = replace(CONFIG, by_episode=True, batch_size=1, updates=len(episodes), checkpoint_every=1)
    assert len(train_dpo(policy, pairs, config, tmp_path)) == len(episodes)
    assert all(len({of_state[state] for state in batch}) == 1 for batch in batches)
    assert sorted(state for batch in batches for state in batch) == sorted(of_state)  # every pair once
