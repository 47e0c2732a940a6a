import re

import pytest

from shoprl.service.web.rendering import STATIC, static_file
from tests.support.pages import Pages
from tests.support.serving import Served

PAGES = ("/", "/shop", "/compare", "/watch", "/sign-in", "/lists/nothing", "/shop/NOTHING")


@pytest.mark.parametrize("address", PAGES)
def test_a_page_runs_nothing_but_our_own_script(served: Served, address: str) -> None:
    pages = Pages(served).open(address)
    policy = dict(part.strip().split(" ", 1) for part in pages.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert pages.headers["x-content-type-options"] == "nosniff"
    assert pages.headers["referrer-policy"] == "same-origin"
    assert pages.headers["cache-control"] == "no-store"
    assert [each["src"].split("?")[0] for each in pages.soup.find_all("script")] == ["/static/app.js"]
    assert pages.soup.find_all("style") == []
    assert not re.search(r"\s(?:style|on\w+)=", pages.html)
    elsewhere = [each for each in pages.soup.find_all(src=True) + pages.soup.find_all("link") if "//" in str(each)]
    assert elsewhere == []


@pytest.mark.parametrize("address", PAGES)
def test_a_page_says_what_it_is_and_begins_with_a_way_past_the_menu(served: Served, address: str) -> None:
    pages = Pages(served).open(address)
    assert pages.soup.html["lang"] == "en"
    assert pages.soup.title.get_text().endswith("· ShopRL")
    assert pages.soup.body.a["href"] == "#main"
    assert len(pages.soup.find_all("h1")) == 1


@pytest.mark.parametrize("name", STATIC)
def test_a_file_is_served_for_good_under_its_digest(served: Served, name: str) -> None:
    content, media, digest = static_file(name)
    answer = served.client.get(f"/static/{name}?v={digest}")
    assert answer.content == content
    assert answer.headers["content-type"].split(";")[0] == media
    assert "immutable" in answer.headers["cache-control"]
