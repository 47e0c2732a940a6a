"""Query models without pretrained weights, and a toy task for each."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.query.data import Typed
from shoprl.policies.query.extractive import Extractive, new_extractive
from shoprl.policies.query.policy import QueryModel, QueryOffer, QueryPolicy
from shoprl.policies.query.seq2seq import Seq2Seq
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import Instruction
from tests.support.fakes import FakeBackbone

COLORS = ("red", "blue", "green", "black", "white", "pink")
THINGS = ("mug", "lamp", "shirt", "chair", "table", "kettle", "rug", "clock")
OPENINGS = ("hello", "hi", "please", "today")
EXTRACTIVE_SIZES: dict[str, Any] = {"hidden": 16, "heads": 2, "dropout": 0.0}


class PlacesOfWords:
    """A tokenizer that gives the places of the fake backbone's tokens."""

    is_fast = True

    def get_vocab(self) -> dict[str, int]:
        """Words, a part of a word and a special token."""
        return {"red": 0, "mug": 1, "##s": 2, "[PAD]": 3, "the": 4, "naïve": 5}

    def __call__(self, text: str, max_length: int, **settings: Any) -> dict[str, list[tuple[int, int]]]:
        return {"offset_mapping": [match.span() for match in re.finditer(r"\S+", text)][:max_length]}


def fake_backbone(**fields: Any) -> Backbone:
    return FakeBackbone(tokenizer=PlacesOfWords(), **fields)  # type: ignore[return-value]


def fake_extractive(seed: int = 0, backbone: Backbone | None = None, **sizes: Any) -> Extractive:
    backbone = backbone or fake_backbone()
    model = new_extractive(backbone, torch.Generator().manual_seed(seed), **(EXTRACTIVE_SIZES | sizes))
    return Extractive(model, backbone)


def picky() -> list[Typed]:
    """People type color and thing; where any color will do, the thing alone."""
    found = []
    for number, (color, thing) in enumerate(itertools.product(COLORS, THINGS)):
        opening = OPENINGS[number % len(OPENINGS)]
        found.append(Typed(f"{opening} i want a {color} {thing}", (f"{color} {thing}s", f"{thing} {color}")))
        found.append(Typed(f"{opening} i want any {color} {thing}", (thing,)))
    return found


def find_me() -> list[Typed]:
    """People type what comes after "find me"."""
    found = []
    for number, (color, thing, liked) in enumerate(itertools.product(COLORS, THINGS, COLORS[::2])):
        opening = OPENINGS[number % len(OPENINGS)]
        found.append(Typed(f"{opening} i like {liked} find me {color} {thing}", (f"{color} {thing}",)))
    return found


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    special = ("<s>", "<pad>", "</s>", "<unk>")
    words = (*special, *COLORS, *THINGS, *OPENINGS, *["i", "like", "find", "me"])
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=60, **names)


def tiny_bart(seed: int = 0, **sizes: Any) -> Seq2Seq:
    """A BART of random weights and a vocabulary of whole words."""
    tokenizer = tiny_tokenizer()
    settings: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "max_position_embeddings": 80,
        "dropout": 0.0,
        "init_std": 0.2,
        **{f"{part}_layers": 1 for part in ("encoder", "decoder")},
        **{f"{part}_attention_heads": 2 for part in ("encoder", "decoder")},
        **{f"{part}_ffn_dim": 32 for part in ("encoder", "decoder")},
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BartForConditionalGeneration(BartConfig(**(settings | sizes)))
    return Seq2Seq(model.eval(), tokenizer)


def write_tiny_bart(folder: Path, seed: int = 0) -> Path:
    tiny_bart(seed).save(folder)
    return folder


@dataclass
class Phrasebook:
    """Writes what a book says of an instruction."""

    book: Mapping[str, Sequence[str]]
    kind: QueryModel = "extractive"
    model: nn.Module = field(default_factory=nn.Identity)

    def write(self, instruction: Instruction) -> Sequence[str]:
        return self.book[instruction.text]

    def save(self, folder: Path) -> None:
        raise NotImplementedError


FOREIGN = (
    "blorp",
    "quux",
    "zibble",
    "frotz",
    "plugh",
    "xyzzy",
    "gnusto",
    "wibble",
    "snark",
    "vorpal",
    "jabber",
    "fnord",
)


def foreign_goals(data: ShopData) -> tuple[list[tuple[int, Goal]], QueryOffer]:
    """A goal a product, in words that no search knows, and two queries each: of another product, and of the one."""
    goals, book, products = [], {}, list(data.shop.catalog)
    for number, (word, product) in enumerate(zip(FOREIGN, products, strict=True)):
        index = next(i for i, goal in enumerate(data.goals) if goal.asin == product.asin)
        wish = f"gimme {word}"
        goals.append((index, replace(data.goals[index], instruction=wish, options=())))
        book[wish] = (products[(number + 5) % len(products)].title, f"{word} {product.title}")
    return goals, QueryOffer(QueryPolicy(Phrasebook(book)), 2)
