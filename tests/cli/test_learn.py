"""``shoprl learn`` as a user or a server runs it, on the backbone without weights."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.cli import Call, refused
from tests.support.toyshop import EVERYTHING, toy_data

pytest.importorskip("alembic", reason="needs the extra service")
pytest.importorskip("torch", reason="needs the extra train")

QUICK = ("--updates", 4, "--least-pairs", 4, "--new-pairs", 3, "--guard-goals", 2, "--threads", 1)


def served(tmp_path: Path, count: int = 12, first: int = 0) -> str:
    """The address of a database with purchases of second items, and an active policy."""
    from shoprl.policies.saving import save_policy
    from shoprl.service.database import close_database, open_database, writing
    from shoprl.service.decisions import Listed, keep
    from shoprl.service.feedback import record
    from shoprl.service.policies import register
    from tests.support.matching import match_policy
    from tests.support.service import decision, happened

    if not (tmp_path / "start").is_dir():
        save_policy(match_policy(), tmp_path / "start")
    asins: Sequence[str] = [product.asin for product in toy_data().shop.catalog]
    engine = open_database(f"sqlite:///{tmp_path / 'feedback.db'}")
    with writing(engine) as connection:
        register(connection, "start", str(tmp_path / "start"), 1.0, "active")
        for number in range(first, first + count):
            shown = [asins[(number + place) % 12] for place in range(3)]
            items = tuple(Listed(place + 1, asin, 0.5, {"estimated_fit": 0.5}) for place, asin in enumerate(shown))
            made = decision(f"d_{number}", request=f"{EVERYTHING} {number % 5}", items=items, settings={})
            keep(connection, [made])
            bought = happened(f"e{number}", decision_id=f"d_{number}", item_id=shown[1], type="purchase")
            record(connection, [bought], 150.0)
    close_database(engine)
    return f"sqlite:///{tmp_path / 'feedback.db'}"


def roles(address: str) -> dict[str, tuple[str, str | None]]:
    from shoprl.service.database import close_database, open_database, reading
    from shoprl.service.policies import all_policies

    engine = open_database(address)
    with reading(engine) as connection:
        found = {each.name: (each.role, each.parent) for each in all_policies(connection)}
    close_database(engine)
    return found


def test_feedback_makes_a_candidate_and_nothing_new_makes_none(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    address = served(tmp_path)
    words = ("learn", "--from", address, "--data", toy_folder, *QUICK)
    answer = call(*words, "--out", tmp_path / "one", "--activate", "candidate")
    assert answer.code == 0, answer.err
    for part in ("bought", "seen and passed over above the chosen", "held out", "guard, control less parent"):
        assert part in answer.out
    assert "learned-1: registered as candidate" in answer.out
    assert roles(address) == {"start": ("active", None), "learned-1": ("candidate", "start")}
    again = call(*words, "--out", tmp_path / "two", "--json")
    assert again.code == 0, again.err
    assert again.json()["reason"].startswith("Too little new feedback: 0 preference pairs")
    assert not (tmp_path / "two").exists()
    served(tmp_path, 3, first=20)
    more = call(*words, "--out", tmp_path / "two", "--json", "--name", "mine")
    assert more.code == 0, more.err
    assert (more.json()["registered"], more.json()["role"], more.json()["pairs"]["pairs"]) == ("mine", "off", 15)
    assert more.json()["off_policy"].startswith("No list that was held out was drawn")
    found = call("recommend", "shoes", "--policy", tmp_path / "two" / "policy", "--data", toy_folder, "--runs", 1)
    assert found.code == 0, found.err


def test_too_little_to_learn_from_is_refused_before_any_work(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    address, out = served(tmp_path, 2), ("--out", tmp_path / "out")
    words = ("learn", "--from", address, "--data", toy_folder, *out)
    refused(call(*words), "TrajectoryError", "2 preference pairs, and 100 are needed", "--least-pairs")
    refused(call(*words, "--from-policy", "none"), "ConfigError", "--from-policy", "Known: start")
    refused(call(*words, *QUICK, "--least-pairs", 1, "--learner", "policy-gradient"), "TrajectoryError", "no list")
    assert not (tmp_path / "out").exists()
    refused(call("learn", "--from", "mysql://x", "--data", toy_folder, *out), "ConfigError", "only sqlite")
    assert roles(address) == {"start": ("active", None)}
