import json
from functools import partial
from pathlib import Path

import pytest
from transformers import BertConfig

from shoprl.policies.networks.backbone import OFFICIAL_SHA256, load_backbone
from tests.support.cli import Call
from tests.support.toyshop import write_toy_folder


@pytest.mark.parametrize("what", [("env", "--passes", 1), ("search",)])
def test_figures_stand_beside_their_targets(call: Call, toy_folder: Path, what: tuple[object, ...]) -> None:
    answer = call("bench", *what, "--data", toy_folder, "--json")
    row = answer.json()
    assert answer.code == 0
    assert row["targets"].keys() <= row.keys()
    assert row["machine"]["cores"]
    assert row["hashes"]["catalog"]
    text = call("bench", *what, "--data", toy_folder)
    assert ">=" in text.out or "<=" in text.out


def test_the_data_is_what_the_variable_names(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPRL_DATA", str(toy_folder))
    assert call("bench", "search", "--json").json()["products"] == 12


def test_an_update_is_measured(call: Call, tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "toy")
    assert call("catalog", "build", "--data", tmp_path / "toy", "--out", tmp_path / "shop").code == 0
    row = call("bench", "update", "--data", tmp_path / "shop", "--rows", 4, "--json").json()
    assert (row["products"], row["rows"], row["targets"]) == (12, 4, {"update_seconds": "< 10"})
    refused = call("bench", "update", "--data", tmp_path / "shop", "--rows", 7)
    assert (refused.code, "--rows 7: must be at most half of the 12 products" in refused.err) == (2, True)


@pytest.mark.slow
def test_sizes_are_measured_once(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.bench.process.WORKERS", 2)
    arguments = ("bench", "scale", "--out", tmp_path, "--sizes", 120, "--json")
    row = call(*arguments).json()["rows"][0]
    assert row["products"] == 120
    assert row["store_mb"] > row["index_mb"] > 0
    stored = tmp_path / "120-0" / "row.json"
    stored.write_text(json.dumps(row | {"build_seconds": 123.0}))
    assert call(*arguments).json()["rows"][0]["build_seconds"] == 123.0
    assert (tmp_path / "scaling.png").is_file()


def test_imports_are_measured(call: Call, tmp_path: Path) -> None:
    row = call("bench", "import", "--out", tmp_path, "--sizes", 120, "--json").json()["rows"][0]
    assert row["rows"] == 120
    assert row["rows_per_second"] == pytest.approx(120 / row["import_seconds"], rel=0.1)
    assert row["shop_mb"] > 0 < row["import_peak_mb"]


def test_learners_are_measured(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.fakes import FakeBackbone

    monkeypatch.setattr("shoprl.bench.learn.load_backbone", FakeBackbone)
    row = call("bench", "learn", "--data", toy_folder, "--updates", 16, "--threads", 1, "--json").json()
    assert set(row["seconds_per_update"]) == {"imitation", "dpo", "policy_gradient", "ppo"}
    assert row["decisions_per_second"] > 0


def test_the_big_network_is_measured(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    monkeypatch.setattr("shoprl.bench.learn.load_backbone", load_backbone)  # the real one
    monkeypatch.setattr("shoprl.policies.networks.backbone.OFFICIAL_SHA256", OFFICIAL_SHA256)
    monkeypatch.setattr("shoprl.bench.learn.BertConfig", partial(BertConfig, **small))
    files = ("--data", toy_folder, "--method", "bi-attention", "--device", "cpu", "--threads", 1)
    answer = call("bench", "learn", *files, "--updates", 2, "--json")
    assert answer.code == 0, answer.err
    row = answer.json()
    assert row["seconds"] > 0
    assert row["seconds_per_update"] == pytest.approx(row["seconds"] / 2, abs=0.01)
    assert (row["updates"], row["episodes"], row["device"], row["precision"]) == (2, 2, "cpu", "float32")
    assert 30_000 * 16 < row["parameters"] < 2 * 30_000 * 16  # the vocabulary is the real one


def test_two_trainings_stand_beside_one(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shoprl.bench.together import TogetherFigures

    figures = TogetherFigures(25.0, 12.5, 2.0, "OMP_WAIT_POLICY=PASSIVE", 48, 16, 2)
    monkeypatch.setattr("shoprl.bench.together.bench_together", lambda *about: figures)
    given = ("bench", "learn", "--method", "together", "--data", toy_folder, "--device", "cpu")
    row = call(*given, "--json").json()
    assert (row["slowdown"], row["waiting"], row["targets"]) == (2.0, figures.waiting, {"slowdown": "< 3"})
    assert "updates_per_second_together" in call(*given).out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("env", "--passes", 0), "--passes 0"),
        (("env", "--golden", "/nowhere"), "no such f"),
        (("startup", "--data", "/nowhere"), "no such f"),
        (("scale", "--sizes", 5), "--sizes"),
        (("learn", "--updates", 5), "--updates 5: must be a multiple of 16"),
        (("learn", "--method", "bi-attention", "--updates", 0), "must be from 1 to"),
    ],
)
def test_bad_options(call: Call, tmp_path: Path, arguments: tuple[object, ...], what: str) -> None:
    more = ("--out", tmp_path / "out") if arguments[0] == "scale" else ()
    answer = call("bench", *arguments, *more)
    assert answer.code == 2
    assert what in answer.err
