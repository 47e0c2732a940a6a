"""The recipe of the best agent that two processor cores make within 45 minutes: ``shoprl reproduce --budget standard``.

An expert's demonstrations on the training goals, half of them worded as people ask, are imitated. Then the agent shops
for more training goals, an expert corrects it where it goes wrong, and it goes on to learn from the corrections and the
demonstrations together. Which of the two agents is kept is decided on the eval goals.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from shoprl.errors import RunError
from shoprl.experiments.chain import TEST_GOALS, Outcome, Run, best_of, encode, fresh, shopped, trained
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.simple import RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import write_split
from shoprl.tasks.shop.texts import wishes
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.corrections import corrected_episodes
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.rewording import with_reworded
from shoprl.trajectories.shoppers import EXPERT, demonstrations


@dataclass(frozen=True)
class Recipe:
    """Sizes and settings of the recipe.

    Attributes:
        products: of a generated catalogue.
        wordings: how often each training goal is reworded.
        even: demonstrations on the training goals as they are, evenly over products.
        often: on as many of them drawn at random: a product with many goals is shown as often as it is asked for.
        other: on reworded ones, evenly over products.
        recovery: the expert's chance of a slip, recovered from, on a results page.
        imitation: settings of imitation.
        corrected_own, corrected_other: goals that the agent is corrected on, as they are and reworded, drawn at random.
        repeats: how often each corrected trip counts.
        correction: settings of the imitation that goes on with the corrections.
        eval_goals: goals on which the kept agent is chosen.
    """

    products: int = 2_000
    wordings: int = 2
    even: int = 2_000
    often: int = 2_500
    other: int = 5_000
    recovery: float = 0.3
    imitation: ImitationConfig = field(default_factory=lambda: ImitationConfig(updates=5_000, checkpoint_every=500))
    corrected_own: int = 3_000
    corrected_other: int = 4_000
    repeats: int = 2
    correction: ImitationConfig = field(
        default_factory=lambda: ImitationConfig(updates=2_000, learning_rate=6e-4, checkpoint_every=500)
    )
    eval_goals: int = 1_000


RECIPE = Recipe()


@dataclass
class RecipeRun(Run):
    """The recipe under way; ``data`` must hold the reworded goals (:func:`recipe_run`).

    Attributes:
        given: the shop without the reworded goals.
        recipe: sizes and settings.
    """

    given: ShopData = field(kw_only=True)
    recipe: Recipe = field(kw_only=True)

    def part(self, own: bool) -> list[int]:
        """The training goals as they are, or the reworded ones."""
        return [index for index in self.data.split.train if (index < len(self.given.goals)) == own]

    def corrected_goals(self) -> list[int]:
        """The goals that the agent is corrected on."""
        rng, drawn = self.rng(6), list[int]()
        for own, count in ((True, self.recipe.corrected_own), (False, self.recipe.corrected_other)):
            part = self.part(own)
            drawn += [part[i] for i in rng.permutation(len(part))[:count]]
        return drawn

    def eval_goals(self) -> list[int]:
        """The goals that the kept agent is chosen on."""
        return list(self.data.split.eval[: self.recipe.eval_goals])


def recipe_run(folder: Path, data: ShopData, seed: int, recipe: Recipe = RECIPE) -> RecipeRun:
    """Reword the training goals of a shop and prepare a run.

    Raises:
        RunError: there is no training goal.
    """
    if not data.split.train:
        raise RunError("The splits leave no training goal. Bring more goals.")
    more = with_reworded(data, recipe.wordings, np.random.default_rng([seed, 9]))
    return RecipeRun(folder, more, seed, given=data, recipe=recipe)


def _demonstrations(run: RecipeRun) -> list[Episode]:
    """The expert's trips, made or read."""
    recipe, data = run.recipe, run.data

    def make() -> list[Episode]:
        own = run.part(True)
        often = [own[i] for i in run.rng(1).permutation(len(own))[: recipe.often]]
        parts = ((2, own, recipe.even), (3, often, recipe.often), (4, run.part(False), recipe.other))
        made = []
        for purpose, indices, count in parts:
            rng = run.rng(purpose)
            made += demonstrations(run.task, data.goals, indices, count, EXPERT, rng, recipe.recovery)
        return made

    with run.timed("demonstrations"):
        return run.kept("expert", make)


def _imitate(run: RecipeRun, shown: list[Example], trips: int) -> ChoicePolicy:
    def make(folder: Path) -> ChoicePolicy:
        policy = fresh(run, "imitation", 5)
        train_imitation(policy, shown, replace(run.recipe.imitation, seed=run.seed), folder)
        return policy

    return trained(run, "imitation", make, {"demonstrations": trips, "updates": run.recipe.imitation.updates})


def _corrections(run: RecipeRun, agent: ChoicePolicy) -> list[Episode]:
    """The trips on which an expert corrects the agent, made or read."""

    def make() -> list[Episode]:
        return corrected_episodes(agent, run.task, run.goals(run.corrected_goals()), run.rng(7))

    with run.timed("corrections"):
        return run.kept("corrected", make)


def _correct(run: RecipeRun, start: ChoicePolicy, shown: list[Example], corrected: list[Episode]) -> ChoicePolicy:
    recipe = run.recipe

    def make(folder: Path) -> ChoicePolicy:
        policy = copy_of(start, "corrected")
        more = examples(run.task, run.data.goals, corrected) * recipe.repeats if corrected else []
        train_imitation(policy, shown + more, replace(recipe.correction, seed=run.seed + 1), folder, "corrected")
        return policy

    return trained(run, "corrected", make, {"start": "imitation", "updates": recipe.correction.updates})


def make_agent(run: RecipeRun) -> Outcome:
    """Make every step of the recipe that the run folder does not hold yet, and measure the kept agent once."""
    write_goals(run.folder / "goals.jsonl.gz", run.data.goals)
    write_split(run.folder / "split.json", run.data.split)
    episodes = _demonstrations(run)
    with run.timed("demonstrations"):
        shown = examples(run.task, run.data.goals, episodes)
    met = [*(episode.goal_index for episode in episodes), *run.corrected_goals(), *run.eval_goals()]
    encode(run, wishes(run.data.goals, [*met, *run.data.split.test[:TEST_GOALS]]))
    imitation = _imitate(run, shown, len(episodes))
    corrected = _corrections(run, imitation)
    policies = {"imitation": imitation, "corrected": _correct(run, imitation, shown, corrected)}
    on_eval = {name: shopped(run, policy, "eval", run.goals(run.eval_goals())) for name, policy in policies.items()}
    best = best_of(on_eval)
    test, rule = run.test_goals(), RulePolicy()
    tests = {rule.name: shopped(run, rule, "test", test), best: shopped(run, policies[best], "test", test)}
    sampled = shopped(run, policies[best], "test", test, "sample")
    agents = {name: found.summary.to_json() for name, found in tests.items()}
    results = {
        "agents": agents | {f"{best}, sampled": sampled.summary.to_json()},
        "best_policy": f"policies/{best}",
        "chosen_on_eval_goals": {name: found.summary.to_json() for name, found in on_eval.items()},
        "demonstrations": {"trips": len(episodes), "decisions": len(shown), "corrected_episodes": len(corrected)},
        "hashes": run.given.hashes(),
        "training_hashes": run.data.hashes(),
    }
    return Outcome(results, tests, tuple(policies))
