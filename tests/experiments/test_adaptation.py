from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shoprl.catalog.catalog import Catalog
from shoprl.errors import GoalError, PolicyError
from shoprl.experiments.adaptation import SIZES, adapt, own_goals, practice_in
from shoprl.policies.saving import load_learned
from shoprl.shop.data import ShopData
from shoprl.shop.session import Shop
from tests.support.fakerun import use_fake_backbone
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy

TINY = SIZES["tiny"]


def test_half_of_the_practice_is_in_a_noisy_copy_and_others_are_mixed_in(toy: ShopData) -> None:
    task, (goals,) = practice_in(toy.shop, replace(TINY, mixed_in=2))
    assert len(task.shops) == 4
    assert task.shops[0] is toy.shop
    noisy = task.shops[1]
    assert set(noisy.catalog.asins()) == set(toy.catalog.asins())
    assert all(noisy.catalog[own.asin].title != own.title for own in toy.catalog)
    title = noisy.catalog["B0SHOE0001"].title
    assert "B0SHOE0001" in {product.asin for product in noisy.find(title.lower().split())}
    counts = [sum(goal.shop == number for goal in goals) for number in range(4)]
    assert abs(counts[0] - counts[1]) <= 1
    assert counts[2:] == [TINY.mixed_goals, TINY.mixed_goals]
    assert all(goal.goal.asin in task.shops[goal.shop].catalog for goal in goals)


def test_every_product_that_can_be_asked_for_is(toy: ShopData) -> None:
    _, (goals,) = practice_in(toy.shop, replace(TINY, goals=200, mixed_in=0))
    assert {goal.goal.asin for goal in goals} == set(toy.catalog.asins())
    assert {goal.shop for goal in goals} == {0, 1}


def test_practice_comes_from_the_seed(toy: ShopData) -> None:
    config = replace(TINY, mixed_in=0, gone=0.5)
    first, second, other = (practice_in(toy.shop, each) for each in (config, config, config.seeded(1)))
    assert first[1] == second[1] != other[1]
    hashes = [each[0].shops[1].catalog.content_hash for each in (first, second, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert {goal.gone for goal in first[1][0]} == {False, True}


def test_training_goals_are_practised_in_every_round(toy: ShopData) -> None:
    config = replace(TINY, own=6, mixed_in=0, rounds=TINY.rounds * 2)
    own = own_goals(toy, config)
    train = {toy.goals[index].asin for index in toy.split.train}
    assert len(own) == 2 * len(toy.split.train)
    assert {goal.asin for goal in own} == train
    assert not {toy.goals[index].instruction for index in toy.split.test} & {goal.instruction for goal in own}
    _, rounds = practice_in(toy.shop, config, own)
    told = {goal.instruction for goal in own}
    assert [sum(each.goal.instruction in told and each.shop == 0 for each in goals) >= 6 for goals in rounds] == [
        True
    ] * 2
    assert rounds[0] != rounds[1]
    assert own_goals(toy, TINY) == []
    with pytest.raises(GoalError, match="no training goal"):
        own_goals(replace(toy, split=replace(toy.split, train=())), config)


def test_an_adapted_agent_is_as_patient_as_before(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_backbone(monkeypatch)
    start = match_policy()
    start.model.config = replace(start.model.config, patience=0.7)
    made = adapt(tmp_path / "new", toy.shop, start, TINY)
    assert made.policy.model.config.patience == 0.7
    kept = load_learned(tmp_path / "new" / "policies" / "round-1")
    assert kept.model.config.patience == 0.0  # as it learned without


def test_adapting_twice_gives_one_agent(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_backbone(monkeypatch)
    first, second = (adapt(tmp_path / name, toy.shop, match_policy(), TINY) for name in ("first", "second"))
    weights, others = first.policy.model.state_dict(), second.policy.model.state_dict()
    assert all(torch.equal(weight, others[name]) for name, weight in weights.items())
    before = match_policy().model.state_dict()
    assert any(not torch.equal(weight, before[name]) for name, weight in weights.items())
    assert torch.equal(weights["rotation"], before["rotation"])
    assert first.policy.name == "match-adapted"
    assert first.log[-1]["fit_loss"] > 0


def test_weights_of_the_start_are_kept_in_part(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_backbone(monkeypatch)
    made = {
        kept: adapt(tmp_path / str(kept), toy.shop, match_policy(), replace(TINY, kept=kept)).policy.model.state_dict()
        for kept in (0.0, 0.25, 1.0)
    }
    before = match_policy().model.state_dict()
    for name, weight in made[0.25].items():
        assert torch.equal(made[1.0][name], before[name])
        torch.testing.assert_close(weight, 0.75 * made[0.0][name] + 0.25 * before[name])


def test_a_shop_without_anything_to_ask_for_is_named(toy: ShopData, tmp_path: Path) -> None:
    bare = Catalog([replace(product, attributes=()) for product in toy.catalog])
    with pytest.raises(GoalError, match="attribute"):
        adapt(tmp_path / "new", Shop(bare, toy.shop.search, toy.shop.tagger), match_policy(), TINY)
    assert not (tmp_path / "new").exists()


def test_a_policy_that_cannot_judge_is_refused(toy: ShopData, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot judge"):
        adapt(tmp_path / "new", toy.shop, fake_policy(), TINY)
    assert not (tmp_path / "new").exists()
