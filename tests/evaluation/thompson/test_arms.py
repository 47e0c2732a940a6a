from pathlib import Path

import pytest

from shoprl.errors import BackboneError, ConfigError, PolicyError
from shoprl.evaluation.thompson.arms import digest, load_arms, parse_arms, share_tokens
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.saving import save_policy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from tests.support.fakerun import use_fake_backbone
from tests.support.fakes import FakeBackbone, fake_policy
from tests.support.pretrained import package
from tests.support.tiny_bert import tuned_policy


def test_arms_are_named_or_are_rules() -> None:
    given = ("rule", "base=random", "dpo=RUN/policies/a=b")
    assert parse_arms(given) == {"rule": "rule", "base": "random", "dpo": "RUN/policies/a=b"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("rule", "RUN/dpo"), "'RUN/dpo'.*no name"),
        (("rule", "=RUN/dpo"), "'=RUN/dpo'.*cannot be a name"),
        (("rule", "../dpo=RUN"), "cannot be a name"),
        (("rule", f"{'a' * 41}=RUN"), "cannot be a name"),
        (("rule", "dpo="), "'dpo'.*names no policy"),
        (("rule", "dpo=A", "DPO=B"), "'DPO'.*twice"),
        (("rule", "qwen=chat:Qwen/Qwen3-0.6B"), "'qwen'.*shoprl evaluate"),
        (("rule",), "at least two"),
        ((), "at least two"),
    ],
)
def test_a_bad_arm_is_named(given: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_arms(given)


def test_a_policy_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"Arm 'dpo': .*nothing"):
        load_arms({"rule": "rule", "dpo": str(tmp_path / "nothing")})


def test_a_digest_tells_policies_apart(tmp_path: Path) -> None:
    for seed in (0, 1):
        save_policy(fake_policy(seed), tmp_path / str(seed))
    found = {digest("rule"), *(digest(str(tmp_path / str(seed))) for seed in (0, 1))}
    assert len(found) == 3


def test_the_pretrained_agent_is_an_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_backbone(monkeypatch)
    save_policy(fake_policy(seed=1), tmp_path / "one")
    package(tmp_path / "one", monkeypatch)
    arms = parse_arms(["rule", "pretrained", "mine=pretrained"])
    assert arms == {"rule": "rule", "pretrained": "pretrained", "mine": "pretrained"}
    assert [type(each).__name__ for each in load_arms(arms).values()] == ["RulePolicy", "ChoicePolicy", "ChoicePolicy"]
    assert digest("pretrained") == digest(str(tmp_path / "one"))


def test_texts_are_encoded_once_and_read_by_others(
    toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_backbone(monkeypatch)
    policies = {"a": fake_policy(0), "b": fake_policy(1)}
    policies["b"].strategy = "instruction"
    goals = toy.split.train
    share_tokens(policies, toy, goals, tmp_path)
    backbone = policies["a"].store.backbone
    assert isinstance(backbone, FakeBackbone)
    assert policies["a"].store is policies["b"].store
    before, others = backbone.asked, {"c": fake_policy(0)}
    assert before > 0
    share_tokens(others, toy, goals, tmp_path)
    for policy in (*policies.values(), *others.values()):
        run_episodes(policy, ShopTask(toy.shop), [(index, toy.goals[index]) for index in goals], 0, "sample", label="")
    assert (backbone.asked, others["c"].store.backbone.asked) == (before, 0)  # type: ignore[attr-defined]
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(BackboneError, match="Delete it"):
        share_tokens({"c": fake_policy(0)}, toy, goals, tmp_path)


def test_tuned_layers_see_every_text_before_play(toy: ShopData, tmp_path: Path) -> None:
    made: list[ChoicePolicy] = []
    for _ in range(2):
        made.append(tuned_policy())
        share_tokens({"tuned": made[-1]}, toy, toy.split.test, tmp_path)
    kept = [policy._finished._rows for policy in made]
    assert kept[0] is not None
    assert kept[1] is not None
    assert kept[0].to_bytes({}) == kept[1].to_bytes({})
    goals = [(index, toy.goals[index]) for index in toy.split.test]
    run_episodes(made[0], ShopTask(toy.shop), goals, 0, "sample", label="")
    assert made[0]._finished._rows is kept[0]
    assert kept[0].to_bytes({}) == kept[1].to_bytes({})
    assert list(tmp_path.iterdir()) == []
