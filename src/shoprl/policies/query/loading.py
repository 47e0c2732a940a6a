"""Loads query policies of every kind from their folders."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.errors import PolicyError
from shoprl.files import sha256_of
from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.networks.limits import check_file
from shoprl.policies.packaged import MANIFEST
from shoprl.policies.query.extractive import load_extractive
from shoprl.policies.query.policy import FILES, FORMAT, QueryPolicy, QueryWriter
from shoprl.policies.query.seq2seq import load_seq2seq
from shoprl.reading import read_json

# What Transformers saves of a model and a tokenizer; other files may make it load something else.
MAY_HOLD = {
    *FILES,
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "source.spm",
    "target.spm",
    "target_vocab.json",
    "chat_template.jinja",
}


def _manifest(folder: Path) -> Mapping[str, Any]:
    """Read a folder's manifest and check the files against it."""
    if not folder.is_dir():
        raise PolicyError(f"{folder}: no such policy. Give the folder of a query policy.")
    check_file(folder / MANIFEST)
    manifest = read_json(folder / MANIFEST, PolicyError)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("kind") != "query":
        raise PolicyError(f"{folder / MANIFEST}: not a query policy that this version of ShopRL reads.")
    digests = manifest.get("sha256")
    if manifest.get("model") not in ("extractive", "seq2seq") or not isinstance(digests, dict):
        raise PolicyError(f"{folder / MANIFEST}: field 'model' or 'sha256' is wrong. Train the policy again.")
    if not isinstance(manifest.setdefault("about", {}), dict):
        raise PolicyError(f"{folder / MANIFEST}: field 'about' is wrong. Train the policy again.")
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(there | digests.keys() | set(FILES)):
        if name not in there:
            raise PolicyError(f"{folder / name}: missing. Copy the policy folder whole, or train it again.")
        if name not in MAY_HOLD:
            raise PolicyError(f"{folder / name}: no file of a query policy. Remove it, or copy the folder again.")
        check_file(folder / name)
        if sha256_of(folder / name) != digests.get(name):
            raise PolicyError(f"{folder / name}: its content is not what was saved. Copy the policy folder again.")
    return manifest


def load_query_policy(folder: Path, held: Backbone | None = None, backbone: str | Sequence[str] = ()) -> QueryPolicy:
    """Load a query policy and check its files.

    Args:
        folder: the policy folder.
        held: the frozen encoder of an extractive model, if it is already in memory.
        backbone: hub id or folder, or several, that the user named: the encoder of an extractive model is loaded from
            there alone where it is not the default one.

    Raises:
        PolicyError: a file is missing, was changed or is unexpected, or the backbone is another one than in training.
        BackboneError: the backbone cannot be loaded, or nobody named it.
    """
    manifest = _manifest(folder)
    extractive = manifest["model"] == "extractive"
    writer: QueryWriter = load_extractive(folder, held, backbone) if extractive else load_seq2seq(folder)
    return QueryPolicy(writer, str(manifest.get("name", folder.name)), manifest["about"])
