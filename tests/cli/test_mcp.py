"""``shoprl mcp`` on standard input and output, as assistants start it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Call, refused

pytest.importorskip("alembic", reason="needs the extra service")


def test_an_assistant_shops_over_standard_input_and_output(toy_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the extra assistants")
    from mcp import Client, StdioServerParameters

    from tests.support.assistants import order

    code = "from shoprl.cli.main import main; main()"
    words = ["-c", code, "mcp", "--catalog", str(toy_folder), "--policy", "rule"]
    words += ["--database", f"sqlite:///{tmp_path / 'own.db'}"]

    async def shops() -> dict[str, Any]:
        async with Client(StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))) as client:
            return await order(client)

    assert asyncio.run(asyncio.wait_for(shops(), 120))["status"] == "completed"


def test_a_missing_package_is_named(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.cli.mcp.find_spec", lambda name: None)
    refused(call("mcp", "--catalog", toy_folder), "ConfigError", "mcp is not installed", "shoprl[assistants]")
