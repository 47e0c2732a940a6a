"""The engine of every experiment: makes each policy of a plan once, loads it when resumed, and records it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import Evaluation, evaluate
from shoprl.evaluation.json_records import Record
from shoprl.evaluation.results import Commit, RunResults
from shoprl.evaluation.statistics import INTERVAL_SEED, summarize
from shoprl.evaluation.thompson.compare import ArmComparison
from shoprl.experiments.methods import Inputs, Learned, learn
from shoprl.experiments.plan import Corrections, DataSet, Plan, Recipe, Shoppers
from shoprl.files import content_hash, write_json
from shoprl.machine import commit, machine
from shoprl.policies import packaged
from shoprl.policies.base import Decode, Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore, encoded
from shoprl.policies.saving import load_learned, network_of, save_policy
from shoprl.reading import read_json
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.texts import product_texts, wishes_of
from shoprl.training.loop import weights_digest
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.corrections import corrected_episodes
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.files import read_trajectories, write_trajectories
from shoprl.trajectories.shoppers import EXPERT, average_skill, demonstrations

Pictures = Mapping[str, torch.Tensor]  # ASIN -> features of the product's picture


@dataclass(frozen=True)
class PolicyRecord(Record):
    """How a policy was made: ``records/NAME.json``; its manifest has all but the times, the commit and the machine.

    Attributes:
        identity: hash of all that defines it: recipes, seed, data.
        method, start: from its recipe.
        updates: of its own training.
        demonstrations: trajectories that it learned from.
        counts: what its learner counted, such as ``pairs``.
        weights: digest of its weights.
        seconds, processor_seconds: of its own training; None where it was cut off and resumed.
        commit, machine: what it was made with.
    """

    null: ClassVar[tuple[str, ...]] = ("start", "seconds", "processor_seconds", "commit")
    identity: str
    method: str
    start: str | None
    updates: int
    demonstrations: int
    counts: Mapping[str, int]
    weights: str
    seconds: float | None
    processor_seconds: float | None
    commit: Commit | None
    machine: Mapping[str, object]


@dataclass(frozen=True)
class ExperimentOutcome:
    """What an experiment measured.

    Attributes:
        results: for ``results.json``.
        tests: each policy's greedy episodes on the test goals.
        thompson: the comparison by Thompson sampling, where there was one.
    """

    results: RunResults
    tests: Mapping[str, Evaluation]
    thompson: ArmComparison | None = None


Group = Callable[["Experiment"], Sequence[int]]
STREAMS: Mapping[str, int] = {"pairs": 5}  # of a plan that does not number it
GROUPS: Mapping[str, Group] = {"training": lambda experiment: experiment.data.split.train}


@dataclass
class Experiment:
    """A plan carried out in a folder: ``policies``, ``training``, ``trajectories``, ``episodes``.

    What the folder holds already is not made again, so that an experiment that was cut off can be continued.

    Args:
        folder: where everything goes.
        data: catalogue, goals and splits.
        seed: of every draw.
        plan: what to make.
        groups: name -> the training goals of a group, beside those of :data:`GROUPS`.
        texts: what else is encoded with the products' texts, before anything is trained.
        tokens: makes :attr:`store`, in place of encoding ``texts``.
        pictures: name -> pictures of the products.
        wall: name of a step -> seconds; filled by :meth:`timed`.
    """

    folder: Path
    data: ShopData
    seed: int
    plan: Plan
    groups: Mapping[str, Group] = field(default_factory=dict)
    texts: Callable[["Experiment"], Iterable[str]] = lambda experiment: wishes_of(experiment.data.goals)
    tokens: Callable[[], TokenStore] | None = None
    pictures: Mapping[str, Pictures] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    _made: dict[str, LearnedPolicy] = field(default_factory=dict, init=False)
    _examples: dict[str, list[Example]] = field(default_factory=dict, init=False)

    @property
    def task(self) -> ShopTask:
        """What the policies act in."""
        return ShopTask(self.data.shop)

    @cached_property
    def store(self) -> TokenStore:
        """The token states of every text that a policy can meet: encoded together, so that they are the same to the
        bit in a run that is resumed.
        """
        with self.timed("encoding"):
            if self.tokens is not None:
                return self.tokens()
            return encoded(lambda: [*product_texts(self.data.catalog), *self.texts(self)])

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the seconds of a step to :attr:`wall`."""
        start = time.perf_counter()
        yield
        self.wall[name] = round(self.wall.get(name, 0.0) + time.perf_counter() - start, 2)

    def seconds(self) -> dict[str, float]:
        """Name of a step -> seconds, and those of all steps under ``total``."""
        return {**self.wall, "total": round(sum(self.wall.values()), 2)}

    def rng(self, stream: str) -> np.random.Generator:
        """A generator of its own for each random stream, so that a resumed run draws the same."""
        return np.random.default_rng([self.seed, {**STREAMS, **self.plan.streams}[stream]])

    def goals(self, indices: Sequence[int]) -> list[tuple[int, Goal]]:
        """Goals with their indices."""
        return [(index, self.data.goals[index]) for index in indices]

    def group(self, name: str) -> Sequence[int]:
        """The training goals of a group."""
        return {**GROUPS, **self.groups}[name](self)

    def test_goals(self) -> list[tuple[int, Goal]]:
        """The standard test goals, at most as many as the plan says."""
        return self.goals(self.data.split.test[: self.plan.test_goals])

    def eval_goals(self) -> list[tuple[int, Goal]]:
        """The standard eval goals, at most as many as the plan says: to choose policies on."""
        return self.goals(self.data.split.eval[: self.plan.eval_goals])

    def episodes(self, name: str) -> list[Episode]:
        """The trajectories of a data set, made once and kept in ``trajectories``."""
        path, goals_hash = self.folder / "trajectories" / f"{name}.jsonl.gz", self.data.hashes()["goals"]
        if path.is_file():
            return read_trajectories(path, goals_hash)
        made = self._make_episodes(self.plan.data[name])
        if made:  # a file of no trajectories would not be read back
            write_trajectories(path, made, goals_hash)
        return made

    def _make_episodes(self, data: DataSet) -> list[Episode]:
        if isinstance(data, Corrections):
            policy = self.policy(data.policy)
            with self.timed("corrections"):
                return corrected_episodes(policy, self.task, self.goals(self.group(data.goals)), self.rng(data.stream))
        made = []
        with self.timed("demonstrations"):
            for part in data:
                goals = self.group(part.goals)
                skill, rng = self.skill(part), self.rng(part.stream)
                made += demonstrations(self.task, self.data.goals, goals, part.count, skill, rng, part.recovery)
        return made

    def skill(self, shoppers: Shoppers) -> float:
        """The skill of simulated shoppers; that of average ones is estimated on the same goals."""
        if shoppers.skill == "expert":
            return EXPERT
        return average_skill(self.task, self.data.goals, self.group(shoppers.goals), self.rng("skill"))

    def examples(self, name: str) -> list[Example]:
        """The decisions of a data set, each as often as it counts; made once."""
        if name not in self._examples:
            episodes, data = self.episodes(name), self.plan.data[name]
            with self.timed("demonstrations"):
                made = examples(self.task, self.data.goals, episodes) if episodes else []
            self._examples[name] = made * data.repeats if isinstance(data, Corrections) else made
        return self._examples[name]

    def policy(self, name: str) -> LearnedPolicy:
        """A policy, made with all it comes from where that is not there yet; the pretrained one is the package's.

        Raises:
            PolicyError: the package carries no agent.
            RunError: one of that name was made in another way.
            TrajectoryError: it cannot learn, such as from a start that is never right.
        """
        if name == packaged.PRETRAINED and name not in self._made:
            self._made[name] = load_learned(packaged.packaged_folder())
            self._made[name].name = name
        if name not in self._made:
            recipe = self.plan.recipes[name]
            if recipe.start:
                self.policy(recipe.start)
            shown = [example for each in recipe.data for example in self.examples(each)]
            self.store  # noqa: B018  (made now: no part of this training's time)
            with self.timed(f"training {name}"):
                self._made[name] = self._find(name, recipe) or self._train(name, recipe, shown)
        return self._made[name]

    def record(self, name: str) -> PolicyRecord:
        """How a policy was made."""
        path = self._record_file(name)
        return PolicyRecord.from_json(read_json(path, RunError), path)

    def _record_file(self, name: str) -> Path:
        return self.folder / "records" / f"{name}.json"

    def _identity(self, name: str) -> str:
        if name == packaged.PRETRAINED:
            return content_hash(dict(packaged.SHA256))
        recipe, streams = self.plan.recipes[name], {**STREAMS, **self.plan.streams}
        data: dict[str, object] = {}
        for each in recipe.data:
            made = self.plan.data[each]
            if isinstance(made, Corrections):
                data[each] = [asdict(made), streams[made.stream], self._identity(made.policy)]
            else:
                data[each] = [[asdict(part), streams[part.stream]] for part in made]
        return content_hash(
            {
                "recipe": asdict(recipe),
                "start": self._identity(recipe.start) if recipe.start else None,
                "data_sets": data,
                "streams": [streams.get(stream) for stream in (recipe.stream, recipe.pairs, "skill")],
                "seed": self.seed,
                "data": self.data.hashes(),
            }
        )

    def _find(self, name: str, recipe: Recipe) -> LearnedPolicy | None:
        """The policy that an earlier run left."""
        folder = self.folder / "policies" / name
        if not folder.is_dir():
            return None
        policy, record = load_learned(folder, self.store), self.record(name)
        if record.identity != self._identity(name) or record.machine["threads"] != torch.get_num_threads():
            raise RunError(
                f"{folder}: made in another way, on other data or with another number of threads. "
                "Choose another folder."
            )
        self._give_pictures(policy, recipe)
        return policy

    def _train(self, name: str, recipe: Recipe, shown: Sequence[Example]) -> LearnedPolicy:
        policy, folder = self._start(name, recipe, shown), self.folder / "training" / name
        seed = self.seed + recipe.seed_offset
        generating = [each for each in self.plan.line(name).values() if each.config.generated]
        if recipe.config.generated:  # one that generates on top of another draws other goals than that one did
            seed = self.seed * 10 + len(generating)
        inputs = Inputs(
            self.task,
            self.data.goals,
            self.group("training"),
            shown,
            self.rng(recipe.pairs),
            temperature=recipe.temperature,
        )
        resumed, wall, processor = folder.exists(), time.perf_counter(), time.process_time()
        learned = learn(recipe.method, policy, recipe.config.seeded(seed), inputs, folder, name)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        for old in (self.folder / "episodes").glob(f"*/{name}*.jsonl.gz"):
            if old.name in [f"{episodes_name(name, decode)}.jsonl.gz" for decode in ("greedy", "sample")]:
                old.unlink()  # of an earlier policy of that name
        record = self._recorded(name, recipe, policy, learned, None if resumed else (wall, processor)).to_json()
        write_json(self._record_file(name), record)
        measured = ("seconds", "processor_seconds", "commit", "machine")  # a policy's files depend on the plan alone
        about = {key: value for key, value in record.items() if key not in measured}
        save_policy(policy, self.folder / "policies" / name, about)
        return policy

    def _recorded(
        self, name: str, recipe: Recipe, policy: LearnedPolicy, learned: Learned, spent: tuple[float, float] | None
    ) -> PolicyRecord:
        code = commit()
        return PolicyRecord(
            identity=self._identity(name),
            method=recipe.method,
            start=recipe.start,
            updates=recipe.config.all_updates,
            demonstrations=sum(len(self.episodes(each)) for each in recipe.data),
            counts=learned.counts,
            weights=weights_digest(policy.model),
            seconds=round(spent[0], 2) if spent else None,
            processor_seconds=round(spent[1], 2) if spent else None,
            commit=Commit(**code) if code else None,
            machine=machine(),
        )

    def _start(self, name: str, recipe: Recipe, shown: Sequence[Example]) -> LearnedPolicy:
        if recipe.start:
            return copy_of(self.policy(recipe.start), name)
        seed = int(self.rng(recipe.stream).integers(2**31)) if recipe.stream else self.seed
        generator = torch.Generator().manual_seed(seed)
        policy = network_of(recipe.network).new(generator, (each.state for each in shown), self.store, **recipe.sizes)
        policy.name = name
        self._give_pictures(policy, recipe)
        return policy

    def _give_pictures(self, policy: LearnedPolicy, recipe: Recipe) -> None:
        if recipe.pictures:
            policy.pictures = self.pictures[recipe.pictures]

    def evaluate(
        self,
        policy: Policy,
        part: str,
        goals: Sequence[tuple[int, Goal]],
        decode: Decode = "greedy",
        goals_hash: str | None = None,
    ) -> Evaluation:
        """Evaluate a policy on goals, or read the episodes that an earlier run left.

        Args:
            policy: the policy to measure.
            part: of the goals; the name of the folder.
            goals: (index in its goal list, goal).
            decode: greedy or drawn actions.
            goals_hash: of that goal list, where it is not the experiment's.
        """
        name = episodes_name(policy.name, decode)
        path = self.folder / "episodes" / part / f"{name}.jsonl.gz"
        goals_hash = goals_hash or self.data.hashes()["goals"]
        with self.timed(f"evaluation on {part} goals"):
            if path.is_file():
                episodes = read_trajectories(path, goals_hash)
                return Evaluation(summarize(episodes, np.random.default_rng(INTERVAL_SEED)), episodes, 0.0)
            evaluation = evaluate(policy, self.task, goals, decode, self.seed, f"{name} on {part} goals")
            write_trajectories(path, evaluation.episodes, goals_hash)
            return evaluation


def episodes_name(policy: str, decode: Decode) -> str:
    """The name of a policy's episodes."""
    return policy if decode == "greedy" else f"{policy}-{decode}"


def best_of(evaluations: Mapping[str, Evaluation]) -> str:
    """The name of the best policy, by success rate and then score."""
    summaries = {name: each.summary for name, each in evaluations.items()}
    return max(evaluations, key=lambda name: (summaries[name].success_rate.value, summaries[name].score.value))
