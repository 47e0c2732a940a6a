"""Fine-tune a causal language model on ShopRL's exports with TRL: imitation (sft) or preferences (dpo).

Without a model and a file, it makes both on the spot: a tiny model with random weights, and a generated shop's exports.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import tyro
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

import shoprl
from shoprl.trajectories.preferences import preference
from shoprl.trajectories.texts import text_rows

MAX_LENGTH = 4096  # tokens; TRL drops what is longer, and says so in no line of its own


@dataclass(frozen=True)
class Settings:
    """What is trained, on what, and how long; `lora` trains an adapter of that rank, 0 all weights."""

    method: Literal["sft", "dpo"] = "sft"
    model: str | None = None
    file: Path | None = None
    out: Path = Path("runs/language-model")
    steps: int = 2
    batch_size: int = 2
    learning_rate: float = 1e-5
    lora: int = 0
    seed: int = 0


def tiny_model(folder: Path, texts: list[str], template: str) -> str:
    """A Qwen2 of two layers with random weights, and a tokenizer of the texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=800, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = template
    config = Qwen2Config(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2 * MAX_LENGTH,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return str(folder)


CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def generated_rows(method: str) -> list[dict[str, object]]:
    """What `shoprl trajectories export` or `shoprl preferences export` write, of a small generated shop."""
    data = shoprl.generated_data(products=30, seed=0)
    task = shoprl.ShopTask(data.shop)
    rng = np.random.default_rng(0)
    episodes = shoprl.demonstrations(task, data.goals, data.split.train, 3, skill=1.0, rng=rng)
    if method == "sft":
        return list(text_rows(task, data.goals, episodes))
    pairs = []
    for episode in episodes:
        live, before = task.start(data.goals[episode.goal_index]), []
        for decision in episode.decisions:
            others = [each.action for each in live.state.candidates if each.action != decision.action]
            if others:
                goal = data.goals[episode.goal_index]
                pairs.append(preference(task, episode.goal_index, goal, before, decision.action, others[0]).texts())
            live.step(decision.action)
            before.append(decision.action)
    return pairs


def main(settings: Settings) -> None:
    if settings.lora and settings.model and (Path(settings.model) / "adapter_config.json").is_file():
        raise SystemExit(
            f"{settings.model} is an adapter, and --lora trains one on a whole model. Merge it first with peft "
            "(merge_and_unload, save_pretrained), and give that folder."
        )
    given = settings.file.read_text().splitlines() if settings.file else []
    rows = [json.loads(line) for line in given] or generated_rows(settings.method)
    source = settings.model or tiny_model(settings.out / "tiny", [str(row["prompt"]) for row in rows], CHAT_TEMPLATE)
    shared = {
        "output_dir": str(settings.out),
        "max_steps": settings.steps,
        "per_device_train_batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "max_length": MAX_LENGTH,
        "seed": settings.seed,
        "bf16": torch.cuda.is_available(),
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
    }
    adapter = LoraConfig(r=settings.lora, target_modules="all-linear", task_type="CAUSAL_LM") if settings.lora else None
    kind, config = (SFTTrainer, SFTConfig) if settings.method == "sft" else (DPOTrainer, DPOConfig)
    trainer = kind(model=source, args=config(**shared), train_dataset=Dataset.from_list(rows), peft_config=adapter)
    if len(trainer.train_dataset) < len(rows):
        raise SystemExit(f"TRL dropped {len(rows) - len(trainer.train_dataset)} of {len(rows)} rows.")
    trainer.train()
    trainer.save_model(str(settings.out / "model"))
    trainer.processing_class.save_pretrained(settings.out / "model")
    backbone = f" --backbone {source}" if settings.lora else ""
    print(
        f"{len(rows)} rows, {trainer.state.global_step} steps, loss {trainer.state.log_history[-1]['train_loss']:.3f}"
    )
    prefix = "chat:" if isinstance(rows[0]["prompt"], list) else "lm:"  # messages are trained under the chat template
    print(f"shoprl evaluate --policy {prefix}{settings.out / 'model'}{backbone} --data PATH")


if __name__ == "__main__":
    main(tyro.cli(Settings))
