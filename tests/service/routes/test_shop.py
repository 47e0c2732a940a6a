import pytest

from tests.support.serving import Served


def test_a_product_by_its_id(served: Served) -> None:
    found = served.client.get("/v1/products/B0LAMP0002").json()
    assert (found["title"], found["price"], found["price_shown"]) == ("Harbor Brass Reading Lamp", 64.0, "$64.0")
    assert found["options"] == {"color": ["antique brass", "white"], "style": ["short", "tall", "dimmable"]}
    assert found["categories"] == ["garden", "table lamps", "Home & Kitchen", "Lighting", "Table Lamps"]


@pytest.mark.parametrize("name", ["B0", "%2E%2E/x", "<script>", "x" * 900])
def test_unknown_products_are_named(served: Served, name: str) -> None:
    found = served.client.get(f"/v1/products/{name}")
    assert (found.status_code, found.json()["code"]) == (404, "not_found")


def test_the_shops_search_in_pages(served: Served) -> None:
    first = served.client.get("/v1/search", params={"q": "toymart", "limit": 8}).json()
    second = served.client.get("/v1/search", params={"q": "toymart", "limit": 8, "cursor": first["next_cursor"]}).json()
    found = first["results"] + second["results"]
    assert second["next_cursor"] is None
    assert [each["position"] for each in found] == list(range(1, 13))
    assert [each["id"] for each in found] == list(served.service.shop.search.find("toymart"))


def test_a_hybrid_search_is_the_workers(served: Served) -> None:
    served.service.__dict__["hybrid"] = True
    found = served.client.get("/v1/search", params={"q": "brass lamp"}).json()
    assert found["results"][0]["id"] == "B0LAMP0002"
    served.workers.busy = True
    assert served.client.get("/v1/search", params={"q": "brass lamp"}).status_code == 503


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x", "cursor": "abc"}, {"q": "x", "limit": 0}])
def test_wrong_queries_are_named(served: Served, query: dict[str, str]) -> None:
    assert served.client.get("/v1/search", params=query).json()["code"] == "invalid"
