"""The tools as the SDK's own client calls them, in this process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra assistants")

from mcp import Client

from shoprl.service.assistants.server import TOOLS, assistant_server
from tests.support.serving import REQUEST, Served

Calling = Callable[[Client], Coroutine[Any, Any, Any]]
META = {"ucp-agent": {"profile": "https://platform.example/profiles/v2026-01/shopping-agent.json"}}
LAMP = "B0LAMP0002"  # in colours and styles


def called(served: Served, work: Calling) -> Any:
    async def run() -> Any:
        async with Client(assistant_server(served.service)) as client:
            return await work(client)

    return asyncio.run(run())


def call(served: Served, name: str, **given: Any) -> dict[str, Any]:
    """The structured content that a tool answers with."""

    async def work(client: Client) -> Any:
        return await client.call_tool(name, given)

    found = called(served, work)
    assert not found.is_error, found.content
    row: dict[str, Any] = found.structured_content
    return row


def first_variant(served: Served, identifier: str = LAMP) -> str:
    own: str = call(served, "get_product", meta=META, catalog={"id": identifier})["product"]["variants"][0]["id"]
    return own


def test_all_tools_are_there_and_say_what_they_take(served: Served) -> None:
    tools = called(served, lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == set(TOOLS)
    for tool in tools:
        assert tool.description
        assert tool.output_schema
        assert tool.annotations.read_only_hint == (TOOLS[tool.name] == "reads")
    assert {tool.name: tool for tool in tools}["search_catalog"].input_schema["required"] == ["catalog"]


def test_a_search_is_answered_as_the_protocol_writes_it(served: Served) -> None:
    asked = {"query": "toymart", "context": {"address_country": "US"}, "pagination": {"limit": 2}}
    found = call(served, "search_catalog", meta=META, catalog=asked)
    assert found["ucp"]["capabilities"] == {"dev.ucp.shopping.catalog.search": [{"version": found["ucp"]["version"]}]}
    assert [len(found["products"]), found["pagination"]["has_next_page"]] == [2, True]
    product = found["products"][0]
    assert {"id", "title", "description", "price_range", "options", "variants", "media"} <= set(product)
    assert product["variants"][0]["price"] == {"amount": product["price_range"]["min"]["amount"], "currency": "USD"}
    further = {"limit": 2, "cursor": found["pagination"]["cursor"]}
    more = call(served, "search_catalog", catalog=asked | {"pagination": further})
    assert not {each["id"] for each in more["products"]} & {each["id"] for each in found["products"]}
    cheap = call(served, "search_catalog", catalog=asked | {"filters": {"price": {"max": 1}}})
    assert (cheap["products"], cheap["pagination"]) == ([], {"has_next_page": False, "total_count": 0})


def test_products_are_looked_up_by_their_ids_and_those_of_their_variants(served: Served) -> None:
    variant = first_variant(served)
    found = call(served, "lookup_catalog", catalog={"ids": [LAMP, variant, "nothing", "B0TEA00001"]})
    lamp, tea = found["products"]
    assert (lamp["id"], tea["id"]) == (LAMP, "B0TEA00001")
    inputs = [each for form in lamp["variants"] for each in form["inputs"]]
    assert {"id": variant, "match": "exact"} in inputs
    assert {"id": LAMP, "match": "featured"} in inputs
    assert found["messages"] == [{"type": "info", "code": "not_found", "content": "nothing"}]


def test_options_are_narrowed(served: Served) -> None:
    whole = call(served, "get_product", catalog={"id": LAMP})["product"]
    option = whole["options"][0]
    wanted = {"name": option["name"], "label": option["values"][-1]["label"]}
    found = call(served, "get_product", catalog={"id": LAMP, "selected": [wanted]})["product"]
    assert found["selected"] == [wanted]
    assert all(wanted in each["selected_options"] for each in found["variants"])
    assert all(each["exists"] for each in found["options"][0]["values"])
    missing = call(served, "get_product", catalog={"id": "nothing"})
    assert missing["ucp"]["status"] == "error"
    assert missing["messages"][0]["code"] == "not_found"


def test_a_cart_becomes_a_checkout_and_one_order(served: Served) -> None:
    variant = first_variant(served)
    cart = call(served, "create_cart", meta=META, cart={"line_items": [{"item": {"id": variant}, "quantity": 2}]})
    price = cart["line_items"][0]["item"]["price"]
    assert cart["totals"] == [{"type": "subtotal", "amount": 2 * price}, {"type": "total", "amount": 2 * price}]
    assert call(served, "get_cart", id=cart["id"]) == cart
    three = call(served, "update_cart", id=cart["id"], cart={"line_items": [{"item": {"id": variant}, "quantity": 3}]})
    assert three["totals"][-1]["amount"] == 3 * price
    checkout = call(served, "create_checkout", checkout={"cart_id": cart["id"], "line_items": []})
    assert (checkout["status"], checkout["line_items"]) == ("ready_for_complete", three["line_items"])
    done = call(served, "complete_checkout", id=checkout["id"], meta=META | {"idempotency-key": "1"}, checkout={})
    assert (done["status"], done["id"]) == ("completed", checkout["id"])
    assert done["order"]["id"].startswith("order_")
    assert "Nothing was paid" in done["messages"][0]["content"]
    assert call(served, "complete_checkout", id=checkout["id"]) == done


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("create_cart", {"cart": {"line_items": [{"item": {"id": "nothing"}}]}}, "not_found"),
        ("create_cart", {"cart": {"line_items": [{"item": {"id": LAMP}}]}}, "option_required"),
        ("create_cart", {"cart": {"line_items": [{"item": {"id": f"{LAMP}?color=white"}}]}}, "not_found"),
        ("create_cart", {"cart": {"line_items": [{"item": {"id": f"{LAMP}?color=white&style=round"}}]}}, "not_found"),
        ("create_checkout", {"checkout": {}}, "invalid"),
        ("create_checkout", {"checkout": {"cart_id": "none"}}, "not_found"),
        ("get_cart", {"id": "none"}, "not_found"),
        ("update_cart", {"id": "none", "cart": {"line_items": [{"item": {"id": LAMP}}]}}, "not_found"),
        ("complete_checkout", {"id": "none"}, "not_found"),
    ],
)
def test_what_cannot_be_is_answered_with_a_message(served: Served, name: str, given: dict[str, Any], code: str) -> None:
    found = call(served, name, **given)
    assert found["ucp"]["status"] == "error"
    assert [(each["type"], each["code"]) for each in found["messages"]] == [("error", code)]


def test_a_request_is_recommended_for_and_what_became_of_it_is_kept(served: Served) -> None:
    made = call(served, "recommend_products", request=REQUEST, k=3)
    assert 1 <= len(made["products"]) <= 3
    first = made["products"][0]
    assert first["recommendation"]["position"] == 1
    assert "lamp" in first["recommendation"]["why"]["met"]
    event = {"event_id": "e", "decision_id": made["decision_id"], "item_id": first["id"], "type": "purchase"}
    assert call(served, "send_feedback", events=[event])["results"] == [{"event_id": "e", "status": "accepted"}]
    kept = served.client.get(f"/v1/decisions/{made['decision_id']}").json()
    assert kept["feedback"][0]["type"] == "purchase"


def test_an_order_of_what_was_recommended_is_feedback(served: Served) -> None:
    made = call(served, "recommend_products", request=REQUEST, k=3)
    first = made["products"][0]
    line = {"item": {"id": first["variants"][0]["id"]}, "quantity": 2, "decision_id": made["decision_id"]}
    cart = call(served, "create_cart", cart={"line_items": [{"item": {"id": first_variant(served)}}, line]})
    assert cart["line_items"][1]["item"]["title"] == first["title"]
    checkout = call(served, "create_checkout", checkout={"cart_id": cart["id"]})
    feedback = f"/v1/decisions/{made['decision_id']}"
    assert served.client.get(feedback).json()["feedback"] == []
    done = [call(served, "complete_checkout", id=checkout["id"]) for _ in range(2)]
    assert done[0] == done[1]
    (kept,) = served.client.get(feedback).json()["feedback"]
    assert (kept["type"], kept["item_id"], kept["status"]) == ("purchase", first["id"], "accepted")
    assert kept["value"] == 2 * cart["line_items"][1]["item"]["price"] / 100


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("search_catalog", {"catalog": {}}, "query"),
        ("search_catalog", {"catalog": {"query": "x" * 100_000}}, "query"),
        ("lookup_catalog", {"catalog": {"ids": ["x"] * 1_000}}, "ids"),
        ("create_cart", {"cart": {"line_items": [{"item": {"id": "x"}, "quantity": 10**9}]}}, "quantity"),
        ("create_cart", {"cart": {"line_items": [{"item": {"id": "x"}, "decision_id": ""}]}}, "decision_id"),
        ("recommend_products", {"request": " "}, "request"),
        ("send_feedback", {"events": [{"event_id": "e"}]}, "events"),
    ],
)
def test_what_is_malformed_is_refused_by_name(served: Served, name: str, given: dict[str, Any], said: str) -> None:
    async def work(client: Client) -> Any:
        return await client.call_tool(name, given)

    found = called(served, work)
    assert found.is_error
    assert said in found.content[0].text
