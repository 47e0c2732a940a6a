"""Rounds of a comparison, their chunks, and the records of rollouts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shoprl.errors import RunError
from shoprl.rollouts.records import Episode, episode_from_json

Seed = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Rollout:
    """A record of one episode of a run.

    Attributes:
        index: its position in the run, from 0.
        run: number of the run, from 0.
        arm: name of the arm.
        propensity: the probability with which the arm was chosen, given the beliefs before its round.
        seed: of the episode's own generator.
        episode: the episode, with the probability of each action.
    """

    index: int
    run: int
    arm: str
    propensity: float
    seed: Seed
    episode: Episode

    @property
    def goal_index(self) -> int:
        """Index of the goal."""
        return self.episode.goal_index

    @property
    def reward(self) -> float:
        """In 0..1."""
        return self.episode.earned

    @property
    def success(self) -> bool:
        """Whether the reward was exactly 1."""
        return self.episode.success

    def to_json(self) -> dict[str, object]:
        """The rollout as JSON; :func:`rollout_from_json` reads it."""
        own = {"index": self.index, "run": self.run, "arm": self.arm, "propensity": self.propensity}
        return {**own, "seed": list(self.seed), "success": self.success, **self.episode.to_json()}


def rollout_from_json(row: Mapping[str, Any]) -> Rollout:
    """Read what :meth:`Rollout.to_json` gives.

    Raises:
        TrajectoryError: a field of the episode is missing or has the wrong type.
        RunError: another field is.
    """
    episode = episode_from_json(row)
    try:
        a, b, c, d = (int(part) for part in row["seed"])
        propensity = float(row["propensity"])
        return Rollout(int(row["index"]), int(row["run"]), str(row["arm"]), propensity, (a, b, c, d), episode)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"not a rollout's record: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Chunk:
    """Episodes of one arm that are run together.

    Attributes:
        arm: index of the arm.
        indices: of the rollouts, within the run.
        goals: the goal index of each.
        seeds: of each rollout's generator.
    """

    arm: int
    indices: tuple[int, ...]
    goals: tuple[int, ...]
    seeds: tuple[Seed, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """The rollouts between two updates of the beliefs.

    Attributes:
        start: index of its first rollout.
        best: probability of each arm to be the best, given the beliefs.
        propensities: probability of each arm to be chosen, from which each rollout's arm is drawn.
        arms, goals: of each rollout.
        seeds: of each rollout's generator.
    """

    start: int
    best: tuple[float, ...]
    propensities: tuple[float, ...]
    arms: tuple[int, ...]
    goals: tuple[int, ...]
    seeds: tuple[Seed, ...]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rollouts of each arm in chunks of at most ``size``, independent of the number of workers."""
        for arm in sorted(set(self.arms)):
            positions = [position for position, each in enumerate(self.arms) if each == arm]
            for first in range(0, len(positions), size):
                part = positions[first : first + size]
                indices, goals, seeds = zip(
                    *((self.start + i, self.goals[i], self.seeds[i]) for i in part), strict=True
                )
                yield Chunk(arm, indices, goals, seeds)
