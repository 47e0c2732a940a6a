"""The OpenEnv server, asked by OpenEnv's own client over a WebSocket."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("openenv", reason="needs the extra openenv, in an environment of its own: make test-openenv")

import requests
import uvicorn
from fastapi.testclient import TestClient
from openenv.core.generic_client import GenericEnvClient
from starlette.websockets import WebSocketDisconnect

from shoprl.cli.env_server import listen
from shoprl.compat.openenv import MOST_TASKS, ShopAction, ShopEnvironment, create_openenv_app
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.env import WebShopEnv
from tests.support.served import wait_for
from tests.support.toyshop import EVERYTHING, toy_data

SEARCH = f"search[{EVERYTHING}]"


@contextmanager
def serving(**options: Any) -> Iterator[str]:
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(create_openenv_app(toy_data(), **options), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def purchase(goal: int) -> tuple[str, ...]:
    wanted = toy_data().goals[goal]
    chosen = [f"click[{value}]" for value in wanted.option_values]
    return SEARCH, "no action", f"search[{wanted.name}]", f"click[{wanted.asin}]", *chosen, "click[Buy Now]"


@pytest.mark.parametrize(("split", "index"), [("train", 0), ("test", 1), ("eval", 2)])
def test_an_episode(url: str, split: Any, index: int) -> None:
    goal = toy_data().split.part(split)[index]
    env = WebShopEnv(toy_data(), split=split)
    text, info = env.reset(options={"goal": goal})
    with GenericEnvClient(base_url=url).sync() as client:
        result = client.reset(split=split, index=index, episode_id="mine")
        assert (result.observation["text"], result.reward, result.done) == (text, 0.0, False)
        assert result.observation["available_actions"] == info["available_actions"]
        assert result.observation["metadata"] == {"goal": goal, "truncated": False}
        for action in purchase(goal):
            text, reward, terminated, _, info = env.step(action)
            result = client.step({"action": action})
            assert (result.observation["text"], result.reward, result.done) == (text, reward, terminated)
            assert result.observation["available_actions"] == info["available_actions"]
        assert result.done
        assert result.reward == 1.0
        assert result.observation["metadata"]["reward_components"] == info["reward_components"]
        state = client.state()
        assert state == {
            "episode_id": "mine", "step_count": len(purchase(goal)), "split": split, "task": index,
        }  # fmt: skip
        with pytest.raises(Exception, match="Reset the environment first"):
            client.step({"action": SEARCH})


def test_seeds_give_the_goals_of_the_environment(url: str) -> None:
    env = WebShopEnv(toy_data(), split="test")
    with GenericEnvClient(base_url=url).sync() as client:
        drawn = [client.reset(seed=seed, split="test").observation["metadata"]["goal"] for seed in (5, None, None)]
    assert drawn == [env.reset(seed=seed)[1]["goal"] for seed in (5, None, None)]


def test_sessions_are_apart(url: str) -> None:
    with GenericEnvClient(base_url=url).sync() as one, GenericEnvClient(base_url=url).sync() as other:
        first = one.reset(split="train", index=0).observation["text"]
        other.reset(split="train", index=1)
        other.step({"action": SEARCH})
        assert one.step({"action": "no action"}).observation["text"] == first


def test_an_episode_is_cut() -> None:
    env = ShopEnvironment(toy_data(), max_steps=2)
    env.reset(index=0)
    env.step(ShopAction(action=SEARCH))
    cut = env.step(ShopAction(action=SEARCH))
    assert (cut.done, cut.reward, cut.metadata["truncated"]) == (True, 0.0, True)
    with pytest.raises(Exception, match="Reset the environment first"):
        env.step(ShopAction(action=SEARCH))
    assert not env.reset(index=0).done


def test_a_reset_that_fails_leaves_the_split_as_it_was(url: str) -> None:
    train = set(toy_data().split.train)
    with GenericEnvClient(base_url=url).sync() as client:
        client.reset(split="train", seed=0)
        with pytest.raises(Exception, match="episode_id"):
            client.reset(split="test", episode_id=7)
        assert client.state()["split"] == "train"
        drawn = {client.reset(split="train").observation["metadata"]["goal"] for _ in range(6)}
    assert drawn <= train


def test_tasks(url: str) -> None:
    data = toy_data()
    assert requests.get(f"{url}/list_environments", timeout=30).json() == ["webshop"]
    splits = requests.get(f"{url}/webshop/splits", timeout=30).json()
    assert [(each["name"], each["type"]) for each in splits] == [
        ("train", "train"), ("eval", "validation"), ("test", "test")
    ]  # fmt: skip

    def ask(path: str, **fields: Any) -> Any:
        return requests.post(f"{url}/webshop/{path}", json=fields, timeout=30).json()

    count = ask("num_tasks", split="test")["num_tasks"]
    assert count == len(data.split.test)
    goal = data.split.test[1]
    task = {
        "id": "test-1", "split": "test", "index": 1, "goal": goal, "instruction": data.goals[goal].instruction,
    }  # fmt: skip
    assert ask("task", split="test", index=1) == {"task": task}
    assert ask("task_range", split="test", start=1, stop=2) == {"tasks": [task]}
    assert [each["index"] for each in ask("tasks", split="test")["tasks"]] == list(range(count))
    assert ask("task", split="test", index=count) == {"detail": "Invalid task index"}
    assert ask("num_tasks", split="dev")["error"] == "ConfigError"


def test_no_answer_holds_tasks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.compat.openenv.MOST_TASKS", 3)
    assert MOST_TASKS == 1_000
    assert len(ShopEnvironment(toy_data()).get_task_range("train", 1)) == 3


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"split": "dev"}, ConfigError, "split 'dev': use one of"),
        ({"split": ["test"]}, ConfigError, "split"),
        ({"index": 10_000}, GoalError, "split 'train' has tasks from 0 to"),
        ({"index": -1}, GoalError, "index -1"),
        ({"index": "1"}, GoalError, "index '1'"),
        ({"index": True}, GoalError, "index True"),
        ({"task": 1}, ConfigError, "reset task: unknown"),
        ({"episode_id": 7}, ConfigError, "episode_id '7': must be a text"),
    ],
)
def test_a_wrong_reset_is_named(url: str, options: dict[str, Any], error: type[Exception], part: str) -> None:
    with pytest.raises(error, match=part):
        ShopEnvironment(toy_data()).reset(**options)
    with GenericEnvClient(base_url=url).sync() as client, pytest.raises(Exception, match=part):
        client.reset(**options)


@pytest.mark.parametrize("options", [{"max_sessions": 0}, {"idle_seconds": 0}, {"max_steps": 0}, {"hosts": ["a:1"]}])
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options)).replace("hosts", "allowed_hosts")):
        create_openenv_app(toy_data(), **options)


def test_an_idle_session_loses_its_place_and_cannot_go_on() -> None:
    with serving(max_sessions=1, idle_seconds=1) as url, GenericEnvClient(base_url=url).sync() as idle:
        idle.reset(index=0)
        with GenericEnvClient(base_url=url).sync() as other, pytest.raises(Exception, match="CAPACITY_REACHED"):
            other.reset(index=0)
        end = time.monotonic() + 30
        while True:  # the library looks every five seconds at the earliest
            try:
                with GenericEnvClient(base_url=url).sync() as other:
                    assert other.reset(index=1).observation["text"]
                break
            except Exception:
                assert time.monotonic() < end
                time.sleep(0.5)
        with pytest.raises(Exception, match="idle for too long"):
            idle.step({"action": SEARCH})
        with pytest.raises(Exception, match="idle for too long"):
            idle.reset(index=0)


def test_no_session_is_joined_by_another_connection() -> None:
    client = TestClient(create_openenv_app(toy_data(), hosts=["testserver"]))
    create = {"jsonrpc": "2.0", "method": "openenv/session/create", "id": 1, "params": {}}
    assert client.post("/mcp", json=create).status_code == 404
    with client.websocket_connect("/ws") as mine:
        mine.send_json({"type": "mcp", "data": create})
        name = mine.receive_json()["data"]["result"]["session_id"]
        mine.send_json({"type": "reset", "data": {"index": 3}})
        mine.receive_json()
        with client.websocket_connect(f"/ws?session_id={name}") as other:
            other.send_json({"type": "state"})
            assert other.receive_json()["data"]["task"] is None  # not the one of task 3


def test_web_pages_elsewhere_and_long_messages_are_refused() -> None:
    client = TestClient(create_openenv_app(toy_data(), hosts=["testserver"]))
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws", headers=headers):
            pass
        assert refused.value.code == 1008
        assert client.post("/reset", json={}, headers=headers).status_code in (403, 421)
    with client.websocket_connect("/ws") as socket:
        socket.send_text(json.dumps({"type": "reset", "data": {"index": 0}}))
        assert socket.receive_json()["type"] == "observation"
        socket.send_text("x" * 200_000)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
        assert ended.value.code == 1009
    assert client.post("/reset", content=b"x" * 200_000).status_code == 413


def test_requests_without_a_session(url: str) -> None:
    assert requests.get(f"{url}/health", timeout=30).json() == {"status": "healthy"}
    assert requests.get(f"{url}/metadata", timeout=30).json()["name"] == "webshop"
    assert "available_actions" in json.dumps(requests.get(f"{url}/schema", timeout=30).json()["observation"])
    first = requests.post(f"{url}/reset", json={"index": 0, "split": "test"}, timeout=30).json()
    assert first["observation"]["text"].startswith("WebShop")
    alone = requests.post(f"{url}/step", json={"action": {"action": SEARCH}}, timeout=30)
    assert (alone.status_code, alone.json()["error"]) == (409, "ResetNeeded")
