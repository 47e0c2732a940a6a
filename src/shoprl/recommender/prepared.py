"""What a shop keeps for a policy and for lists, so that the first answer in a new process comes at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import CatalogError
from shoprl.files import write_json
from shoprl.policies.base import Policy
from shoprl.reading import read_json
from shoprl.shop.about import ABOUT
from shoprl.shop.cached import shop_of
from shoprl.shop.store import open_store
from shoprl.shop.tagger import Tagger, TextBlobTagger
from shoprl.tasks.shop.texts import product_texts

FOLDER = "words"  # in a store
NOUNS = "nouns.json"  # there: title -> its nouns, by which kinds are compared; finding them imports NLTK
MOST_TITLES = 50_000  # of larger shops none are kept, as reading them would take longer


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
    catalog = open_store(store).catalog
    policy.words.add(product_texts(catalog))
    path = policy.words_file(store / FOLDER)
    policy.words.save(path)
    if len(catalog) <= MOST_TITLES:
        tagger = TextBlobTagger()
        write_json(store / FOLDER / NOUNS, {product.title: tagger.nouns(product.title) for product in catalog})
    return Prepared(path, len(policy.words))


def is_prepared(data: Path) -> bool:
    """Whether words were prepared after a shop was last changed; a shop without a store has none to prepare.

    Raises:
        CatalogError: there is no such shop.
    """
    store = shop_of(data)
    if store is None:
        return True
    changed = (store / ABOUT).stat().st_mtime_ns
    return any(path.stat().st_mtime_ns >= changed for path in (store / FOLDER).glob("words-*.safetensors"))


class PreparedTagger:
    """Knows the nouns of titles, and asks another tagger for those of other texts."""

    def __init__(self, known: Mapping[str, tuple[str, ...]]) -> None:
        self._known, self._other = known, TextBlobTagger()

    def nouns(self, text: str) -> tuple[str, ...]:
        """See :class:`shoprl.shop.tagger.Tagger`."""
        known = self._known.get(text)
        return self._other.nouns(text) if known is None else known


def prepared_tagger(data: Path) -> Tagger | None:
    """A tagger that knows the titles of a shop; None where they were not prepared.

    Raises:
        CatalogError: the file is damaged.
    """
    store = shop_of(data)
    if store is None or not (store / FOLDER / NOUNS).is_file():
        return None
    found = read_json(store / FOLDER / NOUNS, CatalogError)
    lists = found.values() if isinstance(found, dict) else [None]
    if not all(isinstance(nouns, list) and all(isinstance(noun, str) for noun in nouns) for nouns in lists):
        raise CatalogError(f"{store / FOLDER / NOUNS}: not the nouns of titles. Delete it, or prepare the shop again.")
    return PreparedTagger({title: tuple(nouns) for title, nouns in found.items()})


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
