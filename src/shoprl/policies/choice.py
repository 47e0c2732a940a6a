"""The choice policy: a distribution over the available actions, on token states of a frozen BERT.

The backbone is frozen and its token states are cached per text, which is what a CPU can afford. On top, every token of
a candidate attends to the tokens of the instruction (the interaction of WebShop's bi-attention, arXiv 2207.01206
section 4.2, in one direction); what
a candidate's tokens matched is pooled to one vector and joined with its numeric features; and two transformer layers
over all candidates give one logit each.
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

KINDS_OF_MATCH = 3  # of tokens: learned cosine, the backbone's cosine, the same word piece
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
        wish: token states of the instructions, shape (decisions, L, width).
        wish_ids: their vocabulary ids, shape (decisions, L); -1 for padding.
        tokens: token states of all candidates of a decision, shape (decisions, T, width).
        token_ids: their vocabulary ids, shape (decisions, T); -2 for padding.
        owner: index of the candidate a token belongs to, shape (decisions, T).
        features: shape (decisions, candidates, COUNT).
        mask: which candidates are real, shape (decisions, candidates).
    """

    wish: torch.Tensor
    wish_ids: torch.Tensor
    tokens: torch.Tensor
    token_ids: torch.Tensor
    owner: torch.Tensor
    features: torch.Tensor
    mask: torch.Tensor


def collate(states: Sequence[Encoded], store: TokenStore) -> Batch:
    """Gather tokens and pad."""
    wishes, wish_ids, wish_counts = store.gather([state.instruction for state in states])
    tokens, token_ids, counts = store.gather([text for state in states for text in state.texts])
    sizes = [len(state.texts) for state in states]
    owners = [torch.repeat_interleave(torch.arange(len(part)), part) for part in counts.split(sizes)]
    lengths = [len(owner) for owner in owners]
    features_ = [torch.from_numpy(state.features) for state in states]
    return Batch(
        wish=_pad(wishes.split(wish_counts.tolist()), 0.0),
        wish_ids=_pad(wish_ids.split(wish_counts.tolist()), -1),
        tokens=_pad(tokens.split(lengths), 0.0),
        token_ids=_pad(token_ids.split(lengths), -2),
        owner=_pad(owners, 0),
        features=_pad(features_, 0.0),
        mask=torch.arange(max(sizes))[None, :] < torch.tensor(sizes)[:, None],
    )


def _pad(parts: Sequence[torch.Tensor], value: float) -> torch.Tensor:
    """Stack parts of different length, at least one long."""
    padded = nn.utils.rnn.pad_sequence(list(parts), batch_first=True, padding_value=value)
    if padded.shape[1] > 0:
        return padded
    return padded.new_full((padded.shape[0], 1, *padded.shape[2:]), value)


class ChoiceConfig(PretrainedConfig):
    """Sizes of a choice model and the backbone it was trained on.

    Args:
        backbone: name of the frozen encoder.
        backbone_sha256: digest of its weights.
        backbone_width: size of its token states.
        match: width in which tokens are compared.
        hidden: width of the transformer over candidates.
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
        match: int = 64,
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
        self.match = match
        self.hidden = hidden
        self.layers = layers
        self.heads = heads
        self.dropout = dropout
        self.features = features


class ChoiceModel(PreTrainedModel):
    """One logit a candidate; see the module's text."""

    config_class = ChoiceConfig
    base_model_prefix = "choice"

    def __init__(self, config: ChoiceConfig) -> None:
        super().__init__(config)
        hidden, match = config.hidden, config.match
        self.project = nn.Linear(config.backbone_width, match)
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.importance = nn.Linear(match, 1)
        self.compare = nn.Sequential(nn.Linear(2 * match + KINDS_OF_MATCH, match), nn.GELU())
        self.join = nn.Linear(match, hidden)
        self.drop = nn.Dropout(config.dropout)
        numbers = config.features + 2 * KINDS_OF_MATCH
        self.numbers = nn.Sequential(nn.Linear(numbers, hidden), nn.GELU(), nn.Linear(hidden, hidden))
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
        real = (batch.token_ids >= 0)[:, :, None] & (batch.wish_ids >= 0)[:, None, :]
        same = (batch.token_ids[:, :, None] == batch.wish_ids[:, None, :]).float()
        near = [_cosine(tokens, wish), _cosine(batch.tokens, batch.wish), same]
        near = [each.masked_fill(~real, 0.0 if each is same else -1.0) for each in near]
        padding = (batch.wish_ids < 0)[:, None, :]
        found = (
            torch.softmax((self.sharpness * near[0]).masked_fill(padding, torch.finfo(wish.dtype).min), dim=-1) @ wish
        )
        best = torch.stack([each.amax(dim=-1) for each in near], dim=-1)
        compared = self.compare(torch.cat([tokens * found, (tokens - found).abs(), best], dim=-1))
        weights = torch.sigmoid(self.importance(wish)).squeeze(-1) * (batch.wish_ids >= 0)
        covered = [_coverage(each, weights, batch.owner, batch.mask.shape[1]) for each in near]
        numbers = self.numbers(torch.cat([batch.features, *covered], dim=-1))
        candidates = self.drop(self.join(self._pool(compared, batch))) + numbers
        # No vector of the instruction itself joins in: with it the model learns by heart which product goes with it.
        mixed = self.mix(candidates, src_key_padding_mask=~batch.mask)
        logits: torch.Tensor = self.score(mixed).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)

    @staticmethod
    def _pool(compared: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean over each candidate's tokens, shape (decisions, candidates, match); zero where it has none."""
        real = (batch.token_ids >= 0)[:, :, None]
        index = batch.owner[:, :, None]
        shape = (len(compared), batch.mask.shape[1], compared.shape[2])
        total = compared.new_zeros(shape).scatter_add(1, index.expand_as(compared), compared * real)
        count = compared.new_zeros((*shape[:2], 1)).scatter_add(1, index, real.float())
        return total / count.clamp(min=1.0)


def _coverage(near: torch.Tensor, weights: torch.Tensor, owner: torch.Tensor, candidates: int) -> torch.Tensor:
    """How much of the wish each candidate, and the whole page, covers: weighted mean of each word's best match.

    Args:
        near: similarity of the candidates' tokens and the wish's, shape (decisions, T, L); lowest for padding.
        weights: of the wish's tokens, shape (decisions, L).
        owner: index of each token's candidate, shape (decisions, T).
        candidates: how many.

    Returns:
        Shape (decisions, candidates, 2): the candidate's coverage and the page's.
    """
    lowest = near.new_full((near.shape[0], candidates, near.shape[2]), 0.0)
    each = lowest.scatter_reduce(1, owner[:, :, None].expand_as(near), near, "amax")
    page = each.amax(dim=1, keepdim=True).expand_as(each)
    total = weights.sum(dim=-1).clamp(min=1e-6)[:, None, None]
    return torch.stack([(part * weights[:, None, :]).sum(-1) for part in (each, page)], dim=-1) / total


def _cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    normal = nn.functional.normalize
    return normal(first, dim=-1) @ normal(second, dim=-1).transpose(1, 2)


def new_model(store: TokenStore, generator: torch.Generator, **sizes: Any) -> ChoiceModel:
    """A model with fresh weights, drawn from ``generator`` alone."""
    backbone = store.backbone
    config = ChoiceConfig(backbone.name, backbone.sha256, backbone.width, **sizes)
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        model = ChoiceModel(config)
    model.eval()
    return model


class ChoicePolicy:
    """A choice model that acts.

    Args:
        model: the network.
        store: token states of its backbone.
        strategy: the searches it may make.
        name: shown in tables.
    """

    def __init__(
        self, model: ChoiceModel, store: TokenStore, strategy: QueryStrategy = "wish", name: str = "choice"
    ) -> None:
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
