"""The pretrained agent that the package carries, and what names a policy: a folder, or a word."""

from collections.abc import Mapping
from pathlib import Path

from shoprl.errors import PolicyError
from shoprl.files import sha256_of
from shoprl.policies.simple import SIMPLE

PRETRAINED = "pretrained"
FOLDER = Path(__file__).parents[1] / "pretrained"  # package data: a policy folder, and MODEL_CARD.md
MANIFEST = "policy.json"  # of a policy folder: what it is, and the digests of its files
NAMES = (*SIMPLE, PRETRAINED)  # of policies that are named by a word
PLAIN, CHAT = "lm:", "chat:"  # before the hub id or folder of a language model: how it is asked

# Digests of the package's own files, by which another agent in their place is noticed; benchmarks/package_agent.py
# writes them.
SHA256: Mapping[str, str] = {
    "config.json": "59ea371c530c1e727e9a929bf281e761540104ffab92a9056462be9d0fd0ad2c",
    "model.safetensors": "01e9a63800eb8b71739c59bf0d47db2f78e605f8749a8a25ce3a5eaf902d0544",
    "policy.json": "705846e0a154afe215af7fe45e574e56ca3f770d737291ab2be7e1a70f8fe0a0",
    "words.safetensors": "44e7b663ebded107a292a01ea80d9449c43f94d28bbbe159f3ffa82ffc10faa0",
}


def packaged_folder() -> Path:
    """The folder of the pretrained agent, its files checked against :data:`SHA256`.

    Raises:
        PolicyError: a file is missing or another one than the package was made with, or this version carries no agent.
    """
    if not SHA256:
        raise PolicyError(
            f"{PRETRAINED}: this version of ShopRL carries no pretrained agent. Give a policy folder, or one of: "
            f"{', '.join(SIMPLE)}."
        )
    for name, digest in SHA256.items():
        path = FOLDER / name
        if not path.is_file():
            raise PolicyError(f"{path}: missing, of the pretrained agent. Install ShopRL again.")
        if sha256_of(path) != digest:
            raise PolicyError(
                f"{path}: not the pretrained agent that belongs to this version of ShopRL. Install it again, or give "
                "the folder of your own policy."
            )
    return FOLDER


def policy_folder(name: str | Path) -> Path:
    """The folder of a learned policy: a path, or :data:`PRETRAINED` for the package's own.

    A folder of that name is given as a path with a separator, such as ``./pretrained``, or as a :class:`pathlib.Path`.

    Raises:
        PolicyError: the package's own cannot be used.
    """
    return packaged_folder() if name == PRETRAINED else Path(name)
