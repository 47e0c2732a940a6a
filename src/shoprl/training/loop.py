"""What all learners share: updates that depend on their number alone, checkpoints, and a log.

The batch, the dropout and the learning rate of an update are functions of (seed, number of the update), so that a run
that was killed and resumed makes the same updates as one that was not. Where several processes train together
(:mod:`shoprl.training.processes`), each takes an equal share of the batch, and gradients are averaged.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from shoprl.errors import ConfigError, RunError
from shoprl.files import content_hash, read_json_lines, write_bytes, write_json_lines
from shoprl.policies.learned import mixed
from shoprl.progress import bar
from shoprl.training.processes import SEEDS, Team, device_of, team_on

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"
EVENTS = "tensorboard"


class Loss(NamedTuple):
    """The loss of an update, or of a process's share of it.

    Attributes:
        mean: over what it is the loss of.
        metrics: what else to log, means over the same.
        weight: over how much they are means, where that differs from share to share.
    """

    mean: torch.Tensor
    metrics: dict[str, float]
    weight: float = 1.0


@dataclass(frozen=True)
class LoopConfig:
    """How to make updates.

    Attributes:
        updates: how many.
        batch_size: examples an update; of several processes together.
        learning_rate: peak; it rises over ``warmup`` updates and falls to a tenth along a cosine.
        warmup: updates until the peak.
        weight_decay: AdamW's.
        clip: largest norm of the gradient.
        seed: of batches and dropout.
        checkpoint_every: updates between checkpoints.
        log_every: updates between rows of the log, each the mean since the last one.
        encoder_rate: pretrained layers that the fast head tunes learn at so many times the rate.
    """

    updates: int
    batch_size: int
    learning_rate: float
    warmup: int = 50
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0
    checkpoint_every: int = 200
    log_every: int = 10
    encoder_rate: float = 0.1

    def __post_init__(self) -> None:
        for name in ("updates", "batch_size", "learning_rate", "clip", "checkpoint_every", "log_every", "encoder_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} {getattr(self, name)}: must be above 0.")
        if self.checkpoint_every % self.log_every:
            raise ConfigError("checkpoint_every must be a multiple of log_every, so that a resumed log is whole.")


def batch_of(update: int, size: int, count: int, seed: int) -> torch.Tensor:
    """Indices of the examples of an update: every example once an epoch, in an order drawn for each epoch.

    Args:
        update: number of the update, from 0.
        size: examples an update.
        count: examples in all.
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


def _groups(model: nn.Module, config: LoopConfig) -> list[dict[str, Any]]:
    """The weights, and apart those that the model's ``tuned_parameters`` names, with their shares of the rate."""
    tuned: list[nn.Parameter] = getattr(model, "tuned_parameters", list)()
    slow = {id(weight) for weight in tuned}
    rest = [weight for weight in model.parameters() if id(weight) not in slow]
    return [{"params": rest, "rate": 1.0}, *([{"params": tuned, "rate": config.encoder_rate}] if tuned else [])]


def _tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Weights and AdamW's moments under flat names."""
    tensors = {f"model.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value.contiguous() for name, value in state.items()}
    return tensors


def _save(folder: Path, update: int, fingerprint: str, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    metadata = {"update": str(update), "fingerprint": fingerprint}
    write_bytes(folder / CHECKPOINT, save(_tensors(model, optimizer), metadata))


def _restore(folder: Path, fingerprint: str, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load a checkpoint where there is one; the number of updates it has seen."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return 0
    try:
        with safe_open(str(path), framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  (not a mapping)
    except SafetensorError as error:
        raise RunError(f"{path}: not a checkpoint ({error}). Delete it to start this training again.") from error
    if metadata.get("fingerprint") != fingerprint:
        raise RunError(f"{path}: made with other settings or data. Use another --out, or delete the folder.")
    model.load_state_dict({name[6:]: t for name, t in tensors.items() if name.startswith("model.")})
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(metadata["update"])


def _logged(folder: Path, before: int) -> list[dict[str, Any]]:
    """Rows of the log up to an update; a resumed run writes the later ones again."""
    path = folder / LOG
    if before == 0 or not path.is_file():
        return []
    return [row for _, row in read_json_lines(path, RunError) if row["update"] <= before]


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def train(
    model: nn.Module,
    loss_of: Callable[[torch.Tensor], Loss],
    count: int,
    config: LoopConfig,
    folder: Path,
    what: str,
    identity: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Make updates on batches of a fixed number of examples; see :func:`run_updates`.

    Args:
        model: as there.
        loss_of: example indices, shape (batch,), of several processes each its share -> loss.
        count: how many examples there are.
        config: as there.
        folder: as there.
        what: as there.
        identity: as there.
    """

    team = team_on(device_of(model))

    def loss_at(update: int) -> Loss:
        return loss_of(team.share(batch_of(update, config.batch_size, count, config.seed)))

    return run_updates(model, loss_at, config, folder, what, {"count": count, **identity})


def run_updates(
    model: nn.Module,
    loss_at: Callable[[int], Loss],
    config: LoopConfig,
    folder: Path,
    what: str,
    identity: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Make the updates, from the last checkpoint in ``folder`` if there is one.

    Args:
        model: trained in place; left in evaluation mode.
        loss_at: number of an update -> its loss, of several processes each that of its share; called in training mode,
            on a GPU in mixed precision, and after a resume from the last checkpoint on. It must depend on nothing but
            the number and the weights.
        config: see :class:`LoopConfig`.
        folder: for ``checkpoint.safetensors`` and ``log.jsonl``, which the first process writes.
        what: label of the progress bar.
        identity: what else defines the training (data, start, loss); a checkpoint of another one is refused.

    Returns:
        The log's rows.

    Raises:
        RunError: the checkpoint belongs to other settings or data.
        StorageError: a checkpoint cannot be written.
    """
    fingerprint = content_hash({"config": vars(config), **identity})
    optimizer = torch.optim.AdamW(_groups(model, config), lr=config.learning_rate, weight_decay=config.weight_decay)
    start = _restore(folder, fingerprint, model, optimizer)
    log, recent, team = _logged(folder, start), list[dict[str, float]](), team_on(device_of(model))
    with (
        bar(config.updates, what, "update") as progress,
        torch.random.fork_rng(devices=[team.device] if team.device.type == "cuda" else []),
        _events(folder / EVENTS, log) if team.first else nullcontext() as events,
    ):
        progress.update(start)
        for update in range(start, config.updates):
            recent.append(_update(model, optimizer, loss_at, update, config, team))
            done = update + 1
            if done % config.log_every == 0 or done == config.updates:
                log.append({"update": done, "learning_rate": rate_at(update, config), **_means(recent)})
                if events is not None:
                    _add(events, log[-1])
                progress.set_postfix_str(f"loss {log[-1]['loss']:.3f}", refresh=False)
                recent = []
            if done % config.checkpoint_every == 0 or done == config.updates:
                if team.first:
                    write_json_lines(folder / LOG, log)
                    _save(folder, done, fingerprint, model, optimizer)
                team.wait()
            progress.update()
    model.eval()
    return log


def _update(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_at: Callable[[int], Loss],
    update: int,
    config: LoopConfig,
    team: Team,
) -> dict[str, float]:
    seed = config.seed * 1_000_003 + update + team.number * SEEDS
    torch.manual_seed(seed)  # inside fork_rng: dropout of this update
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * rate_at(update, config)
    model.train()
    with mixed(team.device):
        loss = loss_at(update)
    optimizer.zero_grad(set_to_none=True)
    mean, metrics = _differentiate(model, loss, team)
    norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    optimizer.step()
    return {"loss": mean, "gradient_norm": float(norm), **metrics}


def _differentiate(model: nn.Module, loss: Loss, team: Team) -> tuple[float, dict[str, float]]:
    """Compute the gradient of the mean over all processes' shares; that mean, and the metrics'."""
    if team.count == 1:
        loss.mean.backward()
        return float(loss.mean.detach()), loss.metrics
    part = loss.weight / float(team.mean(torch.tensor(float(loss.weight))))
    (part * loss.mean).backward()
    for weight in model.parameters():
        if weight.grad is not None:  # the same ones everywhere: which weights are used does not depend on the batch
            weight.grad = team.mean(weight.grad)
    own = [float(loss.mean.detach()), *loss.metrics.values()]
    mean, *metrics = team.mean(part * torch.tensor(own)).tolist()
    return mean, dict(zip(loss.metrics, metrics, strict=True))


def identity_of(model: nn.Module, data: object) -> dict[str, str]:
    """Hashes of a start and of JSON-able data, for :func:`train`'s ``identity``."""
    weights = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    return {"start": content_hash(weights.hex()), "data": content_hash(data)}


def weights_digest(model: nn.Module) -> str:
    """Digest of a model's weights, without a copy of them; tied weights may be among them."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _events(folder: Path, log: Sequence[Mapping[str, Any]]) -> "Iterator[SummaryWriter]":
    """A writer of TensorBoard's event file that holds a log so far, in place of an older file."""
    from tensorboardX import SummaryWriter

    for old in folder.glob("events.out.*"):
        old.unlink()
    writer = SummaryWriter(str(folder), flush_secs=10)
    for row in log:
        _add(writer, row)
    try:
        yield writer
    finally:
        with suppress(OSError):  # a full disk is named by the log and the checkpoint, which hold it all
            writer.close()


def _add(writer: "SummaryWriter", row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if name != "update":
            writer.add_scalar(name, value, row["update"])


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The rows of a training's log."""
    return [row for _, row in read_json_lines(folder / LOG, RunError)]
