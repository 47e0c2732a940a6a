"""Each learner by name, on the toy shop, for two updates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shoprl.errors import TrajectoryError
from shoprl.experiments import methods
from shoprl.experiments.methods import METHODS, Inputs, learn
from shoprl.experiments.quick import PLANS
from shoprl.experiments.standard import SIZES
from shoprl.experiments.studies.plans import SMALL, plan
from shoprl.policies.learned import LearnedPolicy
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.dpo import DPOConfig, preference_pairs
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import weights_digest
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.training.ppo import PPOConfig
from shoprl.training.self_learning import SelfLearningConfig, copy_of
from tests.support.fakes import fake_policy
from tests.support.learners import able, shown

LOOP: dict[str, Any] = {"updates": 2, "batch_size": 2, "warmup": 1, "checkpoint_every": 1, "log_every": 1}
CONFIGS: dict[str, Any] = {
    "imitation": ImitationConfig(**LOOP),
    "dpo": DPOConfig(**LOOP),
    "policy-gradient": PolicyGradientConfig(demonstrated=2, **LOOP),
    "ppo": PPOConfig(epochs=1, minibatches=2, demonstrated=2, **{**LOOP, "checkpoint_every": 2}),
    "self-learning": SelfLearningConfig(trajectories=3, dpo=DPOConfig(**LOOP)),
}


def inputs(toy: ShopData, **others: Any) -> Inputs[Goal]:
    return Inputs(ShopTask(toy.shop), toy.goals, toy.split.train, shown(), np.random.default_rng(0), **others)


def start(method: str) -> LearnedPolicy:
    """Self-learning needs one that is right at times."""
    return copy_of(able(), "able") if method == "self-learning" else fake_policy(dropout=0.0)


def without_examples(toy: ShopData) -> Inputs[Goal]:
    return replace(inputs(toy), examples=())


@pytest.mark.parametrize("method", METHODS)
def test_each_learns_by_its_name(method: str, toy: ShopData, tmp_path: Path) -> None:
    policy = start(method)
    before = weights_digest(policy.model)
    assert type(CONFIGS[method]) is METHODS[method].config
    assert CONFIGS[method].all_updates == 2
    learned = learn(method, policy, CONFIGS[method].seeded(3), inputs(toy, temperature=2.0), tmp_path, method)
    assert learned.log[-1]["update"] == 2
    assert weights_digest(policy.model) != before
    assert list(tmp_path.glob("**/checkpoint.safetensors"))
    counted = {"dpo": {"pairs", "skipped"}, "self-learning": {"played", "actions_pruned", "pairs", "skipped"}}
    assert set(learned.counts) == counted.get(method, set())
    if "pairs" in learned.counts:
        assert learned.counts["pairs"] > 0


@pytest.mark.parametrize("method", METHODS)
def test_who_needs_demonstrations_says_so(method: str, toy: ShopData, tmp_path: Path) -> None:
    assert METHODS[method].demonstrations == {"imitation": "needed", "dpo": "needed", "self-learning": "none"}.get(
        method, "optional"
    )
    if METHODS[method].demonstrations == "needed":
        with pytest.raises(TrajectoryError, match="no decision"):
            learn(method, start(method), CONFIGS[method], without_examples(toy), tmp_path, "")
        return
    learned = learn(method, start(method), CONFIGS[method], without_examples(toy), tmp_path / "without", "")
    assert learned.log[-1]["update"] == 2
    if METHODS[method].demonstrations == "none":
        assert learn(method, start(method), CONFIGS[method], inputs(toy), tmp_path / "with", "") == learned


def test_who_needs_a_start_has_one_in_every_plan() -> None:
    assert {name for name, method in METHODS.items() if method.starts} == {"dpo", "self-learning"}
    for each in (*PLANS.values(), SIZES.plan(), plan(SMALL)):
        assert all(recipe.start for recipe in each.recipes.values() if METHODS[recipe.method].starts)


def test_preferences_stand_in_for_demonstrations(toy: ShopData, tmp_path: Path) -> None:
    assert [name for name, method in METHODS.items() if method.preferences] == ["dpo"]
    able_to_differ = [example for example in shown() if len(example.state.texts) > 1][:3]
    pairs = [(example, (example.chosen + 1) % len(example.state.texts)) for example in able_to_differ]
    given = replace(without_examples(toy), pairs=pairs)
    learned = learn("dpo", start("dpo"), CONFIGS["dpo"], given, tmp_path, "")
    assert learned.counts == {"pairs": 3, "skipped": 0}


def test_the_temperature_is_that_of_the_start_alone(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, drawn = start("dpo"), []

    def noted(start: LearnedPolicy, *others: Any) -> Any:
        drawn.append(start.temperature)
        return preference_pairs(start, *others)

    monkeypatch.setattr(methods, "preference_pairs", noted)
    learn("dpo", policy, CONFIGS["dpo"], inputs(toy, temperature=0.5), tmp_path, "")
    assert drawn == [0.5]
    assert policy.temperature == 1.0


def test_one_seed_gives_one_result(toy: ShopData, tmp_path: Path) -> None:
    found = []
    for number in range(2):
        policy = start("imitation")
        torch.manual_seed(number)  # nothing depends on the global generator
        learn("imitation", policy, CONFIGS["imitation"].seeded(7), inputs(toy), tmp_path / str(number), "")
        found.append(weights_digest(policy.model))
    assert found[0] == found[1]
