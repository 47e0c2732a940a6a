"""Which of several agents is best, with most rollouts spent on those that look good.

Each agent is an arm, each rollout one episode. Thompson sampling plays an arm as often as it is believed to be the best
(Thompson, "On the likelihood that one unknown probability exceeds another", 1933; Russo et al., "A Tutorial on Thompson
Sampling", arXiv 1707.02038). Its top-two form leaves more rollouts to the others (Russo, "Simple Bayesian Algorithms
for Best Arm Identification", arXiv 1602.08448). Rollouts are drawn in rounds between updates of the beliefs.

A round is drawn from (seed, run, its number) and what was believed before it, and an episode from (seed, run, its
index), so that the records of a run that was cut off are all that is needed to go on with it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.evaluation.thompson.posteriors import Beliefs, Objective
from shoprl.evaluation.thompson.rounds import Rollout, Round
from shoprl.rollouts.records import Episode

Allocation = Literal["thompson", "top-two", "uniform"]
Interval = tuple[float, float]

PROPENSITY_DRAWS = 1_000  # posterior draws behind each round's propensities
REPORT_DRAWS = 20_000  # posterior draws behind the intervals and probabilities of the result
ROUND, EPISODE, REPORT = 0, 1, 2  # third number of a generator's seed: what it is for


@dataclass(frozen=True, slots=True)
class ThompsonConfig:
    """How arms are compared.

    Attributes:
        objective: what allocates the rollouts: the success rate or the score. Both are tracked.
        allocation: ``thompson`` plays an arm as often as it is believed the best, ``top-two`` plays the others more,
            ``uniform`` all equally.
        top_two_beta: share of the believed best in ``top-two``, within (0, 1).
        floor: share of the rollouts that all arms get equally, so that none is starved and off-policy estimates hold.
        rollouts: how many episodes a run has.
        runs: how many independent runs.
        batch: how many rollouts are drawn between two updates of the beliefs; the last round may be smaller.
        chunk: how many episodes of an arm are played together at most; the last bits of a network depend on it.
        seed: of every draw.
    """

    objective: Objective = "score"
    allocation: Allocation = "thompson"
    top_two_beta: float = 0.5
    floor: float = 0.0
    rollouts: int = 1000
    runs: int = 3
    batch: int = 32
    chunk: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if self.objective not in ("success", "score"):
            raise ConfigError(f"objective must be 'success' or 'score'; found {self.objective!r}.")
        if self.allocation not in ("thompson", "top-two", "uniform"):
            raise ConfigError(f"allocation must be thompson, top-two or uniform; found {self.allocation!r}.")
        if not 0 < self.top_two_beta < 1:
            raise ConfigError(f"top_two_beta must be within (0, 1); found {self.top_two_beta}.")
        if not 0 <= self.floor <= 1:
            raise ConfigError(f"floor must be from 0 to 1; found {self.floor}.")
        for name in ("rollouts", "runs", "batch", "chunk"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1; found {getattr(self, name)}.")
        if self.seed < 0:
            raise ConfigError(f"seed must be at least 0; found {self.seed}.")


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What is known of one arm.

    Attributes:
        rollouts: how often it was played.
        score, success_rate: observed, in 0..100 and 0..1; None where it was never played (not scored is not zero).
        score_interval, success_rate_interval: 95% intervals: of one run the credible ones of the beliefs, the score's
            cut to 0..100; of several runs from resampling goals.
        probability_best: the chance, given the beliefs, that the arm is the best at the objective.
    """

    rollouts: int
    score: float | None
    score_interval: Interval | None
    success_rate: float | None
    success_rate_interval: Interval | None
    probability_best: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ThompsonResult:
    """A finished run.

    Attributes:
        config: how it was played.
        run: its number.
        arms: what is known of each arm, in the order given.
        records: every rollout in order.
        best: (rollouts so far, chance of each arm to be the best) before each round and at the end.
    """

    config: ThompsonConfig
    run: int
    arms: dict[str, ArmResult]
    records: tuple[Rollout, ...]
    best: tuple[tuple[int, tuple[float, ...]], ...]

    def cumulative_regret(self) -> NDArray[np.float64]:
        """What was lost by each rollout so far against playing the best arm throughout; shape (rollouts,).

        The best arm is the one with the best observed mean at the end, and each rollout counts its arm's observed mean,
        so chance in single rewards cancels out. Unit: successes (objective "success") or score points ("score").
        An arm that was played a few times only can be best by luck.
        """
        objective = self.config.objective
        means = {name: row.success_rate if objective == "success" else row.score for name, row in self.arms.items()}
        best = max(mean for mean in means.values() if mean is not None)
        return np.cumsum([best - (means[record.arm] or 0.0) for record in self.records])

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form, without the records."""
        arms = {name: row.to_json() for name, row in self.arms.items()}
        return {"run": self.run, "arms": arms, "regret": float(self.cumulative_regret()[-1])}


def arm_probabilities(best: NDArray[np.intp], arms: int) -> NDArray[np.float64]:
    """The chance of each arm to be the best, from the best arm in each of many posterior draws; shape (arms,), sum 1.

    One more draw, spread evenly over the arms, is counted in: a chosen arm's propensity is then never 0, as weighing
    rollouts by its inverse requires.
    """
    counts = np.bincount(best, minlength=arms)
    return np.asarray((counts + 1 / arms) / (len(best) + 1))


def propensities(best: NDArray[np.float64], config: ThompsonConfig) -> NDArray[np.float64]:
    """The chance of each arm to be played; shape (arms,), sum 1.

    ``top-two`` draws a best arm, keeps it with the chance ``top_two_beta``, and else draws until another arm comes
    (arXiv 1602.08448, section 3.3): p_i (beta + (1 - beta) sum over j != i of p_j / (1 - p_j)).

    Args:
        best: the chance of each arm to be the best, none of them 0.
        config: how rollouts are allocated.
    """
    if config.allocation == "uniform" or len(best) == 1:
        return np.full(len(best), 1 / len(best))
    chances = best
    if config.allocation == "top-two":
        odds = best / (1 - best)
        chances = best * (config.top_two_beta + (1 - config.top_two_beta) * (odds.sum() - odds))
    return np.asarray((1 - config.floor) * chances + config.floor / len(best))


class ThompsonRun:
    """A run under way: it says what to play next, and learns from what came of it.

    Args:
        arms: names, all different.
        goals: goal indices that each rollout draws from, evenly.
        config: how to play.
        number: of the run, from 0; each has draws of its own.

    Attributes:
        records: the rollouts so far.
        best: see :class:`ThompsonResult`; so far.

    Raises:
        ConfigError: no arms, arms of the same name, or no goals.
    """

    def __init__(self, arms: Sequence[str], goals: Sequence[int], config: ThompsonConfig, number: int = 0) -> None:
        if not arms or len(set(arms)) != len(arms):
            raise ConfigError(f"A comparison needs arms with different names; found {list(arms)}.")
        if len(goals) == 0:
            raise ConfigError("A comparison needs goals to draw from; found none. Choose a split that holds some.")
        self._arms, self._goals, self._config, self._number = tuple(arms), goals, config, number
        self._beliefs = Beliefs.prior(len(arms))
        self.records: list[Rollout] = []
        self.best: list[tuple[int, tuple[float, ...]]] = []

    @property
    def over(self) -> bool:
        """Whether every rollout was played."""
        return len(self.records) >= self._config.rollouts

    def next_round(self) -> Round:
        """What to play now; the same whenever it is asked before :meth:`learn`."""
        config, start = self._config, len(self.records)
        rng = self._rng(ROUND, start)
        size, count = min(config.batch, config.rollouts - start), len(self._arms)
        best = arm_probabilities(self._beliefs.best(config.objective, rng, PROPENSITY_DRAWS), count)
        chances = propensities(best, config)
        return Round(
            start=start,
            best=tuple(best.tolist()),
            propensities=tuple(chances.tolist()),
            arms=tuple(rng.choice(count, size=size, p=chances).tolist()),
            goals=tuple(int(self._goals[i]) for i in rng.integers(len(self._goals), size=size)),
            seeds=tuple((config.seed, self._number, EPISODE, start + i) for i in range(size)),
        )

    def learn(self, played: Round, episodes: Sequence[Episode]) -> list[Rollout]:
        """Update the beliefs.

        Args:
            played: the round.
            episodes: one a rollout, in order.

        Returns:
            The records of the round.

        Raises:
            ValueError: they are not the episodes of the round's goals.
        """
        if [episode.goal_index for episode in episodes] != list(played.goals):
            raise ValueError("other episodes than those that the round asks for")
        made = [
            Rollout(seed[3], self._number, self._arms[arm], played.propensities[arm], seed, episode)
            for arm, seed, episode in zip(played.arms, played.seeds, episodes, strict=True)
        ]
        for arm in sorted(set(played.arms)):
            self._beliefs.update(arm, [e.earned for e, a in zip(episodes, played.arms, strict=True) if a == arm])
        self.best.append((played.start, played.best))
        self.records += made
        return made

    def result(self) -> ThompsonResult:
        """What the finished run says."""
        rng = self._rng(REPORT, 0)
        chances = self._beliefs.chances(self._config.objective, rng, REPORT_DRAWS)
        rows = {name: self._row(arm, chances[arm], rng) for arm, name in enumerate(self._arms)}
        history = (*self.best, (len(self.records), tuple(chances)))
        return ThompsonResult(self._config, self._number, rows, tuple(self.records), history)

    def _row(self, arm: int, chance: float, rng: np.random.Generator) -> ArmResult:
        rewards = np.array([record.reward for record in self.records if record.arm == self._arms[arm]])
        if len(rewards) == 0:
            return ArmResult(0, None, None, None, None, chance)
        return ArmResult(
            rollouts=len(rewards),
            score=float(100 * rewards.mean()),
            score_interval=_interval(100 * np.clip(self._beliefs.reward[arm].sample(rng, REPORT_DRAWS), 0, 1)),
            success_rate=float((rewards == 1.0).mean()),
            success_rate_interval=_interval(self._beliefs.success[arm].sample(rng, REPORT_DRAWS)),
            probability_best=chance,
        )

    def _rng(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng([self._config.seed, self._number, purpose, number])


def _interval(draws: NDArray[np.float64]) -> Interval:
    """The central 95% of posterior draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
