"""The choice policy: a distribution over the available actions, on token states of a frozen BERT.

The backbone is frozen and its token states are cached per text, which is what a CPU can afford. On top, every token of
a candidate attends to the tokens of the instruction (the interaction of WebShop's bi-attention, arXiv 2207.01206
section 4.2, in one direction); a candidate's tokens are pooled to one vector and joined with its numeric features; and
two transformer layers over the state and all candidates give one logit a candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from shoprl.policies.base import Choice, Decode, allowed, pick
from shoprl.policies.encoder import TokenStore
from shoprl.policies.features import COUNT, features
from shoprl.policies.queries import QueryStrategy, queries_for
from shoprl.policies.state import Instruction, State

ACT_BATCH = 32  # decisions in one forward pass when acting


@dataclass(frozen=True, slots=True)
class Encoded:
    """A state ready for the model.

    Attributes:
        instruction: the wish, without its price clause.
        texts: the candidates' texts.
        features: shape (candidates, COUNT).
    """

    instruction: str
    texts: tuple[str, ...]
    features: NDArray[np.float32]


def encode_state(state: State) -> Encoded:
    """Texts and numbers of a state."""
    return Encoded(state.instruction.wish, tuple(candidate.text for candidate in state.candidates), features(state))


@dataclass(frozen=True, slots=True)
class Batch:
    """Several decisions, padded.

    Attributes:
        wish: token states of the instructions, shape (decisions, L, width), with ``wish_mask`` (decisions, L).
        tokens: token states of all candidates of a decision, shape (decisions, T, width).
        owner: which candidate a token belongs to, shape (decisions, candidates, T), one-hot, zero for padding.
        features: shape (decisions, candidates, COUNT).
        mask: which candidates are real, shape (decisions, candidates).
    """

    wish: torch.Tensor
    wish_mask: torch.Tensor
    tokens: torch.Tensor
    owner: torch.Tensor
    features: torch.Tensor
    mask: torch.Tensor


def collate(states: Sequence[Encoded], store: TokenStore) -> Batch:
    """Gather token states and pad."""
    wishes, wish_counts = store.gather([state.instruction for state in states])
    tokens, counts = store.gather([text for state in states for text in state.texts])
    sizes = [len(state.texts) for state in states]
    per_state = [part.tolist() for part in counts.split(sizes)]
    longest, widest = max(max(map(sum, per_state)), 1), max(sizes)
    padded_tokens = torch.zeros((len(states), longest, tokens.shape[1]))
    owner = torch.zeros((len(states), widest, longest))
    numbers = torch.zeros((len(states), widest, COUNT))
    mask = torch.zeros((len(states), widest), dtype=torch.bool)
    start = 0
    for i, (state, token_counts) in enumerate(zip(states, per_state, strict=True)):
        total = sum(token_counts)
        padded_tokens[i, :total] = tokens[start : start + total]
        owners = torch.repeat_interleave(torch.arange(len(token_counts)), torch.tensor(token_counts, dtype=torch.long))
        owner[i, owners, torch.arange(total)] = 1.0
        numbers[i, : len(token_counts)] = torch.from_numpy(state.features)
        mask[i, : len(token_counts)] = True
        start += total
    parts = wishes.split(wish_counts.tolist())
    wish = nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
    if wish.shape[1] == 0:  # an instruction of nothing but signs
        wish = torch.zeros((len(states), 1, tokens.shape[1]))
    wish_mask = torch.arange(wish.shape[1])[None, :] < wish_counts.clamp(min=1)[:, None]
    return Batch(wish, wish_mask, padded_tokens, owner, numbers, mask)


class ChoiceConfig(PretrainedConfig):  # type: ignore[misc]
    """Sizes of a choice model and the backbone it was trained on.

    Args:
        backbone: name of the frozen encoder.
        backbone_sha256: digest of its weights.
        backbone_width: size of its token states.
        hidden: width of the trainable part.
        layers, heads: of the transformer over candidates.
        dropout: while training.
        features: numbers a candidate.
    """

    model_type = "shoprl-choice"

    def __init__(
        self,
        backbone: str = "",
        backbone_sha256: str = "",
        backbone_width: int = 384,
        hidden: int = 128,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
        features: int = COUNT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = backbone
        self.backbone_sha256 = backbone_sha256
        self.backbone_width = backbone_width
        self.hidden = hidden
        self.layers = layers
        self.heads = heads
        self.dropout = dropout
        self.features = features


class ChoiceModel(PreTrainedModel):  # type: ignore[misc]
    """One logit a candidate; see the module's text."""

    config_class = ChoiceConfig
    base_model_prefix = "choice"

    def __init__(self, config: ChoiceConfig) -> None:
        super().__init__(config)
        hidden = config.hidden
        self.project = nn.Linear(config.backbone_width, hidden)
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.compare = nn.Sequential(nn.Linear(3 * hidden + 2, hidden), nn.GELU())
        self.weigh = nn.Linear(hidden, 1)
        self.join = nn.Linear(2 * hidden, hidden)
        self.numbers = nn.Sequential(nn.Linear(config.features, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.wish = nn.Linear(hidden, hidden)
        layer = nn.TransformerEncoderLayer(
            hidden, config.heads, 2 * hidden, config.dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.score = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep PyTorch's initialisation."""

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        wish, tokens = self.project(batch.wish), self.project(batch.tokens)
        absent = ~batch.wish_mask[:, None, :]
        near = _cosine(tokens, wish).masked_fill(absent, -1.0)
        found = torch.softmax(self.sharpness * near, dim=-1) @ wish
        frozen_near = _cosine(batch.tokens, batch.wish).masked_fill(absent, -1.0)
        best = torch.stack([near.amax(dim=-1), frozen_near.amax(dim=-1)], dim=-1)
        compared = self.compare(torch.cat([tokens, found, tokens * found, best], dim=-1))
        pooled = self._pool(compared, batch.owner)
        candidates = self.join(pooled) + self.numbers(batch.features)
        shown = batch.wish_mask.unsqueeze(-1).float()
        state = self.wish((wish * shown).sum(1) / shown.sum(1)).unsqueeze(1)
        sequence = torch.cat([state, candidates], dim=1)
        padding = torch.cat([torch.zeros_like(batch.mask[:, :1]), ~batch.mask], dim=1)
        mixed = self.mix(sequence, src_key_padding_mask=padding)[:, 1:]
        logits: torch.Tensor = self.score(mixed).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)

    def _pool(self, compared: torch.Tensor, owner: torch.Tensor) -> torch.Tensor:
        """Mean and learned weighted mean of each candidate's tokens, shape (decisions, candidates, 2 hidden)."""
        mean = (owner @ compared) / owner.sum(dim=-1, keepdim=True).clamp(min=1.0)
        weights = owner * torch.exp(self.weigh(compared).squeeze(-1).clamp(-8.0, 8.0))[:, None, :]
        weighted = (weights @ compared) / weights.sum(dim=-1, keepdim=True).clamp(min=1e-6)
        return torch.cat([mean, weighted], dim=-1)


def _cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    normal = nn.functional.normalize
    return normal(first, dim=-1) @ normal(second, dim=-1).transpose(1, 2)


def new_model(store: TokenStore, generator: torch.Generator, **sizes: Any) -> ChoiceModel:
    """A model with fresh weights, drawn from ``generator`` alone."""
    backbone = store.backbone
    config = ChoiceConfig(backbone.name, backbone.sha256, backbone.width, **sizes)
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        return ChoiceModel(config).eval()


class ChoicePolicy:
    """A choice model that acts.

    Args:
        model: the network.
        store: token states of its backbone.
        strategy: the searches it may make.
        name: shown in tables.
    """

    def __init__(self, model: ChoiceModel, store: TokenStore, strategy: QueryStrategy = "wish", name: str = "choice") -> None:
        self.model, self.store, self.strategy, self.name = model, store, strategy, name

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The searches of its strategy."""
        return queries_for(self.strategy, instruction)

    @torch.inference_mode()
    def probabilities(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """Distribution over the candidates of each state, before the agent's rule."""
        found: list[NDArray[np.float64]] = []
        self.model.eval()
        for start in range(0, len(states), ACT_BATCH):
            encoded = [encode_state(state) for state in states[start : start + ACT_BATCH]]
            logits = self.model(collate(encoded, self.store)).double()
            rows = torch.softmax(logits, dim=-1).numpy()
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
