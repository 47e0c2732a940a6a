import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import TrajectoryError
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.training.lists import (
    ListConfig,
    ListLearner,
    ShownList,
    chances,
    fit_logits,
    list_loss,
    order_weight,
    scale_of,
    swapped,
    train_lists,
    usable,
)
from shoprl.training.loop import weights_digest
from tests.support.lists import TEMPERATURE, red_lists
from tests.support.matching import match_policy

QUICK = ListConfig(updates=80, batch_size=16, warmup=5, checkpoint_every=60, log_every=20, keep=0.01)
LEARNERS: tuple[ListLearner, ...] = ("dpo", "imitation", "policy-gradient")


def red_first(policy: MatchPolicy) -> float:
    """Share of lists on other requests whose best product is red, of those with a red one."""
    held = red_lists(match_policy(), 60, seed=99)
    policy.prepare([each.states[0] for each in held])
    firsts = []
    for each, logits in zip(held, fit_logits(policy, held), strict=True):
        red = [each.states[0].texts[row].startswith("red") for _, row in filter(None, each.rows)]
        if any(red):
            firsts.append(red[int(np.argmax(logits))])
    return sum(firsts) / len(firsts)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_taste_is_learned_on_other_requests(learner: ListLearner, tmp_path: Path) -> None:
    policy = match_policy()
    data, before = red_lists(policy, 80), red_first(policy)
    log = train_lists(policy, data, replace(QUICK, learner=learner), tmp_path)
    assert before < 0.6
    assert red_first(policy) > 0.85
    assert log[-1]["accuracy"] > log[0]["accuracy"] or log[0]["accuracy"] > 0.9
    assert all(weight.requires_grad for weight in policy.model.parameters())


def test_the_control_learns_none(tmp_path: Path) -> None:
    policy = match_policy()
    before = red_first(policy)
    train_lists(policy, swapped(red_lists(policy, 80), np.random.default_rng(1)), QUICK, tmp_path)
    assert abs(red_first(policy) - before) < 0.25


def test_only_fits_change(tmp_path: Path) -> None:
    policy, data = match_policy(), red_lists(match_policy(), 20)
    states = [each.states[0] for each in data]
    before = policy.logits(states).detach()
    old = fit_logits(policy, data)
    train_lists(policy, data, replace(QUICK, updates=20), tmp_path)
    assert torch.equal(policy.logits(states).detach(), before)
    assert not np.allclose(np.concatenate(fit_logits(policy, data)), np.concatenate(old))


def test_training_twice_gives_equal_weights(tmp_path: Path) -> None:
    digests, data = set(), red_lists(match_policy(), 20)
    for name in ("one", "two"):
        policy = match_policy()
        train_lists(policy, data, replace(QUICK, updates=10), tmp_path / name)
        digests.add(weights_digest(policy.model))
    assert len(digests) == 1


def test_what_a_trained_policy_learned_is_kept_by_the_next_training(tmp_path: Path) -> None:
    policy = match_policy()
    train_lists(policy, red_lists(policy, 60), QUICK, tmp_path / "one")
    first = red_first(policy)
    train_lists(policy, red_lists(match_policy(), 60, seed=5), replace(QUICK, updates=40), tmp_path / "two")
    assert red_first(policy) >= first - 0.1


def one_list(**changes: object) -> ShownList:
    return replace(red_lists(match_policy(), 1)[0], **changes)  # type: ignore[arg-type]


def test_dpo_by_hand() -> None:
    each = one_list(pairs=((1, 0), (2, 0)), weights=(1.0, 0.5), temperature=0.5)
    fits, reference = torch.tensor([0.5, 0.7, 0.1, 0.1]), torch.tensor([0.5, 0.5, 0.3, 0.1])
    config = replace(QUICK, beta=2.0, temperature=0.5)
    wanted = -math.log(1 / (1 + math.exp(-2 * 0.2 / 0.5))) - 0.5 * math.log(1 / (1 + math.exp(2 * 0.2 / 0.5)))
    assert float(list_loss(each, fits, reference, config)) == pytest.approx(wanted, rel=1e-5)


def test_imitation_by_hand() -> None:
    seen = np.array([True, True, False, True])
    each = one_list(pairs=((1, 0),), weights=(1.0,), seen=seen, rest=np.array([0.0, 0.1, 9.0, 0.0]), temperature=0.5)
    fits = torch.tensor([0.2, 0.3, 0.9, 0.2])
    wanted = math.log(1 + 2 * math.exp((0.2 - 0.4) / 0.5))
    assert float(list_loss(each, fits, fits, replace(QUICK, learner="imitation", temperature=0.5))) == pytest.approx(
        wanted, rel=1e-5
    )


def test_policy_gradient_by_hand() -> None:
    shares = np.array([0.4, 0.3, 0.2])  # of all; the rest is not listed
    given = shares / (1 - np.array([0.0, 0.4, 0.7]))
    fits = np.array([0.2, 0.3, 0.1])
    rest, others = scale_of(given, fits, 0.5)
    each = one_list(
        rows=((0, 0), (0, 1), (0, 2)),
        fits=fits,
        rest=rest,
        others=others,
        propensities=given,
        temperature=0.5,
        seen=np.array([True, True, False]),
        rewards=np.array([0.0, 1.0, 0.0]),
    )
    same = torch.tensor(fits, dtype=torch.float32)
    assert others == pytest.approx(0.1)
    assert chances(each, same, 1.0).tolist() == pytest.approx(given.tolist(), rel=1e-5)
    config = replace(QUICK, learner="policy-gradient", most_weight=1.2)
    wanted = -(-0.5 * math.log(given[0]) + 0.5 * math.log(given[1])) / 2
    assert float(list_loss(each, same, same, config)) == pytest.approx(wanted, rel=1e-4)
    raised = same + torch.tensor([0.0, 0.5, 0.0])  # the second is more likely now, and counts 1.2 times at most
    first, second = chances(each, raised, 1.0).tolist()[:2]
    wanted = -(-0.5 * math.log(first) * first / given[0] + 0.5 * 1.2 * math.log(second)) / 2
    assert second / given[1] > 1.2
    assert float(list_loss(each, raised, same, config)) == pytest.approx(wanted, rel=1e-4)


def test_both_orders_of_two_items_count_the_same() -> None:
    odds = math.exp(0.3 / TEMPERATURE)
    often, seldom = odds / (1 + odds), 1 / (1 + odds)
    assert often * order_weight(0.5, 0.2, TEMPERATURE) == pytest.approx(seldom * order_weight(0.2, 0.5, TEMPERATURE))
    assert order_weight(1e9, 0.0, 1e-9) < 1e-20


def test_an_item_that_no_state_shows_keeps_its_fit(tmp_path: Path) -> None:
    policy, data = match_policy(), red_lists(match_policy(), 8)
    data = [replace(each, rows=(None, *each.rows[1:])) for each in data]
    train_lists(policy, data, replace(QUICK, updates=5), tmp_path)
    for each, own in zip(data, fit_logits(policy, data), strict=True):
        assert 1 / (1 + math.exp(-own[0])) == pytest.approx(each.fits[0], abs=1e-6)


def test_lists_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    ranked = red_lists(match_policy(), 10, temperature=None)
    assert usable(ranked, "policy-gradient") == []
    assert all(each.pairs for each in usable(ranked, "dpo"))
    with pytest.raises(TrajectoryError, match="nobody preferred anything"):
        train_lists(match_policy(), [one_list(pairs=(), weights=())], QUICK, tmp_path)
