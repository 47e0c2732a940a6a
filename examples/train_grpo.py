"""GRPO with TRL: a language model shops by calling tools, and learns from the rewards of its purchases.

Without a model it makes a tiny one with random weights on the spot.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import trl
import tyro
from datasets import Dataset
from train_language_model import tiny_model
from trl import GRPOConfig, GRPOTrainer

import shoprl
from shoprl.compat.trl import rows, shop_tools


@dataclass(frozen=True)
class Settings:
    """What is trained, where, and how long; the model's chat template must support tools."""

    model: str | None = None
    data: Path | None = None
    out: Path = Path("runs/grpo")
    goals: int = 100
    steps: int = 2
    generations: int = 2
    tokens: int | None = None


def main(settings: Settings) -> None:
    data = shoprl.read_data(settings.data) if settings.data else shoprl.generated_data(products=30, seed=0)
    environments, tokens = shop_tools(data), settings.tokens
    model = settings.model
    if model is None:
        template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
        model = tiny_model(settings.out / "tiny", [environments().reset(goal=0)], template)
        tokens = tokens or 32  # random weights write on to the end
    config = GRPOConfig(
        output_dir=str(settings.out),
        max_steps=settings.steps,
        num_generations=settings.generations,
        per_device_train_batch_size=settings.generations,
        max_completion_length=tokens or 8192,  # of a whole episode, the pages that the tools return included
        max_tool_calling_iterations=15,
        bf16=torch.cuda.is_available(),
        report_to="none",
        save_strategy="no",
        logging_steps=1,
    )
    trainer = GRPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(rows(data, first=settings.goals)),
        environment_factory=environments,
    )
    trainer.train()
    trainer.save_model(str(settings.out / "model"))
    last = next(row for row in reversed(trainer.state.log_history) if "reward" in row)
    print(f"{trainer.state.global_step} steps, reward {last['reward']:.3f}, calls {last['tools/call_frequency']:.1f}")


if __name__ == "__main__":
    main(tyro.cli(Settings))
