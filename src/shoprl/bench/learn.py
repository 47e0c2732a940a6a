"""Measures the learners: seconds an update of each method, decisions a second of the agent, and text encoding."""

import copy
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from transformers import BertConfig

from shoprl.bench.figures import Figures
from shoprl.catalog.generator import generate
from shoprl.catalog.style import Style
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.bi_attention import BiAttentionConfig, BiAttentionModel, BiAttentionPolicy, with_buttons
from shoprl.policies.networks.choice import ChoicePolicy, new_model
from shoprl.policies.networks.encoder import TokenStore
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.dpo import DPOConfig, Pair, preference_pairs, train_dpo
from shoprl.training.imitation import ImitationConfig, train_imitation
from shoprl.training.loop import LoopConfig
from shoprl.training.policy_gradient import PolicyGradientConfig, train_policy_gradient
from shoprl.training.ppo import PPOConfig, train_ppo
from shoprl.training.processes import Team
from shoprl.training.rollout import RLConfig
from shoprl.training.self_learning import copy_of
from shoprl.trajectories.examples import Example, examples
from shoprl.trajectories.shoppers import EXPERT, demonstrations

Learner = Literal["dpo", "policy-gradient", "ppo"]
LEARNERS: dict[str, Learner] = {
    "bi-attention": "dpo",
    "bi-attention-policy-gradient": "policy-gradient",
    "bi-attention-ppo": "ppo",
}
CHUNK = 10_000  # titles encoded before their states are dropped: memory does not grow with their number


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        demonstrations: to learn from.
        episodes: of the agent, for its speed.
        batch: examples or episodes an update of the choice network.
        encoder: settings of the bi-attention network's BERT where they are not those of BERT-base.
        lengths: settings of :class:`BiAttentionConfig`, where not its own.
    """

    demonstrations: int = 150
    episodes: int = 100
    batch: int = 16
    encoder: Mapping[str, Any] = field(default_factory=dict)
    lengths: Mapping[str, Any] = field(default_factory=dict)


FULL = Size()
TINY = Size(
    demonstrations=4,
    episodes=2,
    batch=2,
    encoder={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16},
    lengths={"page_tokens": 32, "action_tokens": 8},
)
SIZES = {"full": FULL, "tiny": TINY}


@dataclass(frozen=True)
class ChoiceFigures(Figures):
    """Every learner on the choice network.

    Attributes:
        encoding_seconds: for the texts of the demonstrations, whose states are then reused.
        decisions_per_second: greedy, every text encoded.
        reference_seconds: DPO's pass of the reference policy over the demonstrated decisions.
        seconds_per_update: by method; the rollouts of policy gradient and PPO included.
        batch_size, decisions, updates: examples an update, demonstrated decisions, updates of each method.
        threads, device, precision, processes: what it ran on.
    """

    encoding_seconds: float
    decisions_per_second: float
    reference_seconds: float
    seconds_per_update: dict[str, float]
    batch_size: int
    decisions: int
    updates: int
    threads: int
    device: str
    precision: str
    processes: int


@dataclass(frozen=True)
class BiAttentionFigures(Figures):
    """DPO of the bi-attention network.

    Attributes:
        seconds: of all updates, the checkpoint at the end included.
        seconds_per_update: their mean.
        reference_seconds: the reference's pass over the demonstrated decisions.
        updates, episodes, pairs: how many.
        parameters: weights of the network.
        threads, device, precision, processes: what it ran on.
    """

    seconds: float
    seconds_per_update: float
    reference_seconds: float
    updates: int
    episodes: int
    pairs: int
    parameters: int
    threads: int
    device: str
    precision: str
    processes: int


@dataclass(frozen=True)
class RolloutFigures(Figures):
    """Policy gradient or PPO of the bi-attention network.

    Attributes:
        seconds: of all updates, the rollouts and the checkpoint at the end included.
        seconds_per_update: their mean.
        updates: how many.
        episodes: of a rollout (policy gradient makes one an update, PPO one for 16 updates).
        parameters: weights of the network.
        threads, device, precision, processes: what it ran on.
    """

    seconds: float
    seconds_per_update: float
    updates: int
    episodes: int
    parameters: int
    threads: int
    device: str
    precision: str
    processes: int


@dataclass(frozen=True)
class EncodingFigures(Figures):
    """Encoding of titles with the frozen default backbone.

    Attributes:
        seconds: for all of them, reading them into tokens included.
        titles_per_second: their rate.
        titles: how many, of generated products.
        threads, device, precision: what it ran on.
    """

    seconds: float
    titles_per_second: float
    titles: int
    threads: int
    device: str
    precision: str


@dataclass(frozen=True)
class _Case:
    """A shop's task, its training goals, and the demonstrated decisions to learn from."""

    task: ShopTask
    goals: list[tuple[int, Goal]]
    decisions: Sequence[Example]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# The three functions below alone know how demonstrations are made, learners are called and episodes are run.


def _case(data: ShopData, demonstrated: int, rng: np.random.Generator) -> _Case:
    task = ShopTask(data.shop)
    shown = demonstrations(task, data.goals, data.split.train, demonstrated, EXPERT, rng)
    return _Case(task, data.goals_of("train"), examples(task, data.goals, shown))


def _train(policy: LearnedPolicy, case: _Case, config: LoopConfig, folder: Path, pairs: Sequence[Pair] = ()) -> float:
    """Train a policy by the method of ``config``; how many seconds that took."""
    task, goals, decisions = case.task, case.goals, case.decisions
    start = time.perf_counter()
    match config:
        case ImitationConfig():
            train_imitation(policy, decisions, config, folder)
        case DPOConfig():
            train_dpo(policy, pairs, config, folder)
        case PolicyGradientConfig():
            train_policy_gradient(policy, task, goals, decisions, config, folder)
        case PPOConfig():
            train_ppo(policy, task, goals, decisions, config, folder)
    return time.perf_counter() - start


def _play(policy: LearnedPolicy, case: _Case, episodes: int, seed: int) -> list[Episode]:
    return run_episodes(policy, case.task, case.goals[:episodes], seed, label="")


def bench_learn(data: ShopData, updates: int, seed: int, team: Team, size: Size = FULL) -> ChoiceFigures:
    """Train the choice network for some updates by each method, and let it shop.

    Args:
        data: the shop; its training goals are used.
        updates: of each method, a multiple of 16 (PPO's updates a rollout).
        seed: of everything drawn.
        team: says where the network is trained; of one process.
        size: how many demonstrations and episodes.

    Returns:
        Seconds, rates and sizes.
    """
    rng = np.random.default_rng(seed)
    case = _case(data, size.demonstrations, rng)
    store = TokenStore(load_backbone())
    start = ChoicePolicy(new_model(store, torch.Generator().manual_seed(seed)), store)
    team.take(start.model)
    encoding = _timed(lambda: start.prepare(each.state for each in case.decisions))
    settings: dict[str, Any] = {"updates": updates, "checkpoint_every": updates, "log_every": updates}
    settings["batch_size"] = size.batch
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        imitated = copy_of(start, "imitation")
        spent = {"imitation": _train(imitated, case, ImitationConfig(**settings), at / "i")}
        episodes = _play(imitated, case, size.episodes, seed)  # encodes new texts
        acting = _timed(lambda: _play(imitated, case, size.episodes, seed))
        dpo = DPOConfig(**settings)
        begun = time.perf_counter()
        pairs, _ = preference_pairs(imitated, case.decisions, dpo, rng)
        reference = time.perf_counter() - begun
        spent["dpo"] = _train(copy_of(imitated, "dpo"), case, dpo, at / "d", pairs)
        spent["policy_gradient"] = _train(copy_of(imitated, "pg"), case, PolicyGradientConfig(**settings), at / "g")
        spent["ppo"] = _train(copy_of(imitated, "ppo"), case, PPOConfig(**settings), at / "p")
    return ChoiceFigures(
        encoding_seconds=round(encoding, 2),
        decisions_per_second=round(sum(len(each.decisions) for each in episodes) / acting, 2),
        reference_seconds=round(reference, 2),
        seconds_per_update={name: round(seconds / updates, 4) for name, seconds in spent.items()},
        batch_size=size.batch,
        decisions=len(case.decisions),
        updates=updates,
        threads=torch.get_num_threads(),
        **team.about(),
    )


def imitation_training(data: ShopData, seed: int, size: Size = FULL) -> Callable[[int, Path], object]:
    """Training of the choice network by imitation, whose texts are encoded.

    Args:
        data: the shop; its training goals are used.
        seed: of everything drawn.
        size: how many demonstrations, and decisions an update.

    Returns:
        Trains a new copy of the network for some updates, with its checkpoint in a folder.
    """
    case = _case(data, size.demonstrations, np.random.default_rng(seed))
    store = TokenStore(load_backbone())
    start = ChoicePolicy(new_model(store, torch.Generator().manual_seed(seed)), store)
    start.prepare(each.state for each in case.decisions)

    def train(updates: int, folder: Path) -> object:
        config = ImitationConfig(
            updates=updates, batch_size=size.batch, checkpoint_every=updates, log_every=updates, warmup=0
        )
        return _train(copy_of(start, "imitation"), case, config, folder)

    return train


def _untrained(seed: int, size: Size) -> BiAttentionPolicy:
    """A bi-attention policy with random weights and the default backbone's words, of BERT-base's size unless tiny."""
    tokenizer = with_buttons(load_backbone().tokenizer)
    encoder = BertConfig(vocab_size=len(tokenizer), **size.encoder)  # whose defaults are BERT-base's
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(seed)
        model = BiAttentionModel(BiAttentionConfig("random weights", encoder.to_dict(), **size.lengths))
    return BiAttentionPolicy(model.eval(), tokenizer)


def bench_bi_attention(
    data: ShopData, updates: int, seed: int, team: Team, size: Size = FULL, learner: Learner = "dpo"
) -> BiAttentionFigures | RolloutFigures:
    """Train WebShop's network, its encoder of BERT-base's size included.

    An update takes what fits the memory of one GPU: DPO the pairs of one episode, as the paper does; policy gradient
    two episodes (WebShop: 32 decisions); PPO a quarter of the decisions of four. A network with random weights makes
    episodes of full length.

    Args:
        data: the shop; its training goals are used.
        updates: how many; of PPO a multiple of 16.
        seed: of everything drawn; the weights are random.
        team: says where the network is trained; of one process.
        size: of the encoder, and how many demonstrations at most.
        learner: the method.

    Returns:
        Seconds of all updates (the checkpoint at the end included) and of one, sizes, and on what it ran; of DPO also
        the seconds of the reference's pass.
    """
    rng = np.random.default_rng(seed)
    policy = _untrained(seed, size)
    team.take(policy.model)
    case = _case(data, min(size.demonstrations, updates), rng)
    settings: dict[str, Any] = {"updates": updates, "checkpoint_every": updates, "log_every": updates}
    about = {"parameters": policy.model.num_parameters(), "threads": torch.get_num_threads(), **team.about()}
    if learner != "dpo":
        config: RLConfig = (
            PPOConfig(**settings, batch_size=4, demonstrated=4)
            if learner == "ppo"
            else PolicyGradientConfig(**settings, batch_size=2, demonstrated=4)
        )
        with tempfile.TemporaryDirectory() as folder:
            spent = _train(policy, case, config, Path(folder))
        return RolloutFigures(
            seconds=round(spent, 2),
            seconds_per_update=round(spent / updates, 4),
            updates=updates,
            episodes=config.batch_size,
            **about,
        )
    dpo = DPOConfig(**settings, batch_size=1, by_episode=True)
    begun = time.perf_counter()
    pairs, _ = preference_pairs(policy, case.decisions, dpo, rng)
    reference = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        spent = _train(policy, case, dpo, Path(folder), pairs)
    return BiAttentionFigures(
        seconds=round(spent, 2),
        seconds_per_update=round(spent / updates, 4),
        reference_seconds=round(reference, 2),
        updates=updates,
        episodes=len({pair.example.episode for pair in pairs}),
        pairs=len(pairs),
        **about,
    )


def bench_encoding(titles: int, seed: int, team: Team) -> EncodingFigures:
    """Encode the titles of generated products with the default backbone, as the choice network reads texts.

    Args:
        titles: how many, at least one; generating them is not timed.
        seed: of the products.
        team: says where the backbone runs; of one process.

    Returns:
        Seconds and rate.

    Raises:
        ConfigError: ``titles`` is below one.
    """
    texts = [str(listing.item["name"]) for listing in generate(titles, np.random.default_rng(seed), Style.plain())]
    shared = load_backbone()
    backbone = replace(shared, model=copy.deepcopy(shared.model).to(team.device))
    TokenStore(backbone).add(texts[:100])  # the first pass on a GPU takes long
    begun = time.perf_counter()
    for first in range(0, titles, CHUNK):
        TokenStore(backbone).add(texts[first : first + CHUNK])
    spent = time.perf_counter() - begun
    return EncodingFigures(
        seconds=round(spent, 2),
        titles_per_second=round(titles / spent, 1),
        titles=titles,
        threads=torch.get_num_threads(),
        device=team.about()["device"],
        precision="float32",
    )
