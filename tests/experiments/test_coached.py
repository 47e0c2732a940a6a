import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shoprl.errors import PolicyError, RunError
from shoprl.experiments.coached import Coached, Round, check_judging, train_coached
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.policies.saving import load_learned
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.training import loop
from shoprl.training.imitation import ImitationConfig
from shoprl.trajectories.coaching import Coaching
from tests.support.fakerun import use_fake_backbone
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy
from tests.support.resuming import PaddedBackbone, padded_store
from tests.support.toyshop import toy_data

TASK = ManyShops((toy_data().shop,))
LEARNING = ImitationConfig(updates=4, batch_size=4, warmup=2, checkpoint_every=2, log_every=2)
ROUNDS = (Round(Coaching(), LEARNING), Round(Coaching(acting=0.3), LEARNING))
TRAINING = toy_data().split.train
GOALS = [[ShopGoal(0, toy_data().goals[index]) for index in part] for part in (TRAINING[:5], TRAINING[5:10])]


@pytest.fixture(autouse=True)
def backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose states depend on what is encoded together."""
    use_fake_backbone(monkeypatch)
    monkeypatch.setattr("shoprl.policies.networks.match.policy.load_backbone", lambda *_: PaddedBackbone())


def run(folder: Path, seed: int = 0, start: MatchPolicy | None = None) -> Coached:
    return train_coached(folder, TASK, GOALS, ROUNDS, seed, start)


def equal(first: Coached, second: Coached) -> bool:
    weights, others = first.policy.model.state_dict(), second.policy.model.state_dict()
    return all(torch.equal(weight, others[name]) for name, weight in weights.items())


@pytest.mark.parametrize("new", [True, False])
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(
    new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> MatchPolicy | None:
        return None if new else match_policy(store=padded_store())

    whole = run(tmp_path / "whole", start=start())
    assert equal(run(tmp_path / "again", start=start()), whole)
    assert not equal(run(tmp_path / "other", seed=1, start=start()), whole)
    real, updates = loop.Training.step, iter(range(100))

    def step(self: loop.Training, *arguments: object) -> None:
        if next(updates) in (3, 9):  # in the first round, and in the second when it has gone on
            raise KeyboardInterrupt
        real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.Training, "step", step)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", start=start())
    cut = run(tmp_path / "cut", start=start())
    assert equal(cut, whole)
    assert (cut.log, cut.examples) == (whole.log, whole.examples)


def test_a_finished_run_answers_again(tmp_path: Path) -> None:
    first = run(tmp_path)
    again = run(tmp_path)
    assert equal(again, first)
    assert (again.log, again.examples) == (first.log, first.examples)
    assert [row["update"] for row in again.log] == [2, 4]
    for number in (1, 2):
        kept = load_learned(tmp_path / "policies" / f"round-{number}")
        assert kept.name == "match"
    assert torch.equal(kept.model.state_dict()["rotation"], first.policy.model.state_dict()["rotation"])


def test_all_rounds_are_learned_from(tmp_path: Path) -> None:
    both = run(tmp_path / "both")
    one = train_coached(tmp_path / "one", TASK, GOALS[:1], ROUNDS[:1], 0)
    assert both.examples > one.examples > 0


def test_another_runs_rounds_are_refused(tmp_path: Path) -> None:
    train_coached(tmp_path, TASK, GOALS[:1], ROUNDS[:1], 0)
    longer = (replace(ROUNDS[0], imitation=replace(LEARNING, updates=6)),)
    for goals, rounds, seed, start in (
        (GOALS[1:], ROUNDS[:1], 0, None),
        (GOALS[:1], longer, 0, None),
        (GOALS[:1], ROUNDS[:1], 1, None),
        (GOALS[:1], ROUNDS[:1], 0, match_policy()),
    ):
        with pytest.raises(RunError, match="round-1: made with other settings"):
            train_coached(tmp_path, TASK, goals, rounds, seed, start)
    shutil.rmtree(tmp_path / "policies")
    with pytest.raises(RunError, match="made with other settings"):
        train_coached(tmp_path, TASK, GOALS[1:], ROUNDS[:1], 0)


def test_a_policy_that_cannot_judge_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"\(choice\) cannot judge products.*pretrained"):
        train_coached(tmp_path / "new", TASK, GOALS, ROUNDS, 0, fake_policy())
    assert not (tmp_path / "new").exists()
    check_judging(match_policy())


def test_the_greatest_seed_is_one_too(tmp_path: Path) -> None:
    assert train_coached(tmp_path, TASK, GOALS[:1], ROUNDS[:1], 2**32 - 1).log
