"""The choice policy: a distribution over the available actions, on token states of a frozen BERT.

The backbone is frozen and its token states are cached per text, so that training is fast on a CPU. Its last layers may
be tuned; then their inputs are cached (:mod:`shoprl.policies.networks.tuned`). Every token of a candidate attends to
the tokens of the request (WebShop's bi-attention, arXiv 2207.01206 section 4.2, in one direction); the matches of a
candidate's tokens are pooled to one vector and joined with its numeric features; two transformer layers over all
candidates give one logit each.

A model with pictures also compares the page's picture with each token of the request, since no other part of it relates
the two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from shoprl.errors import PolicyError
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.backbone import DEFAULT, Backbone, backbone_of, load_backbone
from shoprl.policies.networks.encoder import TokenRows, TokenStore, encoded
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from shoprl.policies.networks.image_features import shown_pictures
from shoprl.policies.networks.matching import cosine, coverage
from shoprl.policies.networks.reading import read_model
from shoprl.policies.networks.tuned import Finished, new_layers, run_layers
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import QueryStrategy

ENCODE = 512  # texts in one pass of the tuned layers, which bounds the memory
# Candidates' tokens in one pass when acting, padding included: 32 pages of 2,048 tokens (32 of the longest texts; on
# WebShop's small catalogue the longest page has 700), since several passes would show in the last bits.
ACT_TOKENS = 65_536
FORMS, FORM_WIDTH = 8, 16  # bilinear forms that compare a picture with a token, and their width
KINDS_OF_MATCH = 3  # between tokens: learned cosine, the backbone's cosine, the same vocabulary id


@dataclass(frozen=True, slots=True)
class ChoiceBatch:
    """A padded batch of decisions.

    Attributes:
        request: token states of the requests, shape (decisions, L, width).
        request_ids: their vocabulary ids, shape (decisions, L); -1 for padding.
        tokens: token states of all candidates of a decision, shape (decisions, T, width).
        token_ids: their vocabulary ids, shape (decisions, T); -2 for padding.
        owner: index of each token's candidate, shape (decisions, T).
        features: shape (decisions, candidates, features).
        mask: which candidates are real, shape (decisions, candidates).
        pictures: features of the pages' pictures, shape (decisions, PICTURE), or None if the model does not use them.
    """

    request: torch.Tensor
    request_ids: torch.Tensor
    tokens: torch.Tensor
    token_ids: torch.Tensor
    owner: torch.Tensor
    features: torch.Tensor
    mask: torch.Tensor
    pictures: torch.Tensor | None = None

    def to(self, device: torch.device) -> "ChoiceBatch":
        """A copy on a device."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: part.to(device) for name, part in parts.items() if part is not None})


def collate(states: Sequence[Observation], store: TokenStore | TokenRows) -> ChoiceBatch:
    """Make a batch: gather token states and pad."""
    requests, request_ids, request_counts = store.gather([state.request for state in states])
    tokens, token_ids, counts = store.gather([text for state in states for text in state.texts])
    sizes = [len(state.texts) for state in states]
    owners = [torch.repeat_interleave(torch.arange(len(part)), part) for part in counts.split(sizes)]
    lengths = [len(owner) for owner in owners]
    features_ = [torch.from_numpy(state.features) for state in states]
    padded = _pad(tokens.split(lengths), 0.0)
    del tokens  # of a page with a thousand options, 100 MB
    return ChoiceBatch(
        request=_pad(requests.split(request_counts.tolist()), 0.0),
        request_ids=_pad(request_ids.split(request_counts.tolist()), -1),
        tokens=padded,
        token_ids=_pad(token_ids.split(lengths), -2),
        owner=_pad(owners, 0),
        features=_pad(features_, 0.0),
        mask=torch.arange(max(sizes))[None, :] < torch.tensor(sizes)[:, None],
    )


def _pad(parts: Sequence[torch.Tensor], value: float) -> torch.Tensor:
    """Stack parts of different lengths, padded to the longest and to at least one."""
    padded = nn.utils.rnn.pad_sequence(list(parts), batch_first=True, padding_value=value)
    if padded.shape[1] > 0:
        return padded
    return padded.new_full((padded.shape[0], 1, *padded.shape[2:]), value)


class ChoiceConfig(PretrainedConfig):
    """Configuration of a choice model.

    Args:
        backbone: name of the frozen encoder.
        backbone_sha256: digest of its weights.
        backbone_width: size of its token states.
        match: width of the tokens' comparison.
        hidden: width of the transformer over candidates.
        layers, heads: of the transformer over candidates.
        dropout: in training.
        features: numeric features of a candidate; the default is the shop's (:mod:`shoprl.tasks.shop.features`).
        tuned_layers: how many of the backbone's last layers are copied into the model and trained.
        encoder: the backbone's own configuration, if any are.
        image: whether the page's picture is used.
    """

    model_type = "shoprl-choice"
    tuned_layers, image = 0, False  # written to the file only where they are set

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
        features: int = 36,
        tuned_layers: int = 0,
        encoder: Mapping[str, Any] | None = None,
        image: bool = False,
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
        if tuned_layers:
            self.tuned_layers, self.encoder = tuned_layers, dict(encoder or {})
        if image:
            self.image = image


class _Fit(nn.Module):
    """How a page's picture fits the tokens of the request: each is scored against it by several bilinear forms."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        # No biases, so that every score is zero without a picture or for padding.
        self.word = nn.Linear(width, FORMS * FORM_WIDTH, bias=False)
        self.look = nn.Linear(PICTURE, FORMS * FORM_WIDTH, bias=False)
        self.join = nn.Linear(2 * FORMS, hidden, bias=False)

    def forward(self, batch: ChoiceBatch) -> torch.Tensor:
        """The highest and the lowest score of any token in each form, projected; shape (decisions, hidden)."""
        assert batch.pictures is not None
        word = self.word(batch.request).unflatten(-1, (FORMS, FORM_WIDTH))
        look = self.look(batch.pictures).unflatten(-1, (FORMS, FORM_WIDTH))
        scores = torch.einsum("dlfw,dfw->dlf", word, look)
        ends = (scores.amax(dim=1).clamp(min=0), scores.amin(dim=1).clamp(max=0))  # unaffected by padding
        joined: torch.Tensor = self.join(torch.cat(ends, dim=-1))
        return joined


class ChoiceModel(PreTrainedModel):
    """One logit per candidate; see the module's docstring."""

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
        self.picture = nn.Linear(PICTURE, hidden) if config.image else None
        self.fit = _Fit(config.backbone_width, hidden) if config.image else None
        self.tuned = new_layers(config.encoder, config.tuned_layers) if config.tuned_layers else None
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep PyTorch's initialisation."""

    def tuned_parameters(self) -> list[nn.Parameter]:
        """The pretrained weights, which have a lower learning rate than the others."""
        return list(self.tuned.parameters()) if self.tuned is not None else []

    def forward(self, batch: ChoiceBatch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self._logits(self._mixed(batch), batch)

    def logits_and_values(self, batch: ChoiceBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the value of each state, shape (decisions,): a mean over its candidates."""
        mixed = self._mixed(batch)
        values = self.value(mixed).squeeze(-1) * batch.mask
        return self._logits(mixed, batch), values.sum(dim=-1) / batch.mask.sum(dim=-1)

    def _logits(self, mixed: torch.Tensor, batch: ChoiceBatch) -> torch.Tensor:
        logits: torch.Tensor = self.score(mixed).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)

    def _mixed(self, batch: ChoiceBatch) -> torch.Tensor:
        """Contextual vectors of the candidates, shape (decisions, candidates, hidden)."""
        request, tokens = self.project(batch.request), self.project(batch.tokens)
        real = (batch.token_ids >= 0)[:, :, None] & (batch.request_ids >= 0)[:, None, :]
        same = (batch.token_ids[:, :, None] == batch.request_ids[:, None, :]).float()
        near = [cosine(tokens, request), cosine(batch.tokens, batch.request), same]
        near = [each.masked_fill(~real, 0.0 if each is same else -1.0) for each in near]
        padding = (batch.request_ids < 0)[:, None, :]
        scores = (self.sharpness * near[0]).masked_fill(padding, torch.finfo(request.dtype).min)
        attended = torch.softmax(scores, dim=-1) @ request
        best = torch.stack([each.amax(dim=-1) for each in near], dim=-1)
        compared = self.compare(torch.cat([tokens * attended, (tokens - attended).abs(), best], dim=-1))
        weights = torch.sigmoid(self.importance(request)).squeeze(-1) * (batch.request_ids >= 0)
        covered = [coverage(each, weights, batch.owner, batch.mask.shape[1]) for each in near]
        numbers = self._numbers(torch.cat([batch.features, *covered], dim=-1), batch)
        candidates = self.drop(self.join(self._pool(compared.float(), batch))) + numbers
        # The request's own vector is left out: with it the model memorises which product goes with which request.
        return self._mix(candidates, batch)

    def _numbers(self, numbers: torch.Tensor, batch: ChoiceBatch) -> torch.Tensor:
        """The numeric features, and how the page's picture fits the request, as one vector per candidate."""
        first, *others = self.numbers
        vectors: torch.Tensor = first(numbers)
        if self.fit is not None and batch.pictures is not None:
            vectors = vectors + self.fit(batch)[:, None, :]  # before the nonlinearity: its effect differs by candidate
        for layer in others:
            vectors = layer(vectors)
        return vectors

    def _mix(self, candidates: torch.Tensor, batch: ChoiceBatch) -> torch.Tensor:
        """Transformer layers over the candidates and, as an additional first element, the page's picture."""
        mixed: torch.Tensor
        if self.picture is None or batch.pictures is None:
            mixed = self.mix(candidates, src_key_padding_mask=~batch.mask)
            return mixed
        shown = torch.cat([self.picture(batch.pictures)[:, None, :], candidates], dim=1)
        mixed = self.mix(shown, src_key_padding_mask=nn.functional.pad(~batch.mask, (1, 0), value=False))
        return mixed[:, 1:]

    @staticmethod
    def _pool(compared: torch.Tensor, batch: ChoiceBatch) -> torch.Tensor:
        """Mean over each candidate's tokens, shape (decisions, candidates, match); zeros if it has none."""
        real = (batch.token_ids >= 0)[:, :, None]
        index = batch.owner[:, :, None]
        shape = (len(compared), batch.mask.shape[1], compared.shape[2])
        total = compared.new_zeros(shape).scatter_add(1, index.expand_as(compared), compared * real)
        count = compared.new_zeros((*shape[:2], 1)).scatter_add(1, index, real.float())
        return total / count.clamp(min=1.0)


def new_model(store: TokenStore, generator: torch.Generator, **sizes: Any) -> ChoiceModel:
    """A model with the backbone layers that the store leaves out and new weights, drawn from ``generator`` alone."""
    backbone, tuned = store.backbone, store.tuned_layers
    if tuned:
        sizes |= {"tuned_layers": tuned, "encoder": backbone.model.config.to_dict()}
    config = ChoiceConfig(backbone.name, backbone.sha256, backbone.width, **sizes)
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        model = ChoiceModel(config)
    if model.tuned is not None:
        model.tuned.load_state_dict(backbone.last_layers(tuned).state_dict())
    model.eval()
    return model


class ChoicePolicy(LearnedPolicy):
    """A policy with a choice model.

    Args:
        model: the network.
        store: token states of its backbone.
        strategy: the search that it may type.
        name: shown in tables.
        pictures: ASIN -> features of the product's picture (:mod:`shoprl.policies.networks.image_features`);
            zeros for others.

    Raises:
        PolicyError: the store and the model differ in their number of tuned layers.
    """

    kind = "choice"
    model: ChoiceModel
    store: TokenStore

    def __init__(
        self,
        model: ChoiceModel,
        store: TokenStore,
        strategy: QueryStrategy = "wish",
        name: str = "choice",
        pictures: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        if store.tuned_layers != model.config.tuned_layers:
            raise PolicyError(
                f"The model has {model.config.tuned_layers} tuned layers and the store leaves out "
                f"{store.tuned_layers}. Use TokenStore(backbone, tuned_layers={model.config.tuned_layers})."
            )
        self.model, self.store, self.strategy, self.name = model, store, strategy, name
        self.pictures = pictures or {}
        self._finished = Finished()

    def __copy__(self) -> "ChoicePolicy":
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__ | {"_finished": Finished()}  # not shared: the copy's weights may change
        return other

    @classmethod
    def new(
        cls,
        generator: torch.Generator,
        states: Iterable[Observation] = (),
        store: TokenStore | None = None,
        tuned_layers: int = 0,
        backbone: str = DEFAULT,
        **sizes: Any,
    ) -> "ChoicePolicy":
        """See :meth:`LearnedPolicy.new`.

        Args:
            generator: of the weights.
            states: not used.
            store: token states to share.
            tuned_layers: how many of the backbone's last layers are trained, if there is no store.
            backbone: the frozen encoder, if there is no store: the default's name, a hub id or a local folder.
            sizes: ``match``, ``hidden``, ``layers``, ``heads``, ``dropout``, ``features``, ``image`` of
                :class:`ChoiceConfig`.
        """
        store = store or TokenStore(load_backbone(backbone), tuned_layers=tuned_layers)
        return cls(new_model(store, generator, **sizes), store)

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> "ChoicePolicy":
        """See :meth:`LearnedPolicy.load`; the store is shared if backbone and number of tuned layers are the same."""
        model = read_model(ChoiceModel, folder)
        config = model.config
        held = store.backbone if store else None
        own = backbone_of(folder, config.backbone, config.backbone_sha256, held, backbone)
        if own.width != config.backbone_width:
            raise PolicyError(f"{folder}: its backbone_width is not that of its backbone. Train it again.")
        if store is None or store.backbone is not own or store.tuned_layers != config.tuned_layers:
            store = TokenStore(own, tuned_layers=config.tuned_layers)
        return cls(model, store, strategy, name)

    @property
    def backbone(self) -> Backbone:
        """The frozen encoder."""
        return self.store.backbone

    def prepare(self, states: Iterable[Observation]) -> None:
        """Encode the texts that are not in the store yet."""
        self.store.add(text for state in states for text in (state.request, *state.texts))

    def encode_once(self, texts: Callable[[], Iterable[str]], folder: Path, stores: dict[str, TokenStore]) -> None:
        """Share the backbone's token states; with tuned layers the policy encodes in each process."""
        sha256 = self.backbone.sha256
        if self.model.config.tuned_layers:
            self.encode(texts())
            return
        if sha256 not in stores:
            stores[sha256] = encoded(texts, folder / f"tokens-{sha256[:12]}.safetensors", self.backbone)
        self.store = stores[sha256]

    @torch.inference_mode()
    def encode(self, texts: Iterable[str]) -> None:
        """Compute the token states of texts at once; bit-identical in all processes given the same texts."""
        self.store.add(new := sorted(set(texts), key=lambda text: (len(text), text)))
        if self.model.tuned is not None:
            self.model.eval()
            for start in range(0, len(new), ENCODE):
                self._finished.states(self.model.tuned, self.store, new[start : start + ENCODE])

    def encode_states(self, states: Sequence[Observation]) -> None:
        """Add a batch's texts to the store, requests first; with tuned layers all together."""
        if self.model.tuned is None:
            self.store.add(state.request for state in states)
            self.store.add(text for state in states for text in state.texts)
        else:
            self.store.add(text for state in states for text in (state.request, *state.texts))

    def passes(self, states: Sequence[Observation]) -> Sequence[Sequence[Observation]]:
        """Parts of at most ``ACT_TOKENS`` tokens, padding included, or of one state."""
        self.encode_states(states)
        parts: list[list[Observation]] = []
        longest = 0
        for state in states:
            tokens = sum(map(self.store.count, state.texts))
            longest = max(longest, tokens)
            if not parts or longest * (len(parts[-1]) + 1) > ACT_TOKENS:
                parts.append([])
                longest = tokens
            parts[-1].append(state)
        return parts

    def batch(self, states: Sequence[Observation]) -> ChoiceBatch:
        """Batch decisions, on the model's device; tuned layers are differentiated through it."""
        self.encode_states(states)
        batch = collate(states, self._tokens(states))
        if self.model.config.image:
            batch = replace(batch, pictures=shown_pictures(states, self.pictures))
        return batch.to(self.model.device)

    def _tokens(self, states: Sequence[Observation]) -> TokenStore | TokenRows:
        """Token states of the texts; those of tuned layers are cached only outside of training."""
        layers = self.model.tuned
        if layers is None:
            return self.store
        texts = [text for state in states for text in (state.request, *state.texts)]
        if self.model.training or torch.is_grad_enabled():
            self._finished.drop()
            return run_layers(layers, self.store, texts)
        return self._finished.states(layers, self.store, texts)


def new_choice_policy(seed: int, name: str = "choice", **sizes: Any) -> ChoicePolicy:
    """A choice policy with new weights on the default backbone; see :meth:`ChoicePolicy.new`.

    Args:
        seed: of the weights.
        name: shown in tables.
        sizes: of the network, and ``tuned_layers``.

    Raises:
        BackboneError: the backbone cannot be loaded.
    """
    policy = ChoicePolicy.new(torch.Generator().manual_seed(seed), **sizes)
    policy.name = name
    return policy
