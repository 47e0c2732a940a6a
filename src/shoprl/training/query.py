"""Training of query models on the queries that people typed (WebShop's search imitation, arXiv 2207.01206).

The extractive model learns, for each word of an instruction, the share of its queries that hold the word. The
sequence-to-sequence model learns to generate each of the queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from shoprl.errors import TrajectoryError
from shoprl.files import content_hash
from shoprl.policies.learned import mixed
from shoprl.policies.query.data import Typed
from shoprl.policies.query.extractive import Extractive, mark
from shoprl.policies.query.seq2seq import IGNORED, Seq2Seq
from shoprl.progress import track
from shoprl.settings import Count, Size
from shoprl.tasks.instruction import parse_instruction
from shoprl.training.loop import LogRow, LoopConfig, Rate, Training, weights_digest


@dataclass(frozen=True)
class ExtractiveTraining(LoopConfig):
    """Settings of the extractive model's training; an example is an instruction. See ``LoopConfig``."""

    updates: Count = 400
    batch_size: Size = 32
    learning_rate: Rate = 5e-4


@dataclass(frozen=True)
class Seq2SeqTraining(LoopConfig):
    """Settings of the sequence-to-sequence model's training; an example is a pair. See ``LoopConfig``.

    Batch size, peak learning rate, warm-up and weight decay are WebShop's; the number of updates is that of the
    checkpoint that WebShop uses.
    """

    updates: Count = 800
    batch_size: Size = 4
    learning_rate: Rate = 5e-5


class Untied(nn.Module):
    """A model whose state dict holds tied weights once, as safetensors requires.

    Args:
        model: any model.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:  # type: ignore[override]
        """Weights by name; tied weights under their first name only."""
        first: dict[int, str] = {}
        weights = self.model.state_dict()
        return {name: tensor for name, tensor in weights.items() if first.setdefault(tensor.data_ptr(), name) == name}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load what :meth:`state_dict` gives; tied weights follow."""
        return self.model.load_state_dict(state_dict, strict=False, assign=assign)


def extractive_loss(logits: torch.Tensor, shares: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Binary cross entropy of each word's share, mean over the words of an instruction.

    It equals the mean, over the instruction's queries, of the loss for whether the query holds the word.

    Args:
        logits: shape (instructions, words).
        shares: share of the queries that hold the word, shape (instructions, words).
        mask: which words are real, shape (instructions, words).

    Returns:
        Shape (instructions,).
    """
    loss = functional.binary_cross_entropy_with_logits(logits, shares, reduction="none") * mask
    return loss.sum(dim=-1) / mask.sum(dim=-1)


def _padded(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return nn.utils.rnn.pad_sequence(list(parts), batch_first=True)


def train_extractive(
    writer: Extractive, data: Sequence[Typed], config: LoopConfig, folder: Path, label: str = "extractive"
) -> list[LogRow]:
    """Train an extractive model in place, resuming from a checkpoint in ``folder`` if there is one.

    Args:
        writer: the model with its frozen backbone.
        data: instructions with the queries typed for them; those without a search term are left out.
        config: see :class:`ExtractiveTraining`.
        folder: for the checkpoint and the log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss``, ``gradient_norm`` and ``f1`` (of the words with a
        probability above 0.5 against those in at least half of the queries, over the batch, with dropout).

    Raises:
        TrajectoryError: no instruction has a search term.
        RunError, StorageError: see :class:`shoprl.training.loop.Training`.
    """
    marked = [mark(typed, writer.backbone) for typed in track(data, "encoding instructions", unit="instruction")]
    marked = [each for each in marked if len(each.shares)]
    if not marked:
        raise TrajectoryError("No instruction has a search term: there is nothing to learn from.")

    identity = {"method": "extractive", "start": weights_digest(writer.model), "data": _data_hash(data)}
    with Training(writer.model, config, folder, label, identity) as training:
        while not training.finished:
            rows = [marked[i] for i in training.batch(len(marked)).tolist()]
            states, shares = _padded([row.states for row in rows]), _padded([row.shares for row in rows])
            sizes = torch.tensor([len(row.shares) for row in rows])
            mask = torch.arange(int(sizes.max()))[None, :] < sizes[:, None]
            with mixed(training.team.device):
                logits = writer.logits(states, mask)
            kept, wanted = (logits.detach() > 0) & mask, (shares >= 0.5) & mask
            f1 = 2 * float((kept & wanted).sum()) / max(1.0, float(kept.sum() + wanted.sum()))
            training.step(extractive_loss(logits, shares, mask).mean(), {"f1": f1})
    return training.log


def _data_hash(data: Sequence[Typed]) -> str:
    return content_hash([[typed.instruction, typed.queries] for typed in data])


def train_seq2seq(
    writer: Seq2Seq, data: Sequence[Typed], config: LoopConfig, folder: Path, label: str = "seq2seq"
) -> list[LogRow]:
    """Fine-tune an encoder-decoder in place, resuming from a checkpoint in ``folder`` if there is one.

    Args:
        writer: the model with its tokenizer.
        data: instructions with the queries typed for them; each query is an example.
        config: see :class:`Seq2SeqTraining`.
        folder: for the checkpoint and the log.
        label: of the progress bar.

    Returns:
        Log rows: ``update``, ``learning_rate``, ``loss`` (cross entropy, mean over the target tokens),
        ``gradient_norm`` and ``accuracy`` (share of target tokens that are the most likely ones given the target tokens
        before, with dropout).

    Raises:
        TrajectoryError: there is no pair.
        RunError, StorageError: see :class:`shoprl.training.loop.Training`.
    """
    pairs = [(parse_instruction(each.instruction).wish, query) for each in data for query in each.queries]
    if not pairs:
        raise TrajectoryError("There is no pair of an instruction and a query: there is nothing to learn from.")

    model = Untied(writer.model)
    identity = {"method": "seq2seq", "start": weights_digest(model), "data": _data_hash(data)}
    with Training(model, config, folder, label, identity) as training:
        while not training.finished:
            instructions, queries = zip(*(pairs[i] for i in training.batch(len(pairs)).tolist()), strict=True)
            labels = writer.labels(queries)
            with mixed(training.team.device):
                output = writer.model(**writer.inputs(instructions), labels=labels)
            right = (output.logits.detach().argmax(dim=-1) == labels)[labels != IGNORED]
            training.step(output.loss, {"accuracy": float(right.float().mean())}, len(right))
    return training.log
