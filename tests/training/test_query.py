import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import T5Config, T5ForConditionalGeneration

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.queries import word_report
from shoprl.policies.query.data import Typed
from shoprl.policies.query.policy import QueryPolicy
from shoprl.policies.query.seq2seq import Seq2Seq
from shoprl.tasks.instruction import parse_instruction
from shoprl.training import loop
from shoprl.training.loop import LoopConfig
from shoprl.training.query import (
    ExtractiveTraining,
    Seq2SeqTraining,
    Untied,
    extractive_loss,
    train_extractive,
    train_seq2seq,
)
from tests.support.fakequery import fake_extractive, find_me, picky, tiny_bart, tiny_tokenizer

SHORT = LoopConfig(updates=8, batch_size=4, learning_rate=1e-3, warmup=2, checkpoint_every=3, log_every=1)
Train = Callable[..., list[dict[str, Any]]]
MODELS = [(fake_extractive, train_extractive, picky()), (tiny_bart, train_seq2seq, find_me())]


def same(first: Any, second: Any) -> bool:
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_extractive_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [math.log(3.0), 0.0]], requires_grad=True)
    shares, mask = torch.tensor([[1.0, 0.5], [0.0, 0.0]]), torch.tensor([[True, True], [True, False]])
    loss = extractive_loss(logits, shares, mask)
    half = 0.5 * math.log(4 / 3) + 0.5 * math.log(4)  # mean over a query with the word and one without
    assert loss.tolist() == pytest.approx([(math.log(2) + half) / 2, math.log(4)])
    loss.sum().backward()
    assert logits.grad is not None
    assert logits.grad.flatten().tolist() == pytest.approx([(0.5 - 1) / 2, (0.75 - 0.5) / 2, 0.75, 0.0])


def test_seq2seq_loss_by_hand(tmp_path: Path) -> None:
    writer, data = tiny_bart(), [Typed("find me red mug", ("red mug", "mug"))]
    encoded = writer.inputs(["find me red mug"] * 2)
    start, pad = 2, 1  # BART starts with the end token
    ids = torch.tensor([writer.tokenizer("red mug")["input_ids"], [*writer.tokenizer("mug")["input_ids"], pad]])
    shifted = torch.cat([torch.full((2, 1), start), ids[:, :-1]], dim=1)
    with torch.inference_mode():
        logits = writer.model(**encoded, decoder_input_ids=shifted).logits
    chances = functional.log_softmax(logits, dim=-1).gather(2, ids[:, :, None]).squeeze(2)
    expected = -(chances.sum() - chances[1, -1]) / 7  # one of the eight is padding
    rows = train_seq2seq(writer, data, replace(SHORT, updates=1, batch_size=2), tmp_path)
    assert rows[0]["loss"] == pytest.approx(float(expected), rel=1e-5)
    right = (logits.argmax(dim=-1) == ids)[ids != pad].float().mean()
    assert rows[0]["accuracy"] == pytest.approx(float(right))


def test_extractive_learns_which_words_are_typed(tmp_path: Path) -> None:
    data, writer = picky(), fake_extractive()
    held = [typed for i, typed in enumerate(data) if i % 6 in (0, 3)]
    shown = [typed for typed in data if typed not in held]
    before = word_report(QueryPolicy(fake_extractive()), held).query
    config = ExtractiveTraining(updates=120, batch_size=16, learning_rate=5e-3, warmup=10)
    rows = train_extractive(writer, shown, config, tmp_path)
    assert rows[-1]["loss"] < 0.2 * rows[0]["loss"]
    assert rows[-1]["f1"] > 0.95
    after = word_report(QueryPolicy(writer), held).query
    assert after["exact"].value >= 0.9 > 0.5 > before["exact"].value
    policy = QueryPolicy(writer)
    assert policy.queries(parse_instruction("hello i want a Black Kettle"), 1) == ("Black Kettle",)
    assert policy.queries(parse_instruction("hello i want any black kettle"), 1) == ("kettle",)


def test_seq2seq_learns_to_write_what_comes_after_find_me(tmp_path: Path) -> None:
    data, writer = find_me(), tiny_bart()
    never = {"red mug", "green chair", "white lamp", "pink clock"}
    held, shown = ([typed for typed in data if (typed.queries[0] in never) is apart] for apart in (True, False))
    config = Seq2SeqTraining(updates=150, batch_size=16, learning_rate=5e-3, warmup=10)
    rows = train_seq2seq(writer, shown, config, tmp_path)
    assert rows[-1]["loss"] < 0.1 * rows[0]["loss"]
    assert rows[-1]["accuracy"] > 0.95
    report = word_report(QueryPolicy(writer), held)
    assert report.query["exact"].value >= 0.9 > 0.1 > report.wish["exact"].value
    assert QueryPolicy(writer).queries(parse_instruction(held[0].instruction), 1) == ("red mug",)


@pytest.mark.parametrize(("make", "train", "data"), MODELS)
def test_one_seed_one_result(make: Any, train: Train, data: list[Typed], tmp_path: Path) -> None:
    before = torch.get_rng_state()
    writers = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        writer = make(dropout=0.3)
        train(writer, data, replace(SHORT, seed=seed), tmp_path / name)
        writers.append(writer)
    assert same(writers[0], writers[1])
    assert not same(writers[0], writers[2])
    assert not same(writers[0], make())  # it was trained at all
    assert torch.equal(torch.get_rng_state(), before)
    assert loop.read_log(tmp_path / "a") == loop.read_log(tmp_path / "b")


@pytest.mark.parametrize("stop", [1, 4, 7])
@pytest.mark.parametrize(("make", "train", "data"), MODELS)
def test_cut_off_and_resumed_equals_uninterrupted(
    make: Any, train: Train, data: list[Typed], stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(dropout=0.3)
    train(whole, data, SHORT, tmp_path / "whole")
    batch_of = loop.batch_of

    def interrupted(update: int, size: int, count: int, seed: int) -> torch.Tensor:
        if update == stop:
            raise KeyboardInterrupt
        return batch_of(update, size, count, seed)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "batch_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(make(dropout=0.3), data, SHORT, tmp_path / "cut")
    resumed = make(dropout=0.3)
    rows = train(resumed, data, SHORT, tmp_path / "cut")
    assert same(resumed, whole)
    assert rows == loop.read_log(tmp_path / "whole")


@pytest.mark.parametrize(("make", "train", "data"), MODELS)
def test_a_checkpoint_of_another_training_is_refused(
    make: Any, train: Train, data: list[Typed], tmp_path: Path
) -> None:
    train(make(), data, SHORT, tmp_path)
    others = (
        (make(seed=1), data, SHORT),
        (make(), [replace(data[0], queries=("other",) * len(data[0].queries)), *data[1:]], SHORT),
        (make(), data, replace(SHORT, seed=3)),
    )
    for writer, shown, config in others:
        with pytest.raises(RunError, match="other settings"):
            train(writer, shown, config, tmp_path)


@pytest.mark.parametrize(
    ("make", "train", "data"),
    [(*MODELS[0][:2], [Typed("of the", ("mug",))]), (*MODELS[0][:2], []), (*MODELS[1][:2], [])],
)
def test_nothing_to_learn_from(make: Any, train: Train, data: list[Typed], tmp_path: Path) -> None:
    with pytest.raises(TrajectoryError, match="nothing to learn from"):
        train(make(), data, SHORT, tmp_path)
    assert not list(tmp_path.iterdir())


def test_tied_weights_are_stored_once() -> None:
    model = tiny_bart().model
    untied = Untied(model)
    stored = {name: tensor.clone() for name, tensor in untied.state_dict().items()}
    assert len(stored) < len(model.state_dict())
    other = tiny_bart(seed=1)
    Untied(other.model).load_state_dict(stored)
    assert same(other, tiny_bart())
    assert other.model.lm_head.weight.data_ptr() == other.model.model.shared.weight.data_ptr()


def test_another_kind_of_encoder_decoder(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "vocab_size": len(tokenizer) + 6}
    ids = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        writer = Seq2Seq(T5ForConditionalGeneration(T5Config(**sizes, **ids)), tokenizer)
    rows = train_seq2seq(writer, find_me(), replace(SHORT, updates=40, learning_rate=1e-2), tmp_path)
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert QueryPolicy(writer).queries(parse_instruction("find me red mug"), 3)
