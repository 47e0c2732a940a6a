"""Add a network: a small perceptron that looks at the candidates' numbers alone; trained, kept in a folder, measured.

One file, and a line in a table where it is to be kept in policy folders. Run it: python examples/add_network.py
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

import shoprl
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.reading import read_model
from shoprl.policies.saving import NETWORKS
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import QueryStrategy

Batch = tuple[torch.Tensor, torch.Tensor]  # features (states, candidates, features), padding (states, candidates)


class PerceptronConfig(PretrainedConfig):
    """Its sizes."""

    model_type = "example-perceptron"

    def __init__(self, features: int = 36, hidden: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features, self.hidden = features, hidden


class Perceptron(PreTrainedModel):
    """Numbers of a candidate -> its logit, and what the state would be worth if it were the best one."""

    config_class = PerceptronConfig

    def __init__(self, config: PerceptronConfig) -> None:
        super().__init__(config)
        self.body = nn.Sequential(nn.Linear(config.features, config.hidden), nn.Tanh(), nn.Linear(config.hidden, 2))
        self.post_init()

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits, shape (states, candidates); minus infinity where a state has no candidate."""
        return self.logits_and_values(batch)[0]

    def logits_and_values(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and what each state is worth, shape (states,)."""
        features, padding = batch
        scores = self.body(features)
        values = scores[..., 1].masked_fill(padding, 0.0).sum(dim=-1) / (~padding).sum(dim=-1)
        return scores[..., 0].masked_fill(padding, -torch.inf), values


class PerceptronPolicy(LearnedPolicy):
    """A perceptron that acts."""

    kind = "perceptron"
    model: Perceptron

    def __init__(self, model: Perceptron, strategy: QueryStrategy = "wish", name: str = "perceptron") -> None:
        self.model, self.strategy, self.name = model, strategy, name

    @classmethod
    def new(
        cls,
        generator: torch.Generator,
        states: Iterable[Observation] = (),
        store: TokenStore | None = None,
        **sizes: Any,
    ) -> "PerceptronPolicy":
        """Fresh weights, drawn from the generator alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            return cls(Perceptron(PerceptronConfig(**sizes)).eval())

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> "PerceptronPolicy":
        """Read it from a folder whose files were checked."""
        return cls(read_model(Perceptron, folder), strategy, name)

    def batch(self, states: Sequence[Observation]) -> Batch:
        """Pad the candidates' features, on the model's device."""
        features = nn.utils.rnn.pad_sequence([torch.from_numpy(each.features) for each in states], batch_first=True)
        sizes = torch.tensor([len(each.texts) for each in states])
        padding = torch.arange(features.shape[1])[None, :] >= sizes[:, None]
        return features.to(self.model.device), padding.to(self.model.device)


def main(products: int = 100, updates: int = 150) -> float:
    """Imitate an expert with it; the success rate on test goals."""
    data = shoprl.generated_data(products, seed=0)
    task, rng = shoprl.ShopTask(data.shop), np.random.default_rng(0)
    shown = shoprl.demonstrations(task, data.goals, data.split.train, count=60, skill=1.0, rng=rng)
    policy = PerceptronPolicy.new(torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder:
        config = shoprl.ImitationConfig(updates=updates, learning_rate=1e-2)
        shoprl.train_imitation(policy, shoprl.examples(task, data.goals, shown), config, Path(folder) / "training")
        NETWORKS["perceptron"] = PerceptronPolicy  # in the package: a line in policies/saving.py
        shoprl.save_policy(policy, Path(folder) / "policy")
        loaded = shoprl.load_policy(str(Path(folder) / "policy"))
    return shoprl.evaluate(loaded, task, data.goals_of("test")).summary.success_rate.value


if __name__ == "__main__":
    print(f"success on test goals: {100 * main():.1f}%")
