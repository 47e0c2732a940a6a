"""The arms of a comparison: named policies, whose texts are encoded once and are the same to the bit everywhere."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shoprl.errors import ConfigError, ShopRLError
from shoprl.files import sha256_of
from shoprl.policies.base import Policy
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.query.policy import MANIFEST
from shoprl.policies.saving import load_policy
from shoprl.policies.simple import SIMPLE, simple_policy
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.texts import product_texts, wishes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def parse_arms(given: Sequence[str]) -> dict[str, str]:
    """Name -> policy (folder or name) from words such as ``dpo=RUN/policies/dpo`` or ``rule``.

    Raises:
        ConfigError: a word is no arm, a name cannot be used or comes twice, or there are not two arms.
    """
    arms: dict[str, str] = {}
    for word in given:
        name, separator, policy = word.partition("=")
        if not separator:
            policy = name
        if not separator and simple_policy(word) is None:
            raise ConfigError(f"Arm {word!r}: has no name. Give NAME=POLICY_FOLDER, or one of: {', '.join(SIMPLE)}.")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"Arm {word!r}: {name!r} cannot be a name. Take up to 40 letters, digits, dots, dashes and "
                "underscores, a letter or digit first."
            )
        if not policy:
            raise ConfigError(f"Arm {name!r}: names no policy. Give {name}=POLICY_FOLDER.")
        if name.lower() in {other.lower() for other in arms}:
            raise ConfigError(f"Arm {name!r}: comes twice. Give each arm a name of its own.")
        arms[name] = policy
    if len(arms) < 2:
        raise ConfigError(f"{len(arms)} arm(s): a comparison needs at least two. Give more `arms`.")
    return arms


def load_arms(arms: Mapping[str, str]) -> dict[str, Policy]:
    """The policy of each arm.

    Raises:
        ShopRLError: one cannot be loaded; the kind of error is that of the fault, and the message names the arm.
    """
    found: dict[str, Policy] = {}
    for name, policy in arms.items():
        try:
            found[name] = load_policy(policy)
        except ShopRLError as error:
            raise type(error)(f"Arm {name!r}: {error}") from error
    return found


def digest(policy: str) -> str:
    """What tells an arm's policy from any other: its name, or the digest of its manifest, which holds all others."""
    return policy if simple_policy(policy) else sha256_of(Path(policy) / MANIFEST)


def share_tokens(policies: Mapping[str, Policy], data: ShopData, goals: Sequence[int], folder: Path) -> None:
    """Give the choice policies the token states of every text they can meet.

    The first process makes them and keeps them in ``folder`` (``tokens-DIGEST.safetensors``, one a backbone); every
    other one reads them. Those of a policy with tuned layers are its own: each process makes them in the same way.

    Raises:
        BackboneError: a file in ``folder`` is damaged.
        StorageError: it cannot be written.
    """
    stores: dict[str, TokenStore] = {}
    learned = [policy for policy in policies.values() if isinstance(policy, LearnedPolicy)]

    def texts() -> list[str]:
        return [*product_texts(data.catalog), *_queries(data, goals, learned)]

    for policy in learned:
        policy.encode_once(texts, folder, stores)


def _queries(data: ShopData, goals: Sequence[int], policies: Sequence[LearnedPolicy]) -> Iterator[str]:
    """What goals ask for, and what the policies search for."""
    yield from wishes(data.goals, goals)
    for policy in policies:
        if policy.strategy != "wish" or policy.offer is not None:
            for index in goals:
                yield from policy.queries(parse_instruction(data.goals[index].instruction))
