"""The arms of a comparison: named policies, whose texts are encoded once, bit-identical in every process."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import sha256_of
from shoprl.policies.base import Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.packaged import CHAT, MANIFEST, NAMES, PLAIN, policy_folder
from shoprl.policies.saving import load_policy
from shoprl.policies.simple import simple_policy
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.texts import product_texts, wishes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def parse_arms(given: Sequence[str]) -> dict[str, str]:
    """Parse arguments such as ``dpo=RUN/policies/dpo`` or ``rule`` to name -> policy (folder or name).

    Raises:
        ConfigError: an argument is malformed, a name is invalid or occurs twice, or there are fewer than two arms.
    """
    arms: dict[str, str] = {}
    for word in given:
        name, separator, policy = word.partition("=")
        if not separator:
            policy = name
        if not separator and word not in NAMES:
            raise ConfigError(f"Arm {word!r}: has no name. Give NAME=POLICY_FOLDER, or one of: {', '.join(NAMES)}.")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"Arm {word!r}: {name!r} cannot be a name. Use up to 40 letters, digits, dots, dashes and "
                "underscores, a letter or digit first."
            )
        if not policy:
            raise ConfigError(f"Arm {name!r}: names no policy. Give {name}=POLICY_FOLDER.")
        if policy.startswith((PLAIN, CHAT)):
            raise ConfigError(
                f"Arm {name!r}: a language model's results depend by rounding on what else is in a batch, and a "
                "comparison's must not. Measure it with shoprl evaluate."
            )
        if name.lower() in {other.lower() for other in arms}:
            raise ConfigError(f"Arm {name!r}: occurs twice. Give each arm a different name.")
        arms[name] = policy
    if len(arms) < 2:
        raise ConfigError(f"{len(arms)} arm(s): a comparison needs at least two. Give more `arms`.")
    return arms


def load_arms(arms: Mapping[str, str], backbone: Sequence[str] = ()) -> dict[str, Policy]:
    """Load the policy of each arm.

    Args:
        arms: name -> policy (folder or name).
        backbone: as :func:`shoprl.policies.saving.load_learned` takes it, for all arms.

    Raises:
        ShopRLError: one cannot be loaded; the class is that of the cause, and the message names the arm.
    """
    policies: dict[str, Policy] = {}
    for name, policy in arms.items():
        try:
            policies[name] = load_policy(policy, backbone=backbone)
        except ShopRLError as error:
            raise type(error)(f"Arm {name!r}: {error}") from error
    return policies


def digest(policy: str) -> str:
    """Identity of an arm's policy: its name, or the digest of its manifest, which holds all other digests."""
    return policy if simple_policy(policy) else sha256_of(policy_folder(policy) / MANIFEST)


def share_tokens(policies: Mapping[str, Policy], data: ShopData, goals: Sequence[int], folder: Path) -> None:
    """Encode all texts that the policies can encounter.

    The first process caches the token states in ``folder`` (``tokens-DIGEST.safetensors``, one file per backbone), and
    the others load them. Policies with tuned layers encode in each process, with the same result.

    Raises:
        BackboneError: a file in ``folder`` is damaged.
        StorageError: it cannot be written.
    """
    stores: dict[str, TokenStore] = {}
    learned = [policy for policy in policies.values() if isinstance(policy, LearnedPolicy)]

    def texts() -> Iterator[str]:
        yield from product_texts(data.catalog)
        yield from wishes(data.goals, goals)
        for policy in learned:
            if policy.strategy != "wish" or policy.offer is not None:
                for index in goals:
                    yield from policy.queries(parse_instruction(data.goals[index].instruction))

    for policy in learned:
        policy.encode_once(texts, folder, stores)
