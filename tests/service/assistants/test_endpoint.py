"""``/mcp`` of a real server, by the SDK's client over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra assistants")
pytest.importorskip("uvicorn", reason="needs the extra serve")

import httpx2 as httpx
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from shoprl.service.database import open_database, writing
from shoprl.service.keys import make_key
from tests.support.assistants import order
from tests.support.realserver import QUICK, serving


def test_an_assistant_shops_over_http(toy_folder: Path, tmp_path: Path) -> None:
    async def shops(url: str) -> dict[str, Any]:
        async with Client(f"{url}/mcp") as client:
            return await order(client)

    with serving(toy_folder, tmp_path / "log", *QUICK) as served:
        assert asyncio.run(shops(served.url))["status"] == "completed"
        with served.client() as client:
            refused = client.post("/mcp", json={}, headers={"Host": "elsewhere.example"})
            assert refused.status_code == 421


def test_a_key_is_needed_where_there_are_keys(toy_folder: Path, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'keys.db'}"
    engine = open_database(address)
    with writing(engine) as connection:
        _, made = make_key(connection, "assistant", ("recommend", "feedback"), 1.0)
        _, weak = make_key(connection, "weak", ("recommend",), 1.0)
    engine.dispose()

    async def lists(url: str) -> int:
        async with (
            httpx.AsyncClient(headers={"Authorization": f"Bearer {made}"}, trust_env=False) as sending,
            Client(streamable_http_client(f"{url}/mcp", http_client=sending)) as client,
        ):
            return len((await client.list_tools()).tools)

    with serving(toy_folder, tmp_path / "log", *QUICK, "--database", address) as served, served.client() as client:
        assert client.post("/mcp", json={}).status_code == 401
        refused = client.post("/mcp", json={}, headers={"Authorization": f"Bearer {weak}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert asyncio.run(lists(served.url)) == 10
