"""``shoprl adapt`` as a user runs it, on the backbone without weights."""

import json
from pathlib import Path

import pytest

from shoprl.files import sha256_of
from shoprl.policies.saving import save_policy
from shoprl.shop.store import build_store
from tests.support.cli import Call, refused
from tests.support.fakes import fake_policy
from tests.support.matching import match_policy
from tests.support.pretrained import carry_none, package
from tests.support.shops import FEED, write_feed
from tests.support.stores import change

TINY = ("--size", "tiny", "--threads", 1, "--json")


@pytest.fixture
def start(tmp_path: Path) -> Path:
    save_policy(match_policy(), tmp_path / "start")
    return tmp_path / "start"


def test_the_pretrained_agent_is_adapted(
    call: Call, toy_folder: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in start.iterdir()}
    package(start, monkeypatch)
    answer = call("adapt", "--data", toy_folder, "--out", tmp_path / "adapted", *TINY)
    assert answer.code == 0, answer.err
    assert {path.name: path.read_bytes() for path in start.iterdir()} == before
    named = call("adapt", "--data", toy_folder, "--policy", start, "--out", tmp_path / "named", *TINY)
    assert named.json()["weights"] == answer.json()["weights"]
    record = json.loads((tmp_path / "adapted" / "run.json").read_text())
    assert record["settings"]["policy"] == {"name": "pretrained", "sha256": sha256_of(start / "policy.json")}
    found = call("recommend", "red running shoes", "--run", tmp_path / "adapted", "--runs", 2, "--json")
    assert found.code == 0, found.err
    again = call("adapt", "--data", toy_folder, "--out", tmp_path / "adapted", *TINY, "--resume")
    assert again.json() == answer.json()


def test_a_store_is_adapted_to_as_its_files_are(call: Call, toy_folder: Path, start: Path, tmp_path: Path) -> None:
    words = ("adapt", "--data", toy_folder, "--policy", start, *TINY)
    first = call(*words, "--out", tmp_path / "first")
    build_store(toy_folder)
    second = call(*words, "--out", tmp_path / "second")
    assert first.code == second.code == 0, first.err + second.err
    assert first.json()["weights"] == second.json()["weights"]


def test_other_settings_are_another_run(call: Call, toy_folder: Path, start: Path, tmp_path: Path) -> None:
    words = ("adapt", "--data", toy_folder, "--policy", start, "--out", tmp_path / "out", *TINY)
    assert call(*words).code == 0
    refused(call(*words), "RunError", "not empty")
    refused(call(*words, "--resume", "--seed", 3), "RunError", "seed: was 0, now 3")
    save_policy(match_policy(1), start)
    refused(call(*words, "--resume"), "RunError", "policy.sha256")


def test_what_cannot_judge_is_refused_by_name_before_any_work(call: Call, tmp_path: Path) -> None:
    save_policy(fake_policy(), tmp_path / "chooser")
    words = ("adapt", "--data", tmp_path / "missing", "--out", tmp_path / "out", *TINY)
    refused(call(*words, "--policy", tmp_path / "chooser"), "PolicyError", "choice", "cannot judge products")
    refused(call(*words, "--policy", "rule"), "PolicyError", "rule")
    assert not (tmp_path / "out").exists()


def test_a_package_without_an_agent_says_so(
    call: Call, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_none(monkeypatch)
    refused(call("adapt", "--data", toy_folder, "--out", tmp_path / "out", *TINY), "PolicyError")


@pytest.mark.parametrize("feed", ["id,title,price\n1,Qwertz,2 USD\n2,Asdfgh,3 USD\n", FEED])
def test_products_of_a_feed_are_asked_for_by_kind_at_least(call: Call, start: Path, tmp_path: Path, feed: str) -> None:
    path = write_feed(tmp_path / "feed.csv", feed)
    answer = call("adapt", "--data", path, "--policy", start, "--out", tmp_path / "out", *TINY)
    assert answer.code == 0, answer.err


def test_a_shop_with_nothing_to_ask_for_leaves_nothing(
    call: Call, toy_folder: Path, start: Path, tmp_path: Path
) -> None:
    change(toy_folder / "items_ins_v2_12.json", lambda rows: {asin: {"attributes": []} for asin in rows})
    (toy_folder / "items_human_ins.json").unlink()
    words = ("adapt", "--data", toy_folder, "--policy", start, "--out", tmp_path / "out", *TINY)
    refused(call(*words), "GoalError", "attribute to ask for")
    assert not (tmp_path / "out").exists()
