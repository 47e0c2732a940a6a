"""Saves and loads policies: folders are written atomically, and checked when loaded."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from safetensors import SafetensorError

from shoprl.errors import PolicyError
from shoprl.files import sha256_of, write_folder, write_json
from shoprl.policies.base import Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.limits import check_file
from shoprl.policies.packaged import CHAT, MANIFEST, NAMES, PLAIN, policy_folder
from shoprl.policies.query.policy import FILES, FORMAT, MAX_QUERIES, QueryOffer
from shoprl.policies.simple import simple_policy
from shoprl.reading import read_json
from shoprl.tasks.instruction import QueryStrategy
from shoprl.version import __version__

QUERY = "query"  # the folder of an offer's query policy
RULE = "never the same action twice in a state; nothing after which no purchase fits the step limit"
# The networks that can be saved, by their kind in a folder's manifest: classes, or where to import them from, since
# most import Transformers, which takes longer than an answer of the pretrained agent.
NETWORKS: dict[str, type[LearnedPolicy] | str] = {
    "choice": "shoprl.policies.networks.choice:ChoicePolicy",
    "match": "shoprl.policies.networks.match.policy:MatchPolicy",
    "bi_attention": "shoprl.policies.networks.bi_attention:BiAttentionPolicy",
    "rnn": "shoprl.policies.networks.rnn:RNNPolicy",
}


def network_of(kind: str) -> type[LearnedPolicy]:
    """The class of a kind of network, one of :data:`NETWORKS`."""
    known = NETWORKS[kind]
    if not isinstance(known, str):
        return known
    module, _, name = known.partition(":")
    found: type[LearnedPolicy] = getattr(import_module(module), name)
    return found


def save_policy(policy: LearnedPolicy, folder: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write a policy folder, replacing an old one.

    It holds ``config.json`` and ``model.safetensors`` (``save_pretrained``), the files that the kind of network adds,
    the policy's query policy as the folder ``query``, and ``policy.json`` with the digests, the search strategy, the
    query policy's name and the task's rule.

    Args:
        policy: the policy.
        folder: its folder.
        about: further entries of the manifest, such as how it was trained.

    Raises:
        PolicyError: it is not one of :data:`NETWORKS`.
        StorageError: it cannot be written; nothing is left behind.
    """
    kind = getattr(policy, "kind", "")
    if kind not in NETWORKS or network_of(kind) is not type(policy):
        raise PolicyError(f"{type(policy).__name__}: not one of the networks that can be saved. Add it to NETWORKS.")

    def fill(temporary: Path) -> None:
        policy.model.save_pretrained(temporary)  # type: ignore[operator]
        policy.save_files(temporary)
        if policy.offer is not None:
            (temporary / QUERY).mkdir()
            policy.offer.policy.write(temporary / QUERY)
        manifest: dict[str, object] = {
            "format": FORMAT,
            "kind": policy.kind,
            "name": policy.name,
            "search": policy.strategy,
            "rule": RULE,
            "shoprl": __version__,
            "sha256": {name: sha256_of(temporary / name) for name in _names(type(policy), policy.offer is not None)},
            "about": dict(about or {}),
        }
        if policy.offer is not None:
            manifest["query"] = {"name": policy.offer.policy.name, "n": policy.offer.n}
        write_json(temporary / MANIFEST, manifest)

    write_folder(folder, fill, (OSError, SafetensorError))


def _names(network: type[LearnedPolicy], with_query: bool) -> tuple[str, ...]:
    """The files whose digests the manifest holds; a query policy has a manifest of its own."""
    return FILES + network.files + ((f"{QUERY}/{MANIFEST}",) if with_query else ())


MAX_NAME = 200  # characters


def _known(manifest: Any, path: Path) -> Mapping[str, Any]:
    """A manifest, checked to be of this format and of a known kind of network."""
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise PolicyError(f"{path}: not the manifest of a policy: it names no format. Copy the policy folder again.")
    by = f" of ShopRL {manifest['shoprl']}"[:60] if isinstance(manifest.get("shoprl"), str) else ""
    if manifest["format"] != FORMAT:
        raise PolicyError(
            f"{path}: a policy{by} in format {manifest['format']}; this is ShopRL {__version__}, which reads format "
            f"{FORMAT}. Use the version that saved it, or train the policy again."
        )
    kind = manifest.get("kind")
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise PolicyError(
            f"{path}: a policy{by} of the kind {str(kind)[:40]!r}; this is ShopRL {__version__}, whose "
            f"networks are {', '.join(NETWORKS)}. Use the version that saved it, or train the policy again."
        )
    return manifest


def _manifest(folder: Path) -> Mapping[str, Any]:
    """Read a folder's manifest and check the files against it."""
    if not folder.is_dir():
        raise PolicyError(f"{folder}: no such policy. Give a policy folder, or one of: {', '.join(NAMES)}.")
    check_file(folder / MANIFEST)
    manifest = _known(read_json(folder / MANIFEST, PolicyError), folder / MANIFEST)
    if manifest.get("search") not in get_args(QueryStrategy) or not isinstance(manifest.get("sha256"), dict):
        raise PolicyError(f"{folder / MANIFEST}: field 'search' or 'sha256' is wrong. Save the policy again.")
    name = manifest.get("name", "")
    if not isinstance(name, str) or not name.isprintable() or len(name) > MAX_NAME:
        raise PolicyError(f"{folder / MANIFEST}: field 'name' must be a line of at most {MAX_NAME} characters.")
    offer = manifest.get("query")
    complete = isinstance(offer, dict) and type(offer.get("n")) is int and 1 <= offer["n"] <= MAX_QUERIES
    if ("query" in manifest or (folder / QUERY).exists()) and not complete:
        raise PolicyError(f"{folder / MANIFEST}: field 'query' is missing or wrong. Save the policy again.")
    for name in _names(network_of(manifest["kind"]), "query" in manifest):
        path = folder / name
        check_file(path)
        if sha256_of(path) != manifest["sha256"].get(name):
            raise PolicyError(f"{path}: its content is not what was saved. Copy the policy folder again.")
    return manifest


def load_learned(folder: Path, store: TokenStore | None = None, backbone: str | Sequence[str] = ()) -> LearnedPolicy:
    """Load a policy folder of any kind and check its files.

    Args:
        folder: the policy folder.
        store: token states to share; used if the backbone and the number of tuned layers are the same.
        backbone: hub id or folder, or several, that you name: a policy's frozen encoder that is neither the default one
            nor the store's is loaded from there alone, whatever the policy's files say.

    Raises:
        PolicyError: a file is missing or was changed, the files do not fit together, or the backbone is another one
            than in training.
        BackboneError: its backbone cannot be loaded, or nobody named it.
    """
    manifest = _manifest(folder)
    name = str(manifest.get("name", folder.name))
    policy = network_of(manifest["kind"]).load(folder, name, manifest["search"], store, backbone)
    if "query" in manifest:
        from shoprl.policies.query.loading import load_query_policy

        policy.offer = QueryOffer(load_query_policy(folder / QUERY, policy.backbone, backbone), manifest["query"]["n"])
    return policy


def load_policy(name: str, store: TokenStore | None = None, backbone: str | Sequence[str] = ()) -> Policy:
    """Load a policy by name (:data:`shoprl.policies.packaged.NAMES`) or from its folder (:func:`load_learned`).

    ``pretrained`` is the agent that the package carries, which shops in any catalogue. A name that begins with ``lm:``
    or ``chat:`` is a language model's (:func:`shoprl.policies.causal.loading.load_language_policy`).

    Raises:
        PolicyError: see :func:`load_learned`; or the package's own agent is missing or was replaced; or a language
            model cannot be loaded.
        BackboneError: see :func:`load_learned`.
    """
    if name.startswith((PLAIN, CHAT)):
        from shoprl.policies.causal.loading import load_language_policy

        return load_language_policy(name, backbone)
    return simple_policy(name) or load_learned(policy_folder(name), store, backbone)
