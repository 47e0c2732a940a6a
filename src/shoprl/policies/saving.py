"""Policy folders: written whole or not at all, checked when read."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from safetensors import SafetensorError

from shoprl import __version__
from shoprl.errors import PolicyError, StorageError
from shoprl.files import read_json, sha256_of, write_json
from shoprl.policies.backbone import load_backbone
from shoprl.policies.base import Policy
from shoprl.policies.choice import ChoiceModel, ChoicePolicy
from shoprl.policies.encoder import TokenStore
from shoprl.policies.queries import QueryStrategy
from shoprl.policies.simple import simple_policy

MANIFEST = "policy.json"
FILES = ("config.json", "model.safetensors")
FORMAT = 1
RULE = "never the same action twice in a state; nothing after which no purchase fits the step limit"


def save_policy(policy: ChoicePolicy, folder: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write a policy folder: ``config.json`` and ``model.safetensors`` (``save_pretrained``), and ``policy.json`` with
    their digests, the search strategy and the agent's rule. An old folder of that name is replaced.

    Args:
        policy: what to save.
        folder: where to.
        about: what else to note, such as how it was trained.

    Raises:
        StorageError: it cannot be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        policy.model.save_pretrained(temporary)
        manifest = {
            "format": FORMAT,
            "kind": "choice",
            "name": policy.name,
            "search": policy.strategy,
            "rule": RULE,
            "shoprl": __version__,
            "sha256": {name: sha256_of(temporary / name) for name in FILES},
            "about": dict(about or {}),
        }
        write_json(temporary / MANIFEST, manifest)
        temporary.chmod(0o755)
        old = temporary.with_suffix(".old")
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        temporary = None
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"{folder}: the policy cannot be written ({error}). Free some space and try again."
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise PolicyError(f"{folder}: no such policy. Give a policy folder, or one of: rule, random.")
    manifest = read_json(folder / MANIFEST, PolicyError)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("kind") != "choice":
        raise PolicyError(f"{folder / MANIFEST}: not a policy that this version of ShopRL reads.")
    if manifest.get("search") not in get_args(QueryStrategy) or not isinstance(manifest.get("sha256"), dict):
        raise PolicyError(f"{folder / MANIFEST}: field 'search' or 'sha256' is wrong. Save the policy again.")
    return manifest


def load_choice(folder: Path, store: TokenStore | None = None) -> ChoicePolicy:
    """Read a choice policy and check its files.

    Args:
        folder: the policy folder.
        store: token states to share with other policies of the same backbone.

    Raises:
        PolicyError: a file is missing or was changed, or the backbone is not the one it was trained on.
        BackboneError: the backbone cannot be loaded.
    """
    manifest = _manifest(folder)
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise PolicyError(f"{path}: missing. Copy the policy folder whole, or train it again.")
        if sha256_of(path) != manifest["sha256"].get(name):
            raise PolicyError(f"{path}: its content is not what was saved. Copy the policy folder again.")
    try:
        model = ChoiceModel.from_pretrained(folder, use_safetensors=True).eval()
    except (OSError, ValueError, TypeError, RuntimeError, AssertionError, ArithmeticError) as error:
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    if store is None or store.backbone.name != model.config.backbone:
        store = TokenStore(load_backbone(model.config.backbone))
    if store.backbone.sha256 != model.config.backbone_sha256:
        raise PolicyError(f"{folder}: was trained on other weights of {model.config.backbone}. Use those.")
    return ChoicePolicy(model, store, manifest["search"], str(manifest.get("name", folder.name)))


def load_policy(name: str, store: TokenStore | None = None) -> Policy:
    """A policy by name (``rule``, ``random``) or from its folder."""
    return simple_policy(name) or load_choice(Path(name), store)
