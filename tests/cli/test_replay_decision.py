"""``shoprl replay-decision``: what cannot be made again is named; a real run stands in ``test_serve``."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cli import Call, refused

pytest.importorskip("alembic", reason="needs the extra service")
pytest.importorskip("torch", reason="needs the extra train")


def test_what_cannot_be_made_again_is_named(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    from shoprl.service.arms import Arm, allocate
    from shoprl.service.database import close_database, open_database, writing
    from shoprl.service.decisions import keep
    from shoprl.shop.data import read_products
    from tests.support.service import decision

    address = f"sqlite:///{tmp_path / 'a.db'}"
    settings = {"k": 1, "runs": 1, "seed": 0, "temperature": 0.0, "min_fit": 0.1, "filters": {}, "folder": "rule"}
    drawn = allocate([Arm("plain", "1")], 0).to_json()
    elsewhere = decision("d_other", settings=settings, allocation=drawn)
    here = replace(elsewhere, decision_id="d_old", shop=read_products(toy_folder).content_hash)
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, [elsewhere, here])
    close_database(engine)
    options = ("--database", address, "--catalog", toy_folder)
    refused(call("replay-decision", "d_none", *options), "ConfigError", "d_none", "there is none")
    refused(call("replay-decision", "d_other", *options), "ConfigError", "--catalog", "not those")
    refused(call("replay-decision", "d_old", *options), "PolicyError", "rule", "changed")
