import pytest

from tests.support.serving import Served


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fapp.py", "%2e%2e%2frendering.py", "app.css%00"])
def test_no_other_file_is_served(served: Served, name: str) -> None:
    assert served.client.get(f"/static/{name}").status_code == 404


def test_pages_are_no_part_of_the_documented_api(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    assert all(path.startswith(("/v1/", "/health", "/metrics")) for path in paths)


def test_an_unknown_address_below_a_page_is_a_page(served: Served) -> None:
    answer = served.client.get("/lists/d_nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such list." in answer.text
