"""Study: image features on and off, and on with the pictures shuffled, on a shop whose pictures matter.

The pictures are drawn and their encoder is small and fixed (:mod:`shoprl.experiments.studies.pictures`): the study
shows whether the fast head can use what a picture tells, not what photographs would be worth to it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.statistics import compare_paired
from shoprl.experiments.chain import Run, encode, fresh, shopped, trained
from shoprl.experiments.studies.picture_shop import PictureShop, picture_shop
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.rollouts.records import Episode
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import write_split
from shoprl.tasks.shop.texts import wishes
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations

ON, OFF, SHUFFLED = "pictures_on", "pictures_off", "pictures_shuffled"
COMPARED = ((ON, OFF), (ON, SHUFFLED), (SHUFFLED, OFF))


@dataclass(frozen=True)
class ImagesConfig:
    """Sizes of the study.

    Attributes:
        families: of four products that only their pictures tell apart.
        requests: wishes for each product.
        shop_seed: of the shop, which is the same for every seed of the study.
        demonstrations: of an expert, the same for every agent.
        recovery: the expert's chance of opening a wrong product first, so that looking and going back is shown. Where
            it is so high that most products opened are wrong, an agent that sees nothing goes back until time is up,
            and does worse than by buying what it opened first.
        imitation: settings of every agent's training.
    """

    families: int = 90
    requests: int = 4
    shop_seed: int = 0
    demonstrations: int = 1_600
    recovery: float = 0.4
    imitation: ImitationConfig = field(default_factory=lambda: ImitationConfig(updates=1_000, learning_rate=2e-3))


# For tests: everything happens, nothing is learned.
TINY = ImagesConfig(
    families=6,
    requests=1,
    demonstrations=12,
    recovery=0.7,
    imitation=ImitationConfig(updates=6, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
)


def _demonstrated(run: Run, config: ImagesConfig) -> list[Episode]:
    """The expert's trips on training goals, made or read."""
    data, count, recovery = run.data, config.demonstrations, config.recovery

    def make() -> list[Episode]:
        return demonstrations(run.task, data.goals, data.split.train, count, EXPERT, run.rng(1), recovery)

    with run.timed("demonstrations"):
        return run.kept("expert", make)


def _arm(
    run: Run, name: str, shown: Sequence[Example], pictures: Mapping[str, torch.Tensor], config: ImagesConfig
) -> ChoicePolicy:
    """An agent, trained or found; every agent starts from the same weights but for those that look at pictures."""

    about: dict[str, Any] = {"demonstrations": config.demonstrations, "updates": config.imitation.updates}

    def make(folder: Path) -> ChoicePolicy:
        cut_off, start = folder.exists(), time.perf_counter()
        policy = fresh(run, name, 2, **({"image": True} if pictures else {}))
        policy.pictures = pictures
        train_imitation(policy, shown, replace(config.imitation, seed=run.seed), folder, name)
        about["seconds"] = None if cut_off else round(time.perf_counter() - start, 2)
        return policy

    policy = trained(run, name, make, about)
    policy.pictures = pictures
    return policy


def arms(run: Run, shop: PictureShop, config: ImagesConfig) -> dict[str, ChoicePolicy]:
    """Make every step up to the trained agents that the run folder does not hold yet."""
    write_goals(run.folder / "goals.jsonl.gz", run.data.goals)
    write_split(run.folder / "split.json", run.data.split)
    episodes = _demonstrated(run, config)
    with run.timed("demonstrations"):
        shown = examples(run.task, run.data.goals, episodes)
    encode(run, wishes(run.data.goals, [*run.data.split.train, *run.data.split.eval, *run.data.split.test]))
    seen: dict[str, Mapping[str, torch.Tensor]] = {
        ON: shop.pictures,
        OFF: {},
        SHUFFLED: shop.shuffled(run.rng(3)),
    }
    return {name: _arm(run, name, shown, pictures, config) for name, pictures in seen.items()}


def _results(run: Run, tests: Mapping[str, Evaluation], config: ImagesConfig) -> dict[str, Any]:
    made = {"demonstrations": config.demonstrations, "updates": config.imitation.updates}
    return {
        "agents": {
            name: {**found.summary.to_json(), **made, "seconds": run.about(name)["seconds"]}
            for name, found in tests.items()
        },
        "comparisons": [
            {
                "name": f"{a} less {b}".replace("_", " "),
                **compare_paired(tests[a].episodes, tests[b].episodes).to_json(),
            }
            for a, b in COMPARED
        ],
        "hashes": run.data.hashes(),
        "wall_seconds": {**run.wall, "total": round(sum(run.wall.values()), 2)},
    }


def run(folder: Path, seed: int, config: ImagesConfig | None = None) -> dict[str, Any]:
    """Make every step of the study that the run folder does not hold yet.

    Args:
        folder: the run folder.
        seed: of the demonstrations, the weights, the batches and the shuffling.
        config: sizes; another one needs another folder.

    Returns:
        ``agents`` (name -> summary on the test goals, ``demonstrations``, ``updates``, ``seconds``), ``comparisons``
        (differences on the same goals with 95% intervals), ``hashes`` and ``wall_seconds``.
    """
    config = config or ImagesConfig()
    shop = picture_shop(config.families, config.requests, config.shop_seed)
    step = Run(folder, shop.data, seed)
    agents = arms(step, shop, config)
    tests = {name: shopped(step, policy, "test", step.test_goals()) for name, policy in agents.items()}
    return _results(step, tests, config)
