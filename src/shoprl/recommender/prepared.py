"""What a shop keeps for a policy, so that the policy's first answer in a new process comes at once."""

from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import CatalogError
from shoprl.policies.base import Policy
from shoprl.shop.cached import shop_of
from shoprl.shop.store import open_store
from shoprl.tasks.shop.texts import product_texts

FOLDER = "words"  # in a store


@dataclass(frozen=True)
class Prepared:
    """What was prepared.

    Attributes:
        path: the file.
        words: how many words it holds.
    """

    path: Path
    words: int


def prepare_words(policy: Policy, data: Path) -> Prepared | None:
    """Encode the words of a shop's products for a policy; None if it needs no words.

    What was prepared before is made again, as products may have changed.

    Args:
        policy: the policy; policies whose words have the same states share a file.
        data: a shop, or a data folder with a store.

    Raises:
        CatalogError: there is no store.
        StorageError: the file cannot be written.
    """
    from shoprl.policies.networks.match.policy import MatchPolicy

    store = shop_of(data)
    if store is None:
        raise CatalogError(f"{data}: holds no store. Build it with `shoprl catalog build --data {data}`.")
    if not isinstance(policy, MatchPolicy):
        return None
    use_prepared(policy, data)
    policy.words.add(product_texts(open_store(store).catalog))
    path = policy.words_file(store / FOLDER)
    policy.words.save(path)
    return Prepared(path, len(policy.words))


def use_prepared(policy: Policy, data: Path) -> bool:
    """Take over the words that were prepared for a policy; False where there are none.

    Raises:
        PolicyError: the file is damaged.
    """
    if not hasattr(policy, "words_file"):  # asked first, as a policy without a network needs no torch
        return False
    from shoprl.policies.networks.match.policy import MatchPolicy

    store = shop_of(data)
    if store is None or not isinstance(policy, MatchPolicy):
        return False
    path = policy.words_file(store / FOLDER)
    if path.is_file():
        policy.words.load(path)
    return path.is_file()
