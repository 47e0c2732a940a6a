"""The environment of a real server on this machine against one in this process."""

import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.passive_env_checker import env_render_passive_checker

from shoprl.errors import ConfigError, GoalError
from shoprl.serve.client import HEADERS, RemoteEnv
from shoprl.serve.sessions import (
    Limits,
    RemoteError,
    SessionNotFoundError,
    TooManySessionsError,
    TooManySessionsOfClientError,
)
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import MAX_ACTION
from tests.support.actions import SEARCH, choose
from tests.support.clock import Clock
from tests.support.served import served
from tests.support.toyshop import toy_data

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # TextBlob leaves its lexicon's files open
        yield


@pytest.fixture
def env(url: str) -> Iterator[RemoteEnv]:
    env = RemoteEnv(url)
    yield env
    env.close()


def sessions(url: str) -> int:
    env = RemoteEnv(url)  # one more
    env.close()
    return int(env.server["sessions"])


@pytest.mark.parametrize("options", [{}, {"observation_mode": "html", "split": "test"}, {"end_on_invalid": True}])
def test_it_equals_an_environment_in_this_process(url: str, options: dict[str, Any]) -> None:
    draw = np.random.default_rng(1)
    here, there = WebShopEnv(toy_data(), **options), RemoteEnv(url, **options)
    bought = 0
    for episode in range(15):
        seed, goal = (4, None) if episode == 0 else (None, {"goal": np.int64(episode)} if episode % 3 == 0 else None)
        observation, info = here.reset(seed=seed, options=goal)
        assert there.reset(seed=seed, options=goal) == (observation, info)
        ended = False
        while not ended:
            action = choose(draw, info["available_actions"]["clickables"])
            result = here.step(action)
            assert there.step(action) == result
            assert there.observation_space.contains(result[0])
            ended, info = result[2] or result[3], result[4]
            bought += "reward_components" in info
    assert bought > 2
    there.close()


@pytest.mark.parametrize("render_mode", [None, "ansi", "html"])
def test_gymnasiums_checks_pass(url: str, render_mode: str | None) -> None:
    env = RemoteEnv(url, render_mode=render_mode)
    assert env.render() is None
    check_env(env, skip_render_check=True)  # that check makes another one from a spec
    if render_mode:
        env_render_passive_checker(env)  # type: ignore[no-untyped-call]
    local = WebShopEnv(toy_data(), render_mode=render_mode)
    for each in (env, local):
        each.reset(options={"goal": 2})
        each.step(SEARCH)
    assert env.render() == local.render()
    env.close()


def test_its_spaces_and_settings_are_those_of_an_environment(env: RemoteEnv) -> None:
    local = WebShopEnv(toy_data())
    assert (env.observation_space, env.action_space) == (local.observation_space, local.action_space)
    assert (env.metadata, env.max_steps, env.observation_mode) == (local.metadata, 15, "text_rich")
    assert env.server["hashes"] == toy_data().hashes()


def test_environments_run_side_by_side(url: str) -> None:
    envs = gymnasium.vector.SyncVectorEnv([lambda: RemoteEnv(url)] * 3)
    local = gymnasium.vector.SyncVectorEnv([lambda: WebShopEnv(toy_data())] * 3)
    assert envs.reset(seed=1)[0] == local.reset(seed=1)[0]
    assert envs.step((SEARCH,) * 3)[0] == local.step((SEARCH,) * 3)[0]
    envs.close()


def test_shoppers_in_threads(url: str) -> None:
    def shop(seed: int) -> list[str]:
        env = RemoteEnv(url)
        seen = [env.reset(seed=seed)[0], *(env.step(action)[0] for action in (SEARCH, "click[next >]") * 3)]
        env.close()
        return seen

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(shop, range(12)))
    local = WebShopEnv(toy_data())
    for seed, seen in enumerate(found):
        assert seen == [local.reset(seed=seed)[0], *(local.step(a)[0] for a in (SEARCH, "click[next >]") * 3)]


def test_the_connection_is_kept(env: RemoteEnv) -> None:
    env.reset(seed=0)
    pool = env._http._transport._pool  # type: ignore[attr-defined]
    connection = pool.connections[0]
    for _ in range(5):
        env.step(SEARCH)
    assert pool.connections == [connection]


@pytest.mark.parametrize("action", ["search[" + "a" * MAX_ACTION + "]", "x" * 10**6, "\ud800", "", "日本\u2028\x00"])
def test_any_text_is_an_action(env: RemoteEnv, action: str) -> None:
    start, _ = env.reset(seed=0)
    assert env.step(action)[:4] == (start, 0.0, False, False)


# Ends


def test_closing_closes_the_session_and_may_be_repeated(url: str) -> None:
    before = sessions(url)
    env = RemoteEnv(url)
    assert sessions(url) == before + 1
    env.close()
    env.close()
    assert sessions(url) == before
    for call in (env.reset, lambda: env.step(SEARCH)):
        with pytest.raises(gymnasium.error.ClosedEnvironmentError):
            call()


def test_a_step_before_reset_is_refused(env: RemoteEnv) -> None:
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(SEARCH)


def test_after_its_session_expired_a_seed_or_a_goal_starts_anew() -> None:
    clock = Clock()
    with served(clock=clock) as url:
        env = RemoteEnv(url)
        env.reset(seed=1)
        clock.now += 1_000
        with pytest.raises(SessionNotFoundError, match="expired"):
            env.step(SEARCH)
        with pytest.raises(SessionNotFoundError, match=r"Call reset\(seed=\.\.\.\)"):
            env.reset()
        local = WebShopEnv(toy_data())
        assert env.reset(seed=3) == local.reset(seed=3)
        assert env.reset() == local.reset()
        clock.now += 1_000
        assert env.reset(options={"goal": 5}) == local.reset(options={"goal": 5})
        assert env.step(SEARCH) == local.step(SEARCH)
        env.close()


def test_a_full_server() -> None:
    with served(Limits(max_sessions=1)) as url:
        env = RemoteEnv(url)
        with pytest.raises(TooManySessionsError, match="1 sessions are open"):
            RemoteEnv(url)
        env.close()
        RemoteEnv(url).close()


def test_a_client_with_its_share() -> None:
    with served(Limits(max_sessions=4, client_share=0.5)) as url:
        envs = [RemoteEnv(url) for _ in range(2)]
        with pytest.raises(TooManySessionsOfClientError, match="2 sessions are open from this address"):
            RemoteEnv(url)
        for env in envs:
            env.close()


# Errors


def test_a_name_that_the_server_does_not_know_is_told_with_the_option(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HEADERS, "Host", "gpu-box")
    with pytest.raises(RemoteError, match=r"HostNotAllowed\. Host .*gpu-box.*`--allowed-hosts gpu-box`"):
        RemoteEnv(url)


@pytest.mark.parametrize(
    "options",
    [
        {"observation_mode": "pixels"},
        {"split": "validation"},
        {"max_steps": 0},
        {"render_mode": "human"},
        {"end_on_invalid": "yes"},
    ],
)
def test_bad_options_fail_at_once(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        RemoteEnv(url, **options)


@pytest.mark.parametrize("goal", [-1, 35, 10**9, "3", 1.0, [1], object()])
def test_a_goal_that_does_not_exist_is_named(env: RemoteEnv, goal: Any) -> None:
    with pytest.raises(GoalError, match="goal"):
        env.reset(options={"goal": goal})


def test_an_unknown_reset_option_is_named(env: RemoteEnv) -> None:
    with pytest.raises(ConfigError, match=r"reset options 'goals': unknown\. Known are 'goal'\."):
        env.reset(options={"goals": 9})


def test_a_bad_seed_is_gymnasiums_error(env: RemoteEnv) -> None:
    with pytest.raises(gymnasium.error.Error, match="Seed"):
        env.reset(seed=-1)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "127.0.0.1:8700", "ftp://127.0.0.1", "http://[", ""])
def test_no_server(address: str) -> None:
    with pytest.raises(RemoteError, match="Is `shoprl env-server` running there"):
        RemoteEnv(address, timeout=5)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b""), (200, b"[]"), (500, b"{}"), (404, b'{"detail": 1}'), (302, b"")]
)
def test_something_else_that_answers(status: int, body: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(RemoteError, match="Is it an environment server"):
                RemoteEnv(f"http://127.0.0.1:{other.server_port}")
        finally:
            other.shutdown()
            thread.join(30)


def test_a_server_that_goes_away() -> None:
    with served() as url:
        env = RemoteEnv(url)
        env.reset(seed=0)
    with pytest.raises(RemoteError):
        env.step(SEARCH)
    env.close()
