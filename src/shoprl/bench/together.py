"""Measures two trainings on one machine: updates a second of one alone, and of each of two at once.

Each is a process of its own, ``python -m shoprl.bench.together JSON``, that says when it is ready, waits for a line,
and trains.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import shoprl
from shoprl.bench.figures import Figures
from shoprl.errors import ShopRLError

TRAINER = (sys.executable, "-m", "shoprl.bench.together")
WARM_UP = 2  # updates before the clock starts


@dataclass(frozen=True)
class TogetherFigures(Figures):
    """Two trainings at once; imitation on the choice network, everything encoded before.

    Attributes:
        updates_per_second_alone: of one training while no other runs.
        updates_per_second_together: of each of two that start at once, their mean.
        slowdown: how many times slower each of two is; 2 where they share the machine without loss.
        waiting: what says how idle threads wait: environment variables that torch's threads read.
        updates, batch_size: of each training, decisions an update.
        threads: of each training.
        device: what they ran on.
    """

    updates_per_second_alone: float
    updates_per_second_together: float
    slowdown: float
    waiting: str
    updates: int
    batch_size: int
    threads: int
    device: str = "cpu"


class _Trainer:
    """A training in a process of its own, ready to start."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        command = [*TRAINER, json.dumps(settings)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ShopRLError(f"A training ended with code {self._process.wait()}; its output is above.")
        return json.loads(line)

    def start(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """How long it trained; waits for its end."""
        return float(self._answer())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _rates(settings: Mapping[str, object], updates: int, count: int) -> list[float]:
    """Updates a second of each of some trainings that start at once."""
    running: list[_Trainer] = []
    try:
        for _ in range(count):
            running.append(_Trainer(settings))  # noqa: PERF401  (those that started are closed if one fails)
        for each in running:
            each.start()
        return [updates / each.seconds() for each in running]
    finally:
        for each in running:
            each.close()


def bench_together(data: Path | None, updates: int, seed: int, threads: int, size: str = "full") -> TogetherFigures:
    """Train once alone and twice at once, each training in a process of its own.

    Args:
        data: the data folder; None for a small generated shop.
        updates: of each training.
        seed: of everything drawn.
        threads: of each training.
        size: a name of :data:`shoprl.bench.learn.SIZES`.

    Raises:
        ShopRLError: a training failed; its output says why.
    """
    from shoprl.bench.learn import SIZES

    settings = {"data": str(data or ""), "updates": updates, "seed": seed, "threads": threads, "size": size}
    (alone,) = _rates(settings, updates, 1)
    together = mean(_rates(settings, updates, 2))
    waiting = [f"{name}={os.environ[name]}" for name in shoprl.WAITING if name in os.environ]
    return TogetherFigures(
        updates_per_second_alone=round(alone, 3),
        updates_per_second_together=round(together, 3),
        slowdown=round(alone / together, 2),
        waiting=" ".join(waiting) or "not set",
        updates=updates,
        batch_size=SIZES[size].batch,
        threads=threads,
    )


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(settings: Mapping[str, Any]) -> None:
    """Get ready, wait for a line, train, and say how many seconds that took."""
    import torch

    from shoprl.bench.learn import SIZES, imitation_training
    from shoprl.shop.data import read_data
    from shoprl.shop.generated import generated_data

    torch.set_num_threads(settings["threads"])
    data = read_data(Path(settings["data"])) if settings["data"] else generated_data()
    train = imitation_training(data, settings["seed"], SIZES[settings["size"]])
    with tempfile.TemporaryDirectory() as folder:
        train(WARM_UP, Path(folder) / "warm-up")
        _say("ready")
        sys.stdin.readline()
        begun = time.perf_counter()
        train(settings["updates"], Path(folder) / "measured")
        _say(time.perf_counter() - begun)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
