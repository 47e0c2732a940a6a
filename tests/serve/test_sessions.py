import gc
import threading
import time
import weakref
from dataclasses import fields

import gymnasium
import pytest

from shoprl.errors import ConfigError
from shoprl.serve.sessions import (
    Limits,
    RemoteSession,
    SessionNotFoundError,
    SessionTable,
    TooManySessionsError,
    TooManySessionsOfClientError,
    client_of,
)
from shoprl.shop.env import WebShopEnv
from tests.support.clock import Clock
from tests.support.toyshop import toy_data


def session(seed: int = 0) -> RemoteSession:
    return RemoteSession(WebShopEnv(toy_data(), render_mode="ansi"), seed)


def table(clock: Clock | None = None, max_sessions: int = 3, idle_seconds: float = 10.0) -> SessionTable:
    return SessionTable(Limits(max_sessions, idle_seconds, client_share=1), clock or Clock())


def test_names_are_long_and_differ() -> None:
    sessions = table(max_sessions=200)
    names = {sessions.add(session()) for _ in range(200)}
    assert len(names) == len(sessions) == 200
    assert all(len(name) == 22 for name in names)  # 128 bits


def test_a_session_is_found_until_it_is_removed() -> None:
    sessions = table()
    mine = session()
    name = sessions.add(mine)
    with sessions.use(name, RemoteSession) as found:
        assert found is mine
    sessions.remove(name, RemoteSession)
    assert len(sessions) == 0
    for call in (lambda: sessions.remove(name, RemoteSession), lambda: sessions.use(name, RemoteSession).__enter__()):
        with pytest.raises(SessionNotFoundError, match=r"it expired, was closed, or never existed\. Create"):
            call()


def test_an_idle_session_expires_and_a_used_one_does_not() -> None:
    clock = Clock()
    sessions = table(clock)
    idle, used = sessions.add(session()), sessions.add(session())
    for _ in range(3):
        clock.now += 6
        with sessions.use(used, RemoteSession):
            pass
    assert len(sessions) == 1
    with pytest.raises(SessionNotFoundError), sessions.use(idle, RemoteSession):
        pass
    clock.now += 9.9
    assert len(sessions) == 1
    clock.now += 0.1
    assert len(sessions) == 0


def test_a_full_table_says_when_there_may_be_room() -> None:
    clock = Clock()
    sessions = table(clock)
    first = sessions.add(session())
    clock.now += 4
    for _ in range(2):
        sessions.add(session())
    with pytest.raises(TooManySessionsError, match="3 sessions are open") as error:
        sessions.add(session())
    assert error.value.retry_after == pytest.approx(6)
    sessions.remove(first, RemoteSession)
    sessions.add(session())
    with pytest.raises(TooManySessionsError):
        sessions.add(session())
    clock.now += 10  # all expire
    assert sessions.add(session())
    assert len(sessions) == 1


def test_one_client_gets_its_share() -> None:
    clock = Clock()
    sessions = SessionTable(Limits(max_sessions=4, idle_seconds=10, client_share=0.5), clock)
    first = sessions.add(session(), "192.0.2.1")
    clock.now += 4
    sessions.add(session(), "192.0.2.1")
    with pytest.raises(TooManySessionsOfClientError, match="2 sessions are open from this address") as error:
        sessions.add(session(), "192.0.2.1")
    assert error.value.retry_after == pytest.approx(6)
    sessions.add(session(), "192.0.2.2")
    sessions.remove(first, RemoteSession)
    sessions.add(session(), "192.0.2.1")
    with pytest.raises(TooManySessionsOfClientError):
        sessions.add(session(), "192.0.2.1")
    sessions.add(session(), "192.0.2.2")
    with pytest.raises(TooManySessionsError, match="4 sessions are open, as many as the server allows"):
        sessions.add(session(), "192.0.2.3")
    clock.now += 10  # all expire
    for _ in range(2):
        sessions.add(session(), "192.0.2.1")
    with pytest.raises(TooManySessionsOfClientError):
        sessions.add(session(), "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("a name", "another", False),
    ],
)
def test_what_counts_as_one_client(one: str, other: str, same: bool) -> None:
    assert (client_of(one) == client_of(other)) == same


def test_most_sessions_are_for_one_clients_workers() -> None:
    assert Limits().sessions_per_client == 800
    assert Limits(max_sessions=1).sessions_per_client == 1
    with pytest.raises(ConfigError, match=r"client_share 1\.1: must be above 0 and at most 1"):
        Limits(client_share=1.1)


def test_what_was_closed_or_expired_is_not_kept() -> None:
    clock = Clock()
    sessions = table(clock, max_sessions=50)
    kept = []
    for number in range(200):
        each = session()
        each.reset()
        kept.append(weakref.ref(each))
        name = sessions.add(each)
        if number % 2:
            sessions.remove(name, RemoteSession)
        clock.now += 1
        del each
    gc.collect()
    assert len(sessions) == 4
    assert sum(ref() is not None for ref in kept) == 4


def test_one_request_at_a_time_in_each_session() -> None:
    sessions = table()
    name, other = sessions.add(session()), sessions.add(session())
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with sessions.use(name, RemoteSession):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    with sessions.use(other, RemoteSession):  # does not hold up the first
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert most == 1
    assert not any(thread.is_alive() for thread in threads)


def test_a_caller_who_waits_for_a_session_that_is_closed_is_told() -> None:
    sessions = table()
    name = sessions.add(session())
    told: list[Exception] = []

    def wait() -> None:
        try:
            with sessions.use(name, RemoteSession):
                pass
        except SessionNotFoundError as error:
            told.append(error)

    with sessions.use(name, RemoteSession):
        thread = threading.Thread(target=wait)
        thread.start()
        sessions.remove(name, RemoteSession)
    thread.join(30)
    assert len(told) == 1


def test_a_failed_request_leaves_the_session_free() -> None:
    sessions = table()
    name = sessions.add(session())
    with pytest.raises(gymnasium.error.ResetNeeded), sessions.use(name, RemoteSession) as found:
        found.step("search[tea]")
    with sessions.use(name, RemoteSession) as found:
        assert found.reset(seed=1).reward == 0.0


def test_a_session_equals_an_environment() -> None:
    env, remote = WebShopEnv(toy_data()), session(seed=5)
    for seed, goal in ((5, None), (None, None), (None, 3), (9, None), (None, None)):
        expected = env.reset(seed=seed, options={"goal": goal})
        turn = remote.reset(None if seed == 5 else seed, goal)
        assert (turn.observation, turn.info) == expected
        result = remote.step("search[tea]")
        assert (
            result.observation,
            result.reward,
            result.terminated,
            result.truncated,
            result.info,
        ) == env.step("search[tea]")
        assert remote.current() == result
        assert "Total results" in (remote.render() or "")


def test_there_is_nothing_to_show_before_the_first_reset() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded, match="Reset the session first"):
        session().current()
    assert session().render() is None


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_are_positive(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} {value}: must be "):
        Limits(**{name: value})
