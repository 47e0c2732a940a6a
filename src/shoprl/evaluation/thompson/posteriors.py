"""Conjugate posteriors of an arm's success rate and mean reward."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Objective = Literal["success", "score"]


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Posterior of an arm's success rate: Beta(successes + 1, failures + 1), with the uniform prior Beta(1, 1)."""

    successes: float = 0
    failures: float = 0

    @property
    def mean(self) -> float:
        """Expected success rate, in 0..1."""
        return (self.successes + 1) / (self.successes + self.failures + 2)

    def update(self, rewards: Sequence[float]) -> "BetaPosterior":
        """The posterior after ``rewards``; a success is a reward of exactly 1."""
        successes = sum(reward == 1.0 for reward in rewards)
        return BetaPosterior(self.successes + successes, self.failures + len(rewards) - successes)

    def sample(self, rng: np.random.Generator, size: int = 1) -> NDArray[np.float64]:
        """``size`` posterior draws of the success rate; shape (size,)."""
        return rng.beta(self.successes + 1, self.failures + 1, size)


@dataclass(frozen=True, slots=True)
class NormalGammaPosterior:
    """Posterior of an arm's mean reward, with rewards modelled as normal with unknown mean and precision.

    precision ~ Gamma(shape, rate); mean | precision ~ Normal(location, 1 / (weight x precision)): the variance is
    inverse-gamma. The prior is weak, worth one rollout: mean reward 0.5, precision about 10 (a standard deviation of
    about 0.3). Source: Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007.

    Attributes:
        location: expected mean reward, in 0..1.
        weight: number of rollouts that the location is worth.
        shape, rate: of the precision's Gamma distribution.
    """

    location: float = 0.5
    weight: float = 1.0
    shape: float = 1.0
    rate: float = 0.1

    @property
    def mean(self) -> float:
        """Expected mean reward, in 0..1."""
        return self.location

    @property
    def scale(self) -> float:
        """Scale of the mean reward's marginal distribution, Student's t with 2 x shape degrees of freedom."""
        return float(np.sqrt(self.rate / (self.shape * self.weight)))

    def update(self, rewards: Sequence[float]) -> "NormalGammaPosterior":
        """The posterior after ``rewards``; formulas in the class's source, section 3."""
        n = len(rewards)
        if n == 0:
            return self
        array = np.asarray(rewards, dtype=np.float64)
        observed = float(array.mean())
        weight = self.weight + n
        spread = float(((array - observed) ** 2).sum())
        shift = self.weight * n * (observed - self.location) ** 2 / weight
        return NormalGammaPosterior(
            location=(self.weight * self.location + n * observed) / weight,
            weight=weight,
            shape=self.shape + n / 2,
            rate=self.rate + (spread + shift) / 2,
        )

    def sample(self, rng: np.random.Generator, size: int = 1) -> NDArray[np.float64]:
        """``size`` posterior draws of the mean reward; shape (size,)."""
        return self.location + self.scale * rng.standard_t(2 * self.shape, size)


@dataclass(slots=True)
class Beliefs:
    """Both posteriors of each arm."""

    success: list[BetaPosterior]
    reward: list[NormalGammaPosterior]

    @classmethod
    def prior(cls, arms: int) -> "Beliefs":
        """The beliefs before the first rollout."""
        return cls([BetaPosterior()] * arms, [NormalGammaPosterior()] * arms)

    def update(self, arm: int, rewards: Sequence[float]) -> None:
        """Update an arm's posteriors with rewards."""
        self.success[arm] = self.success[arm].update(rewards)
        self.reward[arm] = self.reward[arm].update(rewards)

    def best(self, objective: Objective, rng: np.random.Generator, size: int) -> NDArray[np.intp]:
        """The best arm in each of ``size`` joint posterior draws; shape (size,)."""
        posteriors = self.success if objective == "success" else self.reward
        draws = np.stack([posterior.sample(rng, size) for posterior in posteriors])
        return np.asarray(np.argmax(draws, axis=0))

    def chances(self, objective: Objective, rng: np.random.Generator, size: int) -> list[float]:
        """The share of ``size`` joint posterior draws in which each arm is the best."""
        shares: list[float] = (
            np.bincount(self.best(objective, rng, size), minlength=len(self.success)) / size
        ).tolist()
        return shares
