"""What every recipe does in its run folder: timed steps, each done once and found again by a resumed run."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import Evaluation, evaluate
from shoprl.evaluation.statistics import INTERVAL_SEED, summarize
from shoprl.files import read_json
from shoprl.policies.base import Decode, Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.choice import ChoicePolicy, new_model
from shoprl.policies.networks.encoder import TokenStore, encoded
from shoprl.policies.query.policy import MANIFEST
from shoprl.policies.saving import load_learned, save_policy
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.texts import product_texts
from shoprl.trajectories.files import read_trajectories, write_trajectories

if TYPE_CHECKING:
    from shoprl.evaluation.thompson.compare import Comparison

TEST_GOALS = 500
P = TypeVar("P", bound=LearnedPolicy)


@dataclass
class Run:
    """A recipe under way.

    Attributes:
        folder: where everything goes.
        data: catalogue, goals and splits.
        seed: of every draw.
        store: token states; set by the recipe before it trains.
        wall: name of a step -> seconds.
    """

    folder: Path
    data: ShopData
    seed: int
    store: TokenStore = field(init=False)
    wall: dict[str, float] = field(default_factory=dict, init=False)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the seconds of a step to ``wall``."""
        start = time.perf_counter()
        yield
        self.wall[name] = round(self.wall.get(name, 0.0) + time.perf_counter() - start, 2)

    def rng(self, purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that a resumed run draws the same."""
        return np.random.default_rng([self.seed, purpose])

    @property
    def task(self) -> ShopTask:
        """What the agents act in."""
        return ShopTask(self.data.shop)

    def goals(self, indices: Sequence[int]) -> list[tuple[int, Goal]]:
        """Goals with their indices."""
        return [(index, self.data.goals[index]) for index in indices]

    def test_goals(self) -> list[tuple[int, Goal]]:
        """The standard test goals, at most 500."""
        return self.goals(self.data.split.test[:TEST_GOALS])

    def about(self, name: str) -> dict[str, Any]:
        """What :func:`trained` noted of a policy."""
        about: dict[str, Any] = read_json(self.folder / "policies" / name / MANIFEST, RunError)["about"]
        return about

    def kept(self, name: str, make: Callable[[], list[Episode]]) -> list[Episode]:
        """Trajectories on the run's goals, made or read from ``trajectories``."""
        path, goals_hash = self.folder / "trajectories" / f"{name}.jsonl.gz", self.data.hashes()["goals"]
        if path.is_file():
            return read_trajectories(path, goals_hash)
        made = make()
        if made:  # a file of no trips would not be read back
            write_trajectories(path, made, goals_hash)
        return made


@dataclass(frozen=True)
class Outcome:
    """What a recipe found.

    Attributes:
        results: for ``results.json``.
        tests: each agent's greedy episodes on the test goals.
        trained: names of the trainings, in order.
        thompson: what Thompson sampling found, where there was one.
    """

    results: dict[str, Any]
    tests: Mapping[str, Evaluation]
    trained: tuple[str, ...]
    thompson: "Comparison | None" = None


def encode(run: Run, texts: Iterable[str]) -> None:
    """Make the token states of a run; see :func:`shoprl.policies.networks.encoder.encoded`."""
    with run.timed("encoding"):
        run.store = encoded(lambda: [*product_texts(run.data.catalog), *texts])


def fresh(run: Run, name: str, purpose: int, **sizes: Any) -> ChoicePolicy:
    """A new policy with the fast head; ``sizes`` are those of its model."""
    generator = torch.Generator().manual_seed(int(run.rng(purpose).integers(2**31)))
    return ChoicePolicy(new_model(run.store, generator, **sizes), run.store, name=name)


def trained(run: Run, name: str, make: Callable[[Path], P], about: Mapping[str, Any]) -> P:
    """Train a policy and save it, or load the one a killed run left.

    Args:
        run: the run.
        name: of the policy's folder.
        make: trains in a folder of its own, from the last checkpoint there.
        about: what to note in the policy's manifest.
    """
    folder = run.folder / "policies" / name
    with run.timed(f"training {name}"):
        if folder.is_dir():
            return cast(P, load_learned(folder, run.store))  # what ``make`` made
        policy = make(run.folder / "training" / name)
        save_policy(policy, folder, about)
        return policy


def shopped(
    run: Run,
    policy: Policy,
    part: str,
    goals: Sequence[tuple[int, Goal]],
    decode: Decode = "greedy",
    goals_hash: str | None = None,
) -> Evaluation:
    """Evaluate a policy on goals, or read the episodes a killed run left.

    Args:
        run: the run.
        policy: who shops.
        part: of the goals; the name of the folder.
        goals: (index in its goal list, goal).
        decode: greedy or drawn actions.
        goals_hash: of that goal list, where it is not the run's.
    """
    path = run.folder / "episodes" / part / f"{shopped_as(policy, decode)}.jsonl.gz"
    goals_hash = goals_hash or run.data.hashes()["goals"]
    with run.timed(f"evaluation on {part} goals"):
        if path.is_file():
            episodes = read_trajectories(path, goals_hash)
            return Evaluation(summarize(episodes, np.random.default_rng(INTERVAL_SEED)), episodes, 0.0)
        label = f"{shopped_as(policy, decode)} on {part} goals"
        found = evaluate(policy, run.task, goals, decode, run.seed, label)
        write_trajectories(path, found.episodes, goals_hash)
        return found


def shopped_as(policy: Policy, decode: Decode) -> str:
    """The name of a policy's episodes."""
    return policy.name if decode == "greedy" else f"{policy.name}-{decode}"


def best_of(found: Mapping[str, Evaluation]) -> str:
    """The name of the best policy, by success rate and then score."""
    summaries = {name: each.summary for name, each in found.items()}
    return max(found, key=lambda name: (summaries[name].success_rate.value, summaries[name].score.value))
