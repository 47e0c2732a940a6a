"""Rollouts for policy gradient and PPO: episodes of the policy in training, with observations and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from shoprl.files import content_hash
from shoprl.policies.base import Choice, Decode, pick
from shoprl.policies.learned import ACT_BATCH, LearnedPolicy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.settings import Count, NotNegative, Range, Share, Size
from shoprl.tasks.base import Observation, State, Task
from shoprl.tasks.instruction import Instruction
from shoprl.training.imitation import decision_losses
from shoprl.training.loop import LoopConfig, Rate, Training, batch_of, weights_digest
from shoprl.trajectories.examples import Example, identity_of_examples

G = TypeVar("G")


@dataclass(frozen=True)
class RLConfig(LoopConfig):
    """Settings that policy gradient and PPO share; see :class:`shoprl.training.loop.LoopConfig`.

    Attributes:
        batch_size: episodes per rollout, run in parallel.
        discount: gamma.
        policy_weight: of the policy loss.
        value_weight: of the squared error of the value.
        imitation_weight: of the cross entropy of demonstrated actions, if there are demonstrations.
        entropy_weight: of the entropy bonus.
        normalize: normalise the advantages of a rollout to mean 0 and standard deviation 1 (WebShop does not).
        demonstrated: demonstrated decisions per update.
        fit_weight: of the estimated rewards' cross entropy beside that of demonstrated actions, for a policy that
            estimates them and demonstrations that hold them.
        success_weight: share of what an episode earns that only a reward of 1 does; the rest is the reward.
    """

    updates: Count = 300
    batch_size: Size = 16
    learning_rate: Rate = 3e-5
    discount: Annotated[float, Range(0, 1, above=True)] = 0.9
    policy_weight: NotNegative = 1.0
    value_weight: NotNegative = 1.0
    imitation_weight: NotNegative = 0.5
    entropy_weight: NotNegative = 0.01
    normalize: bool = True
    demonstrated: Size = 16
    fit_weight: NotNegative = 1.0
    success_weight: Share = 0.0

    def earned(self, episode: Episode) -> float:
        """What an episode earns in training."""
        return (1 - self.success_weight) * episode.earned + self.success_weight * episode.success


@dataclass(frozen=True, slots=True)
class Step:
    """A decision of a rollout.

    Attributes:
        state: the observation.
        allowed: which candidates the task's rule allows, shape (candidates,).
        action: index of the candidate taken.
        log_probability: of the action, over the allowed candidates, in the rollout.
        value: the policy's value of the state.
    """

    state: Observation
    allowed: NDArray[np.bool_]
    action: int
    log_probability: float
    value: float


@dataclass(frozen=True)
class Rollout:
    """Episodes that were run in parallel.

    Attributes:
        episodes: their records.
        steps: the decisions of each, in order.
    """

    episodes: Sequence[Episode]
    steps: Sequence[Sequence[Step]]

    def flat(self) -> list[Step]:
        """All decisions, episode after episode."""
        return [step for own in self.steps for step in own]

    def metrics(self) -> dict[str, float]:
        """``score`` (0 to 100), ``success`` (0 to 1) and ``steps``, means over the episodes."""
        return {
            "score": 100 * float(np.mean([episode.earned for episode in self.episodes])),
            "success": float(np.mean([episode.success for episode in self.episodes])),
            "steps": float(np.mean([len(own) for own in self.steps])),
        }


class _Recorder:
    """Acts for a policy and records its steps; an episode is identified by its generator."""

    def __init__(self, policy: LearnedPolicy) -> None:
        self.name = policy.name
        self._policy = policy
        self._steps: dict[int, tuple[np.random.Generator, list[Step]]] = {}  # keeps the generator's id unique

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        return self._policy.queries(instruction)

    def steps(self) -> list[list[Step]]:
        """The steps of each episode, in the order in which episodes were started."""
        return [steps for _, steps in self._steps.values()]

    @torch.no_grad()
    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        choices = []
        for start in range(0, len(states), ACT_BATCH):
            part = states[start : start + ACT_BATCH]
            observed = [state.observe() for state in part]
            logits, values = (each.double() for each in self._policy.logits_and_values(observed))
            for i, state in enumerate(part):
                mask, rng = state.allowed(), rngs[start + i]
                own = logits[i, : len(mask)].masked_fill(~torch.from_numpy(mask), -torch.inf)
                logs = torch.log_softmax(own, dim=-1).numpy()
                index, chance = pick(np.exp(logs), rng, decode)
                steps = self._steps.setdefault(id(rng), (rng, []))[1]
                steps.append(Step(observed[i], mask, index, float(logs[index]), float(values[i])))
                choices.append(Choice(state.candidates[index].action, chance, float(np.exp(logs[index]))))
        return choices


def collect(policy: LearnedPolicy, task: Task[G], goals: Sequence[tuple[int, G]], seed: int) -> Rollout:
    """Run one episode per goal, with sampled actions and without dropout.

    Args:
        policy: chooses the actions; left in evaluation mode.
        task: the task.
        goals: (index in its goal list, goal).
        seed: of the sampled actions.
    """
    policy.model.eval()
    recorder = _Recorder(policy)
    episodes = run_episodes(recorder, task, goals, seed, "sample", label="")
    return Rollout(episodes, recorder.steps())


def collect_for(
    training: Training, policy: LearnedPolicy, task: Task[G], goals: Sequence[tuple[int, G]], number: int
) -> Rollout:
    """Collect this process's share of a training's rollout.

    Args:
        training: gives the number of episodes and the seed.
        policy: chooses the actions.
        task: the task.
        goals: (index in its goal list, goal), from which the rollout's batch is taken.
        number: of the rollout, from 0.
    """
    config = training.config
    drawn = training.team.share(batch_of(number, config.batch_size, len(goals), config.seed)).tolist()
    return collect(policy, task, [goals[i] for i in drawn], seed=config.seed * 1_000_003 + number)


def demonstrated_loss(
    training: Training, policy: LearnedPolicy, data: Sequence[Example], config: RLConfig
) -> torch.Tensor:
    """Cross entropy of an update's demonstrated actions and of their rewards; zero if there are none."""
    if not data or config.imitation_weight == 0:
        return torch.zeros(())
    drawn = batch_of(training.update, config.demonstrated, len(data), config.seed)
    picked = [data[i] for i in training.team.share(drawn, "demonstrated").tolist()]
    known = any(example.fits is not None for example in picked)
    losses, _ = decision_losses(policy, picked, config.fit_weight if known else 0.0)
    return losses.mean()


def identity_of_rl(
    policy: LearnedPolicy, task: Task[G], goals: Sequence[tuple[int, G]], data: Sequence[Example]
) -> dict[str, str]:
    """What defines an RL training: initial weights, goals, demonstrations and the query policy, if any."""
    identity = {
        "start": weights_digest(policy.model),
        "data": identity_of_examples(data),
        "goals": content_hash([[index, task.describe(goal)] for index, goal in goals]),
    }
    if policy.offer is not None:
        identity["offer"] = f"{policy.offer.n} of {weights_digest(policy.offer.policy.writer.model)}"
    return identity
