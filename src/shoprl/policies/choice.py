"""The choice policy: a distribution over the available actions, on token states of a frozen BERT.

The backbone is frozen and its token states are cached per text, which is what a CPU can afford. On top, every token of
a candidate attends to the tokens of the instruction (the interaction of WebShop's bi-attention, arXiv 2207.01206
section 4.2, in one direction); what
a candidate's tokens matched is pooled to one vector and joined with its numeric features; and two transformer layers
over all candidates give one logit each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from shoprl.policies.encoder import TokenStore
from shoprl.policies.features import COUNT
from shoprl.policies.learned import Encoded, LearnedPolicy
from shoprl.policies.queries import QueryStrategy

KINDS_OF_MATCH = 3  # of tokens: learned cosine, the backbone's cosine, the same word piece


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

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


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
        self.value = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep PyTorch's initialisation."""

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self._logits(self._mixed(batch), batch)

    def logits_and_values(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and what the state is worth, shape (decisions,): a mean over the candidates."""
        mixed = self._mixed(batch)
        values = self.value(mixed).squeeze(-1) * batch.mask
        return self._logits(mixed, batch), values.sum(dim=-1) / batch.mask.sum(dim=-1)

    def _logits(self, mixed: torch.Tensor, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = self.score(mixed).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)

    def _mixed(self, batch: Batch) -> torch.Tensor:
        """A vector for each candidate that knows the others, shape (decisions, candidates, hidden)."""
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
        candidates = self.drop(self.join(self._pool(compared.float(), batch))) + numbers
        # No vector of the instruction itself joins in: with it the model learns by heart which product goes with it.
        mixed: torch.Tensor = self.mix(candidates, src_key_padding_mask=~batch.mask)
        return mixed

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


class ChoicePolicy(LearnedPolicy):
    """A choice model that acts.

    Args:
        model: the network.
        store: token states of its backbone.
        strategy: the searches it may make.
        name: shown in tables.
    """

    model: ChoiceModel

    def __init__(
        self, model: ChoiceModel, store: TokenStore, strategy: QueryStrategy = "wish", name: str = "choice"
    ) -> None:
        self.model, self.store, self.strategy, self.name = model, store, strategy, name

    def prepare(self, states: Iterable[Encoded]) -> None:
        """Encode the texts that are new."""
        self.store.add(text for state in states for text in (state.instruction, *state.texts))

    def batch(self, states: Sequence[Encoded]) -> Batch:
        """Several decisions, on the model's device."""
        return collate(states, self.store).to(self.model.device)

    def logits(self, states: Sequence[Encoded]) -> torch.Tensor:
        """See :meth:`LearnedPolicy.logits`."""
        logits: torch.Tensor = self.model(self.batch(states))
        return logits.float().cpu()

    def logits_and_values(self, states: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
        """See :meth:`LearnedPolicy.logits_and_values`."""
        logits, values = self.model.logits_and_values(self.batch(states))
        return logits.float().cpu(), values.float().cpu()
