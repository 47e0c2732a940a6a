"""``shoprl train`` as a user runs it, on the backbone without weights."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from shoprl.errors import TrajectoryError
from shoprl.experiments.methods import Learned
from shoprl.files import sha256_of
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.query.policy import QueryPolicy
from shoprl.policies.saving import load_learned
from shoprl.recommender.recommend import recommend
from shoprl.shop.data import read_data
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from tests.support.cli import Call, refused
from tests.support.fakequery import tiny_bart
from tests.support.killing import digests, finished, killed_and_resumed, moments, shoprl
from tests.support.pretrained import package
from tests.support.tiny_bert import tiny_bert

SMALL = ("--threads", 1, "--updates", 2, "--checkpoint-every", 2, "--log-every", 1, "--batch-size", 4, "--json")


@pytest.fixture
def shown(call: Call, toy_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "shown.jsonl.gz"
    answer = call(
        "trajectories", "demonstrate", "--data", toy_folder, "--count", 10, "--skill", "expert", "--out", path
    )
    assert answer.code == 0, answer.err
    return path


@pytest.fixture
def imitated(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> Path:
    out = tmp_path / "imitated"
    answer = call("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", out, *SMALL)
    assert answer.code == 0, answer.err
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "done"
    assert {"device", "precision", "processes"} <= record["machine"].keys()
    assert len(answer.json()["log"]) == 2
    return out / "policy"


def test_a_trained_policy_can_be_evaluated(call: Call, toy_folder: Path, imitated: Path) -> None:
    row = call("evaluate", "--policy", imitated, "--data", toy_folder, "--json").json()
    assert row["episodes"] == len(read_data(toy_folder).split.test)


@pytest.mark.parametrize("method", ["imitation", "dpo", "ppo"])
def test_training_starts_from_the_pretrained_agent(
    call: Call,
    finished_run: tuple[Path, str],
    toy_folder: Path,
    tmp_path: Path,
    shown: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    start = finished_run[0] / "policies" / "imitation"
    package(start, monkeypatch)
    sizes = ("--updates", 4, "--epochs", 2, "--minibatches", 2, "--checkpoint-every", 4, "--demonstrated", 2)
    more = (*sizes, "--max-steps", 4) if method == "ppo" else ("--demonstrations", shown)
    words = ("train", method, "--data", toy_folder, *SMALL, *more)
    answer = call(*words, "--policy", "pretrained", "--out", tmp_path / "from-name")
    assert answer.code == 0, answer.err
    assert call(*words, "--policy", start, "--out", tmp_path / "from-folder").code == 0
    made = [tmp_path / name / "policy" / "model.safetensors" for name in ("from-name", "from-folder")]
    assert len({sha256_of(path) for path in made}) == 1
    settings = json.loads((tmp_path / "from-name" / "run.json").read_text())["settings"]
    assert settings["policy"] == "pretrained"
    assert settings["pretrained"] == sha256_of(start / "policy.json")


@pytest.mark.parametrize("variant", ["dpo", "ipo", "simpo"])
def test_dpo(call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path, variant: str) -> None:
    files = ("--data", toy_folder, "--demonstrations", shown, "--policy", imitated, "--out", tmp_path / "dpo")
    answer = call("train", "dpo", *files, "--variant", variant, *SMALL)
    assert answer.code == 0, answer.err
    assert set(answer.json()["log"][-1]) >= {"loss", "margin", "accuracy"}


def test_preferences_made_by_one_command_train_in_another(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    files = ("--data", toy_folder, "--policy", imitated)
    made = call("preferences", "make", *files, "--demonstrations", shown, "--out", pairs, "--json")
    assert made.code == 0, made.err
    rows = [json.loads(line) for line in pairs.read_text().splitlines()]
    assert len(rows) == made.json()["pairs"] > 10
    assert all(row["chosen"] != row["rejected"] for row in rows)
    answer = call("train", "dpo", *files, "--preferences", pairs, "--out", tmp_path / "dpo", *SMALL)
    assert answer.code == 0, answer.err
    assert list((tmp_path / "dpo" / "training").glob("reference-*.npy"))
    both = ("--preferences", pairs, "--demonstrations", shown, "--out", tmp_path / "both")
    assert "Give either" in call("train", "dpo", *files, *both).err


@pytest.mark.parametrize("network", ["match", "rnn"])
def test_another_network(call: Call, toy_folder: Path, tmp_path: Path, shown: Path, network: str) -> None:
    words = ("train", "imitation", "--data", toy_folder, "--out", tmp_path / "new", "--network", network, *SMALL)
    refused(call(*words), "ConfigError", "--demonstrations")
    answer = call(*words, "--demonstrations", shown)
    assert answer.code == 0, answer.err
    assert load_learned(tmp_path / "new" / "policy").kind == network
    assert call("evaluate", "--policy", tmp_path / "new" / "policy", "--data", toy_folder).code == 0


@pytest.mark.parametrize("method", ["policy-gradient", "ppo"])
def test_learning_from_rewards(call: Call, toy_folder: Path, tmp_path: Path, imitated: Path, method: str) -> None:
    more = ("--epochs", 1, "--minibatches", 1) if method == "ppo" else ()
    files = ("--data", toy_folder, "--policy", imitated, "--out", tmp_path / "rl")
    answer = call("train", method, *files, *more, *SMALL)
    assert answer.code == 0, answer.err
    assert set(answer.json()["log"][-1]) >= {"score", "success", "entropy", "value_loss"}


def test_another_backbone_is_named_by_the_user_from_end_to_end(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new policy, training on from it, resuming, evaluating, recommending and comparing."""
    for module in ("choice", "backbone"):
        monkeypatch.setattr(f"shoprl.policies.networks.{module}.load_backbone", load_backbone)
    own, data = ("--backbone", tiny_bert()), ("--data", toy_folder)
    first, second = tmp_path / "first" / "policy", tmp_path / "second" / "policy"
    arguments = ("train", "imitation", *data, "--demonstrations", shown, *SMALL)
    made = call(*arguments, *own, "--out", tmp_path / "first")
    assert made.code == 0, made.err
    assert json.loads((first / "config.json").read_text())["backbone"] == str(tiny_bert())
    on = ("train", "dpo", *data, "--demonstrations", shown, "--policy", first, "--out", tmp_path / "second", *SMALL)
    assert "BackboneError" in (answer := call(*on)).err
    assert "give its hub id or folder as --backbone" in answer.err
    assert not (tmp_path / "second").exists()
    trained = call(*on, *own)
    assert trained.code == 0, trained.err
    resumed = call(*on, *own, "--resume")
    assert resumed.json()["log"] == trained.json()["log"]
    evaluate = ("evaluate", "--policy", second, *data, "--first", 2, "--json")
    assert call(*evaluate).code == 2
    assert call(*evaluate, *own).json()["episodes"] == 2
    recommend_ = ("recommend", "red mug", "--policy", second, *data, "--runs", 2, "--json")
    assert call(*recommend_).code == 2
    assert call(*recommend_, *own).code == 0
    prefer = ("preferences", "make", *data, "--policy", second, "--demonstrations", shown)
    assert call(*prefer, "--out", tmp_path / "pairs.jsonl").code == 2
    assert call(*prefer, *own, "--out", tmp_path / "pairs.jsonl").code == 0
    compare = ("compare", "--arms", "rule", f"own={second}", *data, "--rollouts", 8, "--runs", 1, "--batch", 4)
    assert "Arm 'own'" in call(*compare, "--out", tmp_path / "compared").err
    assert call(*compare, *own, "--workers", 2, "--out", tmp_path / "compared").code == 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--network", "rnn", "--backbone", "a"), "--backbone goes with"),
        (("--backbone", "a", "--backbone", "b"), "--backbone is given several times"),
    ],
)
def test_a_new_policy_has_one_backbone(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, arguments: tuple[str, ...], what: str
) -> None:
    files = ("--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "out")
    answer = call("train", "imitation", *files, *arguments)
    assert answer.code == 2
    assert what in answer.err


def test_a_cut_off_training_goes_on(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    arguments = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, *SMALL)
    first = call(*arguments, "--out", tmp_path / "out")
    again = call(*arguments, "--out", tmp_path / "out")
    assert again.code == 2
    assert "RunError" in again.err
    resumed = call(*arguments, "--out", tmp_path / "out", "--resume")
    assert resumed.json()["log"] == first.json()["log"]
    weights = (tmp_path / "out" / "policy" / "model.safetensors").read_bytes()
    call(*arguments, "--out", tmp_path / "other")
    assert (tmp_path / "other" / "policy" / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("imitation",), "--demonstrations is missing"),
        (("dpo", "--demonstrations", "x"), "--policy PATH"),
        (("self-learning",), "--policy PATH"),
        (("self-learning", "--policy", "x", "--demonstrations", "x"), "--demonstrations: no such option"),
        (("ppo", "--epochs", 3), "must be a multiple of epochs x minibatches"),
        (("imitation", "--demonstrations", "x", "--threads", 0), "--threads 0"),
        (("ppo", "--queries", 3), "--query-policy is missing"),
        (("ppo", "--query-policy", "x", "--queries", 0), "--queries 0: must be from 1 to 10"),
        (("ppo", "--query-policy", "x", "--queries", 11), "--queries 11: must be from 1 to 10"),
        (("ppo", "--query-policy", "nowhere"), "nowhere: no such policy"),
        pytest.param(
            ("imitation", "--demonstrations", "x", "--device", "cuda"),
            "torch finds no GPU",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_what_cannot_be_done_is_named_at_once(
    call: Call, toy_folder: Path, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    answer = call("train", *arguments, "--data", toy_folder, "--out", tmp_path / "out")
    assert answer.code == 2
    assert what in answer.err
    assert not (tmp_path / "out").exists()


def test_layers_of_the_backbone_are_tuned(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("choice", "backbone"):
        monkeypatch.setattr(f"shoprl.policies.networks.{module}.load_backbone", load_backbone)
    own = ("--backbone", tiny_bert())
    given = ("--data", toy_folder, "--demonstrations", shown, "--tuned-layers", 1, *own)
    answer = call("train", "imitation", *given, "--out", tmp_path / "out", *SMALL)
    assert answer.code == 0, answer.err
    policy = tmp_path / "out" / "policy"
    assert json.loads((policy / "config.json").read_text())["tuned_layers"] == 1
    assert call("evaluate", "--policy", policy, "--data", toy_folder, *own).code == 0
    files = ("--data", toy_folder, "--demonstrations", shown, "--policy", policy, "--out", tmp_path / "dpo")
    assert call("train", "dpo", *files, *own, *SMALL).code == 0
    for more in (("--network", "rnn"), ("--policy", policy)):
        answer = call("train", "imitation", *given, *more, "--out", tmp_path / "other")
        assert answer.code == 2
        assert "--tuned-layers goes with a new policy" in answer.err


@pytest.fixture
def asker(tmp_path: Path) -> Path:
    QueryPolicy(tiny_bart(), "asker").save(tmp_path / "asker")
    return tmp_path / "asker"


@pytest.mark.parametrize("network", ["choice", "rnn"])
def test_a_policy_that_chooses_among_queries(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, asker: Path, network: str
) -> None:
    files, out = ("--data", toy_folder, "--demonstrations", shown), tmp_path / "out"
    asked = ("--network", network, "--query-policy", asker, "--queries", 2, *SMALL)
    answer = call("train", "imitation", *files, *asked, "--out", out)
    assert answer.code == 0, answer.err
    noted = json.loads((out / "run.json").read_text())["settings"]["query_policy"]
    assert noted == {"folder": str(asker), "sha256": sha256_of(asker / "policy.json"), "queries": 2}
    asker.rename(tmp_path / "elsewhere")  # the policy folder has its own
    policy, data = load_learned(out / "policy"), read_data(toy_folder)
    assert len(policy.queries(parse_instruction("find me a red mug"))) == 3
    assert call("evaluate", "--policy", out / "policy", "--data", toy_folder).code == 0
    assert recommend(policy, ShopTask(data.shop), "find me a red mug", 2) == recommend(
        policy, ShopTask(data.shop), "find me a red mug", 2
    )


def test_queries_for_a_policy_that_had_none(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path, asker: Path
) -> None:
    small = ("--epochs", 1, "--minibatches", 1, "--data", toy_folder, *SMALL)
    asked = call("train", "ppo", "--policy", imitated, "--query-policy", asker, *small, "--out", tmp_path / "one")
    assert asked.code == 0, asked.err
    first, second = (tmp_path / name / "policy" for name in ("one", "two"))
    kept = call("train", "ppo", "--policy", first, *small, "--out", tmp_path / "two")
    assert kept.code == 0, kept.err
    assert "query_policy" not in json.loads((tmp_path / "two" / "run.json").read_text())["settings"]
    for folder in (first, second):
        manifest = json.loads((folder / "policy.json").read_text())
        assert manifest["query"] == {"name": "asker", "n": 3}
    fewer = ("--query-policy", asker, "--queries", 1, "--out", tmp_path / "three")
    assert call("train", "ppo", "--policy", second, *fewer, *small).code == 0
    assert json.loads((tmp_path / "three" / "policy" / "policy.json").read_text())["query"]["n"] == 1
    pairs = ("--data", toy_folder, "--policy", second, "--demonstrations", shown, "--out", tmp_path / "pairs.jsonl")
    assert call("preferences", "make", *pairs).code == 0
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert any(row["about"]["page"] == "search" for row in rows)
    given = ("--preferences", tmp_path / "pairs.jsonl", "--data", toy_folder, "--out", tmp_path / "dpo")
    assert call("train", "dpo", "--policy", second, *given, *SMALL).code == 0


def test_a_cut_off_training_with_queries_goes_on(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, asker: Path
) -> None:
    start = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "out", *SMALL)
    asked = ("--query-policy", asker, "--queries", 2)
    assert call(*start, *asked).code == 0
    weights = (tmp_path / "out" / "policy" / "model.safetensors").read_bytes()
    assert call(*start, *asked, "--resume").code == 0
    assert (tmp_path / "out" / "policy" / "model.safetensors").read_bytes() == weights
    QueryPolicy(tiny_bart(1), "asker").save(asker)
    assert "other settings" in call(*start, *asked, "--resume").err


@pytest.mark.slow  # four processes to start; what they compute is tested in tests/training/test_processes.py
def test_accelerate_launches_several_processes(toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    options = (*SMALL, "--network", "rnn", "--device", "cpu", "--data", toy_folder, "--demonstrations", shown)
    launch = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", 2, "--num_machines", 1)
    plain = ("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", 0)
    command = [*launch, *plain, "-m", "shoprl.cli.main", "train", "imitation", *options, "--out", tmp_path / "out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["log"]) == 2  # the first process alone answers
    assert json.loads((tmp_path / "out" / "run.json").read_text())["machine"]["processes"] == 2
    again = subprocess.run(
        [sys.executable, "-m", *map(str, command), "--resume"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=99,
    )
    assert (again.returncode, again.stdout) == (0, done.stdout)  # finished: all processes know it


def test_what_writes_one_folder_is_not_run_in_several_processes(
    call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    answer = call("evaluate", "--policy", "rule", "--data", toy_folder)
    assert answer.code == 2
    assert "Start this without a launcher" in answer.err


@pytest.mark.parametrize("method", ["imitation", "policy-gradient", "ppo", "dpo", "preferences"])
def test_foreign_demonstrations_leave_no_run(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path, method: str
) -> None:
    """What is learned from is read before the run folder is claimed, so that the corrected command starts."""
    foreign = tmp_path / "foreign.jsonl"
    lines = gzip.decompress(shown.read_bytes()).decode().splitlines()
    foreign.write_text("\n".join(line.replace(read_data(toy_folder).hashes()["goals"], "0" * 64) for line in lines))
    out = ("--data", toy_folder, "--policy", imitated, "--out", tmp_path / "out", *SMALL)
    option = "--preferences" if method == "preferences" else "--demonstrations"
    name = "dpo" if method == "preferences" else method
    if method == "preferences":
        made = ("--data", toy_folder, "--policy", imitated, "--demonstrations", shown, "--out", tmp_path / "own")
        assert call("preferences", "make", *made).code == 0
        text = (tmp_path / "own").read_text()
        foreign.write_text(text.replace(read_data(toy_folder).hashes()["goals"], "0" * 64))
    more = ("--epochs", 1, "--minibatches", 1) if name == "ppo" else ()
    answer = call("train", name, *out, option, foreign, *more)
    assert answer.code == 2
    assert "TrajectoryError" in answer.err
    assert not (tmp_path / "out").exists()


def test_a_failed_training_may_be_corrected(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "out", *SMALL)
    with monkeypatch.context() as patch:
        patch.setattr("shoprl.cli.train.learn", Mock(side_effect=TrajectoryError("no")))
        assert call(*files, "--seed", 1).code == 2
    assert not (tmp_path / "out").exists()
    assert call(*files, "--seed", 2).code == 0


def test_a_finished_training_reports_again_and_stays_as_it_is(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path
) -> None:
    out = tmp_path / "out"
    files = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", out, *SMALL, "--json")
    first = call(*files)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    again = call(*files, "--resume")
    assert (again.code, again.out) == (0, first.out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_resuming_with_other_settings_names_them(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    files = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "out", *SMALL)
    assert call(*files).code == 0
    answer = call(*files, "--resume", "--learning-rate", 0.5)
    assert answer.code == 2
    assert "other settings: config.learning_rate: was 0.001, now 0.5. Use the earlier ones" in answer.err
    assert "batch_size" not in answer.err


def test_training_is_deterministic(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    torch.use_deterministic_algorithms(False)
    files = ("--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "out")
    assert call("train", "imitation", *files, *SMALL, "--device", "cpu").code == 0
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("skipped", [49, 2, 1])
def test_learning_from_few_pairs_is_said(
    call: Call, toy_folder: Path, tmp_path: Path, imitated: Path, monkeypatch: pytest.MonkeyPatch, skipped: int
) -> None:
    learned = Learned([{"round": 1, "update": 2, "loss": 0.5}], {"pairs": 2, "skipped": skipped})
    monkeypatch.setattr("shoprl.cli.train.learn", lambda *_: learned)
    files = ("--data", toy_folder, "--policy", imitated, "--out", tmp_path / "out")
    answer = call("train", "self-learning", *files, "--threads", 1)
    assert answer.code == 0, answer.err
    header, _, cells, *_ = answer.out.splitlines()
    assert dict(zip(header.split(), cells.split(), strict=True)) == {
        "round": "1", "update": "2", "loss": "0.5", "pairs": "2", "skipped": str(skipped)
    }  # fmt: skip
    warned = f"Warning: {skipped} of {2 + skipped} decisions were skipped" in answer.err
    assert warned == (skipped > 2)


def test_an_early_round_of_few_pairs_is_said_too(
    call: Call, toy_folder: Path, tmp_path: Path, imitated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"round": 1, "pairs": 2, "skipped": 49}, {"round": 2, "pairs": 40, "skipped": 9}]
    monkeypatch.setattr("shoprl.cli.train.learn", lambda *_: Learned(rows, {"pairs": 40, "skipped": 9}))
    files = ("--data", toy_folder, "--policy", imitated, "--out", tmp_path / "out")
    answer = call("train", "self-learning", *files, "--threads", 1)
    assert answer.err.count("Warning: 49 of 51 decisions were skipped") == answer.err.count("Warning") == 1


def test_dpo_says_how_many_pairs(call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path) -> None:
    files = ("--data", toy_folder, "--demonstrations", shown, "--policy", imitated, "--out", tmp_path / "dpo")
    answer = call("train", "dpo", *files, *SMALL)
    assert answer.code == 0, answer.err
    last = answer.json()["log"][-1]
    assert last["pairs"] > 10
    assert last["skipped"] >= 0


KILLED = {  # enough updates for several checkpoints
    "imitation": ("--updates", 100, "--checkpoint-every", 20),
    "dpo": ("--updates", 60, "--checkpoint-every", 10, "--batch-size", 8),
    "ppo": ("--updates", 48, "--checkpoint-every", 16, "--batch-size", 8),
    "policy-gradient": ("--updates", 20, "--checkpoint-every", 5, "--log-every", 5, "--batch-size", 4),
    "self-learning": ("--updates", 20, "--checkpoint-every", 10, "--trajectories", 8, "--rounds", 2),
}


@pytest.fixture(scope="module")
def real_start(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A generated shop, demonstrations in it, and a policy on the real backbone that has imitated them."""
    folder = tmp_path_factory.mktemp("real")
    shop, shown, start = folder / "shop", folder / "shown.jsonl.gz", folder / "start"
    finished(shoprl("catalog", "generate", "--out", shop, "--products", 300))
    finished(shoprl("trajectories", "demonstrate", "--data", shop, "--out", shown, "--count", 40))
    files = ("--data", shop, "--demonstrations", shown, "--out", start)
    finished(shoprl("train", "imitation", *files, "--threads", 1, *KILLED["imitation"]))
    return {"--data": shop, "--demonstrations": shown, "--policy": start / "policy"}


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("method", KILLED)
def test_killed_at_random_moments_and_resumed(
    real_start: dict[str, Path], tmp_path: Path, method: str, threads: int
) -> None:
    unused = {"imitation": "--policy", "self-learning": "--demonstrations"}.get(method)
    files = [part for name, path in real_start.items() if name != unused for part in (name, path)]
    command = shoprl("train", method, *files, *KILLED[method], "--threads", threads)
    seconds = finished([*command, "--out", str(tmp_path / "whole")])
    cut = [*command, "--out", str(tmp_path / "cut")]
    killed_and_resumed(cut, [*cut, "--resume"], moments(threads, seconds))
    assert digests(tmp_path / "cut" / "policy") == digests(tmp_path / "whole" / "policy")
