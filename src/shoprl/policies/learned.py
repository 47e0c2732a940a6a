"""What every policy with a network shares: how a state reaches it, and how its logits become actions."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from shoprl.policies.base import Choice, Decode, allowed, pick
from shoprl.policies.query.policy import QueryOffer, queries_with
from shoprl.tasks.instruction import Instruction, QueryStrategy
from shoprl.tasks.shop.features import features
from shoprl.tasks.shop.state import State

ACT_BATCH = 32  # decisions in one forward pass when acting


@dataclass(frozen=True, slots=True)
class Encoded:
    """A state as a network takes it.

    Attributes:
        instruction: the wish, without its price clause.
        texts: the candidates' texts.
        features: shape (candidates, COUNT).
        page: what the page shows, WebShop's ``text_rich`` observation.
        actions: the candidates' actions in WebShop's grammar.
        asin: the product that an item page shows, to find its picture by; empty on other pages.
    """

    instruction: str
    texts: tuple[str, ...]
    features: NDArray[np.float32]
    page: str = ""
    actions: tuple[str, ...] = ()
    asin: str = ""


def encode_state(state: State) -> Encoded:
    """Texts and numbers of a state."""
    return Encoded(
        instruction=state.instruction.wish,
        texts=tuple(candidate.text for candidate in state.candidates),
        features=features(state),
        page=state.text,
        actions=tuple(candidate.action for candidate in state.candidates),
        asin=state.asin,
    )


def mixed(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision where a model is on a GPU: its matrix products in bfloat16, its weights in float32."""
    if device.type != "cuda":
        return nullcontext()
    # Nothing is cached: in some versions a cast that acting has left there has no gradient.
    return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)


class LearnedPolicy(ABC):
    """A network that acts; a :class:`shoprl.policies.base.Policy`.

    Attributes:
        model: the network; it may be on a GPU.
        strategy: the search it may make.
        name: shown in tables.
        offer: searches of a query policy that it may make too; None for none.
        temperature: its logits are divided by it where actions are drawn; not saved.
    """

    model: PreTrainedModel
    strategy: QueryStrategy
    name: str
    offer: QueryOffer | None = None
    temperature: float = 1.0

    @abstractmethod
    def prepare(self, states: Iterable[Encoded]) -> None:
        """Do once what can be done before the states are met in training."""

    @abstractmethod
    def logits(self, states: Sequence[Encoded]) -> torch.Tensor:
        """Shape (states, candidates); minus infinity where a state has no candidate.

        They are on the CPU in float32, where the losses are, wherever the network is.
        """

    @abstractmethod
    def logits_and_values(self, states: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and what each state is worth, shape (states,); on the CPU as well."""

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The search of its strategy, then those of its offer."""
        return queries_with(self.strategy, self.offer, instruction)

    @torch.inference_mode()
    def probabilities(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """Distribution over the candidates of each state, before the agent's rule."""
        found: list[NDArray[np.float64]] = []
        self.model.eval()
        for start in range(0, len(states), ACT_BATCH):
            encoded = [encode_state(state) for state in states[start : start + ACT_BATCH]]
            with mixed(self.model.device):
                logits = self.logits(encoded)
            rows = torch.softmax(logits.double() / self.temperature, dim=-1).numpy()
            found += [row[: len(state.texts)] for row, state in zip(rows, encoded, strict=True)]
        return found

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose among the candidates that the agent's rule allows (:func:`shoprl.policies.base.allowed`)."""
        choices = []
        for state, own, rng in zip(states, self.probabilities(states), rngs, strict=True):
            ruled = np.where(allowed(state), own + 1e-12, 0.0)
            index, chance = pick(ruled / ruled.sum(), rng, decode)
            choices.append(Choice(state.candidates[index].action, chance, float(own[index])))
        return choices
