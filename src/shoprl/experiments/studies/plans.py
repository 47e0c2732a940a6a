"""The studies: which policies each compares, and how much of everything they get."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from shoprl.experiments.plan import DataSet, Plan, Recipe, Shoppers
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import LoopConfig
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.training.ppo import PPOConfig
from shoprl.training.self_learning import SelfLearningConfig


@dataclass(frozen=True)
class Size:
    """How much of everything; counted in updates, demonstrations and rollouts, never in seconds.

    Attributes:
        demonstrations: of each kind of shopper.
        imitation: updates of the agent that all learners start from.
        updates: of each learner, all the same.
        timed: updates of imitation continued, DPO (which first computes its reference's log-probabilities), PPO and
            policy gradient that take the same processor time (docs/howto/studies.md).
        longer: updates of DPO and PPO once, three and ten times.
        generated: trajectories of self-learning; the second number is that of the later studies.
        batch: decisions, pairs or demonstrated decisions an update.
        by_episode: an update of DPO takes the pairs of one episode, as the paper's does.
        rollout: episodes of a rollout of PPO, and of an update of policy gradient.
        weak: updates of a reference that has learned little.
        rnn: updates of the RNN.
        rnn_sizes: of the RNN.
        test_goals, eval_goals: at most so many.
        rollouts: of Thompson sampling, a seed.
        thompson_batch: of them between updates of the beliefs.
    """

    demonstrations: int = 1_200
    imitation: int = 600
    updates: int = 144
    timed: tuple[int, int, int, int] = (312, 240, 144, 104)
    longer: tuple[int, int, int] = (48, 144, 480)
    generated: tuple[int, int, int] = (25, 100, 400)
    batch: int = 16
    by_episode: bool = False
    rollout: tuple[int, int] = (16, 4)
    weak: int = 150
    rnn: int = 600
    rnn_sizes: tuple[tuple[str, int], ...] = (("page_tokens", 64), ("action_tokens", 24), ("hidden", 64))
    test_goals: int = 500
    eval_goals: int = 1_000
    rollouts: int = 1_000
    thompson_batch: int = 50


SMALL = Size()
# The paper's: 3,000 updates of one episode each; `timed` follows the seconds an update takes (docs/howto/studies.md).
PAPER = Size(updates=3_000, by_episode=True, rollout=(16, 1), timed=(1_150, 3_000, 528, 880), rnn_sizes=(), rnn=3_000)
# For tests: everything happens, nothing is learned.
TINY = Size(
    demonstrations=24,
    imitation=6,
    updates=4,
    timed=(4, 4, 4, 2),
    longer=(2, 4, 6),
    generated=(2, 3, 4),
    batch=4,
    rollout=(4, 2),
    weak=2,
    rnn=2,
    rnn_sizes=(("page_tokens", 16), ("action_tokens", 8), ("hidden", 8), ("embedding", 8)),
    test_goals=6,
    eval_goals=6,
    rollouts=24,
    thompson_batch=8,
)


@dataclass(frozen=True)
class Study:
    """Policies that are compared.

    Attributes:
        title: what it asks.
        agents: in the order of its tables.
        arms: those that Thompson sampling chooses among.
        differences: (first, second): first less second, on the same test goals.
        groups: whether it also measures goals in other words, for products and departments left out.
        against: for a figure of success against a number: its name, and series -> number -> agent.
    """

    title: str
    agents: tuple[str, ...]
    arms: tuple[str, ...] = ()
    differences: tuple[tuple[str, str], ...] = ()
    groups: bool = False
    against: tuple[str, Mapping[str, Mapping[float, str]]] | None = None


C = TypeVar("C", bound=LoopConfig)
STREAMS = {"skill": 0, "demonstrations": 1, "network": 3, "pairs": 5}
HELD_OUT, DEPARTMENT = "without held-out products", "without a department"  # groups of training goals


@dataclass(frozen=True)
class Learners:
    """The recipes of the studies' learners at a size; those that start from a policy start from ``imitation``.

    Attributes:
        size: how much of everything.
        average: name of the average shoppers' demonstrations.
    """

    size: Size
    average: str

    def paced(self, config: C) -> C:
        """A learner's settings with those that every training of a size shares."""
        if self.size is TINY:
            return replace(config, warmup=2, checkpoint_every=2, log_every=2)
        return replace(config, checkpoint_every=48, log_every=16)

    def slow(self, config: C) -> C:
        """The same at the learning rate of DPO, PPO and policy gradient."""
        return self.paced(replace(config, learning_rate=3e-5))

    def imitation(self, updates: int, shown: str = "") -> Recipe:
        """A new policy that imitates, average shoppers where no other data set is named."""
        config = self.paced(ImitationConfig(updates=updates, batch_size=self.size.batch))
        return Recipe("imitation", config, data=(shown or self.average,))

    def control(self, updates: int) -> Recipe:
        """Imitation continued."""
        config = self.slow(ImitationConfig(updates=updates, batch_size=self.size.batch))
        return Recipe("imitation", config, "imitation", (self.average,))

    def dpo_config(self, updates: int) -> DPOConfig:
        """DPO's settings, also those of self-learning."""
        size = self.size
        batch = 1 if size.by_episode else size.batch
        return self.slow(DPOConfig(updates=updates, batch_size=batch, by_episode=size.by_episode))

    def dpo(self, updates: int, start: str = "imitation", temperature: float = 1.0) -> Recipe:
        """DPO on average shoppers' demonstrations."""
        return Recipe("dpo", self.dpo_config(updates), start, (self.average,), temperature=temperature)

    def ppo(self, updates: int) -> Recipe:
        """PPO with demonstrated decisions in its loss."""
        epochs, minibatches = (2, 1) if self.size is TINY else (4, 4)
        config = PPOConfig(
            updates=updates,
            batch_size=self.size.rollout[0],
            demonstrated=self.size.batch,
            epochs=epochs,
            minibatches=minibatches,
        )
        return Recipe("ppo", self.slow(config), "imitation", (self.average,))

    def policy_gradient(self, updates: int) -> Recipe:
        """Policy gradient with demonstrated decisions in its loss."""
        size = self.size
        config = PolicyGradientConfig(updates=updates, batch_size=size.rollout[1], demonstrated=size.batch)
        return Recipe("policy-gradient", self.slow(config), "imitation", (self.average,))

    def generated(self, trajectories: int, start: str = "imitation", temperature: float = 1.0) -> Recipe:
        """Self-learning on generated trajectories."""
        config = SelfLearningConfig(trajectories, dpo=self.dpo_config(self.size.updates))
        return Recipe("self-learning", config, start, temperature=temperature)

    def rnn(self) -> Recipe:
        """WebShop's RNN, which imitates average shoppers; its network is drawn from the seed itself, not a stream."""
        imitation = self.imitation(self.size.rnn)
        return replace(imitation, network="rnn", sizes=dict(self.size.rnn_sizes), stream="")


def plan(size: Size) -> Plan:
    """Every policy of the studies; what several studies need is made once."""
    count, average = size.demonstrations, f"average-{size.demonstrations}"
    expert = f"expert-{count}"
    fewer = {HELD_OUT: f"{expert}-without-held-out", DEPARTMENT: f"{expert}-without-a"}
    make, (few, some, many) = Learners(size, average), size.generated
    learners = {
        "control": make.control,
        "dpo": make.dpo,
        "ppo": make.ppo,
        "policy-gradient": make.policy_gradient,
    }
    wanted = [
        *((name, size.updates) for name in learners),
        *zip(learners, size.timed, strict=True),
        *((name, updates) for name in ("dpo", "ppo") for updates in size.longer),
    ]
    recipes = {
        "imitation": make.imitation(size.imitation),
        **{named(name, updates, size): learners[name](updates) for name, updates in wanted},
        "rnn": make.rnn(),
        **{f"generated-{each}": make.generated(each) for each in (few, some, many)},
        "stacked": make.generated(some, "dpo"),
        "stacked-2": make.generated(some, "stacked"),
        "stacked-3": make.generated(some, "stacked-2"),
        "expert": make.imitation(size.imitation, expert),
        "expert-fewer-products": make.imitation(size.imitation, fewer[HELD_OUT]),
        "expert-fewer-departments": make.imitation(size.imitation, fewer[DEPARTMENT]),
        "weak": make.imitation(size.weak),
        "dpo-from-weak": make.dpo(size.updates, "weak"),
        "dpo-from-expert": make.dpo(size.updates, "expert"),
        "dpo-cold": make.dpo(size.updates, temperature=0.5),
        "dpo-hot": make.dpo(size.updates, temperature=2.0),
        "generated-from-weak": make.generated(some, "weak"),
        "generated-from-expert": make.generated(some, "expert"),
        "generated-cold": make.generated(some, temperature=0.5),
        "generated-hot": make.generated(some, temperature=2.0),
    }
    shoppers = Shoppers(count, "demonstrations", "expert", recovery=0.3)
    data: dict[str, DataSet] = {
        average: (Shoppers(count, "demonstrations", "average"),),
        expert: (shoppers,),
        **{name: (replace(shoppers, goals=goals),) for goals, name in fewer.items()},
    }
    return Plan(
        recipes,
        data,
        STREAMS,
        test_goals=size.test_goals,
        eval_goals=size.eval_goals,
        rollouts=size.rollouts,
        rollout_batch=size.thompson_batch,
    )


def named(learner: str, updates: int, size: Size) -> str:
    """A policy's name; that with another number of updates than most says so."""
    return learner if updates == size.updates else f"{learner}-{updates}"


def _pairs(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Each pair once: in some sizes two agents of other names are the same."""
    return tuple(dict.fromkeys(pairs))


def studies(size: Size) -> dict[str, Study]:
    """The studies that are made of :func:`plan`, by name, in order."""
    few, some, many = (f"generated-{count}" for count in size.generated)
    learners = ("control", "dpo", "ppo", "policy-gradient")
    timed = [named(name, updates, size) for name, updates in zip(learners, size.timed, strict=True)]
    timed_control, timed_dpo, timed_ppo, timed_gradient = timed
    longer = {name: [named(name, updates, size) for updates in size.longer] for name in ("dpo", "ppo")}
    return {
        "learners": Study(
            "DPO, PPO, policy gradient and imitation, after equal updates and in equal time",
            tuple(dict.fromkeys(("imitation", *learners, "rnn", *timed))),
            ("imitation", *learners, "rnn"),
            _pairs(
                *((name, "control") for name in ("dpo", "ppo", "policy-gradient")),
                ("dpo", "ppo"),
                (timed_dpo, timed_ppo),
                (timed_dpo, timed_gradient),
                (timed_dpo, timed_control),
                ("imitation", "rnn"),
            ),
        ),
        "data": Study(
            "Average shoppers' demonstrations against a few generated trajectories",
            ("imitation", "dpo", few, some, many),
            ("imitation", "dpo", few, some, many),
            ((some, "dpo"), (few, "dpo"), (many, some)),
            against=(
                "generated trajectories",
                {"self-learning": dict(zip(map(float, size.generated), (few, some, many), strict=True))},
            ),
        ),
        "stacked": Study(
            "Generated preferences on top of DPO, and further rounds",
            ("dpo", some, "stacked", "stacked-2", "stacked-3"),
            ("dpo", some, "stacked", "stacked-2", "stacked-3"),
            (("stacked", "dpo"), ("stacked", some), ("stacked-2", "stacked"), ("stacked-3", "stacked-2")),
            against=(
                "rounds on top of DPO",
                {"stacked": {0.0: "dpo", 1.0: "stacked", 2.0: "stacked-2", 3.0: "stacked-3"}},
            ),
        ),
        "longer": Study(
            "Longer training: once, three and ten times the updates",
            ("imitation", *longer["dpo"], *longer["ppo"]),
            (),
            (
                *((longer[name][2], longer[name][0]) for name in ("dpo", "ppo")),
                (longer["dpo"][2], longer["ppo"][2]),
            ),
            against=(
                "updates",
                {
                    name: dict(zip((0.0, *map(float, size.longer)), ("imitation", *made), strict=True))
                    for name, made in longer.items()
                },
            ),
        ),
        "generalisation": Study(
            "Products, wordings and departments never seen in training",
            ("imitation", "dpo", "ppo", some, "expert", "expert-fewer-products", "expert-fewer-departments"),
            groups=True,
        ),
        "references": Study(
            "How much the reference policy and the temperature matter",
            (
                *("weak", "imitation", "expert"),
                *("dpo-from-weak", "dpo", "dpo-from-expert", "dpo-cold", "dpo-hot"),
                *("generated-from-weak", some, "generated-from-expert", "generated-cold", "generated-hot"),
            ),
            (),
            (
                *(("dpo-from-weak", "weak"), ("dpo", "imitation"), ("dpo-from-expert", "expert")),
                *(("generated-from-weak", "weak"), (some, "imitation"), ("generated-from-expert", "expert")),
                *(("dpo-cold", "dpo"), ("dpo-hot", "dpo"), ("generated-cold", some), ("generated-hot", some)),
            ),
        ),
    }
