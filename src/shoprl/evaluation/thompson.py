"""Thompson sampling: which of several agents is best, with most rollouts spent on those that look good.

Each agent is an arm. A rollout draws one plausible value per arm from what is believed of it and plays the arm whose
draw is highest (Thompson, "On the likelihood that one unknown probability exceeds another", 1933; Russo et al.,
"A Tutorial on Thompson Sampling", arXiv 1707.02038). Rollouts are drawn in batches between updates of the beliefs.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.rollouts.records import Episode

Objective = Literal["success", "score"]
Interval = tuple[float, float]
Play = Callable[[int, Sequence[int], np.random.Generator], Sequence[Episode]]

PROPENSITY_DRAWS = 1_000  # posterior draws behind each round's propensities
REPORT_DRAWS = 20_000  # posterior draws behind the intervals and probabilities of the result


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Belief about an arm's success rate: Beta(successes + 1, failures + 1), the prior being uniform, Beta(1, 1)."""

    successes: int = 0
    failures: int = 0

    @property
    def mean(self) -> float:
        """Expected success rate, in 0..1."""
        return (self.successes + 1) / (self.successes + self.failures + 2)

    def update(self, rewards: Sequence[float]) -> "BetaPosterior":
        """The belief after ``rewards``; a success is a reward of exactly 1."""
        successes = sum(reward == 1.0 for reward in rewards)
        return BetaPosterior(self.successes + successes, self.failures + len(rewards) - successes)

    def sample(self, rng: np.random.Generator, size: int = 1) -> NDArray[np.float64]:
        """``size`` plausible success rates; shape (size,)."""
        return rng.beta(self.successes + 1, self.failures + 1, size)


@dataclass(frozen=True, slots=True)
class NormalGammaPosterior:
    """Belief about an arm's mean reward where rewards are taken as normal with unknown mean and precision.

    precision ~ Gamma(shape, rate); mean | precision ~ Normal(location, 1 / (weight x precision)).
    The prior is weak, worth one rollout: mean reward 0.5, precision about 10 (a standard deviation of about 0.3).
    Source: Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007.

    Attributes:
        location: expected mean reward, in 0..1.
        weight: how many rollouts the location is worth.
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

    def update(self, rewards: Sequence[float]) -> "NormalGammaPosterior":
        """The belief after ``rewards``; formulas in the class's source, section 3."""
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
        """``size`` plausible mean rewards (Student's t with 2 x shape degrees of freedom); shape (size,)."""
        scale = float(np.sqrt(self.rate / (self.shape * self.weight)))
        return self.location + scale * rng.standard_t(2 * self.shape, size)


@dataclass(frozen=True, slots=True)
class ThompsonConfig:
    """How a Thompson run is played.

    Attributes:
        objective: what allocates the rollouts: the success rate or the score. Both are tracked.
        rollouts: how many episodes in all.
        batch: how many are drawn between two updates of the beliefs; the last batch may be smaller.
        seed: what the caller seeds the run's generator with; kept in the result.
    """

    objective: Objective = "score"
    rollouts: int = 1000
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        if self.objective not in ("success", "score"):
            raise ConfigError(f"objective must be 'success' or 'score'; found {self.objective!r}.")
        if self.rollouts < 1 or self.batch < 1:
            raise ConfigError(f"rollouts and batch must be at least 1; found {self.rollouts} and {self.batch}.")


@dataclass(frozen=True, slots=True)
class Rollout:
    """One episode of a Thompson run.

    Attributes:
        index: its position in the run, from 0.
        arm: name of the arm played.
        goal_index: the goal played.
        reward: in 0..1.
        success: whether the reward was exactly 1.
        propensity: the chance that this arm was chosen; see :func:`arm_probabilities`.
    """

    index: int
    arm: str
    goal_index: int
    reward: float
    success: bool
    propensity: float


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What a run says of one arm.

    Attributes:
        arm: its name.
        rollouts: how often it was played.
        score, success_rate: observed, in 0..100 and 0..1; None where it was never played (not scored is not zero).
        score_interval, success_rate_interval: 95% credible intervals of the beliefs, the score's cut to 0..100.
        probability_best: the chance, given the beliefs, that the arm is the best at the run's objective.
    """

    arm: str
    rollouts: int
    score: float | None
    score_interval: Interval
    success_rate: float | None
    success_rate_interval: Interval
    probability_best: float


@dataclass(frozen=True, slots=True)
class ThompsonResult:
    """A finished run: every rollout in order, and what is known of each arm in the order given."""

    config: ThompsonConfig
    arms: tuple[ArmResult, ...]
    records: tuple[Rollout, ...]

    def cumulative_regret(self) -> NDArray[np.float64]:
        """What was lost by each rollout so far against playing the best arm throughout; shape (rollouts,).

        The best arm is the one with the best observed mean at the end, and each rollout counts its arm's observed mean,
        so chance in single rewards cancels out. Unit: successes (objective "success") or score points ("score").
        An arm that was played a few times only can be best by luck.
        """
        means = {row.arm: row.success_rate if self.config.objective == "success" else row.score for row in self.arms}
        best = max(mean for mean in means.values() if mean is not None)
        return np.cumsum([best - (means[record.arm] or 0.0) for record in self.records])

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form; ``arms`` is the table of a report, ``records`` the rollouts."""
        return {
            **asdict(self.config),
            "arms": [asdict(row) for row in self.arms],
            "regret": float(self.cumulative_regret()[-1]),
            "records": [asdict(record) for record in self.records],
        }


@dataclass(slots=True)
class _Beliefs:
    """Both posteriors of each arm."""

    success: list[BetaPosterior]
    reward: list[NormalGammaPosterior]
    observed: list[list[float]] = field(default_factory=list)

    def update(self, arm: int, rewards: Sequence[float]) -> None:
        self.success[arm] = self.success[arm].update(rewards)
        self.reward[arm] = self.reward[arm].update(rewards)
        self.observed[arm].extend(rewards)

    def best(self, objective: Objective, rng: np.random.Generator, size: int) -> NDArray[np.intp]:
        """The best arm in each of ``size`` joint posterior draws; shape (size,)."""
        posteriors = self.success if objective == "success" else self.reward
        draws = np.stack([posterior.sample(rng, size) for posterior in posteriors])
        return np.asarray(np.argmax(draws, axis=0))


def arm_probabilities(best: NDArray[np.intp], arms: int) -> NDArray[np.float64]:
    """The chance of each arm to be chosen, from the best arm in each of many posterior draws; shape (arms,), sum 1.

    One more draw, spread evenly over the arms, is counted in: a chosen arm's propensity is then never 0, as weighing
    rollouts by its inverse requires.
    """
    counts = np.bincount(best, minlength=arms)
    return np.asarray((counts + 1 / arms) / (len(best) + 1))


def run_thompson(
    arms: Sequence[str],
    play: Play,
    goals: Sequence[int],
    config: ThompsonConfig,
    rng: np.random.Generator,
) -> ThompsonResult:
    """Play ``config.rollouts`` episodes, each with the arm that Thompson sampling picks and a goal drawn uniformly.

    Args:
        arms: names, all different.
        play: ``play(arm_index, goal_indices, rng)`` plays one episode a goal, in order; called once an arm and round.
        goals: goal indices to draw from.
        config: objective, number of rollouts and batch.
        rng: where every draw comes from; the same seed gives the same run where ``play`` is repeatable.

    Raises:
        ConfigError: no arms, arms of the same name, or no goals.
        ValueError: ``play`` returned other goals than it was given, or more or fewer.
    """
    if not arms or len(set(arms)) != len(arms):
        raise ConfigError(f"Thompson sampling needs arms with different names; found {list(arms)}.")
    if len(goals) == 0:
        raise ConfigError("Thompson sampling needs goals to draw from; found none. Choose a split that holds some.")
    count = len(arms)
    beliefs = _Beliefs([BetaPosterior()] * count, [NormalGammaPosterior()] * count, [[] for _ in arms])
    records: list[Rollout] = []
    while len(records) < config.rollouts:
        size = min(config.batch, config.rollouts - len(records))
        records += _play_round(arms, play, goals, config.objective, beliefs, size, len(records), rng)
    return ThompsonResult(config, _arm_results(arms, beliefs, config.objective, rng), tuple(records))


def _play_round(
    arms: Sequence[str],
    play: Play,
    goals: Sequence[int],
    objective: Objective,
    beliefs: _Beliefs,
    size: int,
    start: int,
    rng: np.random.Generator,
) -> list[Rollout]:
    """Draw ``size`` rollouts, play them arm by arm, update the beliefs; the rollouts in the order they were drawn."""
    propensities = arm_probabilities(beliefs.best(objective, rng, PROPENSITY_DRAWS), len(arms))
    chosen = beliefs.best(objective, rng, size)
    drawn = [int(goals[i]) for i in rng.integers(len(goals), size=size)]
    rollouts: dict[int, Rollout] = {}
    for arm in np.unique(chosen).tolist():
        positions = np.flatnonzero(chosen == arm).tolist()
        asked = [drawn[position] for position in positions]
        episodes = play(arm, asked, rng)
        if [episode.goal_index for episode in episodes] != asked:
            raise ValueError(f"play returned other episodes than the {len(asked)} goals asked of arm {arms[arm]!r}")
        beliefs.update(arm, [episode.reward for episode in episodes])
        for position, episode in zip(positions, episodes, strict=True):
            rollouts[position] = Rollout(
                index=start + position,
                arm=arms[arm],
                goal_index=episode.goal_index,
                reward=episode.reward,
                success=episode.success,
                propensity=float(propensities[arm]),
            )
    return [rollouts[position] for position in range(size)]


def _arm_results(
    arms: Sequence[str], beliefs: _Beliefs, objective: Objective, rng: np.random.Generator
) -> tuple[ArmResult, ...]:
    """The table of the run, one row an arm."""
    best = np.bincount(beliefs.best(objective, rng, REPORT_DRAWS), minlength=len(arms)) / REPORT_DRAWS
    rows = []
    for arm, name in enumerate(arms):
        rewards = np.asarray(beliefs.observed[arm])
        played = len(rewards) > 0
        rows.append(
            ArmResult(
                arm=name,
                rollouts=len(rewards),
                score=float(100 * rewards.mean()) if played else None,
                score_interval=_interval(100 * np.clip(beliefs.reward[arm].sample(rng, REPORT_DRAWS), 0, 1)),
                success_rate=float((rewards == 1.0).mean()) if played else None,
                success_rate_interval=_interval(beliefs.success[arm].sample(rng, REPORT_DRAWS)),
                probability_best=float(best[arm]),
            )
        )
    return tuple(rows)


def _interval(draws: NDArray[np.float64]) -> Interval:
    """The central 95% of posterior draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
