"""ShopRL: a WebShop-compatible shop, agents that learn to shop in it, and recommendations made of them.

The names below are imported when they are first used, so that ``import shoprl`` needs neither torch nor time.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from shoprl.version import __version__

# Idle OpenMP threads of torch spin by default: two trainings on one machine then slow each other down twentyfold and
# more. Read once, when torch is loaded; workers inherit it. What the user set stays.
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
if "torch" not in sys.modules and not any(name in os.environ for name in WAITING):
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

if TYPE_CHECKING:
    from shoprl.catalog.catalog import Catalog as Catalog
    from shoprl.evaluation.evaluate import Evaluation as Evaluation
    from shoprl.evaluation.evaluate import evaluate as evaluate
    from shoprl.evaluation.statistics import compare_paired as compare_paired
    from shoprl.policies.base import Choice as Choice
    from shoprl.policies.base import Policy as Policy
    from shoprl.policies.learned import LearnedPolicy as LearnedPolicy
    from shoprl.policies.networks.choice import ChoicePolicy as ChoicePolicy
    from shoprl.policies.networks.choice import new_choice_policy as new_choice_policy
    from shoprl.policies.saving import load_policy as load_policy
    from shoprl.policies.saving import save_policy as save_policy
    from shoprl.recommender.recommend import Recommendation as Recommendation
    from shoprl.recommender.recommend import recommend as recommend
    from shoprl.rollouts.records import Episode as Episode
    from shoprl.rollouts.runner import run_episodes as run_episodes
    from shoprl.shop.data import ShopData as ShopData
    from shoprl.shop.data import read_data as read_data
    from shoprl.shop.env import WebShopEnv as WebShopEnv
    from shoprl.shop.env import make as make
    from shoprl.shop.generated import generated_data as generated_data
    from shoprl.shop.goal import Goal as Goal
    from shoprl.tasks.base import Observation as Observation
    from shoprl.tasks.base import State as State
    from shoprl.tasks.base import Task as Task
    from shoprl.tasks.shop.task import ShopTask as ShopTask
    from shoprl.training.dpo import DPOConfig as DPOConfig
    from shoprl.training.dpo import preference_pairs as preference_pairs
    from shoprl.training.dpo import train_dpo as train_dpo
    from shoprl.training.imitation import ImitationConfig as ImitationConfig
    from shoprl.training.imitation import train_imitation as train_imitation
    from shoprl.training.policy_gradient import PolicyGradientConfig as PolicyGradientConfig
    from shoprl.training.policy_gradient import train_policy_gradient as train_policy_gradient
    from shoprl.training.ppo import PPOConfig as PPOConfig
    from shoprl.training.ppo import train_ppo as train_ppo
    from shoprl.training.self_learning import SelfLearningConfig as SelfLearningConfig
    from shoprl.training.self_learning import self_learn as self_learn
    from shoprl.trajectories.examples import Example as Example
    from shoprl.trajectories.examples import examples as examples
    from shoprl.trajectories.files import read_trajectories as read_trajectories
    from shoprl.trajectories.files import write_trajectories as write_trajectories
    from shoprl.trajectories.shoppers import demonstrations as demonstrations

# Module of each public name.
_PUBLIC = {
    "Catalog": "catalog.catalog",
    "Choice": "policies.base",
    "ChoicePolicy": "policies.networks.choice",
    "DPOConfig": "training.dpo",
    "Episode": "rollouts.records",
    "Evaluation": "evaluation.evaluate",
    "Example": "trajectories.examples",
    "Goal": "shop.goal",
    "ImitationConfig": "training.imitation",
    "LearnedPolicy": "policies.learned",
    "Observation": "tasks.base",
    "PPOConfig": "training.ppo",
    "Policy": "policies.base",
    "PolicyGradientConfig": "training.policy_gradient",
    "Recommendation": "recommender.recommend",
    "SelfLearningConfig": "training.self_learning",
    "ShopData": "shop.data",
    "ShopTask": "tasks.shop.task",
    "State": "tasks.base",
    "Task": "tasks.base",
    "WebShopEnv": "shop.env",
    "compare_paired": "evaluation.statistics",
    "demonstrations": "trajectories.shoppers",
    "evaluate": "evaluation.evaluate",
    "examples": "trajectories.examples",
    "generated_data": "shop.generated",
    "load_policy": "policies.saving",
    "make": "shop.env",
    "new_choice_policy": "policies.networks.choice",
    "preference_pairs": "training.dpo",
    "read_data": "shop.data",
    "read_trajectories": "trajectories.files",
    "recommend": "recommender.recommend",
    "run_episodes": "rollouts.runner",
    "save_policy": "policies.saving",
    "self_learn": "training.self_learning",
    "train_dpo": "training.dpo",
    "train_imitation": "training.imitation",
    "train_policy_gradient": "training.policy_gradient",
    "train_ppo": "training.ppo",
    "write_trajectories": "trajectories.files",
}
__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
