"""A backbone without weights, and walks through a shop that gather states."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from shoprl.policies.networks.choice import ChoicePolicy, new_model
from shoprl.policies.networks.encoder import TokenStore
from shoprl.shop.goal import Goal
from shoprl.shop.page import Page
from shoprl.shop.session import MAX_STEPS, Shop
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask

torch.set_num_threads(1)  # tiny tensors: threads only get in each other's way

WIDTH = 16
SMALL = {"match": 8, "hidden": 16, "layers": 1, "heads": 2}  # sizes of a model that trains in a second


def _word_id(word: str) -> int:
    return int(hashlib.sha256(word.encode()).hexdigest()[:6], 16) % 30_000


def _vector(word_id: int) -> np.ndarray[Any, np.dtype[np.float16]]:
    return np.random.default_rng(word_id).normal(size=WIDTH).astype(np.float16)


@dataclass
class FakeBackbone:
    """Each word is a token with a random vector of its own; notes what it was asked to encode."""

    name: str = "fake"
    model: Any = None
    tokenizer: Any = None
    width: int = WIDTH
    sha256: str = "0" * 64
    asked: int = 0

    def token_states(self, texts: Sequence[str], max_tokens: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        self.asked += len(texts)
        found = []
        for text in texts:
            ids = [_word_id(word) for word in text.lower().split()[:max_tokens]]
            states = np.stack([_vector(i) for i in ids]) if ids else np.zeros((0, WIDTH), dtype=np.float16)
            found.append((torch.from_numpy(states), torch.tensor(ids, dtype=torch.int32)))
        return found

    def means(self, texts: Sequence[str], max_tokens: int) -> torch.Tensor:
        states = [each.float() for each, _ in self.token_states(texts, max_tokens)]
        return torch.nn.functional.normalize(torch.stack([each.sum(dim=0) for each in states]), dim=1)


def fake_store() -> TokenStore:
    return TokenStore(FakeBackbone())  # type: ignore[arg-type]


def fake_policy(seed: int = 0, store: TokenStore | None = None, **sizes: Any) -> ChoicePolicy:
    store = store or fake_store()
    return ChoicePolicy(new_model(store, torch.Generator().manual_seed(seed), **(SMALL | sizes)), store)


@dataclass
class Walk:
    """An episode under the task's rule with random picks."""

    pages: list[Page]
    states: list[ShopState]
    actions: list[str]
    bought: bool


def random_walk(shop: Shop, goal: Goal, seed: int, max_steps: int = MAX_STEPS) -> Walk:
    rng = np.random.default_rng(seed)
    live = ShopTask(shop, max_steps).start(goal)
    walk = Walk([], [], [], False)
    while not live.over:
        state = live.state
        action = state.candidates[int(rng.choice(np.flatnonzero(state.allowed())))].action
        walk.pages.append(live.page)
        walk.states.append(state)
        walk.actions.append(action)
        live.step(action)
    walk.bought = live.session.done
    return walk
