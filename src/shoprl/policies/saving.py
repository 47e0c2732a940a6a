"""Policy folders of every kind: written whole or not at all, checked when read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from shoprl import __version__
from shoprl.errors import PolicyError
from shoprl.files import read_json, sha256_of, write_folder, write_json
from shoprl.policies.base import Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.bi_attention import TOKENIZER, BiAttentionModel, BiAttentionPolicy, read_tokenizer
from shoprl.policies.networks.choice import ChoiceModel, ChoicePolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.rnn import RNNModel, RNNPolicy
from shoprl.policies.networks.vocabulary import VOCABULARY, read_vocabulary
from shoprl.policies.query.policy import FILES, FORMAT, MANIFEST, MAX_QUERIES, QueryOffer, load_query_policy
from shoprl.policies.simple import simple_policy
from shoprl.tasks.instruction import QueryStrategy

Kind = Literal["choice", "bi_attention", "rnn"]
QUERY = "query"  # the folder of an offer's query policy
WORDS: dict[Kind, tuple[str, ...]] = {"choice": (), "bi_attention": (TOKENIZER,), "rnn": (VOCABULARY,)}
RULE = "never the same action twice in a state; nothing after which no purchase fits the step limit"
_Model = TypeVar("_Model", bound=PreTrainedModel)
_Policy = TypeVar("_Policy", bound=LearnedPolicy)


def _kind_of(policy: LearnedPolicy) -> Kind:
    if isinstance(policy, ChoicePolicy):
        return "choice"
    if isinstance(policy, BiAttentionPolicy):
        return "bi_attention"
    if isinstance(policy, RNNPolicy):
        return "rnn"
    raise PolicyError(f"{type(policy).__name__}: not a kind of policy that is kept in a folder.")


def save_policy(policy: LearnedPolicy, folder: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write a policy folder: ``config.json`` and ``model.safetensors`` (``save_pretrained``), the words of those kinds
    that have their own, the query policy of its offer as the folder ``query``, and ``policy.json`` with the digests,
    the search strategy, the offer and the agent's rule. An old folder of that name is replaced.

    Args:
        policy: what to save.
        folder: where to.
        about: what else to note, such as how it was trained.

    Raises:
        StorageError: it cannot be written; nothing is left behind.
    """
    kind = _kind_of(policy)

    def fill(temporary: Path) -> None:
        policy.model.save_pretrained(temporary)
        if isinstance(policy, BiAttentionPolicy | RNNPolicy):
            policy.save_words(temporary)
        if policy.offer is not None:
            (temporary / QUERY).mkdir()
            policy.offer.policy.write(temporary / QUERY)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "kind": kind,
            "name": policy.name,
            "search": policy.strategy,
            "rule": RULE,
            "shoprl": __version__,
            "sha256": {name: sha256_of(temporary / name) for name in _names(kind, policy.offer is not None)},
            "about": dict(about or {}),
        }
        if policy.offer is not None:
            manifest["query"] = {"name": policy.offer.policy.name, "n": policy.offer.n}
        write_json(temporary / MANIFEST, manifest)

    write_folder(folder, fill, (OSError, SafetensorError))


def _names(kind: Kind, with_query: bool) -> tuple[str, ...]:
    """The files whose digests the manifest holds; the query policy's manifest holds those of its own."""
    return FILES + WORDS[kind] + ((f"{QUERY}/{MANIFEST}",) if with_query else ())


def _is_offer(entry: object) -> bool:
    return isinstance(entry, dict) and type(entry.get("n")) is int and 1 <= entry["n"] <= MAX_QUERIES


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, once every file of its kind is what it says."""
    if not folder.is_dir():
        raise PolicyError(f"{folder}: no such policy. Give a policy folder, or one of: rule, random.")
    manifest = read_json(folder / MANIFEST, PolicyError)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("kind") not in get_args(Kind):
        raise PolicyError(f"{folder / MANIFEST}: not a policy that this version of ShopRL reads.")
    if manifest.get("search") not in get_args(QueryStrategy) or not isinstance(manifest.get("sha256"), dict):
        raise PolicyError(f"{folder / MANIFEST}: field 'search' or 'sha256' is wrong. Save the policy again.")
    kind: Kind = manifest["kind"]
    if ("query" in manifest or (folder / QUERY).exists()) and not _is_offer(manifest.get("query")):
        raise PolicyError(f"{folder / MANIFEST}: field 'query' is missing or wrong. Save the policy again.")
    for name in _names(kind, "query" in manifest):
        path = folder / name
        if not path.is_file():
            raise PolicyError(f"{path}: missing. Copy the policy folder whole, or train it again.")
        if sha256_of(path) != manifest["sha256"].get(name):
            raise PolicyError(f"{path}: its content is not what was saved. Copy the policy folder again.")
    return manifest


def _model(kind: type[_Model], folder: Path) -> _Model:
    """A network and all its weights."""
    transformers_logging.disable_progress_bar()
    try:
        with torch.random.fork_rng(devices=[]):  # some constructors draw weights that are then replaced
            loaded: Any = kind.from_pretrained(folder, use_safetensors=True, output_loading_info=True)
    except Exception as error:  # sizes that make no sense raise anything
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    model, missing = loaded[0], loaded[1]["missing_keys"]
    if missing:
        raise PolicyError(f"{folder}: lacks the weights {sorted(missing)[:3]}. Train it again.")
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()  # a file's mapping is not aligned, which shows in the last bits of products
    ready: _Model = model.eval()
    return ready


def load_choice(folder: Path, store: TokenStore | None = None) -> ChoicePolicy:
    """Read a choice policy and check its files.

    Args:
        folder: the policy folder.
        store: token states to share with other policies of the same backbone and as many tuned layers; one with
            others gets a store of its own.

    Raises:
        PolicyError: a file is missing or was changed, it is a policy of another kind, or the backbone is not the one
            it was trained on.
        BackboneError: the backbone cannot be loaded.
    """
    manifest = _manifest(folder)
    if manifest["kind"] != "choice":
        raise PolicyError(f"{folder}: a policy of kind {manifest['kind']}, and one of kind choice is needed here.")
    return _with_offer(_choice(folder, manifest, store), folder, manifest)


def _with_offer(policy: _Policy, folder: Path, manifest: Mapping[str, Any]) -> _Policy:
    """Give a policy the queries that its folder says."""
    if "query" in manifest:
        backbone = policy.store.backbone if isinstance(policy, ChoicePolicy) else None
        policy.offer = QueryOffer(load_query_policy(folder / QUERY, backbone), manifest["query"]["n"])
    return policy


def _choice(folder: Path, manifest: Mapping[str, Any], store: TokenStore | None) -> ChoicePolicy:
    model = _model(ChoiceModel, folder)
    name, tuned = model.config.backbone, model.config.tuned_layers
    if store is None or (store.backbone.name, store.tuned_layers) != (name, tuned):
        store = TokenStore(load_backbone(name), tuned_layers=tuned)
    if store.backbone.sha256 != model.config.backbone_sha256:
        raise PolicyError(f"{folder}: was trained on other weights of {name}. Use those.")
    return ChoicePolicy(model, store, manifest["search"], _name(folder, manifest))


def _bi_attention(folder: Path, manifest: Mapping[str, Any]) -> BiAttentionPolicy:
    model, tokenizer = _model(BiAttentionModel, folder), read_tokenizer(folder / TOKENIZER)
    if len(tokenizer) > model.encoder.get_input_embeddings().num_embeddings:
        raise PolicyError(f"{folder / TOKENIZER}: more tokens than the model has. Train the policy again.")
    return BiAttentionPolicy(model, tokenizer, manifest["search"], _name(folder, manifest))


def _rnn(folder: Path, manifest: Mapping[str, Any]) -> RNNPolicy:
    model, vocabulary = _model(RNNModel, folder), read_vocabulary(folder / VOCABULARY)
    if len(vocabulary) != model.config.vocabulary:
        raise PolicyError(f"{folder / VOCABULARY}: not the words of the model. Train the policy again.")
    return RNNPolicy(model, vocabulary, manifest["search"], _name(folder, manifest))


def _name(folder: Path, manifest: Mapping[str, Any]) -> str:
    return str(manifest.get("name", folder.name))


def load_learned(folder: Path, store: TokenStore | None = None) -> LearnedPolicy:
    """Read a policy folder of any kind and check its files.

    Args:
        folder: the policy folder.
        store: token states to share with other choice policies; see :func:`load_choice`.

    Raises:
        PolicyError: a file is missing or was changed, or the parts do not fit together.
        BackboneError: the backbone of a choice policy cannot be loaded.
    """
    manifest = _manifest(folder)
    policy: LearnedPolicy
    if manifest["kind"] == "bi_attention":
        policy = _bi_attention(folder, manifest)
    else:
        policy = _rnn(folder, manifest) if manifest["kind"] == "rnn" else _choice(folder, manifest, store)
    return _with_offer(policy, folder, manifest)


def load_policy(name: str, store: TokenStore | None = None) -> Policy:
    """A policy by name (``rule``, ``random``) or from its folder, whatever its kind."""
    return simple_policy(name) or load_learned(Path(name), store)
