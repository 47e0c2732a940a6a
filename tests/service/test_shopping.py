from pathlib import Path

import pytest

from shoprl.errors import ConfigError, PolicyError
from shoprl.service import shopping
from shoprl.service.filters import Filters
from shoprl.service.shopping import Job, Opening, Shopper
from shoprl.shop.data import ShopData
from tests.support.serving import load_rule


def shopper(toy: ShopData) -> Shopper:
    return Shopper(toy.shop, load_rule)


def test_a_list_is_made(toy: ShopData) -> None:
    made = shopper(toy).make([Job("toymart brass lamp", "pretrained", "1", k=2, min_fit=0.0)])[0]
    first = made.items[0]
    assert first["id"] == "B0LAMP0002"
    assert first["price"] == 64.0
    assert first["why"]["met"] == ["toymart", "brass", "lamp"]
    assert {"title", "currency", "image", "options", "propensity", "estimated_fit", "bought_in_runs"} <= first.keys()
    assert len(made.items) == 2


def test_filtered_products_are_never_opened(toy: ShopData) -> None:
    text = "toymart herbal lamp"
    jobs = [Job(text, "rule", "1"), Job(text, "rule", "1", filters=Filters(price_max=30.0))]
    free, cheap = ([item["price"] for item in made.items] for made in shopper(toy).make(jobs))
    assert max(free) > 30
    assert len(cheap) == 6
    assert max(cheap) <= 30


def test_lists_made_together_are_those_made_alone(toy: ShopData) -> None:
    jobs = [
        Job(text, name, "1", seed=3, temperature=0.1) for text in ("a lamp", "tea") for name in ("pretrained", "rule")
    ]
    together = shopper(toy).make(jobs)
    assert together == [shopper(toy).make([job])[0] for job in jobs]


def test_a_request_asked_again_is_not_shopped_again(toy: ShopData) -> None:
    policy = load_rule("pretrained")
    own = Shopper(toy.shop, lambda name: policy)
    first, second = (
        own.make([Job("toymart  lamp ", "p", "1", seed=seed, temperature=0.5, min_fit=0.0, k=12)])[0] for seed in (1, 2)
    )
    asked = len(policy.asked)  # type: ignore[attr-defined]
    assert {item["id"] for item in first.items} == {item["id"] for item in second.items}
    assert [item["id"] for item in first.items] != [item["id"] for item in second.items]
    own.make([Job("toymart lamp", "p", "1", k=12)])
    assert len(policy.asked) == asked  # type: ignore[attr-defined]
    own.make([Job("toymart lamp", "p", "2")])  # another version may find others
    assert len(policy.asked) > asked  # type: ignore[attr-defined]


def test_what_is_wrong_is_named(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="empty"):
        shopper(toy).make([Job("  ", "pretrained", "1")])
    with pytest.raises(PolicyError, match="no such policy"):
        shopper(toy).make([Job("a lamp", "nobody", "1")])


def test_the_shop_searches(toy: ShopData) -> None:
    assert shopper(toy).search("brass lamp")[0] == "B0LAMP0002"


def test_a_process_opens_a_shop(toy_folder: Path) -> None:
    made = Opening(toy_folder).shopper().make([Job("a brass lamp", "rule", "1", k=1)])[0]
    assert made.items[0]["id"] == "B0LAMP0002"


def test_what_strangers_ask_is_not_kept_for_ever(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.matching import match_policy

    monkeypatch.setattr(shopping, "GROWN", 60)
    policy = match_policy()
    own = Shopper(toy.shop, lambda name: policy)
    before = own.make([Job("toymart brass lamp", "p", "1", runs=2)])
    for number in range(30):
        own.make([Job(f"toymart brass lamp word{number}", "p", "1", runs=2)])
    assert policy.words.held < 300
    assert "word0" not in policy.words
    assert own.make([Job("toymart brass lamp", "p", "2", runs=2)]) == before
