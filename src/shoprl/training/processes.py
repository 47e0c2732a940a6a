"""Where updates are made: on the CPU or a GPU, in one process or in several that share each update's batch.

Several processes are those that ``accelerate launch`` started; it alone needs the package ``accelerate``.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

import torch

from shoprl.errors import ConfigError

DeviceName = Literal["auto", "cpu", "cuda"]
WAIT = timedelta(hours=12)  # for the first process, while it samples trajectories, say
SEEDS = 7_919_000_003  # between two processes' dropout, further apart than any update's seeds

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """The processes that train one model together; one, unless ``accelerate launch`` started more.

    Attributes:
        device: where this process's model is.
        count: how many there are.
        number: which one this is, from 0.
    """

    device: torch.device
    count: int = 1
    number: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes the files."""
        return self.number == 0

    def take(self, model: torch.nn.Module) -> None:
        """Move a model to this process's device."""
        model.to(self.device)

    def check(self, size: int, name: str = "batch_size") -> None:
        """Refuse a size that has no equal shares.

        Raises:
            ConfigError: it cannot be divided among the processes.
        """
        if size % self.count:
            raise ConfigError(f"{name} {size}: has no equal share for {self.count} processes. Choose a multiple.")

    def share(self, batch: torch.Tensor, name: str = "batch_size") -> torch.Tensor:
        """This process's part of a batch, shape (batch / count,).

        Raises:
            ConfigError: see :meth:`check`.
        """
        self.check(len(batch), name)
        return batch[self.number :: self.count]

    def mean(self, tensor: torch.Tensor) -> torch.Tensor:
        """The mean of the processes' tensors of one shape, where this one's is."""
        if self.count == 1:
            return tensor
        from accelerate.utils import reduce

        found: torch.Tensor = reduce(tensor.to(self.device), "mean")
        return found.to(tensor.device)

    def from_first(self, make: Callable[[], T]) -> T:
        """What ``make`` gives the first process, in all of them: its last digits are then the same everywhere."""
        if self.count == 1:
            return make()
        from accelerate.utils import broadcast_object_list

        made: list[Any] = [make() if self.first else None]
        found: T = broadcast_object_list(made)[0]
        return found

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.count > 1:
            _launched(self.device.type).wait_for_everyone()

    def about(self) -> dict[str, Any]:
        """What a run's record says of it."""
        gpu = self.device.type == "cuda"
        return {
            "device": torch.cuda.get_device_name(self.device) if gpu else "cpu",
            "precision": "bfloat16 mixed" if gpu else "float32",
            "processes": self.count,
        }


def _several() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1  # as every launcher of torch says it


def _launched(kind: str) -> Any:
    """Accelerate's state of the processes, which are joined at the first call."""
    from accelerate import PartialState

    return PartialState(cpu=kind == "cpu", timeout=WAIT)


def team_on(device: torch.device) -> Team:
    """The team of this process, whose model is on a device."""
    if not _several():
        return Team(device)
    state = _launched(device.type)
    return Team(device, state.num_processes, state.process_index)


def device_for(name: DeviceName) -> torch.device:
    """A device by name; of several processes each takes its own GPU.

    Args:
        name: ``auto`` is a GPU where torch finds one.

    Raises:
        ConfigError: ``cuda`` where there is none.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ConfigError("device cuda: torch finds no GPU. Install a build of torch for it, or use cpu.")
    found: torch.device = _launched("cuda").device if _several() else torch.device("cuda")
    return found
