"""Devices and distributed training: one process, or several that share the batch of each update.

Several processes are started by ``accelerate launch``; only that needs the package ``accelerate``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

import torch

from shoprl.errors import ConfigError
from shoprl.launcher import check_launched, processes

DeviceName = Literal["auto", "cpu", "cuda"]
WAIT = timedelta(hours=12)  # for the first process, for example while it samples trajectories
SEEDS = 7_919_000_003  # between two processes' dropout seeds, larger than any update's seed

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """The processes that train one model; only one unless ``accelerate launch`` started more.

    Attributes:
        device: this process's device.
        count: number of processes.
        number: rank of this process, from 0.
    """

    device: torch.device
    count: int = 1
    number: int = 0

    @property
    def first(self) -> bool:
        """Whether this process is the first, which writes the files."""
        return self.number == 0

    def take(self, model: torch.nn.Module) -> None:
        """Move a model to this process's device."""
        model.to(self.device)

    def check(self, size: int, name: str = "batch_size") -> None:
        """Check that a size can be divided equally.

        Raises:
            ConfigError: it is not a multiple of the number of processes.
        """
        if size % self.count:
            raise ConfigError(f"{name} {size}: is not a multiple of {self.count} processes. Choose a multiple.")

    def share(self, batch: torch.Tensor, name: str = "batch_size") -> torch.Tensor:
        """This process's part of a batch, shape (batch / count,).

        Raises:
            ConfigError: see :meth:`check`.
        """
        self.check(len(batch), name)
        return batch[self.number :: self.count]

    def mean(self, tensor: torch.Tensor) -> torch.Tensor:
        """The mean of all processes' tensors, of one shape, on this tensor's device."""
        if self.count == 1:
            return tensor
        from accelerate.utils import reduce

        mean: torch.Tensor = reduce(tensor.to(self.device), "mean")
        return mean.to(tensor.device)

    def from_first(self, make: Callable[[], T]) -> T:
        """The first process's result of ``make``, in all processes, so that it is bit-identical."""
        if self.count == 1:
            return make()
        from accelerate.utils import broadcast_object_list

        made: list[Any] = [make() if self.first else None]
        result: T = broadcast_object_list(made)[0]
        return result

    def wait(self) -> None:
        """Wait for all processes."""
        if self.count > 1:
            _launched(self.device.type).wait_for_everyone()

    def about(self) -> dict[str, Any]:
        """Device, precision and number of processes, for a run's record."""
        gpu = self.device.type == "cuda"
        return {
            "device": torch.cuda.get_device_name(self.device) if gpu else "cpu",
            "precision": "bfloat16 mixed" if gpu else "float32",
            "processes": self.count,
        }


def _launched(kind: str) -> Any:
    """Accelerate's state of the processes; the first call joins the process group."""
    check_launched()
    from accelerate import PartialState

    return PartialState(cpu=kind == "cpu", timeout=WAIT)


def team_on(device: torch.device) -> Team:
    """The team of this process, with its model on a device.

    Raises:
        ConfigError: see :func:`shoprl.launcher.processes`.
    """
    if processes() == 1:
        return Team(device)
    state = _launched(device.type)
    return Team(device, state.num_processes, state.process_index)


def device_for(name: DeviceName) -> torch.device:
    """A device by name; in distributed training each process has its own GPU.

    Args:
        name: ``auto`` is a GPU if torch finds one.

    Raises:
        ConfigError: ``cuda`` if there is no GPU; or see :func:`shoprl.launcher.processes`.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ConfigError("device cuda: torch finds no GPU. Install a build of torch for it, or use cpu.")
    device: torch.device = _launched("cuda").device if processes() > 1 else torch.device("cuda")
    return device
