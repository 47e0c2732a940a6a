"""An agent that shops in many catalogues: it is shown how, acts itself while an expert corrects it, then by reward.

What a round adds is learned together with all before it; policy gradient on further goals ends it. Each stage's policy
is kept, so that a run that was cut off continues; coached episodes are run again, as they are equal to the bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoprl.errors import PolicyError, RunError
from shoprl.files import content_hash
from shoprl.policies.base import Judging
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.policies.packaged import MANIFEST
from shoprl.policies.saving import load_learned, save_policy
from shoprl.reading import read_json
from shoprl.settings import Settings
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.texts import product_texts, wishes_of
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.loop import LogRow, read_log, weights_digest
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.trajectories.coaching import Coaching, coached
from shoprl.trajectories.examples import Example

SEEDS = 2**32  # of a training
SHOWN = 20_000  # examples that a new network's directions are taken from


@dataclass(frozen=True)
class Round(Settings):
    """A round of coached episodes, and the training on them and all before.

    Attributes:
        coaching: who acts and how; the first round of a new policy is the expert's alone.
        imitation: settings of the training.
    """

    coaching: Coaching = field(default_factory=Coaching)
    imitation: ImitationConfig = field(default_factory=ImitationConfig)


@dataclass(frozen=True)
class Coached:
    """What came of it.

    Attributes:
        policy: the policy.
        examples: decisions that it learned from.
        log: the last training's.
    """

    policy: LearnedPolicy
    examples: int
    log: Sequence[LogRow]


def train_coached(
    folder: Path,
    task: ManyShops,
    goals: Sequence[Sequence[ShopGoal]],
    rounds: Sequence[Round],
    seed: int,
    start: LearnedPolicy | None = None,
    name: str = "match",
    reinforcement: PolicyGradientConfig | None = None,
    patience: float = 0.0,
) -> Coached:
    """Train a policy in rounds, continuing where the folder holds an earlier start's.

    Args:
        folder: for ``policies`` and ``training``.
        task: the shops.
        goals: of each round, and then of the reinforcement; training goals.
        rounds: the rounds, at least one.
        seed: of every draw.
        start: the policy to begin with; a new match network when left out.
        name: of the policy.
        reinforcement: settings of the policy gradient that follows the rounds; None for none.
        patience: of the policy that a match network makes (:class:`shoprl.policies.networks.match.model.MatchConfig`);
            it learns without.

    Raises:
        PolicyError: the policy to begin with cannot judge products.
        RunError: the folder holds a checkpoint or a policy of another run.
    """
    policy, log = start, list[LogRow]()
    data: list[Example] = []
    if policy is not None:
        check_judging(policy)
        _be_patient(policy, 0.0)
        _meet(policy, task, goals)
    about: dict[str, Any] = {
        "shops": [shop.catalog.content_hash for shop in task.shops],
        "start": weights_digest(policy.model) if policy is not None else None,
        "seed": seed,
    }
    for number, (each, own) in enumerate(zip(rounds, goals[: len(rounds)], strict=True)):
        rng = np.random.default_rng([seed, 11, number])
        data += coached(task, own, rng, each.coaching, policy, f"round-{number + 1}: episodes")
        if policy is None:
            policy = MatchPolicy.new(torch.Generator().manual_seed(seed), [x.state for x in data[:SHOWN]])
            _meet(policy, task, goals)
        policy.name = name
        about[(stage := f"round-{number + 1}")] = [asdict(each), [task.describe(goal) for goal in own]]
        imitation = each.imitation.seeded((seed * 100 + number) % SEEDS)
        learn = partial(train_imitation, policy, data, imitation, label=f"{stage}: training")
        log = _learned(policy, learn, folder, stage, content_hash(about))
    assert policy is not None, "there is at least one round"
    if reinforcement is not None:
        own, stage = goals[len(rounds)], "reinforcement"
        about[stage] = [asdict(reinforcement), [task.describe(goal) for goal in own]]
        config = reinforcement.seeded((seed * 100 + len(rounds)) % SEEDS)
        learn = partial(train_policy_gradient, policy, task, list(enumerate(own)), data, config, label=stage)
        log = _learned(policy, learn, folder, stage, content_hash(about))
    _be_patient(policy, patience)
    return Coached(policy, len(data), log)


def check_judging(policy: LearnedPolicy) -> None:
    """Refuse a policy that could not learn from coached episodes, which hold what was seen and what it would earn.

    Raises:
        PolicyError: it cannot judge products.
    """
    if not isinstance(policy, Judging):
        raise PolicyError(
            f"{policy.name[:80]}: its network ({policy.kind}) cannot judge products, as practice in many shops needs. "
            "Give a policy with the match network, such as `pretrained`."
        )


def _meet(policy: LearnedPolicy, task: ManyShops, goals: Sequence[Sequence[ShopGoal]]) -> None:
    """Encode every text to come at once: a resumed run then has the same encodings to the bit."""
    if isinstance(policy, MatchPolicy):
        policy.words.add(text for shop in task.shops for text in product_texts(shop.catalog))
        policy.words.add(wishes_of(each.goal for own in goals for each in own))


def _be_patient(policy: LearnedPolicy, patience: float) -> None:
    if isinstance(policy, MatchPolicy):
        policy.model.config = replace(policy.model.config, patience=patience)


def _learned(
    policy: LearnedPolicy, learn: Callable[[Path], list[LogRow]], folder: Path, stage: str, identity: str
) -> list[LogRow]:
    """Train, or load what an earlier start left."""
    kept, training = folder / "policies" / stage, folder / "training" / stage
    if kept.is_dir():
        _take(policy, kept, identity)
        return read_log(training)
    log = learn(training)
    save_policy(policy, kept, {"last": log[-1], "identity": identity})
    return log


def _take(policy: LearnedPolicy, kept: Path, identity: str) -> None:
    """Take the weights that an earlier start left."""
    found = load_learned(kept, TokenStore(policy.backbone) if policy.backbone is not None else None)
    if read_json(kept / MANIFEST, RunError)["about"].get("identity", identity) != identity:
        raise RunError(f"{kept}: made with other settings or data. Use another folder, or delete this one.")
    policy.model.load_state_dict(found.model.state_dict())
