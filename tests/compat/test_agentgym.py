"""The requests of AgentGym's client for WebShop, in its order, to a real server and without a network."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

import requests
from fastapi.testclient import TestClient

from shoprl.compat.agentgym import ID_BITS
from shoprl.compat.env_server import create_compatible_app
from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.serve.sessions import Limits
from tests.support.clock import Clock
from tests.support.served import served
from tests.support.toyshop import EVERYTHING, toy_data

SEARCH = f"search[{EVERYTHING}]"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with served() as url:
        yield f"{url}/agentgym"


def opened(base: str) -> int:
    """What the client sends first: a POST without body and content type."""
    response = requests.post(f"{base}/create", timeout=30)
    assert response.status_code == 200, response.text
    name = response.json()
    assert isinstance(name, int)
    return name


def post(base: str, path: str, **fields: Any) -> Any:
    response = requests.post(f"{base}/{path}", json=fields, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def get(base: str, path: str, env: int) -> Any:
    response = requests.get(f"{base}/{path}?env_idx={env}", timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def test_an_episode_as_the_client_plays_it(base: str) -> None:
    env, name = WebAgentTextEnv("text", toy_data()), opened(base)
    for goal in (3, 0):  # the client resets the same environment for each task
        answer = post(base, "reset", session_id=goal, env_idx=name)
        assert answer == [env.reset(goal)[0], None]
        assert get(base, "observation", name) == env.observation  # what its reset shows the agent
        wanted = toy_data().goals[goal]
        for action in (SEARCH, "no action", "click[nothing]", f"search[{wanted.name}]", f"click[{wanted.asin}]"):
            state, reward, done, _ = env.step(action)
            answer = post(base, "step", action=action, env_idx=name)
            assert answer == {"state": state, "reward": reward, "done": done, "info": None}
            assert get(base, "available_actions", name) == env.get_available_actions()
        before = get(base, "observation", name)  # a text that is no action never leaves the client: it observes again
        assert "Invalid Action.\n\n" + before == "Invalid Action.\n\n" + env.observation
        assert get(base, "instruction_text", name) == env.get_instruction_text()
        assert get(base, "state", name)["instruction_text"] == env.state["instruction_text"]
        bought = post(base, "step", action="click[Buy Now]", env_idx=name)
        assert bought["done"]
        assert bought["reward"] == env.step("click[Buy Now]")[1] > 0
    assert post(base, "close", env_idx=name) == {"closed": True}
    assert post(base, "close", env_idx=name) == {"closed": False}
    gone = requests.post(f"{base}/step", json={"action": SEARCH, "env_idx": name}, timeout=30)
    assert (gone.status_code, gone.json()["error"]) == (404, "SessionNotFoundError")


def test_the_server_answers_that_it_runs(base: str) -> None:
    assert requests.get(f"{base}/", timeout=30).json() == "ok"


def local(limits: Limits | None = None, clock: Clock | None = None, address: str = "192.0.2.1") -> TestClient:
    app = create_compatible_app(toy_data(), limits, 0, clock or Clock(), hosts=["testserver"])
    return TestClient(app, client=(address, 1), raise_server_exceptions=False)


def test_an_episode_is_there_before_the_first_reset_and_goals_are_drawn() -> None:
    server = local()
    names = [server.post("/agentgym/create").json() for _ in range(8)]
    first = [server.get(f"/agentgym/observation?env_idx={name}").json() for name in names]
    assert all(each.startswith("WebShop [SEP] Instruction: [SEP] ") for each in first)
    assert len(set(first)) > 1
    drawn = server.post("/agentgym/reset", json={"env_idx": names[0]}).json()[0]
    assert drawn.split(" [SEP] ")[2] in {goal.instruction for goal in toy_data().goals}
    again = local()
    assert again.get(f"/agentgym/observation?env_idx={again.post('/agentgym/create').json()}").json() == first[0]


def test_names_are_random_and_one_client_does_not_learn_those_of_another() -> None:
    server = local()
    names = [server.post("/agentgym/create").json() for _ in range(20)]
    assert server.get("/agentgym/list_envs").json() == names
    assert 2 ** (ID_BITS - 6) < max(names) < 2**ID_BITS
    assert len(set(names)) == 20
    assert names != sorted(names)
    other = TestClient(server.app, client=("192.0.2.2", 1))
    assert other.get("/agentgym/list_envs").json() == []


def test_a_name_that_is_drawn_twice_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = local()
    draws = iter([7, 7, 8])
    monkeypatch.setattr("shoprl.compat.agentgym.secrets.randbits", lambda bits: next(draws))
    assert [server.post("/agentgym/create").json() for _ in range(2)] == [7, 8]


def test_environments_count_among_all_sessions_and_expire() -> None:
    clock = Clock()
    server = local(Limits(2, idle_seconds=10, client_share=1), clock)
    name = server.post("/agentgym/create").json()
    session = server.post("/v1/sessions", headers={"Content-Type": "application/json"}).json()["session"]
    full = server.post("/agentgym/create")
    assert (full.status_code, full.json()["error"]) == (503, "TooManySessionsError")
    assert server.get(f"/agentgym/observation?env_idx={name}").status_code == 200
    assert server.get(f"/v1/sessions/{name}").status_code == 404  # of the other kind
    assert server.delete(f"/v1/sessions/{name}").status_code == 404
    assert server.delete(f"/v1/sessions/{session}").status_code == 204
    clock.now += 10
    assert server.get(f"/agentgym/observation?env_idx={name}").status_code == 404
    assert server.get("/agentgym/list_envs").json() == []


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("reset", {"env_idx": 5}, 404, "SessionNotFoundError"),
        ("reset", {"session_id": 5}, 422, "ConfigError"),
        ("reset", {"env_idx": "five"}, 422, "ConfigError"),
        ("step", {"env_idx": 5}, 422, "ConfigError"),
        ("step", {"env_idx": 5, "action": "x" * 200_000}, 413, "BodyTooLarge"),
        ("close", {}, 422, "ConfigError"),
    ],
)
def test_a_wrong_request_is_named(path: str, body: dict[str, Any], status: int, error: str) -> None:
    answer = local().post(f"/agentgym/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_goal_that_does_not_exist_changes_nothing() -> None:
    server = local()
    name = server.post("/agentgym/create").json()
    before = server.get(f"/agentgym/observation?env_idx={name}").json()
    for goal in (-1, len(toy_data().goals)):
        answer = server.post("/agentgym/reset", json={"env_idx": name, "session_id": goal})
        assert (answer.status_code, answer.json()["error"]) == (422, "GoalError")
    assert server.get(f"/agentgym/observation?env_idx={name}").json() == before


def test_a_web_page_elsewhere_opens_nothing() -> None:
    server = local()
    answer = server.post("/agentgym/create", headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error"]) == (403, "OriginNotAllowed")
    plain = server.post("/agentgym/step", content="{}", headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["error"]) == (415, "UnsupportedMediaType")
    assert server.get("/agentgym/list_envs").json() == []
    assert server.post("/agentgym/create", content=b"x" * 200_000).status_code == 413


def test_half_a_surrogate_pair_in_an_action() -> None:
    server = local()
    name = server.post("/agentgym/create").json()
    body = f'{{"env_idx": {name}, "action": "search[\\ud800]"}}'
    assert server.post("/agentgym/step", content=body, headers={"Content-Type": "application/json"}).status_code == 200


def test_a_long_episode_keeps_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[WebAgentTextEnv] = []

    class Kept(WebAgentTextEnv):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr("shoprl.compat.agentgym.WebAgentTextEnv", Kept)
    server, rng = local(), random.Random(0)
    name = server.post("/agentgym/create").json()
    for _ in range(30):
        server.post("/agentgym/step", json={"env_idx": name, "action": rng.choice([SEARCH, "click[next >]", "no"])})
    assert made[0].prev_obs == made[0].prev_actions == []
