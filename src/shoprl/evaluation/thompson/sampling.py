"""Thompson sampling between policies, which spends most rollouts on those that look good.

Each policy is an arm, each rollout one episode. Thompson sampling plays an arm with the probability that it is the best
(Thompson, "On the likelihood that one unknown probability exceeds another", 1933; Russo et al., "A Tutorial on Thompson
Sampling", arXiv 1707.02038). Its top-two variant gives more rollouts to the others (Russo, "Simple Bayesian Algorithms
for Best Arm Identification", arXiv 1602.08448). Rollouts are drawn in rounds between updates of the beliefs.

A round depends only on (seed, run, its first index) and the beliefs before it, and an episode on (seed, run, its
index), so that an interrupted run can be resumed from its records alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.evaluation.thompson.posteriors import Beliefs, Objective
from shoprl.evaluation.thompson.rounds import Rollout, Round
from shoprl.rollouts.records import Episode
from shoprl.settings import Count, Range, Seed, Settings, Share, Size

Allocation = Literal["thompson", "top-two", "uniform"]
Interval = tuple[float, float]

PROPENSITY_DRAWS = 1_000  # posterior draws for each round's propensities
REPORT_DRAWS = 20_000  # posterior draws for the intervals and probabilities of the result
ROUND, EPISODE, REPORT = 0, 1, 2  # purposes: third number of a generator's seed


@dataclass(frozen=True, slots=True)
class ThompsonConfig(Settings):
    """Settings of a comparison.

    Attributes:
        objective: decides the allocation: the success rate or the score. Both are tracked.
        allocation: ``thompson`` plays an arm with the probability that it is the best, ``top-two`` plays the others
            more, ``uniform`` plays all equally.
        top_two_beta: probability of keeping the best arm in ``top-two``, within (0, 1).
        floor: share of the rollouts divided equally over the arms, so that off-policy estimates have support.
        rollouts: episodes per run.
        runs: number of independent runs.
        batch: rollouts between two updates of the beliefs; the last round may be smaller.
        chunk: maximum number of episodes of an arm run together; a network's last bits depend on it.
        seed: of all draws.
    """

    objective: Objective = "score"
    allocation: Allocation = "thompson"
    top_two_beta: Annotated[float, Range(0, 1, above=True, below=True)] = 0.5
    floor: Share = 0.0
    rollouts: Count = 1000
    runs: Count = 3
    batch: Count = 32
    chunk: Size = 16
    seed: Seed = 0


@dataclass(frozen=True, slots=True)
class ArmResult:
    """The result of one arm.

    Attributes:
        rollouts: number of its rollouts.
        score, success_rate: observed, in 0..100 and 0..1; None without rollouts.
        score_interval, success_rate_interval: 95% intervals; of one run the credible intervals, the score's clipped to
            0..100; of several runs bootstrap intervals over goals.
        probability_best: posterior probability that the arm is the best at the objective.
    """

    rollouts: int
    score: float | None
    score_interval: Interval | None
    success_rate: float | None
    success_rate_interval: Interval | None
    probability_best: float

    def to_json(self) -> dict[str, object]:
        """The result as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ThompsonResult:
    """A finished run.

    Attributes:
        config: its configuration.
        run: its number.
        arms: the result of each arm, in the order given.
        records: all rollouts in order.
        best: (rollouts so far, probability of each arm to be the best) before each round and at the end.
    """

    config: ThompsonConfig
    run: int
    arms: dict[str, ArmResult]
    records: tuple[Rollout, ...]
    best: tuple[tuple[int, tuple[float, ...]], ...]

    def cumulative_regret(self) -> NDArray[np.float64]:
        """Cumulative regret after each rollout against playing the best arm throughout; shape (rollouts,).

        The best arm has the highest observed mean at the end, and each rollout counts as its arm's observed mean, so
        that noise in single rewards cancels out. Unit: successes (objective "success") or score points ("score"). An
        arm with few rollouts can be best by chance.
        """
        objective = self.config.objective
        means = {name: row.success_rate if objective == "success" else row.score for name, row in self.arms.items()}
        best = max(mean for mean in means.values() if mean is not None)
        return np.cumsum([best - (means[record.arm] or 0.0) for record in self.records])

    def to_json(self) -> dict[str, object]:
        """The result as JSON, without the records."""
        arms = {name: row.to_json() for name, row in self.arms.items()}
        return {"run": self.run, "arms": arms, "regret": float(self.cumulative_regret()[-1])}


def arm_probabilities(best: NDArray[np.intp], arms: int) -> NDArray[np.float64]:
    """Probability of each arm to be the best, from the best arm of each posterior draw; shape (arms,), sum 1.

    One additional draw is spread evenly over the arms, so that no propensity is 0, as inverse weights require.
    """
    counts = np.bincount(best, minlength=arms)
    return np.asarray((counts + 1 / arms) / (len(best) + 1))


def propensities(best: NDArray[np.float64], config: ThompsonConfig) -> NDArray[np.float64]:
    """Probability of each arm to be played; shape (arms,), sum 1.

    ``top-two`` draws a best arm, keeps it with probability ``top_two_beta``, and else draws until it gets another arm
    (arXiv 1602.08448, section 3.3): p_i (beta + (1 - beta) sum over j != i of p_j / (1 - p_j)).

    Args:
        best: probability of each arm to be the best, none of them 0.
        config: holds the allocation.
    """
    if config.allocation == "uniform" or len(best) == 1:
        return np.full(len(best), 1 / len(best))
    chances = best
    if config.allocation == "top-two":
        odds = best / (1 - best)
        chances = best * (config.top_two_beta + (1 - config.top_two_beta) * (odds.sum() - odds))
    return np.asarray((1 - config.floor) * chances + config.floor / len(best))


class ThompsonRun:
    """A run in progress: allocates rollouts and learns from their episodes.

    Args:
        arms: distinct names.
        goals: goal indices, from which each rollout draws uniformly.
        config: configuration.
        number: of the run, from 0; decides its draws.

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
        """Whether all rollouts were run."""
        return len(self.records) >= self._config.rollouts

    def next_round(self) -> Round:
        """The next round; the same until :meth:`learn` is called."""
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
            episodes: one per rollout, in order.

        Returns:
            The records of the round.

        Raises:
            ValueError: the episodes are not of the round's goals.
        """
        if [episode.goal_index for episode in episodes] != list(played.goals):
            raise ValueError("other episodes than those of the round")
        rollouts = [
            Rollout(seed[3], self._number, self._arms[arm], played.propensities[arm], seed, episode)
            for arm, seed, episode in zip(played.arms, played.seeds, episodes, strict=True)
        ]
        for arm in sorted(set(played.arms)):
            self._beliefs.update(arm, [e.earned for e, a in zip(episodes, played.arms, strict=True) if a == arm])
        self.best.append((played.start, played.best))
        self.records += rollouts
        return rollouts

    def result(self) -> ThompsonResult:
        """The result of a finished run."""
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
