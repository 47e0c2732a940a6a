from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.bench.recommend import REQUESTS, bench_recommend, requests_of
from shoprl.errors import ConfigError, ShopRLError
from shoprl.policies.simple import RulePolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask


def test_recommendations_are_timed(toy: ShopData, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.bench.recommend.FRESH", 1)
    command = ["--data", str(toy_folder), "--policy", "rule", "--runs", "1", "--json"]
    figures = bench_recommend(RulePolicy(), ShopTask(toy.shop), REQUESTS[:4], 1, command)
    assert (figures.requests, figures.runs, figures.products) == (2, 1, 12)
    assert 0 < figures.median_ms <= figures.p95_ms
    assert figures.first_answer_seconds > 0
    assert 20 < figures.first_answer_peak_mb < 2_000
    with pytest.raises(ConfigError, match="two requests"):
        bench_recommend(RulePolicy(), ShopTask(toy.shop), REQUESTS[:1], 1, command)


def test_a_process_that_fails_is_named(toy: ShopData) -> None:
    with pytest.raises(ShopRLError, match="code 2"):
        bench_recommend(RulePolicy(), ShopTask(toy.shop), REQUESTS[:2], 1, ["--data", "/nowhere", "--policy", "rule"])


def test_requests_are_different_instructions_of_eval_goals(toy: ShopData) -> None:
    split = replace(toy.split, eval=(1, 2, 3), train=(0,), test=())
    drawn = requests_of(replace(toy, split=split), 2, np.random.default_rng(0))
    assert len(set(drawn)) == 2
    assert set(drawn) <= {toy.goals[place].instruction for place in (1, 2, 3)}
    many = requests_of(replace(toy, split=replace(split, eval=())), 9, np.random.default_rng(0))
    assert len(many) == len(set(many)) <= 9
    assert requests_of(replace(toy, goals=[], split=replace(split, eval=())), 3, np.random.default_rng(0)) == list(
        REQUESTS[:3]
    )
