"""Add a task that is no shop: a corridor with a target, whose candidates are numbers without a word.

One file; the learners, the networks and the evaluator take it as it is. Run it: python examples/add_task.py
"""

import tempfile
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from add_network import PerceptronPolicy
from numpy.typing import NDArray

import shoprl
from shoprl.rollouts.recording import Recording
from shoprl.tasks.base import Observation, Outcome
from shoprl.tasks.instruction import WISH, Queries

MOVES = {"left": -1, "right": 1, "stop": 0}
LENGTH, MAX_STEPS = 7, 8


@dataclass(frozen=True)
class Move:
    """A candidate."""

    action: str
    kind: str = "move"
    text: str = ""
    group: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Place:
    """A state: where the agent is, and where it is to stop."""

    position: int
    target: int
    page: str = "corridor"
    request: str = ""
    text: str = ""
    candidates: tuple[Move, ...] = tuple(Move(action) for action in MOVES)

    @property
    def key(self) -> Hashable:
        """Whatever follows depends on nothing else."""
        return self.position

    def allowed(self) -> NDArray[np.bool_]:
        """No step through a wall."""
        ends = (self.position > 0, self.position < LENGTH - 1, True)
        return np.array(ends)

    def observe(self) -> Observation:
        """A row a candidate: which move it is, and on which side the target lies."""
        side = np.sign(self.target - self.position)
        rows = [[*(float(move.action == each) for each in MOVES), float(side)] for move in self.candidates]
        texts, actions = ("",) * len(self.candidates), tuple(move.action for move in self.candidates)
        return Observation("", texts, np.array(rows, dtype=np.float32), actions=actions)


class Stroll:
    """An episode under way."""

    def __init__(self, target: int) -> None:
        self.state, self.steps, self.stopped = Place(LENGTH // 2, target), 0, False

    @property
    def over(self) -> bool:
        """After a stop, or when the steps are used up."""
        return self.stopped or self.steps >= MAX_STEPS

    def step(self, action: str) -> None:
        """Move, or stop."""
        self.steps, self.stopped = self.steps + 1, action == "stop"
        self.state = Place(min(max(self.state.position + MOVES[action], 0), LENGTH - 1), self.state.target)

    def outcome(self) -> Outcome:
        """A reward of 1 for a stop at the target."""
        return Outcome(self.stopped, float(self.stopped and self.state.position == self.state.target))


class Corridor:
    """The task; a goal is the number of the place to stop at."""

    def start(self, goal: int, queries: Queries = WISH) -> Stroll:
        """Start in the middle; there is no search bar to ask queries for."""
        return Stroll(goal)

    def describe(self, goal: int) -> object:
        """What tells one training from another."""
        return goal


def demonstrated(task: Corridor, target: int, index: int) -> shoprl.Episode:
    """One demonstration."""
    recording = Recording(task.start(target), index)
    while not recording.over:
        here = recording.live.state.position
        recording.take("stop" if here == target else "left" if target < here else "right")
    return recording.episode()


def main() -> dict[str, float]:
    """Train by imitation, DPO and PPO; the success rate of each."""
    task, targets = Corridor(), list(range(LENGTH))
    goals = list(enumerate(targets))
    shown = [demonstrated(task, target, index) for index, target in goals]
    examples = shoprl.examples(task, targets, shown)
    loop = {"batch_size": 8, "learning_rate": 3e-2, "warmup": 2, "log_every": 10}
    success = {}

    def new() -> PerceptronPolicy:
        return PerceptronPolicy.new(torch.Generator().manual_seed(0), features=4, hidden=16)

    with tempfile.TemporaryDirectory() as folder:
        imitator, preferrer, player = new(), new(), new()
        shoprl.train_imitation(
            imitator,
            examples,
            shoprl.ImitationConfig(updates=60, checkpoint_every=60, **loop),
            Path(folder) / "imitation",
        )
        dpo = shoprl.DPOConfig(updates=60, checkpoint_every=60, **loop)
        pairs, _ = shoprl.preference_pairs(preferrer, examples, dpo, np.random.default_rng(0))
        shoprl.train_dpo(preferrer, pairs, dpo, Path(folder) / "dpo")
        ppo = shoprl.PPOConfig(updates=640, checkpoint_every=160, **(loop | {"batch_size": 28}))
        shoprl.train_ppo(player, task, goals, [], ppo, Path(folder) / "ppo")
    for name, policy in {"untrained": new(), "imitation": imitator, "dpo": preferrer, "ppo": player}.items():
        success[name] = shoprl.evaluate(policy, task, goals).summary.success_rate.value
    return success


if __name__ == "__main__":
    for method, share in main().items():
        print(f"{method}: {100 * share:.0f}%")
