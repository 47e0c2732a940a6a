"""What every policy with a network shares: how a state reaches it, and how its logits become actions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from shoprl.policies.base import Choice, Decode, pick
from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.query.policy import QueryOffer, queries_with
from shoprl.tasks.base import Observation, State
from shoprl.tasks.instruction import Instruction, QueryStrategy

ACT_BATCH = 32  # decisions in one forward pass when acting


def mixed(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision where a model is on a GPU: its matrix products in bfloat16, its weights in float32."""
    if device.type != "cuda":
        return nullcontext()
    # Nothing is cached: in some versions a cast that acting has left there has no gradient.
    return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)


class LearnedPolicy(ABC):
    """A network that acts; a :class:`shoprl.policies.base.Policy`.

    A new kind of network is a subclass of this, and a line in :data:`shoprl.policies.saving.NETWORKS` once it is to be
    kept in folders.

    Attributes:
        kind: of the network, as its folder's manifest names it.
        files: what its folder holds beside ``config.json`` and ``model.safetensors``.
        cuts_candidates: WebShop trains it on long lists of candidates cut short
            (:func:`shoprl.policies.networks.token_batch.cut_candidates`).
        model: the network; it may be on a GPU.
        strategy: the search it may make.
        name: shown in tables.
        offer: searches of a query policy that it may make too; None for none.
        pictures: ``Observation.picture`` -> features of the picture, for networks that look at them; not saved.
        temperature: its logits are divided by it where actions are drawn; not saved.
    """

    kind: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = ()
    cuts_candidates: ClassVar[bool] = False
    model: PreTrainedModel
    strategy: QueryStrategy
    name: str
    offer: QueryOffer | None = None
    pictures: Mapping[str, torch.Tensor] = MappingProxyType({})
    temperature: float = 1.0

    @classmethod
    @abstractmethod
    def new(
        cls, generator: torch.Generator, states: Iterable[Observation], store: TokenStore | None = None, **sizes: Any
    ) -> Self:
        """A policy with fresh weights, drawn from ``generator`` alone.

        Args:
            generator: of the weights.
            states: what it will be trained on, for a network with a vocabulary of its own.
            store: token states that it may share, where it uses any.
            sizes: of the network.

        Raises:
            BackboneError: its backbone cannot be loaded.
        """

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, name: str, strategy: QueryStrategy, store: TokenStore | None) -> Self:
        """Read a policy from a folder whose files were checked.

        Args:
            folder: the policy folder.
            name: of the policy.
            strategy: the search it may make.
            store: token states that it may share, where it uses any.

        Raises:
            PolicyError: the parts do not fit together.
            BackboneError: its backbone cannot be loaded.
        """

    def save_files(self, folder: Path) -> None:  # noqa: B027  (most networks have none)
        """Write :attr:`files` into a policy folder."""

    @property
    def backbone(self) -> Backbone | None:
        """The frozen encoder that it shares with others, where it has one."""
        return None

    def prepare(self, states: Iterable[Observation]) -> None:  # noqa: B027  (what is optional does nothing)
        """Do once what can be done before the states are met in training."""

    def encode_once(  # noqa: B027  (as above)
        self, texts: Callable[[], Iterable[str]], folder: Path, stores: dict[str, TokenStore]
    ) -> None:
        """Do once what can be done of all texts that will be met in acting, the same to the bit in every process.

        Args:
            texts: gives the texts, where they are needed.
            folder: a folder to keep what was made in, for other processes.
            stores: digest of a backbone -> the token states that policies of this process share; added to.
        """

    @abstractmethod
    def compute_logits(self, states: Sequence[Observation]) -> torch.Tensor:
        """Shape (states, candidates); minus infinity where a state has no candidate."""

    @abstractmethod
    def compute_logits_and_values(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and what each state is worth, shape (states,)."""

    def logits(self, states: Sequence[Observation]) -> torch.Tensor:
        """Shape (states, candidates); minus infinity where a state has no candidate.

        They are on the CPU in float32, where the losses are, wherever the network is; on a GPU it computes in mixed
        precision.
        """
        with mixed(self.model.device):
            return self.compute_logits(states).float().cpu()

    def logits_and_values(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and what each state is worth, shape (states,); on the CPU as well."""
        with mixed(self.model.device):
            logits, values = self.compute_logits_and_values(states)
            return logits.float().cpu(), values.float().cpu()

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The search of its strategy, then those of its offer."""
        return queries_with(self.strategy, self.offer, instruction)

    @torch.inference_mode()
    def probabilities(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """Distribution over the candidates of each state, before the task's rule."""
        distributions: list[NDArray[np.float64]] = []
        self.model.eval()
        for start in range(0, len(states), ACT_BATCH):
            observed = [state.observe() for state in states[start : start + ACT_BATCH]]
            rows = torch.softmax(self.logits(observed).double() / self.temperature, dim=-1).numpy()
            distributions += [row[: len(state.texts)] for row, state in zip(rows, observed, strict=True)]
        return distributions

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose among the candidates that the task's rule allows."""
        choices = []
        for state, own, rng in zip(states, self.probabilities(states), rngs, strict=True):
            ruled = np.where(state.allowed(), own + 1e-12, 0.0)
            index, chance = pick(ruled / ruled.sum(), rng, decode)
            choices.append(Choice(state.candidates[index].action, chance, float(own[index])))
        return choices
