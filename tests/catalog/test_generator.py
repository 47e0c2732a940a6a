"""Generated shops: form, repeatability, variety, and goals that can be found."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.catalog.generator import Listing, generate, write_catalog
from shoprl.catalog.product import Product
from shoprl.catalog.style import TIDY, Style, draw_style
from shoprl.catalog.vocabulary import DEPARTMENTS
from shoprl.errors import ConfigError

COUNT = 1500
FILES = ("items_shuffle_60.json", "items_ins_v2_60.json", "prices.json", "items_human_ins.json")


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Style, list[Listing]]]:
    styles = [draw_style(np.random.default_rng(seed)) for seed in range(24)]
    return [(style, list(generate(60, np.random.default_rng(1), style))) for style in styles]


@pytest.fixture(scope="module")
def listings() -> list[Listing]:
    return list(generate(COUNT, np.random.default_rng(11), Style.plain()))


def shop_bytes(folder: Path, seed: int) -> dict[str, bytes]:
    write_catalog(folder, 60, seed)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def option_values(item: dict[str, Any]) -> dict[str, list[str]]:
    options = item["customization_options"] or {}
    return {name: [entry["value"] for entry in entries] for name, entries in options.items() if entries}


def share(listings: list[Listing], holds: Any) -> float:
    return sum(map(bool, map(holds, listings))) / len(listings)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first = shop_bytes(tmp_path / "a", seed=5)
    assert sorted(first) == sorted([*FILES, "shop.json"])
    assert first == shop_bytes(tmp_path / "b", seed=5)


def test_other_seed_other_bytes(tmp_path: Path) -> None:
    first, second = shop_bytes(tmp_path / "a", seed=5), shop_bytes(tmp_path / "b", seed=6)
    assert all(first[name] != second[name] for name in FILES)


def test_files_are_json_and_agree(tmp_path: Path) -> None:
    write_catalog(tmp_path, 60, seed=1)
    items, wordings, prices, requests = (json.loads((tmp_path / name).read_text("utf-8")) for name in FILES)
    asins = [item["asin"] for item in items]
    assert len(asins) == 60
    assert list(wordings) == asins
    assert list(prices) == [item["asin"] for item in items if item["pricing"]]
    assert set(requests) == {asin for asin in asins if "instruction" in wordings[asin]}


def test_a_longer_shop_begins_with_the_shorter_one() -> None:
    short = list(generate(100, np.random.default_rng(3)))
    assert short == list(generate(200, np.random.default_rng(3)))[:100]


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index,union-attr]  # noqa: NPY002
    list(generate(5, np.random.default_rng(0)))
    assert (before == np.random.get_state()[1]).all()  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize("count", [0, -3])
def test_a_shop_without_products_is_refused_at_once(count: int) -> None:
    with pytest.raises(ConfigError, match="at least one product"):
        generate(count, np.random.default_rng(0))


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="seed -1: must be at least 0"):
        write_catalog(tmp_path, 3, seed=-1)


def test_form_of_every_field(listings: list[Listing]) -> None:
    for listing in listings:
        item = listing.item
        assert set(item) == {
            *("name", "full_description", "images", "product_category", "average_rating", "small_description"),
            *("customization_options", "asin", "category", "query", "page", "pricing"),
        }
        assert re.fullmatch(r"B0[0-9A-Z]{8}", item["asin"])
        assert item["images"]
        assert item["average_rating"] == "" or 1.0 <= item["average_rating"] <= 5.0
        assert all(isinstance(bullet, str) and bullet.strip() for bullet in item["small_description"])
        assert item["customization_options"] == "" or isinstance(item["customization_options"], dict)
        assert item["query"] == item["query"].lower()
        assert isinstance(item["page"], int)
        assert re.fullmatch(r"(\$\d+\.\d\d( - \$\d+\.\d\d)?)?", item["pricing"])
        assert 5 <= len(item["name"].split()) <= 30


def test_drawn_styles_keep_the_form(drawn: list[tuple[Style, list[Listing]]]) -> None:
    for style, listings in drawn:
        for listing in listings:
            item = listing.item
            assert item["name"] == item["name"].strip() != ""
            assert item["query"] == item["query"].lower() != ""
            assert item["category"] in style.departments
            assert all(isinstance(bullet, str) and bullet.strip() for bullet in item["small_description"])
            groups = option_values(item)
            values = [value.lower() for group in groups.values() for value in group]
            assert len(set(values)) == len(values)
            assert len(groups) <= style.groups
            assert all(1 <= len(group) <= max(style.values, 2) for group in groups.values())
            assert not any(sign in value for value in values for sign in "/[]")
            for request in listing.requests:
                assert request["instruction"].strip()
                assert request["instruction_attributes"]
                assert set(request["instruction_attributes"]) <= set(listing.wording["attributes"])
                assert set(request["instruction_options"]) <= set(values)


def test_drawn_styles_give_catalogues_unlike_each_other(drawn: list[tuple[Style, list[Listing]]]) -> None:
    def spread(measure: Any) -> tuple[float, float]:
        values = [float(np.mean([measure(listing) for listing in listings])) for _, listings in drawn]
        return min(values), max(values)

    for name, measure, low, high in (
        ("words of a title", lambda each: len(each.item["name"].split()), 6, 18),
        ("with options", lambda each: bool(option_values(each.item)), 0.2, 0.8),
        ("described", lambda each: bool(each.item["full_description"]), 0.4, 0.9),
        ("priced", lambda each: each.price is not None, 0.8, 0.97),
    ):
        found = spread(measure)
        assert found[0] < low, (name, found)
        assert found[1] > high, (name, found)


def test_each_knob_does_what_it_says() -> None:
    def listings(**knobs: Any) -> list[Listing]:
        return list(generate(400, np.random.default_rng(2), replace(Style.plain(), **knobs)))

    def told(each: Listing) -> float:
        names = each.wording["attributes"] or ["-"]
        return float(np.mean([name in each.item["name"].lower() for name in names]))

    plain = listings()
    queries = {family.query for families in DEPARTMENTS.values() for family in families}
    requests = [request for each in listings(everyday=1.0) for request in each.requests]
    quoted = [all(name in each["instruction"] for name in each["instruction_attributes"]) for each in requests]
    assert share(listings(models=1.0), lambda each: re.search(r"[A-Z]{1,3}[- ]?\d{2,4}", each.item["name"])) > 0.9
    assert share(listings(unlisted=0.5), lambda each: not each.item["small_description"]) > 0.4
    assert share(listings(vague=0.6), lambda each: each.item["query"] in queries) < 0.7
    assert share(plain, lambda each: each.item["query"] in queries) == 1.0
    assert np.mean([told(each) for each in listings(hidden=1.0)]) < 0.2 * np.mean([told(each) for each in plain])
    assert share(listings(keywords=0.6), lambda each: len(" ".join(r["instruction"] for r in each.requests)) < 60) > 0.3
    assert len({each.item["query"] for each in listings(families=0.1)}) < 15
    assert np.mean(quoted) < 0.9
    odd = [value for each in listings(disguised=1.0) for group in option_values(each.item).values() for value in group]
    usual = {value for each in plain for group in option_values(each.item).values() for value in group}
    assert np.mean([value in usual for value in odd]) < 0.3


def test_asins_are_unique(listings: list[Listing]) -> None:
    assert len({listing.item["asin"] for listing in listings}) == COUNT


def test_departments_and_families(listings: list[Listing]) -> None:
    departments = Counter(listing.item["category"] for listing in listings)
    assert set(departments) == set(TIDY) == {"beauty", "electronics", "garden", "fashion", "grocery"}
    assert min(departments.values()) > COUNT / 10
    assert all(len(DEPARTMENTS[name]) >= 12 for name in TIDY)
    assert len({listing.item["query"] for listing in listings}) > 90


def test_options(listings: list[Listing]) -> None:
    assert 0.38 < share(listings, lambda listing: option_values(listing.item)) < 0.58
    for options in (option_values(listing.item) for listing in listings):
        values = [value.lower() for group in options.values() for value in group]
        assert len(set(values)) == len(values)
        assert len(options) <= 3
        assert all(1 <= len(group) <= 25 for group in options.values())
        assert not any(sign in value for value in values for sign in "/[]")


def test_prices(listings: list[Listing]) -> None:
    for listing in listings:
        ends = [float(price) for price in re.findall(r"\$([\d.]+)", listing.item["pricing"])]
        if not ends:
            assert listing.price is None
        else:
            assert listing.price is not None
            assert 0 < ends[0] <= listing.price <= ends[-1]
    assert 0.03 < share(listings, lambda listing: not listing.item["pricing"]) < 0.15
    assert 0.04 < share(listings, lambda listing: " - " in listing.item["pricing"]) < 0.16


def test_missing_and_noisy_fields_occur(listings: list[Listing]) -> None:
    assert 0.2 < share(listings, lambda listing: not listing.item["full_description"]) < 0.4
    assert 0.0 < share(listings, lambda listing: not listing.item["small_description"]) < 0.06
    assert share(listings, lambda listing: not listing.wording["attributes"]) > 0.02
    assert share(listings, lambda listing: len(listing.item["full_description"]) > 3000) > 0.005
    assert share(listings, lambda listing: listing.item["name"].isupper()) > 0.005
    text = json.dumps([listing.item for listing in listings], ensure_ascii=False)
    assert all(sign in text for sign in ("★", "<br>", "&amp;", "【", "é", "™", "<3"))


def test_attributes_are_mentioned_mostly(listings: list[Listing]) -> None:
    told = []
    for listing in listings:
        item = listing.item
        text = " ".join([item["name"], *item["small_description"], item["full_description"]]).lower()
        told += [attribute in text for attribute in listing.wording["attributes"]]
    assert sum(told) / len(told) > 0.85


def test_near_duplicates_exist(listings: list[Listing]) -> None:
    brands = Counter((listing.item["query"], listing.item["name"].lower().split()[0]) for listing in listings)
    copies = sum(number - 1 for number in brands.values() if number > 1)
    assert 0.15 < copies / COUNT < 0.6


def test_distractors_name_other_products(listings: list[Listing]) -> None:
    assert share(listings, lambda listing: "compatible with" in listing.item["name"].lower()) > 0.005


def test_synthetic_instructions(listings: list[Listing]) -> None:
    for listing in listings:
        wording = listing.wording
        assert set(wording) in ({"attributes"}, {"attributes", "instruction", "instruction_attributes"})
        if "instruction" in wording:
            asked = wording["instruction_attributes"]
            assert asked
            assert set(asked) <= set(wording["attributes"])
            assert wording["instruction"].startswith("Find me ")
            assert all(text in wording["instruction"] for text in [*asked, listing.item["query"]])


def test_requests_in_shoppers_words(listings: list[Listing]) -> None:
    assert 0.7 < share(listings, lambda listing: listing.requests) < 0.95
    for listing in listings:
        assert len(listing.requests) <= 4
        offered = {value.lower() for values in option_values(listing.item).values() for value in values}
        for request in listing.requests:
            assert set(request) == {"instruction", "instruction_attributes", "instruction_options"}
            assert request["instruction_attributes"]
            assert set(request["instruction_attributes"]) <= set(listing.wording["attributes"])
            assert set(request["instruction_options"]) <= offered
            for text in [*request["instruction_attributes"], *request["instruction_options"]]:
                assert text in request["instruction"]


def product_of(listing: Listing) -> Product:
    item = listing.item
    return Product(
        asin=item["asin"],
        title=item["name"],
        description=item["full_description"],
        bullets=tuple(item["small_description"]),
        category=item["category"],
        query=item["query"],
        product_category=item["product_category"],
        price=listing.price,
        price_tag=item["pricing"],
        options={name: tuple(map(str.lower, values)) for name, values in option_values(item).items()},
    )


def ranks_of_targets(listings: list[Listing]) -> list[int]:
    """The place of the target among the hits for each of a third of the requests."""
    search_index = pytest.importorskip("shoprl.search.index", reason="needs the search index")
    index = search_index.SearchIndex.build([product_of(listing) for listing in listings])
    ranks = []
    for listing in listings[::3]:
        for request in listing.requests:
            asins = [hit.asin for hit in index.search(request["instruction"], k=50)]
            ranks.append(asins.index(listing.item["asin"]) if listing.item["asin"] in asins else 50)
    return ranks


def test_goals_can_be_found_but_not_too_easily(listings: list[Listing]) -> None:
    """The search of a good shopper shows the target within five pages, yet often not on top."""
    ranks = ranks_of_targets(listings)
    assert sum(rank < 50 for rank in ranks) / len(ranks) > 0.95
    assert 0.5 < sum(rank == 0 for rank in ranks) / len(ranks) < 0.8


def test_in_the_default_shop_the_first_hit_is_mostly_another_product() -> None:
    ranks = ranks_of_targets(list(generate(COUNT, np.random.default_rng(11))))
    assert sum(rank < 50 for rank in ranks) / len(ranks) > 0.9
    assert 0.3 < sum(rank == 0 for rank in ranks) / len(ranks) < 0.5
