"""``shoprl keys``: keys are made once, listed without secrets, and revoked."""

from pathlib import Path

import pytest

from tests.support.cli import Call, refused

pytest.importorskip("alembic", reason="needs the extra service")


def test_keys_are_made_listed_and_revoked(call: Call, tmp_path: Path) -> None:
    where = ("--database", f"sqlite:///{tmp_path / 'a.db'}")
    assert "none is needed" in call("keys", "list", *where).out
    made = call("keys", "make", *where, "--name", "web shop", "--json").json()
    assert made["scopes"] == ["recommend", "feedback"]
    assert made["key"].startswith(f"shoprl_{made['key_id']}_")
    listed = call("keys", "list", *where).out
    assert "web shop" in listed
    assert "in use" in listed
    assert made["key"] not in listed
    assert call("keys", "revoke", made["key_id"], *where).code == 0
    assert "revoked" in call("keys", "list", *where).out


def test_the_database_beside_a_shop_is_taken(call: Call, toy_folder: Path) -> None:
    call("keys", "make", "--catalog", toy_folder, "--name", "x", "--scopes", "admin")
    assert (toy_folder.parent / "toy.feedback.sqlite").is_file()
    assert call("keys", "list", "--catalog", toy_folder, "--json").json()["keys"][0]["scopes"] == ["admin"]


def test_what_is_wrong_is_named(call: Call, tmp_path: Path) -> None:
    refused(call("keys", "list"), "ConfigError", "--database", "--catalog")
    refused(call("keys", "list", "--database", "mysql://x"), "ConfigError", "sqlite:// and postgresql://")
    where = ("--database", f"sqlite:///{tmp_path / 'a.db'}")
    refused(call("keys", "revoke", "none", *where), "ConfigError", "no such key")
    refused(call("keys", "make", *where, "--name", " "), "ConfigError", "name")
    refused(call("keys", "list", "--database", f"sqlite:///{tmp_path / 'no' / 'a.db'}"), "StorageError", "a.db")
