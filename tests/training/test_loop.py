import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file
from torch import nn

from shoprl.errors import ConfigError, RunError, StorageError
from shoprl.training.loop import CHECKPOINT, EVENTS, LOG, LoopConfig, Training, batch_of, rate_at, read_log

CONFIG = LoopConfig(updates=12, batch_size=3, learning_rate=0.05, warmup=3, checkpoint_every=4, log_every=2)


def line() -> nn.Module:
    """A tiny model with dropout, the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.3), nn.Linear(4, 1))


@dataclass
class Job:
    """Fits a line; stops by a KeyboardInterrupt before update ``stop``."""

    model: nn.Module
    stop: int | None = None
    made: int = 0

    def run(self, folder: Path, config: LoopConfig, count: int = 7) -> list[dict[str, Any]]:
        with Training(self.model, config, folder, "line", {"method": "line", "count": count}) as training:
            while not training.finished:
                if self.made == self.stop:
                    raise KeyboardInterrupt
                self.made += 1
                assert self.model.training
                batch = training.batch(count)
                x = torch.stack([batch.float(), batch.float() ** 2 / 10], dim=1)
                loss = ((self.model(x).squeeze(1) - batch.float()) ** 2).mean()
                training.step(loss, {"mean": float(batch.float().mean())})
        return training.log


def fit(folder: Path, config: LoopConfig = CONFIG, stop: int | None = None, count: int = 7) -> Job:
    job = Job(line(), stop)
    job.run(folder, config, count)
    return job


def weights(job: Job) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in job.model.state_dict().values()]


def same(first: Job, second: Job) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


@pytest.mark.parametrize(("size", "count"), [(4, 10), (3, 7), (10, 4), (5, 5), (1, 3)])
def test_every_example_comes_once_an_epoch(size: int, count: int) -> None:
    drawn = torch.cat([batch_of(update, size, count, 5) for update in range(60)]).tolist()
    for start in range(0, len(drawn) - count + 1, count):
        assert sorted(drawn[start : start + count]) == list(range(count))
    assert len({tuple(drawn[start : start + count]) for start in range(0, 60 * size - count, count)}) > 1


def test_a_batch_depends_on_the_update_alone() -> None:
    first = [batch_of(update, 4, 10, 0) for update in range(20)]
    torch.manual_seed(99)
    for update in reversed(range(20)):
        assert torch.equal(batch_of(update, 4, 10, 0), first[update])
    assert any(not torch.equal(batch_of(update, 4, 10, 1), first[update]) for update in range(3))


def test_rates_by_hand() -> None:
    config = LoopConfig(updates=110, batch_size=1, learning_rate=2.0, warmup=10)
    assert rate_at(0, config) == pytest.approx(0.2)
    assert rate_at(9, config) == pytest.approx(2.0)
    assert rate_at(10, config) == pytest.approx(2.0)
    assert rate_at(60, config) == pytest.approx(2.0 * 0.55)  # half way along the cosine
    assert rate_at(110, config) == pytest.approx(0.2)
    assert rate_at(0, replace(config, warmup=0)) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "name", ["updates", "batch_size", "learning_rate", "clip", "checkpoint_every", "log_every", "encoder_rate"]
)
@pytest.mark.parametrize("value", [0, -1])
def test_settings_are_checked(name: str, value: int) -> None:
    with pytest.raises(ConfigError, match=name):
        replace(CONFIG, **{name: value})


def test_it_learns_and_logs(tmp_path: Path) -> None:
    config = replace(CONFIG, updates=200, checkpoint_every=200)
    job = Job(line())
    rows = job.run(tmp_path, config)
    assert not job.model.training
    assert [row["update"] for row in rows] == list(range(2, 201, 2))
    assert set(rows[0]) == {"update", "learning_rate", "loss", "gradient_norm", "mean"}
    assert rows[-1]["loss"] < rows[0]["loss"] / 5
    assert read_log(tmp_path) == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, LOG, EVENTS]


def test_one_seed_one_result(tmp_path: Path) -> None:
    first, second = fit(tmp_path / "a"), fit(tmp_path / "b")
    assert same(first, second)
    stored = [load((tmp_path / name / CHECKPOINT).read_bytes()) for name in "ab"]
    assert all(torch.equal(stored[0][name], stored[1][name]) for name in stored[0])
    assert not same(first, fit(tmp_path / "c", replace(CONFIG, seed=1)))


def test_the_global_generator_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(123)
    before = torch.get_rng_state()
    fit(tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "cut", stop=5)
    assert torch.equal(torch.get_rng_state(), before)


class Pretrained(nn.Sequential):
    """:func:`line`, whose first layer is said to be pretrained."""

    def tuned_parameters(self) -> list[nn.Parameter]:
        return list(self[0].parameters())


def fit_pretrained(folder: Path, rate: float, updates: int = 12, stop: int | None = None) -> Job:
    config = replace(CONFIG, updates=updates, warmup=0, checkpoint_every=4, encoder_rate=rate)
    job = Job(Pretrained(*line()), stop)
    job.run(folder, config)
    return job


def test_pretrained_weights_learn_at_their_share_of_the_rate(tmp_path: Path) -> None:
    start, whole = [weight.clone() for weight in line().state_dict().values()], {}
    for rate in (1.0, 0.5):
        after = weights(fit_pretrained(tmp_path / str(rate), rate, updates=1))
        whole[rate] = [new - old for new, old in zip(after, start, strict=True)]
    for position, (full, half) in enumerate(zip(whole[1.0], whole[0.5], strict=True)):
        torch.testing.assert_close(half, full * (0.5 if position < 2 else 1.0), atol=1e-6, rtol=1e-4)
        assert full.abs().max() > 0.01
    assert same(fit_pretrained(tmp_path / "one", 1.0), fit(tmp_path / "plain", replace(CONFIG, warmup=0)))


def test_a_training_of_pretrained_weights_is_resumed_exactly(tmp_path: Path) -> None:
    whole = fit_pretrained(tmp_path / "whole", 0.3)
    with pytest.raises(KeyboardInterrupt):
        fit_pretrained(tmp_path / "cut", 0.3, stop=6)
    assert same(fit_pretrained(tmp_path / "cut", 0.3), whole)
    with pytest.raises(RunError, match="other settings"):
        fit_pretrained(tmp_path / "cut", 0.2)


@pytest.mark.parametrize("stop", [0, 1, 3, 4, 5, 8, 11])
def test_cut_off_and_resumed_equals_uninterrupted(tmp_path: Path, stop: int) -> None:
    whole = fit(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "cut", stop=stop)
    resumed = fit(tmp_path / "cut")
    assert resumed.made == 12 - stop // 4 * 4  # it went on from the last checkpoint
    assert same(resumed, whole)
    stored = [load((tmp_path / name / CHECKPOINT).read_bytes()) for name in ("cut", "whole")]
    assert stored[0].keys() == stored[1].keys()
    assert all(torch.equal(stored[0][name], stored[1][name]) for name in stored[0])
    assert read_log(tmp_path / "cut") == read_log(tmp_path / "whole")


def test_a_checkpoint_between_two_rows_of_the_log_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of log_every"):
        replace(CONFIG, checkpoint_every=3, log_every=2)


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    first = fit(tmp_path)
    second = fit(tmp_path)
    assert second.made == 0
    assert same(first, second)


@pytest.mark.parametrize("change", [{"learning_rate": 0.06}, {"updates": 13}, {"seed": 2}, {"batch_size": 2}])
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, change: dict[str, float]) -> None:
    fit(tmp_path)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(RunError, match="other settings"):
        fit(tmp_path, replace(CONFIG, **change))  # type: ignore[arg-type]
    with pytest.raises(RunError, match="other settings"):
        fit(tmp_path, count=8)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: b"", lambda data: b"x" * 100])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    fit(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match="not a checkpoint"):
        fit(tmp_path)


def test_a_full_disk_is_named_and_the_last_checkpoint_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, stop=5)
    before = {name: (tmp_path / name).read_bytes() for name in (CHECKPOINT, LOG)}
    with monkeypatch.context() as patch:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            fit(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in (CHECKPOINT, LOG)} == before
    assert same(fit(tmp_path), fit(tmp_path / "whole"))


def test_the_log_is_json_lines(tmp_path: Path) -> None:
    fit(tmp_path)
    rows = [json.loads(text) for text in (tmp_path / LOG).read_text().splitlines()]
    assert [row["update"] for row in rows] == [2, 4, 6, 8, 10, 12]
    assert rows[0]["learning_rate"] == pytest.approx(rate_at(1, CONFIG))  # of the second update


def test_the_log_is_written_for_tensorboard_too(tmp_path: Path) -> None:
    fit(tmp_path)
    fit(tmp_path)  # a second time: nothing is left to do, nothing stands there twice
    events = list((tmp_path / EVENTS).iterdir())
    assert len(events) == 1
    assert b"gradient_norm" in events[0].read_bytes()


def test_a_checkpoint_without_finite_numbers_is_refused(tmp_path: Path) -> None:
    fit(tmp_path)
    path = tmp_path / CHECKPOINT
    with safe_open(str(path), framework="pt") as stored:
        metadata = stored.metadata()
    tensors = load(path.read_bytes())
    name = next(name for name in tensors if name.endswith("exp_avg"))
    tensors[name].fill_(float("nan"))
    save_file(tensors, path, metadata)
    with pytest.raises(RunError, match=f"tensor '{name}' holds NaN or infinity\\. Delete it"):
        fit(tmp_path)


@pytest.mark.parametrize("change", ["another shape", "no weights", "no update"])
def test_a_checkpoint_that_does_not_fit_the_model_is_refused(tmp_path: Path, change: str) -> None:
    fit(tmp_path)
    path = tmp_path / CHECKPOINT
    with safe_open(str(path), framework="pt") as stored:
        metadata = stored.metadata()
    tensors = load(path.read_bytes())
    if change == "another shape":
        tensors["model.0.weight"] = torch.zeros(3, 3)
    elif change == "no weights":
        tensors = {"x": torch.zeros(1)}
    else:
        metadata["update"] = "many"
    save_file(tensors, path, metadata)
    with pytest.raises(RunError, match="not a checkpoint of this training"):
        fit(tmp_path)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_training_that_diverges_is_named_and_its_checkpoint_stays(tmp_path: Path, loss: float) -> None:
    with (
        Training(line(), CONFIG, tmp_path, "line", {}) as training,
        pytest.raises(RunError, match=r"update 1: diverged \(loss (nan|inf).*smaller `learning_rate`"),
    ):
        training.step(training.model(torch.ones(1, 2)).sum() * loss, {})
    assert training.update == 0
    assert not (tmp_path / CHECKPOINT).exists()
