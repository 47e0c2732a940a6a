"""Lists for requests: what a worker of the service does, and what a replay does again."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from shoprl.catalog.ids import id_of
from shoprl.catalog.product import Product
from shoprl.policies.base import Policy
from shoprl.recommender.evidence import Seen, Told, Watch
from shoprl.recommender.recommend import MIN_FIT, RUNS, TOP, Recommendation, Recommendations, Wanted, listed, shopped
from shoprl.service.filters import Facets, Filters
from shoprl.shop.data import read_shop
from shoprl.shop.page import Page
from shoprl.shop.searching import SearchKind, best_search, vectors_of
from shoprl.shop.session import Shop
from shoprl.tasks.shop.evidence import OF_REQUESTS
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.tracker import OF_EPISODES

REMEMBERED = 200  # requests, of which what was found is kept
GROWN = 20_000  # words and texts that a policy may meet before it forgets them
POLICIES = 4  # held in memory
Watching = Callable[[int, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """A list to be made.

    Attributes:
        request: what the user looks for.
        policy: folder or name of the policy.
        version: its version.
        k: length of the list, at most.
        runs: how many times the agent shops.
        seed: of the list's draw; what the agent does has a seed of its own, so that a request asked again finds the
            same products.
        temperature: see :class:`shoprl.recommender.recommend.Wanted`; so is the next.
        min_fit: see there.
        filters: what the agent may see.
        watched: whether each step is told of while it is taken; what was found before is then looked for anew.
    """

    request: str
    policy: str
    version: str
    k: int = TOP
    runs: int = RUNS
    seed: int = 0
    temperature: float = 0.0
    min_fit: float = MIN_FIT
    filters: Filters = field(default_factory=Filters)
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A list that was made.

    Attributes:
        items: as they are answered, without their positions.
        unfit: how many products were left out because they fit too little.
        too_dear: and because they cost more than the request allows.
    """

    items: tuple[Mapping[str, Any], ...]
    unfit: int
    too_dear: int


def step_of(page: Page, action: str) -> dict[str, Any]:
    """What is told of a step: the action, and what the page that it led to shows."""
    step: dict[str, Any] = {"kind": page.kind, "action": action}
    if page.kind == "results":
        step |= {"page": page.number, "found": page.total}
    if page.product is not None:
        step |= {"product": _named(page.product), "options": dict(page.options)}
    return step


def _named(product: Product) -> dict[str, str]:
    return {"id": id_of(product.asin), "title": product.title}


class Shopper:
    """Makes lists in one shop, and keeps what was found for the last requests.

    Args:
        shop: where.
        load: makes a policy ready, from its folder or name.
    """

    def __init__(self, shop: Shop, load: Callable[[str], Policy]) -> None:
        self._shop, self._load = shop, load
        self._policies: OrderedDict[tuple[str, str], Policy] = OrderedDict()
        self._known: dict[tuple[str, str], int] = {}  # words of a policy when it was loaded
        self._found: OrderedDict[tuple[object, ...], list[Seen]] = OrderedDict()

    @cached_property
    def _facets(self) -> Facets:
        return Facets(self._shop.catalog)

    def make(self, jobs: Sequence[Job], watch: Watching | None = None) -> list[Made]:
        """Make lists; jobs of one policy and as many runs shop together.

        Args:
            jobs: which.
            watch: called with the place of each watched job, and each step that is taken for it.

        Raises:
            ConfigError: a request is empty or too long.
            PolicyError: a policy cannot be loaded.
        """
        alike: dict[tuple[str, str, int], list[int]] = {}
        wanted = [self._wanted(place, job, watch) for place, job in enumerate(jobs)]
        keys = [self._key(job) for job in jobs]
        for place, job in enumerate(jobs):
            if keys[place] not in self._found or job.watched:
                alike.setdefault((job.policy, job.version, job.runs), []).append(place)
        found = {key: self._found[key] for key in keys if key in self._found}
        for (folder, version, runs), places in alike.items():
            different = list({keys[place]: place for place in places}.values())
            own = shopped(self._policy(folder, version), [wanted[place] for place in different], runs)
            found |= zip([keys[place] for place in different], own, strict=True)
        self._keep(found)
        made = zip(jobs, wanted, keys, strict=True)
        return [self._made(listed(replace(each, seed=job.seed), found[key])) for job, each, key in made]

    def warm_up(self, folder: str, version: str, word: str = "") -> None:
        """Make a list for nobody, since the first one takes many times as long as others.

        Args:
            folder: of the policy.
            version: its version.
            word: asked for besides; the first one that a policy has not met makes it load what encodes words.
        """
        title = next(iter(self._shop.catalog)).title
        self.make([Job(f"{title[:200] or 'anything'} {word}", folder, version, runs=1)])

    @staticmethod
    def forget() -> None:
        """Forget what was worked out for requests but their lists, since few are asked again."""
        for each in (*OF_REQUESTS, *OF_EPISODES):
            each.cache_clear()

    def search(self, query: str) -> list[str]:
        """ASINs that the shop's own search finds."""
        return list(self._shop.search.find(query))

    def _wanted(self, place: int, job: Job, watch: Watching | None) -> Wanted:
        told: Watch | None = None
        if job.watched and watch is not None:
            tell = watch

            def told(each: Told) -> None:
                tell(place, self._step(each))

        return Wanted(self._task(job.filters), job.request, job.k, 0, job.temperature, job.min_fit, told)

    def _step(self, told: Told) -> dict[str, Any]:
        if told.page is None:
            return {"kind": "comparing", "products": [_named(self._shop.catalog[asin]) for asin in told.compared]}
        return step_of(told.page, told.action) | {"run": told.run}

    def _task(self, filters: Filters) -> ShopTask:
        return ShopTask(self._shop.without(self._facets.hidden(filters)) if filters else self._shop)

    @staticmethod
    def _key(job: Job) -> tuple[object, ...]:
        judged_alike = " ".join(job.request.split())
        return job.policy, job.version, judged_alike, job.filters, job.runs, job.k

    def _policy(self, folder: str, version: str) -> Policy:
        policy = self._policies.get((folder, version))
        if policy is None:
            policy = self._load(folder)
            self._known[folder, version] = len(getattr(policy, "words", ()))
        words = getattr(policy, "words", None)
        if words is not None and words.held > self._known[folder, version] + GROWN:
            words.forget(self._known[folder, version])
        self._policies[folder, version] = policy
        self._policies.move_to_end((folder, version))
        while len(self._policies) > POLICIES:
            self._policies.popitem(last=False)
        return policy

    def _keep(self, found: Mapping[tuple[object, ...], list[Seen]]) -> None:
        for key, seen in found.items():
            self._found[key] = seen
            self._found.move_to_end(key)
        while len(self._found) > REMEMBERED:
            self._found.popitem(last=False)

    def _made(self, found: Recommendations) -> Made:
        return Made(tuple(self._item(each) for each in found), found.unfit, found.too_dear)

    def _item(self, each: Recommendation) -> Mapping[str, Any]:
        product = self._shop.catalog[each.asin]
        price = product.price_with(each.options)
        return {
            "id": id_of(each.asin),
            "title": each.title,
            "price": None if price is None else round(price, 2),
            "currency": product.currency,
            "image": product.image,
            "options": dict(each.options),
            "propensity": each.propensity,
            "estimated_fit": each.fit,
            "bought_in_runs": each.bought_in_runs,
            "why": each.why.to_json(),
        }


@dataclass(frozen=True)
class Opening:
    """How a process opens a shop and its policies; it can be sent to one.

    Attributes:
        data: the shop.
        search: how it searches; None for ``hybrid`` where it has vectors, else ``bm25``.
        threads: of torch.
        backbones: hub ids or folders of policies' encoders, where they are not the default one.
        first: folder or name of a policy that will be asked at once; None for none.
    """

    data: Path
    search: SearchKind | None = None
    threads: int = 1
    backbones: tuple[str, ...] = ()
    first: str | None = None

    def shopper(self) -> Shopper:
        """Open the shop.

        Raises:
            CatalogError: it cannot be opened.
        """
        import torch

        from shoprl.policies.saving import load_policy
        from shoprl.recommender.prepared import prepared_tagger, use_prepared

        torch.set_num_threads(self.threads)
        torch.set_deterministic_debug_mode("error")
        # The mode fills every new tensor before it is computed, a twentieth of a list's time; training keeps it.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        search = best_search(self.data, self.search)
        encoder = None
        if search == "hybrid":
            from shoprl.policies.networks.sentences import sentence_encoder

            made = vectors_of(self.data)
            encoder = sentence_encoder(made.sha256 if made else None, self.backbones)
        shop = read_shop(self.data, tagger=prepared_tagger(self.data), search=search, encoder=encoder)

        def load(name: str) -> Policy:
            policy = load_policy(name, backbone=self.backbones)
            use_prepared(policy, self.data)
            return policy

        return Shopper(shop, load)
