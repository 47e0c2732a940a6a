import time

import pytest

from shoprl.service.database import writing
from shoprl.service.demonstrations import consent_version
from shoprl.service.keys import Scope, make_key, revoke
from tests.support.pages import Pages
from tests.support.serving import Served


def key_of(served: Served, *scopes: Scope) -> str:
    with writing(served.service.engine) as connection:
        _, sent = make_key(connection, "somebody", scopes, time.time())
    served.service.keys._any = (-10.0, False)
    return sent


@pytest.fixture
def pages(served: Served) -> Pages:
    return Pages(served)


def test_without_keys_nobody_signs_in(pages: Pages) -> None:
    assert pages.open("/watch").status == 200
    assert "Sign out" not in pages.text()


def test_where_there_are_keys_a_page_asks_for_one(served: Served, pages: Pages) -> None:
    sent = key_of(served, "recommend", "feedback")
    pages.open("/compare")
    assert (pages.address, pages.status) == ("/sign-in", 200)
    pages.submit("/sign-in", key="shoprl_wrong")
    assert (pages.status, "unknown or revoked" in pages.text()) == (401, True)
    pages.submit("/sign-in", key=sent)
    assert (pages.address, pages.status) == ("/compare", 200)
    assert [link.get_text() for link in pages.soup.nav.find_all("a")] == ["Ask", "Shop", "Compare"]
    assert pages.ask(k="2").status == 200
    assert pages.open("/watch").status == 403
    assert pages.open("/").submit("/sign-out").address == "/sign-in"
    assert pages.open("/shop").address == "/sign-in"


def test_an_administrator_may_watch(served: Served, pages: Pages) -> None:
    sent = key_of(served, "admin")
    pages.open("/watch").submit("/sign-in", key=sent)
    assert (pages.address, pages.status) == ("/watch", 200)
    assert pages.soup.find("a", href="/watch") is not None


def test_a_revoked_key_signs_out(served: Served, pages: Pages) -> None:
    sent = key_of(served, "recommend")
    pages.open("/").submit("/sign-in", key=sent)
    with writing(served.service.engine) as connection:
        revoke(connection, sent.split("_")[1], time.time())
    served.service.keys._known.clear()
    assert pages.open("/").address == "/sign-in"


def test_the_key_is_where_no_script_sees_it(served: Served) -> None:
    sent = key_of(served, "recommend")
    answer = served.client.post("/sign-in", data={"key": sent, "next": "/"}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # http
    secure = served.client.post("https://localhost:8000/sign-in", data={"key": sent}, follow_redirects=False)
    assert "Secure" in secure.headers["set-cookie"]


def test_the_key_is_safe_behind_a_proxy_with_tls(served: Served) -> None:
    sent = key_of(served, "recommend")
    headers = {"Origin": "https://localhost:8000"}
    answer = served.client.post("/sign-in", data={"key": sent}, headers=headers, follow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_key_without_feedback_sees_no_buttons_for_it(served: Served, pages: Pages) -> None:
    sent = key_of(served, "recommend")
    pages.open("/").submit("/sign-in", key=sent).ask(k="2")
    assert (len(pages.soup.select("ol.cards > li")), pages.soup.select("form.feedback")) == (2, [])
    pages.open("/compare").submit("/compare", request="toymart brass lamp")
    assert pages.soup.find("button", attrs={"name": "preferred"}) is None


def test_a_key_that_opens_no_page_can_be_taken_back(served: Served, pages: Pages) -> None:
    sent = key_of(served, "feedback")
    pages.open("/").submit("/sign-in", key=sent)
    assert pages.status == 403
    assert pages.soup.find("a", href="/watch") is None
    assert pages.submit("/sign-out").address == "/sign-in"


def test_a_cookie_is_no_key_of_the_api(served: Served, pages: Pages) -> None:
    sent = key_of(served, "admin")
    pages.open("/").submit("/sign-in", key=sent)
    assert served.client.get("/v1/policies").status_code == 401


@pytest.mark.parametrize(
    "next_", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/\n/x", "///x", "//[", "http://[x"]
)
def test_signing_in_leads_nowhere_else(served: Served, next_: str) -> None:
    sent = key_of(served, "recommend")
    answer = served.client.post("/sign-in", data={"key": sent, "next": next_}, follow_redirects=False)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json"}, 415),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
@pytest.mark.parametrize("address", ["/ask", "/shop", "/compare", "/sign-out"])
def test_only_our_own_forms_are_taken(served: Served, headers: dict[str, str], status: int, address: str) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    version = consent_version(served.service.consent)
    body = f"request=toymart+brass+lamp&kind=own&consent=yes&version={version}"
    assert served.client.post(address, content=body, headers=kind | headers).status_code == status


@pytest.mark.parametrize("body", [b"request=%ff", b"\xff", b"&".join([b"a=b"] * 1_001)])
def test_a_form_that_cannot_be_read_is_refused(served: Served, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert served.client.post("/ask", content=body, headers=headers).status_code == 400


def test_a_body_that_is_too_long_is_refused(served: Served) -> None:
    assert served.client.post("/ask", data={"request": "x" * 1_000_001}).status_code == 413


def test_visitors_have_a_rate(served: Served, pages: Pages) -> None:
    served.service.rates._rate = served.service.rates._most = 0.5
    statuses = [pages.open("/").status for _ in range(3)]
    assert statuses[-1] == 429
    assert "Wait as Retry-After says" in pages.text()
