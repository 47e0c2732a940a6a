"""Query policies: an instruction becomes search queries, learned from queries that people typed."""

from pathlib import Path

import torch

from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.query.data import Typed
from shoprl.policies.query.extractive import Extractive, new_extractive
from shoprl.policies.query.loading import load_query_policy
from shoprl.policies.query.policy import QueryPolicy
from shoprl.tasks.instruction import parse_instruction
from shoprl.training.query import ExtractiveTraining, train_extractive

# An instruction, and what people typed for it. WebShop's files hold 1,506 of these: `read_typed_queries(pairs, goals)`.
data = [
    Typed("i need a red mug for my mother that is dishwasher safe", ("red mug", "dishwasher safe mug")),
    Typed("find me a pair of black running shoes for men in size ten", ("black running shoes men",)),
    Typed("i would like a long lasting lipstick in dark red", ("long lasting lipstick", "dark red lipstick")),
    Typed("i am looking for a wooden table lamp for the bedroom", ("wooden table lamp",)),
]
backbone = load_backbone()  # all-MiniLM-L6-v2, frozen
writer = Extractive(new_extractive(backbone, torch.Generator().manual_seed(0)), backbone)
log = train_extractive(
    writer, data, ExtractiveTraining(updates=40, batch_size=4, warmup=5), Path("runs/query/training")
)
print(f"F1 of words while training: {log[0]['f1']:.2f} -> {log[-1]['f1']:.2f}")

QueryPolicy(writer).save(Path("runs/query/policy"))
policy = load_query_policy(Path("runs/query/policy"))
print(policy.queries(parse_instruction("i want a blue mug for my father under 20 dollars"), 3))
