"""The training loop of all learners: optimiser steps, checkpoints and a log.

The batch, the dropout and the learning rate of an update are functions of (seed, number of the update), so that a
resumed run makes the same updates as an uninterrupted one. In distributed training
(:mod:`shoprl.training.processes`), each process takes an equal share of the batch, and gradients are averaged.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import torch
from safetensors.torch import save
from torch import nn

from shoprl.errors import ConfigError, RunError
from shoprl.files import content_hash, write_bytes, write_json_lines
from shoprl.policies.networks.encoder import Encodings
from shoprl.policies.networks.weights import read_tensors
from shoprl.progress import bar
from shoprl.reading import read_json_lines
from shoprl.settings import Count, NotNegative, Positive, Range, Seed, Settings, Size, Whole
from shoprl.training.encodings import CHECKPOINT, EncodingJournal
from shoprl.training.processes import SEEDS, team_on

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

LOG = "log.jsonl"
EVENTS = "tensorboard"
Rate = Annotated[float, Range(0, 1e3, above=True)]
LogRow = dict[str, float]  # ``update``, which is a whole number, and the means of metrics


@dataclass(frozen=True)
class LoopConfig(Settings):
    """Settings of a training loop.

    Attributes:
        updates: number of updates.
        batch_size: examples per update, over all processes.
        learning_rate: peak; rises linearly over ``warmup`` updates, then falls to a tenth along a cosine.
        warmup: updates until the peak.
        weight_decay: AdamW's.
        clip: maximum norm of the gradient.
        seed: of batches and dropout.
        checkpoint_every: updates between checkpoints.
        log_every: updates between rows of the log, each a mean since the one before.
        encoder_rate: factor on the learning rate of the choice network's tuned pretrained layers.
    """

    updates: Count
    batch_size: Size
    learning_rate: Rate
    warmup: Whole = 50
    weight_decay: NotNegative = 0.01
    clip: Positive = 1.0
    seed: Seed = 0
    checkpoint_every: Count = 200
    log_every: Count = 10
    encoder_rate: Rate = 0.1

    @property
    def all_updates(self) -> int:
        """Number of updates of the whole training."""
        return self.updates

    @property
    def episodes(self) -> int:
        """Number of episodes run in training."""
        return 0

    @property
    def generated(self) -> int:
        """Number of trajectories generated in training."""
        return 0

    def seeded(self, seed: int) -> Self:
        """A copy with another seed."""
        return replace(self, seed=seed)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.checkpoint_every % self.log_every:
            raise ConfigError("checkpoint_every must be a multiple of log_every, so that a resumed log is complete.")


def batch_of(update: int, size: int, count: int, seed: int) -> torch.Tensor:
    """Indices of the examples of an update: each example once per epoch, in an order shuffled per epoch.

    Args:
        update: number of the update, from 0.
        size: examples per update.
        count: number of examples.
        seed: of the order.

    Returns:
        Shape (size,).
    """
    first = update * size
    orders: dict[int, torch.Tensor] = {}
    picked = []
    for position in range(first, first + size):
        epoch = position // count
        if epoch not in orders:
            orders[epoch] = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
        picked.append(int(orders[epoch][position % count]))
    return torch.tensor(picked)


def rate_at(update: int, config: LoopConfig) -> float:
    """Learning rate of an update."""
    if update < config.warmup:
        return config.learning_rate * (update + 1) / config.warmup
    progress = (update - config.warmup) / max(1, config.updates - config.warmup)
    return config.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress)))


class Training:
    """Makes the updates of one training, from the last checkpoint in its folder if there is one.

    A context manager: inside it, the model is in training mode and the global random generator, which dropout uses, is
    seeded per update; at the end, the generator is restored and the model is in evaluation mode. A learner computes a
    loss and calls :meth:`step`, until :attr:`finished`::

        with Training(model, config, folder, "imitation", identity) as training:
            while not training.finished:
                batch = training.batch(len(data))
                ...
                training.step(loss, {"accuracy": accuracy})

    A loss may depend only on the number of its update and the weights, so that a resumed training makes the same
    updates.

    Args:
        model: trained in place.
        config: settings.
        folder: for ``checkpoint.safetensors``, ``log.jsonl`` and TensorBoard's events, written by the first process.
        label: of the progress bar.
        identity: JSON that defines the training (data, initial weights, loss); checkpoints of another are refused.
        store: token states that the policy adds to as it meets new texts; a resumed training encodes the texts of its
            checkpoint in the same batches first. What is encoded before the training must be the same in every start.

    Attributes:
        update: number of updates made.
        log: rows of ``update``, ``learning_rate``, and the means since the row before of ``loss``, ``gradient_norm``
            and the metrics given to :meth:`step`.
        team: the processes of the training.

    Raises:
        RunError: the checkpoint belongs to other settings or data, or the training diverged.
        StorageError: a checkpoint cannot be written.
    """

    def __init__(
        self,
        model: nn.Module,
        config: LoopConfig,
        folder: Path,
        label: str,
        identity: Mapping[str, object],
        store: Encodings | None = None,
    ) -> None:
        self.model, self.config, self.folder = model, config, folder
        self.team = team_on(next(model.parameters()).device)
        self._fingerprint = content_hash({"config": vars(config), **identity})
        # Pretrained weights have a learning rate of their own.
        tuned: list[nn.Parameter] = getattr(model, "tuned_parameters", list)()
        slow = {id(weight) for weight in tuned}
        groups = [{"params": [weight for weight in model.parameters() if id(weight) not in slow], "rate": 1.0}]
        groups += [{"params": tuned, "rate": config.encoder_rate}] if tuned else []
        self._optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
        self._journal = EncodingJournal(store, folder, self.team.number)
        self.update = self._restore()
        path = folder / LOG  # rows after the checkpoint are logged again
        rows = read_log(folder) if self.update and path.is_file() else []
        self.log: list[LogRow] = [row for row in rows if row["update"] <= self.update]
        self._recent: list[LogRow] = []
        self._label = label

    @property
    def finished(self) -> bool:
        """Whether all updates were made."""
        return self.update >= self.config.updates

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._bar = self._open.enter_context(bar(self.config.updates, self._label, "update"))
        self._bar.update(self.update)
        cuda = [self.team.device] if self.team.device.type == "cuda" else []
        self._open.enter_context(torch.random.fork_rng(devices=cuda))
        self._events = self._open.enter_context(_events(self.folder / EVENTS, self.log)) if self.team.first else None
        self._prepare_update()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self.model.eval()

    def _prepare_update(self) -> None:
        torch.manual_seed(self.config.seed * 1_000_003 + self.update + self.team.number * SEEDS)  # of dropout
        self.model.train()

    def batch(self, count: int) -> torch.Tensor:
        """Indices of this process's share of the update's examples.

        Args:
            count: number of examples.

        Returns:
            Shape (batch_size / processes,).
        """
        config = self.config
        return self.team.share(batch_of(self.update, config.batch_size, count, config.seed))

    def step(self, loss: torch.Tensor, metrics: Mapping[str, float], weight: float = 1.0) -> None:
        """Make an update: differentiate, clip and step; write the log and a checkpoint when they are due.

        Args:
            loss: a mean over this process's share.
            metrics: other means over the share, to be logged.
            weight: of this share in the mean over all processes, if shares differ.
        """
        config = self.config
        rate = rate_at(self.update, config)
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        self._optimizer.zero_grad(set_to_none=True)
        mean, metrics = self._differentiate(loss, metrics, weight)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        if not (math.isfinite(mean) and math.isfinite(norm)):
            raise RunError(
                f"{self.folder}: update {self.update + 1}: diverged (loss {mean}, gradient {float(norm):g}). "
                "Start it again in another folder with a smaller `learning_rate`."
            )
        self._optimizer.step()
        self.update += 1
        self._recent.append({"loss": mean, "gradient_norm": float(norm), **metrics})
        if self.update % config.log_every == 0 or self.finished:
            means = {name: sum(row[name] for row in self._recent) / len(self._recent) for name in self._recent[0]}
            self.log.append({"update": self.update, "learning_rate": rate, **means})
            if self._events is not None:
                _add(self._events, self.log[-1])
            self._bar.set_postfix_str(f"loss {means['loss']:.3f}", refresh=False)
            self._recent = []
        if self.update % config.checkpoint_every == 0 or self.finished:
            self._checkpoint()
        self._bar.update()
        if not self.finished:
            self._prepare_update()

    def _differentiate(
        self, loss: torch.Tensor, metrics: Mapping[str, float], weight: float
    ) -> tuple[float, Mapping[str, float]]:
        """Compute the gradient of the loss's mean over processes; return the means of loss and metrics."""
        team = self.team
        if team.count == 1:
            loss.backward()
            return float(loss.detach()), metrics
        part = weight / float(team.mean(torch.tensor(float(weight))))
        (part * loss).backward()
        for parameter in self.model.parameters():
            if parameter.grad is not None:  # the same in all processes: which are used does not depend on the batch
                parameter.grad = team.mean(parameter.grad)
        mean, *means = team.mean(part * torch.tensor([float(loss.detach()), *metrics.values()])).tolist()
        return mean, dict(zip(metrics, means, strict=True))

    def _checkpoint(self) -> None:
        """Write what was encoded, the log and the weights; the weights last, since they make it a checkpoint."""
        encoded = self._journal.write(self.update)
        self.team.wait()  # for the other processes' journals
        if self.team.first:
            write_json_lines(self.folder / LOG, self.log)
            self._save(encoded)
        self.team.wait()

    def _save(self, encoded: str) -> None:
        """Write the weights and AdamW's state under flat names, and the digest of what was encoded."""
        tensors = {f"model.{name}": tensor.contiguous() for name, tensor in self.model.state_dict().items()}
        for index, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value.contiguous() for name, value in state.items()}
        metadata = {"update": str(self.update), "fingerprint": self._fingerprint, "encoded": encoded}
        write_bytes(self.folder / CHECKPOINT, save(tensors, metadata))

    def _restore(self) -> int:
        """Load the checkpoint if there is one; return its number of updates."""
        path = self.folder / CHECKPOINT
        if not path.is_file():
            self._journal.restore(0, None)
            return 0
        tensors, metadata = read_tensors(path, RunError, "a checkpoint", "Delete it to start this training again.")
        if metadata.get("fingerprint") != self._fingerprint:
            raise RunError(f"{path}: made with other settings or data. Use another folder, or delete this one.")
        state: dict[int, dict[str, torch.Tensor]] = {}
        try:
            self.model.load_state_dict({name[6:]: t for name, t in tensors.items() if name.startswith("model.")})
            for name, tensor in tensors.items():
                if name.startswith("optimizer."):
                    _, index, key = name.split(".")
                    state.setdefault(int(index), {})[key] = tensor
            groups = self._optimizer.state_dict()["param_groups"]
            self._optimizer.load_state_dict({"state": state, "param_groups": groups})
            update = int(metadata["update"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise RunError(
                f"{path}: not a checkpoint of this training ({str(error).splitlines()[0]}). "
                "Delete it to start this training again."
            ) from error
        # A checkpoint knows the first process's encodings only, and one of an older version none.
        self._journal.restore(update, metadata.get("encoded") if self.team.first else None)
        return update


def weights_digest(model: nn.Module) -> str:
    """Digest of a model's weights, computed without copying them; weights may be tied."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _events(folder: Path, log: Sequence[LogRow]) -> "Iterator[SummaryWriter]":
    """A writer of TensorBoard events that starts with the rows of a log and replaces older files."""
    from tensorboardX import SummaryWriter

    for old in folder.glob("events.out.*"):
        old.unlink()
    writer = SummaryWriter(str(folder), flush_secs=10)
    for row in log:
        _add(writer, row)
    try:
        yield writer
    finally:
        with suppress(OSError):  # a full disk is reported when the log and the checkpoint are written
            writer.close()


def _add(writer: "SummaryWriter", row: LogRow) -> None:
    for name, value in row.items():
        if name != "update":
            writer.add_scalar(name, value, row["update"])


def read_log(folder: Path) -> list[LogRow]:
    """The rows of a training's log."""
    return [row for _, row in read_json_lines(folder / LOG, RunError)]
