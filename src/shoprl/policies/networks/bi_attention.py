"""WebShop's choice policy (arXiv 2207.01206, section 4.2): a fine-tuned BERT encodes the page and the candidates.

Page and candidates are encoded separately; the tokens of a candidate attend to those of the page
(:mod:`shoprl.policies.networks.attention`), and a linear layer, a mean over the candidate's tokens and a second linear
layer give its logit. The network is that of ``baseline_models/models/bert.py`` of WebShop.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from shoprl.errors import BackboneError, ConfigError, PolicyError
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.attention import BiAttention, span_means
from shoprl.policies.networks.backbone import DEFAULT, read_encoder
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.image_features import WIDTH as PICTURE
from shoprl.policies.networks.image_features import shown_pictures
from shoprl.policies.networks.limits import check_file
from shoprl.policies.networks.pretrained import new_encoder
from shoprl.policies.networks.reading import read_model
from shoprl.policies.networks.token_batch import (
    BUTTONS,
    Tokenize,
    Tokens,
    action_texts,
    candidate_mask,
    pack,
    plain,
)
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import QueryStrategy

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class BiAttentionBatch:
    """A batch of decisions.

    Attributes:
        pages: tokens of the pages.
        actions: tokens of the candidates.
        mask: which candidates are real, shape (decisions, candidates).
        pictures: features of the pages' pictures, shape (decisions, PICTURE), or None if the model does not use them.
    """

    pages: Tokens
    actions: Tokens
    mask: torch.Tensor
    pictures: torch.Tensor | None


class BiAttentionConfig(PretrainedConfig):
    """Configuration of a bi-attention model.

    Args:
        backbone: name of the pretrained encoder.
        encoder: the encoder's own configuration.
        page_tokens: longer pages are truncated from the left.
        action_tokens: longer candidates are truncated from the left.
        tuned_layers: how many of the encoder's last layers are trained; 0 for none, -1 for the whole encoder.
        image: whether the page's picture is used.
    """

    model_type = "shoprl-bi-attention"

    def __init__(
        self,
        backbone: str = "",
        encoder: Mapping[str, Any] | None = None,
        page_tokens: int = 512,
        action_tokens: int = 128,
        tuned_layers: int = -1,
        image: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = backbone
        self.encoder = dict(encoder or {"model_type": "bert"})
        self.page_tokens = page_tokens
        self.action_tokens = action_tokens
        self.tuned_layers = tuned_layers
        self.image = image


class BiAttentionModel(PreTrainedModel):
    """One logit per candidate; see the module's docstring."""

    config_class = BiAttentionConfig
    base_model_prefix = "bi_attention"

    def __init__(self, config: BiAttentionConfig) -> None:
        super().__init__(config)
        self.encoder = new_encoder(config.encoder)
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None  # for another task
        width = self.encoder.config.hidden_size
        self.attention = BiAttention(width)
        self.join = nn.Linear(4 * width, width)
        self.score = nn.Linear(width, 1)
        self.picture = nn.Linear(PICTURE, width) if config.image else None
        self.value = nn.Sequential(nn.Linear(width, 128), nn.LeakyReLU(), nn.Linear(128, 1))
        self.post_init()
        self._freeze(config.tuned_layers)

    def _init_weights(self, module: nn.Module) -> None:
        """Keep PyTorch's initialisation."""

    def _freeze(self, tuned_layers: int) -> None:
        if tuned_layers < 0:
            return
        layers = _layers(self.encoder)
        if tuned_layers > len(layers):
            raise ConfigError(f"tuned_layers {tuned_layers}: the encoder has {len(layers)} layers.")
        self.encoder.requires_grad_(False)
        for layer in layers[len(layers) - tuned_layers :]:
            layer.requires_grad_(True)

    def train(self, mode: bool = True) -> "BiAttentionModel":
        """Set the training mode; frozen layers stay in evaluation mode, without dropout."""
        super().train(mode)
        if mode and self.config.tuned_layers >= 0:
            self.encoder.eval()
            layers = _layers(self.encoder)
            for layer in layers[len(layers) - self.config.tuned_layers :]:
                layer.train()
        return self

    def forward(self, batch: BiAttentionBatch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self._logits(batch.pages.states(self._encode), batch)

    def logits_and_values(self, batch: BiAttentionBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the value of each page from its first token, shape (decisions,)."""
        pages = batch.pages.states(self._encode)
        values: torch.Tensor = self.value(pages[:, 0]).squeeze(-1)
        return self._logits(pages, batch), values

    def _encode(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Token states in float32."""
        real = torch.arange(ids.shape[1], device=ids.device)[None, :] < lengths.to(ids.device)[:, None]
        tuned = torch.is_grad_enabled() and self.config.tuned_layers != 0
        with torch.set_grad_enabled(tuned):
            states: torch.Tensor = self.encoder(input_ids=ids, attention_mask=real.long()).last_hidden_state
        return states.float()

    def _logits(self, pages: torch.Tensor, batch: BiAttentionBatch) -> torch.Tensor:
        spans, owner, real = batch.mask.shape[1], batch.actions.owner, batch.pages.owner >= 0
        if self.picture is not None and batch.pictures is not None:
            pages = torch.cat([self.picture(batch.pictures)[:, None, :], pages], dim=1)
            real = nn.functional.pad(real, (1, 0), value=True)
        actions = batch.actions.states(self._encode)
        joined = torch.relu(self.join(self.attention(actions, owner, pages, real, spans)))
        logits: torch.Tensor = self.score(span_means(joined, owner, spans)).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)


def _layers(encoder: Any) -> Any:
    """The layers of a BERT-like encoder, in order."""
    for owner, name in (("encoder", "layer"), ("transformer", "layer"), ("encoder", "layers")):
        layers = getattr(getattr(encoder, owner, None), name, None)
        if layers is not None:
            return layers
    raise BackboneError(f"{type(encoder).__name__}: has unknown layers. Train all of it with tuned_layers=-1.")


def read_tokenizer(path: Path) -> PreTrainedTokenizerFast:
    """Load a tokenizer that truncates from the left, from a file that was checked.

    Raises:
        PolicyError: the file is not a tokenizer.
    """
    check_file(path)
    try:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(path), truncation_side="left")
    except Exception as error:  # the class that the library raises for a malformed file
        raise PolicyError(f"{path}: not a tokenizer ({str(error)[:100]}). Train the policy again.") from error
    return tokenizer


def with_buttons(tokenizer: Any) -> PreTrainedTokenizerFast:
    """A copy of a tokenizer that knows the button marks, truncates from the left and does not pad.

    Raises:
        BackboneError: it is not a fast tokenizer, which is saved as one file.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise BackboneError(f"{type(tokenizer).__name__}: has no tokenizer.json. Use a model with a fast tokenizer.")
    copy = PreTrainedTokenizerFast(tokenizer_object=type(backend).from_str(backend.to_str()), truncation_side="left")
    copy.backend_tokenizer.no_padding()
    copy.add_tokens(list(BUTTONS), special_tokens=True)
    return copy


class BiAttentionPolicy(LearnedPolicy):
    """A policy with a bi-attention model.

    Args:
        model: the network; it may be on a GPU.
        tokenizer: of its encoder, with the button marks.
        strategy: the search that it may type.
        name: shown in tables.
        pictures: ASIN -> features of the product's picture (:mod:`shoprl.policies.networks.image_features`);
            zeros for others.
    """

    kind = "bi_attention"
    files = (TOKENIZER,)
    cuts_candidates = True
    model: BiAttentionModel

    def __init__(
        self,
        model: BiAttentionModel,
        tokenizer: PreTrainedTokenizerFast,
        strategy: QueryStrategy = "wish",
        name: str = "bi_attention",
        pictures: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        self.model, self.tokenizer, self.strategy, self.name = model, tokenizer, strategy, name
        self.pictures = pictures or {}

    @classmethod
    def new(
        cls, generator: torch.Generator, states: Iterable[Observation], store: TokenStore | None = None, **sizes: Any
    ) -> "BiAttentionPolicy":
        """See :func:`new_bi_attention`."""
        return new_bi_attention(generator, **sizes)

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> "BiAttentionPolicy":
        """See :meth:`LearnedPolicy.load`; its encoder is not shared."""
        model, tokenizer = read_model(BiAttentionModel, folder), read_tokenizer(folder / TOKENIZER)
        if len(tokenizer) > model.encoder.get_input_embeddings().num_embeddings:
            raise PolicyError(f"{folder / TOKENIZER}: more tokens than the model has. Train the policy again.")
        return cls(model, tokenizer, strategy, name)

    def batch(self, states: Sequence[Observation]) -> BiAttentionBatch:
        """Batch decisions, on the model's device."""
        config, device = self.model.config, self.model.device
        pages = pack([[plain(state.page)] for state in states], self._tokenize(config.page_tokens))
        actions = pack([action_texts(state) for state in states], self._tokenize(config.action_tokens))
        pictures = shown_pictures(states, self.pictures).to(device) if config.image else None
        return BiAttentionBatch(pages.to(device), actions.to(device), candidate_mask(states).to(device), pictures)

    def save_files(self, folder: Path) -> None:
        """Write the tokenizer into a policy folder."""
        self.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))

    def _tokenize(self, limit: int) -> Tokenize:
        def tokenize(texts: Sequence[str]) -> Sequence[Sequence[int]]:
            ids: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
            return ids

        return tokenize


def new_bi_attention(
    generator: torch.Generator, backbone: str = DEFAULT, strategy: QueryStrategy = "wish", **settings: Any
) -> BiAttentionPolicy:
    """A policy with a pretrained encoder and new layers on it, drawn from ``generator`` alone.

    Args:
        generator: of the new layers' weights and the button marks' embeddings.
        backbone: the default's name, a hub id or a local folder.
        strategy: the search that it may type.
        settings: ``tuned_layers``, ``image``, ``page_tokens``, ``action_tokens`` of :class:`BiAttentionConfig`.

    Raises:
        BackboneError: the encoder cannot be loaded.
        ConfigError: it has fewer than ``tuned_layers`` layers.
    """
    encoder, given = read_encoder(backbone)
    tokenizer = with_buttons(given)
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        config = BiAttentionConfig(backbone, encoder.config.to_dict(), **settings)
        places = int(getattr(encoder.config, "max_position_embeddings", config.page_tokens))
        config.page_tokens, config.action_tokens = min(config.page_tokens, places), min(config.action_tokens, places)
        model = BiAttentionModel(config)
    model.encoder.load_state_dict(
        {name: weight for name, weight in encoder.state_dict().items() if not name.startswith("pooler.")}
    )
    return BiAttentionPolicy(model.eval(), tokenizer, strategy)
