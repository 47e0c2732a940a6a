"""The engine on the toy shop, with a backbone without weights."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.statistics import Estimate, Summary
from shoprl.experiments import engine
from shoprl.experiments.engine import Experiment, best_of, episodes_name
from shoprl.experiments.plan import Corrections, Plan, Recipe, Shoppers
from shoprl.files import sha256_of
from shoprl.policies.saving import save_policy
from shoprl.policies.simple import RulePolicy
from shoprl.reading import read_json
from shoprl.shop.data import ShopData
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import weights_digest
from tests.support.fakerun import use_fake_backbone
from tests.support.fakes import SMALL
from tests.support.matching import match_policy
from tests.support.pretrained import package
from tests.support.toyshop import toy_data

CONFIG = ImitationConfig(updates=2, batch_size=4, warmup=1, checkpoint_every=1, log_every=1)
PLAN = Plan(
    recipes={
        "imitation": Recipe("imitation", CONFIG, data=("shown",), sizes=SMALL),
        "control": Recipe("imitation", CONFIG, "imitation", ("shown", "corrected"), seed_offset=1),
    },
    data={
        "shown": (Shoppers(3, "shoppers"), Shoppers(2, "skilled", goals="first")),
        "corrected": Corrections("imitation", "corrections", "first", repeats=3),
    },
    streams={"shoppers": 1, "skilled": 2, "network": 3, "corrections": 4},
    test_goals=2,
)
MADE_ONCE = ("demonstrations", "corrected_episodes", "learn", "evaluate", "encoded", "write_trajectories")


@pytest.fixture(scope="module", autouse=True)
def fake() -> object:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_backbone(patch)
        yield


def experiment(folder: Path, seed: int = 0, plan: Plan = PLAN) -> Experiment:
    return Experiment(folder, toy_data(), seed, plan, {"first": lambda each: each.data.split.train[:4]})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    done = experiment(tmp_path_factory.mktemp("experiment"))
    done.policy("control")
    return done


def test_one_seed_gives_one_result(made: Experiment, tmp_path: Path) -> None:
    same, other = experiment(tmp_path / "same"), experiment(tmp_path / "other", seed=1)
    digests = {name: weights_digest(made.policy(name).model) for name in PLAN.recipes}
    assert {name: weights_digest(same.policy(name).model) for name in PLAN.recipes} == digests
    assert weights_digest(other.policy("imitation").model) != digests["imitation"] != digests["control"]
    for file in ("trajectories/shown.jsonl.gz", "trajectories/corrected.jsonl.gz", "policies/control/policy.json"):
        assert sha256_of(same.folder / file) == sha256_of(made.folder / file)


def test_what_is_there_is_not_made_again(made: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(engine, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls[name] += 1
            return original(*arguments, **named)

        return call

    for name in MADE_ONCE:
        monkeypatch.setattr(engine, name, counted(name))
    first = made.evaluate(made.policy("control"), "test", made.test_goals())
    assert calls == {"evaluate": 1, "write_trajectories": 1}
    again = experiment(made.folder)
    assert weights_digest(again.policy("control").model) == weights_digest(made.policy("control").model)
    assert again.policy("control") is again.policy("control")
    second = again.evaluate(again.policy("control"), "test", again.test_goals())
    assert (second.summary, second.episodes) == (first.summary, first.episodes)
    assert calls == {"evaluate": 1, "write_trajectories": 1, "encoded": 1}  # token states are made in each process


def test_a_policy_made_in_another_way_is_refused(made: Experiment) -> None:
    control = PLAN.recipes["control"]
    slower = {**PLAN.recipes, "control": replace(control, config=replace(CONFIG, learning_rate=1e-4))}
    more = {**PLAN.data, "shown": (Shoppers(4, "shoppers"),)}
    for plan, name in ((replace(PLAN, recipes=slower), "control"), (replace(PLAN, data=more), "imitation")):
        with pytest.raises(RunError, match=rf"{name}: made in another way"):
            experiment(made.folder, plan=plan).policy(name)
    with pytest.raises(RunError, match="imitation: made in another way"):
        experiment(made.folder, seed=1).policy("imitation")
    torch.set_num_threads(2)
    with pytest.raises(RunError, match="another number of threads"):
        experiment(made.folder).policy("imitation")


def test_a_new_policy_does_not_inherit_episodes(made: Experiment, tmp_path: Path) -> None:
    part = tmp_path / "episodes" / "test"
    part.mkdir(parents=True)
    names = ("imitation", "imitation-sample", "imitation-2")
    for name in names:
        (part / f"{name}.jsonl.gz").write_bytes(b"of an earlier policy")
    experiment(tmp_path).policy("imitation")
    assert [path.name for path in part.iterdir()] == ["imitation-2.jsonl.gz"]  # that is another policy's


def test_a_random_stream_without_a_name_is_an_error(made: Experiment, tmp_path: Path) -> None:
    assert made.rng("shoppers").random() == made.rng("shoppers").random() != made.rng("skilled").random()
    assert experiment(tmp_path, seed=1).rng("shoppers").random() != made.rng("shoppers").random()
    with pytest.raises(KeyError, match="nonsense"):
        made.rng("nonsense")
    recipes = {"imitation": replace(PLAN.recipes["imitation"], stream="nonsense")}
    with pytest.raises(KeyError, match="nonsense"):
        experiment(tmp_path, plan=replace(PLAN, recipes=recipes)).policy("imitation")
    assert not (tmp_path / "policies").exists()


def test_a_record_tells_how_a_policy_was_made(made: Experiment) -> None:
    record = made.record("control")
    assert asdict(record) == read_json(made.folder / "records" / "control.json", RunError)
    assert (record.method, record.start, record.updates) == ("imitation", "imitation", 2)
    assert record.weights == weights_digest(made.policy("control").model)
    assert record.demonstrations == len(made.episodes("shown")) + len(made.episodes("corrected")) == 5 + 4
    assert record.machine["threads"] == 1
    assert record.seconds is not None
    about = read_json(made.folder / "policies" / "control" / "policy.json", RunError)["about"]
    assert set(asdict(record)) - set(about) == {"seconds", "processor_seconds", "commit", "machine"}
    assert about == {name: value for name, value in asdict(record).items() if name in about}


def test_groups_and_repeats(made: Experiment, toy: ShopData) -> None:
    first = set(toy.split.train[:4])
    assert {episode.goal_index for episode in made.episodes("shown")[3:]} <= first
    assert {episode.goal_index for episode in made.episodes("corrected")} == first
    corrected = made.examples("corrected")
    assert corrected == corrected[: len(corrected) // 3] * 3
    assert [index for index, _ in made.test_goals()] == list(toy.split.test[:2])
    with pytest.raises(KeyError, match="strangers"):
        made.group("strangers")


def test_policies_of_no_network_are_evaluated_too(made: Experiment) -> None:
    evaluation = made.evaluate(RulePolicy(), "eval", made.eval_goals()[:2], "sample")
    assert len(evaluation.episodes) == 2
    assert (made.folder / "episodes" / "eval" / f"{episodes_name('rule', 'sample')}.jsonl.gz").is_file()


def test_the_best_has_the_highest_success_and_then_score() -> None:
    def scored(success: float, score: float) -> Evaluation:
        rate, mean = (Estimate(value, value, value) for value in (success, score))
        return Evaluation(Summary(4, rate, mean), [], 0.0)

    evaluations = {"a": scored(0.5, 60.0), "b": scored(0.5, 70.0), "c": scored(0.25, 90.0)}
    assert best_of(evaluations) == "b"


def test_a_recipe_may_start_from_the_package_s_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = match_policy()
    save_policy(agent, tmp_path / "agent")
    package(tmp_path / "agent", monkeypatch)
    recipes = PLAN.recipes | {"taught": Recipe("imitation", CONFIG, "pretrained", ("shown",))}
    own = experiment(tmp_path / "run", plan=replace(PLAN, recipes=recipes))
    taught, given = own.policy("taught"), own.policy("pretrained")
    assert weights_digest(given.model) == weights_digest(agent.model) != weights_digest(taught.model)
    assert (given.name, taught.name) == ("pretrained", "taught")
    assert own.record("taught").start == "pretrained"
    again = experiment(tmp_path / "run", plan=own.plan)
    assert weights_digest(again.policy("taught").model) == weights_digest(taught.model)
    save_policy(match_policy(1), tmp_path / "agent")
    package(tmp_path / "agent", monkeypatch)
    with pytest.raises(RunError, match="made in another way"):  # with another agent
        experiment(tmp_path / "run", plan=own.plan).policy("taught")
