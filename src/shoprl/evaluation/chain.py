"""What every recipe does in its run folder: timed steps, each done once and found again by a resumed run."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoprl.evaluation.evaluate import INTERVAL_SEED, Evaluation, evaluate
from shoprl.evaluation.statistics import summarize
from shoprl.evaluation.thompson import ThompsonResult
from shoprl.policies.backbone import load_backbone
from shoprl.policies.base import Decode, Policy
from shoprl.policies.choice import ChoicePolicy, new_model
from shoprl.policies.encoder import TokenStore
from shoprl.policies.queries import queries_for
from shoprl.policies.saving import load_choice, save_policy
from shoprl.policies.state import parse_instruction
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.trajectories.files import read_trajectories, write_trajectories

TEST_GOALS = 500


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

    def goals(self, indices: Sequence[int]) -> list[tuple[int, Goal]]:
        """Goals with their indices."""
        return [(index, self.data.goals[index]) for index in indices]

    def test_goals(self) -> list[tuple[int, Goal]]:
        """The standard test goals, at most 500."""
        return self.goals(self.data.split.test[:TEST_GOALS])


@dataclass(frozen=True)
class Outcome:
    """What a recipe found.

    Attributes:
        results: for ``results.json``.
        tests: each agent's greedy episodes on the test goals.
        trained: names of the trainings, in order.
        thompson: the result of Thompson sampling, where there was one.
    """

    results: dict[str, Any]
    tests: Mapping[str, Evaluation]
    trained: tuple[str, ...]
    thompson: ThompsonResult | None = None


def encode(run: Run, texts: Iterable[str]) -> None:
    """Make the token states of every product's texts and of ``texts``.

    All that the run will meet must be there: its texts are encoded in batches, and so in one order, resumed or not.
    """
    with run.timed("encoding"):
        run.store = TokenStore(load_backbone())
        products = run.data.catalog
        run.store.add(
            [
                *(product.title for product in products),
                *(value for product in products for values in product.options.values() for value in values),
                *texts,
            ]
        )


def wishes(run: Run, indices: Iterable[int]) -> Iterator[str]:
    """What the instructions of goals ask for, and what is searched for."""
    for index in indices:
        instruction = parse_instruction(run.data.goals[index].instruction)
        yield from (instruction.wish, *queries_for("wish", instruction))


def fresh(run: Run, name: str, purpose: int, **sizes: Any) -> ChoicePolicy:
    """A new policy with the fast head; ``sizes`` are those of its model."""
    generator = torch.Generator().manual_seed(int(run.rng(purpose).integers(2**31)))
    return ChoicePolicy(new_model(run.store, generator, **sizes), run.store, name=name)


def trained(run: Run, name: str, make: Callable[[Path], ChoicePolicy], about: Mapping[str, Any]) -> ChoicePolicy:
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
            return load_choice(folder, run.store)
        policy = make(run.folder / "training" / name)
        save_policy(policy, folder, about)
        return policy


def shopped(
    run: Run, policy: Policy, part: str, goals: Sequence[tuple[int, Goal]], decode: Decode = "greedy"
) -> Evaluation:
    """Evaluate a policy on goals, or read the episodes a killed run left."""
    name = policy.name if decode == "greedy" else f"{policy.name}-{decode}"
    path = run.folder / "episodes" / part / f"{name}.jsonl.gz"
    goals_hash = run.data.hashes()["goals"]
    with run.timed(f"evaluation on {part} goals"):
        if path.is_file():
            episodes = read_trajectories(path, goals_hash)
            return Evaluation(summarize(episodes, np.random.default_rng(INTERVAL_SEED)), episodes, 0.0)
        found = evaluate(policy, run.data.shop, goals, decode, run.seed, what=f"{name} on {part} goals")
        write_trajectories(path, found.episodes, goals_hash)
        return found


def best_of(found: Mapping[str, Evaluation]) -> str:
    """The name of the best policy, by success rate and then score."""
    summaries = {name: each.summary for name, each in found.items()}
    return max(found, key=lambda name: (summaries[name].success_rate.value, summaries[name].score.value))
