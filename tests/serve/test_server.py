"""Every endpoint and error of the environment server, without a network."""

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

from fastapi.testclient import TestClient

from shoprl.serve.guard import MAX_MESSAGE
from shoprl.serve.server import create_app
from shoprl.serve.sessions import Limits, RemoteSession
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import MAX_ACTION
from shoprl.shop.splits import SplitName
from tests.support.clock import Clock
from tests.support.toyshop import EVERYTHING, toy_data

SEARCH = f"search[{EVERYTHING}]"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # TextBlob leaves its lexicon's files open
        yield


def serve(limits: Limits | None = None, seed: int | None = 0, clock: Clock | None = None) -> TestClient:
    app = create_app(toy_data(), limits, seed, clock or Clock(), hosts=["testserver"])
    return TestClient(app, raise_server_exceptions=False, headers=JSON)


@pytest.fixture
def server() -> TestClient:
    return serve()


def create(server: TestClient, **options: Any) -> str:
    response = server.post("/v1/sessions", json=options)
    assert response.status_code == 201, response.text
    return f"/v1/sessions/{response.json()['session']}"


def purchase(goal: int) -> tuple[str, ...]:
    return f"search[{toy_data().goals[goal].name}]", f"click[{toy_data().goals[goal].asin}]", "click[buy now]"


def failed(response: Any, status: int, error: str, *parts: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error", "message"}
    assert response.json()["error"] == error
    for part in parts:
        assert part in response.json()["message"]


def test_an_episode(server: TestClient) -> None:
    session = create(server, max_steps=7)
    env = WebShopEnv(toy_data(), max_steps=7)
    observation, info = env.reset(options={"goal": 3})
    answer = server.post(f"{session}/reset", json={"goal": 3}).json()
    assert answer == {
        "observation": observation,
        "reward": 0.0,
        "terminated": False,
        "truncated": False,
        "info": info,
    }
    for action in (SEARCH, "nonsense", "search[日本 № 5 \u2028]", *purchase(3)):
        response = server.post(f"{session}/step", json={"action": action})
        keys = ("observation", "reward", "terminated", "truncated", "info")
        assert response.json() == dict(zip(keys, env.step(action), strict=True))
        assert server.get(session).json() == {**response.json(), "rendered": None}
    assert response.json()["terminated"]
    assert type(response.json()["info"]["reward_components"]["r_price"]) is bool
    assert server.delete(session).status_code == 204
    failed(server.get(session), 404, "SessionNotFoundError", "expired")


def test_what_is_served(server: TestClient) -> None:
    create(server)
    answer = server.get("/v1/info").json()
    assert answer["hashes"] == toy_data().hashes()
    assert answer["goals"] == {name: len(toy_data().split.part(name)) for name in get_args(SplitName)}
    assert (answer["products"], answer["sessions"]) == (12, 1)
    assert answer["limits"] == vars(Limits())


@pytest.mark.parametrize("render_mode", [None, "ansi", "html"])
def test_the_page_is_rendered(server: TestClient, render_mode: str | None) -> None:
    session = create(server, observation_mode="url", render_mode=render_mode)
    env = WebShopEnv(toy_data(), "url", render_mode=render_mode)
    env.reset(options={"goal": 1})
    server.post(f"{session}/reset", json={"goal": 1})
    shown = server.get(session).json()
    assert shown["rendered"] == env.render()
    assert shown["observation"].startswith("http://")


def test_bodies_may_be_left_out(server: TestClient) -> None:
    response = server.post("/v1/sessions")
    assert response.status_code == 201
    session = f"/v1/sessions/{response.json()['session']}"
    assert server.post(f"{session}/reset").status_code == 200


# Seeds


def goals(server: TestClient, session: str, count: int = 8) -> list[int]:
    return [server.post(f"{session}/reset", json={}).json()["info"]["goal"] for _ in range(count)]


def local_goals(seed: int, count: int = 8) -> list[int]:
    env = WebShopEnv(toy_data())
    return [env.reset(seed=seed)[1]["goal"], *(env.reset()[1]["goal"] for _ in range(count - 1))]


def test_a_sessions_seed_fixes_its_goals(server: TestClient) -> None:
    assert goals(server, create(server, seed=4)) == local_goals(4)
    session = create(server, seed=4)
    server.post(f"{session}/reset", json={"seed": 5})
    assert goals(server, session, 7) == local_goals(5)[1:]


def test_sessions_without_a_seed_get_one_of_the_servers() -> None:
    drawn = [[serve.post("/v1/sessions").json()["seed"] for _ in range(3)] for serve in (serve(), serve())]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 3
    assert drawn[0][0] != serve(seed=1).post("/v1/sessions").json()["seed"]
    assert serve(seed=None).post("/v1/sessions").json() != serve(seed=None).post("/v1/sessions").json()
    server = serve()
    created = server.post("/v1/sessions").json()
    assert goals(server, f"/v1/sessions/{created['session']}") == local_goals(created["seed"])


# Errors


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"observation_mode": "pixels"}, "observation_mode"),
        ({"split": "validation"}, "split"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": "5"}, "max_steps"),
        ({"max_steps": 1.5}, "max_steps"),
        ({"render_mode": "human"}, "render_mode"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"data": "elsewhere"}, "data"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_bad_setups(server: TestClient, body: Any, what: str) -> None:
    failed(server.post("/v1/sessions", json=body), 422, "ConfigError", what)
    assert server.get("/v1/info").json()["sessions"] == 0


@pytest.mark.parametrize("goal", [-1, 35, 10**30, "3", 1.0, [1], True, {"a": 1}])
def test_bad_goals(server: TestClient, goal: Any) -> None:
    session = create(server)
    failed(server.post(f"{session}/reset", json={"goal": goal}), 422, "GoalError", "goal")
    failed(server.get(session), 409, "ResetNeeded")
    assert server.post(f"{session}/reset", json={"goal": 34}).status_code == 200


def test_unknown_fields_are_named_with_the_known_ones(server: TestClient) -> None:
    session = create(server)
    response = server.post(f"{session}/reset", json={"goals": 9})
    failed(response, 422, "ConfigError", "body: unknown 'goals'; known are 'seed', 'goal'")


@pytest.mark.parametrize("body", [{}, {"action": 3}, {"action": None}, {"action": "a", "more": 1}, ["a"]])
def test_bad_actions_change_nothing(server: TestClient, body: Any) -> None:
    session = create(server)
    before = server.post(f"{session}/reset", json={"goal": 0}).json()
    failed(server.post(f"{session}/step", json=body), 422, "ConfigError", "body")
    assert server.get(session).json()["observation"] == before["observation"]


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 50_000, b'{"action": ' + b"1" * 5_000 + b"}"])
def test_what_is_no_json(server: TestClient, content: bytes) -> None:
    session = create(server)
    response = server.post(f"{session}/step", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    failed(response, response.status_code, "BadRequest" if response.status_code == 400 else "ConfigError")


def test_half_a_surrogate_pair(server: TestClient) -> None:
    session = create(server, observation_mode="url")
    server.post(f"{session}/reset")
    headers = {"Content-Type": "application/json"}
    response = server.post(f"{session}/step", content=rb'{"action": "search[\ud800]"}', headers=headers)
    assert response.json()["observation"].endswith("/search_results/shoprl/?/1")
    response = server.post(f"{session}/step", content=rb'{"\ud800": 1, "action": ""}', headers=headers)
    failed(response, 422, "ConfigError", r"unknown '\ud800'; known are 'action'")


def test_a_step_before_reset_is_refused(server: TestClient) -> None:
    session = create(server)
    failed(server.post(f"{session}/step", json={"action": SEARCH}), 409, "ResetNeeded", "reset")
    failed(server.get(session), 409, "ResetNeeded", "Reset the session first")


@pytest.mark.parametrize("name", ["nobody", "a" * 5_000, "%00", "日本", "..%2f..%2finfo"])
def test_unknown_sessions(server: TestClient, name: str) -> None:
    for response in (
        server.get(f"/v1/sessions/{name}"),
        server.delete(f"/v1/sessions/{name}"),
        server.post(f"/v1/sessions/{name}/reset"),
        server.post(f"/v1/sessions/{name}/step", json={"action": SEARCH}),
    ):
        assert response.status_code == 404
        assert response.json()["error"] in ("SessionNotFoundError", "NotFound")


def test_unknown_addresses_and_methods(server: TestClient) -> None:
    failed(server.get("/"), 404, "NotFound", "/openapi.json")
    failed(server.get("/docs"), 404, "NotFound")
    failed(server.put("/v1/info"), 405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/info", "GET"),
        ("/v1/sessions", "POST"),
        ("/v1/sessions/any", "DELETE, GET"),
        ("/v1/sessions/any/step", "POST"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_every_right_one(server: TestClient, path: str, methods: str) -> None:
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "ANY"):
        response = server.request(method, path)
        failed(response, 405, "MethodNotAllowed")
        assert response.headers["allow"] == methods


def test_a_failure_of_the_server_tells_nothing(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    session = create(server)
    monkeypatch.setattr(RemoteSession, "reset", fail)
    response = server.post(f"{session}/reset")
    failed(response, 500, "InternalError", "its log")
    assert "secret" not in response.text


# Limits


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_big(chunked: bool) -> None:
    server = serve(Limits(max_body=2_000))
    session = create(server)
    server.post(f"{session}/reset")

    def sent(length: int) -> Any:
        body = json.dumps({"action": "x" * (length - len('{"action": ""}'))}).encode()
        content = iter([body[:1_000], body[1_000:]]) if chunked else body
        return server.post(f"{session}/step", content=content, headers={"Content-Type": "application/json"})

    assert sent(2_000).status_code == 200
    failed(sent(2_001), 413, "BodyTooLarge")


def test_the_longest_action_fits_and_a_longer_one_changes_nothing(server: TestClient) -> None:
    session = create(server, observation_mode="url")
    start = server.post(f"{session}/reset").json()["observation"]
    longest = "search[" + "\U0001f600" * (MAX_ACTION - 8) + "]"
    for action, same in (("search[" + "a" * MAX_ACTION + "]", True), (longest, False)):
        response = server.post(f"{session}/step", content=json.dumps({"action": action}), headers=JSON)
        assert response.status_code == 200
        assert (response.json()["observation"] == start) == same


def test_messages_are_short(server: TestClient) -> None:
    body = {"x" * 10_000: 1, **{f"field{i}": 1 for i in range(1_000)}}
    response = server.post("/v1/sessions", json=body)
    failed(response, 422, "ConfigError")
    assert len(response.json()["message"]) <= MAX_MESSAGE


def test_a_full_server_says_when_to_come_back() -> None:
    clock = Clock()
    server = serve(Limits(max_sessions=2, idle_seconds=30), clock=clock)
    sessions = [create(server) for _ in range(2)]
    clock.now += 9.5
    response = server.post("/v1/sessions")
    failed(response, 503, "TooManySessionsError", "2 sessions are open")
    assert response.headers["retry-after"] == "21"
    server.delete(sessions[0])
    create(server)


def test_one_client_cannot_take_all_sessions() -> None:
    limits = Limits(max_sessions=5, client_share=0.6)
    app = create_app(toy_data(), limits, clock=Clock(), hosts=["testserver"])
    greedy, other = (TestClient(app, headers=JSON, client=(f"192.0.2.{number}", 1)) for number in (1, 2))
    sessions = [create(greedy) for _ in range(3)]
    response = greedy.post("/v1/sessions")
    failed(response, 429, "TooManySessionsOfClientError", "3 sessions are open from this address")
    assert response.headers["retry-after"] == "900"
    create(other)
    greedy.delete(sessions[0])
    create(greedy)
    create(other)
    failed(other.post("/v1/sessions"), 503, "TooManySessionsError")


def test_an_idle_session_expires() -> None:
    clock = Clock()
    server = serve(Limits(idle_seconds=30), clock=clock)
    idle, used = create(server), create(server)
    for _ in range(2):
        clock.now += 20
        assert server.post(f"{used}/reset").status_code == 200
    failed(server.post(f"{idle}/reset"), 404, "SessionNotFoundError", "expired")
    assert server.get("/v1/info").json()["sessions"] == 1


# Many at once


def test_sessions_do_not_disturb_each_other() -> None:
    server = serve()

    def shop(goal: int) -> list[Any]:
        session = create(server)
        answers = [server.post(f"{session}/reset", json={"goal": goal})]
        answers += [server.post(f"{session}/step", json={"action": action}) for action in purchase(goal)]
        server.delete(session)
        return [(each.json()["observation"], each.json()["reward"]) for each in answers]

    with server, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(shop, range(35)))
        assert server.get("/v1/info").json()["sessions"] == 0
    assert found == [local_walk(goal) for goal in range(35)]
    assert all(answers[-1][1] > 0 for answers in found)


def local_walk(goal: int) -> list[Any]:
    env = WebShopEnv(toy_data())
    answers = [(env.reset(options={"goal": goal})[0], 0.0)]
    return answers + [env.step(action)[:2] for action in purchase(goal)]


def test_requests_on_one_session_are_taken_one_after_another() -> None:
    server = serve()
    session = create(server, max_steps=40)
    server.post(f"{session}/reset")
    with server, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.post(f"{session}/step", json={"action": SEARCH}).json(), range(40)))
    assert [answer["truncated"] for answer in answers].count(True) == 1


# The document


def test_the_openapi_document_describes_everything() -> None:
    document = serve(Limits(max_sessions=77, idle_seconds=55, max_body=99_999)).get("/openapi.json").json()
    for number in ("77", "55", "99999"):
        assert number in document["info"]["description"]
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    session = "/v1/sessions/{session}"
    assert set(operations) == {
        ("get", "/v1/info"),
        ("post", "/v1/sessions"),
        ("get", session),
        ("delete", session),
        ("post", f"{session}/reset"),
        ("post", f"{session}/step"),
    }
    step = operations["post", f"{session}/step"]
    anywhere = {"400", "403", "408", "413", "421", "431", "500", "501", "503"}
    assert set(step["responses"]) == anywhere | {"200", "404", "409", "415", "422"}
    assert set(operations["post", "/v1/sessions"]["responses"]) == anywhere | {"201", "415", "422", "429"}
    assert set(operations["get", "/v1/info"]["responses"]) == anywhere | {"200"}
    assert all(operation["description"] for operation in operations.values())
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert set(schemas["Failure"]["required"]) == {"error", "message"}
    assert "search[words]" in schemas["Action"]["properties"]["action"]["description"]
    assert schemas["NewSession"]["additionalProperties"] is False
    assert schemas["NewEpisode"]["properties"]["goal"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 34}


# Side effects


def test_the_environment_needs_no_web_framework() -> None:
    code = (
        "import sys, shoprl.shop, shoprl.shop.env, shoprl.shop.vector, shoprl.serve.client, shoprl.cli.env_server\n"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'httpx', 'httpx2', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
