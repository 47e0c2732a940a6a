"""What an assistant does with the tools. Needs the extra ``assistants``."""

from typing import Any

from mcp import Client


async def order(client: Client) -> dict[str, Any]:
    """Shop from a request to an order."""
    made = await client.call_tool("recommend_products", {"request": "a brass lamp", "k": 1})
    line = {"item": {"id": made.structured_content["products"][0]["variants"][0]["id"]}}
    checkout = await client.call_tool("create_checkout", {"checkout": {"line_items": [line]}})
    done = await client.call_tool("complete_checkout", {"id": checkout.structured_content["id"]})
    assert not done.is_error
    return dict(done.structured_content)
