"""Checkpoints in the forms in which WebShop's were published."""

from pathlib import Path
from typing import Any

import torch
from transformers import BartConfig, BartForConditionalGeneration, BertModel

from shoprl.policies.networks.backbone import read_encoder
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from tests.support.tiny_bert import WIDTH, tiny_bert, tiny_config, tiny_tokenizer

Weights = dict[str, torch.Tensor]


def checkpoint(image: bool = True) -> Weights:
    """Random weights under the names and in the shapes of WebShop's ``BertModelForWebshop``."""
    rows = len(tiny_tokenizer_of_folder()) + 4
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        weights = {f"bert.{name}": weight for name, weight in BertModel(tiny_config(rows)).state_dict().items()}
        shapes: dict[str, tuple[int, ...]] = {
            "attn.dot_scale": (WIDTH,),
            "attn.input_linear.weight": (1, WIDTH),
            "attn.memory_linear.weight": (1, WIDTH),
            "linear_1.weight": (WIDTH, 4 * WIDTH),
            "linear_1.bias": (WIDTH,),
            "linear_2.weight": (1, WIDTH),
            "linear_2.bias": (1,),
            "linear_3.0.weight": (128, WIDTH),
            "linear_3.0.bias": (128,),
            "linear_3.2.weight": (1, 128),
            "linear_3.2.bias": (1,),
        }
        if image:
            shapes |= {"image_linear.weight": (WIDTH, PICTURE), "image_linear.bias": (WIDTH,)}
        weights |= {name: torch.randn(shape) / 3 for name, shape in shapes.items()}
    weights["bert.embeddings.position_ids"] = torch.arange(256)[None]  # older versions of Transformers save it
    return weights


def tiny_tokenizer_of_folder() -> Any:
    return read_encoder(str(tiny_bert()))[1]


def write(folder: Path, weights: Any) -> Path:
    path = folder / "choice_il_epoch9.pth"
    torch.save(weights, path)
    return path


def bart_folder(folder: Path, form: str, with_tokenizer: bool = True) -> Path:
    """A folder as Transformers' trainer leaves it; the published one has a .bin and no tokenizer."""
    tokenizer = tiny_tokenizer(["i want a red mug"])
    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "max_position_embeddings": 128}
    sizes |= {f"{side}_attention_heads": 2 for side in ("encoder", "decoder")}
    sizes |= {f"{side}_ffn_dim": 16 for side in ("encoder", "decoder")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3}
        model = BartForConditionalGeneration(
            BartConfig(vocab_size=len(tokenizer), forced_eos_token_id=3, **ends, **sizes)
        )
    model.save_pretrained(folder)
    if with_tokenizer:
        tokenizer.save_pretrained(folder)
    if form == "bin":
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder
