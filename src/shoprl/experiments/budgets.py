"""How much each step of ``shoprl reproduce`` gets; counted in updates, demonstrations and goals, never in seconds."""

from dataclasses import dataclass, fields

from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.loop import LoopConfig


@dataclass(frozen=True)
class Budget:
    """Sizes of a reproduction.

    Attributes:
        products: of a generated catalogue.
        demonstrations: of the average shopper, and as many of the expert.
        recovery: the expert's chance of a slip, recovered from, on a results page.
        imitation, expert: settings of imitation on average and on expert demonstrations.
        dpo: settings of DPO; the control makes as many updates of imitation at the same rate and batch size.
        eval_goals: goals on which the best policy is chosen.
        disjoint_goals: goals on products held out of all training, measured apart.
        rollouts: of Thompson sampling.
    """

    products: int
    demonstrations: int
    recovery: float
    imitation: ImitationConfig
    expert: ImitationConfig
    dpo: DPOConfig
    eval_goals: int
    disjoint_goals: int
    rollouts: int

    def control(self) -> ImitationConfig:
        """Imitation with every setting that DPO shares with it."""
        return ImitationConfig(**{each.name: getattr(self.dpo, each.name) for each in fields(LoopConfig)})


BUDGETS = {
    "quick": Budget(
        products=2_000,
        demonstrations=1_200,
        recovery=0.3,
        imitation=ImitationConfig(updates=600),
        expert=ImitationConfig(updates=900),
        dpo=DPOConfig(updates=300),
        eval_goals=200,
        disjoint_goals=200,
        rollouts=600,
    ),
    # For tests: everything happens, nothing is learned well.
    "tiny": Budget(
        products=120,
        demonstrations=30,
        recovery=0.3,
        imitation=ImitationConfig(updates=6, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
        expert=ImitationConfig(updates=6, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
        dpo=DPOConfig(updates=4, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
        eval_goals=8,
        disjoint_goals=8,
        rollouts=24,
    ),
}
