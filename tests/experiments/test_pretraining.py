from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.experiments.pretraining import FIRST, SIZES, PretrainConfig, goals_of, pretrain, shops_for
from shoprl.shop.generated import generated_data
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from tests.support.fakerun import use_fake_backbone

TINY = SIZES["tiny"]


@pytest.fixture(scope="module")
def made() -> tuple[ManyShops, list[list[ShopGoal]]]:
    return shops_for(TINY)


def test_shops_differ_and_come_from_the_seed(made: tuple[ManyShops, list[list[ShopGoal]]]) -> None:
    task, goals = made
    hashes = [shop.catalog.content_hash for shop in task.shops]
    assert len(set(hashes)) == TINY.catalogues == len(task.shops)
    again, same = shops_for(TINY)
    assert [shop.catalog.content_hash for shop in again.shops] == hashes
    assert same == goals
    other, others = shops_for(TINY.seeded(1))
    assert not set(hashes) & {shop.catalog.content_hash for shop in other.shops}
    assert others != goals


def test_every_round_has_goals_of_every_shop(made: tuple[ManyShops, list[list[ShopGoal]]]) -> None:
    task, goals = made
    assert len(goals) == len(TINY.rounds) + 1
    assert goals[0] != goals[1]
    assert len(shops_for(replace(TINY, reinforcement=None))[1]) == len(TINY.rounds)
    for own, count in zip(goals, (*[TINY.goals] * len(TINY.rounds), TINY.rewarded), strict=True):
        assert Counter(goal.shop for goal in own) == dict.fromkeys(range(TINY.catalogues), count)
        assert all(goal.goal.asin in task.shops[goal.shop].catalog for goal in own)


def test_a_share_is_of_products_out_of_reach() -> None:
    data = generated_data(80, 0)
    rng = np.random.default_rng(0)
    goals = goals_of([data.shop], [data.goals], 100, 0.3, rng)
    assert 0.15 < sum(goal.gone for goal in goals) / len(goals) < 0.45
    assert not any(goal.gone for goal in goals_of([data.shop], [data.goals], 20, 0.0, rng))
    people = {goal.instruction for goal in data.goals}
    assert sum(goal.goal.instruction in people for goal in goals) >= 50  # and the others in WebShop's wording


def test_catalogues_have_seeds_that_nobody_generates() -> None:
    seeds = [FIRST + seed * 1_000 + number for seed in range(5) for number in range(PretrainConfig().catalogues)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) == 10**6


def test_one_seed_gives_one_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_backbone(monkeypatch)
    first, second = (pretrain(tmp_path / name, TINY) for name in ("first", "second"))
    assert (first.policy.name, first.examples, first.log) == ("pretrained", second.examples, second.log)
    weights, others = first.policy.model.state_dict(), second.policy.model.state_dict()
    assert all(torch.equal(weight, others[name]) for name, weight in weights.items())
    third = pretrain(tmp_path / "third", replace(TINY, gone=0.9))
    assert any(not torch.equal(weight, weights[name]) for name, weight in third.policy.model.state_dict().items())
