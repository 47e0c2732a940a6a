"""Learners and agents on another device: a stand-in that computes on the CPU, and a GPU where there is one."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn

from shoprl.errors import ConfigError
from shoprl.policies import learned
from shoprl.policies.learned import mixed
from shoprl.policies.networks.match import policy as match
from shoprl.policies.saving import load_learned, save_policy
from shoprl.rollouts.runner import run_episodes
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.training import loop, query
from shoprl.training.processes import Team, device_for
from tests.support.fakequery import fake_extractive, find_me, tiny_bart
from tests.support.learners import ALL, EXACT, HEADS, SAMPLING, Learner, imitation, put, weights
from tests.support.standin import DEVICE, standin
from tests.support.toyshop import toy_data

GPU = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"))


@contextmanager
def device(name: str) -> Iterator[torch.device]:
    if name == "cuda":
        yield torch.device("cuda")
    else:
        with standin() as there:
            yield there


def losses(learner: Learner, folder: Path, place: torch.device) -> list[float]:
    _, rows = learner(folder, lambda model: put(model, place))
    return [row["loss"] for row in rows]


def test_the_standin_is_a_device_of_its_own() -> None:
    with standin() as there:
        here = torch.ones(3)
        moved = here.to(there)
        assert moved.device == there == DEVICE
        assert (2 * moved).sum().item() == 6
        with pytest.raises(RuntimeError, match="two devices"):
            moved + here
        with pytest.raises(RuntimeError, match="two devices"):
            nn.Linear(3, 1).to(there)(here)


@pytest.mark.parametrize("name", ["standin", GPU])
@pytest.mark.parametrize("learner", EXACT)
def test_a_learner_on_a_device_makes_the_updates_it_makes_on_the_cpu(learner: str, name: str, tmp_path: Path) -> None:
    expected = losses(EXACT[learner], tmp_path / "cpu", torch.device("cpu"))
    with device(name) as there:
        found = losses(EXACT[learner], tmp_path / "there", there)
    assert found == pytest.approx(expected, rel=1e-4 if name == "standin" else 0.05)


@pytest.mark.parametrize("name", ["standin", GPU])
@pytest.mark.parametrize("learner", SAMPLING)
def test_a_learner_from_rewards_on_a_device(learner: str, name: str, tmp_path: Path) -> None:
    with device(name) as there:
        found = losses(SAMPLING[learner], tmp_path / "there", there)
    assert all(map(math.isfinite, found))
    if name == "standin":  # in a GPU's precision other actions are drawn
        assert found == pytest.approx(losses(SAMPLING[learner], tmp_path / "cpu", torch.device("cpu")), rel=1e-3)


@pytest.mark.parametrize("name", ["standin", GPU])
@pytest.mark.parametrize("head", HEADS)
def test_an_agent_acts_and_is_saved_from_a_device(head: str, name: str, tmp_path: Path) -> None:
    data, policy = toy_data(), HEADS[head]()
    goals = [(index, data.goals[index]) for index in data.split.test]
    expected = run_episodes(policy, ShopTask(data.shop), goals, 0, label="")
    with device(name) as there:
        policy.model.to(there)
        found = run_episodes(policy, ShopTask(data.shop), goals, 0, label="")
    assert len(found) == len(expected)
    if name == "standin":
        assert [each.reward for each in found] == [each.reward for each in expected]
    elif head != "choice":  # whose backbone is a fake one
        save_policy(policy, tmp_path / "policy")
        assert load_learned(tmp_path / "policy").model.device.type == "cpu"


@pytest.mark.parametrize("name", ["standin", GPU])
def test_a_query_model_writes_on_a_device(name: str) -> None:
    wish = parse_instruction(find_me()[0].instruction)
    beam = [tiny_bart()] if name == "cuda" else []  # its search makes tensors that the stand-in does not see
    for writer in [fake_extractive(), *beam]:
        expected = list(writer.write(wish))
        with device(name) as there:
            writer.model.to(there)
            assert list(writer.write(wish)) == expected


@pytest.mark.parametrize("name", ["standin", GPU])
def test_a_checkpoint_of_one_device_goes_on_on_another(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, batch_of = imitation("choice"), loop.batch_of
    whole = losses(learner, tmp_path / "whole", torch.device("cpu"))

    def interrupted(update: int, size: int, count: int, seed: int) -> torch.Tensor:
        if update == 3:
            raise KeyboardInterrupt
        return batch_of(update, size, count, seed)

    with device(name) as there, monkeypatch.context() as patch:
        patch.setattr(loop, "batch_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            losses(learner, tmp_path / "cut", there)
    resumed = losses(learner, tmp_path / "cut", torch.device("cpu"))
    assert resumed == pytest.approx(whole, rel=1e-4 if name == "standin" else 0.05)


@pytest.mark.parametrize("learner", ALL)
def test_mixed_precision_learns_about_the_same(learner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = torch.device("cpu")
    expected = losses(ALL[learner], tmp_path / "whole", here)

    def half(place: torch.device) -> AbstractContextManager[object]:
        return torch.autocast("cpu", torch.bfloat16, cache_enabled=False)

    for module in (learned, query, match):
        monkeypatch.setattr(module, "mixed", half)
    model, rows = ALL[learner](tmp_path / "half", lambda model: put(model, here))
    assert {tensor.dtype for tensor in weights(model).values()} == {torch.float32}
    found = [row["loss"] for row in rows]
    assert found != expected  # it was in use
    if learner in EXACT:
        assert found == pytest.approx(expected, rel=0.05)
    assert all(map(math.isfinite, found))


def test_the_cpu_has_full_precision() -> None:
    with mixed(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert Team(torch.device("cpu")).about() == {"device": "cpu", "precision": "float32", "processes": 1}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named() -> None:
    assert device_for("auto") == device_for("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match="torch finds no GPU"):
        device_for("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_is_found_and_computes_in_bfloat16() -> None:
    there = device_for("auto")
    assert there.type == "cuda"
    with mixed(there):
        assert (torch.ones(2, 2, device=there) @ torch.ones(2, 2, device=there)).dtype == torch.bfloat16
    assert Team(there).about()["precision"] == "bfloat16 mixed"
