"""What the files of a network may be: which size, and which values in a configuration, before anything is built of it.

A policy folder comes from anywhere, and a digest only says that it is whole. So each file must be a plain one of a
size that makes sense, and each field of a configuration must lie within the bounds below.
"""

import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from shoprl.errors import PolicyError, ShopRLError

MEGABYTE = 2**20
MOST_BYTES = 64 * MEGABYTE  # of a file without an entry below; the largest tokenizers take half of that
MOST_BYTES_OF = {
    "config.json": 4 * MEGABYTE,
    "generation_config.json": 4 * MEGABYTE,
    "policy.json": 16 * MEGABYTE,  # may tell much about how the policy was made
    "model.safetensors": 16 * 1024 * MEGABYTE,
}
MOST_DEPTH = 8  # of objects and lists in a configuration

Bound = tuple[type, float, float]  # type, least and greatest value

# Fields of this package's networks that are numbers.
_OWN: Mapping[str, Bound] = {
    "backbone_width": (int, 1, 16_384),
    "match": (int, 1, 8_192),
    "hidden": (int, 1, 8_192),
    "layers": (int, 1, 64),
    "heads": (int, 1, 256),
    "dropout": (float, 0.0, 0.99),
    "features": (int, 1, 100_000),
    "width": (int, 1, 8_192),
    "sources": (int, 0, 64),
    "words_dropped": (float, 0.0, 0.99),
    "patience": (float, 0.0, 100.0),
    "taste": (int, 0, 1_000),
    "tuned_layers": (int, -1, 256),
    "page_tokens": (int, 1, 131_072),
    "action_tokens": (int, 1, 131_072),
    "vocabulary": (int, 2, 4_000_000),
    "embedding": (int, 1, 8_192),
    "threshold": (float, 1e-6, 1 - 1e-6),
}
_TEXTS, _OBJECTS, _SWITCHES = ("backbone", "backbone_sha256"), ("encoder",), ("image",)
_WRITTEN = ("architectures", "dtype", "torch_dtype", "model_type", "transformers_version")  # beside a network's fields

# Fields of Transformers' configurations, by the end of their name; of others a number must only be a number.
_ENDS: Mapping[str, Bound] = {
    "layers": (int, 1, 256),
    "n_layer": (int, 1, 256),
    "heads": (int, 1, 1_024),
    "n_head": (int, 1, 1_024),
    "dropout": (float, 0.0, 1.0),
    "dropout_prob": (float, 0.0, 1.0),
    "layerdrop": (float, 0.0, 1.0),
    "vocab_size": (int, 1, 4_000_000),
    "position_embeddings": (int, 1, 1_048_576),
    "hidden_size": (int, 1, 65_536),
    "intermediate_size": (int, 1, 262_144),
    "embedding_size": (int, 1, 65_536),
    "d_model": (int, 1, 65_536),
    "_dim": (int, 1, 262_144),
    "max_new_tokens": (int, 1, 4_096),  # of a generation
}
_GREATEST = 1e38
# Fields by which a configuration has code or files from elsewhere loaded; empty ones do no harm.
_LOADING = (
    "auto_map",
    "custom_pipelines",
    "trust_remote_code",
    "quantization_config",
    "transformers_weights",
    "use_kernels",
    "kernel_config",
    "fusion_config",
    "allow_all_kernels",
)
_IMPLEMENTATIONS = ("attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation")


def check_file(path: Path, error: type[ShopRLError] = PolicyError) -> None:
    """Check that a path is a plain file (or a link to one) of a size that makes sense, before it is opened.

    Raises:
        ShopRLError: of class ``error``; it is missing, a device or a pipe, or larger than any such file.
    """
    try:
        about = path.stat()
    except (OSError, ValueError) as cause:
        raise error(f"{path}: missing. Copy the folder whole, or train it again.") from cause
    if not stat.S_ISREG(about.st_mode):
        raise error(f"{path}: is not a file. Copy the folder again.")
    most = MOST_BYTES if path.suffix != ".safetensors" else MOST_BYTES_OF["model.safetensors"]
    most = MOST_BYTES_OF.get(path.name, most)
    if about.st_size > most:
        raise error(
            f"{path}: {about.st_size / MEGABYTE:,.0f} MB, more than the {most / MEGABYTE:,.0f} MB that such a file may "
            "have. Copy the folder again."
        )


def check_network(row: Any, kind: str, fields: Collection[str], folder: Path) -> None:
    """Check the configuration of one of this package's networks.

    Args:
        row: its JSON.
        kind: its ``model_type``.
        fields: what it may hold.
        folder: the policy folder, for messages.

    Raises:
        PolicyError: a field is unknown, of a wrong type or out of its bounds; the message names folder and field.
    """
    if not isinstance(row, Mapping) or row.get("model_type") != kind:
        raise PolicyError(f"{folder}: cannot be loaded: it holds another kind of model. Copy the policy folder again.")
    for name, value in row.items():
        if name in _WRITTEN:
            continue
        if name not in fields:
            raise _refused(folder, name, "is unknown", PolicyError)
        if name in _OWN:
            _check_number(value, _OWN[name], folder, name, PolicyError)
        elif name in _TEXTS:
            if not (isinstance(value, str) and len(value) <= 4_096 and value.isprintable()):
                raise _refused(folder, name, "must be a text of one line", PolicyError)
        elif name in _SWITCHES:
            if not isinstance(value, bool):
                raise _refused(folder, name, "must be true or false", PolicyError)
        elif name in _OBJECTS:
            check_encoder(value, folder, PolicyError)
        else:  # of a network that a user wrote
            _check_field(name, value, folder, PolicyError, 0)


def check_encoder(row: Any, where: Path | str, error: type[ShopRLError]) -> None:
    """Check a configuration of Transformers: that it has nothing else loaded, and that its numbers make sense.

    Args:
        row: its JSON.
        where: for messages.
        error: the class of what is raised.

    Raises:
        ShopRLError: of class ``error``; the message names the field.
    """
    if not isinstance(row, Mapping):
        raise error(f"{where}: its configuration is not a JSON object. Copy the folder again.")
    for name, value in row.items():
        _check_field(str(name), value, where, error, 0)


def _check_field(name: str, value: Any, where: Path | str, error: type[ShopRLError], depth: int) -> None:
    if value is None:
        return
    if depth > MOST_DEPTH:
        raise _refused(where, name, "is nested too deeply", error)
    if name in _LOADING and value:
        raise _refused(where, name, "has code or files from elsewhere loaded, which is never done", error)
    if name in _IMPLEMENTATIONS and not (isinstance(value, str) and value.replace("_", "").isalnum()):
        raise _refused(where, name, "names code from elsewhere, which is never run", error)
    if isinstance(value, Mapping):
        for inner, each in value.items():
            _check_field(str(inner), each, where, error, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check_field(name, each, where, error, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        ends = (bound for end, bound in _ENDS.items() if name.endswith(end))
        _check_number(value, next(ends, (float, -_GREATEST, _GREATEST)), where, name, error)


def _check_number(value: Any, bound: Bound, where: Path | str, name: str, error: type[ShopRLError]) -> None:
    kind, low, high = bound
    allowed = (int,) if kind is int else (int, float)
    if type(value) not in allowed or not low <= value <= high:  # as NaN is
        shown = str(value)[:40] if type(value) in (int, float) else type(value).__name__
        what = "a whole number" if kind is int else "a number"
        raise _refused(where, name, f"is {shown}; it must be {what} from {low:g} to {high:g}", error)


def _refused(where: Path | str, name: str, what: str, error: type[ShopRLError]) -> ShopRLError:
    return error(f"{where}: its configuration: field {name[:80]!r} {what}. Use the folder as it was saved.")
