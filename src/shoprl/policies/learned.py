"""The base class of policies with a network."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shoprl.policies.base import Choice, Decode, pick
from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.networks.encoder import Encodings, TokenStore
from shoprl.policies.query.policy import QueryOffer, queries_with
from shoprl.tasks.base import Observation, ObservedPart, PartlyObserved, State
from shoprl.tasks.instruction import Instruction, QueryStrategy

ACT_BATCH = 32  # decisions in one forward pass when acting


def mixed(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision for a model on a GPU: matrix products in bfloat16, weights in float32."""
    if device.type != "cuda":
        return nullcontext()
    # No cache: in some versions of PyTorch a cast cached in inference mode has no gradient.
    return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)


class LearnedPolicy(ABC):
    """A :class:`shoprl.policies.base.Policy` with a network.

    A new kind of network is a subclass of this, and an entry of :data:`shoprl.policies.saving.NETWORKS` so that it can
    be saved.

    Attributes:
        kind: name of the kind of network in a folder's manifest.
        files: files of its folder besides ``config.json`` and ``model.safetensors``.
        observes: which part of an observation it reads, beside texts.
        cuts_candidates: whether long lists of candidates are cut in training, as in WebShop
            (:func:`shoprl.policies.networks.token_batch.cut_candidates`).
        model: the network, with Transformers' ``save_pretrained``; it may be on a GPU.
        strategy: the search that it may type.
        name: shown in tables.
        store: token states of a frozen backbone that it adds to as it meets new texts, or None.
        offer: a query policy whose searches it may type as well, or None.
        pictures: ``Observation.picture`` -> features of the picture, for networks that use pictures; not saved.
        temperature: divides the logits when acting; not saved.
    """

    kind: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = ()
    observes: ClassVar[ObservedPart] = "features"
    cuts_candidates: ClassVar[bool] = False
    model: nn.Module
    strategy: QueryStrategy
    name: str
    store: TokenStore | None = None
    offer: QueryOffer | None = None
    pictures: Mapping[str, torch.Tensor] = MappingProxyType({})
    temperature: float = 1.0

    @classmethod
    @abstractmethod
    def new(
        cls, generator: torch.Generator, states: Iterable[Observation], store: TokenStore | None = None, **sizes: Any
    ) -> Self:
        """A policy with randomly initialised weights, drawn from ``generator`` alone.

        Args:
            generator: of the weights.
            states: the training states, for a network with its own vocabulary.
            store: token states to share, if it uses any.
            sizes: of the network.

        Raises:
            BackboneError: its backbone cannot be loaded.
        """

    @classmethod
    @abstractmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> Self:
        """Load a policy from a folder whose files were checked.

        Args:
            folder: the policy folder.
            name: of the policy.
            strategy: the search that it may type.
            store: token states to share, if it uses any.
            backbone: hub id or folder, or several, that the user named: a frozen encoder that is not the default one
                is loaded from there alone (:func:`shoprl.policies.networks.backbone.backbone_of`).

        Raises:
            PolicyError: the files do not fit together.
            BackboneError: its backbone cannot be loaded, or nobody named it.
        """

    def save_files(self, folder: Path) -> None:  # noqa: B027  (optional)
        """Write :attr:`files` into a policy folder."""

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.model.parameters()).device

    @property
    def backbone(self) -> Backbone | None:
        """The frozen encoder that it shares with other policies, or None."""
        return None

    @property
    def encodings(self) -> Encodings | None:
        """What it encodes texts with as it meets them, or None."""
        return self.store

    def prepare(self, states: Iterable[Observation]) -> None:  # noqa: B027  (optional)
        """Precompute what does not change during training on these states."""

    def encode_states(self, states: Sequence[Observation]) -> None:  # noqa: B027  (optional)
        """Precompute the encodings of a batch's texts, in the batches that :meth:`logits` encodes them in."""

    def encode_once(  # noqa: B027  (optional)
        self, texts: Callable[[], Iterable[str]], folder: Path, stores: dict[str, TokenStore]
    ) -> None:
        """Precompute the encodings of all texts of the episodes to come, bit-identical in every process.

        Args:
            texts: gives the texts; called only if they are needed.
            folder: a folder to cache the encodings in, for other processes.
            stores: digest of a backbone -> token states shared by the policies of this process; extended in place.
        """

    @abstractmethod
    def batch(self, states: Sequence[Observation]) -> Any:
        """The model's input, on its device: what its ``forward`` and ``logits_and_values`` take."""

    def passes(self, states: Sequence[Observation]) -> Sequence[Sequence[Observation]]:
        """Consecutive parts of a batch that fit the memory one after the other, when nothing is differentiated."""
        return [states]

    def logits(self, states: Sequence[Observation]) -> torch.Tensor:
        """Shape (states, candidates); minus infinity where a state has no candidate.

        They are float32 on the CPU, where losses are computed; a network on a GPU runs in mixed precision.
        """
        with mixed(self.device):
            return _rows([self.model(self.batch(part)).float().cpu() for part in self._parts(states)])

    def logits_and_values(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and the value of each state, shape (states,); float32 on the CPU as well."""
        run: Callable[[Any], tuple[torch.Tensor, torch.Tensor]] = self.model.logits_and_values  # type: ignore[assignment]
        with mixed(self.device):
            parts = [[each.float().cpu() for each in run(self.batch(part))] for part in self._parts(states)]
        return _rows([logits for logits, _ in parts]), torch.cat([values for _, values in parts])

    def _parts(self, states: Sequence[Observation]) -> Sequence[Sequence[Observation]]:
        return [states] if torch.is_grad_enabled() else self.passes(states)

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The search of its strategy, then those of its query policy."""
        return queries_with(self.strategy, self.offer, instruction)

    @torch.inference_mode()
    def probabilities(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """Distribution over the candidates of each state, before the task's rule is applied."""
        distributions = [np.ones(1) for _ in states]  # of one candidate alone
        self._be_ready()
        doubtful = [place for place, state in enumerate(states) if len(state.candidates) > 1]
        for start in range(0, len(doubtful), ACT_BATCH):
            places = doubtful[start : start + ACT_BATCH]
            observed = self.observed([states[place] for place in places])
            rows = torch.softmax(self.logits(observed).double() / self.temperature, dim=-1).numpy()
            for place, row, state in zip(places, rows, observed, strict=True):
                distributions[place] = row[: len(state.texts)]
        return distributions

    def observed(self, states: Sequence[State]) -> list[Observation]:
        """The states as this network's input, without what it does not read where a state can leave that out."""
        partly = {kind: issubclass(kind, PartlyObserved) for kind in set(map(type, states))}  # asked once, being slow
        return [
            cast(PartlyObserved, state).observe_part(self.observes) if partly[type(state)] else state.observe()
            for state in states
        ]

    def _be_ready(self) -> None:
        if self.model.training:  # asked first, as going through all parts of a network takes as long as a small batch
            self.model.eval()

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose among the candidates that the task's rule allows."""
        choices = []
        for state, own, rng in zip(states, self.probabilities(states), rngs, strict=True):
            ruled = np.where(state.allowed(), own + 1e-12, 0.0)
            index, chance = pick(ruled / ruled.sum(), rng, decode)
            choices.append(Choice(state.candidates[index].action, chance, float(own[index])))
        return choices


def _rows(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """The logits of several batches as those of one."""
    if len(parts) == 1:
        return parts[0]
    rows = [row for part in parts for row in part]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-torch.inf)
